//! What is known of the line to Telegram: how updates come, what became of the last calls, how long it wants quiet.
//! Written down by whoever calls, read for the health report. It decides nothing.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use protocol::{
    health::{CONFLICTS_MAX, Receiving, TelegramHealth, WebhookHealth},
    time::UnixMillis,
};
use serde::Deserialize;

use super::{api::CallError, token};
use crate::{
    health::{
        calls::{Calls, age_ms, left_ms},
        millis,
    },
    incident,
};

/// Methods that receive; every other one sends or changes something.
const ASKING: &str = "getUpdates";
const RECEIVING: [&str; 4] = ["getUpdates", "getWebhookInfo", "setWebhook", "deleteWebhook"];

/// What Telegram answers when another program uses the token.
const CONFLICT: i64 = 409;
/// Conflicts count for so long: a program that is being replaced by its next version meets one or two.
const CONFLICT_COUNTS: Duration = Duration::from_mins(5);

/// The line. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Line(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    sends: Calls<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    receiving: Receiving,
    last_update: Option<UnixMillis>,
    last_delivery: Option<UnixMillis>,
    last_poll: Option<UnixMillis>,
    webhook: Option<(UnixMillis, WebhookInfo)>,
    quiet_until: Option<UnixMillis>,
    is_refused: bool,
    /// In a row.
    failed_receiving: u32,
    /// When Telegram ended a question for updates because of another program; the oldest first.
    conflicts: VecDeque<UnixMillis>,
}

/// What `getWebhookInfo` answers, as far as it is of use (core.telegram.org/bots/api#webhookinfo).
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WebhookInfo {
    /// Empty where no webhook is set.
    #[serde(default)]
    pub url: String,
    /// Updates that wait.
    #[serde(default)]
    pub pending_update_count: u64,
    /// When Telegram last failed to deliver, in seconds since 1970.
    pub last_error_date: Option<i64>,
    /// Why, in words for people.
    pub last_error_message: Option<String>,
}

impl Line {
    /// Updates come this way from now on.
    pub fn receives_by(&self, receiving: Receiving) {
        self.state().receiving = receiving;
    }

    /// Telegram answered a poll, with updates or without.
    pub fn polled(&self, updates: usize, now: UnixMillis) {
        let mut state = self.state();
        state.last_poll = Some(now);
        if updates > 0 {
            state.last_update = Some(now);
        }
    }

    /// Telegram delivered an update to the webhook.
    pub fn delivered(&self, now: UnixMillis) {
        let mut state = self.state();
        (state.last_delivery, state.last_update) = (Some(now), Some(now));
    }

    /// When it last did.
    #[must_use]
    pub fn last_delivery(&self) -> Option<UnixMillis> {
        self.state().last_delivery
    }

    /// Telegram told about its webhook.
    pub fn webhook_told(&self, info: &WebhookInfo, now: UnixMillis) {
        self.state().webhook = Some((now, info.clone()));
    }

    /// A call ended. What Telegram refuses got through; so did what came too fast.
    pub fn called<T>(&self, method: &str, result: &Result<T, CallError>, now: UnixMillis) {
        self.heard(result.as_ref().err());
        if RECEIVING.contains(&method) {
            if method == ASKING {
                self.asked(result.as_ref().err(), now);
            }
            return self.received(result.as_ref().err());
        }
        match result {
            Ok(_) => self.0.sends.succeeded(now),
            Err(CallError::TooFast(pause)) => {
                let mut state = self.state();
                state.quiet_until = state.quiet_until.max(Some(now.plus(*pause)));
            }
            Err(CallError::Refused { code, .. }) if !matches!(code, 401 | 404) => self.0.sends.succeeded(now),
            Err(_) => self.0.sends.failed((), now),
        }
    }

    fn asked(&self, error: Option<&CallError>, now: UnixMillis) {
        if !matches!(error, Some(CallError::Refused { code: CONFLICT, .. })) {
            return;
        }
        let conflicts = &mut self.state().conflicts;
        conflicts.push_back(now);
        if conflicts.len() > CONFLICTS_MAX as usize {
            conflicts.pop_front();
        }
    }

    /// What Telegram refuses got through.
    fn received(&self, error: Option<&CallError>) {
        let mut state = self.state();
        state.failed_receiving = match error {
            None | Some(CallError::Refused { .. } | CallError::TooFast(_)) => 0,
            Some(_) => state.failed_receiving.saturating_add(1),
        };
    }

    /// Any answer but its refusal shows that Telegram takes the token; no answer shows nothing.
    fn heard(&self, error: Option<&CallError>) {
        let mut state = self.state();
        match error {
            Some(error) if token::is_refused(error) => state.is_refused = true,
            None | Some(CallError::Refused { .. } | CallError::TooFast(_)) => state.is_refused = false,
            Some(_) => {}
        }
    }

