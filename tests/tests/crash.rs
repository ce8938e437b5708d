//! `kill -9` again and again, at random moments and at named points, while customers buy, sellers are told, work in
//! their menu, and one announcement after the other goes out: what
//! the pretend world recorded is held against the database, and the bot's own word counts for nothing.
//! `WARUNG_KILLS` says how many kills; a hundred go into one shop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread::{JoinHandle, sleep, spawn},
    time::Duration,
};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tests::{
    chat::{Chat, PATIENCE},
    history::{ANNOUNCEMENT, Findings, History},
    progress::Progress,
    purchase::{BUY, invoices, stock_files},
    sandbox::{SHOP_BOT, Sandbox},
    settings::{OWNER, SELLER},
    shop::Shop,
    wait::{until, within},
};

use crate::shelves::{FILE_NAME, LONG_NAME, NAME, all_kinds, file_item};

/// Kills in one shop: the sandbox remembers a bounded past.
const KILLS_A_SHOP: usize = 100;
const BUYERS: i64 = 10;
/// People who only look.
const LOOKERS: i64 = 4;
/// People who said hello once and hear every announcement since.
const LISTENERS: std::ops::Range<i64> = 60_000..60_060;
/// More of each kind than ten customers can buy in the time of a hundred restarts.
const STOCK: usize = 1_000;
const LONG_STOCK: usize = 300;
const FILES: usize = 60;
/// What a customer wants: half of all goods are short, the others long or files.
const WISHES: [&str; 6] = [NAME, NAME, NAME, LONG_NAME, LONG_NAME, FILE_NAME];
/// Goods in two messages come at four messages' pace, between kills.
const GOODS_PATIENCE: Duration = Duration::from_secs(90);
const LIFE_MS: std::ops::Range<u64> = 200..1_500;
/// A life that waits for its fail point ends here at the latest.
const LIFE_MAX: Duration = Duration::from_millis(1_500);
/// Whoever sells much reads one notice a second, and the announcement after them.
const LONG: Duration = Duration::from_secs(120);
/// When nothing comes for this long, a person presses again.
const IMPATIENT: Duration = Duration::from_secs(8);
/// A person looks at the phone this often.
const GLANCE: Duration = Duration::from_millis(90);

/// Where the bot dies, and how often at most it passes there before.
const FAIL_POINTS: [(&str, u32); 9] = [
    ("before_mark", 8),
    ("after_mark_before_send", 8),
    ("after_answer_before_store", 8),
    ("after_invoice_before_store", 2),
    ("after_payment_booked", 2),
    ("before_goods_enqueued", 2),
    ("after_inbox_before_confirm", 6),
    ("before_commit", 40),
    ("after_commit_before_answer", 40),
];

/// What the people outside share.
#[derive(Clone)]
struct World {
    sandbox: Arc<Sandbox>,
    closing: Arc<AtomicBool>,
    /// The next customer who was never here.
    newcomer: Arc<AtomicI64>,
}

impl World {
    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    fn newcomer(&self) -> Chat {
        self.sandbox
            .customer(self.newcomer.fetch_add(1, Ordering::Relaxed))
            .unwrap()
    }
}

/// Asks at a person's pace.
fn soon<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    within(IMPATIENT, || {
        ask().or_else(|| {
            sleep(GLANCE);
            None
        })
    })
}

/// From `/start` to the QR picture. `None`: a page did not come, although the person asked three times.
fn ordered(chat: &Chat, product: &str) -> Option<String> {
    let known = invoices(chat);
    for _ in 0..3 {
        chat.say("/start").unwrap();
        let invoice = soon(|| chat.press_now(product))
            .and_then(|()| soon(|| chat.press_now(BUY)))
            .and_then(|()| soon(|| invoices(chat).into_iter().find(|code| !known.contains(code))));
        if invoice.is_some() {
            return invoice;
        }
    }
    None
}

/// Buys, pays and waits for the goods until the shop closes. Returns everybody who came in.
fn keep_buying(world: &World) -> Vec<i64> {
    let mut chat = world.newcomer();
    let mut people = vec![chat.user];
    let mut bought = 0;
    while !world.is_closing() {
        let product = WISHES.choose(&mut rand::rng()).unwrap();
        let Some(code) = ordered(&chat, product) else {
            // A picture that two kills met is not sent a third time: this person leaves, another one comes.
            chat = world.newcomer();
            people.push(chat.user);
            bought = 0;
            continue;
        };
        world.sandbox.pay_order(&code).unwrap();
        bought += 1;
        until("the goods", GOODS_PATIENCE, || {
            let messages = chat.messages();
            let with_goods = messages
                .iter()
                .filter(|message| message.text.contains("@mail.example:"));
            sleep(GLANCE);
            (with_goods.count() == bought).then_some(())
        });
    }
    people
}

/// Opens the first page, again and again.
fn keep_looking(world: &World) -> Vec<i64> {
    let chat = world.newcomer();
    while !world.is_closing() {
        chat.say("/start").unwrap();
        sleep(Duration::from_secs(2));
    }
    vec![chat.user]
}

