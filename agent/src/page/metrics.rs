//! The agent's figures in Prometheus' text format, version 0.0.4. docs/OPERATING names each of them.
//! Pure; labels are escaped, and there are as many lines as there are series, at most a few hundred.

use std::{fmt::Write as _, time::Duration};

use crate::{
    overview::Overview,
    watch::{bot_health::BotState, history::History},
};

/// What was not measured for longer is no figure of now: everything is looked at every five minutes or more often, but for
/// logs that their owner wants looked at more seldom.
const FRESH: Duration = Duration::from_secs(600);

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
    backups(&mut text, overview);
    let alerts = overview.open.iter().map(|open| (open.key.as_str(), 1.0));
    let help = "1 for each alert that is wrong at the moment.";
    many(&mut text, "warung_alert", help, "key", alerts);
    let reported = overview.reported.iter();
    let reported = reported.map(|kind| (kind.kind.as_str(), whole(kind.count)));
    let help = "Single events that the bot reported within 24 hours.";
    many(&mut text, "warung_reported_24h", help, "kind", reported);
    let names = history.measured();
    let newest = names
        .iter()
        .filter_map(|name| Some((name.as_str(), history.latest(name)?)))
        .filter(|(_, (at, _))| overview.at.since(*at) <= FRESH)
        .map(|(name, (_, value))| (name, value));
    let help = "The newest figure of a series; its unit is in its name.";
    many(&mut text, "warung_measured", help, "series", newest);
    text
}

/// How far remotes are, and how long ago a restore from them was rehearsed.
fn backups(text: &mut String, overview: &Overview) {
    let shipping = || overview.shipping.iter();
    let lag = shipping().map(|one| {
        let lag = one.waits(overview.at);
        (one.remote.as_str(), lag.as_secs_f64())
    });
    let help = "Age of the oldest commit that a remote lacks; 0 when it has all.";
    many(text, "warung_backup_lag_seconds", help, "remote", lag);
    let commits = shipping().map(|one| (one.remote.as_str(), whole(one.waiting_commits)));
    let help = "Commits that a remote lacks.";
    many(text, "warung_backup_lag_commits", help, "remote", commits);
    let failing = shipping().map(|one| {
        let is_failing = u8::from(one.failing.is_some() || one.unanswered_since.is_some());
        (one.remote.as_str(), f64::from(is_failing))
    });
    let help = "Whether a remote takes nothing at the moment, or does not answer.";
    many(text, "warung_backup_failing", help, "remote", failing);
    let torn = shipping().map(|one| {
        let is_torn = u8::from(one.torn_after.is_some());
        (one.remote.as_str(), f64::from(is_torn))
    });
    let help = "Whether commits that were sent to a remote cannot be restored from it: some are missing or altered there.";
    many(text, "warung_backup_torn", help, "remote", torn);
    let baseless = overview.without_base.iter();
    let baseless = baseless.map(|(remote, has_none)| (remote.as_str(), f64::from(u8::from(*has_none))));
    let help = "Whether a remote has no full backup of the present chain: the present shop does not come back from it.";
    many(text, "warung_backup_without_base", help, "remote", baseless);
    let costs = overview
        .traffic
        .iter()
        .filter_map(|one| Some((one.remote.as_str(), one.cost_a_month?)));
    let help = "What a remote costs a month as things stand, in the currency of its prices.";
    many(text, "warung_backup_cost_a_month", help, "remote", costs);
    let drilled = overview.drills.iter();
    let passed = drilled.clone().filter_map(|one| {
        let age_s = overview.at.since(one.passed_at?).as_secs_f64();
        Some((one.remote.as_str(), age_s))
    });
    let help = "Since a restore from a remote was rehearsed and passed.";
    many(text, "warung_drill_passed_age_seconds", help, "remote", passed);
    let failed = drilled.map(|one| (one.remote.as_str(), f64::from(u8::from(one.fault.is_some()))));
    let help = "Whether the newest rehearsal of a restore from a remote failed.";
    many(text, "warung_drill_failed", help, "remote", failed);
    let help = "Restore points that this agent took and did not forget.";
    one(text, "warung_restore_points", help, whole(overview.point_count));
    let help = "Encrypted bytes that wait for remotes.";
    one(text, "warung_spool_bytes", help, whole(overview.spool_bytes));
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
            "Things that are not watched at present.",
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
