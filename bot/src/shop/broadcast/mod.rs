//! An announcement to everybody: who gets it is decided and counted once, before the first message goes out.
//! It sends nothing: it knows who comes next and what became of those before.

pub mod machine;
pub mod store;

use std::time::Duration;

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::{catalog::ProductId, customer::CustomerId};
pub use machine::{Effect, Event, PauseReason, State, apply};

/// Messages that are committed ahead of sending: as many as a kill can leave in doubt.
pub const WINDOW_MAX: usize = 30;
/// Messages in a row that did not arrive, after which a broadcast pauses by itself: more would only be lost as well.
pub const SETBACKS_MAX: u32 = 30;
/// Telegram's own limit of a text, in UTF-16 units.
pub const TEXT_UNITS_MAX: usize = 4_096;
/// Telegram's own limit of the words under a picture, in UTF-16 units.
pub const CAPTION_UNITS_MAX: usize = 1_024;
/// Products that may have a button under an announcement.
pub const PRODUCTS_MAX: usize = 5;
/// How far ahead an announcement may be scheduled.
pub const AHEAD_MAX: Duration = Duration::from_secs(366 * 86_400);
/// What is assumed of the speed before it can be measured.
const USUAL_PER_S: f64 = 27.0;
/// Before this the speed is not measured.
const MEASURE_AFTER: Duration = Duration::from_secs(5);

/// A broadcast's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BroadcastId(pub i64);

/// What is announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The words; under a picture there may be none.
    pub text: String,
    /// Telegram's own name of the picture.
    pub photo: Option<String>,
    /// Products that get a button, in this order.
    pub products: Vec<ProductId>,
}

impl Announcement {
    /// Whether Telegram takes it.
    #[must_use]
    pub fn fits(&self) -> bool {
        let units = self.text.encode_utf16().count();
        match self.photo {
            Some(_) => units <= CAPTION_UNITS_MAX,
            None => (1..=TEXT_UNITS_MAX).contains(&units),
        }
    }

    /// Gives a product a button, or takes it away. `false`: there are enough buttons.
    pub fn toggle(&mut self, product: ProductId) -> bool {
        match self.products.iter().position(|known| *known == product) {
            Some(at) => {
                self.products.remove(at);
            }
            None if self.products.len() >= PRODUCTS_MAX => return false,
            None => self.products.push(product),
        }
        true
    }
}

/// How many of an audience went which way. Whoever is in none of these has not been sent anything yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Everybody.
    pub audience: u64,
    /// It arrived.
    pub sent: u64,
    /// They had blocked the shop.
    pub blocked: u64,
    /// Nobody knows.
    pub unknown: u64,
    /// Telegram refused it.
    pub failed: u64,
}

impl Counts {
    /// Those of whom it is decided.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.sent + self.blocked + self.unknown + self.failed
    }

    /// Those who are still to come.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.audience.saturating_sub(self.settled())
    }

    /// How much is done, from 0 to 100; 100 only when all is.
    #[must_use]
    pub fn percent(&self) -> u64 {
        (self.settled() * 100).checked_div(self.audience).unwrap_or(100)
    }
}

/// The message in which a seller follows a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// In whose chat.
    pub chat: CustomerId,
    /// Telegram's number of it, once known.
    pub message: Option<i32>,
    /// Its number in the outbox, where it was sent by the shop itself.
    pub send: Option<i64>,
}

/// A broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// Its number.
    pub id: BroadcastId,
    /// Who wrote it.
    pub seller: CustomerId,
    /// What is announced.
    pub announcement: Announcement,
    /// Where it stands.
    pub state: State,
    /// Why it is paused, where it is.
    pub pause_reason: Option<PauseReason>,
    /// Who went which way.
    pub counts: Counts,
    /// How many of the audience were taken up.
    pub taken: u64,
    /// Messages in a row that did not arrive.
    pub setbacks: u32,
    /// When it begins, or was to begin.
    pub scheduled_at: Option<UnixMillis>,
    /// Since when it runs without a pause, and how many were settled before.
    pub running_since: Option<(UnixMillis, u64)>,
    /// Where its progress is shown.
    pub page: Option<Page>,
}

impl Broadcast {
    /// How long the rest takes at the speed so far.
    #[must_use]
    pub fn time_left(&self, now: UnixMillis) -> Duration {
        let measured = self.running_since.and_then(|(since, before)| {
            let (length, settled) = (now.since(since), self.counts.settled().saturating_sub(before));
            (length >= MEASURE_AFTER && settled > 0).then(|| settled as f64 / length.as_secs_f64())
        });
        let seconds = self.counts.left() as f64 / measured.unwrap_or(USUAL_PER_S);
        Duration::from_secs(seconds.ceil() as u64)
    }
}

/// What became of one message of a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrived.
    Sent,
    /// The person has blocked the shop, or is gone.
    Blocked,
    /// Nobody knows.
    Unknown,
    /// Telegram refused it.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(settled: u64, audience: u64) -> Broadcast {
        Broadcast {
            id: BroadcastId(1),
            seller: CustomerId(1),
            announcement: Announcement::default(),
            state: State::Running,
            pause_reason: None,
            counts: Counts {
                audience,
                sent: settled,
                ..Counts::default()
            },
            taken: settled,
            setbacks: 0,
            scheduled_at: None,
            running_since: Some((UnixMillis(0), 100)),
            page: None,
        }
    }

    #[test]
    fn the_time_left_goes_by_the_speed_since_the_last_pause() {
        assert_eq!(
            running(300, 1_300).time_left(UnixMillis(10_000)),
            Duration::from_secs(50)
        );
        assert_eq!(
            running(100, 127).time_left(UnixMillis(10_000)),
            Duration::from_secs(1)
        );
        assert_eq!(running(5, 5).time_left(UnixMillis(10_000)), Duration::ZERO);
    }

    #[test]
    fn an_announcement_is_as_long_as_telegram_takes_it() {
        let text = |units: usize, photo: bool| Announcement {
            text: "🛒".repeat(units / 2),
            photo: photo.then(|| "x".to_owned()),
            products: Vec::new(),
        };
        assert!(text(4_096, false).fits() && !text(4_098, false).fits() && !text(0, false).fits());
        assert!(text(1_024, true).fits() && !text(1_026, true).fits() && text(0, true).fits());
    }

    #[test]
    fn a_product_gets_one_button_and_five_are_enough() {
        let mut announcement = Announcement::default();
        assert!((1..=5).all(|id| announcement.toggle(ProductId(id))));
        assert!(!announcement.toggle(ProductId(6)));
        assert!(announcement.toggle(ProductId(2)) && announcement.toggle(ProductId(6)));
        assert_eq!(announcement.products, [1, 3, 4, 5, 6].map(ProductId));
    }
}
