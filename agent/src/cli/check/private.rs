//! What `agent check` says of the address under `[http] private`: whether the agent can listen there.
//! It listens for a moment itself, and hears nobody.

use std::{io::ErrorKind, net::TcpListener};

use super::{Finding, finding};
use crate::{config::Config, store::lock};

const CORRECT: &str = "the agent cannot start; correct [http] private, such as 127.0.0.1:8082";

/// An address that this machine does not have is wrong.
pub(super) fn of(config: &Config) -> Finding {
    let address = config.http.private;
    let said = match TcpListener::bind(address).map_err(|error| (error.kind(), error)) {
        // Who has it is said as a hint: it may be the agent, or have it for this moment alone.
        Ok(_) | Err((ErrorKind::AddrInUse, _)) => Ok("this machine has it".to_owned()),
        Err((ErrorKind::AddrNotAvailable, _)) => Err(format!("this machine has no such address: {CORRECT}")),
        Err((_, error)) => Err(format!("{error}: {CORRECT}")),
    };
    finding(&format!("the agent's address {address}"), said)
}

/// What to say when somebody else has it.
pub(super) fn taken(config: &Config) -> Option<String> {
    let address = config.http.private;
    let is_taken = TcpListener::bind(address).is_err_and(|error| error.kind() == ErrorKind::AddrInUse);
    let is_running = lock::is_held(&config.lock_path()).unwrap_or(true);
    (is_taken && !is_running)
        .then(|| format!("another program listens on {address}, as ss -ltnp shows: while it does, {CORRECT}"))
}
