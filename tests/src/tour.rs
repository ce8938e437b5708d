//! The whole story without a human: a sale, an encrypted backup, a crash, an alert, a loss, and the shop back.
//! Each step is one line, printed once its checks held; the first that does not ends the tour.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    chat::Chat,
    demo::{CATALOGUE, fresh_folder},
    gpg::Gpg,
    place::REMOTES,
    process::run_well,
    purchase::{MY_ORDERS, order},
    shop::{COMMAND_LIMIT, Shop},
};

const PRODUCT: &str = "Netflix 1 bulan";
/// The first line of its stock in the demo's catalogue.
const GOODS: &str = "netflix01@mail.example:mawar-71";
const BUDI: i64 = 3001;
const ALERT_LIMIT: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(30);

/// Plays the story in a fresh folder.
///
/// # Errors
/// The first check that does not hold.
///
/// # Panics
/// When something that must come does not come in time.
pub fn run() -> Result<()> {
    let started = Instant::now();
    let tell = |line: String| println!("[{:>5.1} s] {line}", started.elapsed().as_secs_f64());
    tell("A pretend Telegram, a pretend bank and a new shop are being set up.".to_owned());
    let mut shop = open_shop()?;
    tell(format!(
        "The shop is open, the agent watches it. Chats are at {}/",
        shop.sandbox.url()
    ));
    let budi = shop.sandbox.customer(BUDI)?;

    let code = order(&budi, PRODUCT)?;
    tell(format!(
        "Budi ordered \"{PRODUCT}\" and got the QR picture of {code}."
    ));
    tell(sell(&shop, &budi, &code)?);
    tell(back_up(&shop)?);
    tell(crash(&mut shop)?);
    tell(come_back(&mut shop)?);

    let before = shop.books().orders();
    tell(lose(&mut shop)?);
    tell(restore(&shop, &before)?);
    tell(reopen(&mut shop, &budi, &code)?);
    tell("Every check held: nothing that was sold is lost.".to_owned());
    Ok(())
}

fn open_shop() -> Result<Shop> {
    let mut shop = Shop::at(&fresh_folder("tour")?)?;
    shop.import(CATALOGUE)?;
    shop.start_bot()?;
    shop.start_agent()?;
    shop.wait_for_watch();
    Ok(shop)
}

fn sell(shop: &Shop, budi: &Chat, code: &str) -> Result<String> {
    shop.sandbox.pay_order(code)?;
    let paid = Instant::now();
    budi.wait_for(GOODS);
    let goods = shop.books().goods();
    ensure!(
        goods.get(code).map(String::as_str) == Some(GOODS),
        "the books say that {code} got {goods:?}"
    );
    Ok(format!(
        "Budi paid, and {:.1} s later the goods arrived: {GOODS}",
        paid.elapsed().as_secs_f64()
    ))
}

fn back_up(shop: &Shop) -> Result<String> {
    run_well(&mut shop.agent_command(&["backup"]), COMMAND_LIMIT)?;
    let listed = run_well(&mut shop.agent_command(&["list", "--json"]), COMMAND_LIMIT)?;
    let listed: Value = serde_json::from_str(&listed).context("reading the list of restore points")?;
    let point = &listed["restore_points"][0];
    let gpg = Gpg::with_key(&shop.place.owner_safe().join("owner.secret.asc"))?;
    let mut objects = 0;
    for remote in REMOTES {
        let root = shop.place.remote(remote);
        objects += unreadable_without_key(&root)?;
        let first = point["objects"][0]
            .as_str()
            .context("a restore point has objects")?;
        let script = "gpg --quiet --decrypt \"$1\" | zstd --decompress --quiet | head -c 15";
        let head = run_well(
            gpg.command("sh").args(["-c", script, "sh"]).arg(root.join(first)),
            COMMAND_LIMIT,
        )?;
        ensure!(
            head == "SQLite format 3",
            "gpg and zstd gave {head:?} back from {remote}"
        );
    }
    let places = REMOTES.len();
    Ok(format!(
        "A backup lies on {places} remotes: {objects} objects, unreadable without the owner's key, and gpg opens them with it."
    ))
}

/// Searches every object for the goods; returns how many there are.
fn unreadable_without_key(folder: &Path) -> Result<usize> {
    let objects = files_below(folder)?;
    for object in &objects {
        let bytes = fs::read(object).with_context(|| format!("reading {}", object.display()))?;
        let readable = [GOODS, "SQLite format", PRODUCT];
        let found = readable
            .iter()
            .find(|text| bytes.windows(text.len()).any(|window| window == text.as_bytes()));
        ensure!(found.is_none(), "{found:?} can be read in {}", object.display());
    }
    Ok(objects.len())
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry.context("listing a folder")?.path();
        if path.is_dir() {
            found.extend(files_below(&path)?)
        } else {
            found.push(path)
        }
    }
    Ok(found)
}

fn crash(shop: &mut Shop) -> Result<String> {
    let killed_at = shop.kill_bot();
    let (text, after) = shop
        .sandbox
        .owner_hears("Bot toko mati mendadak", killed_at, PATIENCE);
    ensure!(after < ALERT_LIMIT, "the owner heard of it after {after:?} only");
    let headline = text.lines().next().unwrap_or_default();
    Ok(format!(
        "kill -9 of the bot: {} ms later the owner reads \"{headline}\".",
        after.as_millis()
    ))
}

fn come_back(shop: &mut Shop) -> Result<String> {
    let started = Instant::now();
    shop.start_bot()?;
    let (text, _) = shop
        .sandbox
        .owner_hears("Bot toko berjalan lagi", started, PATIENCE);
    Ok(format!(
        "The bot was started again, and the owner reads \"{}\".",
        text.lines().next().unwrap_or_default()
    ))
}

fn lose(shop: &mut Shop) -> Result<String> {
    shop.stop_agent()?;
    shop.stop_bot()?;
    for folder in [shop.place.data(), shop.place.agent_state()] {
        fs::remove_dir_all(&folder).with_context(|| format!("deleting {}", folder.display()))?;
    }
    ensure!(!shop.place.database().exists(), "the database is still there");
    Ok("Disaster: the database and all that the agent knew are deleted.".to_owned())
}

fn restore(shop: &Shop, before: &[(String, String)]) -> Result<String> {
    let started = Instant::now();
    let mut command = shop.agent_command(&["restore", "--latest", "--yes"]);
    command
        .arg("--key")
        .arg(shop.place.owner_safe().join("owner.secret.asc"));
    run_well(&mut command, COMMAND_LIMIT)?;
    let books = shop.books();
    ensure!(
        books.integrity() == "ok",
        "SQLite finds the restored database damaged"
    );
    ensure!(
        books.orders() == before,
        "the orders were {before:?} and are {:?}",
        books.orders()
    );
    let seconds = started.elapsed().as_secs_f64();
    Ok(format!(
        "agent restore --latest brought the same {} order back in {seconds:.1} s.",
        before.len()
    ))
}

fn reopen(shop: &mut Shop, budi: &Chat, code: &str) -> Result<String> {
    shop.start_bot()?;
    budi.say("/start")?;
    budi.wait_for("istirahat");
    budi.press(MY_ORDERS);
    budi.wait("the order in the list", |message| {
        message.text.contains(code) || message.label(code).is_some()
    });
    let goods = shop.books().goods();
    ensure!(
        goods.get(code).map(String::as_str) == Some(GOODS),
        "the books say that {code} got {goods:?}"
    );
    Ok(format!(
        "The bot runs on it: Budi sees {code} under \"{MY_ORDERS}\"; sales wait until the seller opens them."
    ))
}
