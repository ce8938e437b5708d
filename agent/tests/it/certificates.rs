//! The agent's certificate on a remote, by which a machine that has nothing but the owner's key knows who signed: damage is
//! noticed and mended, and a restore says what helps where it is gone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use agent::backup::signer::SigningKey;

use crate::{
    fault_proxy::{Fault, Proxy},
    remotes::shop_with,
    servers,
    shop::{Shop, files_under, integrity_of, restoring},
};

const ALL: [&str; 2] = ["verify", "--all"];

fn certificate(shop: &Shop, remote: &str) -> PathBuf {
    files_under(&shop.path(remote).join("cert")).remove(0)
}

fn flip(path: &Path, at: impl Fn(usize) -> usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = at(bytes.len());
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// What the tester's hand did to it, each by its name.
fn damage(how: &str, path: &Path) {
    let whole = fs::read(path).unwrap();
    match how {
        "deleted" => fs::remove_file(path).unwrap(),
        "truncated" => fs::write(path, &whole[..whole.len() / 2]).unwrap(),
        "emptied" => fs::write(path, "").unwrap(),
        "doubled" => fs::write(path, [&whole[..], &whole[..]].concat()).unwrap(),
        "another's" => {
            let another = SigningKey::make().unwrap().certificate().unwrap();
            fs::write(path, another).unwrap();
        }
        "a bit flipped at its end" => flip(path, |len| len - 80),
        "a bit flipped in its middle" => flip(path, |len| len / 2),
        // The key itself comes first, behind the empty line.
        _ => flip(path, |_| {
            whole.windows(2).position(|two| two == b"\n\n").unwrap() + 30
        }),
    }
}

const DAMAGES: [&str; 8] = [
    "deleted",
    "truncated",
    "emptied",
    "doubled",
    "another's",
    "a bit flipped at its end",
    "a bit flipped in its middle",
    "a bit flipped in its key",
];

#[test]
fn a_damaged_certificate_is_named_by_every_comparison_and_mended_by_the_next_backup() {
    let shop = Shop::new();
    shop.back_up();
    let said = shop.agent_done(&ALL);
    let path = certificate(&shop, "local");
    let whole = fs::read(&path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    for how in DAMAGES {
        damage(how, &path);
        for ask in [&ALL[..], &ALL[..1]] {
            let wrong = shop.agent_refuses(1, ask);
            assert!(
                wrong.contains(&format!("local: cert/{name}")) && !wrong.contains("offsite"),
                "{how}: {wrong}"
            );
        }
        shop.agent_done(&["backup", "--delta"]);
        assert!(fs::read(&path).unwrap() == whole, "{how}");
        shop.agent_done(&ALL);
    }
    assert!(said.contains("everything is there"), "{said}");
}

#[test]
fn what_helps_a_machine_that_can_have_no_certificate_is_said_and_helps() {
    let shop = Shop::new();
    shop.back_up();
    let own = shop.agent_done(&["key", "agent"]);
    let fingerprint = SigningKey::load(&shop.path("state")).unwrap().unwrap();
    let fingerprint = fingerprint.fingerprint().as_str();
    fs::remove_dir_all(shop.path("state")).unwrap();
    let path = certificate(&shop, "local");
    let whole = fs::read(&path).unwrap();
    // It is signed twice over: one signature that does not fit leaves it as good as it was.
    let is_harmless = |how: &&str| how.ends_with("end") || how.ends_with("middle");
    let spoilt = DAMAGES.into_iter().filter(|how| !is_harmless(how));
    for (at, how) in spoilt.enumerate() {
        damage(how, &path);
        for more in [
            &["--remote", "local"][..],
            &["--remote", "local", "--trust", fingerprint],
        ] {
            let said = shop.agent_refuses(1, &restoring("back", more));
            assert!(
                said.contains("agent.asc") && !said.contains(&format!("add --trust {fingerprint}")),
                "{how}: {said}"
            );
        }
        let to = format!("back-{at}");
        shop.restore_to(&to, &["--trust", fingerprint]);
        assert_eq!(integrity_of(&shop.path(&to).join("shop.db")), "ok", "{how}");
        fs::write(&path, &whole).unwrap();
    }
    fs::remove_file(&path).unwrap();
    fs::write(shop.path("kit/agent.asc"), own).unwrap();
    shop.restore_to("back", &["--remote", "local"]);
    assert_eq!(integrity_of(&shop.path("back/shop.db")), "ok");
}

#[test]
fn a_remote_that_lets_nobody_overwrite_still_gets_its_backups_and_says_what_to_do() {
    let place = tempfile::tempdir().unwrap();
    let bucket = servers::webdav(place.path());
    let guard = Proxy::before(bucket.address, |method, path| {
        (method == "PUT" && path.contains("cert/")).then_some(Fault::Status(403))
    });
    let open = shop_with(&[servers::webdav_section("bucket", bucket.address)]);
    open.back_up();
    let certificates: Vec<PathBuf> = files_under(place.path())
        .into_iter()
        .filter(|path| path.to_string_lossy().ends_with(".asc"))
        .collect();
    let whole = fs::read(&certificates[0]).unwrap();
    damage("another's", &certificates[0]);
    let settings = fs::read_to_string(open.path("agent.toml")).unwrap();
    let guarded = settings.replace(&bucket.address.to_string(), &guard.address.to_string());
    fs::write(open.path("agent.toml"), guarded).unwrap();
    open.back_up();
    let said = open.agent_refuses(1, &ALL);
    assert!(said.contains("delete it there first"), "{said}");
    fs::write(open.path("agent.toml"), settings).unwrap();
    open.back_up();
    assert!(fs::read(&certificates[0]).unwrap() == whole);
    open.agent_done(&ALL);
}
