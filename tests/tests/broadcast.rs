//! An announcement to a few hundred people by the real bot, killed in the middle: counted by what the pretend
//! Telegram recorded, nobody gets it twice, and only what was on the wire is uncertain.

use std::{
    collections::BTreeMap,
    thread::sleep,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tests::{
    chat::{Chat, Message, PATIENCE},
    sandbox::SHOP_BOT,
    settings::SELLER,
    shop::Shop,
    wait::until,
};

use crate::shelves::stocked;

const PEOPLE: std::ops::Range<i64> = 50_000..50_300;
/// These have blocked the shop, which it learns from Telegram's answer alone.
const BLOCKERS: [i64; 3] = [50_007, 50_108, 50_250];
const KILLS: usize = 3;
/// As many as the bot commits ahead of sending.
const WINDOW: usize = 30;
const WORDS: &str = "Stok baru sudah datang!";
/// From the process's start to the first message.
const RESUMES_WITHIN: Duration = Duration::from_secs(2);
/// Three hundred greetings and three hundred announcements take ten seconds each on an idle machine.
const LONG: Duration = Duration::from_secs(120);

/// Everybody says hello once, so that the shop knows them.
fn introduce(shop: &Shop) {
    for user in PEOPLE {
        shop.sandbox.customer(user).unwrap().say("/start").unwrap();
    }
    let greeted = || {
        let calls = taken(shop, 0);
        let people: BTreeMap<i64, ()> = calls.iter().map(|call| (chat_of(call), ())).collect();
        (people.range(PEOPLE).count() == PEOPLE.count()).then_some(())
    };
    until("everybody to be greeted", LONG, greeted);
}

/// Messages that Telegram took after an entry of its record.
fn taken(shop: &Shop, after: u64) -> Vec<Value> {
    let filter = format!("api=telegram&bot={SHOP_BOT}&method=sendMessage&after={after}");
    let calls = shop.sandbox.record(&filter).unwrap();
    calls.into_iter().filter(|call| call["code"] == 200).collect()
}

fn chat_of(call: &Value) -> i64 {
    call["chat_id"].as_i64().unwrap()
}

fn announced(shop: &Shop) -> Vec<Value> {
    let calls = taken(shop, 0).into_iter();
    calls.filter(|call| call["params"]["text"] == WORDS).collect()
}

/// The one message with the progress.
fn progress(seller: &Chat) -> Message {
    let mut pages: Vec<Message> = seller
        .messages()
        .into_iter()
        .filter(|message| message.text.contains("Pengumuman 1"))
        .collect();
    assert_eq!(pages.len(), 1, "progress changes in one place: {pages:#?}");
    pages.remove(0)
}

/// The number behind a word on the page.
fn number(page: &str, word: &str) -> usize {
    let rest = page
        .split_once(word)
        .unwrap_or_else(|| panic!("no '{word}' in: {page}"))
        .1;
    let digits: String = rest
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap()
}

#[test]
fn a_broadcast_that_is_killed_goes_on_and_reaches_nobody_twice() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let mut shop = Shop::open(&stocked(1));
    introduce(&shop);
    let seller = shop.sandbox.chat(SHOP_BOT, SELLER);
    seller.say("/start").unwrap();
    for label in ["Menu penjual", "Kirim pengumuman", "Tulis pengumuman"] {
        seller.press(label);
    }
    seller.wait_for("satu pesan teks");
    seller.say(WORDS).unwrap();
    let draft = seller.wait_for("Penerima:");
    let audience = number(&draft.text, "Penerima:");
    assert_eq!(
        audience,
        PEOPLE.count() + 1,
        "all who came, the seller among them"
    );
    for user in BLOCKERS {
        shop.sandbox
            .break_with(
                &json!({ "target": "telegram", "method": "sendMessage", "chat_id": user, "fault": "status",
                "code": 403, "description": "Forbidden: bot was blocked by the user" }),
            )
            .unwrap();
    }
    seller.press("Kirim sekarang");
    until("the announcement to go out", PATIENCE, || {
        (announced(&shop).len() > 20).then_some(())
    });

    for _ in 0..KILLS {
        // The pause is the experiment itself: a moment of which the bot knows nothing.
        sleep(Duration::from_millis(chance.random_range(300..1_500)));
        shop.kill_bot();
        let before = announced(&shop).len();
        let begun = Instant::now();
        shop.start_bot().unwrap();
        until("the announcement to go on", PATIENCE, || {
            (announced(&shop).len() > before).then_some(())
        });
        println!("went on {:?} after the start, {before} had it", begun.elapsed());
        assert!(begun.elapsed() < RESUMES_WITHIN);
    }
    until("the announcement to end", LONG, || {
        progress(&seller).text.contains("Selesai").then_some(())
    });
    account(&shop, &progress(&seller).text, audience);
}

fn account(shop: &Shop, page: &str, audience: usize) {
    let mut times: BTreeMap<i64, usize> = BTreeMap::new();
    for call in announced(shop) {
        *times.entry(chat_of(&call)).or_default() += 1;
    }
    assert!(
        times.values().all(|times| *times == 1),
        "somebody got it twice: {times:?}"
    );
    let (sent, unknown) = (number(page, "Terkirim:"), number(page, "Belum pasti:"));
    let blocked = number(page, "Memblokir bot:");
    assert_eq!(sent + unknown + blocked, audience, "{page}");
    // A kill may come between the refusal and its being written down.
    assert!(
        blocked <= BLOCKERS.len() && blocked + unknown >= BLOCKERS.len(),
        "{page}"
    );
    assert!(unknown <= WINDOW * KILLS, "{page}");
    // Whoever is counted has it; of the uncertain some have it and some do not.
    assert!(
        (sent..=audience).contains(&times.len()),
        "{} of: {page}",
        times.len()
    );
    assert!(
        unknown == 0 || page.contains("tidak ada yang tahu"),
        "the seller is told what uncertain means: {page}"
    );
    let too_fast = shop
        .sandbox
        .record(&format!("api=telegram&bot={SHOP_BOT}"))
        .unwrap();
    assert_eq!(too_fast.iter().filter(|call| call["code"] == 429).count(), 0);
}
