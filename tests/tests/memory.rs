//! What the real agent holds in memory while the owner asks for pictures and pages and alerts come and go: as much at
//! the end as after the first minutes. It takes minutes, and the programs as they are released: `scripts/soak memory`
//! runs it, and `WARUNG_MEMORY_MINUTES` says for how long.

use std::{
    env, fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle, sleep},
    time::{Duration, Instant},
};

use tests::{
    chat::{Chat, PATIENCE},
    http,
    progress::Progress,
    sandbox::OWNER_BOT,
    settings::OWNER,
    shop::Shop,
    wait::until,
};

use crate::shelves::stocked;

const MIB: f64 = 1024.0;
/// The promises, in MiB of anonymous memory.
const STEADY: f64 = 12.0;
const DURING_A_CHART: f64 = 16.0;
const DRIFT: f64 = 1.0;
/// Two minutes, in which caches fill that have a bound.
const WARM_UP: usize = 20;
const MINUTES: u64 = 10;
/// After the last picture the allocator and the caches come to rest.
const REST: Duration = Duration::from_secs(20);
/// Telegram takes about one message a second in a chat.
const PACE: Duration = Duration::from_millis(1_200);
const PICTURES: [&str; 3] = ["disk", "mem", "cpu"];

fn anonymous_mib(process: u32) -> f64 {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap();
    let line = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Anonymous:"))
        .unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / MIB
}

/// Looks all the time, and keeps the most that it saw.
struct Watch {
    most_kib: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watch {
    fn over(process: u32) -> Self {
        let (most_kib, ends) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (most, end) = (Arc::clone(&most_kib), Arc::clone(&ends));
        let thread = thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some MiB")]
                most.fetch_max((anonymous_mib(process) * MIB) as u64, Ordering::Relaxed);
                sleep(Duration::from_millis(5));
            }
        });
        Self {
            most_kib,
            ends,
            thread,
        }
    }

    fn most_mib(self) -> f64 {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        #[allow(clippy::cast_precision_loss, reason = "some MiB")]
        let most_kib = self.most_kib.load(Ordering::Relaxed) as f64;
        most_kib / MIB
    }
}

fn pictures(chat: &Chat) -> usize {
    chat.messages().iter().filter(|message| message.is_photo).count()
}

/// A picture of each kind, every page, and a crash with its end.
fn round(shop: &mut Shop) {
    let owner = shop.sandbox.chat(OWNER_BOT, OWNER);
    for what in PICTURES {
        sleep(PACE);
        let before = pictures(&owner);
        owner.say(&format!("/graph 24h {what}")).unwrap();
        until("the picture", PATIENCE, || {
            (pictures(&owner) > before).then_some(())
        });
    }
    for page in ["", "health", "metrics"] {
        let url = format!("http://{}/{page}", shop.settings.agent_private);
        assert_eq!(http::try_get(&url).unwrap().status, 200, "{url}");
    }
    shop.kill_bot();
    shop.start_bot().unwrap();
    shop.wait_for_watch();
}

#[test]
#[ignore = "scripts/soak memory runs it"]
fn pictures_pages_and_alerts_leave_nothing_behind_in_memory() {
    let minutes = env::var("WARUNG_MEMORY_MINUTES").map_or(MINUTES, |minutes| minutes.parse().unwrap());
    let mut shop = Shop::open(&stocked(1));
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let process = shop.agent_id().unwrap();
    for _ in 0..WARM_UP {
        round(&mut shop);
    }
    // The pause is the experiment itself: what is held when nothing happens.
    sleep(REST);
    let before = anonymous_mib(process);
    let (watch, begun) = (Watch::over(process), Instant::now());
    let (mut rounds, seconds) = (0, usize::try_from(60 * minutes).unwrap());
    let mut progress = Progress::new("seconds", seconds);
    while begun.elapsed() < Duration::from_secs(60 * minutes) {
        round(&mut shop);
        rounds += 1;
        progress.at(
            usize::try_from(begun.elapsed().as_secs()).unwrap().min(seconds),
            0,
        );
    }
    let most = watch.most_mib();
    sleep(REST);
    let after = anonymous_mib(process);
    let drift = after - before;
    println!(
        "soak: {rounds} rounds; at rest {before:.1} MiB before and {after:.1} MiB after, drift {drift:.2}; at most {most:.1} MiB"
    );
    assert!(drift < DRIFT, "{drift:.2} MiB more");
    assert!(
        after <= STEADY && most <= DURING_A_CHART,
        "{after:.1} MiB, at most {most:.1} MiB"
    );
}
