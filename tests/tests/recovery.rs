//! The shop comes back whole, or not at all and with a word about the next best.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rusqlite::Connection;

use tests::{
    ledger::Books,
    place::REMOTES,
    process::{run, run_well},
    purchase::{MY_ORDERS, order},
    sandbox::SHOP_BOT,
    settings::SELLER,
    shop::{COMMAND_LIMIT, Shop},
};

use crate::{
    backup::{files_below, restore_points},
    shelves::{NAME, stocked},
};

/// What happens to one object on a remote.
type Damage = fn(&Path);

fn back_up(shop: &Shop) {
    shop.make_owner_key().unwrap();
    run_well(&mut shop.agent_command(&["backup"]), COMMAND_LIMIT).unwrap();
}

fn restore(shop: &Shop, arguments: &[&str]) -> Output {
    let mut command = shop.agent_command(&["restore"]);
    command
        .arg("--key")
        .arg(shop.place.owner_safe().join("owner.secret.asc"))
        .args(arguments);
    run(&mut command, COMMAND_LIMIT).unwrap()
}

fn words(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Every file of the server's data and its bytes.
fn everything_in(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files_below(folder)
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// A shop with one sale and two restore points, and nothing running.
fn shop_with_two_points() -> Shop {
    let mut shop = Shop::open(&stocked(2));
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    shop.sandbox.pay_order(&code).unwrap();
    budi.wait_for("akun001");
    back_up(&shop);
    // Two points of one moment could stand in for each other.
    order(&budi, NAME).unwrap();
    back_up(&shop);
    shop.stop_bot().unwrap();
    shop
}

#[test]
fn a_shop_that_lost_its_server_comes_back_with_the_same_orders() {
    let mut shop = Shop::open(&stocked(4));
    let budi = shop.sandbox.customer(3001).unwrap();
    let paid = order(&budi, NAME).unwrap();
    shop.sandbox.pay_order(&paid).unwrap();
    budi.wait_for("akun001");
    let open = order(&budi, NAME).unwrap();
    back_up(&shop);
    let (orders, goods) = (shop.books().orders(), shop.books().goods());
    shop.kill_bot();
    fs::remove_dir_all(shop.place.data()).unwrap();
    drop(fs::remove_dir_all(shop.place.agent_state()));

    let output = restore(&shop, &["--latest", "--yes"]);
    assert!(output.status.success(), "{}", words(&output));
    assert_eq!((shop.books().orders(), shop.books().goods()), (orders, goods));
    assert_eq!(shop.books().integrity(), "ok");
    let beside = files_below(&shop.place.data());
    for name in ["bot.toml", ".env", "shop.db.restored.json"] {
        assert!(
            beside.iter().any(|path| path.ends_with(name)),
            "{name} did not come back: {beside:?}"
        );
    }

    // Paid while there was no shop: the money is found, and the customer still gets what was bought.
    shop.sandbox.pay_order(&open).unwrap();
    shop.start_bot().unwrap();
    budi.wait_for("akun002");
    budi.say("/start").unwrap();
    budi.wait("the word that the shop rests", |message| {
        message.text.contains("istirahat") && !message.text.contains("habis")
    });
    let log = shop.bot_log();
    assert!(
        log.contains("sales are paused") && log.contains("restored to an earlier moment"),
        "{log}"
    );
    budi.press(MY_ORDERS);
    for code in [&paid, &open] {
        let listed = |message: &tests::chat::Message| {
            message.text.contains(code.as_str()) || message.label(code).is_some()
        };
        budi.wait(&format!("{code} in the list"), listed);
    }

    reopen(&shop);
    let third = order(&budi, NAME).unwrap();
    shop.sandbox.pay_order(&third).unwrap();
    budi.wait_for("akun003");
}

/// A shop of three accounts at the moment of its older point: the second one was sold after it. Nothing runs.
fn shop_at_an_earlier_moment(later: &Path) -> Shop {
    let mut shop = Shop::open(&stocked(3));
    let budi = shop.sandbox.customer(3001).unwrap();
    for goods in ["akun001", "akun002"] {
        let code = order(&budi, NAME).unwrap();
        shop.sandbox.pay_order(&code).unwrap();
        budi.wait_for(goods);
        back_up(&shop);
    }
    shop.stop_bot().unwrap();
    let points = restore_points(&shop);
    let earlier = points[1]["id"].as_str().unwrap();
    for arguments in [
        &["--latest", "--yes", "--to", later.to_str().unwrap()][..],
        &["--point", earlier, "--yes"],
    ] {
        let output = restore(&shop, arguments);
        assert!(output.status.success(), "{}", words(&output));
    }
    assert_eq!(shop.books().free_items(), 2);
    shop
}

/// The seller releases what is held, and the next customer gets the next account.
fn sells_only_the_third(shop: &Shop) {
    reopen(shop);
    let citra = shop.sandbox.customer(3002).unwrap();
    let code = order(&citra, NAME).unwrap();
    shop.sandbox.pay_order(&code).unwrap();
    citra.wait_for("akun003");
    assert_eq!(shop.books().free_items(), 0);
}

#[test]
fn an_account_that_was_sold_after_the_restored_moment_is_not_sold_again() {
    let later = tempfile::tempdir().unwrap();
    let mut shop = shop_at_an_earlier_moment(&later.path().join("later"));
    shop.start_bot().unwrap();
    sells_only_the_third(&shop);
}

#[test]
fn on_a_new_machine_a_later_backup_tells_which_accounts_went_out() {
    let later = tempfile::tempdir().unwrap();
    let later = later.path().join("later");
    let mut shop = shop_at_an_earlier_moment(&later);
    for path in files_below(&shop.place.data()) {
        if path
            .components()
            .any(|part| part.as_os_str().to_string_lossy().starts_with("replaced-"))
        {
            fs::remove_file(shop.place.data().join(path)).unwrap();
        }
    }
    shop.start_bot().unwrap();
    let mut command = shop.bot_command(&["withhold"]);
    command.arg("--database").arg(later.join("shop.db"));
    let said = run_well(&mut command, COMMAND_LIMIT).unwrap();
    assert!(said.contains("1 unsold item(s) went out"), "{said}");
    sells_only_the_third(&shop);
}

/// The seller has looked, and releases the stock that the restore held back.
fn reopen(shop: &Shop) {
    let seller = shop.sandbox.chat(SHOP_BOT, SELLER);
    seller.say("/start").unwrap();
    seller.press("Menu penjual");
    seller.press("Buka lagi");
    seller.press("lepas stok");
    seller.wait("the word that the shop is open", |message| {
        message.text.contains("Toko buka")
    });
}

#[test]
fn a_damaged_backup_is_refused_by_name_with_the_next_best_and_nothing_is_touched() {
    let shop = shop_with_two_points();
    let points = restore_points(&shop);
    let (newest, next) = (
        points[0]["id"].as_str().unwrap(),
        points[1]["id"].as_str().unwrap(),
    );
    let object = points[0]["objects"][0].as_str().unwrap();
    let damages: [(&str, Damage); 3] = [
        ("flipped", |path| {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).unwrap();
        }),
        ("truncated", |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() - 100]).unwrap();
        }),
        ("deleted", |path| fs::remove_file(path).unwrap()),
    ];
    for (name, damage) in damages {
        let whole = REMOTES.map(|remote| fs::read(shop.place.remote(remote).join(object)).unwrap());
        REMOTES
            .iter()
            .for_each(|remote| damage(&shop.place.remote(remote).join(object)));
        let before = everything_in(&shop.place.data());
        let output = restore(&shop, &["--latest", "--yes"]);
        let said = words(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains(object), "{name}: the object is not named: {said}");
        assert!(
            said.contains(next),
            "{name}: the next best point is not named: {said}"
        );
        assert!(
            everything_in(&shop.place.data()) == before,
            "{name}: something was touched"
        );
        for (remote, bytes) in REMOTES.iter().zip(whole) {
            fs::write(shop.place.remote(remote).join(object), bytes).unwrap();
        }
    }
    assert!(restore(&shop, &["--point", newest, "--yes"]).status.success());
}

