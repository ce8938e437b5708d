//! Who may name whom: downwards only, and the two programs never each other.
//! It reads paths and manifests; what travels through the allowed calls is for a reader.

use crate::tree::{Source, files, refuse, rust_of};

/// A top module, and the top modules of the same crate that it may name.
type Layer = (&'static str, &'static [&'static str]);

/// From the top down. `telegram` and `http` are the two ways in; `http` also takes Telegram's webhook.
/// The shop names nothing above the database: what it wants done elsewhere, it enqueues as data.
const BOT: [Layer; 23] = [
    (
        "cli",
        &[
            "app", "clock", "config", "db", "logs", "queue", "restored", "shop",
        ],
    ),
    (
        "app",
        &[
            "clock", "config", "db", "gateways", "guard", "health", "http", "inbox", "incident", "jobs",
            "keeper", "logs", "outbox", "queue", "restored", "shop", "telegram", "vault",
        ],
    ),
    (
        "restored",
        &[
            "clock", "db", "gateways", "incident", "jobs", "outbox", "queue", "shop",
        ],
    ),
    ("config", &["db", "gateways", "shop", "telegram"]),
    (
        "http",
        &[
            "clock", "db", "gateways", "guard", "health", "inbox", "incident", "jobs", "keeper", "logs",
            "outbox", "queue", "shop", "telegram",
        ],
    ),
    (
        "telegram",
        &[
            "clock", "db", "fail", "guard", "health", "inbox", "incident", "jobs", "outbox", "queue", "shop",
            "vault", "words",
        ],
    ),
    (
        "jobs",
        &[
            "clock", "db", "fail", "gateways", "inbox", "incident", "keeper", "outbox", "queue", "shop",
            "vault", "words",
        ],
    ),
    ("keeper", &["clock", "db", "incident", "outbox", "shop"]),
    ("words", &["shop"]),
    ("gateways", &["clock", "health", "shop"]),
    ("outbox", &["db", "queue", "shop"]),
    ("shop", &["audit", "db", "guard", "incident", "queue", "vault"]),
    ("inbox", &["db"]),
    ("queue", &["clock", "db", "health", "incident"]),
    ("incident", &["db"]),
    ("guard", &["db"]),
    ("vault", &["db"]),
    ("audit", &["db"]),
    ("health", &["clock"]),
    ("db", &["fail"]),
    ("clock", &[]),
    ("logs", &[]),
    ("fail", &[]),
];

/// The same for the agent. `alert` knows no probe. `backup` never names `keys`: what takes backups cannot open one.
const AGENT: [Layer; 18] = [
    (
        "cli",
        &[
            "alert", "app", "backup", "beat", "config", "console", "http", "keys", "rehearse", "restore",
            "store", "traffic", "watch",
        ],
    ),
    (
        "app",
        &[
            "alert", "backup", "beat", "chart", "config", "console", "http", "overview", "page", "rehearse",
            "store", "traffic", "watch",
        ],
    ),
    (
        "console",
        &[
            "alert", "chart", "config", "overview", "store", "traffic", "watch",
        ],
    ),
    (
        "page",
        &[
            "alert", "chart", "config", "overview", "store", "traffic", "watch",
        ],
    ),
    (
        "overview",
        &["alert", "backup", "chart", "store", "traffic", "watch"],
    ),
    ("chart", &["alert", "config", "store", "traffic", "watch"]),
    ("http", &["alert", "backup", "beat", "store", "watch"]),
    ("watch", &["alert", "backup", "beat", "boot", "config", "store"]),
    ("rehearse", &["backup", "config", "restore", "store"]),
    ("restore", &["backup", "config", "keys", "store"]),
    ("keys", &["backup", "config"]),
    ("alert", &["backup", "beat", "config", "store"]),
    ("backup", &["boot", "config", "store"]),
    ("traffic", &["config", "store"]),
    ("config", &[]),
    ("store", &[]),
    ("beat", &[]),
    ("boot", &[]),
];

/// A package, and what its manifest must not name.
const APART: [(&str, &[&str]); 6] = [
    ("bot", &["agent", "sandbox", "tests"]),
    ("agent", &["bot", "sandbox", "tests"]),
    (
        "protocol",
        &[
            "bot", "agent", "sandbox", "tests", "tokio", "rusqlite", "reqwest", "axum",
        ],
    ),
    ("tests/sandbox", &["bot", "agent", "protocol", "tests"]),
    ("tests", &["bot", "agent"]),
    ("tests/durability", &["agent", "sandbox", "tests"]),
];

fn offences(program: &str, layers: &[Layer], files: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let parts = module_of(program, &file.path);
        let Some(own) = parts.first() else { continue };
        let Some((_, allowed)) = layers.iter().find(|(name, _)| name == own) else {
            found.push(format!(
                "{}: the module '{own}' has no place in the table of layers",
                file.path
            ));
            continue;
        };
        let named = top_modules_named(&file.code(), parts.len());
        let wrong = named
            .iter()
            .filter(|name| *name != own && !allowed.contains(&name.as_str()));
        found.extend(wrong.map(|name| format!("{}: '{own}' must not name '{name}'", file.path)));
    }
    found.sort();
    found.dedup();
    found
}

/// `bot/src/shop/order/store.rs` is `[shop, order, store]`; the crate's root is `[]`.
fn module_of<'a>(program: &str, path: &'a str) -> Vec<&'a str> {
    let inside = path
        .strip_prefix(program)
        .and_then(|rest| rest.strip_prefix("/src/"))
        .unwrap_or(path);
    let parts: Vec<&str> = inside
        .trim_end_matches(".rs")
        .split('/')
        .filter(|part| *part != "mod")
        .collect();
    if matches!(parts[..], ["main" | "lib"]) {
        Vec::new()
    } else {
        parts
    }
}

