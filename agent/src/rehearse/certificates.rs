//! The agents' certificates on a remote. A machine that has nothing but the owner's key believes whom they name: without
//! the right one it restores nothing. Each is fetched every time, since it is a kilobyte.
//! It writes none: every backup does that.

use std::collections::{BTreeMap, BTreeSet};

use protocol::object_key::{self, Fingerprint};
use serde_json::{Value, json};

use crate::{
    backup::{
        certificate::{Certificate, State},
        remote::{Remote, RemoteError},
        signer::Signers,
    },
    store::points::KnownPoint,
};

/// What was seen of them.
#[derive(Default)]
pub(super) struct Looked {
    /// How many there must be.
    expected: u64,
    /// Those whose bytes came.
    fetched: u64,
    fetched_bytes: u64,
    faults: Vec<String>,
    uncompared: Vec<String>,
    /// Certificates of agents that have signed nothing that is known here.
    unknown: BTreeMap<String, u64>,
}

/// Compares the certificate of everybody who signed a point there: this server's own with what it holds, another's with
/// its name.
///
/// # Errors
/// A sentence when the remote does not answer.
pub(super) async fn look(
    remote: &Remote,
    here: &[&KnownPoint],
    own: Option<&Certificate>,
) -> Result<Looked, String> {
    let listed = remote.list(object_key::CERTS).await;
    let listed = listed.map_err(|error| error.to_string())?;
    let signers: BTreeSet<&Fingerprint> = here.iter().map(|known| &known.manifest.signer).collect();
    let mut looked = Looked {
        expected: signers.len() as u64,
        unknown: listed
            .iter()
            .filter(|(key, _)| !signers.iter().any(|signer| object_key::cert(signer) == **key))
            .map(|(key, size_bytes)| (key.clone(), *size_bytes))
            .collect(),
        ..Looked::default()
    };
    for signer in signers {
        let own = own.filter(|own| own.signer() == signer);
        looked.take(&listed, signer, own, remote).await;
    }
    Ok(looked)
}

impl Looked {
    /// Adds what was seen to what was seen of everything else. Gives what belongs to nobody who is known.
    pub(super) fn add_to(
        self,
        seen: &mut Value,
        faults: &mut Vec<String>,
        uncompared: &mut Vec<String>,
    ) -> BTreeMap<String, u64> {
        let more = [
            ("objects", self.expected),
            ("fetched", self.fetched),
            ("fetched_bytes", self.fetched_bytes),
            ("faults", self.faults.len() as u64),
        ];
        for (figure, more) in more {
            seen[figure] = json!(seen[figure].as_u64().unwrap_or(0) + more);
        }
        faults.splice(0..0, self.faults);
        uncompared.extend(self.uncompared);
        self.unknown
    }

    async fn take(
        &mut self,
        listed: &BTreeMap<String, u64>,
        signer: &Fingerprint,
        own: Option<&Certificate>,
        remote: &Remote,
    ) {
        let key = object_key::cert(signer);
        let state = match (listed.get(&key), own) {
            (None, _) => Ok(State::Missing),
            (Some(_), Some(own)) => own.state_on(remote).await,
            (Some(_), None) => another_on(remote, signer).await,
        };
        match state {
            Ok(State::Whole) => {
                self.fetched += 1;
                self.fetched_bytes += listed.get(&key).copied().unwrap_or(0);
            }
            Ok(wrong) => self.faults.push(told(&key, wrong, own.is_some())),
            Err(error) => self
                .uncompared
                .push(format!("{key} could not be compared: {error}")),
        }
    }
}

async fn another_on(remote: &Remote, signer: &Fingerprint) -> Result<State, RemoteError> {
    match remote
        .get_at_most(&object_key::cert(signer), Signers::BYTES_MAX)
        .await
    {
        Ok(bytes) if Signers::of(signer, &bytes).is_ok() => Ok(State::Whole),
        Ok(_) | Err(RemoteError::WrongSize { .. }) => Ok(State::Altered),
        Err(RemoteError::Missing) => Ok(State::Missing),
        Err(error) => Err(error),
    }
}

fn told(key: &str, wrong: State, is_own: bool) -> String {
    let what = match wrong {
        State::Missing => "is missing",
        State::Altered | State::Whole => "is altered: it is not the certificate that its name says",
    };
    let cure = match is_own {
        true => {
            "the next backup writes it again; where nothing may be overwritten, delete it there first, with credentials \
             that may"
        }
        false => "the next backup of the server that it belongs to writes it again",
    };
    format!(
        "{key} {what}, so that a machine without agent.asc in its kit restores nothing from there; {cure}"
    )
}
