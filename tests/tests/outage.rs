//! A time without Telegram, the real agent killed again and again in it, then a full disk: what the pretend Telegram
//! and the pretend second way recorded is held against what happened, and the agent's own word counts for nothing.
//! `WARUNG_KILLS` and `WARUNG_MINUTES` say how many kills in how long; briefly without.

use std::{
    env, fs,
    fs::OpenOptions,
    io::Write,
    thread::sleep,
    time::{Duration, Instant, SystemTime},
};

use jiff::Timestamp;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rusqlite::{Connection, named_params};
use serde_json::json;
use tests::{
    gate::Gate,
    progress::Progress,
    push::{ANSWERS_AFTER, Push, TOPIC},
    sandbox::OWNER_BOT,
    shop::Shop,
    volume::{fill, in_own_mounts, mount_small},
    wait::{until, within},
};

use crate::shelves::stocked;

const KILLS: u32 = 25;
const LENGTH: Duration = Duration::from_secs(65);
/// The agent's promise for what is critical; a short run on a busy machine is given more.
const SECOND_WAY: Duration = Duration::from_secs(90);
const SECOND_WAY_BRIEFLY: Duration = Duration::from_secs(180);
/// Longer than the longest wait between two attempts.
const PATIENCE: Duration = Duration::from_secs(180);
/// Room for the agent's state, its ballast, and what else it keeps.
const STATE_BYTES: u64 = 96 << 20;
/// One answer in so many is lost on the second way.
const LOSSY: usize = 3;
/// An answer that came this short before a kill may not have been stored.
const STORED_AFTER: Duration = Duration::from_secs(2);
const LATE_ANSWER: Duration = Duration::from_millis(1_500);

const DIED: &str = "Bot toko mati mendadak";
const AGAIN: &str = "Terjadi lagi (2 kali";
const BACK: &str = "Bot toko berjalan lagi";
const REPEATED: &str = "(mungkin ulangan)";

/// Something that reached the owner.
struct Arrival {
    at: SystemTime,
    text: String,
    /// Nobody could know that it arrived.
    is_answer_lost: bool,
}

/// What happened to one event on one way.
#[derive(Default, Debug)]
struct Told {
    times: usize,
    unmarked_repeats: usize,
    unexplained_repeats: usize,
}

struct World {
    shop: Shop,
    gate: Gate,
    push: Push,
    chance: StdRng,
    events: usize,
    kills: Vec<SystemTime>,
    length: Duration,
}

impl World {
    fn new(seed: u64, length: Duration) -> Self {
        let mut shop = Shop::open(&stocked(1));
        fs::create_dir_all(shop.place.agent_state()).unwrap();
        mount_small(&shop.place.agent_state(), STATE_BYTES).unwrap();
        let telegram = shop.sandbox.url().trim_start_matches("http://").parse().unwrap();
        let (gate, push) = (Gate::before(telegram), Push::start(LOSSY));
        let toml = fs::read_to_string(shop.place.agent_toml()).unwrap();
        let toml = toml.replace(shop.sandbox.url(), &format!("http://{}", gate.address));
        let channel = format!(
            "\n[channels.push]\ntype = \"ntfy\"\nurl = \"http://{}\"\n",
            push.address
        );
        fs::write(shop.place.agent_toml(), toml + &channel).unwrap();
        let env = shop.place.agent_config().join(".env");
        let mut env = OpenOptions::new().append(true).open(env).unwrap();
        writeln!(env, "CHANNEL_PUSH_TOPIC={TOPIC}").unwrap();
        shop.start_agent().unwrap();
        shop.wait_for_watch();
        Self {
            shop,
            gate,
            push,
            chance: StdRng::seed_from_u64(seed),
            events: 0,
            kills: Vec::new(),
            length,
        }
    }

    /// The bot has something to report: a row as it writes them itself.
    fn happen(&mut self, severity: &str) -> String {
        self.events += 1;
        let text = event(self.events);
        let shop = Connection::open(self.shop.place.database()).unwrap();
        shop.busy_timeout(Duration::from_secs(10)).unwrap();
        shop.execute(
            "INSERT INTO incident (at, kind, severity, text) VALUES (:at, 'rehearsed', :severity, :text)",
            named_params! { ":at": Timestamp::now().as_millisecond(), ":severity": severity, ":text": text },
        )
        .unwrap();
        text
    }

