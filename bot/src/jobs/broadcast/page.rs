//! How a broadcast looks to its seller, the same whether it was opened or follows by itself. Pure: values in, a screen out.

use std::time::Duration;

use protocol::time::UnixMillis;

use crate::{
    outbox::{
        Button, Keyboard, Screen,
        on_broadcast::OnBroadcast,
        press::Press,
        rich::{Rich, clip},
    },
    shop::{
        Shop,
        broadcast::{Broadcast, PauseReason, State},
        customer::Language,
    },
    words::{say, when},
};

/// Of the announcement's own words as many are shown.
const EXCERPT_UNITS_MAX: usize = 300;
/// Squares of the bar.
const BAR_SQUARES: u64 = 10;

/// The page.
#[must_use]
pub fn screen(shop: &Shop, language: Language, broadcast: &Broadcast, now: UnixMillis) -> Screen {
    let mut lines = vec![status(shop, language, broadcast)];
    if !matches!(broadcast.state, State::Draft | State::Scheduled) {
        lines.extend(progress(language, broadcast, now));
    }
    if broadcast.counts.unknown > 0 {
        lines.push(say(language, "broadcast-unknown-means", &[]));
    }
    let announcement = &broadcast.announcement;
    let picture = if announcement.photo.is_some() { "🖼 " } else { "" };
    let words = Rich::default()
        .bold(&say(
            language,
            "broadcast-title",
            &[("number", &broadcast.id.0.to_string())],
        ))
        .then("\n\n")
        .then(picture)
        .then(&clip(&announcement.text, EXCERPT_UNITS_MAX))
        .then("\n\n")
        .then(&lines.join("\n"));
    Screen {
        words,
        keyboard: keyboard(language, broadcast),
    }
}

/// The word that it stopped by itself, why, and the way to let it go on.
#[must_use]
pub fn stopped(language: Language, broadcast: &Broadcast) -> Screen {
    let reason = broadcast.pause_reason.and_then(|reason| why(language, reason));
    let (number, left) = (broadcast.id.0.to_string(), broadcast.counts.left().to_string());
    let words = Rich::default()
        .bold(&say(language, "broadcast-stopped", &[("number", &number)]))
        .then("\n\n")
        .then(&reason.unwrap_or_default())
        .then("\n\n")
        .then(&say(language, "broadcast-stopped-left", &[("count", &left)]));
    let on = |key: &str, wish| {
        vec![Button::new(
            say(language, key, &[]),
            Press::Broadcast(broadcast.id, wish),
        )]
    };
    Screen {
        words,
        keyboard: vec![
            on("button-resume-broadcast", OnBroadcast::Resume),
            on("button-open-broadcast", OnBroadcast::Open),
        ],
    }
}

/// Where it stands, in one word and a sign.
#[must_use]
pub fn state(language: Language, state: State) -> String {
    let key = match state {
        State::Draft => "broadcast-draft",
        State::Scheduled => "broadcast-scheduled",
        State::Running => "broadcast-running",
        State::Paused => "broadcast-paused",
        State::Done => "broadcast-done",
        State::Cancelled => "broadcast-cancelled",
    };
    say(language, key, &[])
}

fn status(shop: &Shop, language: Language, broadcast: &Broadcast) -> String {
    let audience = broadcast.counts.audience.to_string();
    let mut lines = vec![state(language, broadcast.state)];
    match (broadcast.state, broadcast.scheduled_at) {
        (State::Scheduled, Some(at)) => {
            let time = when::day_and_clock(at, &shop.timezone);
            lines.push(say(language, "broadcast-begins", &[("time", &time)]));
        }
        (State::Paused, _) => lines.extend(broadcast.pause_reason.and_then(|reason| why(language, reason))),
        _ => {}
    }
    lines.push(say(language, "broadcast-audience", &[("count", &audience)]));
    lines.join("\n")
}

fn why(language: Language, reason: PauseReason) -> Option<String> {
    match reason {
        PauseReason::Seller => None,
        PauseReason::Trouble => Some(say(language, "broadcast-trouble", &[])),
        PauseReason::Restore => Some(say(language, "broadcast-went-back", &[])),
    }
}

