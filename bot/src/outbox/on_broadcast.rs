//! What a seller can want of one broadcast, as a part of a button's bytes.
//! What comes back is untrusted, as with every press.

use crate::shop::{broadcast::BroadcastId, catalog::ProductId};

/// A seller's wish about one broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBroadcast {
    /// Look at it.
    Open,
    /// Send it to the seller alone.
    Preview,
    /// A page of the products that may get a button, from 0.
    Products(u32),
    /// Give a product a button, or take it away; on that page of products.
    Toggle(ProductId, u32),
    /// Send it to everybody now.
    Send,
    /// Give it a time.
    Schedule,
    /// Stop for a while.
    Pause,
    /// Go on.
    Resume,
    /// Once more to those of whom nobody knows.
    RetryUnknown,
    /// Ask whether to call it off.
    AskCancel,
    /// Call it off.
    Cancel,
}

impl OnBroadcast {
    /// The bytes of a wish: a verb, the broadcast, and sometimes one number more.
    #[must_use]
    pub fn encode(self, id: BroadcastId) -> String {
        let id = id.0;
        match self {
            Self::Open => format!("b.open:{id}"),
            Self::Preview => format!("b.try:{id}"),
            Self::Products(page) => format!("b.items:{id}:{page}"),
            Self::Toggle(product, page) => format!("b.item:{id}:{}:{page}", product.0),
            Self::Send => format!("b.send:{id}"),
            Self::Schedule => format!("b.time:{id}"),
            Self::Pause => format!("b.pause:{id}"),
            Self::Resume => format!("b.on:{id}"),
            Self::RetryUnknown => format!("b.again:{id}"),
            Self::AskCancel => format!("b.stop:{id}"),
            Self::Cancel => format!("b.drop:{id}"),
        }
    }

    /// Reads a wish; `None` for anything that this program would not have written.
    #[must_use]
    pub fn decode(verb: &str, rest: &str) -> Option<(BroadcastId, Self)> {
        let (id, more) = rest
            .split_once(':')
            .map_or((rest, None), |(id, more)| (id, Some(more)));
        let wish = match (verb, more) {
            ("b.open", None) => Self::Open,
            ("b.try", None) => Self::Preview,
            ("b.items", Some(page)) => Self::Products(page.parse().ok()?),
            ("b.item", Some(more)) => {
                let (product, page) = more.split_once(':')?;
                Self::Toggle(ProductId(product.parse().ok()?), page.parse().ok()?)
            }
            ("b.send", None) => Self::Send,
            ("b.time", None) => Self::Schedule,
            ("b.pause", None) => Self::Pause,
            ("b.on", None) => Self::Resume,
            ("b.again", None) => Self::RetryUnknown,
            ("b.stop", None) => Self::AskCancel,
            ("b.drop", None) => Self::Cancel,
            _ => return None,
        };
        Some((BroadcastId(id.parse().ok()?), wish))
    }
}
