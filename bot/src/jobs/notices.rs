//! What is sent without being asked: invoices, goods, news about money. Pure: values in, a screen out.
//! Every screen fits into its message whatever a seller typed.

mod goods;

use crate::{
    outbox::{Button, Keyboard, Screen, press::Press, rich::Rich},
    shop::{
        Shop,
        customer::Language,
        money::Rupiah,
        order::{Order, State},
        payment::Invoice,
        refund::Reason,
    },
    words::{say, trade, when},
};
pub use goods::{Push, frame, parts, push, refused};

/// The words under a QR picture: what it is for, what to pay, until when and how.
#[must_use]
pub fn invoice(shop: &Shop, language: Language, order: &Order, invoice: &Invoice) -> Screen {
    let fee = invoice.fee.to_string();
    let lines = [
        say(
            language,
            "invoice-price",
            &[("price", &invoice.amount.to_string())],
        ),
        say(language, "invoice-fee", &[("fee", &fee)]),
    ];
    let deadline = when::clock(order.pay_before, &shop.timezone);
    let words = about(language, "invoice-title", order)
        .then(&format!("\n{}\n\n{}\n", order.product_name, lines.join("\n")))
        .bold(&say(
            language,
            "invoice-total",
            &[("total", &invoice.total.to_string())],
        ))
        .then("\n\n")
        .then(&say(language, "invoice-deadline", &[("time", &deadline)]))
        .then("\n")
        .then(&say(language, "invoice-how", &[]));
    Screen {
        words,
        keyboard: one(
            language,
            "button-cancel-order",
            Press::CancelOrder(order.code.clone()),
        ),
    }
}

/// The words under the QR picture once nobody must pay it any more.
#[must_use]
pub fn invoice_closed(language: Language, order: &Order) -> Screen {
    let key = match order.state {
        State::AwaitingPayment | State::Expired => "invoice-expired",
        State::Paid | State::Delivered => "invoice-paid",
        State::Cancelled => "invoice-cancelled",
        State::Review => "invoice-review",
        State::RefundDue | State::Refunded => "invoice-refund",
    };
    told(
        language,
        order,
        &say(language, key, &[]),
        one(language, "button-home", Press::Home),
    )
}

/// To the customer: the gateway makes no invoice.
#[must_use]
pub fn invoice_refused(language: Language, order: &Order) -> Screen {
    let home = one(language, "button-home", anew(Press::Home));
    told(language, order, &say(language, "invoice-refused", &[]), home)
}

/// To the customer: a wrong amount came, the seller decides.
#[must_use]
pub fn review(language: Language, order: &Order, amount: Rupiah) -> Screen {
    let places = [
        ("amount", &*amount.to_string()),
        ("price", &order.price.to_string()),
    ];
    told(
        language,
        order,
        &say(language, "review-notice", &places),
        to_order(language, order),
    )
}

/// To the customer: money came, there are no goods for it, and it goes back.
#[must_use]
pub fn refund_due(language: Language, order: &Order, amount: Rupiah, reason: Reason) -> Screen {
    let places = [
        ("amount", &*amount.to_string()),
        ("reason", &trade::reason(language, reason)),
    ];
    told(
        language,
        order,
        &say(language, "refund-due-notice", &places),
        to_order(language, order),
    )
}

/// To the customer: the order was paid once more, and that goes back.
#[must_use]
pub fn second_payment(language: Language, order: &Order, amount: Rupiah) -> Screen {
    let words = say(
        language,
        "second-payment-notice",
        &[("amount", &amount.to_string())],
    );
    told(language, order, &words, to_order(language, order))
}

/// To the customer: the seller noted that the money went back.
#[must_use]
pub fn refunded(language: Language, order: &Order) -> Screen {
    told(
        language,
        order,
        &say(language, "refunded-notice", &[]),
        to_order(language, order),
    )
}