/// The crate's top modules that the code of a module at this depth names.
fn top_modules_named(code: &str, depth: usize) -> Vec<String> {
    let to_the_root = "super::".repeat(depth);
    let after = |mark: &str| {
        code.match_indices(mark)
            .map(|(at, mark)| at + mark.len())
            .collect::<Vec<_>>()
    };
    let starts = after("crate::").into_iter().chain(after(&to_the_root));
    starts
        .flat_map(|at| first_names(&code[at..]))
        .filter(|name| name.starts_with(|c: char| c.is_lowercase()))
        .collect()
}

/// `a::b` names `a`; `{a, b::{c, d}}` names `a` and `b`.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| {
        text.trim()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let mut names = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' => {
                names.push(name(&group[start..at]));
                break;
            }
            ',' if depth == 0 => {
                names.push(name(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

fn manifest_offences(package: &str, manifest: &str, banned: &[&str]) -> Vec<String> {
    let names = manifest
        .lines()
        .filter_map(|line| line.split(['=', '.', ' ']).next());
    let wrong = names.filter(|name| banned.contains(name));
    wrong
        .map(|name| format!("{package}/Cargo.toml must not depend on {name}"))
        .collect()
}

/// What a layer may name although it is listed above it: a circle waiting to be closed.
fn upward(layers: &[Layer]) -> Vec<String> {
    let place = |name: &str| {
        layers
            .iter()
            .position(|(own, _)| *own == name)
            .unwrap_or(usize::MAX)
    };
    let wrong = |(own, below): &Layer| {
        let own = *own;
        below
            .iter()
            .filter(move |name| place(name) <= place(own))
            .map(move |name| format!("{own} → {name}"))
    };
    layers.iter().flat_map(wrong).collect()
}

#[test]
fn the_tables_themselves_point_downwards_only() {
    refuse(&upward(&BOT));
    refuse(&upward(&AGENT));
    assert_eq!(upward(&[("db", &["shop"]), ("shop", &["db"])]), ["shop → db"]);
}

#[test]
fn the_bot_names_downwards_only() {
    refuse(&offences("bot", &BOT, &rust_of("bot")));
}

#[test]
fn the_agent_names_downwards_only() {
    refuse(&offences("agent", &AGENT, &rust_of("agent")));
}

#[test]
fn packages_that_must_not_know_each_other_do_not() {
    for (package, banned) in APART {
        let path = format!("{package}/Cargo.toml");
        let manifest = files(|file| file == path);
        assert_eq!(manifest.len(), 1, "{path} is missing");
        refuse(&manifest_offences(package, &manifest[0].text, banned));
    }
}

#[test]
fn the_shop_never_says_telegram() {
    let says =
        |file: &&Source| file.path.contains("/shop/") && file.code().to_lowercase().contains("telegram::");
    let found: Vec<String> = rust_of("bot")
        .iter()
        .filter(says)
        .map(|file| file.path.clone())
        .collect();
    refuse(&found);
}

#[test]
fn a_name_that_points_upwards_is_caught() {
    let layers: [Layer; 3] = [("app", &["shop", "db"]), ("shop", &["db"]), ("db", &[])];
    let bad = |path: &str, code: &str| offences("bot", &layers, &[Source::planted(path, code)]).len();
    assert_eq!(
        bad("bot/src/shop/order.rs", "use crate::{db::Db, app::{self, X}};"),
        1
    );
    assert_eq!(bad("bot/src/db.rs", "fn a() { super::shop::order() }"), 1);
    assert_eq!(bad("bot/src/db/open.rs", "use super::super::shop::X;"), 1);
    assert_eq!(bad("bot/src/new.rs", ""), 1);
    assert_eq!(
        bad("bot/src/app.rs", "use crate::{db, shop::order}; // crate::new"),
        0
    );
    assert_eq!(bad("bot/src/db/open.rs", "use super::migrate;"), 0);
}

#[test]
fn a_forbidden_dependency_is_caught() {
    assert_eq!(
        manifest_offences(
            "bot",
            "[dependencies]\nagent.workspace = true\nbotany = \"1\"\n",
            &["agent", "bot"]
        )
        .len(),
        1
    );
}
