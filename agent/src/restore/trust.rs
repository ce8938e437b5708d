//! Whose signatures a restore believes, and why: the recovery kit's and this server's own knowledge first, which is its own
//! key and whose backups it was restored from. Only when
//! there is neither are the remotes' own certificates believed, and then it is said, since whoever could write there
//! could have put one there.
//! It judges no object.

use std::{fs, path::Path};

use protocol::object_key::{self, Fingerprint};

use crate::{
    backup::{
        remote::Remote,
        restores::{self, LiveRestore},
        signer::{Signers, SigningKey},
        survey::Survey,
    },
    keys::kit::AGENT_CERTIFICATE,
};

/// More agents than ever wrote to one remote.
const CERTS_MAX: usize = 100;

/// Whose signatures are believed.
pub struct Trust {
    /// The certificates.
    pub signers: Signers,
    /// Where they came from.
    pub source: Source,
    /// The live restores that are known: whose server was restored from whose backups.
    record: Vec<LiveRestore>,
    /// Whom that bounds not: this server's own agent, and those that the owner names.
    unbounded: Vec<Fingerprint>,
    /// What is to be said of each that was named and is nowhere.
    pub unheard: Vec<String>,
}

impl Trust {
    /// Whether somebody is believed without a bound whom the backups of another one may bound, or somebody is not believed
    /// who may be of the line that led to one of those.
    #[must_use]
    pub fn may_know_more(&self) -> bool {
        let several = self.signers.fingerprints().nth(1).is_some();
        let is_open = several && self.signers.has_unbounded(&self.unbounded);
        self.source != Source::Remotes && (self.signers.has_strangers() || is_open)
    }

    /// That others wrote there who are not known, for a machine that has nothing but a kit: of a server that was restored from
    /// the kit's it knows nothing.
    #[must_use]
    pub fn others(&self) -> Option<String> {
        if self.source != Source::Known {
            return None;
        }
        let others: Vec<String> = self.signers.strangers().map(|other| other.to_string()).collect();
        let trust: Vec<String> = others.iter().map(|other| format!("--trust {other}")).collect();
        (!others.is_empty()).then(|| {
            format!(
                "{} wrote there too, and {} not known here: where that is your shop's, as of a server that was restored from this \
                 one, what it has may be the shop as it is by now: {}",
                others.join(" and "),
                if others.len() == 1 { "is" } else { "are" },
                trust.join(" or ")
            )
        })
    }

    /// Takes in what the backups of those that are known tell of the servers before: whose those were is believed for what it
    /// had signed by then, and no later, also where its certificate is in the kit.
    pub fn follow(&mut self, line: &[LiveRestore]) {
        self.record.extend_from_slice(line);
        self.signers = self.signers.and(&restores::signers_of(line));
        self.bound();
    }

    fn bound(&mut self) {
        let mut bounds = restores::bounds(&self.record);
        bounds.retain(|signer, _| !self.unbounded.contains(signer));
        self.signers = std::mem::take(&mut self.signers).bounded(&bounds);
    }
}

/// Where certificates came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The recovery kit or this server's state directory: nobody else could have put them there.
    Known,
    /// The owner's own word, beside those.
    Named,
    /// The remotes themselves, because nothing else was at hand.
    Remotes,
}

impl Source {
    /// The source as the end of a sentence.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Known | Self::Named => "known from the recovery kit, this server or your own word",
            Self::Remotes => {
                "known from the remotes alone: compare it with what `agent check` printed on the lost server"
            }
        }
    }
}

/// Gathers certificates: this server's own, those beside the owner's key, those of the agents whose backups it was restored
/// from, and those of the fingerprints that the owner
/// named, which are fetched from the remotes. Notes say what could not be read.
pub async fn gather(
    state_dir: &Path,
    kit: &Path,
    named: &[Fingerprint],
    remotes: &[Remote],
    survey: &Survey,
    notes: &mut Vec<String>,
) -> Trust {
    let own = own(state_dir, notes);
    let mut unbounded = named.to_vec();
    unbounded.extend(own.fingerprints());
    let record = before(state_dir, own.fingerprints().next(), notes);
    let mut known = own.and(&from_kit(kit, notes)).and(&restores::signers_of(&record));
    let offered = from_remotes(remotes, survey, notes).await;
    for (fingerprint, signers) in &offered {
        if named.contains(fingerprint) {
            known = known.and(signers);
        }
    }
    let is_partial = !survey.silent.is_empty();
    let unheard = named
        .iter()
        .filter_map(|one| nowhere(one, &known, is_partial))
        .collect();
    // Whoever names an agent wants no other one to be believed.
    if !known.is_empty() || !named.is_empty() {
        let offered = offered.into_iter().map(|(fingerprint, _)| fingerprint);
        let mut trust = Trust {
            signers: known.offering(offered),
            source: match named.is_empty() {
                true => Source::Known,
                false => Source::Named,
            },
            record,
            unbounded,
            unheard,
        };
        trust.bound();
        return trust;
    }
    notes.extend(of_several(&offered));
    let all = offered
        .iter()
        .fold(Signers::default(), |all, (_, signers)| all.and(signers));
    Trust {
        signers: all,
        source: Source::Remotes,
        record,
        unbounded,
        unheard,
    }
}

