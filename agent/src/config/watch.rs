//! `[watch]`: what is looked at beyond what the rest of the file tells, and how logs are rotated. All of it has defaults.
//! Only the text is judged here, not the disk.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use protocol::settings::{Faults, Section};

/// What is watched, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The time from one look to the next; 5 s when absent.
    pub cycle: Duration,
    /// Places whose disks are watched beside those of the database, the state, the logs and the remotes.
    pub disks: Vec<PathBuf>,
    /// Folders that rotate by themselves beside the logs and the backups: their growth is no leak.
    pub rotating: Vec<PathBuf>,
    /// Web addresses whose name and certificate are watched.
    pub domains: Vec<String>,
    /// Where the end of their registration is asked for by RDAP; `None` when it is not asked for.
    pub rdap: Option<String>,
    /// Files or folders with secrets; `credentials` and `.env` beside the file when absent.
    pub credentials: Vec<PathBuf>,
    /// How old a secret may become; 180 days when absent.
    pub credentials_due: Duration,
    /// `[watch.logs]`
    pub logs: Logs,
}

/// How logs are rotated, as `/etc/logrotate.d` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logs {
    /// Log files beside the one that the bot says it writes to.
    pub files: Vec<PathBuf>,
    /// The time between two rotations; a day when absent.
    pub period: Duration,
    /// What a log may grow to in that time; 64 MiB when absent.
    pub size_bytes_max: u64,
    /// How many old files are kept; 14 when absent.
    pub keep: usize,
    /// Whether old files are compressed, but for the newest; they are when absent.
    pub compress: bool,
    /// The time between two looks; 30 s when absent.
    pub every: Duration,
    /// The time between two lines that the bot is asked to log; 15 minutes when absent.
    pub marker_every: Duration,
}

/// Sends each question on to the registry that knows.
const RDAP: &str = "https://rdap.org";
/// Log files that may be named: each is looked at every few seconds.
const LOG_FILES_MAX: usize = 20;
/// Names that may be watched: each is a handshake a minute while it does not answer.
const DOMAINS_MAX: usize = 50;
const MIB: i64 = 1024 * 1024;
const DAY: Duration = Duration::from_secs(86_400);

/// Reads the section, or takes every default.
pub(super) fn read(top: &mut Section, folder: &Path, faults: &mut Faults) -> Watch {
    let mut section = top.section_if_any("watch", faults);
    let mut logs = None;
    let mut watch = defaults(folder);
    if let Some(section) = &mut section {
        let second = Duration::from_secs(1);
        let paths = |texts: Vec<String>| {
            texts
                .iter()
                .map(|text| folder.join(text))
                .collect::<Vec<PathBuf>>()
        };
        let cycle = section.duration_if_any("cycle", second, 60 * second, faults);
        watch.cycle = cycle.unwrap_or(watch.cycle);
        watch.disks = paths(section.texts("disks", faults));
        watch.rotating = rotating(section, faults);
        watch.domains = domains(section, faults);
        watch.rdap = rdap(section, faults).or(watch.rdap).filter(|base| base != "off");
        let credentials = paths(section.texts("credentials", faults));
        if !credentials.is_empty() {
            watch.credentials = credentials;
        }
        let due = section.duration_if_any("credentials_due", DAY, 3650 * DAY, faults);
        watch.credentials_due = due.unwrap_or(watch.credentials_due);
        logs = section.section_if_any("logs", faults);
    }
    if let Some(logs) = logs {
        read_logs(logs, folder, &mut watch.logs, faults);
    }
    if let Some(section) = section {
        section.finish(faults);
    }
    watch
}

/// What a path relative to this file would mean here is a guess, and a wrong one hides a leak.
fn rotating(section: &mut Section, faults: &mut Faults) -> Vec<PathBuf> {
    let named: Vec<PathBuf> = section
        .texts("rotating", faults)
        .into_iter()
        .map(PathBuf::from)
        .collect();
    for path in named.iter().filter(|path| !path.is_absolute()) {
        let (name, shown) = (section.name("rotating"), path.display());
        faults.add(format!(
            "{name}: \"{shown}\" is no absolute path; write for example \"/var/spool/shop\""
        ));
    }
    named
}