fn progress(language: Language, broadcast: &Broadcast, now: UnixMillis) -> Vec<String> {
    let counts = broadcast.counts;
    let mut lines = vec![format!("\n{} {} %", bar(counts.percent()), counts.percent())];
    let numbers = [
        ("broadcast-sent", counts.sent),
        ("broadcast-blocked", counts.blocked),
        ("broadcast-unknown", counts.unknown),
        ("broadcast-failed", counts.failed),
    ];
    for (key, count) in numbers {
        lines.push(say(language, key, &[("count", &count.to_string())]));
    }
    if broadcast.state == State::Running {
        let left = length(language, broadcast.time_left(now));
        lines.push(say(language, "broadcast-left", &[("time", &left)]));
    }
    lines
}

fn bar(percent: u64) -> String {
    let full = percent * BAR_SQUARES / 100;
    (0..BAR_SQUARES)
        .map(|square| if square < full { '▓' } else { '░' })
        .collect()
}

/// Minutes and seconds, or hours and minutes: nobody counts seconds of an hour.
fn length(language: Language, length: Duration) -> String {
    let seconds = length.as_secs();
    let (key, large, small) = if seconds < 3_600 {
        ("length-minutes", seconds / 60, seconds % 60)
    } else {
        ("length-hours", seconds / 3_600, seconds % 3_600 / 60)
    };
    say(
        language,
        key,
        &[("large", &large.to_string()), ("small", &small.to_string())],
    )
}

fn keyboard(language: Language, broadcast: &Broadcast) -> Keyboard {
    let on = |key: &str, wish| Button::new(say(language, key, &[]), Press::Broadcast(broadcast.id, wish));
    let counted = |key: &str, count: u64, wish| {
        let label = say(language, key, &[("count", &count.to_string())]);
        vec![Button::new(label, Press::Broadcast(broadcast.id, wish))]
    };
    let counts = broadcast.counts;
    let mut keyboard: Keyboard = match broadcast.state {
        State::Draft | State::Scheduled => vec![
            vec![
                on("button-preview", OnBroadcast::Preview),
                on("button-broadcast-products", OnBroadcast::Products(0)),
            ],
            counted("button-send-now", counts.audience, OnBroadcast::Send),
            vec![
                on("button-schedule", OnBroadcast::Schedule),
                on("button-cancel-broadcast", OnBroadcast::AskCancel),
            ],
        ],
        State::Running => vec![vec![
            on("button-pause-broadcast", OnBroadcast::Pause),
            on("button-cancel-broadcast", OnBroadcast::AskCancel),
        ]],
        State::Paused => vec![vec![
            on("button-resume-broadcast", OnBroadcast::Resume),
            on("button-cancel-broadcast", OnBroadcast::AskCancel),
        ]],
        State::Done | State::Cancelled => Vec::new(),
    };
    if counts.unknown > 0 && broadcast.state != State::Cancelled {
        keyboard.push(counted(
            "button-retry-unknown",
            counts.unknown,
            OnBroadcast::RetryUnknown,
        ));
    }
    keyboard.push(vec![way_back(language, broadcast.state)]);
    keyboard
}

/// What follows by itself stays where it is: other pages open below it.
fn way_back(language: Language, state: State) -> Button {
    let list = Press::Broadcasts(0);
    let press = match state {
        State::Draft | State::Scheduled => list,
        State::Running | State::Paused | State::Done | State::Cancelled => Press::Anew(Box::new(list)),
    };
    Button::new(say(language, "button-broadcasts", &[]), press)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_full_only_at_the_end() {
        assert_eq!(bar(0), "░░░░░░░░░░");
        assert_eq!(bar(34), "▓▓▓░░░░░░░");
        assert_eq!(bar(99), "▓▓▓▓▓▓▓▓▓░");
        assert_eq!(bar(100), "▓▓▓▓▓▓▓▓▓▓");
    }

    #[test]
    fn a_length_is_read_at_a_glance() {
        let en = |seconds| length(Language::English, Duration::from_secs(seconds));
        assert_eq!(en(62), "1 min 2 s");
        assert_eq!(en(3_720), "1 h 2 min");
    }
}
