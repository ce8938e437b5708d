//! What can be known to be wrong with remotes and recipients before anything starts.
//! It asks no remote: that is `agent check`'s to do, since one that is down must not keep the agent from running.

use std::path::Path;

use jiff::Timestamp;
use protocol::{settings::Faults, time::UnixMillis};

use super::{
    recipients::{RecipientCert, Recipients, Validity},
    remote,
};
use crate::config::{self, Config, Purpose, RemoteConfig, RemoteKind};

/// What it means that a folder of backups is not there, as when its disk was not mounted after a start of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// Nothing can be done without one.
    Fault,
    /// The watch goes on without, and tells of it: a shop that nobody watches is worse.
    Incident,
}

/// Where the keys come from that backups are sealed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The certificates' files.
    Files,
    /// The running agent, which read them before.
    Agent,
}

/// Adds a fault for every option of a remote that nobody knows and every recipient that cannot be encrypted to. A
/// remote that cannot be used, a dead disk for instance, is a fault only when it leaves none that can: the others
/// must go on taking backups. Whoever only looks opens what it needs itself.
pub fn check(config: &Config, purpose: Purpose, (away, keys): (Away, KeySource), faults: &mut Faults) {
    if purpose == Purpose::Look {
        return;
    }
    let unknown: Vec<String> = config.remotes.iter().flat_map(unknown_options).collect();
    let all_known = unknown.is_empty();
    unknown.into_iter().for_each(|fault| faults.add(fault));
    if all_known {
        check_usable(config, away, faults);
    }
    if keys == KeySource::Files {
        check_recipients(config, faults);
    }
}

fn check_usable(config: &Config, away: Away, faults: &mut Faults) {
    let is_needed = |remote: &RemoteConfig| away == Away::Fault || remote.kind != RemoteKind::Fs;
    let unusable: Vec<(&RemoteConfig, String)> = config
        .remotes
        .iter()
        .filter_map(|remote| Some((remote, unusable(remote)?)))
        .collect();
    let none_is_left = unusable.len() == config.remotes.len();
    for (remote, fault) in unusable {
        if none_is_left && is_needed(remote) {
            faults.add(fault);
        } else {
            tracing::warn!(
                fault,
                "a remote cannot be used: no backup goes there, and each backup tries it anew"
            );
        }
    }
}

/// A sentence that names the remote and why nothing can be written to it.
fn unusable(remote: &RemoteConfig) -> Option<String> {
    let root = remote
        .options
        .get("root")
        .filter(|_| remote.kind == RemoteKind::Fs);
    if let Some(root) = root
        && let Err(error) = config::try_write(Path::new(root))
    {
        return Some(format!(
            "remotes.{}.root: {root} cannot be written: {error}",
            remote.name
        ));
    }
    let fault = remote::open(remote).err()?;
    Some(format!("remotes.{}: {fault}", remote.name))
}

/// A sentence for each option that this kind of remote does not know.
#[must_use]
pub fn unknown_options(remote: &RemoteConfig) -> Vec<String> {
    let known = remote::known_options(remote.kind);
    let keys = remote.options.keys().chain(remote.credentials.keys());
    // OpenDAL takes the names of AWS's own variables as well.
    let unknown = keys.filter(|key| !known.contains(key) && !key.starts_with("aws_"));
    let told = unknown.map(|key| {
        let variable = if remote.credentials.contains_key(key) {
            " (set by a REMOTE_… variable)"
        } else {
            ""
        };
        format!(
            "remotes.{}.{key} is not a key that this kind of remote knows{variable}; it knows: {}",
            remote.name,
            known.join(", ")
        )
    });
    told.collect()
}

/// A key that cannot encrypt stops everything; one that has expired only makes noise, since a shop without backups is
/// worse off than one with backups for an old key.
fn check_recipients(config: &Config, faults: &mut Faults) {
    let now = UnixMillis(Timestamp::now().as_millisecond());
    match Recipients::load(&config.backup.recipients) {
        Err(found) => found.into_iter().for_each(|fault| faults.add(fault)),
        Ok(recipients) => recipients
            .certs()
            .iter()
            .for_each(|cert| warn_of_expiry(cert, now)),
    }
}

fn warn_of_expiry(cert: &RecipientCert, now: UnixMillis) {
    let path = cert.path.display();
    match cert.validity(now) {
        Validity::Valid => {}
        Validity::Expiring(_) => {
            tracing::warn!(%path, "a recipient's certificate expires within 60 days: extend it and put it here again");
        }
        Validity::Expired(_) => tracing::warn!(
            %path,
            "a recipient's certificate has expired; backups are encrypted to it all the same, and its secret key opens \
             them. Extend it and put it here again"
        ),
    }
}
