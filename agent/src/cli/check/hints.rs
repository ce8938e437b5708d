//! What works, and could be better: `agent check` says it and calls nothing wrong for it.
//! It changes nothing.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::{cli::started_with, config::Config, store::Store, watch::unit};

/// Whoever is neither the owner of a file nor of its group.
const OTHERS_READ: u32 = 0o004;
const OTHERS_ENTER: u32 = 0o001;

/// What works, and could be better.
pub(super) fn of(config: &Config, recipients: usize) -> Vec<String> {
    let unit = &config.bot.unit;
    let mut hints = Vec::new();
    if unit::is_missing(unit) {
        hints.push(format!(
            "systemd knows no unit {unit}: its restarts and memory are not watched, and /restart cannot work. Mend [bot] \
             unit, or install the units with scripts/install."
        ));
    }
    if recipients < 2 {
        hints.push(
            "one recipient: if that key is lost, so is every backup. Two are recommended, the owner's and a cold spare \
             that lies elsewhere."
                .to_owned(),
        );
    }
    hints.extend(without_rules(config));
    hints.extend(started_with_another(config));
    hints.extend(secrets(config).iter().filter_map(|path| read_by_others(path)));
    hints.extend(
        config
            .watch
            .logs
            .files
            .iter()
            .filter(|file| !file.exists())
            .map(|file| {
                format!(
                    "{} is not there: nothing is watched in [watch.logs] files until somebody writes it",
                    file.display()
                )
            }),
    );
    hints
}

/// Where another machine deletes by rules that this one was not told, what is gone there may be anybody's work.
fn without_rules(config: &Config) -> Option<String> {
    let remotes = config.remotes.iter().filter(|remote| remote.append_only);
    let names: Vec<&str> = remotes.map(|remote| remote.name.as_str()).collect();
    (config.retention.is_none() && !names.is_empty()).then(|| {
        format!(
            "append_only without [retention] ({}): where another machine deletes there, give this one the same [retention]; \
             it deletes nothing by it, and knows then which of what is gone may be",
            names.join(", ")
        )
    })
}

/// What was found here is so for the agent once it is started anew.
fn started_with_another(config: &Config) -> Option<String> {
    let store = Store::open_to_look(&config.state_dir).ok()??;
    let is_this = started_with::is_this(config, &store).ok()??;
    (!is_this).then(|| format!("{}.", started_with::ANOTHER))
}

/// The files that hold secrets: those that the settings name, and what lies in such a folder.
fn secrets(config: &Config) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for place in &config.watch.credentials {
        match fs::read_dir(place) {
            Ok(entries) if !is_closed(place) => {
                found.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
            }
            // Nobody else comes to what lies in a folder that is closed.
            Ok(_) => {}
            Err(_) => found.push(place.clone()),
        }
    }
    found
}

fn is_closed(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|found| found.mode() & OTHERS_ENTER == 0)
}

/// The usual places may well be absent; others were meant.
fn read_by_others(path: &Path) -> Option<String> {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(found) if found.is_file() && found.mode() & OTHERS_READ != 0 => Some(format!(
            "every user of this machine can read the secrets in {shown}: chmod o-rwx {shown}"
        )),
        Ok(_) => None,
        Err(_) if path.ends_with("credentials") || path.ends_with(".env") => None,
        Err(error) => Some(format!(
            "{shown} cannot be looked at ({error}): the age of the secrets there is not watched. Correct [watch] credentials"
        )),
    }
}
