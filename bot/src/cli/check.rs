//! `bot check`: is the configuration good, and does the database add up? It changes nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;

use super::{ConfigArg, Failure};
use crate::{
    db,
    shop::{audit, audit::Findings},
};

#[derive(Args)]
#[command(
    after_help = "Example:\n  bot check --config /etc/warung/bot.toml\n  bot check --database restored/shop.db --json"
)]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigArg,
    /// Check this database alone, without any configuration
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Print counts and sums as JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn go(&self) -> Result<(), Failure> {
        let database = match &self.database {
            Some(database) => database.clone(),
            None => {
                let database = self.config.load()?.database;
                if !database.exists() {
                    println!("the configuration is good; the database will be made at the first start");
                    return Ok(());
                }
                database
            }
        };
        let findings = inspect(&database, self.database.is_some())?;
        if self.json {
            println!("{}", serde_json::to_string(&findings).context("writing JSON")?);
        } else {
            say(&findings);
        }
        if findings.faults.is_empty() {
            Ok(())
        } else {
            Err(Failure::Failed(anyhow!(findings.faults.join("; "))))
        }
    }
}

/// `is_alone`: the file is not the shop of a configuration, and may be a restore point from before an upgrade.
fn inspect(database: &Path, is_alone: bool) -> Result<Findings> {
    let still = db::Still::open(database)?;
    let missing = db::migration_status(still.conn())
        .with_context(|| format!("reading the structure of {}", database.display()))?;
    anyhow::ensure!(
        missing.len() < db::schema_version(),
        "{} is not a shop's database",
        database.display()
    );
    if missing.is_empty() {
        return audit::store::inspect(still.conn());
    }
    anyhow::ensure!(
        is_alone,
        "the database lacks {}; run bot migrate",
        missing.join(", ")
    );
    drop(still);
    let (copy, applied) = db::Still::brought_forward(database)
        .with_context(|| format!("bringing a copy of {} forward", database.display()))?;
    let mut findings = audit::store::inspect(copy.conn())?;
    findings.brought_forward = applied.into_iter().map(str::to_owned).collect();
    Ok(findings)
}

fn say(findings: &Findings) {
    println!("orders:");
    for (state, count) in &findings.orders {
        println!("  {state}: {count}");
    }
    println!("stock:");
    for (state, count) in &findings.stock {
        println!("  {state}: {count}");
    }
    println!("jobs:");
    for (state, count) in &findings.jobs {
        println!("  {state}: {count}");
    }
    println!("messages:");
    for (state, count) in &findings.outbox {
        println!("  {state}: {count}");
    }
    println!("money, in rupiah:");
    for (account, sum) in &findings.ledger {
        println!("  {account}: {}", sum.0);
    }
    if !findings.brought_forward.is_empty() {
        println!(
            "an older shop; looked at in a copy with {}",
            findings.brought_forward.join(", ")
        );
    }
    let verdict = if findings.faults.is_empty() {
        "everything adds up"
    } else {
        "it does not add up"
    };
    println!("{verdict}");
}
