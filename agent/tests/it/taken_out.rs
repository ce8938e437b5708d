//! A remote that was taken out of agent.toml and is put back, and what is said of agent.toml itself while the agent that
//! runs goes by an older one.

use std::{
    fs,
    time::{Duration, Instant},
};

use agent::store::{Store, shipping::Shipping};
use serde_json::Value;

use crate::{missing_commits::sell, running::Running, shop::Shop};

/// Remotes without a base are asked twice in a minute, and a backup is taken for those that answer.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(150);
const OTHER_CONFIG: &str = "Config:   ";

/// A shop whose remote `usb` was taken out while three commits went to the others, and is put back but not plugged in.
fn put_back() -> Shop {
    let shop = Shop::new();
    let settings = shop.path("agent.toml");
    let without = fs::read_to_string(&settings).unwrap();
    let with_usb = without.clone() + "[remotes.usb]\ntype = \"fs\"\nroot = \"usb\"\n";
    fs::create_dir(shop.path("usb")).unwrap();
    for settings_then in [&with_usb, &without] {
        fs::write(&settings, settings_then).unwrap();
        let agent = Running::start(&shop);
        agent.wait_for("/rest");
        if settings_then == &with_usb {
            shop.back_up();
        }
        sell(&shop, &agent, 3);
        agent.burn();
    }
    fs::write(&settings, &with_usb).unwrap();
    fs::rename(shop.path("usb"), shop.path("unplugged")).unwrap();
    shop
}

fn plug_in(shop: &Shop) {
    fs::rename(shop.path("unplugged"), shop.path("usb")).unwrap();
}

fn of_usb(shop: &Shop) -> Shipping {
    let store = Store::open_to_look(&shop.path("state")).unwrap().unwrap();
    let mut shipping = store.shipping().unwrap().into_iter();
    shipping.find(|one| one.remote == "usb").unwrap()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < CATCH_UP_LIMIT, "{what} did not come");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The line about its commits.
fn line(shop: &Shop) -> String {
    let said = shop.agent_done(&["status"]);
    let is_it = |line: &&str| {
        let told = line.strip_prefix("Commits:  usb ");
        told.is_some_and(|told| !told.contains("gives back NOTHING"))
    };
    said.lines().find(is_it).unwrap_or_default().to_owned()
}

#[test]
fn while_it_does_not_answer_that_is_said_and_once_it_has_caught_up_no_more_than_it_holds() {
    let shop = put_back();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    until("its failure", || of_usb(&shop).failing.is_some());
    let silent = line(&shop);
    for part in [
        "lacks ",
        "is gone",
        "tried in vain since",
        "it has acknowledged nothing since",
    ] {
        assert!(silent.contains(part), "{part} is not said: {silent}");
    }
    plug_in(&shop);
    until("its backup", || of_usb(&shop).torn_after.is_none());
    agent.burn();
    assert_eq!(of_usb(&shop).failing, None);
    let whole = line(&shop);
    assert!(
        !whole.contains("took every commit"),
        "it never took some: {whole}"
    );
    for part in [
        "has the newest commit",
        "a backup that it got later",
        "an hour on average",
    ] {
        assert!(whole.contains(part), "{part} is not said: {whole}");
    }
}

/// Nothing waits for it: who shipped nothing has not seen that it is away.
#[test]
fn of_a_server_that_is_put_back_and_does_not_answer_it_is_said_as_well() {
    let shop = put_back();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let server = "type = \"webdav\"\nendpoint = \"http://127.0.0.1:9\"\nroot = \"/\"";
    let away = settings.replace("type = \"fs\"\nroot = \"usb\"", server);
    assert_ne!(away, settings);
    fs::write(shop.path("agent.toml"), away).unwrap();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    assert_eq!(of_usb(&shop).waiting_bytes, 0);
    until("its failure", || of_usb(&shop).failing.is_some());
    let silent = line(&shop);
    assert!(
        silent.contains("lacks ") && silent.contains("tried in vain since"),
        "{silent}"
    );
    agent.burn();
}

#[test]
fn a_drill_says_which_commits_never_went_there_before_and_after_a_backup_ends_that() {
    let shop = put_back();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let after = of_usb(&shop).torn_after.unwrap().get();
    let last = after + of_usb(&shop).never_sent;
    agent.burn();
    plug_in(&shop);
    let drill = |more: &[&str]| shop.agent_done(&[&["drill", "--remote", "usb"], more].concat());
    let said = drill(&[]);
    let never = format!("commits {} to {last} of the chain", after + 1);
    let proven = format!("proven is what is there, the shop as of commit {after}");
    for part in [&never, "were never sent there", &proven] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    until("its backup", || of_usb(&shop).torn_after.is_none());
    agent.burn();
    let said = drill(&[]);
    let proven = "no state among them can be had from it";
    for part in [&never, "were never sent there", proven] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    let rows: Value = serde_json::from_str(&drill(&["--json"])).unwrap();
    let lacks = &rows["drills"][0]["seen"]["lacks"][0];
    assert_eq!(
        (&lacks["first"], &lacks["last"]),
        (&(after + 1).into(), &last.into()),
        "{rows}"
    );
    let whole = shop.agent_done(&["drill", "--remote", "local"]);
    assert!(!whole.contains("commits "), "{whole}");
}

#[test]
fn that_the_agent_goes_by_another_configuration_is_said_until_it_starts_anew() {
    let shop = Shop::new();
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let settings = shop.path("agent.toml");
    let status = || shop.agent_done(&["status"]);
    assert!(!status().contains(OTHER_CONFIG), "{}", status());
    let read = fs::read_to_string(&settings).unwrap();
    fs::write(
        &settings,
        format!("# Nothing but a word.\n\n{read}\n# Another.\n"),
    )
    .unwrap();
    assert!(!status().contains(OTHER_CONFIG), "{}", status());
    fs::write(
        &settings,
        read.replace("[remotes.offsite]", "[remotes.elsewhere]"),
    )
    .unwrap();
    let said = status();
    let line = said
        .lines()
        .find(|line| line.starts_with(OTHER_CONFIG))
        .unwrap_or_default();
    assert!(line.contains("systemctl restart agent"), "{said}");
    let checked = String::from_utf8(shop.agent(&["check"]).stdout).unwrap();
    let hint = "hint   agent.toml is not what the running agent was started with";
    assert!(checked.contains(hint), "{checked}");
    let seen: Value = serde_json::from_str(&shop.agent_done(&["status", "--json"])).unwrap();
    assert_eq!(seen["works_by_this_config"], false, "{seen}");
    agent.burn();
    assert!(
        !status().contains(OTHER_CONFIG),
        "nobody works by anything: {}",
        status()
    );
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    assert!(!status().contains(OTHER_CONFIG), "{}", status());
    let seen: Value = serde_json::from_str(&shop.agent_done(&["status", "--json"])).unwrap();
    assert_eq!(seen["works_by_this_config"], true, "{seen}");
    agent.burn();
}
