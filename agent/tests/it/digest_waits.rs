//! The digest tells of every way whether it works: it waits for tests that are missing, and not for a way that hangs.

use std::{sync::Arc, time::Duration};

use agent::{
    alert::{Alerts, ladder::ladder, rehearsal::Rehearsal},
    app,
    store::Store,
};
use protocol::time::UnixMillis;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    alert_outbox::now,
    channels::{push_and_hook, with_channels},
    pretend_bot::Bot,
    pretend_channels::Service,
    pretend_telegram::Telegram,
    world::{LIMIT, calendar, until, voice},
};
use agent::config::{Config, Language};

struct Ways {
    store: Arc<Store>,
    alerts: Alerts,
    testing: JoinHandle<()>,
    due: UnixMillis,
}

impl Ways {
    /// An agent that was set up today; its first digest is tomorrow's.
    fn of(config: &Config) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store = Arc::new(Store::open(&config.state_dir).unwrap());
        let alerts = crate::world::alerts(&store, Language::En, &ladder(config));
        alerts.digest_if_due(now()).unwrap();
        let rehearsal = Rehearsal {
            ways: app::ways(config, &reqwest::Client::new()).unwrap(),
            alerts: alerts.clone(),
            store: Arc::clone(&store),
            voice: voice(Language::En),
            calendar: calendar(),
            started_at: now(),
        };
        let testing = tokio::spawn(async { match rehearsal.run().await {} });
        let day = UnixMillis(now().0 + 86_400_000);
        let due = calendar().digest_due(day).unwrap();
        Self {
            store,
            alerts,
            testing,
            due,
        }
    }

    /// What the digest says so many seconds after it was due, once it is there.
    fn digest(&self, seconds: u64) -> Option<String> {
        let at = self.due.plus(Duration::from_secs(seconds));
        self.alerts.digest_if_due(at).unwrap();
        let telegram = crate::alert_outbox::address(crate::world::OWNER);
        let rows = self.store.waiting(&telegram, 10, UnixMillis(i64::MAX)).unwrap();
        rows.first().map(|row| row.message.text.clone())
    }

    async fn until_tested(&self, ways: usize) {
        until(LIMIT, || self.store.channel_tests().unwrap().len() == ways).await;
    }
}

#[tokio::test]
async fn a_digest_before_the_first_daily_test_has_the_ways_tested_first_and_tells_the_result() {
    let dir = tempfile::tempdir().unwrap();
    let (telegram, ntfy, hook) = (
        Telegram::start().await,
        Service::ntfy().await,
        Service::webhook().await,
    );
    let bot = Bot::start(None, 1);
    let ways = Ways::of(&with_channels(
        dir.path(),
        &bot,
        &telegram,
        &push_and_hook(&ntfy, &hook),
    ));
    // Whoever tests them has begun to listen.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(ways.digest(0), None, "the tests are missing");
    ways.until_tested(3).await;
    let told = ways.digest(2).expect("they are there");
    for way in ["✅ telegram", "✅ push", "✅ hook"] {
        assert!(told.contains(way), "{told}");
    }
    ways.testing.abort();
}

#[tokio::test]
async fn a_way_that_hangs_holds_the_digest_up_for_a_minute_and_a_half_and_is_told_as_not_tested() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bot = Bot::start(None, 1);
    let push = format!(
        "[channels.push]\ntype = \"ntfy\"\nurl = \"http://{}\"\n",
        deaf.local_addr().unwrap()
    );
    let ways = Ways::of(&with_channels(dir.path(), &bot, &telegram, &push));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(ways.digest(0), None, "the tests are missing");
    ways.until_tested(1).await;
    assert_eq!(ways.digest(89), None, "one is still missing");
    let told = ways.digest(90).expect("a minute and a half is enough");
    assert!(told.contains("✅ telegram"), "{told}");
    assert!(told.contains("⚪ push: no result of today's test yet"), "{told}");
    ways.testing.abort();
}

#[tokio::test]
async fn a_way_whose_first_try_failed_is_told_as_that_while_the_second_is_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let telegram = Telegram::start().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bot = Bot::start(None, 1);
    let push = format!(
        "[channels.push]\ntype = \"ntfy\"\nurl = \"http://{}\"\n",
        gone.local_addr().unwrap()
    );
    drop(gone);
    let ways = Ways::of(&with_channels(dir.path(), &bot, &telegram, &push));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(ways.digest(0), None, "the tests are missing");
    ways.until_tested(1).await;
    // The connection is refused at once.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let told = ways.digest(120).expect("it waits no longer");
    assert!(
        told.contains("🟡 push: today's test failed once, a second try is under way ("),
        "{told}"
    );
    ways.testing.abort();
}
