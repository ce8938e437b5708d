//! A shop on a real SQLite file, people who write and press as Telegram would tell it, and an outbox that is emptied
//! as if Telegram took everything.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicI32, Ordering},
    time::Duration,
};

use bot::{
    db,
    jobs::trade,
    outbox::{self, Button, Lane, MessageId, Outgoing, Purpose, Screen},
    queue::Boot,
    shop::{
        Shop,
        catalog::{self, Draft, ProductId},
        customer::{CustomerId, Language},
        money::Rupiah,
        order::{self, Order},
        payment::{Answer, Status, confirm::Mode},
        stock,
    },
    telegram::{
        event::{Parsed, parse},
        router,
    },
};
use protocol::time::UnixMillis;
use rusqlite::Connection;
use serde_json::{Value, json};

pub const BUYER: i64 = 7001;
pub const STRANGER: i64 = 7002;
pub const SELLER: i64 = 2001;

/// Something that went out.
#[derive(Clone, Debug)]
pub struct Sent {
    pub chat: i64,
    pub purpose: Purpose,
    pub outgoing: Outgoing,
    /// The message that carries it now.
    pub message: MessageId,
    pub is_edit: bool,
}

impl Sent {
    pub fn screen(&self) -> Option<&Screen> {
        match &self.outgoing {
            Outgoing::Text(screen) | Outgoing::EditText(screen) => Some(screen),
            _ => None,
        }
    }
}