    /// Another of the ways in which Telegram is not there.
    fn break_telegram(&mut self) {
        let fault = |more: serde_json::Value| {
            let mut rule = json!({ "target": "telegram", "bot": OWNER_BOT });
            rule.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            rule
        };
        let (mut rule, mut is_open) = (None, true);
        // A slow answer is an answer: not before the second way was needed.
        let ways = if self.push.first_that_says(DIED).is_some() {
            20
        } else {
            19
        };
        match self.chance.random_range(0..ways) {
            0..6 => is_open = false,
            6..9 => self.gate.fall_mute(),
            9..12 => rule = Some(fault(json!({ "fault": "status", "code": 502 }))),
            12..15 => rule = Some(fault(json!({ "fault": "down" }))),
            // Taken, and never answered: nobody can know.
            15..19 => {
                rule = Some(fault(
                    json!({ "fault": "timeout_after_effect", "hold_ms": 30_000, "times": 1 }),
                ))
            }
            _ => {
                let delay_ms = u64::try_from(LATE_ANSWER.as_millis()).unwrap();
                rule = Some(fault(
                    json!({ "fault": "delay", "delay_ms": delay_ms, "times": 1 }),
                ));
            }
        }
        self.shop.sandbox.mend().unwrap();
        // Under every rule stands this one, for when its times are over.
        let down = fault(json!({ "fault": "down" }));
        for rule in [rule.clone(), Some(down)].into_iter().flatten() {
            self.shop.sandbox.break_with(&rule).unwrap();
        }
        if !is_open {
            self.gate.refuse();
        } else if rule.is_some() {
            self.gate.open();
        }
    }

    fn mend_telegram(&mut self) {
        self.shop.sandbox.mend().unwrap();
        self.gate.open();
    }

    fn kill(&mut self) {
        self.shop.kill_agent();
        self.kills.push(SystemTime::now());
    }

    /// Lives of the agent until there were so many kills, each at a moment of which it knows nothing.
    fn torment(&mut self, kills: u32) {
        let mut progress = Progress::new("kills", kills as usize);
        let life = self.length / kills;
        for done in 0..kills {
            self.break_telegram();
            if self.chance.random_bool(0.6) {
                let severity = ["info", "warning", "critical"][self.chance.random_range(0..3)];
                self.happen(severity);
            }
            if done == kills / 2 {
                self.shop.start_bot().unwrap();
            }
            // The pause is the experiment itself.
            sleep(life.mul_f64(self.chance.random_range(0.05..1.95)));
            self.kill();
            self.shop.launch_agent().unwrap();
            progress.at(done as usize + 1, 0);
        }
    }

    fn on_telegram(&self) -> Vec<Arrival> {
        let filter = format!("api=telegram&bot={OWNER_BOT}");
        let record = self.shop.sandbox.whole_record(&filter).unwrap();
        let taken = record.iter().filter(|entry| {
            entry["code"] == 200 && (entry["method"] == "sendMessage" || entry["method"] == "editMessageText")
        });
        taken
            .map(|entry| Arrival {
                at: entry["at"].as_str().unwrap().parse::<Timestamp>().unwrap().into(),
                text: entry["params"]["text"].as_str().unwrap_or_default().to_owned(),
                is_answer_lost: entry["fault"] == "timeout_after_effect" || entry["fault"] == "delay",
            })
            .collect()
    }

    fn on_push(&self) -> Vec<Arrival> {
        let taken = self.push.taken().into_iter();
        taken
            .map(|message| Arrival {
                at: message.at,
                text: message.text,
                is_answer_lost: message.is_answer_lost,
            })
            .collect()
    }

    fn is_told(&self, text: &str) -> bool {
        self.on_telegram()
            .iter()
            .any(|arrival| arrival.text.contains(text))
    }

    /// How often these words arrived on one way, and whether each repetition is marked and had a reason.
    fn told(&self, arrivals: &[Arrival], words: &str) -> Told {
        let mut told = Told::default();
        let mut before: Option<&Arrival> = None;
        for arrival in arrivals {
            let Some(line) = arrival.text.lines().find(|line| line.contains(words)) else {
                continue;
            };
            told.times += 1;
            if let Some(before) = before {
                let marked = line.contains(REPEATED) || arrival.text.starts_with(REPEATED);
                told.unmarked_repeats += usize::from(!marked);
                told.unexplained_repeats += usize::from(!self.was_open_at_a_kill(before));
            }
            before = Some(arrival);
        }
        told
    }

    fn was_open_at_a_kill(&self, arrival: &Arrival) -> bool {
        let (from, to) = (
            arrival.at - LATE_ANSWER,
            arrival.at + ANSWERS_AFTER + STORED_AFTER,
        );
        arrival.is_answer_lost || self.kills.iter().any(|kill| (from..to).contains(kill))
    }

    /// Everything that happened was told by the first way, and nothing was told twice without saying so.
    fn account(&self) -> String {
        let (telegram, push) = (self.on_telegram(), self.on_push());
        let mut repeats = [0, 0];
        for number in 1..=self.events {
            for (way, arrivals) in [&telegram, &push].into_iter().enumerate() {
                let told = self.told(arrivals, &event(number));
                assert!(way == 1 || told.times > 0, "{} was lost", event(number));
                assert_eq!(
                    (told.unmarked_repeats, told.unexplained_repeats),
                    (0, 0),
                    "way {way}, {}: {told:?}",
                    event(number)
                );
                repeats[way] += told.times.saturating_sub(1);
            }
        }
        format!(
            "{} kills, {} events, 0 lost, repeats: {} by Telegram and {} by the second way, each marked",
            self.kills.len(),
            self.events,
            repeats[0],
            repeats[1]
        )
    }

