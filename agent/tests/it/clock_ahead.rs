//! After this server's clock ran ahead for a while: what it dated in the future is nobody's newest backup.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    running::{Running, wait_until_both_hold_the_same},
    shop::{Shop, clock_set, count_items, files_under, restoring, stderr, text},
    world::LIMIT,
};

/// A backup of now, and one that is dated five days ahead; their names. `None` where no clock can be set.
fn one_of_now_and_one_ahead(shop: &Shop) -> Option<(Value, Value)> {
    let now = shop.back_up()["id"].clone();
    let mut ahead = shop.command(&["backup", "--json"]);
    let output = ahead.envs(clock_set("+5d")?).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let taken: Value = serde_json::from_slice(&output.stdout).unwrap();
    Some((now, taken["id"].clone()))
}

#[test]
fn a_point_of_the_future_has_no_age_and_is_not_rehearsed() {
    let shop = Shop::new();
    let Some((now, ahead)) = one_of_now_and_one_ahead(&shop) else {
        return;
    };
    let mut ahead_too = shop.command(&["drill", "--remote", "local"]);
    let output = ahead_too.envs(clock_set("+5d").unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let status = shop.agent(&["status"]);
    let said = String::from_utf8(status.stdout).unwrap();
    for remote in ["local", "offsite"] {
        let line = format!("{remote} holds {} of ", text(&now));
        assert!(said.contains(&line), "{said}");
    }
    let line = format!("{} is dated in the future, and passed over", text(&ahead));
    assert!(said.contains(&line), "{said}");
    assert!(said.contains("local was not rehearsed yet"), "{said}");
    let drilled = shop.agent_done(&["drill", "--remote", "local"]);
    assert!(
        drilled.contains(&format!("the shop came back from {}", text(&now))),
        "{drilled}"
    );
    assert!(drilled.contains(&line), "{drilled}");
}

#[test]
fn after_a_clock_that_ran_ahead_for_a_month_the_point_before_is_rehearsed_and_none_stands_on_the_other() {
    let shop = Shop::new();
    let now = shop.back_up()["id"].clone();
    let Some(ahead) = clock_set("+30d") else { return };
    let output = shop.command(&["backup"]).envs(ahead).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let drilled = shop.agent_done(&["drill", "--remote", "local"]);
    assert!(
        drilled.contains(&format!("the shop came back from {}", text(&now))),
        "{drilled}"
    );
    let said = shop.agent_done(&["backup", "--delta"]);
    assert!(
        said.starts_with("Full backup") && said.contains("is dated in the future"),
        "{said}"
    );
    let said = shop.agent_done(&["backup", "--delta"]);
    assert!(said.starts_with("Delta on "), "{said}");
}

#[test]
fn a_point_of_the_future_stands_in_for_no_backup_of_the_schedule() {
    let shop = Shop::new();
    if one_of_now_and_one_ahead(&shop).is_none() {
        return;
    }
    let toml = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let often = toml.replace("[backup]\n", "[backup]\nsnapshot = \"*/5 * * * * *\"\n");
    fs::write(shop.path("agent.toml"), often).unwrap();
    let before = shop.listed().len();
    let agent = Running::start(&shop);
    let start = Instant::now();
    // The first one is the new chain's.
    while shop.listed().len() < before + 3 {
        assert!(
            start.elapsed() < 4 * LIMIT,
            "the schedule takes no backup: {:?}",
            shop.listed()
        );
        std::thread::sleep(Duration::from_millis(500));
    }
    drop(agent);
}

/// Sells so many times while an agent with this clock follows.
fn sell_under(shop: &Shop, clock: &[(&str, &str)], times: u32) {
    let agent = Running::start_with(shop, clock);
    agent.wait_for("/durable");
    for _ in 0..times {
        shop.fill(16);
        agent.wait_for("/durable");
    }
    wait_until_both_hold_the_same(shop);
    agent.burn();
}

#[test]
fn a_moment_after_a_clock_that_ran_ahead_gives_what_was_there_by_then_and_the_list_says_so() {
    let shop = Shop::new();
    let Some(ahead) = clock_set("+9d") else { return };
    for clock in [&[][..], &ahead, &[]] {
        sell_under(&shop, clock, 1);
    }
    let moment = jiff::Timestamp::now().to_string();
    let told = shop.restore_to("back", &["--at", &moment]);
    assert!(!told.contains("did not run"), "{told}");
    assert_eq!(
        count_items(&shop.path("back/shop.db")),
        count_items(&shop.database())
    );
    // From the agent before to the one of a wrong clock nobody was away for nine days.
    let gaps = shop.agent_done(&["list"]);
    for line in gaps.lines().filter(|line| line.contains("did not run")) {
        assert!(line.contains("the clock was wrong"), "{gaps}");
    }
    // With what this server knows, on a machine that knows nothing, and with the key.
    let is_whole = |options: &[&str]| {
        let output = shop.agent_done(&[&["list"], options].concat());
        for word in ["MISSING", "UNREACHABLE", "NOT PROVEN", "WRONG"] {
            assert!(!output.contains(word), "{word}: {output}");
        }
    };
    is_whole(&[]);
    fs::rename(shop.path("state"), shop.path("elsewhere")).unwrap();
    is_whole(&[]);
    is_whole(&["--key", shop.path("kit/owner.secret.asc").to_str().unwrap()]);
}

#[test]
fn a_moment_that_a_clock_which_ran_ahead_had_shown_before_gives_what_was_there_when_it_really_came() {
    let shop = Shop::new();
    let clocks = ["-10d", "-1d", "-10d"].map(clock_set);
    let [Some(first), Some(ahead), Some(again)] = clocks else {
        return;
    };
    sell_under(&shop, &first, 2);
    sell_under(&shop, &ahead, 1);
    sell_under(&shop, &again, 3);
    let by_then = count_items(&shop.database());
    sell_under(&shop, &[], 2);
    for (days, folder) in [(5, "between"), (1, "shown")] {
        let moment = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
        let moment = moment + jiff::SignedDuration::from_secs(1);
        shop.restore_to(folder, &["--at", &moment.to_string()]);
        assert_eq!(
            count_items(&shop.path(&format!("{folder}/shop.db"))),
            by_then,
            "{folder}"
        );
    }
}

#[test]
fn a_moment_from_before_a_clock_was_set_back_for_a_while_is_given_with_a_note_that_it_was_wrong() {
    let shop = Shop::new();
    let Some(behind) = clock_set("-2d") else { return };
    sell_under(&shop, &[], 1);
    let moment = jiff::Timestamp::now().to_string();
    let before = count_items(&shop.database());
    sell_under(&shop, &behind, 6);
    sell_under(&shop, &[], 1);
    let told = shop.restore_to("back", &["--at", &moment]);
    assert!(told.contains("clock was set forward by 2 days"), "{told}");
    let (_, after) = told.split_once(" --commit ").expect(&told);
    let commit: String = after.chars().take_while(char::is_ascii_digit).collect();
    shop.restore_to("right", &["--commit", &commit]);
    assert_eq!(count_items(&shop.path("right/shop.db")), before);
}

#[test]
fn what_was_backed_up_under_a_clock_that_was_set_back_is_given_with_a_note_of_what_is_dated_later() {
    let shop = Shop::new();
    let Some(behind) = clock_set("-2h") else { return };
    sell_under(&shop, &[], 1);
    let begun = shop.back_up();
    sell_under(&shop, &behind, 3);
    let output = shop.command(&["backup"]).envs(behind).output().unwrap();
    assert!(output.status.success());
    let moment = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1)).to_string();
    let told = |arguments: &[&str]| shop.restore_to("back", &[&["--at", &moment], arguments].concat());
    let later = format!("the restore point {}, after commit", text(&begun["id"]));
    let said = told(&[]);
    assert!(
        said.contains(&later) && said.contains("minutes after that moment"),
        "{said}"
    );
    fs::remove_dir_all(shop.path("back")).unwrap();
    fs::rename(shop.path("state"), shop.path("elsewhere")).unwrap();
    let said = told(&[]);
    assert!(
        said.contains("minutes after that moment, and what is given comes after it"),
        "also where no memory is: {said}"
    );
}

