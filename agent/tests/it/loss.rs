//! How much a burnt server loses: everything is killed at once while it sells, the remote is far away, and what the
//! remote gives back is compared with what was acknowledged.
//! A few times here; `scripts/soak loss` does it a hundred times and says what was lost in seconds.
//! Only a hole, a commit twice or a lost promise fails: how fast this machine is does not.

use std::{
    env, fs,
    io::Read,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rand::Rng;
use rusqlite::Connection;

use crate::{
    capture_rig::bot,
    shop::Shop,
    site::{Process, Site, millis, wanted},
};

const KILLS: usize = 2;
/// How the process that sells is told that it is one.
const SELLS: &str = "WARUNG_SELLS_INTO";

fn start_selling(shop: &Shop, rate: u32) -> Process {
    let child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "loss::a_process_that_sells",
            "--ignored",
            "--nocapture",
        ])
        .env(SELLS, shop.database())
        .env("WARUNG_SELLS_A_SECOND", rate.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    Process(child.unwrap())
}

/// Number and moment of each commit that was acknowledged before the kill.
fn acknowledged(sells: &mut Process) -> Vec<(i64, u64)> {
    let mut said = String::new();
    sells.0.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    sells.burn();
    // The kill may have torn the last line.
    let whole = said.rfind('\n').map_or("", |end| &said[..end]);
    whole
        .lines()
        .filter_map(|line| {
            let (number, at) = line.strip_prefix("sold ")?.split_once(' ')?;
            Some((number.parse().ok()?, at.parse().ok()?))
        })
        .collect()
}

#[test]
fn a_burnt_server_loses_only_its_last_moment_and_leaves_no_hole() {
    let kills = wanted("WARUNG_LOSSES", KILLS);
    let site = Site::new();
    let mut lost: Vec<u64> = Vec::new();
    let mut agent = site.start_agent();
    site.back_up_first();
    for kill in 1..=kills {
        let promised = sold(&Connection::open(site.shop.database()).unwrap());
        let mut sells = start_selling(&site.shop, rand::rng().random_range(20..200));
        // Not the first moments alone: the writer must be at its pace, and the phase of the agent any.
        std::thread::sleep(Duration::from_millis(rand::rng().random_range(1_500..5_000)));
        let (agent_id, sells_id) = (agent.id().to_string(), sells.id().to_string());
        site.line.cut();
        let killed = Command::new("kill")
            .args(["-9", &agent_id, &sells_id])
            .status()
            .unwrap();
        let at = millis();
        assert!(killed.success());
        agent.burn();
        let acknowledged = acknowledged(&mut sells);
        let back = site.rescue("back", &["--latest"]);
        lost.push(judge(&back, promised, &acknowledged, at));
        println!(
            "soak loss: kill {kill} of {kills}, {} commits acknowledged, {} ms lost",
            acknowledged.len(),
            lost[kill - 1]
        );
        drop(back);
        fs::remove_dir_all(site.shop.path("back")).unwrap();
        site.line.mend();
        agent = site.start_agent();
        site.wait_until_durable();
    }
    agent.burn();
    lost.sort_unstable();
    let (median, worst) = (lost[lost.len() / 2], lost[lost.len() - 1]);
    let verdict = if median <= 1_000 && worst <= 2_000 {
        "met"
    } else {
        "short"
    };
    println!("soak loss: kills {kills}, median {median} ms, worst {worst} ms; goal 1000 and 2000: {verdict}");
}

/// How old the last commit that came back was at the kill; fails when what came back is no prefix.
fn judge(back: &Connection, promised: i64, acknowledged: &[(i64, u64)], killed_at: u64) -> u64 {
    let wrong: i64 = back
        .query_row(
            "SELECT count(*) FROM sale WHERE what <> printf('sale %d', n)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let count: i64 = back
        .query_row("SELECT count(*) FROM sale", [], |row| row.get(0))
        .unwrap();
    let newest = sold(back);
    let last = acknowledged.last().expect("something was sold").0;
    assert_eq!((wrong, count), (0, newest), "what came back has a hole");
    assert!(newest >= promised, "{promised} were durable, {newest} came back");
    // The last commit may have been on the disk and not yet been acknowledged.
    assert!(newest <= last + 1, "{last} were acknowledged, {newest} came back");
    let when = |number: i64| acknowledged.iter().find(|it| it.0 == number).map(|it| it.1);
    match when(newest) {
        Some(at) => killed_at.saturating_sub(at),
        None if newest > last => 0,
        // Nothing of this turn: everything from its first commit on is lost.
        None => killed_at.saturating_sub(acknowledged[0].1),
    }
}

/// Rows are numbered from 1 on, each by a commit of its own.
fn sold(connection: &Connection) -> i64 {
    connection
        .query_row("SELECT coalesce(max(n), 0) FROM sale", [], |row| row.get(0))
        .unwrap()
}

#[test]
#[ignore = "a process of the test above"]
fn a_process_that_sells() {
    let Some(database) = env::var_os(SELLS) else {
        return;
    };
    let rate: u32 = env::var("WARUNG_SELLS_A_SECOND").unwrap().parse().unwrap();
    let shop = bot(Path::new(&database));
    shop.execute_batch("PRAGMA synchronous = FULL").unwrap();
    let (first, begun) = (sold(&shop) + 1, Instant::now());
    // The harness has begun a line of its own.
    println!();
    for number in 0.. {
        let due = begun + Duration::from_secs(1) / rate * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let n = first + i64::from(number);
        shop.execute(
            "INSERT INTO sale (n, what) VALUES (?1, printf('sale %d', ?1))",
            [n],
        )
        .unwrap();
        println!("sold {n} {}", millis());
    }
}
