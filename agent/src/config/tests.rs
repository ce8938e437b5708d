//! What loads, what does not, and that one message names everything.

use std::path::Path;

use protocol::{secret::Secret, settings::Faults};

use super::{
    channels::{ChannelKind, MailTls},
    *,
};

mod channels;
mod secrets;

const WHOLE: &str = r#"
[owner]
chat_ids = [1001]
api_url = "https://api.telegram.org"
timezone = "Asia/Makassar"
language = "en"
quiet_hours = "22:00-06:00"
digest_at = "08:00"
[bot]
url = "http://127.0.0.1:8081"
unit = "bot.service"
binary = "/usr/bin/bot"
config = "/etc/warung/bot.toml"
[http]
private = "127.0.0.1:8082"
[backup]
database = "shop.db"
files = ["/etc/warung", "/var/log/warung"]
recipients = ["owner.asc"]
sync = "1s"
snapshot = "0 0 */6 * * *"
[remotes.local]
type = "fs"
root = "backups"
[remotes.off-site]
type = "s3"
bucket = "warung"
endpoint = "https://s3.example"
region = "auto"
[retention]
hourly = 48
daily = 14
weekly = 8
monthly = 12
keep_within = "7d"
yearly = 3
[channels.mail]
type = "email"
to = "owner@example.org"
[heartbeat]
url = "https://hc.example/a"
backup_url = "https://hc.example/b"
drill_url = "https://hc.example/c"
[drill]
schedule = "0 30 4 * * Sun"
[state]
dir = "state"
"#;

const SMALL: &str = r#"
[owner]
chat_ids = [1]
[backup]
database = "shop.db"
recipients = ["owner.asc"]
[remotes.local]
type = "fs"
root = "backups"
"#;

fn read_with(text: &str, purpose: Purpose, variables: &[(&str, &str)]) -> (Config, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.toml");
    std::fs::write(&path, text).unwrap();
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Secret::new(value)));
    let environment = Environment::new(None, variables, &path);
    let mut faults = Faults::default();
    let config = Config::read(&path, purpose, &environment, &mut faults);
    (config, faults.sentences().to_vec())
}

#[test]
fn every_key_of_the_design_loads() {
    let (config, faults) = read_with(WHOLE, Purpose::Keep, &[("OWNER_BOT_TOKEN", "1:a")]);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(config.owner.timezone.iana_name(), Some("Asia/Makassar"));
    assert_eq!(config.remotes.len(), 2);
    assert!(config.state_dir.ends_with("state"));
}

#[test]
fn a_file_with_the_fewest_keys_loads_with_defaults() {
    let (config, faults) = read_with(SMALL, Purpose::Look, &[]);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(config.owner.timezone.iana_name(), Some("Asia/Jakarta"));
    assert_eq!(config.http.private.to_string(), "127.0.0.1:8082");
    assert_eq!(config.bot.unit, "bot.service");
    assert_eq!(config.state_dir, Path::new("/var/lib/warung-agent"));
}

#[test]
fn all_faults_are_in_one_message() {
    let text = SMALL
        .replace("chat_ids = [1]", "chat_ids = \"1\"\ntimezon = \"UTC\"")
        .replace("\"fs\"", "\"ftp\"")
        + "[retention]\nhourly = \"many\"\n";
    let (_, faults) = read_with(&text, Purpose::Keep, &[]);
    let told = faults.join("\n");
    for part in [
        "owner.chat_ids",
        "owner.timezon ",
        "remotes.local.type",
        "fs, gcs, gdrive, s3, sftp, webdav",
        "retention.hourly",
        "OWNER_BOT_TOKEN",
    ] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
}

#[test]
fn a_time_that_is_no_keep_within_is_one_fault_and_years_are_none() {
    let faults = |within: &str| {
        let text = format!("{SMALL}[retention]\nkeep_within = \"{within}\"\n");
        read_with(&text, Purpose::Look, &[]).1
    };
    assert_eq!(faults("1y"), [""; 0]);
    for wrong in ["0s", "0d", "soon"] {
        let found = faults(wrong);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("retention.keep_within is \""), "{found:?}");
    }
    assert_eq!(faults(""), ["retention.keep_within is empty"]);
    let nothing = format!("{SMALL}[retention]\n");
    let found = read_with(&nothing, Purpose::Look, &[]).1;
    assert!(
        found.len() == 1 && found[0].contains("keeps nothing"),
        "{found:?}"
    );
}

#[test]
fn the_private_address_is_one_that_the_internet_does_not_reach() {
    let faults = |private: &str| {
        let text = format!("{SMALL}[http]\nprivate = \"{private}\"\n");
        read_with(&text, Purpose::Look, &[]).1.join("; ")
    };
    for good in [
        "127.0.0.1:8082",
        "[::1]:8082",
        "10.8.0.1:8082",
        "100.101.2.3:8082",
        "[fd7a:115c::1]:8082",
    ] {
        assert_eq!(faults(good), "", "{good}");
    }
    for open in [
        "0.0.0.0:8082",
        "[::]:8082",
        "[::ffff:0.0.0.0]:8082",
        "203.0.113.7:8082",
        "100.128.0.1:8082",
        "[2001:db8::1]:8082",
    ] {
        let said = faults(open);
        assert!(
            said.contains("others than this server could reach it"),
            "{open}: {said}"
        );
    }
    for incomplete in ["127.0.0.1", "0.0.0.0", "localhost:8082"] {
        let said = faults(incomplete);
        assert!(
            said.contains("write an address and a port"),
            "{incomplete}: {said}"
        );
    }
}