/// With or without `https://` before them; a page on one has no certificate of its own.
fn domains(section: &mut Section, faults: &mut Faults) -> Vec<String> {
    let named = section.texts("domains", faults);
    let is_name = |domain: &String| {
        let rest = domain.strip_prefix("https://").unwrap_or(domain);
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        !rest.is_empty() && !rest.contains(|char: char| char.is_whitespace() || "/@?#*\"".contains(char))
    };
    for wrong in named.iter().filter(|domain| !is_name(domain)) {
        let name = section.name("domains");
        faults.add(format!(
            "{name}: \"{wrong}\" is no name of a server; write for example \"shop.example.org\""
        ));
    }
    let count = named.len();
    if count > DOMAINS_MAX {
        let name = section.name("domains");
        faults.add(format!(
            "{name}: {count} names, and at most {DOMAINS_MAX} are watched; leave out those that no customer and no \
             gateway reaches"
        ));
    }
    named
}

fn rdap(section: &mut Section, faults: &mut Faults) -> Option<String> {
    let base = section.text_if_any("rdap", faults)?;
    let is_address = base.starts_with("https://") || base.starts_with("http://");
    if !is_address && base != "off" {
        let name = section.name("rdap");
        faults.add(format!("{name}: an address such as \"{RDAP}\", or \"off\""));
    }
    Some(base.trim_end_matches('/').to_owned())
}

fn read_logs(mut section: Section, folder: &Path, logs: &mut Logs, faults: &mut Faults) {
    // Short ones are for trying the watch out.
    let tenth = Duration::from_millis(100);
    let mut duration = |name: &str, usual: &mut Duration, least: Duration| {
        *usual = section
            .duration_if_any(name, least, 366 * DAY, faults)
            .unwrap_or(*usual);
    };
    duration("period", &mut logs.period, tenth);
    duration("every", &mut logs.every, tenth);
    duration("marker_every", &mut logs.marker_every, tenth);
    logs.files = section
        .texts("files", faults)
        .iter()
        .map(|text| folder.join(text))
        .collect();
    let count = logs.files.len();
    if count > LOG_FILES_MAX {
        let name = section.name("files");
        faults.add(format!(
            "{name}: {count} files, and at most {LOG_FILES_MAX} are watched; leave out what no shop needs"
        ));
    }
    if let Some(size_mib) = section.integer_if_any("size_mib", 1, 1024 * 1024, faults) {
        logs.size_bytes_max = u64::try_from(size_mib * MIB).unwrap_or(logs.size_bytes_max);
    }
    if let Some(keep) = section.integer_if_any("keep", 0, 1000, faults) {
        logs.keep = usize::try_from(keep).unwrap_or(logs.keep);
    }
    logs.compress = section
        .boolean_if_any("compress", faults)
        .unwrap_or(logs.compress);
    section.finish(faults);
}

fn defaults(folder: &Path) -> Watch {
    Watch {
        cycle: Duration::from_secs(5),
        disks: Vec::new(),
        rotating: Vec::new(),
        domains: Vec::new(),
        rdap: Some(RDAP.to_owned()),
        credentials: vec![folder.join("credentials"), folder.join(".env")],
        credentials_due: 180 * DAY,
        logs: Logs {
            files: Vec::new(),
            period: DAY,
            size_bytes_max: 64 * 1024 * 1024,
            keep: 14,
            compress: true,
            every: Duration::from_secs(30),
            marker_every: Duration::from_secs(900),
        },
    }
}

#[cfg(test)]
mod tests {
    use protocol::settings;

    use super::*;

    fn read_text(text: &str) -> (Watch, String) {
        let mut faults = Faults::default();
        let mut top = settings::parse(text, &mut faults);
        let watch = read(&mut top, Path::new("/etc/warung"), &mut faults);
        top.finish(&mut faults);
        (watch, faults.to_string())
    }

