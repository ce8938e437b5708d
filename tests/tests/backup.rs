//! What leaves the machine: readable with gpg and zstd by the owner, and by nobody else.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tests::{
    binaries::binary,
    gpg::Gpg,
    http,
    ledger::Books,
    place::REMOTES,
    process::{run, run_well},
    purchase::order,
    shop::{COMMAND_LIMIT, Shop},
};

use crate::shelves::{NAME, stocked, with_stock};

/// A line that is nowhere else in the world.
const CANARY: &str = "kenari-7f3a@mail.example:rahasia-9b1c";

/// Every file below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path))
        } else {
            found.push(path)
        }
    }
    found.sort();
    found
}

/// `agent list --json`, newest first.
pub fn restore_points(shop: &Shop) -> Vec<Value> {
    let text = run_well(&mut shop.agent_command(&["list", "--json"]), COMMAND_LIMIT).unwrap();
    let listed: Value = serde_json::from_str(&text).unwrap();
    listed["restore_points"].as_array().unwrap().clone()
}

fn joined_by_hand(gpg: &Gpg, remote: &Path, objects: &Value) -> Vec<u8> {
    let mut database = Vec::new();
    for object in objects.as_array().unwrap() {
        let path = remote.join(object.as_str().unwrap());
        let script = "gpg --quiet --decrypt \"$1\" | zstd --decompress --quiet";
        let output = gpg
            .command("sh")
            .args(["-c", script, "sh"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(
            !output.stdout.is_empty(),
            "{}: {}",
            path.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        database.extend(output.stdout);
    }
    database
}

#[test]
fn gpg_and_zstd_alone_give_the_database_back_from_every_remote() {
    let shop = Shop::open(&with_stock(&[CANARY.to_owned()]));
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    shop.sandbox.pay_order(&code).unwrap();
    budi.wait_for(CANARY);
    shop.make_owner_key().unwrap();
    run_well(&mut shop.agent_command(&["backup"]), COMMAND_LIMIT).unwrap();

    let points = restore_points(&shop);
    assert_eq!(points.len(), 1);
    let gpg = Gpg::with_key(&shop.place.owner_safe().join("owner.secret.asc")).unwrap();
    for remote in REMOTES {
        let bytes = joined_by_hand(&gpg, &shop.place.remote(remote), &points[0]["objects"]);
        let copy = shop.place.join(&format!("{remote}.db"));
        fs::write(&copy, bytes).unwrap();
        let said = run_well(
            Command::new("sqlite3").arg(&copy).arg("PRAGMA integrity_check"),
            COMMAND_LIMIT,
        );
        assert_eq!(said.unwrap().trim(), "ok");
        assert_eq!(Books::of(&copy).goods()[&code], CANARY);
    }
}

#[test]
fn without_the_key_nothing_readable_is_on_any_remote() {
    let shop = Shop::open(&with_stock(&[CANARY.to_owned()]));
    shop.make_owner_key().unwrap();
    run_well(&mut shop.agent_command(&["backup"]), COMMAND_LIMIT).unwrap();

    let nobody = Gpg::empty().unwrap();
    for remote in REMOTES {
        let objects = files_below(&shop.place.remote(remote));
        assert!(objects.len() >= 3, "{remote} holds {objects:?}");
        for object in objects {
            let bytes = fs::read(&object).unwrap();
            for readable in [
                CANARY,
                "kenari",
                "SQLite format",
                "pretend-api-key",
                "shop_order",
                "Netflix",
            ] {
                let found = bytes
                    .windows(readable.len())
                    .any(|window| window == readable.as_bytes());
                assert!(!found, "{readable} is in {}", object.display());
            }
            if object.extension().is_some_and(|ending| ending == "pgp") {
                let opened = nobody
                    .command("gpg")
                    .arg("--decrypt")
                    .arg(&object)
                    .output()
                    .unwrap();
                assert!(
                    !opened.status.success(),
                    "{} opens without the key",
                    object.display()
                );
            }
        }
    }
}

#[test]
fn configuration_secrets_and_logs_ride_along() {
    let shop = Shop::open(&stocked(1));
    shop.make_owner_key().unwrap();
    run_well(&mut shop.agent_command(&["backup"]), COMMAND_LIMIT).unwrap();
    let gpg = Gpg::with_key(&shop.place.owner_safe().join("owner.secret.asc")).unwrap();
    let tar = joined_by_hand(
        &gpg,
        &shop.place.remote("offsite"),
        &restore_points(&shop)[0]["files"],
    );
    let archive = shop.place.join("files.tar");
    fs::write(&archive, tar).unwrap();
    let names = run_well(Command::new("tar").arg("-tf").arg(&archive), COMMAND_LIMIT).unwrap();
    for name in ["bot/bot.toml", "bot/.env", "agent/agent.toml", "agent/.env"] {
        assert!(
            names.lines().any(|line| line.ends_with(name)),
            "{name} is not among:\n{names}"
        );
    }
}

#[test]
fn the_lines_of_the_recovery_document_work_as_they_stand() {
    // A shelf so large that a sale changes little of the database: otherwise a delta would be a full backup.
    let more = (0..900).map(|number| format!("akun{number:04}@mail.example:{number:060}"));
    let stock: Vec<String> = [CANARY.to_owned()].into_iter().chain(more).collect();
    let mut shop = Shop::open(&with_stock(&stock));
    shop.make_owner_key().unwrap();
    run_well(&mut shop.agent_command(&["backup"]), COMMAND_LIMIT).unwrap();
    // The newest point is a delta, with a sale that its base does not know.
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    shop.sandbox.pay_order(&code).unwrap();
    budi.wait_for(CANARY);
    run_well(&mut shop.agent_command(&["backup", "--delta"]), COMMAND_LIMIT).unwrap();
    assert!(restore_points(&shop)[0]["base"].is_string(), "a delta was taken");
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/RECOVERY.md");
    let text = fs::read_to_string(document).unwrap();
    let blocks = text
        .split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let script = format!("set -e\n{}", blocks.collect::<Vec<_>>().join("\n"));

    let gpg = Gpg::empty().unwrap();
    let copy = shop.place.remote("offsite");
    notices_an_older_manifest(&shop, &gpg, &script);
    plant_a_part(&copy);
    let mut command = gpg.command("sh");
    command.args(["-c", &script]).current_dir(&copy);
    command.env("OWNER_KEY", shop.place.owner_safe().join("owner.secret.asc"));
    let said = run_well(&mut command, COMMAND_LIMIT).unwrap();
    assert_eq!(said.lines().last(), Some("ok"), "{said}");
    assert_eq!(Books::of(&copy.join("shop.db")).goods()[&code], CANARY);
    work_without_files(&shop, &gpg, &script);
    opens_paused(&mut shop, &copy);
}

/// A shop that names no files to back up, which is the default: nothing is missing then, and nothing complains.
fn work_without_files(shop: &Shop, gpg: &Gpg, script: &str) {
    let settings = fs::read_to_string(shop.place.agent_toml()).unwrap();
    let named = |line: &&str| !line.starts_with("files = ");
    let without: Vec<&str> = settings.lines().filter(named).collect();
    assert_eq!(without.len() + 1, settings.lines().count());
    fs::write(shop.place.agent_toml(), without.join("\n")).unwrap();
    run_well(&mut shop.agent_command(&["backup"]), COMMAND_LIMIT).unwrap();
    fs::write(shop.place.agent_toml(), settings).unwrap();
    assert_eq!(restore_points(shop)[0]["files"].as_array().map(Vec::len), Some(0));
    let copy = shop.place.remote("local");
    let mut command = gpg.command("sh");
    command.args(["-c", script]).current_dir(&copy);
    command.env("OWNER_KEY", shop.place.owner_safe().join("owner.secret.asc"));
    let output = run(&mut command, COMMAND_LIMIT).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.lines().last() == Some("ok"),
        "{said}{complained}"
    );
    assert!(
        !complained.contains("tar:") && !complained.contains("decrypt_message failed"),
        "{complained}"
    );
}

/// Whoever can write to a remote can lay the bytes of an older manifest in the newest one's place, under its name or
/// under one that fits the bytes: nothing of an older shop may be handed out as the newest.
fn notices_an_older_manifest(shop: &Shop, gpg: &Gpg, script: &str) {
    for fits in [false, true] {
        let copy = shop
            .place
            .remote("offsite")
            .with_file_name(format!("swapped-{fits}"));
        let mut command = Command::new("cp");
        command.arg("-r").arg(shop.place.remote("offsite")).arg(&copy);
        run_well(&mut command, COMMAND_LIMIT).unwrap();
        let entries = fs::read_dir(copy.join("manifest")).unwrap();
        let mut names: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        names.sort();
        let [older, newest] = &names[..] else {
            panic!("a full point and a delta: {names:?}")
        };
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(older).unwrap();
        fs::remove_file(newest).unwrap();
        let (newest_name, older_name) = (name(newest), name(older));
        let (point, own) = newest_name.split_once('.').unwrap();
        let (_, fitting) = older_name.split_once('.').unwrap();
        let digest = if fits { fitting } else { own };
        fs::write(newest.with_file_name(format!("{point}.{digest}")), bytes).unwrap();
        let mut command = gpg.command("sh");
        command.args(["-c", script]).current_dir(&copy);
        command.env("OWNER_KEY", shop.place.owner_safe().join("owner.secret.asc"));
        let output = run(&mut command, COMMAND_LIMIT).unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            !output.status.success() && said.contains(".json.pgp: FAILED"),
            "{said}"
        );
        assert!(!copy.join("shop.db").exists());
    }
}

/// An older part under a number of its own, which no manifest describes: who can write to a remote can do that.
fn plant_a_part(copy: &Path) {
    let folder = |name: &str| {
        let mut folders = fs::read_dir(copy.join(name)).unwrap();
        folders.next().unwrap().unwrap().path()
    };
    let older = folder("base").join("000000.zst.pgp");
    fs::copy(older, folder("delta").join("000009.zst.pgp")).unwrap();
}

/// The bot takes what was put in place by hand for what it is.
fn opens_paused(shop: &mut Shop, made: &Path) {
    shop.stop_bot().unwrap();
    let data = shop.place.data();
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(data.join(format!("shop.db{ending}")));
    }
    for name in ["shop.db", "shop.db.restored.json"] {
        fs::copy(made.join(name), data.join(name)).unwrap();
    }
    shop.start_bot().unwrap();
    let health = http::try_get(&format!("http://{}/health", shop.settings.bot_private)).unwrap();
    let health: Value = serde_json::from_str(&health.body).unwrap();
    assert_eq!(health["trade"]["sales_paused"], true, "{health}");
    assert!(!data.join("shop.db.restored.json").exists());
}

