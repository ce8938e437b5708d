//! What commands print when nobody reads on, and when it cannot be written: the first is no failure, the second is.

use std::{fs::OpenOptions, process::Stdio};

use crate::shop::{Shop, stderr};

#[test]
fn a_reader_that_goes_away_is_no_failure_of_any_command() {
    let shop = Shop::new();
    shop.back_up();
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["list"],
        &["list", "--json"],
        &["check"],
        &["backup"],
        &["verify"],
        &["prune", "--dry-run"],
        &["key", "agent"],
    ] {
        // Both ends of a pipe whose reader has gone.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = shop.command(arguments).stdout(writer).output().unwrap();
        let usual = shop.agent(arguments);
        assert_eq!(output.status.code(), usual.status.code(), "{arguments:?}");
        assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let both = writer.try_clone().unwrap();
        let status = shop
            .command(arguments)
            .stdout(both)
            .stderr(writer)
            .status()
            .unwrap();
        assert_eq!(status.code(), usual.status.code(), "{arguments:?}");
    }
}

#[test]
fn what_cannot_be_written_is_a_failure() {
    let shop = Shop::new();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = shop
        .command(&["status", "--json"])
        .stdout(Stdio::from(full))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("No space left"), "{}", stderr(&output));
}
