//! The owner wants quiet: a short one at once, a long one with a second step, since nobody would notice a shop that died
//! in the middle of it.
//! It keeps nothing from being told for ever: every silence ends by itself.

use std::{collections::BTreeSet, time::Duration};

use protocol::time::UnixMillis;

use super::{Console, confirm::Danger, update::Sender};
use crate::{
    alert::{engine::MAINTENANCE, rule::Rule},
    overview::Open,
    store::book::Book,
};

/// What is wrong already may be silenced for so long in one step: for a night, as by the button.
const ALERTS_FREE: Duration = Duration::from_secs(8 * 3600);
/// Everything, also what is still to come, for so long: somebody works on the server, and knows.
const EVERYTHING_FREE: Duration = Duration::from_secs(4 * 3600);

/// Alerts that an answer names.
const OFFERED_MAX: usize = 10;

/// What is to be silent, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// One alert by its key or its rule's name, or all that are wrong now.
    Alerts(Duration, Option<String>),
    /// Everything: maintenance.
    Everything(Duration),
}

/// What of that which is wrong is meant.
enum Meant {
    /// These.
    These(Vec<Open>),
    /// Nothing, and what to say to that.
    None(String),
}

impl Quiet {
    fn lasts(&self) -> Duration {
        match self {
            Self::Alerts(lasts, _) | Self::Everything(lasts) => *lasts,
        }
    }

    fn needs_second_step(&self) -> bool {
        match self {
            Self::Alerts(lasts, _) => *lasts > ALERTS_FREE,
            Self::Everything(lasts) => *lasts > EVERYTHING_FREE,
        }
    }
}

impl Console {
    /// Begins it, or asks for the second step first.
    pub(super) fn hush(&mut self, quiet: Quiet, from: &Sender, now: UnixMillis) -> anyhow::Result<String> {
        if !quiet.needs_second_step() {
            return self.keep_quiet(&quiet, from, now);
        }
        let words = self.words();
        let what = match &quiet {
            Quiet::Everything(_) => words.everything.to_owned(),
            Quiet::Alerts(_, name) => match self.meant(name.as_deref(), now)? {
                Meant::These(open) => told(&open),
                Meant::None(why) => return Ok(why),
            },
        };
        let until = self.moment(now.plus(quiet.lasts()));
        let means = words.quiet_means.replace("{at}", &until).replace("{what}", &what);
        Ok(self.knock(Danger::Quiet(quiet), &means, from.chat, now))
    }

    /// Begins it, and says so to the other owners.
    pub(super) fn keep_quiet(&self, quiet: &Quiet, from: &Sender, now: UnixMillis) -> anyhow::Result<String> {
        match quiet {
            Quiet::Alerts(lasts, name) => self.silence(*lasts, name.as_deref(), from, now),
            Quiet::Everything(lasts) => {
                let before = silent_until(&self.desk.alerts.book()?, MAINTENANCE, now);
                let until = self.desk.alerts.maintenance(*lasts, now)?;
                let told = self
                    .words()
                    .maintenance_until
                    .replace("{at}", &self.moment(until));
                let told = told + &self.shortened(before, until);
                self.tell_others(from, &told);
                Ok(told)
            }
        }
    }

    fn silence(
        &self,
        lasts: Duration,
        name: Option<&str>,
        from: &Sender,
        now: UnixMillis,
    ) -> anyhow::Result<String> {
        let open = match self.meant(name, now)? {
            Meant::These(open) => open,
            Meant::None(why) => return Ok(why),
        };
        let book = self.desk.alerts.book()?;
        let before = open.iter().filter_map(|open| silent_until(&book, &open.key, now));
        let before = before.max();
        let mut until = now;
        for one in &open {
            until = self.desk.alerts.silence(&one.key, lasts, now)?;
        }
        let sentence = self.silent(&told(&open), until) + &self.shortened(before, until);
        self.tell_others(from, &sentence);
        Ok(sentence)
    }

    /// That this is silent until then.
    pub(super) fn silent(&self, what: &str, until: UnixMillis) -> String {
        let sentence = self.words().silent_until.replace("{at}", &self.moment(until));
        sentence.replace("{what}", what)
    }

