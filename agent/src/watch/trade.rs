//! What only the bot can know of its trade: money that does not come in, goods that do not go out, jobs and updates
//! that wait. Read from the health that the bot's own watch has asked for.
//! It asks nobody. Without a bot all of it is unknown.

use std::time::{Duration, Instant};

use protocol::health::{CommitFault, GatewayHealth, Health};
use tokio::sync::watch;

use super::{
    bounded::Bounded,
    probe::{At, Probe, Seen},
};
use crate::alert::{
    rule::{AlertKey, Rule},
    standing::{commits_key, find, gateway_key, telegram_key, updates_key},
};

const EVERY: Duration = Duration::from_secs(5);
/// A bot with work for a gateway has asked it by then: what failed before its start waits for five minutes at most.
const START: Duration = Duration::from_secs(360);

const DELIVERY: &[Rule] = &[Rule::DeliveryLate];
const UNPAID: &[Rule] = &[Rule::OrdersStuck];
const QUEUE: &[Rule] = &[Rule::QueueLagging];
const GATEWAY: &[Rule] = &[Rule::PaymentsFailing];
const SENDS: &[Rule] = &[Rule::TelegramLagging];
const UPDATES: &[Rule] = &[Rule::TelegramShared];
const COMMITS: &[Rule] = &[Rule::DatabaseRefuses];

/// That nobody has tried since the bot's start: a code, as the bot's own are.
const UNTRIED: &str = "untried";
/// That the bot does not say why.
const UNTOLD: &str = "untold";

/// The watch over the trade.
pub struct Trade {
    health: watch::Receiver<Option<Health>>,
    ages: Ages,
    started: Started,
}

/// The bot's start, and since when it was seen to run.
#[derive(Default)]
struct Started(Option<(i64, Instant)>);

impl Started {
    /// Whether the same bot has run for so long that no failures in a row are what it knows, and not that it was started:
    /// as it was seen, or as it says itself.
    fn is_settled(&mut self, at: At, health: &Health) -> bool {
        let same = self.0.filter(|(seen, _)| *seen == health.boot);
        let (_, since) = *self.0.insert(same.unwrap_or((health.boot, at.tick)));
        at.tick.duration_since(since).max(at.now.since(health.started_at)) >= START
    }
}

/// What waits, by the bot's clock: goods, orders that are not paid, work.
#[derive(Default)]
struct Ages {
    undelivered: Bounded,
    unpaid: Bounded,
    queue: Bounded,
}

impl Trade {
    /// A watch over what the bot said last; `None` while it does not answer.
    #[must_use]
    pub fn new(health: watch::Receiver<Option<Health>>) -> Self {
        Self {
            health,
            ages: Ages::default(),
            started: Started::default(),
        }
    }
}

impl Probe for Trade {
    fn name(&self) -> &'static str {
        "trade"
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn look(&mut self, at: At) -> Seen {
        let mut seen = Seen::default();
        match self.health.borrow().as_ref() {
            // Of a database that cannot be opened nothing else is known.
            Some(health) if health.boot == 0 => {
                judge_commits(&mut seen, health);
                seen.unknown(
                    AlertKey::new("trade", "delivery"),
                    "the shop's database is not open",
                );
            }
            Some(health) => {
                let is_settled = self.started.is_settled(at, health);
                judge(&mut seen, health, (&mut self.ages, is_settled), at);
            }
            None => seen.unknown(AlertKey::new("trade", "delivery"), "the bot does not answer"),
        }
        seen
    }
}

fn judge(seen: &mut Seen, health: &Health, (ages, is_settled): (&mut Ages, bool), at: At) {
    let trade = &health.trade;
    let undelivered_s = ages.undelivered.bound(at, seconds(trade.oldest_undelivered_ms));
    seen.sample("oldest_undelivered_seconds", undelivered_s);
    seen.measure(
        AlertKey::new("trade", "delivery"),
        DELIVERY,
        undelivered_s,
        String::new(),
    );
    let unpaid_s = ages.unpaid.bound(at, seconds(trade.oldest_unpaid_ms));
    let detail = trade.awaiting_payment.to_string();
    seen.measure(AlertKey::new("trade", "unpaid"), UNPAID, unpaid_s, detail);
    let waiting_s = ages.queue.bound(at, seconds(health.queue.oldest_ready_ms));
    seen.sample("queue_lag_seconds", waiting_s);
    seen.sample("queue_ready_count", count(health.queue.ready));
    seen.sample("inbox_waiting_count", count(health.queue.inbox));
    seen.sample("sends_waiting_count", count(health.queue.sends));
    let paused = health.queue.paused.join(", ");
    seen.measure(AlertKey::new("queue", "jobs"), QUEUE, waiting_s, paused);
    health
        .gateways
        .iter()
        .for_each(|gateway| judge_gateway(seen, health, (gateway, is_settled)));
    judge_telegram(seen, health);
    judge_commits(seen, health);
}

