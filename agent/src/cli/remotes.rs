//! The remotes that a command is about: all, or the one named with `--remote`.
//! One that cannot be used stands in the way of no other.

use std::{io::IsTerminal, sync::Arc};

use super::{Failure, progress};
use crate::{
    backup::{
        Progress, preflight,
        remote::{self, Remote},
        survey::{self, Survey},
        unfilled::{self, Place, Unfilled},
    },
    config::{Config, RemoteConfig},
};

/// What could be opened and what could not.
pub struct Opened {
    /// Those that can be asked, in the configuration's order.
    pub usable: Vec<Remote>,
    /// The name of each other one, and why.
    pub unusable: Vec<(String, String)>,
    /// Those that are configured beside the one that was named.
    unasked: Vec<String>,
    places: Vec<Place>,
}

impl Opened {
    /// A sentence for each that cannot be used.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        faults(&self.unusable)
    }

    /// Those that hold nothing where another one holds restore points. Asks nobody where the agent of this machine has
    /// begun them itself.
    pub async fn in_doubt(&self) -> Vec<Unfilled> {
        if self.places.is_empty() {
            return Vec::new();
        }
        let mut survey = survey::ask(&self.usable, Vec::new()).await;
        survey.unfilled = unfilled::of(&self.places, &survey);
        survey.in_doubt().to_vec()
    }
}

fn faults(unusable: &[(String, String)]) -> Vec<String> {
    let told = unusable.iter();
    told.map(|(name, fault)| format!("the remote {name} cannot be used: {fault}"))
        .collect()
}

/// Opens them to read, or the one of that name alone.
///
/// # Errors
/// Wrong use when no remote has that name; a faulty configuration when none of them can be used.
pub fn open(config: &Config, only: Option<&str>) -> Result<Opened, Failure> {
    let mut opened = Opened {
        usable: Vec::new(),
        unusable: Vec::new(),
        unasked: Vec::new(),
        places: unfilled::places(config),
    };
    let names = config.remotes.iter().map(|remote| &remote.name);
    let unasked = names.filter(|name| only.is_some_and(|asked| asked != name.as_str()));
    opened.unasked.extend(unasked.cloned());
    let wanted = config
        .remotes
        .iter()
        .filter(|it| only.is_none_or(|name| it.name == name));
    for remote in wanted {
        match open_one(remote) {
            Ok(open) => opened.usable.push(open),
            Err(fault) => opened.unusable.push((remote.name.clone(), fault)),
        }
    }
    match (opened.usable.is_empty(), opened.unusable.is_empty()) {
        (false, _) => Ok(opened),
        (true, false) => Err(Failure::Refused(none_usable(&opened.unusable))),
        (true, true) => Err(Failure::Refused(no_such(config, only.unwrap_or_default()))),
    }
}

/// Refuses a name that no remote has.
///
/// # Errors
/// Wrong use, with the names that there are.
pub fn require(config: &Config, name: &str) -> Result<(), Failure> {
    match config.remotes.iter().any(|it| it.name == name) {
        true => Ok(()),
        false => Err(Failure::Refused(no_such(config, name))),
    }
}

/// Whoever waits at a terminal sees for whom, until what is returned is dropped.
#[must_use]
pub fn told(remotes: &[Remote]) -> Arc<dyn Progress> {
    let names: Vec<&str> = remotes.iter().map(Remote::name).collect();
    let watcher = progress::watcher();
    watcher.begin(&format!("asking {}", names.join(", ")), 0);
    watcher
}

/// What those that could be opened hold, by their own word.
pub async fn survey(opened: &mut Opened) -> Survey {
    let shown = told(&opened.usable);
    let unusable = std::mem::take(&mut opened.unusable);
    let mut survey = survey::ask_telling(&opened.usable, unusable, &|silent| waits(&*shown, silent)).await;
    survey.unfilled = unfilled::of(&opened.places, &survey);
    survey.unasked.clone_from(&opened.unasked);
    // Whoever did not answer, or holds nothing, is asked for objects last, and by no more than it takes.
    opened
        .usable
        .sort_by_key(|remote| !survey.holds_any(remote.name()));
    survey
}

/// Says for whom the command waits, and until when.
fn waits(shown: &dyn Progress, silent: &[&str]) {
    let limit = remote::ASK_LIMIT.as_secs();
    let text = format!(
        "waiting for {}; going on without it after {limit} s without an answer",
        silent.join(", ")
    );
    if std::io::stderr().is_terminal() {
        shown.begin(&text, 0);
    } else {
        eprintln!("agent: {text}");
    }
}

fn open_one(config: &RemoteConfig) -> Result<Remote, String> {
    let unknown = preflight::unknown_options(config);
    if unknown.is_empty() {
        remote::open_to_read(config)
    } else {
        Err(unknown.join("; "))
    }
}

fn none_usable(unusable: &[(String, String)]) -> String {
    let told = faults(unusable);
    told.join("; ")
}

fn no_such(config: &Config, name: &str) -> String {
    let names: Vec<&str> = config.remotes.iter().map(|it| it.name.as_str()).collect();
    format!(
        "there is no remote '{name}' in {}; it names: {}",
        config.path.display(),
        names.join(", ")
    )
}