    /// Whether Telegram's last answer was that it does not take the token.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.state().is_refused
    }

    /// All of it, for the agent.
    #[must_use]
    pub fn health(&self, now: UnixMillis) -> TelegramHealth {
        let sends = self.0.sends.standing();
        let state = self.state();
        TelegramHealth {
            receiving: state.receiving,
            last_update_ms: age_ms(state.last_update, now),
            last_poll_ms: age_ms(state.last_poll, now),
            webhook: state.webhook.as_ref().map(|(asked_at, info)| WebhookHealth {
                asked_ms: millis(now.since(*asked_at)),
                pending: info.pending_update_count,
                last_error_at: info
                    .last_error_date
                    .map(|at| UnixMillis(at.saturating_mul(1_000))),
                last_error: info.last_error_message.as_deref().map(incident::reason),
            }),
            send_failures: sends.failures,
            receive_failures: state.failed_receiving,
            conflicts: count_since(&state.conflicts, now),
            last_send_ms: age_ms(sends.last_success, now),
            quiet_ms: left_ms(state.quiet_until, now),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count_since(conflicts: &VecDeque<UnixMillis>, now: UnixMillis) -> u32 {
    let counts = |at: &&UnixMillis| now.since(**at) < CONFLICT_COUNTS;
    u32::try_from(conflicts.iter().filter(counts).count()).unwrap_or(CONFLICTS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_program_at_the_token_counts_for_five_minutes_also_where_a_question_between_is_answered() {
        let line = Line::default();
        let conflict = || {
            Err(CallError::Refused {
                code: 409,
                reason: String::new(),
            })
        };
        line.called::<()>("getUpdates", &conflict(), UnixMillis(0));
        line.called("getUpdates", &Ok(()), UnixMillis(10_000));
        line.called::<()>("getUpdates", &conflict(), UnixMillis(20_000));
        line.called::<()>("setWebhook", &conflict(), UnixMillis(20_000));
        let at = |at| line.health(UnixMillis(at)).conflicts;
        assert_eq!((at(30_000), at(310_000), at(320_000)), (2, 1, 0));
        (0..1_000).for_each(|at| line.called::<()>("getUpdates", &conflict(), UnixMillis(at)));
        assert_eq!(at(1_000), CONFLICTS_MAX);
    }

    #[test]
    fn questions_for_updates_that_fail_are_counted_apart_until_one_is_answered() {
        let line = Line::default();
        let poll = |result: Result<(), CallError>| line.called("getUpdates", &result, UnixMillis(5));
        poll(Err(CallError::NotReached("no connection")));
        poll(Err(CallError::InDoubt("cut")));
        let health = line.health(UnixMillis(6));
        assert_eq!((health.receive_failures, health.send_failures), (2, 0));
        poll(Ok(()));
        assert_eq!(line.health(UnixMillis(6)).receive_failures, 0);
    }

    #[test]
    fn what_telegram_refuses_got_through_and_an_outage_did_not() {
        let line = Line::default();
        let end = |result: Result<(), CallError>| line.called("sendMessage", &result, UnixMillis(5));
        let refused = |code| CallError::Refused {
            code,
            reason: String::new(),
        };
        end(Err(CallError::NotReached("no connection")));
        end(Err(CallError::Faulty));
        end(Err(refused(401)));
        assert_eq!(line.health(UnixMillis(5)).send_failures, 3);
        end(Err(refused(403)));
        assert_eq!(line.health(UnixMillis(9)).send_failures, 0);
        assert_eq!(line.health(UnixMillis(9)).last_send_ms, Some(4));
    }

    #[test]
    fn a_refused_token_stands_until_telegram_takes_it_whatever_is_called() {
        let line = Line::default();
        let end = |error| {
            line.called::<()>("getUpdates", &Err(error), UnixMillis(5));
            line.is_refused()
        };
        let refused = |code| CallError::Refused {
            code,
            reason: String::new(),
        };
        assert!(end(refused(401)) && end(CallError::Faulty) && end(refused(404)));
        assert!(!end(refused(409)));
    }

    #[test]
    fn an_empty_poll_is_no_call_that_sends() {
        let line = Line::default();
        line.called::<()>("getUpdates", &Err(CallError::Faulty), UnixMillis(1));
        line.polled(0, UnixMillis(1));
        let health = line.health(UnixMillis(3));
        assert_eq!(
            (health.send_failures, health.last_poll_ms, health.last_update_ms),
            (0, Some(2), None)
        );
    }

    #[test]
    fn the_longest_quiet_counts_and_passes() {
        let line = Line::default();
        for seconds in [7, 3] {
            let pause = Duration::from_secs(seconds);
            line.called::<()>("sendMessage", &Err(CallError::TooFast(pause)), UnixMillis(0));
        }
        assert_eq!(line.health(UnixMillis(1_000)).quiet_ms, Some(6_000));
        assert_eq!(line.health(UnixMillis(7_000)).quiet_ms, None);
    }
}
