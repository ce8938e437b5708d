//! What `agent check` says of the checks under `[heartbeat]`: whether each is known where it is told.
//! It writes one line into a check's log, which by that protocol changes nothing about how the check stands: neither
//! a success nor a start is told that there was not. Where a service has no such log, only a beat shows whether it knows the
//! address, and this says so.

use super::{Finding, finding};
use crate::{
    alert::{
        channels::http_client,
        heartbeat::{Heartbeat, Missed, Signal},
        outside::{Heard, Subject, heard},
    },
    config::Config,
    store::Store,
};

const LINE: &str = "agent check asks whether this check is there";
/// What a service says that is there and has no log of events.
const NO_SUCH_PAGE: [u16; 3] = [404, 405, 501];
const NO_LOG_AND_TAKEN: &str =
    "its service keeps no log that could be tried, and took the last that the agent told it";

/// Asks all of them at once.
pub(super) async fn findings(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let client = http_client()?;
    let named: Vec<(Subject, Heartbeat)> = Subject::ALL
        .into_iter()
        .filter_map(|subject| Some((subject, subject.heartbeat(config, &client)?)))
        .collect();
    let line = Signal::Log(LINE);
    let asked = named.iter().map(|(_, heartbeat)| heartbeat.ping(&line, None));
    let asked = futures_util::future::join_all(asked).await;
    let store = Store::open_to_look(&config.state_dir)?;
    let mut findings = Vec::new();
    for ((subject, heartbeat), said) in named.iter().zip(asked) {
        let heard = match &store {
            Some(store) => heard(store, *subject, heartbeat)?,
            None => Heard::Nothing,
        };
        let what = format!("[heartbeat] {}", subject.name());
        findings.push(finding(&what, told(subject.name(), said, heard)));
    }
    findings.extend(shared(&named));
    Ok(findings)
}

/// One check for two things takes the good news of one for that of the other.
fn shared(named: &[(Subject, Heartbeat)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, (subject, heartbeat)) in named.iter().enumerate() {
        let mut before = named[..at].iter();
        let Some((first, _)) = before.find(|(_, first)| first.mark() == heartbeat.mark()) else {
            continue;
        };
        let what = format!("[heartbeat] {} and {}", first.name(), subject.name());
        let wrong = "they are one check: what goes well for the one hides that the other does not. Make a check for each";
        findings.push(finding(&what, Err(wrong.to_owned())));
    }
    findings
}

/// `heard`: how the last was taken that a running agent told this address.
fn told(name: &str, said: Result<(), Missed>, heard: Heard) -> Result<String, String> {
    let wrong = |why: &str, first: &str| {
        Err(format!(
            "{why}. {first}, so nobody outside would notice that this server is lost: copy the address of your check \
             into {name} under [heartbeat]"
        ))
    };
    match said {
        Ok(()) => {
            Ok("the check is known there; a line stands in its log, and nothing else changed".to_owned())
        }
        Err(Missed::NoSuchCheck(_)) if heard == Heard::Taken => Ok(NO_LOG_AND_TAKEN.to_owned()),
        Err(Missed::NoSuchCheck(why)) => wrong(&why, "No such check is known there"),
        Err(Missed::Refused { status, .. }) if NO_SUCH_PAGE.contains(&status) => match heard {
            Heard::Taken => Ok(NO_LOG_AND_TAKEN.to_owned()),
            Heard::Refused => wrong(
                "It keeps no log that could be tried, and refused the last that the agent told it",
                "No such check is known there",
            ),
            Heard::Nothing => Ok(format!(
                "not tried: its service keeps no log (status {status}), and anything else would change how the check \
                 stands. A mistyped address would answer the same: the first beat of a running agent shows it, and one \
                 that is refused twice is told as heartbeat_refused"
            )),
        },
        Err(Missed::Refused { status, why }) => wrong(
            &why,
            match status {
                410 => "No such check is known there",
                _ => "It takes nothing from here",
            },
        ),
        Err(Missed::Unreached(why)) => Err(format!(
            "{why}. Look at the network, and whether the address in {name} under [heartbeat] is right"
        )),
    }
}