#[test]
fn what_is_not_toml_is_one_fault_with_its_place_and_no_other() {
    let text = WHOLE.replace("chat_ids = ", "chat_ids == ");
    let (_, faults) = read_with(&text, Purpose::Keep, &[]);
    let line = text.lines().position(|line| line.contains("==")).unwrap() + 1;
    let place = format!("it is not TOML: line {line}, column 11: ");
    assert!(faults.len() == 1 && faults[0].starts_with(&place), "{faults:?}");
}

#[test]
fn a_path_that_cannot_be_written_is_a_fault() {
    let text = SMALL.to_owned() + "[state]\ndir = \"/proc/nothing/here\"\n";
    let (_, faults) = read_with(&text, Purpose::Keep, &[("OWNER_BOT_TOKEN", "1:a")]);
    let told = faults.join("\n");
    assert!(told.contains("state.dir"), "{told}");
}

#[test]
fn a_file_named_without_a_folder_still_gives_absolute_paths() {
    let mut faults = Faults::default();
    let top = settings::parse(SMALL, &mut faults);
    let config = read::config(
        Path::new("agent.toml"),
        top,
        Purpose::Look,
        &Environment::new(None, [], Path::new("agent.toml")),
        &mut faults,
    );
    assert!(config.backup.database.is_absolute() && config.state_dir.is_absolute());
    assert!(config.remotes[0].options["root"].starts_with('/'));
}

#[test]
fn a_remote_by_the_name_of_its_service_is_told_which_kind_to_write() {
    for (word, kind) in [
        ("b2", "s3"),
        ("r2", "s3"),
        ("MinIO", "s3"),
        ("wasabi", "s3"),
        ("google", "gcs"),
        ("azure", "azblob"),
        ("ssh", "sftp"),
        ("ftp", "sftp"),
        ("local", "fs"),
    ] {
        let text = format!("{SMALL}[remotes.other]\ntype = \"{word}\"\n");
        let told = read_with(&text, Purpose::Look, &[]).1.join("; ");
        assert!(
            told.contains(&format!("\"{word}\"; write type = \"{kind}\""))
                && told.contains("This program knows: azblob"),
            "{word}: {told}"
        );
    }
    let unheard = format!("{SMALL}[remotes.other]\ntype = \"tape\"\n");
    let told = read_with(&unheard, Purpose::Look, &[]).1.join("; ");
    assert!(told.contains("is \"tape\"; This program knows"), "{told}");
}

#[test]
fn a_folder_remote_whose_root_says_nothing_is_refused_and_a_bucket_needs_none() {
    for nothing in ["", " ", ".", "./", "./."] {
        let text = format!("{SMALL}[remotes.new]\ntype = \"fs\"\nroot = \"{nothing}\"\n");
        let faults = read_with(&text, Purpose::Look, &[]).1;
        let told = format!("remotes.new.root is \"{nothing}\", which is the folder of this file");
        assert!(faults.len() == 1 && faults[0].starts_with(&told), "{faults:?}");
    }
    let kind = "type = \"s3\"\nbucket = \"b\"\nregion = \"auto\"\nroot = \"\"\n";
    let text = format!("{SMALL}[remotes.new]\n{kind}");
    assert_eq!(read_with(&text, Purpose::Look, &[]).1, Vec::<String>::new());
}

#[test]
fn a_remote_has_prices_of_its_own_and_a_word_is_none() {
    let priced =
        SMALL.to_owned() + "[remotes.priced]\ntype = \"fs\"\nroot = \"p\"\nprice_per_gib_month = \"0.015\"\n";
    let (config, faults) = read_with(&priced, Purpose::Look, &[]);
    assert!(faults.is_empty(), "{faults:?}");
    let remote = config
        .remotes
        .iter()
        .find(|remote| remote.name == "priced")
        .unwrap();
    assert_eq!(
        remote.price,
        Price {
            gib_month: Some(0.015),
            million_writes: None
        }
    );
    assert!(
        !remote.options.contains_key("price_per_gib_month"),
        "OpenDAL knows no prices"
    );
    let (_, faults) = read_with(&priced.replace("0.015", "cheap"), Purpose::Look, &[]);
    assert!(
        faults.len() == 1 && faults[0].contains("price_per_gib_month"),
        "{faults:?}"
    );
}

#[test]
fn what_the_document_says_of_every_key_loads_and_its_defaults_are_the_defaults() {
    const DOCUMENT: &str = include_str!("../../../docs/OPERATING.md");
    let (_, behind) = DOCUMENT.split_once("### Every key of agent.toml").unwrap();
    let (_, behind) = behind.split_once("```toml\n").unwrap();
    let (block, _) = behind.split_once("```").unwrap();
    // That folder is on a server alone.
    let block = block.replace("/var/lib/warung/shop.db", "shop.db");
    let text = format!("{block}[remotes.local]\ntype = \"fs\"\nroot = \"backups\"\n");
    let (told, faults) = read_with(&text, Purpose::Keep, &[("OWNER_BOT_TOKEN", "1:a")]);
    assert_eq!(faults, [""; 0]);
    let (usual, _) = read_with(SMALL, Purpose::Look, &[]);
    let shown = |config: &Config| {
        (
            config.owner.timezone.iana_name().map(str::to_owned),
            config.owner.digest_at,
            config.owner.api_url.clone(),
            config.bot.url.clone(),
            config.bot.unit.clone(),
            config.http.private,
            config.backup.snapshot.to_string() + &config.backup.delta.to_string() + &config.drill.to_string(),
            config.backup.sync,
            config.state_dir.clone(),
        )
    };
    assert_eq!(shown(&told), shown(&usual));
    assert!(told.owner.language == usual.owner.language);
}
