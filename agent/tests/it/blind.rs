//! An agent that reaches nothing outside says that, and does not say of every place that it is gone.

use std::{
    fs::{self, File},
    time::{Duration, Instant},
};

use agent::store::Store;

use crate::{
    remotes::{DISK, shop_with},
    running::Running,
    servers::Section,
    shop::{NO_TELEGRAM, Shop, telegram_line},
};

/// Until it calls itself blind, which takes a minute.
const LIMIT: Duration = Duration::from_secs(150);
/// A name that is never found.
const NOWHERE: &str = "https://there-is-no-such-name.invalid";

/// A shop with these remotes and one that nobody finds, whose alerts go to this address.
fn shop(remotes: &str, telegram: &str) -> Shop {
    let cloud = format!(
        "{remotes}[remotes.cloud]\ntype = \"webdav\"\nendpoint = \"{NOWHERE}\"\nroot = \"/a\"\nusername = \"shop\"\n"
    );
    let shop = shop_with(&[Section {
        text: cloud,
        variables: vec![("CLOUD_PASSWORD".to_owned(), "canary-nowhere".to_owned())],
    }]);
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    fs::write(
        shop.path("agent.toml"),
        settings.replace(&telegram_line(), telegram),
    )
    .unwrap();
    shop
}

/// The rules that the owner was told of.
fn told(shop: &Shop) -> Vec<String> {
    // Until the agent has made it there is nothing to look at.
    let store = Store::open_to_look(&shop.path("state")).ok().flatten();
    let rows = store.and_then(|store| store.alerts().ok()).unwrap_or_default();
    rows.into_iter().filter_map(|row| row.told).collect()
}

fn is_backing_up(shop: &Shop) -> bool {
    let lock = File::open(shop.path("state/backup.lock"));
    lock.is_ok_and(|lock| lock.try_lock_shared().is_err())
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "{what} did not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn is_told(shop: &Shop, rule: &str) -> bool {
    told(shop).iter().any(|told| told == rule)
}

#[test]
fn a_backup_that_does_not_get_out_is_no_second_alert_of_whoever_is_blind() {
    let telegram = format!("api_url = \"{NOWHERE}\"");
    let (blind, alone) = (shop(DISK, &telegram), shop("", &telegram));
    let (sees, sees_alone) = (shop(DISK, NO_TELEGRAM), shop("", NO_TELEGRAM));
    let agents = [&blind, &alone, &sees, &sees_alone].map(Running::start);
    // Who is refused by Telegram's address sees that much, and tells that the remote is not reached.
    until("the remote is blamed", || is_told(&sees, "backup_failed"));
    until("it is told that there is no backup", || {
        is_told(&sees_alone, "backup_not_taken")
    });
    for shop in [&blind, &alone] {
        until("it is called blind", || is_told(shop, "agent_blind"));
    }
    until("its backup has ended", || {
        blind.path("disk/manifest").is_dir() && !is_backing_up(&blind)
    });
    until("the other's backup has ended", || !is_backing_up(&alone));
    assert!(!is_told(&blind, "backup_failed"), "{:?}", told(&blind));
    assert!(!is_told(&alone, "backup_not_taken"), "{:?}", told(&alone));
    assert!(!is_told(&sees, "agent_blind"), "{:?}", told(&sees));
    agents.into_iter().for_each(Running::burn);
}
