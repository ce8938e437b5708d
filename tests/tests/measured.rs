//! `scripts/bench backup` runs to its end with a small shop, and its JSON names every figure. How good they are is asked
//! nowhere here: that depends on the machine.

use std::{path::Path, process::Command, time::Duration};

use serde_json::Value;
use tests::{binaries::binary, process::run};

/// Most of it is waiting: for peers to come to rest, and for a writer with a steady pace.
const LIMIT: Duration = Duration::from_secs(300);
/// Whoever is not installed is null; so is what was not asked for.
const PEERS: [&str; 3] = ["litestream", "restic", "borg"];
/// The difference of two times, which a busy machine can hide.
const MAY_BE_HIDDEN: &str = "replay_commits_per_s";

fn measured() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut bench = Command::new("timeout");
    // Ended so, the script ends what it has started.
    bench
        .args([
            "280",
            "scripts/bench",
            "backup",
            "--json",
            "--quick",
            "--size",
            "8MiB",
        ])
        .args(["--only", "full,bytes,writer,idle,replay"])
        .env("WARUNG_AGENT", binary("agent"))
        .env("WARUNG_BENCH_LOAD", env!("CARGO_BIN_EXE_bench_load"))
        .current_dir(root);
    let output = run(&mut bench, LIMIT).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("WRONG"), "what came back is not the shop: {said}");
    assert!(
        !said.contains("warung_") && !said.contains("pipe_"),
        "one failed: {said}"
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_figures(all: &Value, key: &str, names: &[&str]) {
    let of = all[key]
        .as_object()
        .unwrap_or_else(|| panic!("{key} is missing: {all}"));
    assert_eq!(of.len(), names.len(), "{key}: {all}");
    for name in names {
        let figure = &of[*name];
        let may_be_null = PEERS.iter().any(|peer| name.starts_with(peer));
        let is_figure = figure.as_f64().is_some_and(|figure| figure >= 0.0);
        assert!(
            is_figure || (may_be_null && figure.is_null()),
            "{key}.{name}: {all}"
        );
    }
}

#[test]
fn the_measurement_of_backups_ends_and_names_every_figure() {
    let all = measured();
    let contenders = ["warung", "pipe", "litestream", "restic", "borg"];
    for key in [
        "first_backup_s",
        "first_backup_cpu_s",
        "restore_s",
        "restore_cpu_s",
        "peak_mib",
    ] {
        assert_figures(&all, key, &contenders);
    }
    for key in ["writer_p99_ms", "writer_p999_ms"] {
        assert_figures(&all, key, &["none", "warung", "litestream"]);
    }
    assert_figures(
        &all,
        "bytes_per_commit",
        &["warung", "litestream", "litestream_l0_l1"],
    );
    assert_figures(&all, "writer_busy", &["warung"]);
    assert!(all["idle_cpu_percent"].is_number(), "{all}");
    assert!(
        all["litestream_log_s"].is_number() || all["litestream_log_s"].is_null(),
        "{all}"
    );
    let replay = &all[MAY_BE_HIDDEN];
    assert!(
        replay.is_null() || replay.as_f64().is_some_and(|rate| rate > 0.0),
        "{all}"
    );
    // It needs the tests' own build of the agent, and has a test of its own.
    assert!(all["loss_bound_s"]["median"].is_null() && all["loss_bound_s"]["worst"].is_null());
    assert_eq!(
        all.as_object().unwrap().len(),
        13,
        "a figure that is not named here: {all}"
    );
}
