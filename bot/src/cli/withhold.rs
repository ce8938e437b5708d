//! `bot withhold`: after a restore on a new machine, keeps out of sale what a later database of the shop shows as gone.
//! The bot may run meanwhile. The later database is only read, and not believed: a damaged or strange one changes nothing.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use rusqlite::TransactionBehavior;

use super::{ConfigArg, Failure};
use crate::{clock::now, db, restored, shop::stock};

#[derive(Args)]
#[command(
    after_help = "Example:\n  agent restore --config /etc/warung/agent.toml --key DIR/owner.secret.asc --latest --to /root/later\n  \
                  bot withhold --config /etc/warung/bot.toml --database /root/later/shop.db"
)]
pub(super) struct Withhold {
    #[command(flatten)]
    config: ConfigArg,
    /// A later database of this shop; it is only read
    #[arg(long, value_name = "FILE")]
    database: PathBuf,
}

impl Withhold {
    pub(super) fn go(&self) -> Result<(), Failure> {
        let config = self.config.load()?;
        if !config.database.exists() {
            let name = config.database.display();
            return Err(Failure::Failed(anyhow!(
                "{name} does not exist: restore the shop first"
            )));
        }
        let mut conn = super::open(&config.database)?;
        db::migrate(&mut conn)?;
        let tx = conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .context("opening a transaction")?;
        let count = restored::withhold_by(&tx, &config.shop, &self.database, now())?;
        let products = stock::store::withheld(&tx)?;
        tx.commit().context("committing what is kept out of sale")?;
        println!(
            "{count} unsold item(s) went out by {}; they stay out of sale",
            self.database.display()
        );
        for (name, count) in products {
            println!("{name}: {count} item(s) out of sale in all");
        }
        Ok(())
    }
}
