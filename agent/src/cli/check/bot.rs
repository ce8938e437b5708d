//! What `agent check` says of the shop's own program and its configuration, as `[bot]` names them: whether each is there.
//! It runs neither: whether they are well is the bot's to tell.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::Path,
};

use rustix::fs::{Access, access};

use super::{Finding, finding};
use crate::config::Config;

/// One finding for each that is named.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let named = |what: &str, path: &Path, said: fn(&Path) -> Result<String, String>| {
        finding(&format!("[bot] {what} {}", path.display()), said(path))
    };
    let bot = &config.bot;
    let binary = bot.binary.as_ref().map(|path| named("binary", path, program));
    let settings = bot
        .config
        .as_ref()
        .map(|path| named("config", path, configuration));
    binary.into_iter().chain(settings).collect()
}

fn program(path: &Path) -> Result<String, String> {
    const CORRECT: &str = "a rehearsed restore could not be counted, nor the bot be started on it, so that no rehearsal \
                           would come about. Correct [bot] binary, such as /usr/bin/bot";
    let found = fs::metadata(path).map_err(|error| format!("cannot be found ({error}): {CORRECT}"))?;
    if !found.is_file() {
        return Err(format!("is no file: {CORRECT}"));
    }
    access(path, Access::EXEC_OK).map_err(|error| format!("cannot be run ({error}): {CORRECT}"))?;
    Ok("is there, and counts what a rehearsal brings back".to_owned())
}

/// One that the agent may not read is as the owner wants it; one that is not there is a mistake.
fn configuration(path: &Path) -> Result<String, String> {
    const CORRECT: &str = "where the bot logs and where Telegram delivers is not known from it. Correct [bot] config, such \
                           as /etc/warung/bot.toml";
    match File::open(path).and_then(|file| file.metadata()) {
        Ok(found) if found.is_file() => Ok("is there, and can be read".to_owned()),
        Ok(_) => Err(format!("is no file: {CORRECT}")),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Ok("is not for this user to read, and the agent goes by what the bot itself says".to_owned())
        }
        Err(error) => Err(format!("cannot be found ({error}): {CORRECT}")),
    }
}
