//! Alerts that nobody looks at any more: after an update or a change of the configuration a question may have another
//! key, or its object may be gone. The first go on under the new key, the others end and say why.
//! It decides nothing about what is wrong: nobody has seen that mended.

use anyhow::Context;
use protocol::time::UnixMillis;

use super::{Alerts, engine, role::Role, rule::AlertKey, rule::object_of};

impl Alerts {
    /// Ends the alerts of a kind whose objects the configuration does not name any more, and says so where they were
    /// told.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn withdraw_others(&self, kind: &str, objects: &[&str], now: UnixMillis) -> anyhow::Result<()> {
        let rows = self.store.alerts().context("reading the alerts")?;
        for row in rows {
            let is_orphan = row
                .key
                .split_once('/')
                .is_some_and(|(of, object)| of == kind && !objects.contains(&object));
            if is_orphan {
                self.change(now, |book| engine::withdraw(book, &row.key, now))
                    .context("ending an alert")?;
            }
        }
        Ok(())
    }

    /// An alert whose question has another of these keys by now goes on under that: same message, same silence.
    /// `owns` says whether a stored key is one of the asker's.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn hand_over(
        &self,
        owns: impl Fn(&str) -> bool,
        keys: &[AlertKey],
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        for old in self.unspoken(owns, keys)? {
            let heir = keys
                .iter()
                .find(|key| key.object() == object_of(&old) && question(key.as_str()) == question(&old));
            if let Some(heir) = heir {
                self.change(now, |book| engine::rekey(book, &old, heir.as_str(), now))
                    .context("giving an alert its new key")?;
            }
        }
        Ok(())
    }

    /// Ends the alerts of which the asker speaks no more, and says so where they were told. One about an object of
    /// which anything at all is still said stays: it may be just this that cannot be seen for now.
    ///
    /// # Errors
    /// As [`Alerts::observe`].
    pub fn end_unspoken(
        &self,
        owns: impl Fn(&str) -> bool,
        keys: &[AlertKey],
        now: UnixMillis,
    ) -> anyhow::Result<()> {
        for old in self.unspoken(owns, keys)? {
            if keys.iter().all(|key| key.object() != object_of(&old)) {
                tracing::info!(
                    key = old,
                    "an alert ends: nobody looks at what it is about any more"
                );
                self.change(now, |book| engine::withdraw(book, &old, now))
                    .context("ending an alert")?;
            }
        }
        Ok(())
    }

    fn unspoken(&self, owns: impl Fn(&str) -> bool, keys: &[AlertKey]) -> anyhow::Result<Vec<String>> {
        let rows = self.store.alerts().context("reading the alerts")?;
        let stored = rows.into_iter().map(|row| row.key);
        Ok(stored
            .filter(|old| owns(old) && keys.iter().all(|key| key.as_str() != old))
            .collect())
    }
}

fn question(key: &str) -> &str {
    Role::question_of(key)
}
