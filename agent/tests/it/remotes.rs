//! Backup and restore over servers that others wrote, and what happens when one of them, or the line, misbehaves.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    fault_proxy::{Fault, Proxy},
    running::Running,
    servers::{self, PASSWORD, SECRET_KEY, Section},
    shop::{RESTORE, Shop, clock_set, count_items, files_under, integrity_of, stderr, text},
    world::LIMIT,
};

pub const DISK: &str = "[remotes.disk]\ntype = \"fs\"\nroot = \"disk\"\n";

/// A shop whose remotes are these instead of its two folders; their secrets lie in `.env`.
pub fn shop_with(sections: &[Section]) -> Shop {
    let shop = Shop::new();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let (before, _) = settings.split_once("[remotes.local]").unwrap();
    let mut all = format!("{before}[state]\ndir = \"state\"\n");
    let mut dotenv = fs::read_to_string(shop.path(".env")).unwrap();
    for section in sections {
        all.push_str(&section.text);
        for (name, value) in &section.variables {
            dotenv.push_str(&format!("{name}={value}\n"));
        }
    }
    fs::write(shop.path("agent.toml"), all).unwrap();
    fs::write(shop.path(".env"), dotenv).unwrap();
    shop
}

pub fn disk() -> Section {
    Section {
        text: DISK.to_owned(),
        variables: Vec::new(),
    }
}

fn answers(shop: &Shop, name: &str) -> Vec<(String, String)> {
    let output = shop.agent(&["remote", "test", name, "--json"]);
    let json: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    let findings = json["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|it| (text(&it["what"]).to_owned(), text(&it["answer"]).to_owned()))
        .collect()
}

fn expect_answers(shop: &Shop, name: &str, conditional: &str) {
    let expected = [
        ("write", "yes"),
        ("read back", "yes"),
        ("list", "yes"),
        ("conditional write", conditional),
        ("delete", "yes"),
    ]
    .map(|(what, answer)| (what.to_owned(), answer.to_owned()));
    assert_eq!(answers(shop, name), expected);
}

/// A backup to it, a fresh machine, and the shop comes back.
fn there_and_back(shop: &Shop) {
    shop.fill(1024);
    let items = count_items(&shop.database());
    let point = shop.back_up();
    assert_eq!(point["verified"], true);
    fs::remove_dir_all(shop.path("state")).unwrap();
    shop.agent_done(&RESTORE);
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    assert_eq!(count_items(&shop.path("back/shop.db")), items);
}

#[test]
fn the_shop_comes_back_from_an_s3_that_others_wrote() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::s3(place.path());
    let shop = shop_with(&[servers::s3_section("offsite", server.address)]);
    // rclone takes the condition and ignores it; only trying shows that.
    expect_answers(&shop, "offsite", "no");
    assert!(files_under(&server.objects).is_empty(), "the probe is gone");
    there_and_back(&shop);
    assert!(!files_under(&server.objects.join("shop/manifest")).is_empty());
}

#[test]
fn the_shop_comes_back_from_a_webdav_that_others_wrote() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let shop = shop_with(&[servers::webdav_section("cloud", server.address)]);
    expect_answers(&shop, "cloud", "not_offered");
    assert!(files_under(&server.objects).is_empty(), "the probe is gone");
    there_and_back(&shop);
}

#[test]
fn the_shop_comes_back_through_an_sshd_that_others_wrote() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::sftp(place.path());
    let shop = shop_with(&[servers::sftp_section("box", &server, place.path())]);
    expect_answers(&shop, "box", "yes");
    assert!(files_under(&server.objects).is_empty(), "the probe is gone");
    there_and_back(&shop);
    let left: Vec<_> = files_under(&server.objects)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|it| it == "part"))
        .collect();
    assert!(left.is_empty(), "an unfinished object stayed: {left:?}");
}

#[test]
fn the_shop_comes_back_from_azures_blobs() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::azure(place.path());
    let shop = shop_with(&[servers::azure_section("azure", server.address)]);
    expect_answers(&shop, "azure", "yes");
    there_and_back(&shop);
}

#[test]
fn the_shop_comes_back_from_googles_storage() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::gcs(place.path());
    let shop = shop_with(&[servers::gcs_section("cloud", server.address)]);
    // As rclone's S3: the emulator takes the condition and ignores it.
    expect_answers(&shop, "cloud", "no");
    there_and_back(&shop);
}

#[test]
fn a_remote_that_hangs_costs_a_restore_one_wait_and_not_one_for_each_object() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let shop = shop_with(&[servers::webdav_section("cloud", server.address), disk()]);
    shop.fill(200);
    for _ in 0..3 {
        shop.agent_done(&["backup"]);
    }
    server.hang();
    let begun = Instant::now();
    let said = shop.agent_done(&RESTORE);
    assert!(said.contains("the remote cloud does not answer"), "{said}");
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    // It was twelve minutes when each question was tried three times.
    assert!(
        begun.elapsed() < Duration::from_secs(120),
        "{:?}",
        begun.elapsed()
    );
}

