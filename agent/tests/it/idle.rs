//! What an agent costs while nobody buys: it asks nothing of its remotes.
//! Some seconds here; `scripts/soak idle` watches for minutes and says how much of the processor it took, by which
//! nothing fails.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::site::{Site, wanted};

const SECONDS: usize = 5;
/// What follows a start and a backup is over when the line was silent for so long.
const SILENCE: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn an_idle_agent_asks_nothing_of_its_remotes() {
    let site = Site::new();
    let mut agent = site.start_agent();
    site.back_up_first();
    wait_for_silence(&site);
    let watched = Duration::from_secs(wanted("WARUNG_IDLE_SECONDS", SECONDS) as u64);
    let (used, ticks) = (site.line.used(), ticks(agent.id()));
    std::thread::sleep(watched);
    let percent = (self::ticks(agent.id()) - ticks) as f64 / watched.as_secs_f64();
    assert!(agent.0.try_wait().unwrap().is_none(), "the agent has ended");
    // A tick is a hundredth of a second on every Linux that this runs on.
    println!(
        "soak idle: {percent:.3} % of one core over {} s",
        watched.as_secs()
    );
    assert_eq!(site.line.used(), used, "connections and bytes");
    println!("soak idle: no connection and no byte to the remote");
    agent.burn();
}

fn wait_for_silence(site: &Site) {
    let begun = Instant::now();
    let (mut used, mut since) = (site.line.used(), Instant::now());
    while since.elapsed() < SILENCE {
        assert!(begun.elapsed() < LIMIT, "the agent never rests");
        std::thread::sleep(Duration::from_millis(20));
        if site.line.used() != used {
            (used, since) = (site.line.used(), Instant::now());
        }
    }
}

/// Processor time that a process has taken.
fn ticks(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