/// To the customer: the seller noted that a second payment went back.
#[must_use]
pub fn second_refunded(language: Language, order: &Order, amount: Rupiah) -> Screen {
    let words = say(
        language,
        "second-refunded-notice",
        &[("amount", &amount.to_string())],
    );
    told(language, order, &words, to_order(language, order))
}

/// To a seller: a sale.
#[must_use]
pub fn seller_sold(language: Language, order: &Order) -> Screen {
    let places = [
        ("product", &*order.product_name),
        ("price", &order.price.to_string()),
    ];
    let words =
        about(language, "order-code", order)
            .then("\n")
            .then(&say(language, "seller-sold-notice", &places));
    Screen {
        words,
        keyboard: to_seller_order(language, order),
    }
}

/// To a seller: a wrong amount came, decide.
#[must_use]
pub fn seller_review(language: Language, order: &Order, amount: Rupiah) -> Screen {
    let places = [
        ("amount", &*amount.to_string()),
        ("price", &order.price.to_string()),
    ];
    told(
        language,
        order,
        &say(language, "seller-review-notice", &places),
        to_refunds(language, order),
    )
}

/// To a seller: money must go back.
#[must_use]
pub fn seller_refund_due(language: Language, order: &Order, amount: Rupiah, reason: Reason) -> Screen {
    let places = [
        ("amount", &*amount.to_string()),
        ("reason", &trade::reason(language, reason)),
    ];
    told(
        language,
        order,
        &say(language, "seller-refund-due-notice", &places),
        to_refunds(language, order),
    )
}

/// To a seller: money came for an order that the shop does not have.
#[must_use]
pub fn seller_unknown_order(language: Language, code: &str, amount: Rupiah) -> Screen {
    let news = say(
        language,
        "seller-unknown-order-notice",
        &[("amount", &amount.to_string())],
    );
    let words = Rich::plain(say(language, "order-code", &[]))
        .then(" ")
        .bold(code)
        .then(&format!("\n\n{news}"));
    Screen {
        words,
        keyboard: one(language, "button-seller-menu", anew(Press::Seller)),
    }
}

/// To a seller: the goods wait for a customer who cannot be reached.
#[must_use]
pub fn seller_unreachable(language: Language, order: &Order) -> Screen {
    let words = say(language, "seller-unreachable-notice", &[]);
    told(language, order, &words, to_seller_order(language, order))
}

/// To a seller: Telegram does not take the goods of an order.
#[must_use]
pub fn seller_goods_refused(language: Language, order: &Order) -> Screen {
    let words = say(language, "seller-goods-refused-notice", &[]);
    told(language, order, &words, to_seller_order(language, order))
}

/// The order in two lines, then the news.
fn told(language: Language, order: &Order, news: &str, keyboard: Keyboard) -> Screen {
    let words = about(language, "order-code", order).then(&format!("\n{}\n\n{news}", order.product_name));
    Screen { words, keyboard }
}

fn about(language: Language, key: &str, order: &Order) -> Rich {
    Rich::plain(say(language, key, &[])).then(" ").bold(&order.code)
}

fn to_order(language: Language, order: &Order) -> Keyboard {
    one(language, "button-order", anew(Press::Order(order.code.clone())))
}

fn to_seller_order(language: Language, order: &Order) -> Keyboard {
    one(
        language,
        "button-order",
        anew(Press::SellerOrder(order.code.clone())),
    )
}

fn to_refunds(language: Language, order: &Order) -> Keyboard {
    let mut keyboard = one(language, "refunds-title", anew(Press::Refunds(0)));
    keyboard.extend(to_seller_order(language, order));
    keyboard
}

/// News stays in the chat when its button is pressed.
fn anew(press: Press) -> Press {
    Press::Anew(Box::new(press))
}

fn one(language: Language, key: &str, press: Press) -> Keyboard {
    vec![vec![Button::new(say(language, key, &[]), press)]]
}

#[cfg(test)]
mod tests {
    use protocol::time::UnixMillis;