pub struct World {
    pub conn: Connection,
    pub shop: Shop,
    pub now: UnixMillis,
    messages: AtomicI32,
    pub dir: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut conn = db::open_writer(&dir.path().join("shop.db")).unwrap();
        db::migrate(&mut conn).unwrap();
        // Nothing here loses power, and a hundred presses need not wait for the disk.
        conn.pragma_update(None, "synchronous", "off").unwrap();
        let shop = Shop {
            name: "Warung Sari".to_owned(),
            language: Language::Indonesian,
            timezone: jiff::tz::TimeZone::get("Asia/Jakarta").unwrap(),
            owners: vec![CustomerId(1001)],
            sellers: vec![CustomerId(SELLER)],
            payment_window: Duration::from_secs(900),
        };
        let now = UnixMillis(1_795_313_640_000);
        Self {
            conn,
            shop,
            now,
            messages: AtomicI32::new(100),
            dir,
        }
    }

    pub fn product(&self, name: &str, stock: &[&str]) -> ProductId {
        let draft = Draft {
            sku: name.replace(' ', "-"),
            name: name.to_owned(),
            category: "Streaming".to_owned(),
            description: "Akun premium".to_owned(),
            terms: "Kirim screenshot".to_owned(),
            price: Rupiah(25_000),
        };
        let id = catalog::store::put(&self.conn, &draft, self.now).unwrap();
        stock::store::add(&self.conn, id, stock.iter().copied(), self.now).unwrap();
        id
    }

    /// Where it lies, for other connections.
    pub fn database(&self) -> PathBuf {
        self.dir.path().join("shop.db")
    }

    /// Hands an update to the router, as the inbox would, and answers everything that goes out for it.
    pub fn update(&self, body: &Value) -> Vec<Sent> {
        let Parsed::Event(event) = parse(&body.to_string()) else {
            panic!("{body} is no event")
        };
        router::handle(&self.conn, &self.shop, &event, self.now).unwrap();
        self.drain()
    }

    pub fn write(&self, user: i64, text: &str) -> Vec<Sent> {
        self.update(&json!({"update_id": 1, "message": {
            "message_id": 1, "date": 1, "from": from(user), "chat": chat(user), "text": text
        }}))
    }

    /// Sends a file as Telegram would tell of it: by both of its names.
    pub fn send_file(&self, user: i64, (file, unique): (&str, &str), caption: &str) -> Sent {
        let mut sent = self.update(&json!({"update_id": 1, "message": {
            "message_id": 1, "date": 1, "from": from(user), "chat": chat(user), "caption": caption,
            "document": {"file_id": file, "file_unique_id": unique, "file_name": "buku.pdf", "file_size": 9}
        }}));
        assert_eq!(sent.len(), 1, "one message for one file");
        sent.remove(0)
    }

    /// What a person reads after writing.
    pub fn read(&self, user: i64, text: &str) -> Sent {
        let mut sent = self.write(user, text);
        assert_eq!(sent.len(), 1, "one message for one message");
        sent.remove(0)
    }

    /// Presses a button under a text message.
    pub fn press(&self, user: i64, data: &str) -> (Option<String>, Vec<Sent>) {
        self.press_under(user, data, MessageId(50), &json!({"text": "x"}))
    }

    pub fn press_under(
        &self,
        user: i64,
        data: &str,
        message: MessageId,
        content: &Value,
    ) -> (Option<String>, Vec<Sent>) {
        let mut under = json!({"message_id": message.0, "date": 1, "chat": chat(user)});
        under
            .as_object_mut()
            .unwrap()
            .extend(content.as_object().unwrap().clone());
        let mut sent = self.update(&json!({"update_id": 1, "callback_query": {
            "id": "77", "from": from(user), "chat_instance": "c", "data": data, "message": under
        }}));
        let at = sent
            .iter()
            .position(|sent| sent.purpose == Purpose::Answer)
            .expect("every press is answered");
        let Outgoing::Answer {
            callback_id, toast, ..
        } = sent.remove(at).outgoing
        else {
            panic!("no answer")
        };
        assert_eq!(callback_id, "77");
        assert!(
            sent.iter().all(|sent| sent.purpose != Purpose::Answer),
            "a press is answered once"
        );
        (toast, sent)
    }

    /// Presses the button of a label, as a person would, and answers the page that opens.
    pub fn tap(&self, user: i64, on: &Sent, label: &str) -> Sent {
        let (toast, mut sent) = self.tap_all(user, on, label);
        assert_eq!(sent.len(), 1, "'{label}' opens one page; it said {toast:?}");
        sent.remove(0)
    }

    pub fn tap_all(&self, user: i64, on: &Sent, label: &str) -> (Option<String>, Vec<Sent>) {
        let button = find(on.screen().expect("a page"), label);
        self.press_under(user, &button.press.encode(), on.message, &json!({"text": "x"}))
    }

    pub fn buy(&self, user: i64, product: ProductId) -> Order {
        let (toast, _) = self.press(user, &format!("buy:{}", product.0));
        assert_eq!(toast.as_deref(), Some("Menyiapkan QRIS…"));
        order::store::of_customer(&self.conn, CustomerId(user), 0, 1)
            .unwrap()
            .remove(0)
    }

    /// Money of an order, as the gateway would confirm it.
    pub fn pay(&self, order: &Order, txn: &str, amount: i64) -> Order {
        let order = order::store::get(&self.conn, order.id).unwrap();
        let answer = Answer {
            txn_id: txn.to_owned(),
            order_code: order.code.clone(),
            amount: Rupiah(amount),
            sandbox: false,
            status: Status::Completed,
        };
        trade::take_payment(
            &self.conn,
            &self.shop,
            "pakasir",
            &order,
            &answer,
            Mode::Live,
            self.now,
        )
        .unwrap();
        order::store::get(&self.conn, order.id).unwrap()
    }

    /// Empties the outbox, but for what a broadcast has in it.
    pub fn drain(&self) -> Vec<Sent> {
        let mut all = Vec::new();
        loop {
            let (mut heads, answers) = outbox::store::heads(&self.conn).unwrap();
            heads.retain(|head| head.lane != Lane::Broadcast as i64);
            if heads.is_empty() && answers.is_empty() {
                return all;
            }
            for head in answers.into_iter().chain(heads) {
                let sending = outbox::store::begin(&self.conn, head.id, Boot(1))
                    .unwrap()
                    .unwrap();
                let new = MessageId(self.messages.fetch_add(1, Ordering::Relaxed));
                let message = sending.edits.unwrap_or(new);
                outbox::store::sent(&self.conn, head.id, Some(message), self.now).unwrap();
                all.push(Sent {
                    chat: sending.chat.0,
                    purpose: sending.purpose,
                    outgoing: sending.outgoing,
                    message,
                    is_edit: sending.is_edit,
                });
            }
        }
    }
}

pub fn find<'a>(screen: &'a Screen, label: &str) -> &'a Button {
    let buttons = || screen.keyboard.iter().flatten();
    let found = buttons().find(|button| button.label.contains(label));
    let labels: Vec<&str> = buttons().map(|button| button.label.as_str()).collect();
    found.unwrap_or_else(|| {
        panic!(
            "no button '{label}' among {labels:?} under: {}",
            screen.words.text
        )
    })
}

pub fn labels(sent: &Sent) -> Vec<String> {
    sent.screen()
        .unwrap()
        .keyboard
        .iter()
        .flatten()
        .map(|button| button.label.clone())
        .collect()
}

pub fn text(sent: &Sent) -> &str {
    &sent.screen().expect("a page").words.text
}

fn from(user: i64) -> Value {
    json!({"id": user, "is_bot": false, "first_name": "Budi", "language_code": "en"})
}

fn chat(user: i64) -> Value {
    json!({"id": user, "type": "private", "first_name": "Budi"})
}
