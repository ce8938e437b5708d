//! The second step before something dangerous: a password from the owner's authenticator, or a code that is shown once.
//! Pure but for the code's digits; a code is good for one use and two minutes, and three wrong ones close the door to whoever
//! sent them, in that chat. It knows no more chats than there are owners: nobody else comes this far.

use std::{collections::BTreeMap, time::Duration};

use protocol::time::UnixMillis;
use rand::Rng;

use super::{
    quiet::Quiet,
    totp::{Totp, same},
};
use crate::store::console::DoorLock;

/// From the command to its second step.
pub const GOOD_FOR: Duration = Duration::from_secs(120);
/// After too many wrong ones nothing dangerous is begun for so long.
pub const CLOSED_FOR: Duration = Duration::from_secs(900);
const WRONG_MAX: u32 = 3;
const CODES: u32 = 1_000_000;

/// What waits for its second step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Danger {
    /// systemd restarts the shop's bot: whoever orders at this moment waits for some seconds.
    Restart,
    /// The owner hears nothing for longer than somebody would notice.
    Quiet(Quiet),
}

/// The door before dangerous commands, as it stands in each owner's chat.
#[derive(Default)]
pub struct Door {
    waiting: BTreeMap<i64, Waiting>,
    locks: BTreeMap<i64, DoorLock>,
}

struct Waiting {
    danger: Danger,
    until: UnixMillis,
    /// `None` where the owner has an authenticator.
    code: Option<String>,
}

/// What the owner must do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// Send this code.
    Code(String),
    /// Send what the authenticator shows.
    Password,
    /// Nothing before that moment: there were too many wrong ones.
    Closed(UnixMillis),
}

/// What came of digits.
#[derive(Debug, PartialEq, Eq)]
pub enum Checked {
    /// Do it.
    Right(Danger),
    /// This many tries are left.
    Wrong(u32),
    /// It was right, and was used before: the next one is waited for, and no try is lost.
    Used,
    /// That was one too many; nothing dangerous before that moment.
    Closed(UnixMillis),
    /// Nothing waits, or its time is over.
    Nothing,
}

impl Door {
    /// The door as it stood before a restart; what waited for its second step is begun anew. One that a clock running
    /// ahead has closed for longer than there is opens after the usual time.
    #[must_use]
    pub fn standing(mut locks: BTreeMap<i64, DoorLock>, now: UnixMillis) -> Self {
        let latest = now.plus(CLOSED_FOR);
        for lock in locks.values_mut() {
            lock.closed_until = lock.closed_until.map(|until| until.min(latest));
        }
        Self {
            waiting: BTreeMap::new(),
            locks,
        }
    }

    /// What must be kept of it for that chat.
    #[must_use]
    pub fn lock(&self, chat: i64) -> DoorLock {
        self.locks.get(&chat).copied().unwrap_or_default()
    }

    /// Begins a dangerous command. The one before it in that chat, if any, is forgotten.
    pub fn knock(&mut self, danger: Danger, chat: i64, has_totp: bool, now: UnixMillis) -> Asked {
        if let Some(until) = self.lock(chat).closed_until.filter(|until| *until > now) {
            return Asked::Closed(until);
        }
        let code = (!has_totp).then(|| format!("{:06}", rand::rng().random_range(0..CODES)));
        let waiting = Waiting {
            danger,
            until: now.plus(GOOD_FOR),
            code: code.clone(),
        };
        self.waiting.insert(chat, waiting);
        code.map_or(Asked::Password, Asked::Code)
    }

    /// Takes six digits that came from a chat. `is_unused` is asked for the half minute of a right password, and says
    /// whether it is accepted for the first time.
    ///
    /// # Errors
    /// What `is_unused` refuses with. The command still waits then, and no try is lost.
    pub fn check<E>(
        &mut self,
        chat: i64,
        digits: &str,
        totp: Option<&Totp>,
        now: UnixMillis,
        is_unused: impl FnOnce(i64) -> Result<bool, E>,
    ) -> Result<Checked, E> {
        let ours = self.waiting.remove(&chat);
        let Some(waiting) = ours.filter(|waiting| waiting.until > now) else {
            return Ok(Checked::Nothing);
        };
        let step = totp
            .filter(|_| waiting.code.is_none())
            .and_then(|totp| totp.step_of(digits, now));
        let is_right = match (&waiting.code, step.map(is_unused)) {
            (Some(code), _) => same(code, digits),
            (None, None) => false,
            (None, Some(Ok(true))) => true,
            // Whoever sends it holds the authenticator, or read what its owner sent: nothing is guessed by it.
            (None, Some(Ok(false))) => {
                self.waiting.insert(chat, waiting);
                return Ok(Checked::Used);
            }
            (None, Some(Err(error))) => {
                self.waiting.insert(chat, waiting);
                return Err(error);
            }
        };
        Ok(match is_right {
            true => {
                self.locks.entry(chat).or_default().wrong = 0;
                Checked::Right(waiting.danger)
            }
            false => self.wrong(chat, waiting, now),
        })
    }

    /// One try less in that chat; after the last the door is closed there.
    fn wrong(&mut self, chat: i64, waiting: Waiting, now: UnixMillis) -> Checked {
        let lock = self.locks.entry(chat).or_default();
        lock.wrong += 1;
        if lock.wrong < WRONG_MAX {
            self.waiting.insert(chat, waiting);
            return Checked::Wrong(WRONG_MAX - lock.wrong);
        }
        lock.wrong = 0;
        let until = now.plus(CLOSED_FOR);
        lock.closed_until = Some(until);
        Checked::Closed(until)
    }
}