#[test]
fn a_moment_of_commits_that_stand_on_a_point_which_a_clock_ahead_has_dated_is_refused_with_their_number() {
    let shop = Shop::new();
    let Some(ahead) = clock_set("+2h") else { return };
    sell_under(&shop, &ahead, 1);
    let begun = shop.listed();
    sell_under(&shop, &[], 3);
    // Only what the wrong clock has dated is left of the points.
    for point in shop.listed().iter().filter(|point| !begun.contains(point)) {
        for file in files_under(&shop.path("local"))
            .into_iter()
            .chain(files_under(&shop.path("offsite")))
        {
            if file.to_string_lossy().contains(text(&point["id"])) {
                fs::remove_file(file).unwrap();
            }
        }
    }
    fs::rename(shop.path("state"), shop.path("elsewhere")).unwrap();
    let moment = jiff::Timestamp::now().to_string();
    let said = shop.agent_refuses(1, &restoring("back", &["--at", &moment]));
    assert!(
        said.contains("The clock was wrong for a while") && !said.contains("LATER"),
        "{said}"
    );
    let (_, after) = said.rsplit_once(" --commit ").expect(&said);
    let commit: String = after.chars().take_while(char::is_ascii_digit).collect();
    shop.restore_to("back", &["--commit", &commit]);
    assert_eq!(
        count_items(&shop.path("back/shop.db")),
        count_items(&shop.database())
    );
}

#[test]
fn a_machine_whose_clock_stands_behind_names_what_it_passes_over_once_and_calls_nothing_new() {
    let shop = Shop::new();
    let Some(early) = clock_set("-5d") else { return };
    assert!(
        shop.command(&["backup"])
            .envs(early)
            .output()
            .unwrap()
            .status
            .success()
    );
    shop.back_up();
    shop.back_up();
    let newest = shop.back_up()["id"].clone();
    let restored = |by: &str| {
        let mut command = shop.command(&restoring("back", &["--dry-run"]));
        let output = command.envs(clock_set(by).unwrap()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output)
    };
    let said = restored("-2d");
    assert_eq!(said.matches("dated in the future").count(), 1, "{said}");
    assert!(
        said.contains(&format!(
            "3 restore points, the newest {}, are dated",
            text(&newest)
        )),
        "{said}"
    );
    let said = restored("-9d");
    assert!(
        said.contains("ahead of this machine's clock") && !said.contains(" ago"),
        "{said}"
    );
}