    /// What is wrong now: all of it, or what has this key, or is of the rule of this name, in whatever case it was typed.
    fn meant(&self, name: Option<&str>, now: UnixMillis) -> anyhow::Result<Meant> {
        let words = self.words();
        let open = self.desk.look(now)?.open;
        let is_meant =
            |open: &&Open| name.is_none_or(|name| open.key.to_lowercase() == name || open.rule == name);
        let meant: Vec<Open> = open.iter().filter(is_meant).cloned().collect();
        if !meant.is_empty() {
            return Ok(Meant::These(meant));
        }
        let unknown = name.map(|name| {
            let sentence = match Rule::named(name) {
                Some(_) => words.not_wrong,
                None => words.unknown_alert,
            };
            sentence.replace("{name}", name)
        });
        let first = unknown.into_iter();
        Ok(Meant::None(match open.is_empty() {
            true => first
                .chain([words.nothing_to_silence.to_owned()])
                .collect::<Vec<_>>()
                .join(" "),
            false => first
                .chain(self.can_be_silenced(&open))
                .collect::<Vec<_>>()
                .join("\n"),
        }))
    }

    /// Each that is wrong, with the command that silences it.
    fn can_be_silenced(&self, open: &[Open]) -> Vec<String> {
        let line = |open: &Open| format!("{}\n   /silence 2h {}", open.headline, open.key);
        let shown = open.iter().take(OFFERED_MAX).map(line);
        let more = open.len().saturating_sub(OFFERED_MAX);
        let more = (more > 0).then(|| format!("+{more} · /alerts"));
        std::iter::once(self.words().can_be_silenced.to_owned())
            .chain(shown)
            .chain(more)
            .collect()
    }

    /// Ends every silence but that of everything, and says so to the other owners.
    pub(super) fn end_silences(&self, from: &Sender, now: UnixMillis) -> anyhow::Result<String> {
        let (words, book) = (self.words(), self.desk.alerts.book()?);
        let scopes: BTreeSet<&str> = book
            .silences
            .values()
            .filter(|silence| silence.until > now && silence.scope != MAINTENANCE)
            .map(|silence| silence.scope.as_str())
            .collect();
        for scope in &scopes {
            self.desk.alerts.end_silence(scope, now)?;
        }
        if scopes.is_empty() {
            return Ok(words.no_silence.to_owned());
        }
        self.tell_others(from, words.silences_over);
        Ok(words.silences_over.to_owned())
    }

    /// The same of the silence of everything.
    pub(super) fn end_maintenance(&self, from: &Sender, now: UnixMillis) -> anyhow::Result<String> {
        let words = self.words();
        let is_over = silent_until(&self.desk.alerts.book()?, MAINTENANCE, now).is_none();
        self.desk.alerts.end_silence(MAINTENANCE, now)?;
        if is_over {
            return Ok(words.no_maintenance.to_owned());
        }
        self.tell_others(from, words.maintenance_over);
        Ok(words.maintenance_over.to_owned())
    }

    /// How `/silence` is written, and of what it could be said now.
    pub(super) fn silence_usage(&self, now: UnixMillis) -> anyhow::Result<String> {
        let mut lines = vec![self.words().usage_silence.to_owned()];
        let open = self.desk.look(now)?.open;
        if !open.is_empty() {
            lines.extend(self.can_be_silenced(&open));
        }
        Ok(lines.join("\n"))
    }

    /// What was to last longer ends sooner now: the owner may not have meant that, and reads both moments.
    pub(super) fn shortened(&self, before: Option<UnixMillis>, until: UnixMillis) -> String {
        let longer = before.filter(|before| *before > until);
        longer.map_or(String::new(), |before| {
            format!(
                "\n{}",
                self.words().shortened.replace("{at}", &self.moment(before))
            )
        })
    }
}

/// In words: the keys are for who types them.
pub(super) fn told(open: &[Open]) -> String {
    let headlines: Vec<&str> = open.iter().map(|open| open.headline.as_str()).collect();
    headlines.join(", ")
}

/// Until when this is silenced already.
pub(super) fn silent_until(book: &Book, scope: &str, now: UnixMillis) -> Option<UnixMillis> {
    let of_scope = book
        .silences
        .values()
        .filter(|silence| silence.scope == scope && silence.until > now);
    of_scope.map(|silence| silence.until).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_issue_and_the_buttons_offer_is_one_step_and_days_are_two() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        for (quiet, is_long) in [
            (Quiet::Alerts(hours(2), None), false),
            (Quiet::Alerts(hours(8), Some("disk//".to_owned())), false),
            (Quiet::Alerts(hours(9), None), true),
            (Quiet::Everything(Duration::from_secs(1800)), false),
            (Quiet::Everything(hours(4)), false),
            (Quiet::Everything(hours(5)), true),
            (Quiet::Everything(hours(7 * 24)), true),
        ] {
            assert_eq!(quiet.needs_second_step(), is_long, "{quiet:?}");
        }
    }
}
