//! Waiting for the agent's word: what counts as a yes, how long it takes, how many questions it costs, who is told.

use std::time::{Duration, Instant};

use bot::{
    db::{self, Reader, Writer},
    incident,
    keeper::{
        durable::{Durable, Waited},
        store::{self, Trouble},
    },
};
use protocol::incident::IncidentId;
use tokio::{task::JoinSet, time::sleep};

use super::pretend_agent::{Answer, PretendAgent, YES};

const LIMIT: Duration = Duration::from_secs(2);
/// Two busy cores are late by this much at worst.
const SLACK: Duration = Duration::from_millis(900);
const AT_ONCE: Duration = Duration::ZERO;

struct Desk {
    durable: Durable,
    writer: Writer,
    reader: Reader,
    _dir: tempfile::TempDir,
}

impl Desk {
    fn asking(url: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let mut conn = db::open_writer(&path).unwrap();
        db::migrate(&mut conn).unwrap();
        let (writer, _) = Writer::start(conn);
        let (durable, asker) = Durable::asking(url, writer.clone()).unwrap();
        tokio::spawn(asker.run());
        Self {
            durable,
            writer,
            reader: Reader::open(&path).unwrap(),
            _dir: dir,
        }
    }

    /// What the owner was told, with why.
    async fn incidents(&self) -> Vec<String> {
        let found = self
            .reader
            .run(|conn| incident::store::after(conn, IncidentId(0)))
            .await;
        let told = found.unwrap().into_iter();
        told.map(|incident| format!("{}: {}", incident.kind, incident.text))
            .collect()
    }

    /// Whether an outage is noted, once what is being written has been.
    async fn lasts(&self) -> bool {
        // What is said of a wait may come half a second after it.
        sleep(Duration::from_millis(700)).await;
        self.writer
            .run(|conn| store::lasts(conn, Trouble::NotDurable))
            .await
            .unwrap()
    }
}

