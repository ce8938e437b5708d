//! What can be known to be wrong with remotes and recipients before anything starts.
//! It asks no remote: that is `agent check`'s to do, since one that is down must not keep the agent from running.

use jiff::Timestamp;
use protocol::{settings::Faults, time::UnixMillis};

use super::{
    recipients::{RecipientCert, Recipients, Validity},
    remote,
};
use crate::config::{Config, Purpose};

/// Adds a fault for every remote that cannot be opened and every recipient that cannot be encrypted to.
pub fn check(config: &Config, purpose: Purpose, faults: &mut Faults) {
    for remote in &config.remotes {
        let known = remote::known_options(remote.kind);
        let keys = remote.options.keys().chain(remote.credentials.keys());
        // OpenDAL takes the names of AWS's own variables as well.
        let unknown: Vec<&String> = keys
            .filter(|key| !known.contains(key) && !key.starts_with("aws_"))
            .collect();
        for key in &unknown {
            let variable = if remote.credentials.contains_key(*key) {
                " (set by a REMOTE_… variable)"
            } else {
                ""
            };
            faults.add(format!(
                "remotes.{}.{key} is not a key that this kind of remote knows{variable}; it knows: {}",
                remote.name,
                known.join(", ")
            ));
        }
        if unknown.is_empty()
            && let Err(fault) = remote::open(remote)
        {
            faults.add(format!("remotes.{}: {fault}", remote.name));
        }
    }
    if purpose == Purpose::Keep {
        check_recipients(config, faults);
    }
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
