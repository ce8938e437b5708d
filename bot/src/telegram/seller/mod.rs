//! What sellers see, one page a file. Only the router calls in here, and only for those whom bot.toml names.
//! Nothing on these pages tells of servers, and no page shows a customer's goods.

mod broadcast;
mod broadcast_products;
mod broadcast_time;
mod broadcasts;
mod doubt;
mod doubts;
pub mod menu;
mod new_broadcast;
mod new_product;
mod order;
mod orders;
mod price;
mod product;
mod products;
mod refund;
mod refunds;
mod sales;
mod stock;
mod take_out;

use anyhow::Result;

use super::{
    dialogue::{self, Step},
    visit::{Reply, Said, Visit},
};
use crate::{
    outbox::{Screen, press::Press, rich::Rich},
    shop::refund::Decision,
};

/// The reply to a button; `None` when it is not a seller's.
///
/// # Errors
/// When the database fails.
pub fn pressed(visit: &Visit<'_>, press: &Press) -> Result<Option<Reply>> {
    Ok(Some(match press {
        Press::Seller => Reply::page(menu::page(visit)?),
        Press::SellerProducts(number) => Reply::page(products::page(visit, *number)?),
        Press::SellerProduct(id) => product::open(visit, *id)?,
        Press::NewProduct => Reply::page(new_product::ask(visit)?),
        Press::SetPrice(id) => price::ask(visit, *id)?,
        Press::AddStock(id) => stock::ask(visit, *id)?,
        Press::TakeOut(id) => take_out::ask(visit, *id)?,
        Press::Toggle(id) => product::toggle(visit, *id)?,
        Press::SellerOrders(number) => Reply::page(orders::page(visit, *number)?),
        Press::SellerOrder(code) => order::open(visit, code)?,
        Press::Refunds(number) => Reply::page(refunds::page(visit, *number)?),
        Press::Refund(id) => refund::open(visit, *id)?,
        Press::RefundDone(id) => refund::settle(visit, *id, Decision::Done)?,
        Press::KeepAmount(id) => refund::settle(visit, *id, Decision::Kept)?,
        Press::Doubts(number) => Reply::page(doubts::page(visit, *number)?),
        Press::Doubt(id) => doubt::open(visit, *id)?,
        Press::SendAgain(id) => doubt::send_again(visit, *id)?,
        Press::LetBe(id) => doubt::let_be(visit, *id)?,
        Press::PauseSales => sales::pause(visit)?,
        Press::OpenSales => sales::open(visit)?,
        Press::ReleaseAndOpen => sales::release_and_open(visit)?,
        Press::Broadcasts(number) => Reply::page(broadcasts::page(visit, *number)?),
        Press::NewBroadcast => Reply::page(new_broadcast::ask(visit)?),
        Press::Broadcast(id, wish) => broadcast::wanted(visit, *id, *wish)?,
        Press::NeverMind => Reply::both(visit.say("never-mind", &[]), menu::page(visit)?),
        _ => return Ok(None),
    }))
}

/// The answer to an open question.
///
/// # Errors
/// When the database fails.
pub fn answered(visit: &Visit<'_>, step: Step, said: Said<'_>) -> Result<Screen> {
    let text = match (&step, said) {
        (_, Said::Text(text)) => text.trim(),
        // The questions that are not answered by text alone.
        (Step::Announcement | Step::Stock { .. } | Step::TakeOut { .. }, _) => "",
        (_, Said::Photo { .. } | Said::Document(_) | Said::Other) => {
            return Ok(question(visit, visit.say("dialogue-needs-text", &[])));
        }
    };
    match step {
        Step::Announcement => new_broadcast::answered(visit, said),
        Step::BroadcastTime { broadcast } => broadcast_time::answered(visit, broadcast, text),
        Step::NewName => new_product::named(visit, text),
        Step::NewPrice { name } => new_product::priced(visit, name, text),
        Step::NewDescription { name, price } => new_product::described(visit, name, price, text),
        Step::Price { product } => price::answered(visit, product, text),
        Step::Stock { product } => stock::answered(visit, product, said),
        Step::TakeOut { product } => take_out::answered(visit, product, said),
    }
}

/// Opens a question; the next words in this chat answer it.
fn asked(visit: &Visit<'_>, step: &Step, words: String) -> Result<Screen> {
    dialogue::store::ask(visit.conn, visit.user, step, visit.now)?;
    Ok(question(visit, words))
}

fn question(visit: &Visit<'_>, words: String) -> Screen {
    let keyboard = vec![vec![visit.button("button-never-mind", Press::NeverMind)]];
    Screen {
        words: Rich::plain(words),
        keyboard,
    }
}
