//! A shop for a benchmark to watch: sandbox and bot run, the owner's key is made, and the agent is left to the caller.
//! It prints where agent.toml and the bot's process number are, and ends when its input does. It measures nothing.

use std::{
    io::{self, Read, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, Result};
use tests::{demo::CATALOGUE, shop::Shop};

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("bench_shop: give a folder for the shop; scripts/bench watch does");
        return ExitCode::from(2);
    };
    match hold_open(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench_shop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn hold_open(folder: &Path) -> Result<()> {
    let mut shop = Shop::at(folder)?;
    shop.import(CATALOGUE)?;
    shop.make_owner_key()?;
    shop.start_bot()?;
    println!("agent_toml {}", shop.place.agent_toml().display());
    println!("bot_url http://{}", shop.settings.bot_private);
    println!("database {}", shop.place.database().display());
    println!("log {}", shop.place.bot_logs().join("bot.log").display());
    io::stdout().flush().context("saying where the shop is")?;
    let mut rest = Vec::new();
    io::stdin()
        .read_to_end(&mut rest)
        .context("waiting for the end of the input")?;
    Ok(())
}
