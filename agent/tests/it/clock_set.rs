//! After this server's clock was set while the agent followed the shop: what is given for a moment goes by dates of two clocks,
//! and the owner is told so, also where no date falls.

use std::{fs, path::Path};

use jiff::{SignedDuration, Timestamp};

use crate::{
    running::{Running, wait_until_both_hold_the_same},
    shop::{Shop, clock_in, count_items, restoring},
};

/// An agent that follows the shop under a clock which goes by what stands in this file; `None` where no clock can be set.
fn begin(shop: &Shop, clock: &Path, set: &str) -> Option<Running> {
    fs::write(clock, format!("{set}\n")).unwrap();
    let variables = clock_in(clock)?;
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let agent = Running::start_with(shop, &variables);
    agent.wait_for("/durable");
    Some(agent)
}

/// Sells once, and gives a moment right after that on the clock of this test, with what was there then.
fn sold(shop: &Shop, agent: &Running) -> (Timestamp, i64) {
    shop.fill(16);
    agent.wait_for("/durable");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    (
        Timestamp::now() - SignedDuration::from_millis(500),
        count_items(&shop.database()),
    )
}

/// Restores to that moment, and to the commit that the note names instead; what was said first.
fn restored(shop: &Shop, (moment, there): &(Timestamp, i64), folder: &str) -> String {
    let said = shop.restore_to(folder, &["--at", &moment.to_string()]);
    assert!(
        said.contains("clock was set forward by 2 hours, or the machine stood still"),
        "{said}"
    );
    let (_, command) = said.split_once("; --chain ").expect(&said);
    let words: Vec<&str> = command.split_whitespace().take(3).collect();
    let instead = format!("{folder}-instead");
    shop.restore_to(&instead, &["--chain", words[0], words[1], words[2]]);
    let database = shop.path(&format!("{instead}/shop.db"));
    assert_eq!(count_items(&database), *there, "{said}");
    said
}

#[test]
fn a_chain_that_began_under_a_clock_that_stood_back_is_given_with_a_note_of_what_the_right_clock_says() {
    let shop = Shop::new();
    let clock = shop.path("clock");
    let Some(agent) = begin(&shop, &clock, "-2h") else {
        return;
    };
    let sales = [sold(&shop, &agent), sold(&shop, &agent)];
    fs::write(&clock, "+0\n").unwrap();
    let after = [sold(&shop, &agent), sold(&shop, &agent)];
    wait_until_both_hold_the_same(&shop);
    agent.burn();
    restored(&shop, &sales[0], "first");
    let said = shop.restore_to("second", &["--at", &sales[1].0.to_string()]);
    assert!(!said.contains("clock"), "{said}");
    for (at, folder) in after.iter().zip(["third", "fourth"]) {
        let said = shop.restore_to(folder, &["--at", &at.0.to_string()]);
        assert!(!said.contains("clock"), "{said}");
        assert_eq!(count_items(&shop.path(&format!("{folder}/shop.db"))), at.1);
    }
    // On a machine that knows nothing the manifests tell it.
    shop.back_up();
    fs::rename(shop.path("state"), shop.path("elsewhere")).unwrap();
    restored(&shop, &sales[0], "elsewhere-first");
}

#[test]
fn a_moment_under_a_clock_that_ran_ahead_when_the_chain_began_is_refused_with_the_commit_of_the_right_clock()
{
    let shop = Shop::new();
    let clock = shop.path("clock");
    let Some(agent) = begin(&shop, &clock, "+2h") else {
        return;
    };
    let sales = [sold(&shop, &agent), sold(&shop, &agent)];
    fs::write(&clock, "+0\n").unwrap();
    sold(&shop, &agent);
    wait_until_both_hold_the_same(&shop);
    agent.burn();
    let said = shop.agent_refuses(1, &restoring("back", &["--at", &sales[0].0.to_string()]));
    assert!(said.contains("by the one that it was set to later"), "{said}");
    let (_, commit) = said.trim_end().rsplit_once(" --commit ").expect(&said);
    shop.restore_to("back", &["--commit", commit.split(' ').next().unwrap()]);
    assert_eq!(count_items(&shop.path("back/shop.db")), sales[0].1);
}

#[test]
fn a_clock_that_was_set_while_no_agent_ran_is_known_to_the_next_one() {
    let shop = Shop::new();
    let clock = shop.path("clock");
    let under = |set: &str, sales: u32| {
        let agent = begin(&shop, &clock, set)?;
        let all: Vec<_> = (0..sales).map(|_| sold(&shop, &agent)).collect();
        wait_until_both_hold_the_same(&shop);
        agent.burn();
        Some(all)
    };
    let Some(sales) = under("-2h", 2) else { return };
    under("+0", 1);
    restored(&shop, &sales[0], "first");
}