    /// How long after `since` the second way had these words.
    fn second_way(&self, words: &str, since: SystemTime, limit: Duration) -> Duration {
        let what = format!("the second way to say '{words}'");
        let said = || {
            let all = self.push.taken().into_iter();
            all.filter(|message| message.at >= since)
                .find(|message| message.text.contains(words))
        };
        let message = until(&what, limit, said);
        message.at.duration_since(since).unwrap_or_default()
    }

    /// The bot dies within the hour after it died before, is told as that, and runs again; the agent is killed a few times
    /// before and after that. How long it took until the second way had the end of it.
    fn die_again(&mut self, limit: Duration) -> Duration {
        self.shop.wait_for_watch();
        let died = SystemTime::now();
        self.shop.kill_bot();
        self.second_way(AGAIN, died, limit);
        self.kill_some();
        self.shop.start_bot().unwrap();
        let back = SystemTime::now();
        self.kill_some();
        self.second_way(BACK, back, limit)
    }

    fn kill_some(&mut self) {
        for _ in 0..3 {
            // The pause is the experiment itself.
            sleep(Duration::from_secs_f64(self.chance.random_range(0.1..3.0)));
            self.kill();
            self.shop.launch_agent().unwrap();
        }
    }
}

fn event(number: usize) -> String {
    format!("Event {number:04}.")
}

fn wanted() -> (u32, Duration, Duration) {
    let number = |name: &str| env::var(name).ok().map(|value| value.parse::<u32>().unwrap());
    let kills = number("WARUNG_KILLS").unwrap_or(KILLS);
    match number("WARUNG_MINUTES") {
        Some(minutes) => (kills, Duration::from_secs(60) * minutes, SECOND_WAY),
        None => (kills, LENGTH, SECOND_WAY_BRIEFLY),
    }
}

#[test]
fn nothing_is_lost_without_telegram_though_the_agent_dies_again_and_again_and_the_disk_is_full() {
    if !in_own_mounts(
        "outage::nothing_is_lost_without_telegram_though_the_agent_dies_again_and_again_and_the_disk_is_full",
    ) {
        return;
    }
    let (kills, length, limit) = wanted();
    let seed = rand::random();
    println!("seed {seed}");
    let mut world = World::new(seed, length);
    world.gate.refuse();
    let died = SystemTime::now();
    world.shop.kill_bot();
    world.torment(kills);
    let first = world.second_way(DIED, died, limit);
    assert!(first < limit, "the second way took {first:?}");
    world.second_way(BACK, died, limit);
    world.kill();
    world.shop.launch_agent().unwrap();

    // The disk of the agent's state is full, and whatever it lets go of is taken as well.
    let state = world.shop.place.agent_state();
    let filled = [fill(&state)];
    let begun = SystemTime::now();
    let words = world.happen("critical");
    if env::var_os("WARUNG_MINUTES").is_some() {
        let second = world.second_way(&words, begun, SECOND_WAY * 2);
        assert!(
            second < SECOND_WAY,
            "on a full disk the second way took {second:?}"
        );
    }
    let ended = world.die_again(limit);
    OpenOptions::new()
        .append(true)
        .open(&filled[0])
        .map(|mut file| while file.write_all(&[b'x'; 4_096]).is_ok() {})
        .unwrap();
    world.happen("warning");
    world.mend_telegram();
    let mended = Instant::now();
    let all = within(PATIENCE, || {
        (1..=world.events)
            .all(|number| world.is_told(&event(number)))
            .then_some(())
    });
    let took = mended.elapsed();
    assert!(all.is_some() || world.account().is_empty(), "something was lost");
    until("Telegram to tell that the bot is back", PATIENCE, || {
        world.is_told(BACK).then_some(())
    });
    assert!(world.is_told(DIED));

    // There is room again: what was kept in memory is on the disk, and a restart repeats nothing.
    fs::remove_file(&filled[0]).unwrap();
    let words = world.happen("warning");
    until("the owner to hear with room again", PATIENCE, || {
        world.is_told(&words).then_some(())
    });
    world.shop.stop_agent().unwrap();
    world.shop.start_agent().unwrap();
    let words = world.happen("warning");
    until("the owner to hear after a restart", PATIENCE, || {
        world.is_told(&words).then_some(())
    });
    println!("{}", world.account());
    println!(
        "soak: the second way had the crash after {first:?}, and the end of a second one after {ended:?}; Telegram had \
         everything {took:?} after it was back"
    );
}
