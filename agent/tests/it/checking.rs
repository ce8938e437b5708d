//! `agent check` before anything is lost by a mistake in agent.toml: it names each one, and only those that are there.

use std::fs;

use crate::shop::Shop;

fn write(shop: &Shop, change: impl Fn(&str) -> String) {
    let path = shop.path("agent.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, change(&text)).unwrap();
}

#[test]
fn a_place_whose_disk_is_to_be_watched_and_that_is_not_there_is_wrong() {
    let shop = Shop::new();
    let here = shop.path("local");
    fs::create_dir_all(&here).unwrap();
    let gone = shop.path("not-mounted");
    write(&shop, |text| {
        format!(
            "{text}\n[watch]\ndisks = [\"{}\", \"{}\"]\n",
            here.display(),
            gone.display()
        )
    });
    let output = shop.agent(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains(&format!("ok     disk {}", here.display())),
        "{said}"
    );
    assert!(
        said.contains(&format!("WRONG  disk {}", gone.display())),
        "{said}"
    );
}

#[test]
fn a_file_that_is_not_toml_is_one_fault_and_so_is_a_unit_that_cannot_be() {
    let shop = Shop::new();
    let whole = fs::read_to_string(shop.path("agent.toml")).unwrap();
    write(&shop, |text| text.replacen("[backup]", "[backup", 1));
    let said = shop.agent_refuses(2, &["check"]);
    assert!(said.contains("it is not TOML: line "), "{said}");
    assert!(said.contains("column "), "{said}");
    assert!(said.contains("has 1 fault;"), "{said}");
    write(&shop, |_| format!("{whole}\n[bot]\nunit = \"the bot.service\"\n"));
    let said = shop.agent_refuses(2, &["check"]);
    assert!(said.contains("bot.unit is \"the bot.service\""), "{said}");
}
