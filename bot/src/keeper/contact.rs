//! When the agent was last heard: it holds a question for incidents all the time. Other questions do not count, because
//! anybody on the machine may ask them, a check from cron for example.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The contact. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Contact(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    held: usize,
    last: Option<Instant>,
}

/// A question that is being held; dropped when it is answered, or when the other side is gone.
#[derive(Debug)]
pub struct Held(Contact);

impl Contact {
    /// The agent asks, and waits for the answer.
    #[must_use]
    pub fn hold(&self) -> Held {
        self.state().held += 1;
        Held(self.clone())
    }

    /// How long ago it was heard; `None`: not since the start.
    #[must_use]
    pub fn heard(&self, now: Instant) -> Option<Duration> {
        let state = self.state();
        if state.held > 0 {
            return Some(Duration::ZERO);
        }
        state.last.map(|last| now.saturating_duration_since(last))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.held -= 1;
        state.last = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_question_is_contact_until_it_ends() {
        let contact = Contact::default();
        let later = || Instant::now() + Duration::from_secs(60);
        assert_eq!(contact.heard(later()), None);
        let (one, other) = (contact.hold(), contact.hold());
        drop(one);
        assert_eq!(contact.heard(later()), Some(Duration::ZERO));
        drop(other);
        assert!(
            contact
                .heard(later())
                .is_some_and(|ago| ago > Duration::from_secs(50))
        );
    }
}
