//! The owner's key: made by `agent key new` or by gpg, and never overwritten.

use std::{fs, os::unix::fs::PermissionsExt};

use sequoia_openpgp::{Profile, cert::CertBuilder, serialize::SerializeInto, types::Features};

use crate::shop::{PASSPHRASE, Shop, files_under, integrity_of, text};

#[test]
fn the_key_and_the_kit_are_private_and_never_overwritten() {
    let shop = Shop::new();
    let again = shop.agent_refuses(1, &["key", "new", "--out", "kit"]);
    assert!(again.contains("already there"), "{again}");
    shop.agent_done(&["key", "new", "--out", "kit2", "--name", "Sari"]);
    let names: Vec<String> = files_under(&shop.path("kit2"))
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(
        names,
        [
            ".env",
            "FINGERPRINTS.txt",
            "KIT.md",
            "agent.toml",
            "owner.asc",
            "owner.secret.asc"
        ]
    );
    for path in files_under(&shop.path("kit2")) {
        let public = path.ends_with("owner.asc");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            if public { 0o644 } else { 0o600 },
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_kit_names_every_key_that_opens_and_a_key_that_is_named_twice_is_one() {
    let shop = Shop::new();
    shop.agent_done(&["key", "new", "--out", "spare", "--name", "Cold spare"]);
    let fingerprints = |kit: &str| fs::read_to_string(shop.path(kit).join("FINGERPRINTS.txt")).unwrap();
    let owner = fingerprints("kit").split_whitespace().nth(2).unwrap().to_owned();
    assert!(
        fingerprints("spare").contains(&format!("recipient  {owner}  encryption key ")),
        "{}",
        fingerprints("spare")
    );
    let one = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let with = |more: &str| {
        let named = format!("recipients = [\"kit/owner.asc\", \"{more}\"]");
        fs::write(
            shop.path("agent.toml"),
            one.replace("recipients = [\"kit/owner.asc\"]", &named),
        )
        .unwrap();
        shop.agent_done(&["check"])
    };
    fs::copy(shop.path("kit/owner.asc"), shop.path("again.asc")).unwrap();
    for twice in ["kit/owner.asc", "again.asc"] {
        let said = with(twice);
        assert!(said.contains("hint   one recipient"), "{twice}: {said}");
    }
    let said = with("spare/owner.asc");
    assert!(!said.contains("one recipient"), "{said}");
    shop.agent_done(&["key", "new", "--out", "third"]);
    let spare = fingerprints("spare")
        .split_whitespace()
        .nth(2)
        .unwrap()
        .to_owned();
    for known in [owner, spare] {
        assert_eq!(fingerprints("third").matches(&known).count(), 1);
    }
}

#[test]
fn a_passphrase_that_can_be_guessed_makes_no_key() {
    let shop = Shop::without_key();
    let new = |passphrase: &str| shop.agent_with_passphrase(&["key", "new", "--out", "kit"], passphrase);
    for (passphrase, told) in [
        ("", "is empty"),
        ("a", "has 1 characters"),
        ("eleven char", "at least 12"),
    ] {
        let output = new(passphrase);
        let said = crate::shop::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(told), "{said}");
        assert!(!shop.path("kit").exists());
    }
    assert!(new("twelve chars").status.success());
}

/// Makes a key with gpg as its manual says, and puts certificate and secret key into the shop's folder.
fn make_key_with_gpg(shop: &Shop, algorithm: &str, passphrase: &str) {
    const USER: &str = "Owner <owner@example.org>";
    let gpg = |arguments: &[&str]| shop.gpg_done(&[&["--passphrase", passphrase], arguments].concat());
    gpg(&["--quick-gen-key", USER, algorithm, "default", "never"]);
    let listed = String::from_utf8(gpg(&["-K", "--with-colons"])).unwrap();
    if !listed.contains("\nssb:") {
        // Of a plain algorithm gpg makes a signing key alone: the encryption key is added.
        let print = listed
            .lines()
            .find_map(|line| line.strip_prefix("fpr:::::::::"))
            .unwrap();
        gpg(&[
            "--quick-add-key",
            print.trim_end_matches(':'),
            algorithm,
            "encr",
            "never",
        ]);
    }
    fs::write(shop.path("owner.asc"), gpg(&["--armor", "--export", USER])).unwrap();
    fs::write(
        shop.path("secret.asc"),
        gpg(&["--armor", "--export-secret-keys", USER]),
    )
    .unwrap();
}

#[test]
fn keys_that_gpg_made_open_backups_protected_or_not() {
    for (algorithm, passphrase) in [
        ("rsa2048", PASSPHRASE),
        ("future-default", PASSPHRASE),
        ("future-default", ""),
    ] {
        let shop = Shop::without_key();
        make_key_with_gpg(&shop, algorithm, passphrase);
        shop.use_certificate("owner.asc");
        let point = shop.back_up();
        shop.agent_done(&["restore", "--key", "secret.asc", "--yes", "--to", "back"]);
        assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok", "{algorithm}");
        assert!(
            shop.open_by_hand("local", text(&point["objects"][0]))
                .starts_with(b"SQLite format 3")
        );
    }
}

#[test]
fn a_certificate_that_asks_for_newer_encryption_still_gets_what_gpg_reads() {
    let shop = Shop::without_key();
    let newest = Features::empty().set_seipdv1().set_seipdv2();
    let (cert, _) = CertBuilder::general_purpose(["Newer <newer@example.org>"])
        .set_profile(Profile::RFC4880)
        .and_then(|builder| builder.set_features(newest))
        .unwrap()
        .generate()
        .unwrap();
    fs::write(shop.path("owner.asc"), cert.armored().to_vec().unwrap()).unwrap();
    fs::write(shop.path("secret.asc"), cert.as_tsk().armored().to_vec().unwrap()).unwrap();
    shop.use_certificate("owner.asc");
    let point = shop.back_up();
    shop.gpg_done(&["--import", "secret.asc"]);
    assert!(
        shop.open_by_hand("local", text(&point["objects"][0]))
            .starts_with(b"SQLite format 3")
    );
}
