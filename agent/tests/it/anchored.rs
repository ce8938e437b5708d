//! The line of a daily summary against a remote that was put back: what the owner hears stays until a summary fits.

use std::{fs, process::Command, time::Duration};

use agent::{backup::anchor::Anchor, store::Store};

use crate::{rehearsals::raised, shop::Shop};

/// The line of the newest summary.
fn line(shop: &Shop) -> String {
    let store = Store::open(&shop.path("state")).unwrap();
    Anchor::newest(&store).unwrap().unwrap().line()
}

fn copy(shop: &Shop, from: &str, to: &str) {
    let copied = Command::new("cp")
        .arg("-a")
        .args([shop.path(from), shop.path(to)])
        .status();
    assert!(copied.unwrap().success());
}

fn keys(shop: &Shop) -> Vec<String> {
    raised(shop).into_iter().map(|(key, _)| key).collect()
}

#[test]
fn what_a_summary_named_and_is_gone_stays_an_alert_until_that_summary_or_a_later_one_fits() {
    let shop = Shop::new();
    shop.back_up();
    let older = line(&shop);
    copy(&shop, "local", "before");
    // Names of points are whole seconds.
    std::thread::sleep(Duration::from_millis(1_100));
    shop.back_up();
    let gone = line(&shop);
    // The remote is put back, and this server's memory of it is lost.
    copy(&shop, "local", "after");
    fs::remove_dir_all(shop.path("local")).unwrap();
    copy(&shop, "before", "local");
    fs::remove_dir_all(shop.path("state")).unwrap();
    // It knows none of the points.
    shop.agent_refuses(1, &["verify"]);
    assert_eq!(keys(&shop), [""; 0], "nobody else can know");

    let said = shop.agent_refuses(1, &["verify", "--anchor", &gone]);
    assert!(
        said.contains("local: it was put back to an older state"),
        "{said}"
    );
    assert_eq!(keys(&shop), ["remote_anchor/local"]);
    // It knows none of the points.
    shop.agent_refuses(1, &["verify"]);
    assert_eq!(
        keys(&shop),
        ["remote_anchor/local"],
        "a look without the line knows nothing of it"
    );
    shop.agent_done(&["verify", "--anchor", &older]);
    assert_eq!(
        keys(&shop),
        ["remote_anchor/local"],
        "an older line proves nothing"
    );
    let status = shop.agent(&["status"]);
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.contains("put back to an older state"), "{status}");

    // Two ways out: the objects are back, or a later summary fits.
    fs::remove_dir_all(shop.path("local")).unwrap();
    copy(&shop, "after", "local");
    shop.agent_done(&["verify", "--anchor", &gone]);
    assert_eq!(keys(&shop), [""; 0]);
    fs::remove_dir_all(shop.path("local")).unwrap();
    copy(&shop, "before", "local");
    shop.agent_refuses(1, &["verify", "--anchor", &gone]);
    assert_eq!(keys(&shop), ["remote_anchor/local"]);
    std::thread::sleep(Duration::from_millis(1_100));
    shop.back_up();
    shop.agent_done(&["verify", "--anchor", &line(&shop)]);
    assert_eq!(keys(&shop), [""; 0]);

    // A line that was copied wrongly blames no remote.
    let wrong = line(&shop).replace(" · commit ", " · commit 9");
    for command in [&["verify"][..], &["list"], &["restore", "--latest", "--dry-run"]] {
        let said = shop.agent_refuses(2, &[command, &["--anchor", &wrong]].concat());
        assert!(said.contains("copy the line as it was sent"), "{said}");
    }
    assert_eq!(keys(&shop), [""; 0]);
}
