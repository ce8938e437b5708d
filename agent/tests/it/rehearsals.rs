//! Rehearsed restores and looks at the remotes: what they notice, and what the owner hears of it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use agent::{
    alert::{Alerts, calendar::Calendar, ladder::TELEGRAM, message::Voice},
    store::{Store, outbox::Rung},
    watch::rehearsals::RehearsalWatch,
};
use protocol::time::UnixMillis;
use serde_json::Value;

use crate::{
    full_disk::Disk,
    missing_commits::captured,
    pretend_channels::Service,
    shop::{CANARY, NO_TELEGRAM, Shop, files_under, signal, telegram_line, text},
};

/// A loaded machine starts three processes for each ping.
const PING_LIMIT: Duration = Duration::from_secs(180);

fn json(shop: &Shop, arguments: &[&str]) -> Value {
    let output = shop.agent(arguments);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", crate::shop::stderr(&output)))
}

fn desk(shop: &Shop) -> (Arc<Store>, Alerts) {
    let store = Arc::new(Store::open(&shop.path("state")).unwrap());
    let voice = Voice {
        language: agent::config::Language::En,
        timezone: jiff::tz::TimeZone::UTC,
        unit: "bot.service".to_owned(),
        database: "/srv/shop.db".to_owned(),
    };
    let calendar = Calendar {
        timezone: jiff::tz::TimeZone::UTC,
        quiet_hours: None,
        digest_at: jiff::civil::time(8, 0, 0, 0),
    };
    let ladder = [Rung {
        name: TELEGRAM.to_owned(),
        chats: vec![1],
    }];
    let alerts = Alerts::new(Arc::clone(&store), voice, calendar, &ladder);
    (store, alerts)
}

/// The rules of the alerts that the watch raises from what is written down.
fn alerts(shop: &Shop, now: UnixMillis) -> Vec<(String, String)> {
    alerts_since(shop, self::now(), now)
}

fn alerts_since(shop: &Shop, started_at: UnixMillis, now: UnixMillis) -> Vec<(String, String)> {
    let (store, alerts) = desk(shop);
    let watch = RehearsalWatch {
        alerts,
        remotes: vec!["local".to_owned(), "offsite".to_owned()],
        schedule: "0 30 3 * * *".parse().unwrap(),
        timezone: jiff::tz::TimeZone::UTC,
        started_at,
        has_room: Box::new(|_| false),
        store: Arc::clone(&store),
    };
    watch.look(now).unwrap();
    let mut found: Vec<(String, String)> = store
        .alerts()
        .unwrap()
        .into_iter()
        .map(|row| (row.key.clone(), format!("{row:?}")))
        .collect();
    found.sort();
    found
}

/// The same at this moment.
pub fn raised(shop: &Shop) -> Vec<(String, String)> {
    alerts(shop, now())
}

/// The same to an agent that has run since the moment before.
pub fn raised_since(shop: &Shop, started_at: UnixMillis) -> Vec<(String, String)> {
    alerts_since(shop, started_at, now())
}

type Damage = fn(&std::path::Path);

fn now() -> UnixMillis {
    UnixMillis(jiff::Timestamp::now().as_millisecond())
}

