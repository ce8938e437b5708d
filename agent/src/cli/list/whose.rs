//! Whose a restore point is that this agent does not know: of a server before this one, or of another agent that writes there.
//! It goes by certificates and moments alone, and judges nothing of what is in it.

use std::collections::BTreeMap;

use protocol::object_key::Fingerprint;

use super::points::Listed;
use crate::backup::{own::Other, survey};

impl Listed {
    /// Leaves it to the other agents that write to its remotes, where this one does not know it and no key was tried on it.
    pub(super) fn leave_to(&mut self, others: &BTreeMap<String, Vec<Other>>) {
        let is_unknown = self.chain.is_none() && self.problems.is_empty();
        if !is_unknown {
            return;
        }
        let here = self.remotes.iter().filter_map(|remote| others.get(remote));
        let agents: BTreeMap<&Fingerprint, &Other> =
            here.flatten().map(|other| (&other.key, other)).collect();
        self.other_agents = agents.keys().map(|key| (*key).clone()).collect();
        if self.other_agents.is_empty() {
            return;
        }
        self.doubtful = true;
        let taken_at = survey::moment_of(&self.id);
        let is_before = |other: &&Other| {
            let until = other.earlier.as_ref().map(|earlier| earlier.until);
            taken_at.is_some_and(|at| until.is_some_and(|until| at <= until))
        };
        let (earlier, others): (Vec<&Other>, Vec<&Other>) = agents.into_values().partition(is_before);
        // An earlier server's that was restored from before took one of so late a moment only where it was switched on again.
        self.of_earlier_server = !earlier.is_empty() && others.iter().all(|other| other.earlier.is_some());
        let kept = earlier
            .iter()
            .chain(others.iter().filter(|_| !self.of_earlier_server));
        let named: Vec<&str> = kept.map(|other| other.key.as_str()).collect();
        let whose = named.join(" or ");
        self.problems.push(match self.of_earlier_server {
            true => format!(
                "not judged here: it is of the agent {whose}, from whose backups this server, or one before it, was restored: it \
                 can be restored like this agent's own{}",
                or_of(&others)
            ),
            false => format!(
                "not judged here: it is of the agent {whose}, which writes there too and may have been this server's before its \
                 state was lost. `agent restore --point {} --trust {}` takes it",
                self.id,
                named.join(" --trust ")
            ),
        });
    }
}

/// Which server before the one that is named may have taken it instead.
fn or_of(left: &[&Other]) -> String {
    let left: Vec<&str> = left.iter().map(|other| other.key.as_str()).collect();
    match left.is_empty() {
        true => String::new(),
        false => format!(
            ". Unless {}, whose shop had moved on by then, was switched on again and took it: `agent list --key FILE` tells",
            left.join(" or ")
        ),
    }
}
