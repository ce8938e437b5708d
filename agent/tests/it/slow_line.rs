//! A slow line before the remote: how far a restore is shows byte by byte, and what has come of a part is not fetched again
//! by the next restore.

use std::{
    fs,
    os::unix::fs::{FileExt, PermissionsExt},
    path::PathBuf,
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use agent::console::work::{Step, TELLS};

use crate::{
    fault_proxy::{Fault, Proxy},
    remotes::{disk, shop_with},
    servers::{self, Server},
    shop::{Shop, count_items, files_under, integrity_of, restoring, signal, stderr},
};

/// A shop with two parts behind a line that does to them what the rule says.
struct Slow {
    shop: Shop,
    proxy: Proxy,
    rule: Arc<Mutex<Option<Fault>>>,
    _server: Server,
    _place: tempfile::TempDir,
}

impl Slow {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let server = servers::webdav(place.path());
        let rule = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&rule);
        let proxy = Proxy::before(server.address, move |method, path| {
            let is_part = method == "GET" && path.contains("/base/");
            seen.lock()
                .unwrap()
                .filter(|fault| is_part || *fault == Fault::Gone)
        });
        let shop = shop_with(&[servers::webdav_section("cloud", proxy.address)]);
        shop.fill(20_000);
        shop.back_up();
        Self {
            shop,
            proxy,
            rule,
            _server: server,
            _place: place,
        }
    }

    fn set(&self, fault: Option<Fault>) {
        *self.rule.lock().unwrap() = fault;
    }

    fn begin(&self) -> Child {
        let mut command = self.shop.command(&restoring("back", &[]));
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.env(TELLS, "1").spawn().unwrap()
    }

    /// Waits until something of a part is kept.
    fn wait_for_parts(&self, restore: &Child) {
        let journal = self.shop.path(&format!("back/.parts.restoring-{}", restore.id()));
        let begun = Instant::now();
        // The first line says of which point they are.
        while fs::read_to_string(&journal).unwrap_or_default().lines().count() < 3 {
            assert!(begun.elapsed() < crate::world::LIMIT);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A restore that is killed before any part is whole.
    fn kill_early(&self) -> (PathBuf, PathBuf) {
        self.set(Some(Fault::Paced(512)));
        let child = self.begin();
        std::thread::sleep(Duration::from_secs(6));
        signal(child.id(), "KILL");
        child.wait_with_output().unwrap();
        self.set(None);
        let mut left = files_under(&self.shop.path("back"));
        left.sort();
        let [journal, database] = left.try_into().expect("the database and its journal");
        for path in [&journal, &database] {
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o660, "{}", path.display());
        }
        (database, journal)
    }

    /// The whole restore, and from where its parts were fetched.
    fn restore(&self) -> (String, Vec<String>) {
        let before = self.proxy.ranges().len();
        let said = self.shop.agent_done(&restoring("back", &[]));
        let back = self.shop.path("back/shop.db");
        assert_eq!(integrity_of(&back), "ok");
        assert_eq!(count_items(&back), count_items(&self.shop.database()));
        let mut ranges = self.proxy.ranges().split_off(before);
        ranges.retain(|range| range.contains("/base/"));
        assert!(!said.contains("altered"), "{said}");
        (said, ranges)
    }
}

fn steps(said: &str) -> Vec<Step> {
    said.lines().filter_map(Step::parse).collect()
}

fn is_from_the_beginning(range: &str) -> bool {
    range.contains(" bytes=0-")
}

#[test]
fn a_restore_that_was_killed_before_any_part_was_whole_goes_on_where_it_was() {
    let slow = Slow::new();
    slow.kill_early();
    let (said, ranges) = slow.restore();
    assert!(said.contains("0 of 2 parts were there already, and "), "{said}");
    assert!(
        said.contains(" MiB of 2 more, from a restore that was interrupted"),
        "{said}"
    );
    assert_eq!(ranges.len(), 2);
    assert!(
        !ranges.iter().any(|range| is_from_the_beginning(range)),
        "{ranges:?}"
    );
}

#[test]
fn what_is_left_of_a_part_and_is_not_its_beginning_is_never_believed() {
    let slow = Slow::new();
    let (database, journal) = slow.kill_early();
    // One that a crash damaged, of which the journal tells.
    let file = fs::File::options().write(true).open(&database).unwrap();
    file.write_all_at(b"damaged", 1_000).unwrap();
    let (said, ranges) = slow.restore();
    assert!(said.contains("0 of 2 parts were there already, and "), "{said}");
    assert!(said.contains(" MiB of 1 more, "), "{said}");
    assert_eq!(
        ranges.iter().filter(|range| is_from_the_beginning(range)).count(),
        1
    );
    assert!(!journal.exists());

    // One that the journal bears out.
    fs::remove_dir_all(slow.shop.path("back")).unwrap();
    let (database, journal) = slow.kill_early();
    let file = fs::File::options().write(true).open(&database).unwrap();
    file.write_all_at(&[7; 1_000], 0).unwrap();
    let lines = fs::read_to_string(&journal).unwrap();
    let title = lines.lines().next().unwrap();
    let sha256 = |index: &str| {
        let mut lines = lines.lines().filter(|line| line.starts_with(index));
        lines.next().unwrap().rsplit(' ').next().unwrap().to_owned()
    };
    let crc = crc32fast::hash(&[7; 1_000]);
    let forged = format!(
        "{title}\n0 {crc:08x} 1000 {}\n1 {crc:08x} 99999999 {}\n",
        sha256("0 "),
        sha256("1 ")
    );
    fs::write(&journal, forged).unwrap();
    let (_, ranges) = slow.restore();
    // The one from there and then from zero, the other one from zero alone.
    assert_eq!(ranges.len(), 3, "{ranges:?}");
    assert_eq!(
        ranges.iter().filter(|range| is_from_the_beginning(range)).count(),
        2
    );

    // Those of another object.
    fs::remove_dir_all(slow.shop.path("back")).unwrap();
    let (_, journal) = slow.kill_early();
    let lines = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, lines.replace(&sha256("0 "), &sha256("1 "))).unwrap();
    let (said, ranges) = slow.restore();
    assert!(said.contains(" MiB of 1 more, "), "{said}");
    assert_eq!(
        ranges.iter().filter(|range| is_from_the_beginning(range)).count(),
        1
    );
}

