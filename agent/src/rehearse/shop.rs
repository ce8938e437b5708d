//! Asks the shop's own program whether a database adds up: one that was rebuilt, and the live one beside it.
//! It knows neither orders nor money: it passes the program's answer on.

use std::{io, path::Path, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{process::Command, time::timeout};

use super::failed::Failed;
use crate::config::Config;

/// It reads a whole database.
const LIMIT: Duration = Duration::from_secs(1_800);
/// An answer is a few lines.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Its counts and sums; `null` when the configuration names no program.
pub(super) async fn count(config: &Config, database: &Path) -> Result<Value, Failed> {
    match &config.bot.binary {
        None => Ok(Value::Null),
        Some(binary) => ask(binary, database).await,
    }
}

async fn ask(binary: &Path, database: &Path) -> Result<Value, Failed> {
    let mut command = Command::new(binary);
    command.args(["check", "--json", "--database"]).arg(database);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = match timeout(LIMIT, command.output()).await {
        Err(_) => {
            return Err(format!("{} did not answer in {} s", binary.display(), LIMIT.as_secs()).into());
        }
        Ok(output) => output.map_err(|error| not_run(binary, &error))?,
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = match said.trim() {
            "" => format!("it ended with {} and said nothing", output.status),
            said => said.chars().take(300).collect(),
        };
        return Err(format!("the shop's own check refuses what came back: {said}").into());
    }
    let answer = output.stdout.get(..output.stdout.len().min(ANSWER_BYTES_MAX));
    serde_json::from_slice(answer.unwrap_or_default())
        .map_err(|_| "the shop's own check gave an answer that does not read".into())
}

/// It was never asked, and says nothing about what came back.
fn not_run(binary: &Path, error: &io::Error) -> Failed {
    Failed::Unasked(format!(
        "the rehearsed database could not be counted because {} cannot be run: {error}",
        binary.display()
    ))
}
