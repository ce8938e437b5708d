//! What `agent check` says of the address under `[http] private`: whether the agent can listen there, and who does if it
//! cannot.
//! It listens for a moment itself, and hears nobody.

use std::{io::ErrorKind, net::TcpListener};

use super::{Finding, finding};
use crate::{
    config::Config,
    store::lock,
    watch::listener::{self, Holds},
};

const CORRECT: &str = "the agent cannot start; correct [http] private, such as 127.0.0.1:8082";
/// Where somebody has it for this moment alone, or hides from this user.
const HELD: &str = "another program holds it";

/// An address that this machine does not have is wrong, and so is one that another program listens on.
pub(super) fn of(config: &Config) -> Finding {
    let address = config.http.private;
    let said = match TcpListener::bind(address).map_err(|error| (error.kind(), error)) {
        Ok(_) => Ok("this machine has it, and it is free".to_owned()),
        Err((ErrorKind::AddrInUse, _)) => match is_running(config) {
            true => beside_the_running(config),
            false => Err(held(config)),
        },
        Err((ErrorKind::AddrNotAvailable, _)) => Err(format!("this machine has no such address: {CORRECT}")),
        Err((_, error)) => Err(format!("{error}: {CORRECT}")),
    };
    finding(&format!("the agent's address {address}"), said)
}

/// The running agent holds its lock, and whoever listens there must be the one that does.
fn beside_the_running(config: &Config) -> Result<String, String> {
    let address = config.http.private;
    match listener::has_open(address, &config.lock_path()) {
        Holds::Yes => Ok("this machine has it, and the running agent listens there".to_owned()),
        Holds::No => Err(held(config)),
        Holds::Unseen => Ok(format!(
            "this machine has it, and an agent is running; whether it is the one that listens there this user may not \
             see: `ss -ltnp 'sport = :{}'` as root shows it",
            address.port()
        )),
    }
}

/// By whom, as far as that can be seen, and what to do.
fn held(config: &Config) -> String {
    let port = config.http.private.port();
    let who = listener::of_port(port).map_or_else(|| HELD.to_owned(), |who| format!("{HELD} ({who})"));
    format!(
        "{who}, as `ss -ltnp 'sport = :{port}'` shows: while it does the agent cannot start. Stop that program, or give \
         [http] private another port, such as 127.0.0.1:8082"
    )
}

/// The agent of this state directory; one that cannot be seen counts.
fn is_running(config: &Config) -> bool {
    lock::is_held(&config.lock_path()).unwrap_or(true)
}
