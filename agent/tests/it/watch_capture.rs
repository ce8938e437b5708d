//! What goes wrong with the capture reaches the owner by its own name, from a running agent over a real database.

use std::{fs, path::Path};

use agent::store::Store;
use rusqlite::Connection;

use crate::{
    pretend_bot::Bot,
    pretend_telegram::Telegram,
    shop::Shop,
    world::{Agent, LIMIT, OWNER, config},
};

fn make_shop(database: &Path, owner: &str) -> Connection {
    let shop = Connection::open(database).unwrap();
    shop.pragma_update(None, "journal_mode", "WAL").unwrap();
    shop.execute_batch("CREATE TABLE owner (name TEXT NOT NULL) STRICT")
        .unwrap();
    shop.execute("INSERT INTO owner VALUES (?1)", [owner]).unwrap();
    shop
}

/// The chain that the agent follows, once it is another one than this.
async fn chain_after(state: &Path, before: Option<&str>) -> String {
    let wait = async {
        loop {
            let store = Store::open_to_look(state).ok().flatten();
            let found = store.and_then(|store| store.capture_state().unwrap());
            if let Some(found) = found.map(|state| state.chain.to_string())
                && before != Some(found.as_str())
            {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT * 3, wait)
        .await
        .expect("a chain begins")
}

#[tokio::test(flavor = "multi_thread")]
async fn another_shop_under_the_same_name_is_told_and_never_continues_the_chain() {
    let shop = Shop::new();
    let dir = shop.path("");
    fs::copy(shop.path("kit/owner.asc"), shop.path("owner.asc")).unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let database = shop.path("shop.db");
    let sari = make_shop(&database, "Sari");
    let agent = Agent::start(config(&dir, bot.address, telegram.address, &[OWNER]));
    let chain = chain_after(&dir.join("state"), None).await;
    for suffix in ["", "-wal", "-shm"] {
        let name = |stem: &str| shop.path(&format!("{stem}{suffix}"));
        fs::rename(name("shop.db"), name("saris.db")).unwrap();
    }
    drop(sari);
    let budi = make_shop(&database, "Budi");
    let told = telegram.wait_for_text("The shop's database is another one").await;
    assert!(told.text().contains("new chain"), "{}", told.text());
    let second = chain_after(&dir.join("state"), Some(&chain)).await;
    assert_ne!(chain, second);
    agent.stop().await;
    drop(budi);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_told_without_the_wait_for_what_may_pass() {
    let shop = Shop::new();
    fs::copy(shop.path("kit/owner.asc"), shop.path("owner.asc")).unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let sari = make_shop(&shop.path("shop.db"), "Sari");
    let settings = config(&shop.path(""), bot.address, telegram.address, &[OWNER]);
    let agent = Agent::start(settings);
    chain_after(&shop.path("state"), None).await;
    fs::remove_file(shop.path("shop.db")).unwrap();
    let told = telegram.wait_for_text("waiting does not help").await;
    assert!(told.text().contains("agent restore --latest"), "{}", told.text());
    agent.stop().await;
    drop(sari);
}
