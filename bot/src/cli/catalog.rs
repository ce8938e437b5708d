//! `bot catalog import`: products and stock from a file, all or nothing. The bot may run meanwhile.

use std::{fs, path::PathBuf};

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use rusqlite::TransactionBehavior;

use super::{ConfigArg, Failure};
use crate::{
    clock::now,
    db,
    shop::{
        catalog::{self, file::Entry},
        stock::{self, Added},
    },
};

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

#[derive(Subcommand)]
pub(super) enum Catalog {
    /// Add or change products and take stock in; the same file twice changes nothing
    Import(Import),
}

#[derive(Args)]
#[command(after_help = "Example:\n  bot catalog import --config /etc/warung/bot.toml catalogue.toml")]
pub(super) struct Import {
    #[command(flatten)]
    config: ConfigArg,
    /// The catalogue file (TOML)
    file: PathBuf,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(super) fn go(&self) -> Result<(), Failure> {
        let database = self.config.load()?.database;
        let entries = self.read()?;
        let mut conn = super::open(&database)?;
        db::migrate(&mut conn)?;
        let tx = conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .context("opening a transaction")?;
        let mut done = Vec::new();
        for entry in &entries {
            let product = catalog::store::put(&tx, &entry.draft, now())?;
            let added = stock::store::add(&tx, product, entry.stock.iter().map(String::as_str), now())?;
            done.push((entry, added));
        }
        tx.commit().context("committing the catalogue")?;
        self.report(&done);
        Ok(())
    }

    fn read(&self) -> Result<Vec<Entry>, Failure> {
        let name = self.file.display();
        let size = fs::metadata(&self.file)
            .with_context(|| format!("reading {name}"))?
            .len();
        if size > FILE_BYTES_MAX {
            return Err(Failure::Failed(anyhow!(
                "{name} is larger than 16 MiB; import it in several files"
            )));
        }
        let text = fs::read_to_string(&self.file).with_context(|| format!("reading {name}"))?;
        catalog::file::read(&text).map_err(|faults| {
            let list: Vec<String> = faults
                .sentences()
                .iter()
                .map(|fault| format!("\n  - {fault}"))
                .collect();
            Failure::Failed(anyhow!(
                "{name} cannot be imported; nothing was changed:{}",
                list.concat()
            ))
        })
    }

    fn report(&self, done: &[(&Entry, Added)]) {
        if self.json {
            let products: Vec<_> = done
                .iter()
                .map(|(entry, added)| {
                    serde_json::json!({
                        "sku": entry.draft.sku, "stock_added": added.added, "stock_refused_lines": added.known,
                    })
                })
                .collect();
            println!("{}", serde_json::json!({ "products": products }));
            return;
        }
        for (entry, added) in done {
            println!("{}: {} stock line(s) added", entry.draft.sku, added.added);
            for line in &added.known {
                println!(
                    "{}: stock line {line} refused, the shop has or had it already",
                    entry.draft.sku
                );
            }
        }
    }
}
