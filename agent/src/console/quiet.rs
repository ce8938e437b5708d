//! The owner wants quiet: a short one at once, a long one with a second step, since nobody would notice a shop that died
//! in the middle of it.
//! It keeps nothing from being told for ever: every silence ends by itself.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::{Console, confirm::Danger};
use crate::{alert::engine::MAINTENANCE, store::book::Book};

/// What is wrong already may be silenced for so long in one step: for a night, as by the button.
const ALERTS_FREE: Duration = Duration::from_secs(8 * 3600);
/// Everything, also what is still to come, for so long: somebody works on the server, and knows.
const EVERYTHING_FREE: Duration = Duration::from_secs(4 * 3600);

/// What is to be silent, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// One alert by its key, or all that are wrong now.
    Alerts(Duration, Option<String>),
    /// Everything: maintenance.
    Everything(Duration),
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
    pub(super) fn hush(&mut self, quiet: Quiet, chat: i64, now: UnixMillis) -> anyhow::Result<String> {
        if !quiet.needs_second_step() {
            return self.keep_quiet(&quiet, now);
        }
        let words = self.words();
        let what = match &quiet {
            Quiet::Everything(_) => words.everything.to_owned(),
            Quiet::Alerts(_, key) => self.open_keys(key.as_deref(), now)?.join(", "),
        };
        if what.is_empty() {
            return Ok(words.nothing_to_silence.to_owned());
        }
        let until = self.moment(now.plus(quiet.lasts()));
        let means = words.quiet_means.replace("{at}", &until).replace("{what}", &what);
        Ok(self.knock(Danger::Quiet(quiet), &means, chat, now))
    }

    /// Begins it.
    pub(super) fn keep_quiet(&self, quiet: &Quiet, now: UnixMillis) -> anyhow::Result<String> {
        match quiet {
            Quiet::Alerts(lasts, key) => self.silence(*lasts, key.as_deref(), now),
            Quiet::Everything(lasts) => {
                let before = silent_until(&self.desk.alerts.book()?, MAINTENANCE, now);
                let until = self.desk.alerts.maintenance(*lasts, now)?;
                let told = self
                    .words()
                    .maintenance_until
                    .replace("{at}", &self.moment(until));
                Ok(told + &self.shortened(before, until))
            }
        }
    }

    fn silence(&self, lasts: Duration, key: Option<&str>, now: UnixMillis) -> anyhow::Result<String> {
        let keys = self.open_keys(key, now)?;
        if keys.is_empty() {
            return Ok(self.words().nothing_to_silence.to_owned());
        }
        let book = self.desk.alerts.book()?;
        let before = keys.iter().filter_map(|key| silent_until(&book, key, now)).max();
        let mut until = now;
        for key in &keys {
            until = self.desk.alerts.silence(key, lasts, now)?;
        }
        let sentence = self.words().silent_until.replace("{at}", &self.moment(until));
        let sentence = sentence.replace("{what}", &keys.join(", "));
        Ok(sentence + &self.shortened(before, until))
    }

    /// What is wrong now: all of it, or what has this key in whatever case it was typed.
    fn open_keys(&self, key: Option<&str>, now: UnixMillis) -> anyhow::Result<Vec<String>> {
        let keys = self.desk.look(now)?.open.into_iter().map(|open| open.key);
        let is_meant = |open: &String| key.is_none_or(|key| open.to_lowercase() == key);
        Ok(keys.filter(is_meant).collect())
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
