//! `GET /metrics` of a shop that runs, read by Prometheus' own library for Python: every line means something, every
//! series comes once, and the figures are the shop's. Without that library, which scripts/setup --tests installs, it
//! cannot be checked and fails.

use std::{
    collections::BTreeMap,
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tests::{http, process::run_well, purchase::order, shop::Shop};

use crate::shelves::{NAME, stocked};

const LIMIT: Duration = Duration::from_secs(120);
/// Says of each series its family's type, its name with labels, and its figure.
const READ: &str = "
import json, sys
from prometheus_client.parser import text_string_to_metric_families as families
for family in families(sys.stdin.read()):
    assert family.documentation and family.type != 'unknown', family
    for sample in family.samples:
        labels = ''.join(f' {name}={value}' for name, value in sorted(sample.labels.items()))
        print(json.dumps([family.type, sample.name + labels, sample.value]))
";

/// Each series with its type and its figure.
fn read(text: &str) -> BTreeMap<String, (String, f64)> {
    let mut python = Command::new("python3")
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 is there: scripts/setup --tests installs it");
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{why}\nprometheus_client comes with scripts/setup --tests, which scripts/test has first in its path\n{text}"
    );
    let mut series = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let sample: Value = serde_json::from_str(line).unwrap();
        let [kind, name] = [0, 1].map(|at| sample[at].as_str().unwrap().to_owned());
        let before = series.insert(name.clone(), (kind, sample[2].as_f64().unwrap()));
        assert!(before.is_none(), "{name} comes twice:\n{text}");
    }
    series
}

#[test]
fn prometheus_own_library_reads_every_line_and_finds_the_shops_figures() {
    let mut shop = Shop::open(&stocked(3));
    let budi = shop.sandbox.customer(3001).unwrap();
    let code = order(&budi, NAME).unwrap();
    shop.start_agent().unwrap();
    shop.sandbox.pay_order(&code).unwrap();
    budi.wait_for("akun001");
    shop.wait_for_watch();
    run_well(&mut shop.agent_command(&["backup"]), LIMIT).unwrap();

    let url = format!("http://{}/metrics", shop.settings.agent_private);
    let answer = http::try_get(&url).expect("the agent answers");
    assert_eq!(answer.status, 200);
    let series = read(&answer.body);
    let is = |name: &str| series.get(name).map(|(kind, value)| (kind.as_str(), *value));
    assert_eq!(is("warung_bot_up"), Some(("gauge", 1.0)), "{}", answer.body);
    let open = series
        .keys()
        .filter(|name| name.starts_with("warung_alert "))
        .count();
    assert_eq!(
        is("warung_alerts_open").unwrap().1,
        open as f64,
        "{}",
        answer.body
    );
    assert_eq!(is("warung_strangers_total"), Some(("counter", 0.0)));
    assert!(is("warung_restore_points").unwrap().1 >= 1.0, "{}", answer.body);
    for remote in ["local", "offsite"] {
        let (_, age_s) = is(&format!("warung_backup_age_seconds remote={remote}")).unwrap();
        assert!((0.0..600.0).contains(&age_s), "{age_s}");
    }
    let measured = series.keys().filter(|name| name.starts_with("warung_measured "));
    assert!(measured.count() > 5, "{}", answer.body);

    shop.kill_bot();
    tests::wait::until("the bot to count as gone", LIMIT, || {
        let series = read(&http::try_get(&url)?.body);
        (series["warung_bot_up"].1 == 0.0 && series.contains_key("warung_alert key=bot/bot")).then_some(())
    });
}