#[test]
fn the_shop_comes_back_from_each_remote_without_anybodys_secret_key() {
    let shop = Shop::new();
    shop.fill(2048);
    let point = shop.back_up();
    for file in files_under(&shop.path("kit")) {
        fs::remove_file(file).unwrap();
    }
    // The certificate alone stays; the secret key is nowhere on this machine.
    let drilled = json(&shop, &["drill", "--full-check", "--json"]);
    for (at, remote) in ["local", "offsite"].iter().enumerate() {
        let row = &drilled["drills"][at];
        assert_eq!(
            (text(&row["remote"]), &row["passed"]),
            (*remote, &Value::Bool(true)),
            "{row}"
        );
        assert_eq!(row["restore_point"], point["id"]);
        assert_eq!(row["seen"]["full_check"], true);
    }
    assert!(
        !shop.path("state/drill").exists(),
        "the rebuilt shop stayed behind"
    );
    for left in files_under(&shop.path("state")) {
        let bytes = fs::read(&left).unwrap();
        let plain = bytes
            .windows(CANARY.len())
            .any(|window| window == CANARY.as_bytes());
        assert!(!plain, "{} holds plain text", left.display());
    }
    for keys in files_under(&shop.path("state/session-keys")) {
        assert_eq!(fs::metadata(keys).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(alerts(&shop, now()), []);
}

#[test]
fn the_daily_summary_anchors_the_newest_point_outside_of_every_remote() {
    let shop = Shop::new();
    let (_, before) = desk(&shop);
    assert!(
        !before
            .digest(UnixMillis(0), now())
            .unwrap()
            .text
            .contains("chain")
    );
    let point = shop.back_up();
    let told = desk(&shop).1.digest(UnixMillis(0), now()).unwrap().text;
    // What anybody sees in a remote's listing is what the owner compares.
    let manifest = files_under(&shop.path("offsite/manifest")).remove(0);
    let name = manifest.file_name().unwrap().to_str().unwrap();
    let line = told
        .lines()
        .find(|line| line.contains(text(&point["id"])))
        .unwrap();
    let digest = line.split(" · ").last().unwrap();
    assert!(digest.len() == 32 && name.contains(digest), "{line}: {name}");
}

#[test]
fn without_the_session_keys_nothing_is_rehearsed_and_that_is_no_failed_drill() {
    let shop = Shop::new();
    let status = || String::from_utf8(shop.agent(&["status"]).stdout).unwrap();
    shop.back_up();
    shop.agent_done(&["drill", "--remote", "local"]);
    fs::remove_dir_all(shop.path("state/session-keys")).unwrap();
    for remote in ["local", "offsite"] {
        let output = shop.agent(&["drill", "--remote", remote]);
        assert_eq!(output.status.code(), Some(1));
        let (printed, said) = (
            String::from_utf8_lossy(&output.stdout),
            crate::shop::stderr(&output),
        );
        assert!(printed.contains(&format!("{remote}: NOT REHEARSED")), "{printed}");
        assert!(said.contains("no longer remembers the keys"), "{said}");
        assert!(said.contains("No backup is bad by that"), "{said}");
    }
    let said = status();
    assert!(said.contains("local gave the shop back"), "{said}");
    assert!(
        said.contains("when that was last tried this server no longer"),
        "{said}"
    );
    assert!(said.contains("offsite was NOT REHEARSED: this server"), "{said}");
    assert_eq!(raised(&shop), [], "nothing is known to be wrong");
    let later = alerts(&shop, now().plus(Duration::from_secs(30 * 86_400)));
    let keys: Vec<&str> = later.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["drill/local", "drill/offsite"]);
    let is_old = later
        .iter()
        .all(|(_, row)| row.contains("DrillOld") || row.contains("drill_old"));
    assert!(is_old, "what counts is how long ago one passed: {later:?}");
    // The next full backup can be opened here again.
    shop.back_up();
    shop.agent_done(&["drill"]);
    assert!(!status().contains("NOT REHEARSED"), "{}", status());
}

/// A shop whose agent knows a program; what that does is a script, with the database that it is asked about in `$4`.
struct Pretended(Shop);

impl Pretended {
    fn new() -> Self {
        let shop = Shop::new();
        let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
        fs::write(
            shop.path("agent.toml"),
            settings.replace("[backup]", "[bot]\nbinary = \"pretend-bot\"\n[backup]"),
        )
        .unwrap();
        shop.back_up();
        Self(shop)
    }

    /// What the drill says that must fail, when the program does this.
    fn refused(&self, check: &str, run: &str) -> String {
        let program = self.0.path("pretend-bot");
        let script = format!(
            "#!/bin/sh\ncase \"$1 $2 $3\" in\n'check --json --database') [ -s \"$4\" ] || exit 9\n{check}\n;;\n\
             'run --config '*)\n{run}\n;;\nesac\n"
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        self.0.agent_refuses(1, &["drill", "--remote", "local"])
    }
}

#[test]
fn the_shops_own_check_is_asked_and_its_refusal_fails_the_drill() {
    let shop = Pretended::new();
    let said = shop.refused("echo 'the ledger does not add up' >&2; exit 1", "");
    assert!(said.contains("the ledger does not add up"), "{said}");
    let raised = alerts(&shop.0, now());
    assert!(raised.len() == 1 && raised[0].0 == "drill/local", "{raised:?}");
}

#[test]
fn a_program_that_cannot_be_run_is_said_by_a_check_and_accuses_no_remote() {
    let shop = Pretended::new();
    fs::write(
        shop.0.path("agent.toml"),
        fs::read_to_string(shop.0.path("agent.toml"))
            .unwrap()
            .replace("[bot]\n", "[bot]\nconfig = \"no-bot.toml\"\n"),
    )
    .unwrap();
    let checked = |said: &str| {
        let output = shop.0.agent(&["check"]);
        assert_eq!(output.status.code(), Some(1));
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains(said), "{said}: {told}");
    };
    let program = shop.0.path("pretend-bot");
    let here = format!("[bot] binary {}", program.display());
    checked(&format!("WRONG  {here}: cannot be found ("));
    checked("no-bot.toml: cannot be found (");
    let said = shop.0.agent_refuses(1, &["drill", "--remote", "local"]);
    assert!(said.contains("could not be counted because"), "{said}");
    let raised = alerts(&shop.0, now());
    assert!(
        raised.len() == 1 && raised[0].0 == "drill_program/bot" && raised[0].1.contains("drill_uncounted"),
        "{raised:?}"
    );
    fs::write(&program, "no program").unwrap();
    fs::write(shop.0.path("no-bot.toml"), "").unwrap();
    checked(&format!("WRONG  {here}: cannot be run ("));
    // One that passes ends it.
    let said = shop.refused("echo '{}'", "exit 3");
    assert!(said.contains("ended by itself"), "{said}");
    let raised = alerts(&shop.0, now());
    assert!(raised.iter().any(|(key, _)| key == "drill/local"), "{raised:?}");
    assert!(
        raised.iter().all(|(key, _)| key != "drill_program/bot"),
        "{raised:?}"
    );
}

#[test]
fn a_drill_for_which_the_agents_own_disk_has_no_room_accuses_no_remote() {
    let Some(disk) = Disk::mount_with("size=90m") else {
        eprintln!("NOT RUN: this user may not mount");
        return;
    };
    let shop = Shop::new();
    std::os::unix::fs::symlink(disk.path(), shop.path("state")).unwrap();
    shop.fill(3_000);
    shop.back_up();
    let said = shop.agent_done(&["drill", "--remote", "local"]);
    assert!(said.contains("the shop came back"), "{said}");
    // Room for the agent's own database, and for no second shop.
    let free_bytes = agent::backup::room::free_bytes(disk.path()).unwrap();
    let filling = vec![0; usize::try_from(free_bytes).unwrap() - (2 << 20)];
    fs::write(disk.path().join("filling"), filling).unwrap();
    let said = shop.agent_refuses(1, &["drill", "--remote", "local"]);
    assert!(said.contains("is too full: the restore takes"), "{said}");
    let raised = alerts(&shop, now());
    assert!(
        raised.len() == 1 && raised[0].0 == "drill_room/state" && raised[0].1.contains("drill_without_room"),
        "{raised:?}"
    );
    fs::remove_file(disk.path().join("filling")).unwrap();
    shop.agent_done(&["drill", "--remote", "local"]);
    assert_eq!(alerts(&shop, now()), []);
}

#[test]
fn a_rebuilt_shop_with_more_orders_than_the_live_one_fails_the_drill() {
    let shop = Pretended::new();
    let count =
        "case \"$4\" in */drill/*) n=3;; *) n=2;; esac; echo \"{\\\"orders\\\":[[\\\"paid\\\",$n]]}\"";
    let said = shop.refused(count, "");
    assert!(said.contains("3 orders") && said.contains("only 2"), "{said}");
}

#[test]
fn a_program_that_does_not_boot_on_what_came_back_fails_the_drill_with_its_last_words() {
    let shop = Pretended::new();
    let said = shop.refused("echo '{}'", "echo 'a worker is missing' >&2; exit 3");
    assert!(
        said.contains("it ended by itself") && said.contains("a worker is missing"),
        "{said}"
    );
    // What it is shown is nobody's secret, and no address that anybody answers at.
    let seen = shop.refused(
        "echo '{}'",
        "echo \"$(env | sort | tr '\\n' ' ') $(grep -o 'http://[^\"]*' \"$3\" | sort -u | tr '\\n' ' ')\" >&2; exit 3",
    );
    assert!(seen.contains("BOT_TOKEN=1:rehearsal"), "{seen}");
    assert!(!seen.contains("DATA_KEY") && !seen.contains("OWNER_"), "{seen}");
    let addresses: Vec<&str> = seen.split("http://").skip(1).collect();
    assert!(
        !addresses.is_empty() && addresses.iter().all(|address| address.starts_with("127.0.0.1:")),
        "{seen}"
    );
    assert!(
        !shop.0.path("state/drill").exists(),
        "the rebuilt shop stayed behind"
    );
}

/// Waits for the line that the program writes once it runs.
fn line_of(path: &std::path::Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.ends_with('\n').then(|| text.trim().to_owned())
}

#[test]
fn a_drill_that_is_killed_leaves_no_program_running_and_no_drill_enters_anothers_folder() {
    let shop = Pretended::new();
    let started = shop.0.path("started");
    // The first one stays, with its process and its configuration in a line; the next ones end.
    let run = format!(
        "[ -e '{0}' ] && exit 3\necho \"$$ $3\" > '{0}'\nexec sleep 600",
        started.display()
    );
    shop.refused("echo '{}'", "exit 3");
    let program = shop.0.path("pretend-bot");
    let script = fs::read_to_string(&program).unwrap();
    fs::write(&program, script.replace("\nexit 3\n", &format!("\n{run}\n"))).unwrap();
    let mut drill = shop.0.command(&["drill", "--remote", "local"]);
    let mut drill = drill.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    crate::capture_rig::wait_for("the program at work", || line_of(&started).is_some());
    let line = line_of(&started).unwrap();
    let (process, config) = line.split_once(' ').unwrap();
    shop.0.agent_refuses(1, &["drill", "--remote", "local"]);
    assert!(
        fs::exists(config).unwrap(),
        "another drill took the folder of one that runs"
    );
    drill.kill().unwrap();
    drill.wait().unwrap();
    let is_gone = || match fs::read_to_string(format!("/proc/{process}/stat")) {
        // Nobody may be there to fetch it.
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    };
    crate::capture_rig::wait_for("the end of the program", is_gone);
    assert!(fs::exists(config).unwrap());
    shop.0.agent_refuses(1, &["drill", "--remote", "local"]);
    assert!(
        !shop.0.path("state/drill").exists(),
        "what a killed drill left stays"
    );
}

#[test]
fn a_flipped_bit_a_missing_a_truncated_and_a_rolled_back_object_each_raise_an_alert() {
    let faults: [(&str, Damage); 3] = [
        ("is altered", |path| {
            let mut bytes = fs::read(path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(path, bytes).unwrap();
        }),
        ("is missing", |path| fs::remove_file(path).unwrap()),
        ("bytes", |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
        }),
    ];
    for folder in ["base", "files", "manifest"] {
        for (told, damage) in &faults {
            let shop = Shop::new();
            shop.back_up();
            shop.agent_done(&["verify", "--all"]);
            damage(&files_under(&shop.path("local").join(folder))[0]);
            let said = shop.agent_refuses(1, &["verify", "--all"]);
            assert!(said.contains(told) && said.contains("local"), "{folder}: {said}");
            let raised = alerts(&shop, now());
            assert!(
                raised.len() == 1 && raised[0].0 == "remote_objects/local",
                "{raised:?}"
            );
            let drilled = shop.agent_refuses(1, &["drill", "--remote", "local"]);
            assert!(drilled.contains("local"), "{drilled}");
            shop.agent_done(&["drill", "--remote", "offsite"]);
        }
    }
}

#[test]
fn what_belongs_to_no_known_backup_is_named_and_no_damage() {
    let shop = Shop::new();
    let point = shop.back_up();
    let said = shop.agent_done(&["verify", "--remote", "local"]);
    assert!(!said.contains("no backup that this server knows"), "{said}");
    let part = text(&point["objects"][0]);
    let other = part.replace(text(&point["id"]), "20200101T000000Z-00000000");
    let place = shop.path("local").join(&other);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::copy(shop.path("local").join(part), place).unwrap();
    let said = shop.agent_done(&["verify", "--remote", "local"]);
    assert!(
        said.contains("1 object of no backup that this server knows") && said.contains(&other),
        "{said}"
    );
    assert_eq!(raised(&shop), []);
}

#[test]
fn restore_points_that_a_new_machine_does_not_know_are_called_neither_rubbish_nor_proven() {
    let shop = Shop::new();
    shop.back_up();
    shop.back_up();
    fs::remove_dir_all(shop.path("state")).unwrap();
    let output = shop.agent(&["verify", "--remote", "local"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("2 restore points, and this server knows none of them")
            && said.contains("agent verify --remote local --key owner.secret.asc"),
        "{said}"
    );
    for wrong in [
        "NO RESTORE POINT",
        "no backup that this server knows",
        "is not used",
        "everything is there",
    ] {
        assert!(!said.contains(wrong), "{said}");
    }
    let refused = crate::shop::stderr(&output);
    assert!(
        refused.contains("nothing is proven of its restore points"),
        "{refused}"
    );
    assert_eq!(raised(&shop), [], "nothing is damaged");
    let as_json = |code: i32| -> Value {
        let output = shop.agent(&["verify", "--remote", "local", "--json"]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let unproven = as_json(1);
    let [row] = &unproven["remotes"].as_array().unwrap()[..] else {
        panic!("{unproven}")
    };
    assert_eq!(
        [&unproven["passed"], &row["passed"]],
        [false, false],
        "{unproven}"
    );
    let not_known = row["not_known"].as_str().unwrap();
    assert!(
        not_known.contains("this server knows none of them"),
        "{not_known}"
    );
    shop.agent_done(&["verify", "--remote", "local", "--key", "kit/owner.secret.asc"]);
    let proven = as_json(0);
    assert_eq!(proven["passed"], true, "{proven}");
    assert_eq!(proven["remotes"][0]["not_known"], Value::Null, "{proven}");
    let said = shop.agent_done(&["verify", "--remote", "local"]);
    assert!(
        said.contains("everything is there") && !said.contains("knows none"),
        "{said}"
    );
}

#[test]
fn parts_that_a_refused_backup_left_fail_no_drill() {
    let (shop, point) = captured(2);
    let id = text(&point["id"]);
    let later = format!("{}fffff", &id[..id.len() - 5]);
    for object in ["objects", "files"] {
        let key = text(&point[object][0]);
        let left = shop.path("local").join(key.replace(id, &later));
        fs::create_dir_all(left.parent().unwrap()).unwrap();
        fs::copy(shop.path("local").join(key), left).unwrap();
    }
    shop.agent_done(&["drill", "--remote", "local"]);
}

#[test]
fn every_fault_has_a_line_of_its_own_and_all_of_them_are_named_when_all_are_asked_for() {
    let shop = Shop::new();
    let count = 24;
    for _ in 0..count {
        // Names tell the point's own random part too: two of one second are two.
        shop.back_up();
    }
    for object in files_under(&shop.path("local/files")) {
        fs::remove_file(object).unwrap();
    }
    let missing = |said: &str| said.lines().filter(|line| line.contains("is missing")).count();
    let some = shop.agent_refuses(1, &["verify", "--remote", "local"]);
    assert_eq!(missing(&some), 20, "{some}");
    assert!(
        some.contains("local: and 4 more; `agent verify --all` names"),
        "{some}"
    );
    let all = shop.agent_refuses(1, &["verify", "--remote", "local", "--all"]);
    assert!(missing(&all) == count && !all.contains("more"), "{all}");
}

#[test]
fn a_remote_that_was_put_back_to_an_older_state_is_noticed() {
    let shop = Shop::new();
    shop.back_up();
    let copy = |from: &str, to: &str| {
        let done = std::process::Command::new("cp")
            .args(["-a"])
            .args([shop.path(from), shop.path(to)])
            .status();
        assert!(done.unwrap().success());
    };
    copy("local", "before");
    std::thread::sleep(Duration::from_millis(5));
    shop.back_up();
    fs::remove_dir_all(shop.path("local")).unwrap();
    copy("before", "local");
    let said = shop.agent_refuses(1, &["verify", "--remote", "local"]);
    assert!(said.contains("is missing"), "{said}");
}

#[test]
fn a_drill_that_is_long_ago_is_told_and_not_only_one_that_failed() {
    let shop = Shop::new();
    shop.back_up();
    shop.agent_done(&["drill"]);
    assert_eq!(alerts(&shop, now()), []);
    let later = now().plus(Duration::from_secs(6 * 86_400));
    let raised: Vec<String> = alerts(&shop, later).into_iter().map(|(key, _)| key).collect();
    assert_eq!(raised, ["drill/local", "drill/offsite"]);
}

#[test]
fn what_retention_lets_go_is_marked_and_stays_for_a_day() {
    let shop = Shop::new();
    let said = shop.agent_refuses(2, &["prune"]);
    assert!(said.contains("[retention]"), "{said}");
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    fs::write(shop.path("agent.toml"), settings + "[retention]\nyearly = 1\n").unwrap();
    for _ in 0..4 {
        shop.back_up();
        std::thread::sleep(Duration::from_millis(5));
    }
    let states = |shop: &Shop, arguments: &[&str]| -> Vec<String> {
        let shown = json(shop, arguments);
        let objects = shown["remotes"][0]["objects"].as_array().unwrap().clone();
        objects.iter().map(|it| text(&it["state"]).to_owned()).collect()
    };
    let before = files_under(&shop.path("local"));
    let fresh = states(&shop, &["prune", "--remote", "local", "--json"]);
    assert!(
        fresh.iter().all(|state| state == "keep"),
        "younger than a day: {fresh:?}"
    );
    assert_eq!(files_under(&shop.path("local")), before);
    // An orphan of long ago is marked by the first run, and only a later one would delete it.
    let orphan = shop.path("local/base/20200101T000000Z-00000000/000000.zst.pgp");
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(&orphan, "x").unwrap();
    let touched = std::process::Command::new("touch")
        .args(["-d", "2020-01-01"])
        .arg(&orphan)
        .status();
    assert!(touched.unwrap().success());
    let dry = states(&shop, &["prune", "--dry-run", "--remote", "local", "--json"]);
    assert_eq!(dry.iter().filter(|state| *state == "marked").count(), 1);
    shop.agent_done(&["prune"]);
    assert!(orphan.exists(), "whoever restores has a day");
    let store = Store::open(&shop.path("state")).unwrap();
    let old: std::collections::BTreeMap<String, UnixMillis> = store
        .prune_marks("local")
        .unwrap()
        .into_keys()
        .map(|key| (key, UnixMillis(1)))
        .collect();
    assert_eq!(old.len(), 1);
    store.set_prune_marks("local", &old).unwrap();
    let said = shop.agent_done(&["prune", "--remote", "local"]);
    assert!(!orphan.exists() && said.contains("1 deleted"), "{said}");
    assert_eq!(files_under(&shop.path("local")), before);
    shop.agent_done(&["drill"]);
}

#[test]
fn a_long_list_shows_how_far_it_is_pruned_at_a_terminal_and_only_there() {
    let shop = Shop::new();
    shop.back_up();
    append(&shop.path("agent.toml"), "[retention]\ndaily = 7\n");
    for number in 0..300 {
        let orphan = shop.path(&format!("local/base/20200101T000000Z-{number:08}/000000.zst.pgp"));
        fs::create_dir_all(orphan.parent().unwrap()).unwrap();
        let file = fs::File::create(&orphan).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_577_836_800))
            .unwrap();
    }
    let prune = ["prune", "--remote", "local"];
    let output = shop.agent(&prune);
    assert!(output.stderr.is_empty(), "{}", crate::shop::stderr(&output));
    let store = Store::open(&shop.path("state")).unwrap();
    let marks = store.prune_marks("local").unwrap();
    assert_eq!(marks.len(), 300);
    let long_ago = marks.into_keys().map(|key| (key, UnixMillis(1))).collect();
    store.set_prune_marks("local", &long_ago).unwrap();
    drop(store);
    let command = format!(
        "{} prune --remote local --config agent.toml",
        crate::shop::program().display()
    );
    let output = std::process::Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .env("TERM", "xterm")
        .current_dir(shop.dir.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in ["listing", "deleting", "/300 objects", "300 deleted"] {
        assert!(shown.contains(part), "{part} is not shown: {shown}");
    }
}

pub fn append(path: &std::path::Path, text: &str) {
    let before = fs::read_to_string(path).unwrap();
    fs::write(path, before + text).unwrap();
}

/// A daily round every second, until the outside was told this.
async fn wait_for_ping(service: &Service, is_it: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        if let Some(ping) = service.taken().into_iter().find(&is_it) {
            return ping;
        }
        assert!(
            began.elapsed() < PING_LIMIT,
            "only these came: {:?}",
            service.taken()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Kills every rehearsal that this agent starts.
async fn kill_drills_of(agent: u32) {
    let of_it = |id: &u32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let words = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1));
        parent == Some(&agent.to_string()) && words.split(|byte| *byte == 0).any(|word| word == b"drill")
    };
    loop {
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        processes.filter(of_it).for_each(|drill| signal(drill, "KILL"));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn the_outside_is_told_when_a_daily_drill_begins_and_how_it_ends_and_no_path() {
    let service = Service::heartbeat().await;
    let shop = Shop::new();
    shop.back_up();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let settings = settings.replace(&telegram_line(), NO_TELEGRAM);
    let outside = format!(
        "[http]\nprivate = \"127.0.0.1:0\"\n[drill]\nschedule = \"* * * * * *\"\n\
         [heartbeat]\ndrill_url = \"http://{}/drill\"\n",
        service.address
    );
    fs::write(shop.path("agent.toml"), settings + &outside).unwrap();
    let mut agent = shop
        .command(&["run"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let good = wait_for_ping(&service, |ping| ping["path"] == "/drill").await;
    let begun = |ping: &Value| ping["path"] == "/drill/start" && ping["query"] == good["query"];
    assert!(service.taken().iter().any(begun), "{:?}", service.taken());
    // The agent takes a base for the chain that it follows: until then there is more to come.
    let manifests = |remote: &str| files_under(&shop.path(remote).join("manifest")).len();
    let wait = async {
        while manifests("local") < 2 || manifests("offsite") < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::world::LIMIT * 3, wait)
        .await
        .expect("a base of the chain");
    for remote in ["local", "offsite"] {
        fs::remove_dir_all(shop.path(remote).join("base")).unwrap();
    }
    let bad = wait_for_ping(&service, |ping| ping["path"] == "/drill/fail").await;
    // One that is killed cannot say what failed.
    let killed = tokio::select! {
        killed = wait_for_ping(&service, |ping| ping["path"] == "/drill/137") => killed,
        () = kill_drills_of(agent.id()) => unreachable!("it goes on for ever"),
    };
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(
        text(&killed["body"]).contains("latihan pemulihan dari"),
        "{killed}"
    );
    let status = shop.agent(&["status"]);
    let told = String::from_utf8_lossy(&status.stdout).into_owned() + &crate::shop::stderr(&status);
    assert!(
        told.contains("was killed (SIGKILL)"),
        "what the outside is told to look for: {told}"
    );
    let body = text(&bad["body"]);
    assert!(body.contains("latihan pemulihan dari"), "{body}");
    assert!(!body.contains('/') && !body.contains(CANARY), "{body}");
}

#[test]
fn a_delta_is_rehearsed_over_the_full_point_that_it_stands_on() {
    let shop = Shop::new();
    shop.fill(512);
    shop.back_up();
    shop.fill(64);
    shop.agent_done(&["backup", "--delta"]);
    let newest = shop.listed().remove(0);
    assert!(newest["base"].is_string(), "{newest}");
    let drilled = json(&shop, &["drill", "--remote", "offsite", "--json"]);
    let row = &drilled["drills"][0];
    assert_eq!(
        (&row["passed"], &row["restore_point"]),
        (&Value::Bool(true), &newest["id"]),
        "{row}"
    );
}

#[test]
fn what_was_altered_is_looked_at_again_until_it_is_whole_and_a_copy_is_named() {
    let shop = Shop::new();
    for _ in 0..3 {
        shop.back_up();
    }
    let base = files_under(&shop.path("local/base")).remove(0);
    let whole = fs::read(&base).unwrap();
    let mut altered = whole.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    fs::write(&base, altered).unwrap();
    let local = ["verify", "--remote", "local"];
    shop.agent_refuses(1, &["verify", "--remote", "local", "--all"]);
    for _ in 0..8 {
        let said = shop.agent_refuses(1, &local);
        assert!(
            said.contains("is altered"),
            "chance gave it the all-clear: {said}"
        );
    }
    fs::write(&base, whole).unwrap();
    shop.agent_done(&local);
    shop.agent_done(&local);
    let copy = base.with_file_name("000007.zst.pgp");
    fs::copy(&base, copy).unwrap();
    let said = shop.agent_refuses(1, &local);
    assert!(said.contains("000007") && said.contains("a copy"), "{said}");
}
