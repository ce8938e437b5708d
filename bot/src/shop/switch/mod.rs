//! Whether the shop sells at the moment. Payments are taken and goods are delivered either way.

pub mod store;

/// Why sales are paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// A seller closed the shop.
    Seller,
    /// The shop stands at an earlier moment: what was sold since must not be sold again.
    Restore,
}

impl Pause {
    /// Why, and who opens the shop again, for the log.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::Seller => "a seller closed the shop, and opens it again from the seller's menu",
            Self::Restore => {
                "the database was restored to an earlier moment: a seller looks at what is held, and opens the shop again from the \
                 seller's menu"
            }
        }
    }
}
