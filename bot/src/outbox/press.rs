//! What a button does, as the at most 64 bytes that Telegram carries for it.
//! What comes back is untrusted: anybody can send any bytes, so whoever acts on a press asks whose it is.

use serde::{Deserialize, Serialize};

use super::{SendId, on_broadcast::OnBroadcast};
use crate::shop::{broadcast::BroadcastId, catalog::ProductId, customer::Language, refund::RefundId};

/// A customer's or a seller's wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Press {
    /// The first page.
    Home,
    /// A page of what is for sale, from 0.
    Catalogue(u32),
    /// One product.
    Product(ProductId),
    /// Order it.
    Buy(ProductId),
    /// A page of the own orders, from 0.
    Orders(u32),
    /// One of the own orders, by its code.
    Order(String),
    /// The goods of one of the own orders, once more.
    Goods(String),
    /// The picture to pay one of the own orders with, once more.
    Invoice(String),
    /// Call an unpaid order off.
    CancelOrder(String),
    /// Choose a language.
    Languages,
    /// The language chosen.
    Language(Language),
    /// Seller: the first page.
    Seller,
    /// Seller: a page of all products, from 0.
    SellerProducts(u32),
    /// Seller: one product.
    SellerProduct(ProductId),
    /// Seller: a new product.
    NewProduct,
    /// Seller: another price.
    SetPrice(ProductId),
    /// Seller: more stock.
    AddStock(ProductId),
    /// Seller: take unsold items out.
    TakeOut(ProductId),
    /// Seller: show to customers, or hide.
    Toggle(ProductId),
    /// Seller: a page of all orders, from 0.
    SellerOrders(u32),
    /// Seller: one order, by its code.
    SellerOrder(String),
    /// Seller: a page of the money owed, from 0.
    Refunds(u32),
    /// Seller: one of them.
    Refund(RefundId),
    /// Seller: the money went back.
    RefundDone(RefundId),
    /// Seller: a wrong amount is accepted, the goods go out.
    KeepAmount(RefundId),
    /// Seller: a page of messages in doubt, from 0.
    Doubts(u32),
    /// Seller: one of them.
    Doubt(SendId),
    /// Seller: it goes out once more.
    SendAgain(SendId),
    /// Seller: it stays as it is.
    LetBe(SendId),
    /// Seller: stop selling.
    PauseSales,
    /// Seller: sell again; asks once more where stock was held after a restore.
    OpenSales,
    /// Seller: sell again, and release the stock that was held after a restore.
    ReleaseAndOpen,
    /// Seller: a page of all broadcasts, from 0.
    Broadcasts(u32),
    /// Seller: a new one.
    NewBroadcast,
    /// Seller: something about one of them.
    Broadcast(BroadcastId, OnBroadcast),
    /// Seller: never mind the question.
    NeverMind,
    /// The same as the press inside, answered by a new message: the pressed one holds goods or news and stays.
    Anew(Box<Press>),
}

/// Before the bytes of a press that is answered by a new message.
const ANEW: &str = "+";

/// The bytes mean nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a button of another time")]
pub struct Unknown;

impl Press {
    /// The bytes of a button.
    #[must_use]
    pub fn encode(&self) -> String {
        match self {
            Self::Home => "home".to_owned(),
            Self::Catalogue(page) => format!("list:{page}"),
            Self::Product(id) => format!("item:{}", id.0),
            Self::Buy(id) => format!("buy:{}", id.0),
            Self::Orders(page) => format!("mine:{page}"),
            Self::Order(code) => format!("order:{code}"),
            Self::Goods(code) => format!("goods:{code}"),
            Self::Invoice(code) => format!("qr:{code}"),
            Self::CancelOrder(code) => format!("drop:{code}"),
            Self::Languages => "langs".to_owned(),
            Self::Language(language) => format!("lang:{}", language.code()),
            Self::Seller => "seller".to_owned(),
            Self::SellerProducts(page) => format!("s.list:{page}"),
            Self::SellerProduct(id) => format!("s.item:{}", id.0),
            Self::NewProduct => "s.new".to_owned(),
            Self::SetPrice(id) => format!("s.price:{}", id.0),
            Self::AddStock(id) => format!("s.stock:{}", id.0),
            Self::TakeOut(id) => format!("s.out:{}", id.0),
            Self::Toggle(id) => format!("s.show:{}", id.0),
            Self::SellerOrders(page) => format!("s.orders:{page}"),
            Self::SellerOrder(code) => format!("s.order:{code}"),
            Self::Refunds(page) => format!("s.due:{page}"),
            Self::Refund(id) => format!("s.refund:{}", id.0),
            Self::RefundDone(id) => format!("s.done:{}", id.0),
            Self::KeepAmount(id) => format!("s.keep:{}", id.0),
            Self::Doubts(page) => format!("s.unsure:{page}"),
            Self::Doubt(id) => format!("s.doubt:{}", id.0),
            Self::SendAgain(id) => format!("s.again:{}", id.0),
            Self::LetBe(id) => format!("s.letbe:{}", id.0),
            Self::PauseSales => "s.close".to_owned(),
            Self::OpenSales => "s.open".to_owned(),
            Self::ReleaseAndOpen => "s.release".to_owned(),
            Self::Broadcasts(page) => format!("b.list:{page}"),
            Self::NewBroadcast => "b.new".to_owned(),
            Self::Broadcast(id, wish) => wish.encode(*id),
            Self::NeverMind => "s.never".to_owned(),
            Self::Anew(press) => format!("{ANEW}{}", press.encode()),
        }
    }