/// Whoever restores from the remote has a day, by a clock that nobody set here.
#[test]
fn a_clock_of_this_server_that_runs_ahead_takes_nothing_from_whoever_restores() {
    let Some(ahead) = clock_set("+2d") else { return };
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let shop = shop_with(&[servers::webdav_section("cloud", server.address)]);
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    fs::write(shop.path("agent.toml"), settings + "[retention]\nyearly = 1\n").unwrap();
    let orphan = server
        .objects
        .join("a/b/base/20200101T000000Z-00000000/000000.zst.pgp");
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(&orphan, "x").unwrap();
    let touched = Command::new("touch")
        .args(["-d", "2020-01-01"])
        .arg(&orphan)
        .status();
    assert!(touched.unwrap().success());
    shop.back_up();
    shop.agent_done(&["prune"]);
    let ahead = shop.command(&["prune"]).envs(ahead).output().unwrap();
    let said = String::from_utf8_lossy(&ahead.stdout).into_owned();
    assert!(said.contains("1 waits: its day is not over"), "{said}");
    assert!(orphan.exists());
    let left = files_under(&server.objects);
    assert!(
        !left.iter().any(|path| path.to_string_lossy().contains("probe/")),
        "{left:?}"
    );
}

#[test]
fn an_ssh_host_that_nobody_vouched_for_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::sftp(place.path());
    let mut section = servers::sftp_section("box", &server, place.path());
    section.text = section.text.replace("\"accept\"", "\"strict\"");
    let shop = shop_with(&[section]);
    let said = shop.agent_refuses(1, &["remote", "test", "box"]);
    assert!(said.contains("does not do: write, delete"), "{said}");
    let rows = answers(&shop, "box");
    let rows: Vec<(&str, &str)> = rows
        .iter()
        .map(|(what, answer)| (what.as_str(), answer.as_str()))
        .collect();
    assert_eq!(
        rows,
        [
            ("write", "no"),
            ("read back", "not_tried"),
            ("list", "not_tried"),
            ("conditional write", "not_tried"),
            ("delete", "no"),
        ]
    );
    assert!(files_under(&server.objects).is_empty());
}

#[test]
fn wrong_credentials_are_told_without_being_shown() {
    let place = tempfile::tempdir().unwrap();
    let (s3, dav) = (servers::s3(place.path()), servers::webdav(place.path()));
    let mut sections = [
        servers::s3_section("offsite", s3.address),
        servers::webdav_section("cloud", dav.address),
        disk(),
    ];
    for section in &mut sections[..2] {
        section.variables[0].1.push('x');
    }
    let shop = shop_with(&sections);
    let said = shop.agent_refuses(1, &["backup"]);
    assert!(
        said.contains("the remote offsite does not hold") && said.contains("the remote cloud does not hold"),
        "{said}"
    );
    assert!(!said.contains(SECRET_KEY) && !said.contains(PASSWORD), "{said}");
    assert_eq!(shop.listed()[0]["remotes"], serde_json::json!(["disk"]));
}

#[test]
fn a_bandwidth_holds_the_average_down() {
    let shop = shop_with(&[Section {
        text: format!("{DISK}bandwidth = \"512KiB/s\"\n"),
        variables: Vec::new(),
    }]);
    // A part of some 1.5 MiB, then the files and the manifest, which count and do not wait.
    shop.fill(2048);
    shop.back_up();
    let start = Instant::now();
    let point = shop.back_up();
    let size_bytes = point["size_bytes"].as_u64().unwrap();
    let least = Duration::from_secs_f64(size_bytes as f64 / (512.0 * 1024.0) / 2.0);
    assert!(
        start.elapsed() > least,
        "{:?} for {size_bytes} bytes",
        start.elapsed()
    );
}

#[test]
fn an_append_only_remote_needs_no_delete() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let proxy = Proxy::before(server.address, |method, _| {
        (method == "DELETE").then_some(Fault::Status(403))
    });
    let mut section = servers::webdav_section("cloud", proxy.address);
    let refused = shop_with(&[servers::webdav_section("cloud", proxy.address)])
        .agent_refuses(1, &["remote", "test", "cloud"]);
    assert!(refused.contains("delete"), "{refused}");
    section.text.push_str("append_only = true\n");
    let shop = shop_with(&[section]);
    shop.agent_done(&["remote", "test", "cloud"]);
    there_and_back(&shop);
    assert!(
        proxy
            .requests()
            .iter()
            .filter(|it| it.starts_with("DELETE"))
            .count()
            <= 3,
        "only the refused trial tried to delete: {:?}",
        proxy.requests()
    );
}

