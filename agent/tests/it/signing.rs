//! Who signed: gpg says it, and a restore believes nobody else.

use std::{fs, time::Duration};

use agent::{
    backup::{
        recipients::Recipients,
        seal::{Keys, LEVEL, OpenError, open, seal},
        signer::{Signers, SigningKey},
    },
    keys,
};
use serde_json::Value;

use crate::shop::{PASSPHRASE, RESTORE, Shop, integrity_of, stderr, text};

fn owner(shop: &Shop) -> (Recipients, Keys) {
    let recipients = Recipients::load(&[shop.path("kit/owner.asc")]).ok().unwrap();
    let mut ask = || Ok(protocol::secret::Secret::new(PASSPHRASE));
    (
        recipients,
        keys::unlock(&shop.path("kit/owner.secret.asc"), &mut ask).unwrap(),
    )
}

#[test]
fn gpg_calls_the_signature_of_every_object_good() {
    let shop = Shop::new();
    let point = shop.back_up();
    shop.import_keys("offsite");
    for object in [&point["objects"][0], &point["files"][0], &point["manifest"]] {
        let path = shop.path("offsite").join(text(object));
        let said = shop.gpg(&[
            "--status-fd",
            "2",
            "--output",
            "opened",
            "--decrypt",
            path.to_str().unwrap(),
        ]);
        assert!(
            said.status.success()
                && stderr(&said).contains("GOODSIG")
                && stderr(&said).contains("Warung agent"),
            "{}",
            stderr(&said)
        );
    }
}

#[test]
fn what_another_agent_signed_is_named_as_foreign() {
    let shop = Shop::new();
    let (recipients, keys) = owner(&shop);
    let (ours, theirs) = (SigningKey::make().unwrap(), SigningKey::make().unwrap());
    let sealed = seal(b"plain".as_slice(), &recipients, &theirs, LEVEL).unwrap();
    let opened = |signers: &Signers| open(&sealed.bytes, &keys, signers, 5);
    assert_eq!(opened(&theirs.as_signers()).unwrap(), b"plain");
    assert_eq!(
        opened(&ours.as_signers().and(&theirs.as_signers())).unwrap(),
        b"plain"
    );
    match opened(&ours.as_signers()) {
        Err(OpenError::ForeignSigner(name)) => assert_eq!(name, theirs.fingerprint().as_str()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_nobody_signed_is_named_as_unsigned() {
    let shop = Shop::new();
    let (_, keys) = owner(&shop);
    fs::write(
        shop.path("plain.zst"),
        zstd::encode_all(b"plain".as_slice(), 3).unwrap(),
    )
    .unwrap();
    shop.gpg_done(&[
        "--recipient-file",
        "kit/owner.asc",
        "--compress-algo",
        "none",
        "--output",
        "unsigned",
        "--encrypt",
        "plain.zst",
    ]);
    let sealed = fs::read(shop.path("unsigned")).unwrap();
    let anybody = SigningKey::make().unwrap().as_signers();
    assert!(matches!(
        open(&sealed, &keys, &anybody, 5),
        Err(OpenError::Unsigned)
    ));
}

#[test]
fn an_object_opens_to_no_more_bytes_than_it_may() {
    let shop = Shop::new();
    let (recipients, keys) = owner(&shop);
    let signer = SigningKey::make().unwrap();
    let sealed = seal(&vec![0; 1 << 20][..], &recipients, &signer, LEVEL).unwrap();
    let opened = |most| open(&sealed.bytes, &keys, &signer.as_signers(), most);
    assert_eq!(opened(1 << 20).unwrap().len(), 1 << 20);
    assert!(matches!(opened((1 << 20) - 1), Err(OpenError::Broken(_))));
}

/// Signs the newest manifest anew, for a database that this point does not hold, and puts it in the old one's place.
fn promise_another_database(shop: &Shop, point: &Value) {
    let (recipients, keys) = owner(shop);
    let signer = SigningKey::load(&shop.path("state")).unwrap().unwrap();
    for remote in ["local", "offsite"] {
        let path = shop.path(remote).join(text(&point["manifest"]));
        let sealed = fs::read(&path).unwrap();
        let plain = open(&sealed, &keys, &signer.as_signers(), 1 << 20).unwrap();
        let mut manifest: Value = serde_json::from_slice(&plain).unwrap();
        manifest["page_root"] = Value::from("0".repeat(32));
        let plain = serde_json::to_vec(&manifest).unwrap();
        let sealed = seal(plain.as_slice(), &recipients, &signer, LEVEL).unwrap();
        let name = format!("{}.{}.json.pgp", text(&point["id"]), &sealed.sha256[..32]);
        fs::remove_file(&path).unwrap();
        fs::write(path.with_file_name(name), sealed.bytes).unwrap();
    }
}

#[test]
fn intact_parts_that_are_another_database_than_the_manifest_describes_are_not_handed_out() {
    let shop = Shop::new();
    shop.fill(16);
    let older = shop.back_up();
    // Points' names tell the second.
    std::thread::sleep(Duration::from_millis(1_100));
    let newest = shop.back_up();
    promise_another_database(&shop, &newest);
    let said = shop.agent_done(&RESTORE);
    assert!(said.contains("do not add up"), "{said}");
    assert!(
        said.contains(&format!("older point {}", text(&older["id"]))),
        "{said}"
    );
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
    fs::remove_dir_all(shop.path("back")).unwrap();
    promise_another_database(&shop, &older);
    let said = shop.agent_refuses(1, &RESTORE);
    assert!(said.contains("do not add up"), "{said}");
    assert!(!shop.path("back").exists());
}

#[test]
fn a_list_says_first_that_the_key_opens_none_of_what_is_there() {
    let shop = Shop::new();
    shop.back_up();
    shop.agent_done(&["key", "new", "--out", "other"]);
    fs::remove_dir_all(shop.path("state")).unwrap();
    let list = |key: &str| shop.agent(&["list", "--key", key]);
    let right = list("kit/owner.secret.asc");
    assert!(right.status.success(), "{}", stderr(&right));
    let wrong = list("other/owner.secret.asc");
    let said = String::from_utf8_lossy(&wrong.stdout);
    assert!(
        said.starts_with("other/owner.secret.asc opens none of these restore points")
            && !said.contains("INCOMPLETE"),
        "{said}"
    );
    assert_eq!(wrong.status.code(), Some(1));
    assert!(stderr(&wrong).contains("another key"), "{}", stderr(&wrong));
}