#[test]
fn a_copy_that_is_damaged_on_one_remote_alone_is_fetched_from_the_other() {
    let shop = shop_with_two_points();
    let object = restore_points(&shop)[0]["objects"][0]
        .as_str()
        .unwrap()
        .to_owned();
    fs::write(shop.place.remote("local").join(&object), b"rust").unwrap();
    let output = restore(&shop, &["--latest", "--yes"]);
    assert!(output.status.success(), "{}", words(&output));
    assert_eq!(shop.books().orders().len(), 2);
}

#[test]
fn a_restore_is_refused_while_the_bot_holds_the_database() {
    let shop = Shop::open(&stocked(1));
    back_up(&shop);
    let output = restore(&shop, &["--latest", "--yes"]);
    let said = words(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("systemctl stop bot.service"),
        "it does not say how to stop the bot: {said}"
    );
    shop.sandbox.customer(3001).unwrap().say("/start").unwrap();
    shop.sandbox.customer(3001).unwrap().wait_for("Selamat datang");
}

#[test]
fn a_dry_run_and_another_folder_leave_the_shop_alone() {
    let shop = shop_with_two_points();
    let before = everything_in(&shop.place.data());
    assert!(restore(&shop, &["--latest", "--dry-run"]).status.success());
    let elsewhere = shop.place.join("elsewhere");
    let output = restore(&shop, &["--latest", "--yes", "--to", elsewhere.to_str().unwrap()]);
    assert!(output.status.success(), "{}", words(&output));
    assert!(everything_in(&shop.place.data()) == before);
    let restored = Books::of(&elsewhere.join("shop.db"));
    assert_eq!(restored.orders(), shop.books().orders());
}