#[test]
fn a_disk_that_was_unmounted_is_told_and_nothing_is_written_in_its_place() {
    let shop = shop_with(&[
        disk(),
        Section {
            text: DISK.replace("disk", "other"),
            variables: Vec::new(),
        },
    ]);
    shop.back_up();
    fs::rename(shop.path("disk"), shop.path("unmounted")).unwrap();
    let said = shop.agent_refuses(1, &["backup"]);
    assert!(said.contains("not mounted"), "{said}");
    assert!(
        !shop.path("disk").exists(),
        "it was made on the system's own disk"
    );
    // What a mount point looks like when nothing is mounted on it.
    fs::create_dir(shop.path("disk")).unwrap();
    assert!(shop.agent_refuses(1, &["backup"]).contains("not mounted"));
    assert!(files_under(&shop.path("disk")).is_empty());
    shop.agent_done(&["remote", "test", "disk", "--new-disk"]);
    shop.agent_done(&["backup"]);
}

#[test]
fn the_watch_begins_although_its_only_disk_of_backups_is_away_and_says_so() {
    let shop = shop_with(&[disk()]);
    shop.back_up();
    let often = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let often = often.replace("[backup]\n", "[backup]\nsnapshot = \"*/5 * * * * *\"\n");
    fs::write(shop.path("agent.toml"), often).unwrap();
    // After a start of the server at which nothing was mounted.
    fs::rename(shop.path("disk"), shop.path("unmounted")).unwrap();
    fs::create_dir(shop.path("disk")).unwrap();
    let agent = Running::start(&shop);
    agent.wait_for("/health");
    let start = Instant::now();
    let told = || {
        let status = shop.agent(&["status", "--json"]);
        let said = String::from_utf8_lossy(&status.stdout).into_owned();
        said.contains("\"backup_not_taken\"").then_some(said)
    };
    while told().is_none() {
        assert!(start.elapsed() < LIMIT, "no alert tells of it");
        std::thread::sleep(Duration::from_millis(200));
    }
    let said = told().unwrap();
    // Nothing is wrong with the configuration, and what to do names the remote.
    assert!(!said.contains("the configuration has"), "{said}");
    assert!(said.contains("agent remote test disk --new-disk"), "{said}");
    assert!(files_under(&shop.path("disk")).is_empty());
}

#[test]
fn a_key_that_no_remote_of_this_kind_knows_is_refused_with_those_it_knows() {
    let mut section = disk();
    section.text.push_str("bukcet = \"a\"\n");
    let said = shop_with(&[section]).agent_refuses(2, &["backup"]);
    assert!(
        said.contains("bukcet") && said.contains("atomic_write_dir"),
        "{said}"
    );
}

#[test]
fn every_example_in_the_manual_loads() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/OPERATING.md");
    let manual = fs::read_to_string(manual).unwrap();
    let examples: Vec<&str> = manual
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .filter(|example| example.contains("[remotes.") || example.contains("[retention]"))
        // The list of every key is a file of its own, and has its own test.
        .filter(|example| !example.contains("[owner]"))
        .collect();
    assert!(examples.len() >= 9, "{}", examples.len());
    let secrets = "REMOTE_AZURE_ACCOUNT_KEY=a2V5\nREMOTE_DRIVE_REFRESH_TOKEN=t\nREMOTE_DRIVE_CLIENT_SECRET=s\n\
                   REMOTE_DROPBOX_REFRESH_TOKEN=t\nREMOTE_DROPBOX_CLIENT_SECRET=s\nREMOTE_CLOUD_PASSWORD=p\n";
    let shop = shop_with(&[]);
    let dir = shop.dir.path().to_path_buf();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap() + &examples.concat();
    // The manual's disk is not this machine's to make.
    let settings = settings.replace("/mnt/backup", &dir.join("mnt").to_string_lossy());
    fs::write(shop.path("agent.toml"), settings).unwrap();
    let dotenv = fs::read_to_string(shop.path(".env")).unwrap() + secrets;
    fs::write(shop.path(".env"), dotenv).unwrap();
    let environment = agent::config::Environment::new(None, [], &shop.path("agent.toml"));
    let mut faults = protocol::settings::Faults::default();
    let config = agent::config::Config::read(
        &shop.path("agent.toml"),
        agent::config::Purpose::Look,
        &environment,
        &mut faults,
    );
    assert!(faults.is_empty(), "{faults}");
    assert_eq!(config.remotes.len(), 9);
    for remote in &config.remotes {
        assert!(agent::backup::preflight::unknown_options(remote).is_empty());
        agent::backup::remote::open(remote).unwrap_or_else(|fault| panic!("{}: {fault}", remote.name));
    }
}
