//! A server that was restored by the book on a new machine, and whose agent goes on upon the same remotes with a key of its
//! own: the lost server's backups stay the owner's, and what an agent that is not known has there is named with the command
//! for it.

use std::fs;

use serde_json::Value;

use crate::{
    missing_commits::{after, captured, sell},
    rehearsals::raised,
    running::Running,
    shop::{Shop, count_items, files_under, restoring, text},
};

const LIVE: [&str; 5] = ["restore", "--latest", "--key", "kit/owner.secret.asc", "--yes"];

struct Recovered {
    shop: Shop,
    /// A point of the lost server, and one of the new one.
    lost: Value,
    own: Value,
    /// The last commits of their chains.
    ends: [u64; 2],
}

/// So many commits on the lost server, and so many on the new one; `restores` brings the shop there.
fn recovered(lost: u32, own: u32, restores: bool) -> Recovered {
    let (shop, point) = captured(lost);
    let end = |point: &Value| after(&shop, "local", point).pop().unwrap().1.last.get();
    let lost_end = end(&point);
    fs::rename(shop.path("state"), shop.path("lost-state")).unwrap();
    if restores {
        fs::rename(shop.path("live"), shop.path("lost-live")).unwrap();
        shop.agent_done(&LIVE);
        // Names of points tell the second, and the first one here is later than this.
        std::thread::sleep(std::time::Duration::from_millis(1_100));
    }
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    let new = shop.back_up();
    sell(&shop, &agent, own);
    agent.burn();
    assert_ne!(point["chain"], new["chain"]);
    let of_chain =
        |(_, name): &(_, protocol::object_key::SegmentName)| name.chain.as_str() == text(&new["chain"]);
    let own_end = after(&shop, "local", &new).into_iter().rfind(of_chain);
    Recovered {
        ends: [lost_end, own_end.unwrap().1.last.get()],
        lost: point,
        own: new,
        shop,
    }
}

fn signer(shop: &Shop, state: &str) -> String {
    let key = agent::backup::signer::SigningKey::load(&shop.path(state)).unwrap();
    key.unwrap().fingerprint().to_string()
}

/// What came back, and how many items are in it.
fn back(shop: &Shop, more: &[&str]) -> (String, i64) {
    let said = shop.restore_to("back", more);
    let items = count_items(&shop.path("back/shop.db"));
    fs::remove_dir_all(shop.path("back")).unwrap();
    (said, items)
}

#[test]
fn after_a_recovery_by_the_book_the_lost_servers_backups_are_the_owners() {
    let Recovered {
        shop,
        lost,
        own,
        ends,
    } = recovered(6, 2, true);
    assert!(ends[0] > ends[1] + 1, "{ends:?}");
    let sold = count_items(&shop.path("lost-live/shop.db"));
    let all = count_items(&shop.database());
    assert_eq!(back(&shop, &[]).1, all);
    let last = ends[0].to_string();
    let before_last = (ends[0] - 1).to_string();
    assert_eq!(back(&shop, &["--commit", &last]).1, sold);
    assert_eq!(back(&shop, &["--before-commit", &last]).1, sold - 1);
    assert_eq!(back(&shop, &["--commit", &before_last]).1, sold - 1);
    let chain = &text(&lost["chain"])[..8];
    assert_eq!(back(&shop, &["--chain", chain]).1, sold);
    let moment = after(&shop, "local", &lost)
        .into_iter()
        .rfind(|(_, name)| name.chain.as_str() == text(&lost["chain"]));
    let moment = jiff::Timestamp::from_millisecond(moment.unwrap().1.last_at.0).unwrap();
    assert_eq!(back(&shop, &["--at", &moment.to_string()]).1, sold);
    // A number that is in both is asked back.
    let said = shop.agent_refuses(1, &restoring("back", &["--commit", "2"]));
    for point in [&lost, &own] {
        let command = format!("--chain {} --commit 2", &text(&point["chain"])[..8]);
        assert!(said.contains(&command), "{command}: {said}");
    }
    shop.agent_done(&["verify"]);
    let named = format!(
        "the agent {}, from whose backups this server was restored",
        signer(&shop, "lost-state")
    );
    for command in ["list", "status", "verify"] {
        let said = shop.agent_done(&[command]);
        assert!(said.contains(&named), "{command}: {said}");
        assert!(!said.contains("TWO SERVERS"), "{command}: {said}");
    }
}