#[test]
fn a_rehearsal_counts_the_shop_against_the_live_one_and_boots_the_bot_on_it() {
    let shop = Shop::open(&stocked(5));
    let budi = shop.sandbox.customer(3001).unwrap();
    order(&budi, NAME).unwrap();
    shop.make_owner_key().unwrap();
    let settings = fs::read_to_string(shop.place.agent_toml()).unwrap();
    let program = format!("[bot]\nbinary = \"{}\"\n", binary("bot").display());
    fs::write(shop.place.agent_toml(), settings.replacen("[bot]\n", &program, 1)).unwrap();
    run_well(&mut shop.agent_command(&["backup"]), COMMAND_LIMIT).unwrap();
    order(&shop.sandbox.customer(3002).unwrap(), NAME).unwrap();

    let text = run_well(&mut shop.agent_command(&["drill", "--json"]), COMMAND_LIMIT).unwrap();
    let drilled: Value = serde_json::from_str(&text).unwrap();
    let orders = |shop: &Value| -> u64 {
        let states = shop["orders"].as_array().unwrap();
        states.iter().map(|state| state[1].as_u64().unwrap()).sum()
    };
    for row in drilled["drills"].as_array().unwrap() {
        let seen = &row["seen"];
        assert_eq!(
            (&row["passed"], &seen["booted"]),
            (&Value::Bool(true), &Value::Bool(true)),
            "{row}"
        );
        assert_eq!((orders(&seen["shop"]), orders(&seen["live"])), (1, 2), "{row}");
    }
    assert_eq!(drilled["drills"].as_array().unwrap().len(), REMOTES.len());
}
