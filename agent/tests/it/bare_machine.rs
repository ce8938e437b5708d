//! A machine without the certificates of certificate authorities: what asks nobody over HTTPS works there, and what
//! does says what is missing.

use std::{fs, process::Output};

use crate::shop::{RESTORE, Shop, integrity_of, stderr};

/// The program where the system has no certificate at all.
fn bare(shop: &Shop, arguments: &[&str]) -> Output {
    let empty = shop.path("no-certificates");
    fs::create_dir_all(&empty).unwrap();
    let mut command = shop.command(arguments);
    command.env("SSL_CERT_DIR", &empty);
    command.env("SSL_CERT_FILE", empty.join("none.pem"));
    command.output().unwrap()
}

fn done(shop: &Shop, arguments: &[&str]) {
    let output = bare(shop, arguments);
    assert!(
        output.status.success(),
        "agent {arguments:?}: {}",
        stderr(&output)
    );
}

#[test]
fn keys_backups_and_restores_on_folders_need_no_certificates_and_other_remotes_say_that_they_do() {
    let shop = Shop::new();
    for arguments in [
        &["key", "new", "--out", "kit2"] as &[&str],
        &["backup"],
        &["key", "agent"],
        &["list"],
        &["verify"],
        &RESTORE,
    ] {
        done(&shop, arguments);
    }
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");

    let toml = fs::read_to_string(shop.path("agent.toml")).unwrap();
    let far = "[remotes.far]\ntype = \"s3\"\nbucket = \"b\"\nregion = \"x\"\nendpoint = \"https://127.0.0.1:9\"\n\
               access_key_id = \"a\"\n";
    fs::write(shop.path("agent.toml"), toml + far).unwrap();
    fs::write(
        shop.path(".env"),
        "OWNER_BOT_TOKEN=1:token\nREMOTE_FAR_SECRET_ACCESS_KEY=s\n",
    )
    .unwrap();
    let tried = bare(&shop, &["remote", "test", "far"]);
    let said = String::from_utf8_lossy(&tried.stdout).into_owned() + &stderr(&tried);
    assert_eq!(tried.status.code(), Some(1), "{said}");
    assert!(said.contains("apt install ca-certificates"), "{said}");
    done(&shop, &["list", "--remote", "local"]);
}
