//! `bot check`: is the configuration good, and does the database add up? It changes nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use rusqlite::Connection;

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
        let findings = inspect(&database)?;
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

fn inspect(database: &Path) -> Result<Findings> {
    let conn: Connection =
        db::open_reader(database).with_context(|| format!("opening {}", database.display()))?;
    let missing = db::migration_status(&conn)?;
    anyhow::ensure!(
        missing.len() < db::schema_version(),
        "{} is not a shop's database",
        database.display()
    );
    anyhow::ensure!(
        missing.is_empty(),
        "the database lacks {}; run bot migrate",
        missing.join(", ")
    );
    audit::store::inspect(&conn)
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
    println!("money, in rupiah:");
    for (account, sum) in &findings.ledger {
        println!("  {account}: {}", sum.0);
    }
    let verdict = if findings.faults.is_empty() {
        "everything adds up"
    } else {
        "it does not add up"
    };
    println!("{verdict}");
}