/// The owner, who sells too but whose phone does not ring for every sale, writes an announcement and sends it to
/// everybody, again and again. A step that a kill met is begun anew. One that waits for somebody who reads much else
/// first is called off, so that the next one meets kills as well.
fn keep_announcing(world: &World) -> Vec<i64> {
    let seller = world.sandbox.chat(SHOP_BOT, OWNER);
    let mut number = 0;
    while !world.is_closing() {
        number += 1;
        let words = format!("{ANNOUNCEMENT} {number}.");
        // Buttons of older pages work as well.
        let steps = ["Menu penjual", "Kirim pengumuman", "Tulis pengumuman"];
        let begun = if seller.press_now(steps[2]).is_some() {
            Some(())
        } else {
            seller.say("/start").unwrap();
            steps
                .iter()
                .try_for_each(|label| soon(|| seller.press_now(label)))
        };
        let asked = begun.and_then(|()| soon(|| seller.newest_that_says("satu pesan teks")));
        if asked.is_none() {
            continue;
        }
        seller.say(&words).unwrap();
        let draft = |chat: &Chat| {
            let shown = chat.messages().into_iter().rev();
            shown
                .into_iter()
                .find(|page| page.text.contains(&words) && page.text.contains("Penerima:"))
        };
        let sent = soon(|| draft(&seller)).and_then(|_| soon(|| seller.press_now("Kirim sekarang")));
        let done = sent.and_then(|()| soon(|| draft(&seller).filter(|page| page.text.contains("Selesai"))));
        if done.is_none() {
            let steps = ["Batalkan pengumuman", "Ya, batalkan"];
            steps
                .iter()
                .try_for_each(|label| soon(|| seller.press_now(label)));
        }
    }
    Vec::new()
}

/// One life of the bot: to a random moment, or to a named point.
fn live_and_die(shop: &mut Shop, chance: &mut StdRng) {
    if chance.random_bool(0.5) {
        let (point, passes_max) = FAIL_POINTS.choose(chance).unwrap();
        let point = format!("{point}:{}", chance.random_range(1..=*passes_max));
        shop.launch_bot(Some(&point)).unwrap();
        within(LIFE_MAX, || shop.bot_has_ended().then_some(()));
    } else {
        shop.launch_bot(None).unwrap();
        // The pause is the experiment itself: a moment of which the bot knows nothing.
        sleep(Duration::from_millis(chance.random_range(LIFE_MS)));
    }
    shop.kill_bot();
}

/// The seller sends every file before the first kill; what the shop says to each comes meanwhile.
fn fill_with_files(shop: &Shop) {
    let files: Vec<_> = (1..=FILES).map(file_item).collect();
    stock_files(&shop.sandbox.chat(SHOP_BOT, SELLER), FILE_NAME, &files).unwrap();
    let all = i64::try_from(STOCK + LONG_STOCK + FILES).unwrap();
    until("the files to be in stock", PATIENCE, || {
        (shop.books().free_items() == all).then_some(())
    });
}

/// Kills a shop under load, lets it come to rest and holds the world's record against its database.
fn torment(kills: usize, seed: u64, mut so_far: impl FnMut(usize)) -> Findings {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut shop = Shop::open(&all_kinds(STOCK, LONG_STOCK));
    shop.sandbox.chat(SHOP_BOT, OWNER).open().unwrap();
    fill_with_files(&shop);
    for user in LISTENERS {
        shop.sandbox.customer(user).unwrap().say("/start").unwrap();
    }
    until("the listeners to be known", PATIENCE, || {
        (shop.books().updates_undone() == 0).then_some(())
    });
    let world = World {
        sandbox: Arc::clone(&shop.sandbox),
        closing: Arc::default(),
        newcomer: Arc::new(AtomicI64::new(4_001)),
    };
    let person = |life: fn(&World) -> Vec<i64>| {
        let world = world.clone();
        spawn(move || life(&world))
    };
    let crowd: Vec<JoinHandle<Vec<i64>>> = (0..BUYERS)
        .map(|_| person(keep_buying))
        .chain((0..LOOKERS).map(|_| person(keep_looking)))
        .chain([person(keep_announcing)])
        .collect();
    shop.kill_bot();
    for killed in 1..kills {
        so_far(killed);
        live_and_die(&mut shop, &mut chance);
    }
    so_far(kills);
    shop.start_bot().unwrap();
    world.closing.store(true, Ordering::Relaxed);
    let people: Vec<i64> = crowd
        .into_iter()
        .flat_map(|person| person.join().unwrap())
        .collect();
    until("every update to be handled", PATIENCE, || {
        (shop.books().updates_undone() == 0).then_some(())
    });
    until("every customer's messages to be sent", PATIENCE, || {
        (shop.books().customers_waiting() == 0).then_some(())
    });
    until("every announcement to be through", LONG, || {
        (!shop.books().announcing()).then_some(())
    });
    // Two pictures of one moment: a notice sent between them would be in one and not in the other.
    shop.stop_bot().unwrap();
    let history = History::read(&shop.sandbox, &people).unwrap();
    let findings = history.hold_against(&shop.books(), kills);
    println!("seed {seed}, {kills} kills: {findings:#?}");
    assert!(findings.faults.is_empty(), "seed {seed}: {:#?}", findings.faults);
    assert!(
        findings.paid >= kills / 4,
        "only {} purchases: the kills hit an idle shop",
        findings.paid
    );
    assert!(
        findings.announced > kills / 2,
        "only {} announcements reached somebody: the kills met none",
        findings.announced
    );
    assert!(
        kills < KILLS_A_SHOP || (findings.in_parts > 0 && findings.files > 0),
        "no long goods or no files were bought: {findings:#?}"
    );
    findings
}

fn kills_wanted() -> usize {
    std::env::var("WARUNG_KILLS").map_or(KILLS_A_SHOP, |count| count.parse().unwrap())
}

#[test]
fn a_hundred_kills_lose_nothing_and_repeat_nothing() {
    let (wanted, mut done, mut paid) = (kills_wanted(), 0, 0);
    let mut progress = Progress::new("kills", wanted);
    while done < wanted {
        let kills = (wanted - done).min(KILLS_A_SHOP);
        paid += torment(kills, rand::random(), |now| progress.at(done + now, 0)).paid;
        done += kills;
    }
    println!("{done} kills, {paid} purchases, 0 faults");
}
