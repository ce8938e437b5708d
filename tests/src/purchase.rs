//! A purchase as a customer makes it: by the labels of buttons and the words of messages, in Indonesian.
//! It pays nothing by itself.

use anyhow::Result;

use crate::chat::{Chat, Message};

/// What the button of each step says.
pub const BUY: &str = "Beli";
/// The list of one's own orders.
pub const MY_ORDERS: &str = "Pesanan saya";
/// The seller's list of products.
const PRODUCTS: &str = "Daftar produk";
/// More stock for one of them.
const ADD_STOCK: &str = "Tambah stok";
/// In the question for it.
const ASK_STOCK: &str = "Kirim stoknya";
/// The heading of a QR picture.
pub const INVOICE: &str = "Bayar pesanan";

/// From `/start` to the QR picture; returns the order's code.
///
/// # Errors
/// When the sandbox refuses.
///
/// # Panics
/// When a step does not come.
#[track_caller]
pub fn order(chat: &Chat, product: &str) -> Result<String> {
    let known = invoices(chat);
    chat.say("/start")?;
    chat.press(product);
    chat.press(BUY);
    let invoice = chat.wait("the QR picture", |message| is_new_invoice(message, &known));
    Ok(code_in(&invoice.text).expect("a new invoice has a code"))
}

/// As a seller: puts files on a product's shelf, each with a name, its content and the words under it.
///
/// # Errors
/// When the sandbox refuses.
///
/// # Panics
/// When a step does not come.
#[track_caller]
pub fn stock_files(seller: &Chat, product: &str, files: &[(String, String, String)]) -> Result<()> {
    seller.say("/seller")?;
    for label in [PRODUCTS, product, ADD_STOCK] {
        seller.press(label);
    }
    seller.wait_for(ASK_STOCK);
    for (name, content, words) in files {
        seller.send_file(name, content.as_bytes(), words)?;
    }
    Ok(())
}

/// The codes of every QR picture in the chat.
#[must_use]
pub fn invoices(chat: &Chat) -> Vec<String> {
    chat.messages()
        .iter()
        .filter(|message| message.is_photo)
        .filter_map(|message| code_in(&message.text))
        .collect()
}

fn is_new_invoice(message: &Message, known: &[String]) -> bool {
    message.is_photo && code_in(&message.text).is_some_and(|code| !known.contains(&code))
}

/// An order's code in a text: `W` and twelve letters or digits.
#[must_use]
pub fn code_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_code = |word: &&str| {
        word.len() == 13
            && word.starts_with('W')
            && word
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    words.into_iter().find(is_code).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_among_other_words() {
        assert_eq!(
            code_in("Bayar pesanan W0AB12CD34EF5 (Rp25.000)"),
            Some("W0AB12CD34EF5".to_owned())
        );
        assert_eq!(code_in("Warung Sari, WARUNG"), None);
    }
}
