//! Asking the person at the terminal: a passphrase, or a yes.
//! Where no terminal is, nothing is assumed: the command says which option or variable answers instead.

use std::{
    io::{IsTerminal, Write},
    path::Path,
};

use protocol::secret::Secret;

use super::Failure;
use crate::{
    backup::seal::Keys,
    keys::{self, KeyError, PASSPHRASE_VARIABLE},
};

/// Of a new key: whoever has the file can try without end.
const PASSPHRASE_CHARS_MIN: usize = 12;

/// The passphrase of an existing key, from the variable or the terminal.
///
/// # Errors
/// A sentence when there is neither.
pub fn passphrase() -> Result<Secret, String> {
    if let Some(secret) = from_environment() {
        return Ok(secret);
    }
    if !std::io::stdin().is_terminal() {
        return Err(format!(
            "the key has a passphrase and there is no terminal to ask for it: put it into {PASSPHRASE_VARIABLE}"
        ));
    }
    let text = rpassword::prompt_password("Passphrase of the owner's key: ");
    text.map(|text| Secret::new(&text))
        .map_err(|error| format!("the passphrase could not be read: {error}"))
}

/// The keys in that file, with its passphrase where it has one.
///
/// # Errors
/// Wrong use when there is no file, or nobody who could be asked; a failure when it does not open.
pub fn keys(path: &Path) -> Result<Keys, Failure> {
    keys::unlock(path, &mut passphrase).map_err(|error| match error {
        KeyError::NoPassphrase(_) | KeyError::Absent(_) => Failure::Refused(error.to_string()),
        KeyError::Unusable(_) | KeyError::WrongPassphrase => Failure::Failed(error.into()),
    })
}

/// A new passphrase, asked twice.
///
/// # Errors
/// Wrong use when there is no terminal, when it is empty or short, or when the two differ.
pub fn new_passphrase() -> Result<Secret, Failure> {
    let refuse = |text: String| Err(Failure::Refused(text));
    let secret = match from_environment() {
        Some(secret) => secret,
        None if !std::io::stdin().is_terminal() => {
            return refuse(format!(
                "there is no terminal to ask for a passphrase: put it into {PASSPHRASE_VARIABLE}"
            ));
        }
        None => {
            let ask = |prompt| rpassword::prompt_password(prompt).map(|text| Secret::new(&text));
            let broken =
                |error| Failure::Failed(anyhow::Error::from(error).context("reading the passphrase"));
            let first = ask("New passphrase for the owner's key: ").map_err(broken)?;
            let second = ask("The same again: ").map_err(broken)?;
            if first.expose() != second.expose() {
                return refuse("the two passphrases differ; no key was made".to_owned());
            }
            first
        }
    };
    match secret.expose().chars().count() {
        0 => refuse("the passphrase is empty: whoever found the key could read every backup".to_owned()),
        count if count < PASSPHRASE_CHARS_MIN => refuse(format!(
            "the passphrase has {count} characters, and at least {PASSPHRASE_CHARS_MIN} are needed: whoever finds the key \
             may try as many as a machine can, and then reads every backup. Four or five words that nobody would put \
             together are a good one; no key was made"
        )),
        _ => Ok(secret),
    }
}

fn from_environment() -> Option<Secret> {
    std::env::var(PASSPHRASE_VARIABLE)
        .ok()
        .map(|text| Secret::new(&text))
}

/// Asks for one of so many; `None` for anything else.
///
/// # Errors
/// When the terminal cannot be read.
pub fn number(question: &str, count: usize) -> Result<Option<usize>, Failure> {
    eprint!("{question} ");
    std::io::stderr().flush().map_err(anyhow::Error::from)?;
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(anyhow::Error::from)?;
    let number = answer.trim().parse().ok();
    Ok(number.filter(|number| (1..=count).contains(number)))
}

/// Asks for a yes.
///
/// # Errors
/// Wrong use when there is no terminal to ask.
pub fn confirm(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Refused(
            "there is no terminal to ask for your consent. Nothing was changed: look at the plan with --dry-run, then \
             give --yes"
                .to_owned(),
        ));
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush().map_err(anyhow::Error::from)?;
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(anyhow::Error::from)?;
    // The owner may well answer in Indonesian.
    Ok(matches!(
        answer.trim().to_lowercase().as_str(),
        "y" | "yes" | "ya"
    ))
}
