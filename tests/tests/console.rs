//! The owner's console with real processes: the owner is answered, a seller and a stranger are not, a planned stop is no
//! alarm, and no word of an alert is ever in another chat.

use tests::{
    sandbox::{OWNER_BOT, SHOP_BOT},
    settings::{OWNER, SELLER},
    shop::Shop,
};

use crate::shelves::stocked;

const STRANGER: i64 = 4001;
const PRIVATE: &str = "Bot ini pribadi";
const DIED: &str = "Bot toko mati mendadak";
const PLANNED: &str = "Bot toko";

#[test]
fn the_owner_asks_and_acts_while_a_seller_and_a_stranger_learn_nothing() {
    let mut shop = Shop::open(&stocked(2));
    shop.start_agent().unwrap();
    shop.wait_for_watch();
    let owner = shop.sandbox.chat(OWNER_BOT, OWNER);
    owner.say("/status").unwrap();
    owner.wait_for("Bot: berjalan");
    owner.say("/graph 24h disk").unwrap();
    owner.wait("the picture", |message| message.is_photo);
    owner.say("/logs").unwrap();
    owner.wait_for("log bot");
    owner.say("/backup").unwrap();
    owner.wait_for("selesai:");
    owner.say("/drill").unwrap();
    owner.wait_for("Latihan lulus: toko kembali dari local");
    let shown = owner.messages();
    let begun = shown
        .iter()
        .filter(|message| message.text.contains("berubah sampai selesai"));
    assert_eq!(begun.count(), 0, "each message became its end: {shown:?}");
    owner.say("/backups").unwrap();
    let backups = owner.wait_for("Cadangan terbaru");
    assert!(
        backups.text.contains("■") && backups.text.contains("★") && backups.text.contains("✅ Latihan local"),
        "{}",
        backups.text
    );
    owner.say("/digest").unwrap();
    owner.wait_for("Latihan berikutnya: ");
    owner.say("/runbook disk_full").unwrap();
    owner.wait_for("Yang perlu dilakukan: ");

    shop.sandbox.customer(STRANGER).unwrap();
    let seller = shop.sandbox.chat(OWNER_BOT, SELLER);
    let stranger = shop.sandbox.chat(OWNER_BOT, STRANGER);
    for chat in [&seller, &stranger] {
        for text in ["/start", "/status", "/restart", "123456"] {
            chat.say(text).unwrap();
        }
        chat.wait_for(PRIVATE);
    }

    shop.stop_bot().unwrap();
    owner.say("/status").unwrap();
    owner.wait_for("dihentikan dengan sengaja");
    assert_eq!(owner.newest_that_says(DIED), None, "a planned stop is no alarm");
    shop.start_bot().unwrap();
    shop.wait_for_watch();
    shop.kill_bot();
    let alert = owner.wait_for(DIED);
    assert!(alert.text.contains(PLANNED) && !alert.labels.is_empty());
    owner.press(&alert.labels[0]);
    owner.wait_for("Anda menanganinya sejak");

    for chat in [&seller, &stranger] {
        let shown = chat.everything_ever_shown().concat();
        assert!(!shown.contains("mati") && !shown.contains("systemctl"), "{shown}");
        assert_eq!(chat.messages().len(), 1, "{:?}", chat.messages());
    }
    let sellers_shop = shop.sandbox.chat(SHOP_BOT, SELLER);
    let shown = sellers_shop.everything_ever_shown().concat();
    assert!(!shown.contains("server") && !shown.contains(DIED), "{shown}");
}
