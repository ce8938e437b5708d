//! The agent's figures in Prometheus' text format, version 0.0.4. docs/OPERATING names each of them.
//! Pure; labels are escaped, and there are as many lines as there are series, at most a few hundred.

use std::fmt::Write as _;

use crate::{
    overview::Overview,
    watch::{bot_health::BotState, history::History},
};

/// All of them.
pub(super) fn text(overview: &Overview, history: &History) -> String {
    let mut text = String::new();
    totals(&mut text, overview);
    let ages = overview.fresh.iter().map(|fresh| {
        let age_s = overview.at.since(fresh.taken_at).as_secs_f64();
        (fresh.remote.as_str(), age_s)
    });
    let help = "Age of the newest restore point of a remote.";
    many(&mut text, "warung_backup_age_seconds", help, "remote", ages);
    let alerts = overview.open.iter().map(|open| (open.key.as_str(), 1.0));
    let help = "1 for each alert that is wrong at the moment.";
    many(&mut text, "warung_alert", help, "key", alerts);
    let names = history.series().unwrap_or_default();
    let newest = names
        .iter()
        .filter_map(|name| Some((name.as_str(), history.latest(name)?.1)));
    let help = "The newest figure of a series; its unit is in its name.";
    many(&mut text, "warung_measured", help, "series", newest);
    text
}

fn totals(text: &mut String, overview: &Overview) {
    let is_up = matches!(overview.bot, BotState::Running | BotState::Ailing);
    for (name, help, value) in [
        (
            "warung_bot_up",
            "Whether the bot answers.",
            f64::from(u8::from(is_up)),
        ),
        (
            "warung_alerts_open",
            "Alerts that are wrong at the moment.",
            count(overview.open.len()),
        ),
        (
            "warung_unknown",
            "Things of which it cannot be known how they stand.",
            count(overview.unknown),
        ),
        (
            "warung_outbox_waiting",
            "Messages to the owner that wait.",
            whole(overview.waiting),
        ),
        (
            "warung_strangers_total",
            "Messages from people who are not the owner.",
            signed(overview.strangers),
        ),
        (
            "warung_orders_24h",
            "Orders placed within 24 hours.",
            whole(overview.day.0),
        ),
        (
            "warung_paid_rupiah_24h",
            "Rupiah that came in within 24 hours.",
            signed(overview.day.1),
        ),
    ] {
        one(text, name, help, value);
    }
}

fn one(text: &mut String, name: &str, help: &str, value: f64) {
    head(text, name, help);
    let _ = writeln!(text, "{name} {value}");
}

fn many<'a>(
    text: &mut String,
    name: &str,
    help: &str,
    label: &str,
    values: impl Iterator<Item = (&'a str, f64)>,
) {
    head(text, name, help);
    for (of, value) in values {
        let of = of.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = writeln!(text, "{name}{{{label}=\"{of}\"}} {value}");
    }
}

fn head(text: &mut String, name: &str, help: &str) {
    let kind = if name.ends_with("_total") {
        "counter"
    } else {
        "gauge"
    };
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

#[allow(clippy::cast_precision_loss, reason = "Prometheus' figures are floats")]
fn whole(count: u64) -> f64 {
    count as f64
}

#[allow(clippy::cast_precision_loss, reason = "Prometheus' figures are floats")]
fn signed(count: i64) -> f64 {
    count as f64
}

#[allow(clippy::cast_precision_loss, reason = "Prometheus' figures are floats")]
fn count(count: usize) -> f64 {
    count as f64
}
