//! The locks of one database, as several connections of one process hold them: on the file, and on the slots of the
//! shared memory that belongs to a WAL. It never waits: who does not get a lock hears so at once.

use std::collections::BTreeMap;

/// One connection's number.
pub type Holder = u64;

/// How far a connection has locked the file: SQLite's levels from 0 (not) to 4 (alone).
pub type Level = u8;

const SHARED: Level = 1;
const RESERVED: Level = 2;
const ALONE: Level = 4;

/// Slots in the shared memory's locks.
const SLOTS: usize = 8;

#[derive(Clone, Default)]
struct Slot {
    shared: Vec<Holder>,
    alone: Option<Holder>,
}

/// The locks of one database.
#[derive(Clone, Default)]
pub struct Locks {
    levels: BTreeMap<Holder, Level>,
    slots: [Slot; SLOTS],
}

impl Locks {
    /// Raises a connection's lock on the file. `false`: somebody else is in the way.
    pub fn raise(&mut self, holder: Holder, level: Level) -> bool {
        let mut others = self.levels.iter().filter(|(other, _)| **other != holder);
        let free = others.all(|(_, held)| match level {
            0..=SHARED => *held < RESERVED + 1,
            RESERVED..ALONE => *held < RESERVED,
            _ => *held < SHARED,
        });
        if free {
            let held = self.levels.entry(holder).or_default();
            *held = level.max(*held);
        }
        free
    }

    /// Lowers it.
    pub fn lower(&mut self, holder: Holder, level: Level) {
        self.levels.insert(holder, level);
    }

    /// Whether anybody means to write without a WAL.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.levels.values().any(|level| *level >= RESERVED)
    }

    /// Takes slots of the shared memory. `false`: somebody else holds one of them.
    pub fn take(&mut self, holder: Holder, first: usize, count: usize, alone: bool) -> bool {
        let wanted = &mut self.slots[first..first + count];
        let free = wanted.iter().all(|slot| {
            slot.alone.is_none_or(|other| other == holder)
                && (!alone || slot.shared.iter().all(|other| *other == holder))
        });
        if free {
            for slot in wanted {
                if alone {
                    slot.alone = Some(holder);
                } else if !slot.shared.contains(&holder) {
                    slot.shared.push(holder);
                }
            }
        }
        free
    }

    /// Gives slots back.
    pub fn give_back(&mut self, holder: Holder, first: usize, count: usize) {
        for slot in &mut self.slots[first..first + count] {
            slot.shared.retain(|other| *other != holder);
            slot.alone = slot.alone.filter(|other| *other != holder);
        }
    }

    /// The connection is gone.
    pub fn forget(&mut self, holder: Holder) {
        self.levels.remove(&holder);
        self.give_back(holder, 0, SLOTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writes_and_others_read() {
        let mut locks = Locks::default();
        assert!(locks.raise(1, SHARED) && locks.raise(2, SHARED));
        assert!(locks.raise(1, RESERVED) && !locks.raise(2, RESERVED));
        assert!(!locks.raise(1, ALONE));
        locks.lower(2, 0);
        assert!(locks.raise(1, ALONE) && !locks.raise(2, SHARED));
    }

    #[test]
    fn a_slot_is_for_one_or_for_readers() {
        let mut locks = Locks::default();
        assert!(locks.take(1, 3, 1, false) && locks.take(2, 3, 1, false));
        assert!(!locks.take(1, 0, 8, true));
        locks.forget(2);
        assert!(locks.take(1, 0, 8, true) && !locks.take(2, 0, 1, false));
    }
}
