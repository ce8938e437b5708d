//! `bot migrate`: brings the database's structure forward. `bot run` does the same at its start.

use clap::Args;

use super::{ConfigArg, Failure};
use crate::db;

#[derive(Args)]
#[command(after_help = "Example:\n  bot migrate --config /etc/warung/bot.toml")]
pub(super) struct Migrate {
    #[command(flatten)]
    config: ConfigArg,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Migrate {
    pub(super) fn go(&self) -> Result<(), Failure> {
        let database = self.config.load()?.database;
        if self.dry_run && !database.exists() {
            println!("{} does not exist yet; it would be made", database.display());
            return Ok(());
        }
        if self.dry_run {
            db::require_the_running_shops(&database).map_err(anyhow::Error::from)?;
            let conn = db::open_reader(&database).map_err(anyhow::Error::from)?;
            say("would be applied", &db::migration_status(&conn)?);
            return Ok(());
        }
        let instance = db::lock_instance(&database).map_err(anyhow::Error::from)?;
        let mut conn = db::open_writer(&database).map_err(anyhow::Error::from)?;
        say("applied", &db::migrate(&mut conn)?);
        // The next bot still has to know how the last one ended.
        if instance.was_left {
            let noted = db::Place::of(&database).and_then(|place| instance.note(&place));
            noted.map_err(anyhow::Error::from)?;
        }
        Ok(())
    }
}

fn say(what: &str, names: &[&str]) {
    if names.is_empty() {
        println!("nothing to do: the database has version {}", db::schema_version());
    }
    for name in names {
        println!("{what}: {name}");
    }
}