/// What the bot says stands counts at once; of an older bot its failures are counted.
fn judge_commits(seen: &mut Seen, health: &Health) {
    if let Some(stands) = find(health.standing.as_deref(), Rule::DatabaseRefuses, "") {
        let wrong = (Rule::DatabaseRefuses, stands.detail.clone());
        return seen.judge(commits_key(), Some(wrong));
    }
    let commits = f64::from(health.database.failed_commits);
    let detail = health.database.commit_fault.map_or("", CommitFault::name);
    seen.measure(commits_key(), COMMITS, commits, detail.to_owned());
}

/// A shop without orders asks its gateway nothing: no failures in a row count as well, but for a bot that was just started.
fn judge_gateway(seen: &mut Seen, health: &Health, (gateway, is_settled): (&GatewayHealth, bool)) {
    let key = gateway_key(&gateway.name);
    if let Some(stands) = find(health.standing.as_deref(), Rule::GatewayRefuses, &gateway.name) {
        let untried = stands.is_untried.then(|| format!(", {UNTRIED}"));
        let detail = stands.detail.clone() + &untried.unwrap_or_default();
        return seen.judge(key, Some((Rule::GatewayRefuses, detail)));
    }
    let has_answered = gateway.last_success_ms.is_some() || (is_settled && gateway.failures == 0);
    let reason = gateway
        .last_fault
        .map_or_else(|| UNTOLD.to_owned(), |fault| format!("{fault:?}").to_lowercase());
    measure_calls(seen, key, GATEWAY, (has_answered, gateway.failures), &reason);
}

/// Calls that failed in a row. A start mends nothing: of somebody who has not answered this process yet, and has not
/// failed it often enough, nothing is known, and what stands goes on standing.
fn measure_calls(
    seen: &mut Seen,
    key: AlertKey,
    rules: &'static [Rule],
    (has_answered, failures): (bool, u32),
    reason: &str,
) {
    let value = f64::from(failures);
    let is_wrong = |rule: &Rule| rule.spec().threshold.is_some_and(|line| line.is_raised_by(value));
    if has_answered || rules.iter().any(is_wrong) {
        seen.measure(key, rules, value, reason.to_owned());
    }
}

fn judge_telegram(seen: &mut Seen, health: &Health) {
    let telegram = &health.telegram;
    if let Some(webhook) = &telegram.webhook {
        seen.sample("telegram_pending_count", count(webhook.pending));
    }
    if find(health.standing.as_deref(), Rule::TelegramRefuses, "").is_some() {
        let wrong = (Rule::TelegramRefuses, String::new());
        return seen.judge(telegram_key(), Some(wrong));
    }
    let has_answered = [telegram.last_send_ms, telegram.last_poll_ms]
        .iter()
        .any(Option::is_some)
        || telegram.webhook.is_some();
    let conflicts = (telegram.last_poll_ms.is_some(), telegram.conflicts);
    measure_calls(seen, updates_key(), UPDATES, conflicts, "");
    let failures = telegram.send_failures.max(telegram.receive_failures);
    measure_calls(seen, telegram_key(), SENDS, (has_answered, failures), "");
}

/// Nothing that waits has waited for no time.
fn seconds(age_ms: Option<u64>) -> f64 {
    count(age_ms.unwrap_or(0)) / 1000.0
}