#[test]
fn a_restore_whose_line_goes_down_keeps_what_it_has_and_goes_on_with_it() {
    let slow = Slow::new();
    slow.set(Some(Fault::PacedAndCut(512)));
    let child = slow.begin();
    slow.wait_for_parts(&child);
    slow.set(Some(Fault::Gone));
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("answers any more, in the middle of the restore")
            && said.contains("Give the same command again"),
        "{said}"
    );
    assert!(!said.contains("nothing is known about them"), "{said}");
    let left = files_under(&slow.shop.path("back"));
    assert_eq!(left.len(), 2, "the database and its journal: {left:?}");
    let database = left
        .iter()
        .find(|path| path.display().to_string().contains("shop.db"));
    let stays = format!("stays in {} in plain text", database.unwrap().display());
    assert!(said.contains(&stays), "{said}");
    slow.set(None);
    let (said, ranges) = slow.restore();
    assert!(said.contains(" MiB of 2 more, "), "{said}");
    assert!(
        !ranges.iter().any(|range| is_from_the_beginning(range)),
        "{ranges:?}"
    );
}

#[test]
fn a_line_that_breaks_again_and_again_brings_a_restore_to_its_end() {
    let slow = Slow::new();
    slow.set(Some(Fault::CutAt(512)));
    let (_, ranges) = slow.restore();
    // More often than a part that brings nothing is tried.
    assert!(ranges.len() > 2 * 6, "{ranges:?}");
    let anew = ranges.iter().filter(|range| is_from_the_beginning(range));
    assert_eq!(anew.count(), 2, "{ranges:?}");
}

#[test]
fn a_second_restore_into_the_same_folder_costs_the_first_one_nothing() {
    let slow = Slow::new();
    slow.set(Some(Fault::Paced(2_048)));
    let first = slow.begin();
    slow.wait_for_parts(&first);
    let said = slow.shop.agent_refuses(1, &restoring("back", &[]));
    assert!(said.contains("another restore works in"), "{said}");
    let output = first.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(integrity_of(&slow.shop.path("back/shop.db")), "ok");
}

#[test]
fn the_bar_moves_with_the_bytes_and_counts_none_of_them_twice() {
    let slow = Slow::new();
    // The line breaks off after three seconds, again and again.
    let before = slow.proxy.ranges().len();
    slow.set(Some(Fault::PacedAndCut(512)));
    let child = slow.begin();
    std::thread::sleep(Duration::from_secs(5));
    slow.set(None);
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    let steps = steps(&said);
    let total = fs::metadata(slow.shop.database()).unwrap().len();
    let of_database: Vec<u64> = steps
        .iter()
        .filter(|step| step.total_bytes == total)
        .map(|step| step.done_bytes)
        .collect();
    let early = of_database.iter().filter(|done| (1..total / 2).contains(*done));
    assert!(early.count() >= 4, "{of_database:?}");
    assert!(of_database.is_sorted(), "{of_database:?}");
    assert!(of_database.iter().all(|done| *done <= total), "{of_database:?}");
    // What had come is not asked for again.
    let ranges = slow.proxy.ranges().split_off(before);
    let parts = ranges.iter().filter(|range| range.contains("/base/"));
    assert_eq!(
        parts.filter(|range| is_from_the_beginning(range)).count(),
        2,
        "{ranges:?}"
    );
}

#[test]
fn a_part_that_comes_slowly_and_altered_is_fetched_from_the_next_remote() {
    let place = tempfile::tempdir().unwrap();
    let server = servers::webdav(place.path());
    let proxy = Proxy::before(server.address, |method, path| {
        (method == "GET" && path.contains("/base/")).then_some(Fault::Paced(2_048))
    });
    let shop = shop_with(&[servers::webdav_section("cloud", proxy.address), disk()]);
    shop.fill(20_000);
    shop.back_up();
    let parts = files_under(place.path()).into_iter();
    for part in parts.filter(|path| path.display().to_string().contains("/base/")) {
        let mut bytes = fs::read(&part).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&part, bytes).unwrap();
    }
    let said = shop.agent_done(&restoring("back", &[]));
    assert!(
        said.contains("could not be taken from cloud") && said.contains("was taken from disk"),
        "{said}"
    );
    let back = shop.path("back/shop.db");
    assert_eq!(count_items(&back), count_items(&shop.database()));
}
