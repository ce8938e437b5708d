//! Certificates that end: told in time, and no reason to stop backing up.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use sequoia_openpgp::{Profile, cert::CertBuilder, serialize::SerializeInto, types::KeyFlags};

use crate::{
    pretend_bot::Bot,
    pretend_telegram::Telegram,
    shop::{Shop, integrity_of},
    world::{Agent, OWNER, config},
};

const DAY: Duration = Duration::from_secs(86_400);

/// A key pair made a hundred days ago that is valid for so many days from then; the certificate's file.
fn write_key(valid: Duration) -> (Vec<u8>, Vec<u8>) {
    let encryption = KeyFlags::empty()
        .set_storage_encryption()
        .set_transport_encryption();
    let (cert, _) = CertBuilder::new()
        .set_profile(Profile::RFC4880)
        .unwrap()
        .set_creation_time(SystemTime::now() - 100 * DAY)
        .set_validity_period(valid)
        .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing())
        .add_subkey(encryption, valid, None)
        .add_userid("Ending <ending@example.org>")
        .generate()
        .unwrap();
    (
        cert.armored().to_vec().unwrap(),
        cert.as_tsk().armored().to_vec().unwrap(),
    )
}

fn shop_with_key(valid: Duration) -> Shop {
    let shop = Shop::without_key();
    let (public, secret) = write_key(valid);
    fs::write(shop.path("owner.asc"), public).unwrap();
    fs::write(shop.path("secret.asc"), secret).unwrap();
    shop.use_certificate("owner.asc");
    shop
}

#[test]
fn an_expired_certificate_is_a_finding_and_still_gets_its_backups() {
    let shop = shop_with_key(99 * DAY);
    let checked = shop.agent(&["check"]);
    let said = String::from_utf8_lossy(&checked.stdout);
    assert_eq!(checked.status.code(), Some(1));
    assert!(
        said.contains("WRONG  recipient") && said.contains("expired at"),
        "{said}"
    );
    let point = shop.back_up();
    shop.agent_done(&["restore", "--key", "secret.asc", "--yes", "--to", "back"]);
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    shop.gpg_done(&["--import", "secret.asc"]);
    let part = shop.open_by_hand("local", crate::shop::text(&point["objects"][0]));
    assert!(part.starts_with(b"SQLite format 3"));
}

#[test]
fn a_certificate_that_expires_within_sixty_days_is_told_and_no_fault() {
    let shop = shop_with_key(159 * DAY);
    assert!(shop.agent_done(&["check"]).contains("EXPIRES SOON"));
    let shop = shop_with_key(161 * DAY);
    assert!(!shop.agent_done(&["check"]).contains("EXPIRES SOON"));
}

#[tokio::test]
async fn the_running_agent_tells_of_an_expired_certificate_once() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("owner.asc"), write_key(99 * DAY).0).unwrap();
    let telegram = Telegram::start().await;
    let bot = Bot::start(None, 1);
    let settings = config(dir.path(), bot.address, telegram.address, &[OWNER]);
    let agent = Agent::start(settings);
    let taken = telegram.wait_for(1).await;
    assert!(
        taken[0].text().contains("A backup key has expired"),
        "{}",
        taken[0].text()
    );
    agent.stop().await;
}