#[test]
fn a_wrong_key_opens_nothing_and_touches_nothing() {
    let shop = shop_with_two_points();
    let before = everything_in(&shop.place.data());
    let other = shop.place.join("other-key");
    run_well(
        shop.agent_command(&["key", "new"]).arg("--out").arg(&other),
        COMMAND_LIMIT,
    )
    .unwrap();
    let mut command = shop.agent_command(&["restore"]);
    command
        .arg("--key")
        .arg(other.join("owner.secret.asc"))
        .args(["--latest", "--yes"]);
    let output = run(&mut command, COMMAND_LIMIT).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(everything_in(&shop.place.data()) == before);
}

/// Spoils the first page of an index: no row is lost with it, and SQLite cannot use the file.
fn spoil_an_index(database: &Path) {
    let connection = Connection::open(database).unwrap();
    let find = "SELECT rootpage FROM sqlite_schema WHERE type = 'index' ORDER BY name LIMIT 1";
    let page: u64 = connection.query_row(find, [], |row| row.get(0)).unwrap();
    let size: u64 = connection
        .pragma_query_value(None, "page_size", |row| row.get(0))
        .unwrap();
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(connection);
    let file = fs::OpenOptions::new().write(true).open(database).unwrap();
    let bytes = vec![0xff; usize::try_from(size).unwrap()];
    file.write_all_at(&bytes, (page - 1) * size).unwrap();
}

#[test]
fn what_is_saved_of_a_damaged_database_is_a_shop_to_the_bot() {
    let shop = shop_with_two_points();
    let before = shop.books().goods();
    spoil_an_index(&shop.place.database());
    let output = run(&mut shop.agent_command(&["backup"]), COMMAND_LIMIT).unwrap();
    let said = words(&output);
    let line = said
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("{ sqlite3"));
    let line = line.unwrap_or_else(|| panic!("no command saves it: {said}"));
    run_well(Command::new("sh").args(["-c", line]), COMMAND_LIMIT).unwrap();
    let saved = shop.place.data().join("shop.db.saved");
    let mut check = shop.bot_command(&["check"]);
    run_well(check.arg("--database").arg(&saved), COMMAND_LIMIT).unwrap();
    assert_eq!(Books::of(&saved).goods(), before);
}