    /// Reads what a button sent.
    ///
    /// # Errors
    /// [`Unknown`] for anything that this program would not have written.
    pub fn decode(data: &str) -> Result<Self, Unknown> {
        if let Some(inner) = data.strip_prefix(ANEW) {
            // One level only: bytes from outside must not decide how deep this goes.
            let inner = if inner.starts_with(ANEW) {
                Err(Unknown)
            } else {
                Self::decode(inner)
            };
            return inner.map(|press| Self::Anew(Box::new(press)));
        }
        let (verb, rest) = data.split_once(':').unwrap_or((data, ""));
        let page = || rest.parse::<u32>().map_err(|_| Unknown);
        let product = || rest.parse().map(ProductId).map_err(|_| Unknown);
        let send = || rest.parse().map(SendId).map_err(|_| Unknown);
        let refund = || rest.parse().map(RefundId).map_err(|_| Unknown);
        let code = || {
            if is_code(rest) {
                Ok(rest.to_owned())
            } else {
                Err(Unknown)
            }
        };
        Ok(match verb {
            "home" => Self::Home,
            "list" => Self::Catalogue(page()?),
            "item" => Self::Product(product()?),
            "buy" => Self::Buy(product()?),
            "mine" => Self::Orders(page()?),
            "order" => Self::Order(code()?),
            "goods" => Self::Goods(code()?),
            "qr" => Self::Invoice(code()?),
            "drop" => Self::CancelOrder(code()?),
            "langs" => Self::Languages,
            "lang" => Self::Language(Language::of_code(rest).ok_or(Unknown)?),
            "seller" => Self::Seller,
            "s.list" => Self::SellerProducts(page()?),
            "s.item" => Self::SellerProduct(product()?),
            "s.new" => Self::NewProduct,
            "s.price" => Self::SetPrice(product()?),
            "s.stock" => Self::AddStock(product()?),
            "s.out" => Self::TakeOut(product()?),
            "s.show" => Self::Toggle(product()?),
            "s.orders" => Self::SellerOrders(page()?),
            "s.order" => Self::SellerOrder(code()?),
            "s.due" => Self::Refunds(page()?),
            "s.refund" => Self::Refund(refund()?),
            "s.done" => Self::RefundDone(refund()?),
            "s.keep" => Self::KeepAmount(refund()?),
            "s.unsure" => Self::Doubts(page()?),
            "s.doubt" => Self::Doubt(send()?),
            "s.again" => Self::SendAgain(send()?),
            "s.letbe" => Self::LetBe(send()?),
            "s.close" => Self::PauseSales,
            "s.open" => Self::OpenSales,
            "s.release" => Self::ReleaseAndOpen,
            "s.never" => Self::NeverMind,
            "b.list" => Self::Broadcasts(page()?),
            "b.new" => Self::NewBroadcast,
            verb => {
                let (id, wish) = OnBroadcast::decode(verb, rest).ok_or(Unknown)?;
                Self::Broadcast(id, wish)
            }
        })
    }
}

impl TryFrom<String> for Press {
    type Error = Unknown;

    fn try_from(data: String) -> Result<Self, Unknown> {
        Self::decode(&data)
    }
}

impl From<Press> for String {
    fn from(press: Press) -> Self {
        press.encode()
    }
}

fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_press_comes_back_as_it_went() {
        let id = ProductId(i64::MAX);
        let code = "W".repeat(40);
        let all = [
            Press::Home,
            Press::Catalogue(u32::MAX),
            Press::Product(id),
            Press::Buy(id),
            Press::Orders(0),
            Press::Order(code.clone()),
            Press::Anew(Box::new(Press::Order(code.clone()))),
            Press::Goods(code.clone()),
            Press::Invoice(code.clone()),
            Press::CancelOrder(code.clone()),
            Press::Languages,
            Press::Language(Language::English),
            Press::Seller,
            Press::SellerProducts(1),
            Press::SellerProduct(id),
            Press::NewProduct,
            Press::SetPrice(id),
            Press::AddStock(id),
            Press::TakeOut(id),
            Press::Toggle(id),
            Press::SellerOrders(2),
            Press::SellerOrder(code),
            Press::Refunds(0),
            Press::Refund(RefundId(9)),
            Press::RefundDone(RefundId(9)),
            Press::KeepAmount(RefundId(9)),
            Press::Doubts(0),
            Press::Doubt(SendId(9)),
            Press::SendAgain(SendId(9)),
            Press::LetBe(SendId(9)),
            Press::PauseSales,
            Press::OpenSales,
            Press::ReleaseAndOpen,
            Press::NeverMind,
            Press::Broadcasts(3),
            Press::NewBroadcast,
        ];
        let broadcast = BroadcastId(i64::MAX);
        let wishes = [
            OnBroadcast::Open,
            OnBroadcast::Preview,
            OnBroadcast::Products(u32::MAX),
            OnBroadcast::Toggle(id, u32::MAX),
            OnBroadcast::Send,
            OnBroadcast::Schedule,
            OnBroadcast::Pause,
            OnBroadcast::Resume,
            OnBroadcast::RetryUnknown,
            OnBroadcast::AskCancel,
            OnBroadcast::Cancel,
        ];
        let all = all
            .into_iter()
            .chain(wishes.map(|wish| Press::Broadcast(broadcast, wish)));
        for press in all {
            let bytes = press.encode();
            assert!(bytes.len() <= 64, "{bytes} is too long for Telegram");
            assert_eq!(Press::decode(&bytes), Ok(press));
        }
    }

    #[test]
    fn foreign_bytes_are_refused() {
        for wrong in [
            "",
            "buy",
            "buy:",
            "buy:x",
            "buy:1:2",
            "order:../x",
            "lang:fr",
            "\u{0}",
            "+",
            "++home",
            "b.open",
            "b.open:1:2",
            "b.items:1",
        ] {
            assert!(Press::decode(wrong).is_err(), "{wrong:?} was accepted");
        }
    }
}
