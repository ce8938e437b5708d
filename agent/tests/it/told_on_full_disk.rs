//! The agent's own disk is full, and the agent is killed again and again: what it told is told once, goes on from what was
//! told, and its end changes the message that told it. Or that disk refuses every write: the owner is told all the same.
//! On real file systems that are really full or stopped, with the real program.

use std::{fs, time::Duration};

use jiff::Timestamp;
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    capture_rig::wait_for,
    full_disk::{Disk, keep_state},
    pretend_bot::Bot,
    pretend_telegram::Telegram,
    running::Running,
    shop::{Shop, telegram_line},
};

const KILLS: usize = 8;
const DIED: &str = "The shop's bot died";

/// The shop's agent watches this bot and speaks by this Telegram.
fn connect(shop: &Shop, bot: &Bot, telegram: &Telegram) {
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let owner = format!("language = \"en\"\napi_url = \"http://{}\"", telegram.address);
    let others = format!(
        "[bot]\nurl = \"http://{}\"\n[http]\nprivate = \"127.0.0.1:0\"\n[backup]",
        bot.address
    );
    let settings = settings
        .replace(&telegram_line(), &owner)
        .replace("[backup]", &others);
    fs::write(shop.path("agent.toml"), settings).unwrap();
}

/// A bot that is watched by an agent whose state lies on this disk.
async fn watched_from(disk: &Disk) -> (Telegram, Bot, Shop, Running) {
    let (telegram, bot, shop) = (Telegram::start().await, Bot::start(None, 1), Shop::new());
    keep_state(&shop, &disk.path().join("state"));
    connect(&shop, &bot, &telegram);
    let agent = Running::start(&shop);
    agent.wait_for("/live");
    bot.held().await;
    (telegram, bot, shop, agent)
}

/// The messages about the bot's death that do not say that they may be repeated, by their number.
fn deaths(telegram: &Telegram) -> Vec<i64> {
    let taken = telegram.taken();
    let of_it = taken.iter().filter(|taken| taken.text().contains(DIED));
    of_it
        .filter(|taken| !taken.text().contains("(may be repeated)"))
        .map(|taken| taken.message_id)
        .collect()
}