/// What is said of an agent that was named and of which there is no certificate.
fn nowhere(named: &Fingerprint, known: &Signers, is_partial: bool) -> Option<String> {
    let is_known = known.contains(named);
    let why = match is_partial {
        true => "a remote that does not answer may hold it",
        false => "compare it with what `agent check` printed",
    };
    (!is_known).then(|| {
        format!(
            "--trust names {named}, and its certificate could be taken from none of the remotes that answer, and lies neither \
             beside the owner's key nor on this server: nothing that it signed can be known for its own; {why}"
        )
    })
}

/// Several agents may be one after the other on servers of the same shop, or two shops in one place.
fn of_several(offered: &[(Fingerprint, Signers)]) -> Option<String> {
    let all: Vec<String> = offered
        .iter()
        .map(|(fingerprint, _)| fingerprint.to_string())
        .collect();
    (all.len() > 1).then(|| {
        format!(
            "{} agents wrote there ({}), and nothing at hand says which is yours: the newest state of any of them counts. If \
             more than one shop has its backups there, lay the certificate of yours as {AGENT_CERTIFICATE} beside the owner's \
             key, or name it to `agent restore` with --trust FINGERPRINT",
            all.len(),
            all.join(", ")
        )
    })
}

fn own(state_dir: &Path, notes: &mut Vec<String>) -> Signers {
    match SigningKey::load(state_dir) {
        Ok(key) => key.map(|key| key.as_signers()).unwrap_or_default(),
        Err(error) => {
            notes.push(format!("{error:#}"));
            Signers::default()
        }
    }
}

/// The live restores on this server, and those that led to it.
fn before(state_dir: &Path, own: Option<Fingerprint>, notes: &mut Vec<String>) -> Vec<LiveRestore> {
    let mut record = restores::all(state_dir).unwrap_or_else(|error| {
        notes.push(format!("{error:#}"));
        Vec::new()
    });
    for one in &mut record {
        one.server = one.server.take().or_else(|| own.clone());
    }
    record
}

fn from_kit(kit: &Path, notes: &mut Vec<String>) -> Signers {
    let path = kit.join(AGENT_CERTIFICATE);
    let Ok(bytes) = fs::read(&path) else {
        return Signers::default();
    };
    Signers::parse(&bytes).unwrap_or_else(|error| {
        notes.push(format!("{}: {error:#}", path.display()));
        Signers::default()
    })
}

/// Every certificate that a remote offers under the name of its own fingerprint.
async fn from_remotes(
    remotes: &[Remote],
    survey: &Survey,
    notes: &mut Vec<String>,
) -> Vec<(Fingerprint, Signers)> {
    let mut found: Vec<(Fingerprint, Signers)> = Vec::new();
    for remote in remotes {
        for fingerprint in survey.signers_on(remote.name()).into_iter().take(CERTS_MAX) {
            if found.iter().any(|(known, _)| *known == fingerprint) {
                continue;
            }
            let key = object_key::cert(&fingerprint);
            let bytes = remote.get_at_most(&key, Signers::BYTES_MAX).await;
            let read = bytes
                .map_err(anyhow::Error::from)
                .and_then(|bytes| Signers::of(&fingerprint, &bytes));
            match read {
                Ok(signers) => found.push((fingerprint, signers)),
                Err(error) => notes.push(format!(
                    "{key} could not be taken from {}: {error:#}",
                    remote.name()
                )),
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_agents_are_named_where_nothing_says_which_is_the_owners() {
        let one = |digit: &str| (Fingerprint::parse(&digit.repeat(40)).unwrap(), Signers::default());
        assert_eq!(of_several(&[one("A")]), None);
        let told = of_several(&[one("A"), one("B")]).unwrap();
        assert!(
            told.starts_with("2 agents wrote there (AAAA") && told.contains("--trust"),
            "{told}"
        );
    }
}
