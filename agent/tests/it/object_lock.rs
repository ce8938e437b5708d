//! A server whose key may not delete, before a bucket that locks its objects: everything but pruning works there, and
//! pruning works from the owner's own machine.

use std::fs;

use serde_json::Value;

use crate::{
    fault_proxy::{Fault, Proxy},
    remotes::shop_with,
    servers,
    shop::{RESTORE, Shop, count_items, files_under, text},
};

const RULES: &str = "[retention]\nkeep_within = \"1h\"\n";
const TAKE_IN: [&str; 3] = ["verify", "--key", "kit/owner.secret.asc"];

/// From here on the commands are those of the owner's own machine: a key that may delete, and a state of its own.
fn go_to_the_owners_machine(shop: &Shop, remotes: &str) {
    let settings = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let (before, _) = settings.split_once("[remotes.").unwrap();
    let own = before.replace("[state]\ndir = \"state\"\n", "");
    let own = format!("{own}[state]\ndir = \"owners-state\"\n{remotes}");
    fs::write(shop.path("agent.toml"), own).unwrap();
}

fn pruned(shop: &Shop, extra: &[&str]) -> Value {
    let said = shop.agent_done(&[&["prune", "--json"], extra].concat());
    let json: Value = serde_json::from_str(&said).unwrap();
    json["remotes"][0].clone()
}

fn reasons(plan: &Value, prefix: &str) -> Vec<(String, String)> {
    let objects = plan["objects"].as_array().unwrap().iter();
    objects
        .filter(|it| text(&it["key"]).starts_with(prefix))
        .map(|it| (text(&it["state"]).to_owned(), text(&it["reason"]).to_owned()))
        .collect()
}

#[test]
fn a_key_that_may_not_delete_backs_up_and_the_owner_prunes_from_elsewhere() {
    let place = tempfile::tempdir().unwrap();
    let bucket = servers::locking_s3(place.path());
    // What the policy of an append-only key answers.
    let guard = Proxy::before(bucket.address, |method, _| {
        (method == "DELETE").then_some(Fault::Status(403))
    });
    let mut section = servers::locking_s3_section("locked", guard.address);
    section.text.push_str("append_only = true\n");
    section.text.push_str(RULES);
    let shop = shop_with(&[section]);
    shop.fill(256);
    shop.agent_done(&["remote", "test", "locked"]);
    for _ in 0..3 {
        shop.back_up();
    }
    shop.agent_done(&["verify", "--all"]);
    shop.agent_done(&["drill"]);
    let plan = pruned(&shop, &[]);
    assert_eq!(
        (&plan["append_only"], &plan["deleted"]),
        (&true.into(), &0.into())
    );
    let items = count_items(&shop.database());
    shop.agent_done(&RESTORE);
    assert_eq!(count_items(&shop.path("back/shop.db")), items);
    let deletes = guard
        .requests()
        .iter()
        .filter(|it| it.starts_with("DELETE"))
        .count();
    assert_eq!(deletes, 0, "nothing ever tries to delete there");

    let own = servers::locking_s3_section("locked", bucket.address);
    go_to_the_owners_machine(&shop, &format!("{}{RULES}", own.text));
    let strangers = pruned(&shop, &["--dry-run"]);
    let unknown = reasons(&strangers, "manifest/");
    assert!(
        unknown.len() == 3 && unknown.iter().all(|(state, _)| state == "keep"),
        "nothing goes that was not read back here: {unknown:?}"
    );
    shop.agent_done(&TAKE_IN);
    let judged = reasons(&pruned(&shop, &["--dry-run"]), "manifest/");
    assert!(
        judged.iter().all(|(_, reason)| !reason.contains("does not know")),
        "they count here now: {judged:?}"
    );
    let said = shop.agent_done(&TAKE_IN);
    assert!(said.contains("0 points taken in"), "only once: {said}");
}

#[test]
fn an_altered_object_is_not_taken_in() {
    let shop = Shop::new();
    shop.back_up();
    let base = files_under(&shop.path("local/base")).remove(0);
    let mut bytes = fs::read(&base).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&base, bytes).unwrap();
    go_to_the_owners_machine(&shop, "[remotes.local]\ntype = \"fs\"\nroot = \"local\"\n");
    let said = shop.agent_refuses(1, &TAKE_IN);
    assert!(said.contains("base/") && said.contains("altered"), "{said}");
    assert_eq!(shop.listed()[0]["verified"], false);
}
