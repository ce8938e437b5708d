//! A configuration with faults starts nothing: every fault in one message, exit code 2.

use std::{fs, path::Path, process::Command};

use tests::{
    process::{run, run_well},
    settings::OWNER_BOT_TOKEN,
    shop::{COMMAND_LIMIT, Shop},
};

/// Runs a command that must refuse its configuration, and returns what it says.
fn refusal(command: &mut Command) -> String {
    let output = run(command, COMMAND_LIMIT).unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{command:?} said: {text}");
    text
}

/// Fails unless every part is in one text.
fn assert_names_all(text: &str, parts: &[&str]) {
    let missing: Vec<_> = parts.iter().filter(|part| !text.contains(**part)).collect();
    assert!(missing.is_empty(), "{missing:?} is not in:\n{text}");
}

#[test]
fn the_bot_tells_every_fault_at_once_and_starts_nothing() {
    let shop = Shop::new();
    let blocked = shop.place.join("a-file");
    fs::write(&blocked, "not a folder").unwrap();
    let toml = shop.settings.bot_toml(&shop.place);
    let toml = toml
        .replace("owners = [1001]", "owners = \"Sari\"\nnmae = 1")
        .replace(
            &format!("path = \"{}\"", shop.place.database().display()),
            &format!("path = \"{}/shop.db\"", blocked.display()),
        );
    fs::write(shop.place.bot_toml(), toml).unwrap();
    let env = fs::read_to_string(shop.place.bot_config().join(".env")).unwrap();
    fs::write(
        shop.place.bot_config().join(".env"),
        env.replace("BOT_TOKEN=", "OTHER_TOKEN="),
    )
    .unwrap();

    for verb in ["run", "check"] {
        let text = refusal(&mut shop.bot_command(&[verb]));
        assert_names_all(&text, &["BOT_TOKEN", "shop.owners", "shop.nmae", "a-file"]);
        assert!(!text.contains("pretend-api-key"), "a secret was told: {text}");
    }
    assert!(!shop.place.database().exists(), "a database was made");
    assert!(
        shop.sandbox.record("bot=warung_bot").unwrap().is_empty(),
        "Telegram was called"
    );
}

#[test]
fn the_agent_tells_every_fault_at_once_and_starts_nothing() {
    let shop = Shop::new();
    let blocked = shop.place.join("a-file");
    fs::write(&blocked, "not a folder").unwrap();
    let toml = shop.settings.agent_toml(&shop.place);
    let toml = toml
        .replace("chat_ids = [1001]", "chat_ids = [\"Sari\"]\ncaht = 1")
        .replace(
            &format!("dir = \"{}\"", shop.place.agent_state().display()),
            &format!("dir = \"{}/state\"", blocked.display()),
        );
    fs::write(shop.place.agent_toml(), toml).unwrap();
    fs::remove_file(shop.place.agent_config().join(".env")).unwrap();

    for verb in ["run", "check", "backup"] {
        let text = refusal(&mut shop.agent_command(&[verb]));
        assert_names_all(
            &text,
            &[
                "OWNER_BOT_TOKEN",
                "owner.chat_ids",
                "owner.caht",
                "a-file",
                "owner.asc",
            ],
        );
    }
    assert!(!shop.place.agent_state().exists(), "a state was made");
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_one_clear_fault() {
    let shop = Shop::new();
    for (path, program) in [(shop.place.bot_toml(), "bot"), (shop.place.agent_toml(), "agent")] {
        let command = || {
            if program == "bot" {
                shop.bot_command(&["run"])
            } else {
                shop.agent_command(&["run"])
            }
        };
        fs::write(&path, "[shop\n").unwrap();
        assert_names_all(&refusal(&mut command()), &["TOML"]);
        fs::remove_file(&path).unwrap();
        assert_names_all(&refusal(&mut command()), &[path.to_str().unwrap()]);
    }
}

#[test]
fn a_good_configuration_passes_the_check() {
    let shop = Shop::new();
    shop.make_owner_key().unwrap();
    shop.import(&crate::shelves::stocked(1)).unwrap();
    for mut command in [shop.bot_command(&["check"]), shop.agent_command(&["check"])] {
        let output = run(&mut command, COMMAND_LIMIT).unwrap();
        let text =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{command:?} said: {text}");
    }
}

/// An example of `systemd/example` with the paths and addresses of this shop.
fn example(shop: &Shop, program: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../systemd/example/{program}.toml"));
    let place = &shop.place;
    let here = [
        ("/var/lib/warung-agent", place.agent_state()),
        ("/var/lib/warung", place.data()),
        ("/var/log/warung", place.bot_logs()),
        ("/var/backups/warung", place.remote("local")),
        ("/etc/warung", place.agent_config()),
        ("https://api.telegram.org", shop.sandbox.url().into()),
    ];
    let text = fs::read_to_string(path).unwrap();
    here.iter().fold(text, |text, (there, here)| {
        text.replace(there, here.to_str().unwrap())
    })
}

#[test]
fn the_examples_that_are_installed_load_as_they_stand() {
    let shop = Shop::new();
    shop.make_owner_key().unwrap();
    fs::write(shop.place.bot_toml(), example(&shop, "bot")).unwrap();
    fs::write(shop.place.agent_toml(), example(&shop, "agent")).unwrap();
    // The agent insists that the bot's secrets are among what it backs up.
    fs::copy(shop.place.bot_toml(), shop.place.agent_config().join("bot.toml")).unwrap();
    let secrets = fs::read_to_string(shop.place.bot_config().join(".env")).unwrap();
    fs::write(
        shop.place.agent_config().join(".env"),
        secrets + &format!("OWNER_BOT_TOKEN={OWNER_BOT_TOKEN}\n"),
    )
    .unwrap();
    run_well(&mut shop.bot_command(&["migrate"]), COMMAND_LIMIT).unwrap();
    run_well(&mut shop.bot_command(&["check"]), COMMAND_LIMIT).unwrap();
    run_well(&mut shop.agent_command(&["check"]), COMMAND_LIMIT).unwrap();
}
