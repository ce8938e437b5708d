//! Both languages say everything, and every page fits into its message.

use std::collections::{BTreeMap, BTreeSet};

use bot::{
    outbox::{
        Outgoing,
        rich::{TEXT_CHARS_MAX, utf16},
    },
    shop::{
        catalog::{self, Draft, NAME_CHARS_MAX, PRICE_MAX, TEXT_CHARS_MAX as PROSE_CHARS_MAX},
        customer::CustomerId,
        order, stock,
    },
};

use crate::world::{BUYER, SELLER, World};

/// Telegram's limit of the word that ends a button's waiting.
const TOAST_UNITS_MAX: usize = 200;

/// The keys of a file with the places of each.
fn keys(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let path = format!("{}/locales/{language}.ftl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let (false, Some((name, _))) = (line.starts_with(' '), line.split_once(" =")) {
            key = name.to_owned();
            assert!(
                keys.insert(key.clone(), BTreeSet::new()).is_none(),
                "{key} stands twice in {language}.ftl"
            );
        }
        let places = line
            .split("{ $")
            .skip(1)
            .filter_map(|rest| rest.split_once(" }"))
            .map(|(place, _)| place);
        keys.entry(key.clone())
            .or_default()
            .extend(places.map(str::to_owned));
    }
    keys.remove("");
    keys
}

fn source(dir: &std::path::Path) -> String {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| match path.extension().and_then(|end| end.to_str()) {
            Some("rs") => std::fs::read_to_string(&path).unwrap(),
            _ if path.is_dir() => source(&path),
            _ => String::new(),
        })
        .collect()
}

#[test]
fn both_languages_have_every_key_with_the_same_places() {
    assert_eq!(keys("id"), keys("en"));
    assert!(keys("id").len() > 100);
}

#[test]
fn every_key_is_used() {
    let source = source(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let idle: Vec<_> = keys("id")
        .into_keys()
        .filter(|key| !source.contains(&format!("\"{key}\"")))
        .collect();
    assert!(idle.is_empty(), "nobody says {idle:?}");
}

/// Walks every page that can be reached and holds it against Telegram's limits.
fn walk(world: &World, user: i64, first: &[&str]) -> usize {
    let mut open: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    let check = |outgoing: &Outgoing, open: &mut Vec<String>| {
        let (Outgoing::Text(screen) | Outgoing::EditText(screen)) = outgoing else {
            return;
        };
        let text = &screen.words.text;
        assert!(
            (1..=TEXT_CHARS_MAX).contains(&utf16(text)),
            "{} units: {text}",
            utf16(text)
        );
        assert!(
            !text.contains("localization") && !text.contains("{ $") && !text.contains("{$"),
            "{text}"
        );
        for mark in &screen.words.marks {
            assert!(
                mark.length > 0 && mark.offset + mark.length <= utf16(text),
                "{mark:?} in {text}"
            );
        }
        for button in screen.keyboard.iter().flatten() {
            assert!(
                !button.label.contains("localization") && !button.label.contains('{'),
                "{}",
                button.label
            );
            assert!((1..=64).contains(&button.press.encode().len()));
            open.push(button.press.encode());
        }
    };
    for command in first {
        world
            .write(user, command)
            .iter()
            .for_each(|sent| check(&sent.outgoing, &mut open));
    }
    while let Some(data) = open.pop() {
        if !seen.insert(data.clone()) {
            continue;
        }
        let (toast, sent) = world.press(user, &data);
        assert!(
            toast
                .iter()
                .all(|toast| utf16(toast) <= TOAST_UNITS_MAX && !toast.contains("localization"))
        );
        sent.iter().for_each(|sent| check(&sent.outgoing, &mut open));
    }
    seen.len()
}

#[test]
fn every_page_fits_with_the_longest_products_in_both_languages() {
    for language in ["id", "en"] {
        let mut world = World::new();
        world.shop.name = "🏪".repeat(500);
        for n in 0..10 {
            let draft = Draft {
                sku: format!("p{n}"),
                name: "🧧".repeat(NAME_CHARS_MAX),
                category: "📚".repeat(NAME_CHARS_MAX - 1) + &n.to_string(),
                description: "🧾".repeat(PROSE_CHARS_MAX),
                terms: "📜".repeat(PROSE_CHARS_MAX),
                price: PRICE_MAX,
            };
            let id = catalog::store::put(&world.conn, &draft, world.now).unwrap();
            let item = format!("{n}{}", "x".repeat(2_999));
            stock::store::add(
                &world.conn,
                id,
                [&*item, &format!("y{n}"), &format!("z{n}")],
                world.now,
            )
            .unwrap();
            for (user, txn, amount) in [
                (7_100 + n, "a", PRICE_MAX.0),
                (7_200 + n, "b", 1),
                (BUYER, "c", 2),
            ] {
                world.press(user, &format!("lang:{language}"));
                world.press(user, &format!("buy:{}", id.0));
                let orders = order::store::of_customer(&world.conn, CustomerId(user), 0, 1).unwrap();
                world.pay(&orders[0], &format!("{txn}{n}"), amount);
            }
        }
        world.drain();
        world.press(SELLER, &format!("lang:{language}"));
        let commands = [
            "/start",
            "/orders",
            "/language",
            "/help",
            "/terms",
            "/paysupport",
            "?",
        ];
        assert!(walk(&world, BUYER, &commands) > 20);
        assert!(walk(&world, SELLER, &["/seller", "/start"]) > 50);
    }
}