#[cfg(test)]
mod tests {
    use protocol::secret::Secret;

    use super::*;

    const NOW: UnixMillis = UnixMillis(59_000);

    fn check(door: &mut Door, chat: i64, digits: &str, now: UnixMillis) -> Checked {
        door.check(chat, digits, None, now, |_| Ok::<_, ()>(true))
            .unwrap()
    }

    fn knocked(door: &mut Door) -> String {
        match door.knock(Danger::Restart, 1, false, NOW) {
            Asked::Code(code) => code,
            other => panic!("{other:?}"),
        }
    }

    fn wrong(code: &str) -> &'static str {
        if code == "000000" { "000001" } else { "000000" }
    }

    #[test]
    fn a_code_is_good_once_in_its_chat_and_for_two_minutes() {
        let mut door = Door::default();
        let code = knocked(&mut door);
        assert_eq!(check(&mut door, 2, &code, NOW), Checked::Nothing, "another chat");
        assert_eq!(check(&mut door, 1, &code, NOW), Checked::Right(Danger::Restart));
        assert_eq!(check(&mut door, 1, &code, NOW), Checked::Nothing);
        let code = knocked(&mut door);
        assert_eq!(check(&mut door, 1, &code, NOW.plus(GOOD_FOR)), Checked::Nothing);
    }

    #[test]
    fn three_wrong_codes_close_the_door_for_a_while() {
        let mut door = Door::default();
        let code = knocked(&mut door);
        let no = wrong(&code);
        assert_eq!(check(&mut door, 1, no, NOW), Checked::Wrong(2));
        // Another command does not begin the count anew.
        let code = knocked(&mut door);
        let no = wrong(&code);
        assert_eq!(check(&mut door, 1, no, NOW), Checked::Wrong(1));
        let until = NOW.plus(CLOSED_FOR);
        assert_eq!(check(&mut door, 1, no, NOW), Checked::Closed(until));
        assert_eq!(check(&mut door, 1, &code, NOW), Checked::Nothing);
        assert_eq!(door.knock(Danger::Restart, 1, false, NOW), Asked::Closed(until));
        assert!(matches!(
            door.knock(Danger::Restart, 1, false, until),
            Asked::Code(_)
        ));
    }

    #[test]
    fn wrong_codes_of_one_owner_close_the_door_to_nobody_else_and_neither_command_ends_the_others() {
        let mut door = Door::default();
        assert!(matches!(
            door.knock(Danger::Restart, 2, false, NOW),
            Asked::Code(_)
        ));
        let code = knocked(&mut door);
        for left in [2, 1] {
            assert_eq!(check(&mut door, 2, "none of", NOW), Checked::Wrong(left));
        }
        let until = NOW.plus(CLOSED_FOR);
        assert_eq!(check(&mut door, 2, "none of", NOW), Checked::Closed(until));
        assert_eq!(door.knock(Danger::Restart, 2, false, NOW), Asked::Closed(until));
        assert_eq!(check(&mut door, 1, &code, NOW), Checked::Right(Danger::Restart));
        assert!(matches!(
            door.knock(Danger::Restart, 1, false, NOW),
            Asked::Code(_)
        ));
    }

    #[test]
    fn a_closed_door_and_the_count_before_it_outlast_a_restart() {
        let mut door = Door::default();
        let code = knocked(&mut door);
        for left in [2, 1] {
            assert_eq!(check(&mut door, 1, wrong(&code), NOW), Checked::Wrong(left));
        }
        let mut door = Door::standing(door.locks, NOW);
        let code = knocked(&mut door);
        let until = NOW.plus(CLOSED_FOR);
        assert_eq!(check(&mut door, 1, wrong(&code), NOW), Checked::Closed(until));
        let mut door = Door::standing(door.locks, NOW);
        assert_eq!(door.knock(Danger::Restart, 1, false, NOW), Asked::Closed(until));
        // The clock was set back by years meanwhile.
        let earlier = UnixMillis(0);
        let mut door = Door::standing(door.locks, earlier);
        let usual = earlier.plus(CLOSED_FOR);
        assert_eq!(
            door.knock(Danger::Restart, 1, false, earlier),
            Asked::Closed(until.min(usual))
        );
    }

    #[test]
    fn an_authenticators_password_is_believed_once_and_a_used_one_costs_no_try() {
        let totp = Totp::new(&Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")).unwrap();
        let mut door = Door::default();
        assert_eq!(door.knock(Danger::Restart, 1, true, NOW), Asked::Password);
        let mut sent = |digits: &str, is_unused| door.check(1, digits, Some(&totp), NOW, |_| is_unused);
        for _ in 0..5 {
            assert_eq!(sent("287082", Ok(false)), Ok(Checked::Used));
        }
        assert_eq!(sent("287082", Err("disk full")), Err("disk full"));
        assert_eq!(sent("000000", Ok(true)), Ok(Checked::Wrong(2)));
        assert_eq!(sent("287082", Ok(true)), Ok(Checked::Right(Danger::Restart)));
        assert_eq!(sent("287082", Ok(true)), Ok(Checked::Nothing));
    }
}
