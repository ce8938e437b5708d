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
