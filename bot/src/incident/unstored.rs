//! Incidents that the database does not take yet: a full disk must be told all the same. They have the numbers that
//! they will be stored under, as the first thing that is written once something can be.
//! Kept in memory only: whoever dies meanwhile sees the same trouble again at the next start.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use protocol::{
    incident::{Incident, IncidentId},
    time::UnixMillis,
};
use rusqlite::Connection;
use tokio::sync::{Notify, futures::Notified};

use super::{Kind, store};

/// More than these would say nothing new.
const UNSTORED_MAX: usize = 16;

/// The list. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Unstored {
    list: Arc<Mutex<Vec<Incident>>>,
    told: Arc<Notify>,
}

impl Unstored {
    /// Tells something; `last` is the newest number in the database. `false`: there are too many already.
    pub fn tell(&self, kind: Kind, text: &str, last: IncidentId, now: UnixMillis) -> bool {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if list.len() >= UNSTORED_MAX {
            return false;
        }
        let newest = list.last().map_or(last, |incident| incident.id.max(last));
        list.push(Incident {
            id: IncidentId(newest.0 + 1),
            at: now,
            kind: kind.name().to_owned(),
            severity: kind.severity(),
            text: text.to_owned(),
        });
        drop(list);
        self.told.notify_waiters();
        true
    }

    /// Resolves when something is told. Take it before looking.
    pub fn told(&self) -> Notified<'_> {
        self.told.notified()
    }

    /// Those after a number, oldest first.
    #[must_use]
    pub fn after(&self, after: IncidentId) -> Vec<Incident> {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.iter()
            .filter(|incident| incident.id > after)
            .cloned()
            .collect()
    }

    /// Writes what is not written yet, under its number. To be called first in every transaction: no other incident
    /// can take that number then. One that is found there was committed by an earlier transaction, and is dropped.
    ///
    /// # Errors
    /// When the database fails; nothing is dropped then.
    pub fn write(&self, conn: &Connection) -> Result<()> {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if list.is_empty() {
            return Ok(());
        }
        let mut left = Vec::new();
        for incident in list.iter() {
            if !store::is_stored(conn, incident)? {
                store::put(conn, incident)?;
                left.push(incident.clone());
            }
        }
        *list = left;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db;

    #[test]
    fn it_is_told_at_once_stored_under_its_number_and_dropped_when_it_is_there() {
        let mut conn = Connection::open_in_memory().unwrap();
        db::migrate(&mut conn).unwrap();
        let stored = store::raise(&conn, Kind::DeadJob, "one", UnixMillis(1)).unwrap();
        let unstored = Unstored::default();
        assert!(unstored.tell(Kind::DatabaseRefuses, "two", stored, UnixMillis(2)));
        assert_eq!(unstored.after(stored)[0].id, IncidentId(stored.0 + 1));

        // A transaction that fails leaves it where it was.
        let tx = conn.transaction().unwrap();
        unstored.write(&tx).unwrap();
        tx.rollback().unwrap();
        unstored.write(&conn).unwrap();
        assert_eq!(unstored.after(stored).len(), 1);
        unstored.write(&conn).unwrap();
        assert!(unstored.after(stored).is_empty());

        let rows = store::after(&conn, stored).unwrap();
        assert_eq!(
            (rows.len(), rows[0].id, &*rows[0].text),
            (1, IncidentId(stored.0 + 1), "two")
        );
        assert!(
            store::raise(&conn, Kind::DeadJob, "three", UnixMillis(3)).unwrap() > rows[0].id,
            "no number is given twice"
        );
    }

    #[test]
    fn a_number_that_is_taken_meanwhile_costs_nobody_a_word() {
        let mut conn = Connection::open_in_memory().unwrap();
        db::migrate(&mut conn).unwrap();
        let unstored = Unstored::default();
        unstored.tell(Kind::DatabaseRefuses, "two", IncidentId(0), UnixMillis(2));
        store::raise(&conn, Kind::DeadJob, "one", UnixMillis(1)).unwrap();
        unstored.write(&conn).unwrap();
        unstored.write(&conn).unwrap();
        let texts: Vec<String> = store::after(&conn, IncidentId(0))
            .unwrap()
            .into_iter()
            .map(|incident| incident.text)
            .collect();
        assert_eq!(texts, ["one", "two"]);
    }
}