#[allow(clippy::cast_precision_loss, reason = "figures for thresholds and charts")]
fn count(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use protocol::{
        health::{GatewayFault, Standing},
        time::UnixMillis,
    };

    use super::{super::probe::Verdict, *};
    use crate::alert::rule::Observation;

    fn see(seen: &mut Seen, health: &Health) {
        let at = At {
            now: UnixMillis(0),
            tick: Instant::now(),
        };
        judge(seen, health, (&mut Ages::default(), false), at);
    }

    #[test]
    fn each_figure_of_the_bots_word_is_held_against_its_own_rule() {
        let mut health = Health::default();
        health.trade.oldest_undelivered_ms = Some(301_000);
        health.gateways.push(GatewayHealth {
            name: "pakasir".to_owned(),
            failures: 3,
            failing_ms: Some(1000),
            last_success_ms: None,
            last_fault: Some(GatewayFault::Refused),
        });
        // A quiet shop sends nothing: that it hears nothing either is seen by what it asks.
        health.telegram.receive_failures = 7;
        let mut seen = Seen::default();
        see(&mut seen, &health);
        let figures: Vec<(String, f64)> = seen
            .findings
            .iter()
            .filter_map(|finding| match &finding.verdict {
                Verdict::Known(Observation::Measured { value, .. }) => {
                    Some((finding.key.to_string(), *value))
                }
                _ => None,
            })
            .collect();
        assert!(
            figures.contains(&("trade/delivery".to_owned(), 301.0)),
            "{figures:?}"
        );
        assert!(
            figures.contains(&("gateway/pakasir".to_owned(), 3.0)),
            "{figures:?}"
        );
        let telegram = (telegram_key().to_string(), 7.0);
        assert!(figures.contains(&telegram), "{figures:?}");
    }

    #[test]
    fn what_the_bot_says_stands_is_wrong_until_it_does_not_say_so_any_more() {
        let stands = |kind: &str, about: &str, detail: &str| Standing {
            kind: kind.to_owned(),
            about: about.to_owned(),
            detail: detail.to_owned(),
            is_untried: kind == "gateway_refuses",
        };
        let health = Health {
            boot: 1,
            gateways: vec![GatewayHealth {
                name: "pakasir".to_owned(),
                failures: 1,
                failing_ms: None,
                last_success_ms: None,
                last_fault: None,
            }],
            standing: Some(vec![
                stands("telegram_refuses", "", ""),
                stands("gateway_refuses", "pakasir", "401"),
                stands("database_refuses", "", "full"),
            ]),
            ..Health::default()
        };
        let wrong = |health: &Health| {
            let mut seen = Seen::default();
            see(&mut seen, health);
            let findings = seen.findings.into_iter();
            findings
                .filter_map(|finding| match finding.verdict {
                    Verdict::Known(Observation::Wrong { rule, detail }) => Some((rule, detail)),
                    _ => None,
                })
                .collect::<Vec<_>>()
        };
        let said = |rule, detail: &str| (rule, detail.to_owned());
        assert_eq!(
            wrong(&health),
            [
                said(Rule::GatewayRefuses, "401, untried"),
                said(Rule::TelegramRefuses, ""),
                said(Rule::DatabaseRefuses, "full"),
            ]
        );
        let over = Health {
            standing: Some(Vec::new()),
            ..health
        };
        assert_eq!(wrong(&over), []);
    }

    #[test]
    fn a_start_of_the_bot_ends_nothing_before_somebody_has_answered_it() {
        let gateway = |failures, last_success_ms| GatewayHealth {
            name: "pakasir".to_owned(),
            failures,
            failing_ms: None,
            last_success_ms,
            last_fault: None,
        };
        let spoken_of = |health: Health| {
            let mut seen = Seen::default();
            see(&mut seen, &health);
            let of = |key: AlertKey| seen.findings.iter().any(|finding| finding.key == key);
            [of(gateway_key("pakasir")), of(telegram_key())]
        };
        let started = |failures, last_success_ms| Health {
            boot: 2,
            gateways: vec![gateway(failures, last_success_ms)],
            standing: Some(Vec::new()),
            ..Health::default()
        };
        assert_eq!(spoken_of(started(0, None)), [false, false]);
        assert_eq!(
            spoken_of(started(2, None)),
            [false, false],
            "two failures mend nothing"
        );
        assert_eq!(spoken_of(started(3, None)), [true, false]);
        let mut answered = started(0, Some(10));
        answered.telegram.last_poll_ms = Some(10);
        assert_eq!(spoken_of(answered), [true, true]);
    }

    #[test]
    fn no_failures_in_a_row_are_well_some_minutes_after_the_start_also_where_nobody_was_asked() {
        let health = |boot, failures| Health {
            boot,
            started_at: UnixMillis(match boot {
                7 => 0,
                _ => 365_000,
            }),
            gateways: vec![GatewayHealth {
                name: "pakasir".to_owned(),
                failures,
                failing_ms: None,
                last_success_ms: None,
                last_fault: None,
            }],
            ..Health::default()
        };
        let (said, heard) = watch::channel(None);
        let (mut trade, began) = (Trade::new(heard), Instant::now());
        let mut at = |second: u64, health: Health| {
            said.send_replace(Some(health));
            let tick = began + Duration::from_secs(second);
            let now = UnixMillis(0).plus(Duration::from_secs(second));
            let seen = trade.look(At { now, tick });
            let of_gateway = |key: &AlertKey| *key == gateway_key("pakasir");
            let mut findings = seen.findings.into_iter();
            findings
                .find(|finding| of_gateway(&finding.key))
                .and_then(|finding| match finding.verdict {
                    Verdict::Known(Observation::Measured { value, .. }) => Some(value),
                    _ => None,
                })
        };
        assert_eq!(at(0, health(7, 9)), Some(9.0));
        assert_eq!(at(359, health(7, 0)), None);
        assert_eq!(at(360, health(7, 1)), None, "it fails");
        assert_eq!(at(360, health(7, 0)), Some(0.0));
        assert_eq!(at(365, health(8, 0)), None, "another start");
        assert_eq!(at(370, health(8, 2)), None);
        assert_eq!(at(725, health(8, 0)), Some(0.0));
        assert_eq!(at(726, health(9, 0)), Some(0.0), "it says since when it runs");
    }

    #[test]
    fn without_a_bot_nothing_is_fine() {
        let (_sender, health) = watch::channel(None);
        let at = At {
            now: UnixMillis(0),
            tick: Instant::now(),
        };
        let seen = Trade::new(health).look(at);
        assert!(matches!(seen.findings[0].verdict, Verdict::Unknown(_)) && seen.findings.len() == 1);
    }
}