async fn killed_again_and_again_on(disk: Disk) {
    let (telegram, bot, shop, mut agent) = watched_from(&disk).await;
    // The first time the agent lets go of its ballast, whenever it next writes.
    for _ in 0..40 {
        disk.fill();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let address = bot.address;
    drop(bot);
    telegram.wait_for_text(DIED).await;
    let mut random = StdRng::seed_from_u64(11);
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(random.random_range(0..1500))).await;
        agent.burn();
        disk.fill();
        agent = Running::start(&shop);
        agent.wait_for("/live");
    }
    // What tells of the death is repeated only where a kill met its request, and then says so.
    let died = deaths(&telegram);
    assert_eq!(died.len(), 1, "{:#?}", telegram.taken());
    let bot = Bot::start(Some(address), 2);
    let over = telegram.wait_for_edit("✅ The shop's bot runs again").await;
    assert_eq!(over["message_id"], died[0]);
    agent.burn();
    disk.fill();
    // The end is known, too, and the next crash is known to be the second.
    let agent = Running::start(&shop);
    agent.wait_for("/live");
    bot.held().await;
    drop(bot);
    telegram.wait_for_text("Again (2 times since").await;
    // The kill may have met the request that changes the message: to change it twice is the same as once.
    let mut edits = telegram.edits();
    edits.dedup();
    assert_eq!(edits.len(), 1, "{edits:#?}");
    disk.empty();
    agent.burn();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_on_a_full_disk_survives_kills_on_a_file_system_in_memory() {
    let Some(disk) = Disk::mount() else {
        eprintln!("NOT RUN: this user may not mount");
        return;
    };
    killed_again_and_again_on(disk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_on_a_full_disk_survives_kills_on_ext4() {
    let Some(disk) = Disk::mount_ext4(64) else {
        return;
    };
    killed_again_and_again_on(disk).await;
}

/// Nothing can be remembered there: what was told comes again after a kill, and says that it may.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_disk_that_refuses_every_write_silences_no_alert() {
    let Some(disk) = Disk::mount_ext4(64) else {
        return;
    };
    let (telegram, bot, shop, agent) = watched_from(&disk).await;
    disk.abort();
    let address = bot.address;
    drop(bot);
    telegram.wait_for_text(DIED).await;
    let status = String::from_utf8(shop.agent(&["status"]).stdout).unwrap();
    assert!(status.contains("Disk:     READ-ONLY at "), "{status}");
    assert!(
        status.contains("what follows is what its file held at "),
        "{status}"
    );
    agent.burn();
    let bot = Bot::start(Some(address), 2);
    let agent = Running::start(&shop);
    agent.wait_for("/live");
    bot.held().await;
    let told = telegram.taken().len();
    drop(bot);
    wait_for("the second death", || {
        let taken = telegram.taken();
        let of_it = |text: &str| text.starts_with("(may be repeated) ") && text.contains(DIED);
        taken[told..].iter().any(|taken| of_it(taken.text()))
    });
    assert_eq!(deaths(&telegram).len(), 1, "{:#?}", telegram.taken());
    wait_for("the disk", || {
        let (sent, edits) = (telegram.taken(), telegram.edits());
        let mut texts = sent.iter().map(|sent| sent.text().to_owned());
        let is_there = |text: &str| text.contains("takes no writes");
        texts.any(|text| is_there(&text)) || edits.iter().any(|edit| is_there(&edit.to_string()))
    });
    agent.burn();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_on_which_no_more_files_fit_is_told_as_gravely_as_a_full_one_and_its_end_too() {
    let Some(disk) = Disk::mount_with("size=700m,nr_inodes=400") else {
        eprintln!("NOT RUN: this user may not mount");
        return;
    };
    let (telegram, _bot, _shop, agent) = watched_from(&disk).await;
    let crowd = disk.crowd();
    let told = telegram
        .wait_for_text("The disk can hold hardly any more files")
        .await;
    let text = told.text();
    assert!(text.starts_with("🔴") && text.contains("100 %"), "{text}");
    assert!(text.contains("du --inodes -x"), "{text}");
    fs::remove_dir_all(&crowd).unwrap();
    // With the backup that found no room for its files, where one was due then: that is taken within half a minute.
    wait_for("the end", || {
        let edits = telegram.edits();
        edits
            .iter()
            .any(|edit| edit.to_string().contains("✅ The disk can hold files again"))
    });
    agent.burn();
}

#[tokio::test]
async fn a_disk_that_goes_away_under_the_shops_database_is_one_message_which_names_the_disk() {
    let Some(disk) = Disk::mount_with("size=700m") else {
        eprintln!("NOT RUN: this user may not mount");
        return;
    };
    let (telegram, bot, shop) = (Telegram::start().await, Bot::start(None, 1), Shop::new());
    fs::copy(shop.database(), disk.path().join("shop.db")).unwrap();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let there = format!("database = \"{}\"", disk.path().join("shop.db").display());
    let moved = settings.replace("database = \"live/shop.db\"", &there);
    assert_ne!(settings, moved);
    fs::write(shop.path("agent.toml"), moved).unwrap();
    connect(&shop, &bot, &telegram);
    let agent = Running::start(&shop);
    agent.wait_for("/live");
    bot.held().await;
    let mount = disk.path().display().to_string();
    wait_for("the disk to be looked at, and the first backup", || {
        agent.get("/").contains(&mount) && agent.get("/health").contains("\"point\":")
    });
    let gone = std::process::Command::new("umount")
        .arg("-l")
        .arg(disk.path())
        .status();
    assert!(gone.unwrap().success());
    let told = telegram
        .wait_for_text("A disk that the shop lives on is not there")
        .await;
    let text = told.text();
    assert!(text.starts_with("🔴") && text.contains(&mount), "{text}");
    // The next alert proves that what follows from it would have been there by now.
    drop(bot);
    telegram.wait_for_text(DIED).await;
    let taken = telegram.taken();
    assert_eq!(taken.len(), 2, "one root, one message: {taken:#?}");
    agent.burn();
}

/// What takes a disk's last room, and what gives it back.
struct Filled {
    fill: fn(&Disk),
    empty: fn(&Disk),
}

/// One root is one message; and the backup that it stopped is taken as soon as there is room.
async fn one_message_with_the_backup_that_finds_no_room(
    disk: Disk,
    (headline, rule): (&str, &str),
    filled: Filled,
) {
    let (telegram, _bot, shop, agent) = watched_from(&disk).await;
    // A child that outlives its agent closes the database as the last one, and takes its log from the disk.
    let is_taken = || agent::backup::is_one_taken(&shop.path("state"));
    wait_for("the first backup", || !shop.listed().is_empty() && !is_taken());
    agent.burn();
    // One that is due in a moment, and not again for an hour.
    let due = Timestamp::now().as_second() + 15;
    let schedule = format!("snapshot = \"{} {} * * * *\"", due % 60, due / 60 % 60);
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let never = settings
        .lines()
        .find(|line| line.starts_with("snapshot"))
        .unwrap();
    fs::write(shop.path("agent.toml"), settings.replace(never, &schedule)).unwrap();
    (filled.fill)(&disk);
    let agent = Running::start(&shop);
    telegram.wait_for_text(headline).await;
    let status = || String::from_utf8(shop.agent(&["status", "--json"]).stdout).unwrap();
    wait_for("a backup that is refused", || {
        status().contains("\"backup_without_room\"")
    });
    (filled.empty)(&disk);
    wait_for("the backup", || shop.listed().len() > 1);
    wait_for("the end", || !status().contains(&format!("\"{rule}\"")));
    assert!(!status().contains("\"backup_without_room\""), "{}", status());
    let told: Vec<String> = telegram
        .taken()
        .iter()
        .map(|taken| taken.text().to_owned())
        .collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    agent.burn();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_and_the_backup_that_finds_no_room_there_are_one_message() {
    let Some(disk) = Disk::mount_ext4(256) else {
        return;
    };
    let told = ("The disk has almost no room left", "disk_full");
    let filled = Filled {
        fill: Disk::fill,
        empty: Disk::empty,
    };
    one_message_with_the_backup_that_finds_no_room(disk, told, filled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_files_and_the_backup_that_it_stops_are_one_message() {
    let Some(disk) = Disk::mount_ext4_with(256, &["-N", "2000"]) else {
        return;
    };
    let told = ("The disk can hold hardly any more files", "inodes_full");
    let filled = Filled {
        fill: |disk| drop(disk.crowd()),
        empty: |disk| fs::remove_dir_all(disk.path().join("crowd")).unwrap(),
    };
    one_message_with_the_backup_that_finds_no_room(disk, told, filled).await;
}
