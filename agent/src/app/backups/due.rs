//! When one of the two schedules wants its turn: at its time, and earlier or later for what happened meanwhile.
//! It takes no backup, and does not know the schedule.

use std::time::Duration;

use protocol::time::UnixMillis;

use super::{ended::Ended, now};

/// A chain of commits that has no base yet cannot be restored: it gets one as soon as the shop has drawn breath.
const NEW_CHAIN: Duration = Duration::from_secs(1);
/// After a backup that is nowhere.
const RETRY: Duration = Duration::from_secs(900);
/// After a backup that contradicted the capture: comparing every page takes a while.
const COMPARED: Duration = Duration::from_secs(10);
/// While somebody takes one by hand: it may be no base of the chain that is captured, and until there is one no commit is
/// durable.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// When one of the two schedules wants its turn.
pub(super) struct Due {
    pub(super) next: UnixMillis,
    /// The time of the schedule for which there is no backup yet; a retry does not move it.
    pub(super) owed_since: UnixMillis,
    /// The last turn gave no backup: the next try has its time already.
    is_put_off: bool,
    /// It found no room, which may be made at any moment.
    lacks_room: bool,
    /// When the schedule would have had its turn, if it comes early for a chain without a base.
    hastened_from: Option<UnixMillis>,
}

impl Due {
    pub(super) fn at(next: UnixMillis) -> Self {
        Self {
            next,
            owed_since: next,
            is_put_off: false,
            lacks_room: false,
            hastened_from: None,
        }
    }

    /// A chain without a base waits for no schedule; one that is taken by hand from now on counts.
    pub(super) fn hasten(&mut self, now: UnixMillis) {
        let soon = now.plus(NEW_CHAIN);
        if !self.is_put_off && soon < self.next {
            self.hastened_from = self.hastened_from.or(Some(self.next));
            (self.next, self.owed_since) = (soon, now);
        }
    }

    /// The chain has got its base from somebody else: the schedule is early enough again. Whether it had been hastened.
    pub(super) fn calm(&mut self) -> bool {
        let scheduled = self.hastened_from.take();
        scheduled.map(|next| *self = Self::at(next)).is_some()
    }

    /// After a turn, with the schedule's next time.
    pub(super) fn turned(&mut self, ended: &Ended, next: UnixMillis) {
        self.lacks_room = matches!(ended, Ended::NoRoom(_));
        match ended {
            Ended::Taken(_) => *self = Self::at(next),
            Ended::ByHand => self.put_off(next.min(now().plus(LOOK_AGAIN))),
            Ended::Compared(_) => self.put_off(next.min(now().plus(COMPARED))),
            Ended::NoRoom(_) | Ended::Failed(_) => self.retry(next),
        }
    }

    /// What found no room is tried again as soon as there is some: the owner has just made it.
    pub(super) fn look_for_room(&mut self, has_room: impl FnOnce() -> bool, now: UnixMillis) {
        if self.lacks_room && has_room() {
            (self.next, self.lacks_room) = (now.min(self.next), false);
        }
    }

    /// It comes again in a while, as after a failure.
    pub(super) fn retry(&mut self, next: UnixMillis) {
        self.put_off(next.min(now().plus(RETRY)));
    }

    /// Somebody takes one by hand: what is due waits for its end, however long that takes.
    pub(super) fn wait_for_other(&mut self, now: UnixMillis) {
        if self.next > now {
            return;
        }
        if !self.is_put_off {
            tracing::info!("a backup is being taken by hand at this moment; the scheduled one waits for it");
        }
        self.put_off(now.plus(LOOK_AGAIN));
    }

    fn put_off(&mut self, next: UnixMillis) {
        (self.next, self.is_put_off) = (next, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_without_a_base_waits_for_no_schedule_unless_a_try_has_just_failed() {
        let seconds = |seconds: i64| UnixMillis(seconds * 1_000);
        let mut due = Due::at(seconds(3_600));
        due.hasten(seconds(10));
        assert_eq!((due.next, due.owed_since), (seconds(11), seconds(10)));
        due.hasten(seconds(10_000));
        assert_eq!(due.next, seconds(11), "what is due already is not moved");
        due.put_off(seconds(900));
        due.hasten(seconds(12));
        assert_eq!(due.next, seconds(900));
        assert!(due.calm(), "somebody else took the base");
        assert_eq!(
            (due.next, due.calm()),
            (seconds(3_600), false),
            "the schedule is as it was"
        );
    }

    #[test]
    fn what_is_due_waits_for_a_backup_by_hand_and_for_a_second_after_it() {
        let seconds = |seconds: i64| UnixMillis(seconds * 1_000);
        let mut due = Due::at(seconds(10));
        due.wait_for_other(seconds(9));
        assert_eq!(due.next, seconds(10), "it is not due yet");
        for now in 10..600 {
            due.wait_for_other(seconds(now));
            assert_eq!((due.next, due.owed_since), (seconds(now + 1), seconds(10)));
        }
    }

    #[test]
    fn what_found_no_room_is_tried_again_once_there_is_some() {
        let hour = now().plus(Duration::from_secs(3_600));
        let mut due = Due::at(now());
        due.turned(&Ended::Failed(String::new()), hour);
        let retried = due.next;
        due.look_for_room(|| true, now());
        assert_eq!(due.next, retried, "room is not what it lacked");
        due.turned(&Ended::NoRoom(String::new()), hour);
        let retried = due.next;
        due.look_for_room(|| false, now());
        assert_eq!(due.next, retried);
        let then = now();
        due.look_for_room(|| true, then);
        assert_eq!(due.next, then);
        due.look_for_room(|| true, UnixMillis(0));
        assert_eq!(due.next, then, "it is tried once");
    }
}
