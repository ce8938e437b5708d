//! What a remote can do, found out by doing it: write, read back, list, a conditional write, delete.
//! It touches one object of its own making and no other, and leaves nothing where deleting is allowed.

use jiff::Timestamp;
use opendal::{Buffer, ErrorKind};
use serde::Serialize;

use protocol::object_key::PROBES;

use super::{
    Remote, RemoteError,
    attempt::{ASK_LIMIT, Patience},
    told::plain,
};
use crate::backup::seal::Sealed;

const READ_BACK: &str = "read back";
const LIST: &str = "list";
const CONDITIONAL_WRITE: &str = "conditional write";

/// How one question was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It works.
    Yes,
    /// It was tried and failed.
    No,
    /// This kind of remote has no such thing, or the configuration says not to.
    NotOffered,
    /// What comes before it failed.
    NotTried,
}

/// One question to a remote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was tried.
    pub what: &'static str,
    /// How it was answered.
    pub answer: Answer,
    /// Whether backups as configured need it.
    pub required: bool,
    /// A sentence for the owner.
    pub said: String,
}

impl Finding {
    /// Whether it stands in the way of backups as they are configured.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        self.required && !matches!(self.answer, Answer::Yes | Answer::NotTried)
    }
}

/// Tries everything in turn with a sealed probe. An object of a few hundred bytes is written; it stays when the remote
/// is append-only.
pub async fn run(remote: &Remote, probe: &Sealed) -> Vec<Finding> {
    let moment = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let key = format!("{PROBES}{moment}-{:08x}.zst.pgp", rand::random::<u32>());
    // A few hundred bytes, for whose answer somebody waits: one silence says enough.
    let written = remote
        .write(&key, probe.bytes.clone().into(), Patience::Ask)
        .await;
    let is_written = written.is_ok();
    let mut findings = vec![finding(
        "write",
        true,
        written.map(|()| "an object arrives".to_owned()),
    )];
    if is_written {
        findings.push(finding(READ_BACK, true, read_back(remote, &key, probe).await));
        findings.push(finding(LIST, true, list(remote, &key, probe).await));
        findings.push(conditional_write(remote, &key, probe).await);
    } else {
        findings.extend([READ_BACK, LIST].map(|what| not_tried(what, true)));
        findings.push(not_tried(CONDITIONAL_WRITE, false));
    }
    // Also after a write that failed: it may have arrived all the same.
    findings.push(delete(remote, &key, is_written).await);
    findings
}

fn not_tried(what: &'static str, required: bool) -> Finding {
    Finding {
        what,
        answer: Answer::NotTried,
        required,
        said: "nothing was written that it could be tried with".to_owned(),
    }
}

fn finding(what: &'static str, required: bool, said: Result<String, RemoteError>) -> Finding {
    let answer = if said.is_ok() { Answer::Yes } else { Answer::No };
    Finding {
        what,
        answer,
        required,
        said: said.unwrap_or_else(|error| error.to_string()),
    }
}

async fn read_back(remote: &Remote, key: &str, probe: &Sealed) -> Result<String, RemoteError> {
    let back = remote.get(key, probe.bytes.len() as u64).await?;
    if back == probe.bytes {
        Ok("it comes back unaltered".to_owned())
    } else {
        Err(RemoteError::Down(
            "what comes back is not what was written".to_owned(),
        ))
    }
}

async fn list(remote: &Remote, key: &str, probe: &Sealed) -> Result<String, RemoteError> {
    let listed = remote.list_dated(PROBES).await?;
    let found = listed
        .get(key)
        .ok_or_else(|| RemoteError::Down("the object was written and is not listed".to_owned()))?;
    if found.size_bytes != probe.bytes.len() as u64 {
        return Err(RemoteError::WrongSize {
            found: found.size_bytes,
            expected: probe.bytes.len() as u64,
        });
    }
    Ok(match found.written_at {
        Some(_) => "it is listed, with its size and the moment of its writing".to_owned(),
        None => "it is listed with its size; this remote tells no moment of writing".to_owned(),
    })
}

/// The object is there: a write that may only make a new one must be refused. Some servers take the condition and
/// ignore it, which only trying shows.
async fn conditional_write(remote: &Remote, key: &str, probe: &Sealed) -> Finding {
    let not_offered = |said: &str| Finding {
        what: CONDITIONAL_WRITE,
        answer: Answer::NotOffered,
        required: false,
        said: said.to_owned(),
    };
    let operator = match remote.writer().await {
        Ok(operator) => operator,
        Err(error) => return finding(CONDITIONAL_WRITE, false, Err(error)),
    };
    if !operator.info().capability().write_with_if_not_exists {
        return not_offered("this kind of remote has none; backups need none");
    }
    let write = operator
        .write_with(key, Buffer::from(probe.bytes.clone()))
        .if_not_exists(true);
    let said = match tokio::time::timeout(ASK_LIMIT, write).await {
        Err(_) => Err("no answer".to_owned()),
        Ok(Ok(_)) => Err(
            "the condition is taken and ignored: a second write of the same name is not refused".to_owned(),
        ),
        Ok(Err(error)) if error.kind() == ErrorKind::Unsupported => {
            return not_offered("this server has none; backups need none");
        }
        Ok(Err(error))
            if matches!(
                error.kind(),
                ErrorKind::ConditionNotMatch | ErrorKind::AlreadyExists
            ) =>
        {
            Ok("a second write of the same name is refused".to_owned())
        }
        Ok(Err(error)) => Err(plain(&error)),
    };
    finding(CONDITIONAL_WRITE, false, said.map_err(RemoteError::Down))
}

async fn delete(remote: &Remote, key: &str, is_written: bool) -> Finding {
    if remote.is_append_only() {
        return Finding {
            what: "delete",
            answer: Answer::NotOffered,
            required: false,
            said: match is_written {
                true => format!("not tried, since append_only is set; {key} stays there"),
                false => "not tried, since append_only is set; nothing was written that would stay there"
                    .to_owned(),
            },
        };
    }
    let mut said = remote.delete(key).await;
    if said.is_ok() && !is_written {
        // Of what was never there every server says that it is gone.
        return not_tried("delete", true);
    }
    if said.is_ok() {
        said = match remote.size(key).await {
            Err(RemoteError::Missing) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(RemoteError::Down(format!("{key} is still there"))),
        };
    }
    let said = said.map(|()| "it is gone again".to_owned());
    finding("delete", true, said)
}
