//! `agent check` before anything is lost by a mistake in agent.toml: it names each one, and only those that are there.

use std::fs;

use crate::shop::Shop;

fn write(shop: &Shop, change: impl Fn(&str) -> String) {
    let path = shop.path("agent.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, change(&text)).unwrap();
}

#[test]
fn a_place_whose_disk_is_to_be_watched_and_that_is_not_there_is_wrong() {
    let shop = Shop::new();
    let here = shop.path("local");
    fs::create_dir_all(&here).unwrap();
    let gone = shop.path("not-mounted");
    write(&shop, |text| {
        format!(
            "{text}\n[watch]\ndisks = [\"{}\", \"{}\"]\n",
            here.display(),
            gone.display()
        )
    });
    let output = shop.agent(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains(&format!("ok     disk {}", here.display())),
        "{said}"
    );
    assert!(
        said.contains(&format!("WRONG  disk {}", gone.display())),
        "{said}"
    );
}

#[test]
fn a_file_that_is_not_toml_is_one_fault_and_so_is_a_unit_that_cannot_be() {
    let shop = Shop::new();
    let whole = fs::read_to_string(shop.path("agent.toml")).unwrap();
    write(&shop, |text| text.replacen("[backup]", "[backup", 1));
    let said = shop.agent_refuses(2, &["check"]);
    assert!(said.contains("it is not TOML: line "), "{said}");
    assert!(said.contains("column "), "{said}");
    assert!(said.contains("has 1 fault;"), "{said}");
    write(&shop, |_| format!("{whole}\n[bot]\nunit = \"the bot.service\"\n"));
    let said = shop.agent_refuses(2, &["check"]);
    assert!(said.contains("bot.unit is \"the bot.service\""), "{said}");
}

#[test]
fn two_remotes_that_are_one_place_are_wrong_however_it_is_written() {
    let shop = Shop::new();
    let whole = fs::read_to_string(shop.path("agent.toml")).unwrap();
    assert!(!shop.agent_done(&["check"]).contains("one place"));
    std::os::unix::fs::symlink(shop.path("local"), shop.path("link")).unwrap();
    for other in ["local", "./local/", "link", "etc/../local"] {
        write(&shop, |_| {
            whole.replace("root = \"offsite\"", &format!("root = \"{other}\""))
        });
        let output = shop.agent(&["check"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{other}");
        assert!(
            said.contains("WRONG  remotes local and offsite: they are one place"),
            "{other}: {said}"
        );
    }
    let s3 = "type = \"s3\"\nendpoint = \"http://127.0.0.1:9\"\nregion = \"auto\"\nbucket = ";
    for (first, second, is_same) in [
        ("\"one\"\nroot = \"/a\"", "\"one\"\nroot = \"a/\"", true),
        ("\"one\"\nroot = \"a\"", "\"one\"\nroot = \"b\"", false),
        ("\"one\"", "\"two\"", false),
    ] {
        write(&shop, |_| {
            format!("{whole}[remotes.x]\n{s3}{first}\n[remotes.y]\n{s3}{second}\n")
        });
        let output = shop.agent(&["check"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            said.contains("remotes x and y: "),
            is_same,
            "{first} {second}: {said}"
        );
    }
}

#[test]
fn a_path_that_only_a_shell_understands_is_refused_before_a_folder_is_made_for_it() {
    let shop = Shop::new();
    let whole = fs::read_to_string(shop.path("agent.toml")).unwrap();
    for (key, value) in [
        ("remotes.local.root", "root = \"local\""),
        ("backup.database", "database = \"live/shop.db\""),
        ("backup.files", "files = [\"etc\"]"),
        ("state.dir", "dir = \"state\""),
    ] {
        write(&shop, |_| whole.replace(value, &value.replacen('"', "\"~/", 1)));
        let said = shop.agent_refuses(2, &["check"]);
        assert!(
            said.contains(&format!("{key} is \"~/")) && said.contains("absolute path"),
            "{said}"
        );
    }
    assert!(!shop.path("~").exists());
}

#[test]
fn a_secret_key_among_the_files_is_wrong_and_no_backup_takes_it_along() {
    let shop = Shop::new();
    let secret = fs::read(shop.path("kit/owner.secret.asc")).unwrap();
    fs::write(shop.path("etc/mine.txt"), &secret).unwrap();
    shop.gpg_done(&["--import", "kit/owner.secret.asc"]);
    let binary = shop.gpg_done(&["--export-secret-keys"]);
    fs::write(shop.path("etc/binary"), binary).unwrap();
    fs::copy(shop.path("kit/owner.asc"), shop.path("etc/owner.asc")).unwrap();
    fs::write(
        shop.path("etc/notes"),
        "what -----BEGIN PGP PRIVATE KEY BLOCK is\n",
    )
    .unwrap();
    let output = shop.agent(&["check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1));
    let is_wrong = |name: &str| said.contains(&format!("WRONG  file {}: ", shop.path(name).display()));
    assert!(is_wrong("etc/mine.txt") && is_wrong("etc/binary"), "{said}");
    assert!(!is_wrong("etc/owner.asc") && !is_wrong("etc/notes"), "{said}");
    let told = shop.agent(&["backup"]);
    let told = crate::shop::stderr(&told);
    assert_eq!(
        told.matches("SECRET key, which never rides along").count(),
        2,
        "{told}"
    );
    shop.restore_to("back", &[]);
    let back = crate::shop::files_under(&shop.path("back"));
    let names: Vec<_> = back.iter().filter_map(|path| path.file_name()).collect();
    assert!(names.contains(&"owner.asc".as_ref()) && names.contains(&"notes".as_ref()));
    assert!(
        !names.contains(&"mine.txt".as_ref()) && !names.contains(&"binary".as_ref()),
        "{names:?}"
    );
}
