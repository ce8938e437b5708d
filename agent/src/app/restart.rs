//! Restarts a bot that hangs, as often as the budget allows; after that the alert about the bot says that nobody does.
//! The decision is pure; the doing is one call of systemctl, which a polkit rule lets the agent's user make.
//! A bot that was stopped, that crashed, or that somebody works on is left to systemd and to people.

use std::{
    convert::Infallible,
    io::Read,
    process::{ChildStderr, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use jiff::Timestamp;
use protocol::time::UnixMillis;
use tokio::time::{sleep, timeout};

use crate::{
    alert::{
        Alerts,
        engine::MAINTENANCE,
        restarts::{BUDGET, PATIENCE, RESTART_LIMIT},
        rule::Rule,
    },
    store::{Store, book::Book},
};

const LOOK_EVERY: Duration = Duration::from_secs(10);
const BUDGET_WINDOW: Duration = Duration::from_secs(3600);
/// It complains in a line or two, which a pipe holds without a reader.
const SAID_BYTES_MAX: u64 = 4_096;
/// A restart is told once it has ended; one that takes longer is told of before.
const TOLD_AFTER: Duration = Duration::from_secs(5);

/// What the bot is told as while it hangs.
const HANGS: [Rule; 2] = [Rule::BotHung, Rule::BotRestartsSpent];

/// What is done about the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// It is not for the agent to act.
    Leave,
    /// Now.
    Restart,
}

/// The one who restarts.
pub(super) struct Restarter {
    pub(super) alerts: Alerts,
    pub(super) store: Arc<Store>,
    pub(super) unit: String,
}

impl Restarter {
    /// Looks for as long as the agent lives. No vital loop: everything else goes on without it.
    pub(super) async fn run(self) -> Infallible {
        // An older agent told in an alert of its own that it restarts no more: the bot's says so now.
        if let Err(error) = self.alerts.withdraw_others("bot_restarts", &[], now()) {
            tracing::error!(error = format!("{error:#}"), "an older agent's alert stays");
        }
        loop {
            sleep(LOOK_EVERY).await;
            if let Err(error) = self.look(now()).await {
                tracing::error!(
                    error = format!("{error:#}"),
                    "a hung bot could not be restarted by the agent"
                );
            }
        }
    }

    async fn look(&self, now: UnixMillis) -> anyhow::Result<()> {
        let window = UnixMillis(now.0.saturating_sub(3_600_000));
        let before = self.store.bot_restarts(window)?;
        if decide(&self.alerts.book()?, &before, now) != Decision::Restart {
            return Ok(());
        }
        // Before the doing: one that cannot be written down would not count.
        self.store.add_bot_restart(now, window)?;
        tracing::error!(
            unit = self.unit,
            "the bot has hung for a minute and systemd did not end it: the agent restarts it"
        );
        let unit = self.unit.clone();
        let mut doing = tokio::task::spawn_blocking(move || restart(&unit));
        let done = match timeout(TOLD_AFTER, &mut doing).await {
            Ok(done) => done,
            // What may not be done is refused at once; what stops and starts a bot may take its time.
            Err(_) => {
                self.alerts.tell_restarts(self::now())?;
                doing.await
            }
        };
        let done = done.context("waiting for systemctl")?;
        let why = done.as_ref().err().map(|error| format!("{error:#}"));
        self.alerts.restart_ended(now, why.as_deref(), self::now())?;
        done
    }
}

fn decide(book: &Book, restarts: &[UnixMillis], now: UnixMillis) -> Decision {
    let hung = book
        .alerts
        .get("bot/bot")
        .filter(|row| row.loudest.is_some() && HANGS.iter().any(|rule| row.rule == rule.name()));
    let Some(hung) = hung else {
        return Decision::Leave;
    };
    let is_maintained = book
        .silences
        .values()
        .any(|silence| silence.scope == MAINTENANCE && silence.until > now);
    // systemd's own watchdog ends a hung bot after 30 s: the agent acts only where that did not. The last restart is
    // given its time as well.
    let since = restarts
        .last()
        .copied()
        .unwrap_or(hung.rule_since)
        .max(hung.rule_since);
    if is_maintained || now.since(since) < PATIENCE {
        return Decision::Leave;
    }
    let recent = restarts
        .iter()
        .filter(|at| now.since(**at) < BUDGET_WINDOW)
        .count();
    if recent < BUDGET {
        Decision::Restart
    } else {
        Decision::Leave
    }
}

fn restart(unit: &str) -> anyhow::Result<()> {
    let mut child = Command::new("systemctl")
        .args(["--no-ask-password", "restart", unit])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting systemctl")?;
    let end = Instant::now() + RESTART_LIMIT;
    loop {
        if let Some(status) = child.try_wait().context("waiting for systemctl")? {
            if status.success() {
                return Ok(());
            }
            let said = said_last(child.stderr.take());
            anyhow::bail!(
                "systemctl restart {unit} ended with {status}: without the polkit rule of scripts/install the agent \
                 may not do that, and the owner must{said}"
            );
        }
        if Instant::now() >= end {
            child.kill().context("ending systemctl")?;
            child.wait().context("ending systemctl")?;
            anyhow::bail!(
                "systemctl restart {unit} took longer than {} s",
                RESTART_LIMIT.as_secs()
            );
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The last line of what a program that has ended complained of, in brackets.
fn said_last(stderr: Option<ChildStderr>) -> String {
    let mut said = String::new();
    let read = stderr.map(|stderr| stderr.take(SAID_BYTES_MAX).read_to_string(&mut said));
    match (read, said.lines().rfind(|line| !line.trim().is_empty())) {
        (Some(Ok(_)), Some(line)) => format!(" ({})", line.trim()),
        _ => String::new(),
    }
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    use protocol::incident::Severity;

    use super::*;
    use crate::store::{
        alerts::AlertRow,
        book::{Silence, SilenceId},
    };

    const NOW: UnixMillis = UnixMillis(100_000_000);

    fn ago(seconds: i64) -> UnixMillis {
        UnixMillis(NOW.0 - seconds * 1000)
    }

    fn book(rule: Rule, seconds: i64) -> Book {
        let row = AlertRow {
            key: "bot/bot".to_owned(),
            rule: rule.name().to_owned(),
            detail: String::new(),
            value: None,
            since: ago(seconds),
            rule_since: ago(seconds),
            looks: 1,
            good_looks: 0,
            loudest: Some(Severity::Critical),
            gravest: None,
            gravest_since: None,
            episode: None,
            held: None,
            told: None,
            away_since: None,
        };
        let mut book = Book::default();
        book.alerts.insert(row.key.clone(), row);
        book
    }

    #[test]
    fn only_a_bot_that_hangs_is_restarted_and_at_most_three_times_an_hour() {
        use Decision::{Leave, Restart};
        let cases: [(Rule, i64, &[i64], Decision); 8] = [
            (Rule::BotHung, 59, &[], Leave),
            (Rule::BotHung, 60, &[], Restart),
            (Rule::BotHung, 600, &[30], Leave),
            (Rule::BotHung, 600, &[200, 100], Restart),
            (Rule::BotHung, 600, &[300, 200, 100], Leave),
            (Rule::BotRestartsSpent, 600, &[3_700, 200, 100], Restart),
            (Rule::BotGone, 600, &[], Leave),
            (Rule::BotStopped, 600, &[], Leave),
        ];
        for (rule, lasts, restarts, expected) in cases {
            let restarts: Vec<UnixMillis> = restarts.iter().map(|seconds| ago(*seconds)).collect();
            assert_eq!(
                decide(&book(rule, lasts), &restarts, NOW),
                expected,
                "{rule:?} {lasts} {restarts:?}"
            );
        }
        let mut maintained = book(Rule::BotHung, 600);
        let silence = Silence {
            scope: MAINTENANCE.to_owned(),
            from: ago(10),
            until: NOW.plus(Duration::from_secs(10)),
        };
        maintained.silences.insert(SilenceId(1), silence);
        assert_eq!(decide(&maintained, &[], NOW), Leave);
        assert_eq!(decide(&Book::default(), &[], NOW), Leave);
    }
}