#[test]
fn what_the_lost_server_goes_on_to_write_is_no_newer_state_of_the_restored_one() {
    let Recovered { shop, lost, own, .. } = recovered(3, 2, true);
    let all = count_items(&shop.database());
    // It was not lost after all, and somebody starts it again.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let own_settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let settings = own_settings
        .replace("live/shop.db", "lost-live/shop.db")
        .replace("dir = \"state\"", "dir = \"lost-state\"");
    fs::write(shop.path("agent.toml"), settings).unwrap();
    let signer = signer(&shop, "lost-state");
    let quiet = fs::read_to_string(shop.path("agent.toml")).unwrap();
    fs::write(shop.path("agent.toml"), &own_settings).unwrap();
    let said = shop.agent_done(&["list"]);
    let of_lost = said
        .lines()
        .find(|line| line.contains(text(&lost["id"])))
        .unwrap();
    assert!(of_lost.contains("earlier server's"), "{said}");
    for never in ["WRITES THERE AGAIN", "another agent's"] {
        assert!(!said.contains(never), "{never}: {said}");
    }
    fs::write(shop.path("agent.toml"), quiet).unwrap();
    shop.agent_done(&["backup"]);
    let newer = shop.listed().remove(0);
    fs::write(shop.path("agent.toml"), own_settings).unwrap();
    shop.agent_done(&["verify"]);
    for command in ["list", "status", "verify"] {
        let said = shop.agent_done(&[command]);
        for part in [
            &signer,
            "WRITES THERE AGAIN",
            "Stop the bot and the agent on that server",
        ] {
            assert!(said.contains(part), "{command}: {part}: {said}");
        }
    }
    let (said, items) = back(&shop, &["--latest"]);
    assert_eq!(items, all, "{said}");
    for part in [
        "not restored",
        text(&newer["id"]),
        "after the shop was restored from",
        &signer,
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (said, items) = back(&shop, &["--chain", &text(&own["chain"])[..8]]);
    assert_eq!(items, all, "{said}");
    back(&shop, &["--point", text(&lost["id"])]);
    let (said, _) = back(&shop, &["--trust", &signer]);
    assert!(said.contains(text(&newer["id"])), "{said}");
}

/// One server's folders go away, and another one's are put in their place.
fn switch(shop: &Shop, away: &str, here: &str) {
    for folder in ["live", "state"] {
        fs::rename(shop.path(folder), shop.path(&format!("{away}-{folder}"))).unwrap();
        fs::rename(shop.path(&format!("{here}-{folder}")), shop.path(folder)).unwrap();
    }
}

/// Somebody starts the lost server again, and it sells so much; with a backup at its end, or without.
fn sells_again(shop: &Shop, count: u32, has_backup: bool) {
    // A signature tells the second.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    switch(shop, "own", "lost");
    let agent = Running::start(shop);
    agent.wait_for("/rest");
    sell(shop, &agent, count);
    if has_backup {
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        shop.back_up();
    }
    agent.burn();
    switch(shop, "lost", "own");
}

/// Its agent, and not a backup by hand: commits come long before the next restore point.
#[test]
fn a_lost_server_that_sells_again_is_told_by_its_commits_alone() {
    let Recovered { shop, own, .. } = recovered(3, 2, true);
    let lost_signer = signer(&shop, "lost-state");
    sells_again(&shop, 1, false);
    assert_eq!(shop.listed()[0]["id"], own["id"], "it took no restore point");
    shop.agent_done(&["verify"]);
    for command in ["list", "status", "verify"] {
        let said = shop.agent_done(&[command]);
        for part in [&lost_signer, "WRITES THERE AGAIN"] {
            assert!(said.contains(part), "{command}: {part}: {said}");
        }
    }
    let raised = raised(&shop);
    let is_told = |(key, row): &(String, String)| {
        key.starts_with("twin/") && row.contains("goes on writing") && row.contains(&lost_signer)
    };
    assert!(raised.iter().any(is_told), "{raised:?}");
}

#[test]
fn of_a_chain_without_a_full_backup_or_of_no_chain_the_refusal_says_so_and_which_there_are() {
    let Recovered { shop, lost, own, .. } = recovered(3, 2, true);
    for remote in ["local", "offsite"] {
        for path in files_under(&shop.path(remote)) {
            if path.to_str().unwrap().contains(text(&lost["id"])) {
                fs::remove_file(path).unwrap();
            }
        }
    }
    let (lost, own) = (text(&lost["chain"]), text(&own["chain"]));
    let alone = format!("of the chain {lost} there are single commits");
    let none = "no restore point here is of a chain whose name begins with fffffffff";
    for (chain, told) in [(&lost[..8], alone.as_str()), ("fffffffff", none)] {
        for more in [&["--commit", "2"][..], &["--latest"]] {
            let asked = [&["--chain", chain], more].concat();
            let said = shop.agent_refuses(1, &restoring("back", &asked));
            for part in [told, own] {
                assert!(said.contains(part), "{asked:?}: {part}: {said}");
            }
            assert!(!said.contains("with this key"), "{asked:?}: {said}");
        }
    }
}

#[test]
fn what_an_agent_that_is_not_known_has_there_is_named_with_the_command_for_it() {
    // The state alone was lost: nothing says whose the backups before are.
    let Recovered {
        shop,
        lost,
        own,
        ends,
    } = recovered(6, 2, false);
    let signer = signer(&shop, "lost-state");
    let chain = text(&lost["chain"]);
    let last = ends[0].to_string();
    let moment = after(&shop, "local", &lost)
        .into_iter()
        .rfind(|(_, name)| name.chain.as_str() == chain);
    let moment = jiff::Timestamp::from_millisecond(moment.unwrap().1.last_at.0)
        .unwrap()
        .to_string();
    // Within a second of the first point of one's own, which stands in only where nothing is from before it.
    let first: jiff::Timestamp = text(&own["taken_at"]).parse().unwrap();
    let just_before = (first - std::time::Duration::from_millis(1)).to_string();
    for asked in [
        ["--commit", &last],
        ["--at", &moment],
        ["--at", &just_before],
        ["--chain", &chain[..8]],
    ] {
        let said = shop.agent_refuses(1, &restoring("back", &asked));
        let command = format!("{} {} --trust {signer}", asked[0], asked[1]);
        for part in [&command, chain, text(&lost["id"]), &signer] {
            assert!(said.contains(part), "{asked:?}: {part} is not said: {said}");
        }
        for never in ["EARLIER", "the last one there is", "another key"] {
            assert!(!said.contains(never), "{asked:?}: {never}: {said}");
        }
        back(&shop, &[&asked[..], &["--trust", &signer]].concat());
    }
    // Of a number that is in its chain too the plan says so.
    let (said, _) = back(&shop, &["--commit", "2"]);
    let command = format!("--trust {signer} --chain {chain} --commit 2");
    assert!(
        said.contains(&command) && said.contains(text(&own["chain"])),
        "{said}"
    );
}

/// The same again: the server that was restored is lost too, and another one restored from it.
fn recovered_twice() -> (Recovered, Value) {
    let first = recovered(6, 2, true);
    let shop = &first.shop;
    fs::rename(shop.path("state"), shop.path("second-state")).unwrap();
    fs::rename(shop.path("live"), shop.path("second-live")).unwrap();
    let second = signer(shop, "second-state");
    shop.agent_done(&[&LIVE[..], &["--trust", &second]].concat());
    let agent = Running::start(shop);
    agent.wait_for("/rest");
    let third = shop.back_up();
    sell(shop, &agent, 2);
    agent.burn();
    (first, third)
}

/// As on a machine that has nothing but a kit with this agent's certificate.
fn on_a_new_machine(shop: &Shop, known: &str) {
    let key = agent::backup::signer::SigningKey::load(&shop.path(known)).unwrap();
    fs::write(shop.path("kit/agent.asc"), key.unwrap().certificate().unwrap()).unwrap();
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let at = settings.find("dir = \"").unwrap();
    let end = at + settings[at..].find('\n').unwrap();
    fs::write(
        shop.path("agent.toml"),
        format!("{}dir = \"nothing\"{}", &settings[..at], &settings[end..]),
    )
    .unwrap();
}

#[test]
fn after_a_second_recovery_the_whole_line_is_the_owners() {
    let (
        Recovered {
            shop,
            lost,
            own,
            ends,
            ..
        },
        third,
    ) = recovered_twice();
    let sold = [
        count_items(&shop.path("lost-live/shop.db")),
        count_items(&shop.path("second-live/shop.db")),
        count_items(&shop.database()),
    ];
    let chains = [&lost, &own, &third].map(|point| text(&point["chain"])[..8].to_owned());
    let last = ends[0].to_string();
    let whole_line = |shop: &Shop| {
        assert_eq!(back(shop, &["--commit", &last]).1, sold[0]);
        for (chain, items) in chains.iter().zip(sold) {
            assert_eq!(back(shop, &["--chain", chain]).1, items, "{chain}");
        }
        let (said, items) = back(shop, &["--latest"]);
        assert_eq!(items, sold[2]);
        assert!(
            !said.contains("NOT PROVEN") && !said.contains("MAY BE NEWER"),
            "{said}"
        );
    };
    whole_line(&shop);
    let said = shop.agent_done(&["list"]);
    assert!(
        said.contains("earlier server's") && !said.contains("another agent's"),
        "{said}"
    );
    // Without a key it is not known which of the two took what is from after the first recovery.
    let unless = format!("Unless {}", signer(&shop, "lost-state"));
    assert!(said.contains(&unless), "{said}");
    shop.agent_done(&["verify"]);
    for command in ["list", "status", "verify"] {
        let said = shop.agent_done(&[command]);
        for (state, whose) in [
            ("lost-state", "a server of this shop before this one"),
            ("second-state", "this server"),
        ] {
            let named = format!(
                "the agent {}, from whose backups {whose} was restored",
                signer(&shop, state)
            );
            assert!(said.contains(&named), "{command}: {named}: {said}");
        }
    }
    // The newest one's certificate alone says as much.
    on_a_new_machine(&shop, "state");
    whole_line(&shop);
    let key = ["list", "--key", "kit/owner.secret.asc"];
    let said = shop.agent_done(&key);
    assert!(
        !said.contains("NOT PROVEN") && !said.contains("INCOMPLETE"),
        "{said}"
    );
}

#[test]
fn the_kit_of_the_first_server_hides_nothing_of_those_that_came_after() {
    let (Recovered { shop, lost, ends, .. }, third) = recovered_twice();
    on_a_new_machine(&shop, "lost-state");
    let last = ends[0].to_string();
    let (said, items) = back(&shop, &["--commit", &last]);
    assert_eq!(items, count_items(&shop.path("lost-live/shop.db")));
    for state in ["second-state", "state"] {
        let command = format!("--latest --trust {}", signer(&shop, state));
        assert!(said.contains(&command), "{command}: {said}");
    }
    assert!(
        said.contains("IT MAY BE NEWER") && !said.contains("hold no later one"),
        "{said}"
    );
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    for part in [
        text(&third["id"]),
        "EARLIER",
        &format!("--chain {} --commit {last}", &text(&lost["chain"])[..8]),
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("intact copy"), "{said}");
    let newest = format!("--trust {}", signer(&shop, "state"));
    assert!(said.contains(&newest), "{said}");
}

/// The kit holds the certificate of the server that was lost, as the README says: what that one signs after the shop was
/// restored is another history all the same.
#[test]
fn a_kit_with_the_lost_servers_certificate_takes_nothing_of_what_that_one_goes_on_to_sell() {
    for has_backup in [false, true] {
        let Recovered { shop, .. } = recovered(3, 2, true);
        let all = count_items(&shop.database());
        let lost = agent::backup::signer::SigningKey::load(&shop.path("lost-state"));
        let certificate = lost.unwrap().unwrap().certificate().unwrap();
        fs::write(shop.path("kit/agent.asc"), &certificate).unwrap();
        sells_again(&shop, 9, has_backup);
        let (said, items) = back(&shop, &["--latest"]);
        assert_eq!(items, all, "{has_backup}: {said}");
        assert!(
            said.contains("of another history than the shop's"),
            "{has_backup}: {said}"
        );
        let word = signer(&shop, "lost-state");
        assert!(back(&shop, &["--latest", "--trust", &word]).1 > all);
        // A machine that knows of the cut from the backups of the second one alone, whose certificate is in the kit too.
        on_a_new_machine(&shop, "state");
        let both = certificate + &fs::read_to_string(shop.path("kit/agent.asc")).unwrap();
        fs::write(shop.path("kit/agent.asc"), both).unwrap();
        let (said, items) = back(&shop, &["--latest"]);
        assert_eq!(items, all, "{has_backup}: {said}");
        assert!(
            said.contains(&word) && said.contains("may be, and is not in it"),
            "{said}"
        );
    }
}

/// The second server's newest point is older than the lost one's, and its commits are newer.
#[test]
fn commits_of_an_agent_that_is_not_known_are_named_where_they_are_newer_than_all_that_is() {
    let Recovered { shop, .. } = recovered(3, 2, true);
    sells_again(&shop, 1, true);
    let agent = Running::start(&shop);
    agent.wait_for("/rest");
    sell(&shop, &agent, 2);
    agent.burn();
    let all = count_items(&shop.database());
    let second = signer(&shop, "state");
    on_a_new_machine(&shop, "lost-state");
    let word = format!("--trust {second}");
    let (said, _) = back(&shop, &["--point", text(&shop.listed().remove(0)["id"])]);
    assert!(said.contains(&word), "{said}");
    let said = shop.agent_refuses(1, &restoring("back", &["--latest"]));
    assert!(said.contains(&word) && !said.contains("LATER"), "{said}");
    let (said, items) = back(&shop, &["--latest", "--trust", &second]);
    assert_eq!(items, all, "{said}");
}
