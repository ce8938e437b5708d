//! Where secrets come from, and that none is told or taken from the file.

use super::*;

#[test]
fn a_secret_in_the_file_is_refused_with_the_variable_to_use_and_without_its_value() {
    let text = WHOLE.replace("region = \"auto\"", "secret_access_key = \"hunter2\"");
    let (_, faults) = read_with(&text, Purpose::Look, &[]);
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].contains("REMOTE_OFF_SITE_SECRET_ACCESS_KEY"),
        "{}",
        faults[0]
    );
    assert!(!faults[0].contains("hunter2"));
}

#[test]
fn credentials_go_to_the_remote_whose_name_is_the_longest_that_fits() {
    let text = SMALL.to_owned() + "[remotes.local_b]\ntype = \"s3\"\nbucket = \"b\"\n";
    let variables = [
        ("REMOTE_LOCAL_B_ACCESS_KEY_ID", "id"),
        ("REMOTE_LOCAL_TOKEN", "t"),
    ];
    let (config, faults) = read_with(&text, Purpose::Look, &variables);
    assert!(faults.is_empty(), "{faults:?}");
    let keys = |at: usize| config.remotes[at].credentials.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        (keys(0), keys(1)),
        (vec!["token".to_owned()], vec!["access_key_id".to_owned()])
    );
}

#[test]
fn two_remotes_whose_names_share_their_variables_are_refused() {
    for (one, other) in [("a-b", "a_b"), ("One", "ONE"), ("x_Y-z", "X-y_Z")] {
        let section = |name: &str| format!("[remotes.{name}]\ntype = \"s3\"\nbucket = \"b\"\n");
        let (_, faults) = read_with(
            &(SMALL.to_owned() + &section(one) + &section(other)),
            Purpose::Look,
            &[],
        );
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains(one) && faults[0].contains(other), "{faults:?}");
    }
}

#[test]
fn what_is_beside_the_file_counts_less_than_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.toml");
    std::fs::write(dir.path().join(".env"), "A=file\nB=file\n").unwrap();
    let environment = Environment::new(None, [("A".to_owned(), Secret::new("variable"))], &path);
    let told = |name| environment.secret(name).map(|secret| secret.expose().to_owned());
    assert_eq!(told("A").as_deref(), Some("variable"));
    assert_eq!(told("B").as_deref(), Some("file"));
    assert_eq!(told("C"), None);
}

#[test]
fn a_command_by_hand_finds_the_folder_that_the_units_load_from() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.toml");
    let folder = dir.path().join("credentials");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(&path, SMALL).unwrap();
    for (name, value) in [
        ("OWNER_BOT_TOKEN", "1:a\n"),
        ("REMOTE_LOCAL_TOKEN", "t"),
        ("A", "folder"),
    ] {
        std::fs::write(folder.join(name), value).unwrap();
    }
    let environment = Environment::new(None, [("A".to_owned(), Secret::new("variable"))], &path);
    let told = |name| environment.secret(name).map(|secret| secret.expose().to_owned());
    assert_eq!(told("OWNER_BOT_TOKEN").as_deref(), Some("1:a"));
    assert_eq!(told("A").as_deref(), Some("variable"), "the folder comes last");
    let mut faults = Faults::default();
    let config = Config::read(&path, Purpose::Look, &environment, &mut faults);
    assert!(faults.is_empty(), "{faults}");
    assert_eq!(
        config.remotes[0].credentials.keys().collect::<Vec<_>>(),
        ["token"]
    );
}

#[test]
fn a_password_in_an_address_is_refused_without_being_told() {
    let text = WHOLE.replace("https://s3.example", "https://me:hunter2@s3.example/x");
    let (_, faults) = read_with(&text, Purpose::Look, &[]);
    assert!(faults.len() == 1 && faults[0].contains("endpoint"), "{faults:?}");
    assert!(!faults[0].contains("hunter2"));
}