    use super::*;
    use crate::outbox::rich::utf16;
    use crate::shop::{
        catalog::{NAME_CHARS_MAX, ProductId},
        customer::CustomerId,
        order::OrderId,
    };

    /// Telegram's limit of the words under a picture.
    const CAPTION_UNITS_MAX: usize = 1_024;

    pub(super) fn order(state: State, product_name: &str) -> Order {
        Order {
            id: OrderId(1),
            code: "W1NE8Y2ABCDEF".to_owned(),
            customer: CustomerId(7),
            product: ProductId(1),
            product_name: product_name.to_owned(),
            price: Rupiah(25_000),
            state,
            placed_at: UnixMillis(0),
            pay_before: UnixMillis(1_795_313_640_000),
        }
    }

    fn shop() -> Shop {
        Shop {
            name: "Warung Sari".to_owned(),
            language: Language::Indonesian,
            timezone: jiff::tz::TimeZone::get("Asia/Jakarta").unwrap(),
            owners: vec![],
            sellers: vec![],
            payment_window: std::time::Duration::from_secs(900),
        }
    }

    fn made() -> Invoice {
        Invoice {
            txn_id: "t".to_owned(),
            amount: Rupiah(25_000),
            fee: Rupiah(485),
            total: Rupiah(25_485),
            qr: "000201".to_owned(),
            sandbox: true,
        }
    }

    fn languages() -> impl Iterator<Item = Language> {
        Language::ALL.into_iter().map(|(_, language)| language)
    }

    #[test]
    fn an_invoice_says_what_to_pay_and_until_when() {
        let screen = invoice(
            &shop(),
            Language::Indonesian,
            &order(State::AwaitingPayment, "Netflix 1 bulan"),
            &made(),
        );
        let text = &screen.words.text;
        for part in [
            "W1NE8Y2ABCDEF",
            "Netflix 1 bulan",
            "Rp25.000",
            "Rp485",
            "Total: Rp25.485",
            "09:14 WIB",
        ] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
        assert_eq!(screen.keyboard[0][0].label, "❌ Batalkan");
    }

    #[test]
    fn captions_fit_under_a_picture() {
        let longest = "🧧".repeat(NAME_CHARS_MAX);
        for language in languages() {
            for (_, state) in State::ALL {
                let order = order(state, &longest);
                for screen in [
                    invoice(&shop(), language, &order, &made()),
                    invoice_closed(language, &order),
                ] {
                    assert!(
                        utf16(&screen.words.text) <= CAPTION_UNITS_MAX,
                        "{}",
                        screen.words.text
                    );
                }
            }
        }
    }

    #[test]
    fn an_expired_qr_says_not_to_pay_it() {
        let closed = |state| {
            invoice_closed(Language::Indonesian, &order(state, "Netflix"))
                .words
                .text
        };
        assert!(closed(State::Expired).contains("Jangan bayar QR ini lagi"));
        assert!(closed(State::Cancelled).contains("Jangan bayar QR ini lagi"));
        assert!(closed(State::Paid).contains("Sudah dibayar"));
    }

    #[test]
    fn notices_keep_their_message_when_pressed() {
        let order = order(State::Delivered, "Netflix");
        for language in languages() {
            for screen in [
                invoice_refused(language, &order),
                review(language, &order, Rupiah(1)),
                refund_due(language, &order, Rupiah(1), Reason::Late),
                second_payment(language, &order, Rupiah(1)),
                refunded(language, &order),
                second_refunded(language, &order, Rupiah(1)),
                seller_sold(language, &order),
                seller_review(language, &order, Rupiah(1)),
                seller_refund_due(language, &order, Rupiah(1), Reason::Second),
                seller_unreachable(language, &order),
                seller_goods_refused(language, &order),
            ] {
                let presses = screen.keyboard.iter().flatten();
                assert!(
                    presses
                        .into_iter()
                        .all(|button| matches!(button.press, Press::Anew(_)))
                );
                assert!(!screen.words.text.contains("{"), "{}", screen.words.text);
            }
        }
    }
}