async fn timed(durable: &Durable) -> (bool, Duration) {
    let start = Instant::now();
    (durable.wait().await, start.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_agent_nobody_waits() {
    let durable = Durable::without_agent();
    assert_eq!(durable.wait_in_hand().await, Waited::GoOn);
    let (known, took) = timed(&durable).await;
    assert!(!known && took < Duration::from_millis(50));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_clear_yes_is_a_yes_and_nothing_takes_longer_than_two_seconds() {
    let agent = PretendAgent::start(Answer::Says(200, YES, AT_ONCE)).await;
    let desk = Desk::asking(&agent.url());
    assert!(desk.durable.wait().await);
    let says = |status, body| Answer::Says(status, body, AT_ONCE);
    let noes = [
        says(504, YES),
        says(500, YES),
        says(204, ""),
        says(202, YES),
        says(200, ""),
        says(200, "ok"),
        says(200, "{}"),
        says(200, r#"{"chain":"","commit":7}"#),
        says(200, r#"{"chain":"00ff","commit":-1}"#),
        Answer::Huge,
        Answer::Elsewhere,
    ];
    for no in noes {
        agent.answers(no.clone());
        let (known, took) = timed(&desk.durable).await;
        assert!(!known, "{no:?}");
        assert!(took < SLACK, "{no:?} took {took:?}");
    }
    for slow in [Answer::Never, Answer::Says(200, YES, Duration::from_secs(4))] {
        agent.answers(slow.clone());
        let (known, took) = timed(&desk.durable).await;
        assert!(
            !known && took >= LIMIT && took < LIMIT + SLACK,
            "{slow:?} took {took:?}"
        );
    }
    agent.answers(says(200, YES));
    assert!(desk.durable.wait().await, "the next one is believed again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_refuses_the_connection_costs_no_time() {
    let desk = Desk::asking("http://127.0.0.1:9");
    let (known, took) = timed(&desk.durable).await;
    assert!(!known && took < SLACK, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_together_share_a_question() {
    let agent = PretendAgent::start(Answer::Says(200, YES, Duration::from_millis(300))).await;
    let desk = Desk::asking(&agent.url());
    let mut waiters = JoinSet::new();
    for _ in 0..500 {
        let durable = desk.durable.clone();
        waiters.spawn(async move { timed(&durable).await });
    }
    let ended = waiters.join_all().await;
    assert!(ended.iter().all(|(known, _)| *known));
    let longest = ended.iter().map(|(_, took)| *took).max().unwrap();
    assert!(longest < Duration::from_millis(300 + 250) + SLACK, "{longest:?}");
    assert!(agent.questions() <= 4, "{} questions for 500", agent.questions());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_left_before_the_commit_is_nobody_elses() {
    let agent = PretendAgent::start(Answer::Says(200, YES, Duration::from_millis(600))).await;
    let desk = Desk::asking(&agent.url());
    let first = tokio::spawn({
        let durable = desk.durable.clone();
        async move { timed(&durable).await }
    });
    sleep(Duration::from_millis(300)).await;
    let (known, took) = timed(&desk.durable).await;
    assert!(known && took >= Duration::from_millis(600), "{took:?}");
    assert!(first.await.unwrap().0);
    assert_eq!(agent.questions(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_agent_sees_few_questions_at_a_time_and_nobody_waits_longer_than_two_seconds() {
    let agent = PretendAgent::start(Answer::Never).await;
    let desk = Desk::asking(&agent.url());
    let mut waiters = JoinSet::new();
    for _ in 0..150 {
        let durable = desk.durable.clone();
        waiters.spawn(async move { timed(&durable).await });
        sleep(Duration::from_millis(20)).await;
    }
    for (known, took) in waiters.join_all().await {
        assert!(!known && took < LIMIT + SLACK, "{took:?}");
    }
    assert!(agent.most_open() <= 11, "{} at a time", agent.most_open());
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_wait_leave_hands_for_other_work() {
    let agent = PretendAgent::start(Answer::Never).await;
    let desk = Desk::asking(&agent.url());
    let mut jobs = JoinSet::new();
    for _ in 0..16 {
        let durable = desk.durable.clone();
        jobs.spawn(async move { durable.wait_in_hand().await });
    }
    let ended = jobs.join_all().await;
    assert_eq!(ended.iter().filter(|waited| **waited == Waited::GoOn).count(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_says_only_at_the_end_that_it_was_in_vain_is_not_called_silent() {
    let agent = PretendAgent::start(Answer::Says(504, "", LIMIT + Duration::from_millis(5))).await;
    let desk = Desk::asking(&agent.url());
    let (known, took) = timed(&desk.durable).await;
    assert!(!known && took >= LIMIT && took < LIMIT + SLACK, "{took:?}");
    assert!(desk.lasts().await);
    assert_eq!(desk.incidents().await, ["not_durable: 2 · not_yet"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_told_once_for_an_outage_and_not_when_it_is_over() {
    let agent = PretendAgent::start(Answer::Says(504, "", AT_ONCE)).await;
    let desk = Desk::asking(&agent.url());
    for _ in 0..20 {
        desk.durable.wait().await;
    }
    assert!(desk.lasts().await);
    assert_eq!(desk.incidents().await, ["not_durable: 2 · not_yet"]);
    // A bot that starts in the middle of it knows.
    let (again, asker) = Durable::asking(&agent.url(), desk.writer.clone()).unwrap();
    tokio::spawn(asker.run());
    again.wait().await;
    assert!(desk.lasts().await);
    agent.answers(Answer::Says(200, YES, AT_ONCE));
    assert!(again.wait().await);
    assert!(!desk.lasts().await);
    // A line that comes and goes is one trouble, not one an hour.
    agent.answers(Answer::Never);
    again.wait().await;
    assert!(desk.lasts().await);
    assert_eq!(desk.incidents().await, ["not_durable: 2 · not_yet"]);
}
