//! What the console says, in both languages. Places in braces are filled by who says it.
//! Only the owner reads it, but for [`Words::private`], which says nothing.

use super::command::Usage;
use crate::{config::Language, store::episodes::Acked, watch::bot_health::BotState};

mod en;
mod id;

/// The sentences of one language.
pub(super) struct Words {
    /// To a stranger.
    pub private: &'static str,
    pub help: &'static str,
    /// What each of [`super::command::NAMES`] does, in their order, for Telegram's menu.
    pub menu: [&'static str; 13],
    pub unknown: &'static str,
    pub usage_graph: &'static str,
    pub usage_logs: &'static str,
    pub usage_silence: &'static str,
    pub usage_maintenance: &'static str,
    /// `{usage}` is filled in.
    pub usage_bare: &'static str,
    /// `{ago}` is filled in.
    pub late: &'static str,
    /// That the clock of the server is wrong, as Telegram's shows: `{by}`.
    pub clock_ahead: &'static str,
    pub clock_behind: &'static str,
    /// Behind both: what to do.
    pub set_the_clock: &'static str,
    pub broken: &'static str,
    pub busy: &'static str,
    pub well: &'static str,
    pub wrong: &'static str,
    /// Instead of both, of what is seen and is no alert yet; `{what}` is filled in.
    pub unsure: &'static str,
    /// Before the kinds of what the bot reported; `{count}` is filled in.
    pub reported: &'static str,
    pub bot: [&'static str; 6],
    pub paused: &'static str,
    pub unit: &'static str,
    pub today: &'static str,
    pub queues: &'static str,
    pub machine: &'static str,
    pub backup_age: &'static str,
    /// Of a remote that is configured and holds nothing, and of one that is not configured any more.
    pub remote_empty: &'static str,
    pub remote_gone: &'static str,
    pub no_backup: &'static str,
    pub waiting: &'static str,
    pub nothing_open: &'static str,
    pub since: &'static str,
    pub taken_on: &'static str,
    /// Where there are several owners: `{who}`.
    pub taken_on_by: &'static str,
    pub silenced: &'static str,
    pub everything: &'static str,
    pub points: &'static str,
    pub legend: &'static str,
    pub calendar: &'static str,
    pub commits_all: &'static str,
    pub commits_behind: &'static str,
    /// `{commit}` is the last one that can be had.
    pub commits_torn: &'static str,
    pub drill_ok: &'static str,
    pub drill_bad: &'static str,
    pub drill_never_passed: &'static str,
    pub drill_never: &'static str,
    pub drill_next: &'static str,
    /// Under figures whose line is drawn from means.
    pub of_means: &'static str,
    pub no_figures: &'static str,
    pub figures: &'static str,
    /// Of what is counted by the hour; `{name}` ends with the sum.
    pub hourly: &'static str,
    pub sizes: &'static str,
    pub traffic: &'static str,
    pub cost: &'static str,
    /// With a price, before what lies there was counted; and without one.
    pub no_cost_yet: &'static str,
    pub no_price: &'static str,
    pub no_picture: &'static str,
    pub no_file: &'static str,
    pub no_log: &'static str,
    pub no_place: &'static str,
    pub journal: &'static str,
    pub no_lines: &'static str,
    pub lines: &'static str,
    pub backup_begins: &'static str,
    pub backup_done: &'static str,
    pub backup_partly: &'static str,
    pub backup_runs: &'static str,
    /// `{why}` is filled in.
    pub backup_failed: &'static str,
    pub backup_unknown: &'static str,
    pub drill_begins: &'static str,
    pub drill_passed: &'static str,
    pub drill_uncounted: &'static str,
    pub drill_failed: &'static str,
    pub drill_broken: &'static str,
    pub drill_runs: &'static str,
    pub progress: &'static str,
    /// Where there is nothing to restart; `{unit}` is filled in.
    pub no_unit: &'static str,
    /// Where there is no systemd; `{why}` is filled in.
    pub no_systemd: &'static str,
    pub restart_means: &'static str,
    /// Before the second step of a long silence; `{what}` and `{at}` are filled in.
    pub quiet_means: &'static str,
    pub send_code: &'static str,
    pub send_password: &'static str,
    pub closed: &'static str,
    pub wrong_code: &'static str,
    /// Of an authenticator's password that was sent before.
    pub used_code: &'static str,
    pub no_code: &'static str,
    pub restarting: &'static str,
    pub restarted: &'static str,
    pub not_restarted: &'static str,
    pub nothing_to_silence: &'static str,
    /// `{name}` is what was typed.
    pub unknown_alert: &'static str,
    pub not_wrong: &'static str,
    /// Above what is wrong, each with its command.
    pub can_be_silenced: &'static str,
    pub silent_until: &'static str,
    /// After either of them, where it was to last longer; `{at}` is filled in.
    pub shortened: &'static str,
    pub maintenance_until: &'static str,
    pub maintenance_over: &'static str,
    pub silences_over: &'static str,
    pub no_silence: &'static str,
    pub no_maintenance: &'static str,
    pub no_entry: &'static str,
    /// The same, with names that are like it: `{names}`.
    pub near_entries: &'static str,
    pub entries: &'static str,
    /// Above an entry in full.
    pub in_english: &'static str,
    pub over_already: &'static str,
    pub acked: &'static str,
    /// Before what one of several owners did, to the others: `{who}`.
    pub by_another: &'static str,
    /// To the others, of a report: `{what}`.
    pub takes_on: &'static str,
}

/// The sentences of that language.
pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::Id => &id::WORDS,
        Language::En => &en::WORDS,
    }
}

impl Words {
    /// How a command is written.
    pub(super) fn usage(&self, usage: Usage) -> String {
        match usage {
            Usage::Graph => self.usage_graph.to_owned(),
            Usage::Logs => self.usage_logs.to_owned(),
            Usage::Silence => self.usage_silence.to_owned(),
            Usage::Maintenance => self.usage_maintenance.to_owned(),
            Usage::Bare(command) => self.usage_bare.replace("{usage}", command),
        }
    }

    /// Who took something on.
    pub(super) fn taken_on(&self, acked: &Acked) -> String {
        match &acked.by {
            None => self.taken_on.to_owned(),
            Some(who) => self.taken_on_by.replace("{who}", who),
        }
    }

    /// How the bot is.
    pub(super) fn bot(&self, bot: BotState) -> &'static str {
        match bot {
            BotState::Unknown => self.bot[0],
            BotState::Running => self.bot[1],
            BotState::Ailing => self.bot[2],
            BotState::Stopped => self.bot[3],
            BotState::Gone => self.bot[4],
            BotState::Silent => self.bot[5],
        }
    }
}