    #[test]
    fn everything_has_a_default() {
        let (watch, _) = read_text("");
        assert_eq!(watch, defaults(Path::new("/etc/warung")));
        assert_eq!(watch, read_text("[watch]\n[watch.logs]\n").0);
    }

    #[test]
    fn every_key_is_read_and_an_unknown_one_is_named() {
        let (watch, faults) = read_text(
            "[watch]\ncycle = \"10s\"\ndisks = [\"/srv\"]\ndomains = [\"shop.example\"]\ncredentials = [\"secrets\"]\n\
             [watch.logs]\nperiod = \"7d\"\nsize_mib = 5\nkeep = 3\ncompress = false\nfiles = [\"/var/log/x.log\"]\nsurprise = 1\n",
        );
        assert_eq!(watch.cycle, Duration::from_secs(10));
        assert_eq!(watch.rdap.as_deref(), Some(RDAP));
        assert_eq!(read_text("[watch]\nrdap = \"off\"\n").0.rdap, None);
        assert!(
            read_text("[watch]\nrdap = \"nowhere\"\n")
                .1
                .contains("watch.rdap")
        );
        assert_eq!(watch.credentials, [Path::new("/etc/warung/secrets")]);
        assert_eq!((watch.logs.size_bytes_max, watch.logs.keep), (5 << 20, 3));
        assert!(faults.contains("watch.logs.surprise"), "{faults}");
    }

    #[test]
    fn a_domain_is_a_name_and_no_page() {
        let told = |domain: &str| read_text(&format!("[watch]\ndomains = [\"{domain}\"]\n")).1;
        for good in [
            "shop.example",
            "https://shop.example",
            "https://shop.example:8443/",
            "warung.id:443",
        ] {
            assert!(!told(good).contains("watch.domains"), "{good}");
        }
        for bad in [
            "https://shop.example/x",
            "shop example",
            "",
            "https://",
            "a@b",
            "*.shop.example",
        ] {
            assert!(told(bad).contains("watch.domains"), "{bad}");
        }
    }

    #[test]
    fn more_names_than_are_watched_is_a_fault_and_not_a_silence() {
        let with = |count: usize| {
            let names: Vec<String> = (0..count).map(|number| format!("\"{number}.example\"")).collect();
            let (watch, faults) = read_text(&format!("[watch]\ndomains = [{}]\n", names.join(", ")));
            (watch.domains.len(), faults)
        };
        let (_, no_faults) = read_text("");
        assert_eq!(with(DOMAINS_MAX), (DOMAINS_MAX, no_faults));
        let (_, told) = with(DOMAINS_MAX + 1);
        assert!(told.contains("watch.domains: 51 names"), "{told}");
    }

    #[test]
    fn what_rotates_is_named_by_an_absolute_path() {
        let (watch, faults) = read_text("[watch]\nrotating = [\"/var/spool/shop\", \"spool\"]\n");
        assert_eq!(watch.rotating[0], Path::new("/var/spool/shop"));
        assert!(faults.contains("watch.rotating: \"spool\""), "{faults}");
        assert!(!faults.contains("/var/spool/shop\" is no"), "{faults}");
    }

    #[test]
    fn more_logs_than_are_watched_is_a_fault_and_not_a_silence() {
        let with = |count: usize| {
            let names: Vec<String> = (0..count).map(|number| format!("\"{number}.log\"")).collect();
            let (watch, faults) = read_text(&format!(
                "[watch]\n[watch.logs]\nfiles = [{}]\n",
                names.join(", ")
            ));
            (watch.logs.files.len(), faults)
        };
        let (_, no_faults) = read_text("");
        assert_eq!(with(LOG_FILES_MAX), (LOG_FILES_MAX, no_faults));
        let (_, told) = with(LOG_FILES_MAX + 1);
        assert!(told.contains("watch.logs.files: 21 files"), "{told}");
    }
}
