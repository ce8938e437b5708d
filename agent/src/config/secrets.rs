//! Where secrets come from: a systemd credential, else the environment, else `.env` beside the file, else the folder
//! `credentials` beside it: there the units take theirs from, and a command by hand finds them too.
//! They are never read from the TOML, and a key there that looks like one is refused by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use protocol::{
    secret::{Secret, parse_dotenv},
    settings::Faults,
};

use super::{Config, Purpose};

/// A credential file is a few words; more is somebody's mistake.
const CREDENTIAL_BYTES_MAX: u64 = 64 * 1024;

/// The folder beside the configuration that the units load their credentials from.
const SOURCE_DIR: &str = "credentials";

/// What surrounds the process, as an argument so that tests need not change their own.
pub struct Environment {
    credentials_dir: Option<PathBuf>,
    source_dir: PathBuf,
    variables: BTreeMap<String, Secret>,
    dotenv: BTreeMap<String, Secret>,
}

impl Environment {
    /// The surroundings of this process, with the `.env` beside the configuration file.
    #[must_use]
    pub fn of_process(config: &Path) -> Self {
        // Variables that are not UTF-8 are nobody's secret here.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, Secret::new(&value.into_string().ok()?)))
        });
        Self::new(
            std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            variables,
            config,
        )
    }

    /// Given surroundings.
    pub fn new(
        credentials_dir: Option<PathBuf>,
        variables: impl IntoIterator<Item = (String, Secret)>,
        config: &Path,
    ) -> Self {
        let text = std::fs::read_to_string(config.with_file_name(".env")).unwrap_or_default();
        let dotenv = parse_dotenv(&text)
            .map(|(name, value)| (name.to_owned(), Secret::new(value)))
            .collect();
        Self {
            credentials_dir,
            source_dir: config.with_file_name(SOURCE_DIR),
            variables: variables.into_iter().collect(),
            dotenv,
        }
    }

    /// The secret of that name, if it is anywhere and not empty.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<Secret> {
        let stored = || self.variables.get(name).or_else(|| self.dotenv.get(name));
        let found = self
            .credentials_dir
            .as_deref()
            .and_then(|dir| credential(dir, name))
            .or_else(|| stored().map(|secret| Secret::new(secret.expose())))
            .or_else(|| credential(&self.source_dir, name))?;
        (!found.is_empty()).then_some(found)
    }

    /// Every name that begins like this.
    fn names(&self, prefix: &str) -> BTreeSet<String> {
        let folders = self.credentials_dir.iter().chain([&self.source_dir]);
        let entries = folders.filter_map(|dir| std::fs::read_dir(dir).ok()).flatten();
        let files = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let known = self.variables.keys().chain(self.dotenv.keys()).cloned();
        files
            .chain(known)
            .filter(|name| name.starts_with(prefix))
            .collect()
    }
}

/// One file a secret, named as the variable is.
fn credential(dir: &Path, name: &str) -> Option<Secret> {
    let path = dir.join(name);
    let size = std::fs::metadata(&path).ok()?.len();
    (size <= CREDENTIAL_BYTES_MAX).then_some(())?;
    std::fs::read_to_string(path).ok().map(|text| Secret::new(&text))
}

/// Whether an option of a remote is a credential by its name.
pub(super) fn is_secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    // Where a secret lies is none.
    if key.ends_with("_path") {
        return false;
    }
    [
        "secret",
        "password",
        "passphrase",
        "token",
        "credential",
        "private_key",
        "customer_key",
        "account_key",
        "encryption_key",
    ]
    .iter()
    .any(|part| key.contains(part))
}

/// Whether a value is an address with a user's password in it: `https://user:password@host`. A user alone is none.
pub(super) fn holds_password(value: &str) -> bool {
    let after_scheme = value.split_once("://").map(|(_, rest)| rest);
    let authority = after_scheme.and_then(|rest| rest.split('/').next());
    let user = authority.and_then(|authority| authority.rsplit_once('@'));
    user.is_some_and(|(user, _)| user.contains(':'))
}

/// Whether it has the form of what @BotFather gives (core.telegram.org/bots/api, "Authorizing your bot"). How long the
/// second part is is not promised.
fn is_bot_token(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.split_once(':').is_some_and(|(number, rest)| {
        !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && !rest.is_empty()
            && rest.bytes().all(is_plain)
    })
}

/// The variable that holds an option of a remote.
pub(super) fn variable(remote: &str, key: &str) -> String {
    format!("{}{}", prefix(remote), key.to_ascii_uppercase())
}

/// How the variables of a remote begin.
#[must_use]
pub fn prefix(remote: &str) -> String {
    format!("REMOTE_{}_", remote.to_ascii_uppercase().replace('-', "_"))
}

/// Puts every secret where it belongs.
pub(super) fn add(config: &mut Config, purpose: Purpose, environment: &Environment, faults: &mut Faults) {
    config.secrets.owner_bot_token = environment.secret("OWNER_BOT_TOKEN");
    config.secrets.console_totp = environment.secret("CONSOLE_TOTP_SECRET");
    if config.secrets.owner_bot_token.is_none() && purpose == Purpose::Keep {
        faults.add("OWNER_BOT_TOKEN is missing: put the token of the owner's own Telegram bot (made with @BotFather) into the file credentials/OWNER_BOT_TOKEN beside the configuration, into .env beside it, or into the environment");
    }
    if let Some(token) = &config.secrets.owner_bot_token
        && purpose == Purpose::Keep
        && !is_bot_token(token.expose())
    {
        faults.add(
            "OWNER_BOT_TOKEN is not the token of a bot: @BotFather gives one as a number, a colon, and some thirty letters and \
             digits. Copy it whole, without quotes or blanks",
        );
    }
    let prefixes: Vec<String> = config.remotes.iter().map(|remote| prefix(&remote.name)).collect();
    for (at, remote) in config.remotes.iter_mut().enumerate() {
        for name in environment.names(&prefixes[at]) {
            // REMOTE_A_B_KEY belongs to the remote a-b if there is one, and not to the remote a.
            let longer =
                |other: &String| other.len() > prefixes[at].len() && name.starts_with(other.as_str());
            if prefixes.iter().any(longer) {
                continue;
            }
            if let Some(secret) = environment.secret(&name) {
                let key = name[prefixes[at].len()..].to_ascii_lowercase();
                remote.credentials.insert(key, secret);
            }
        }
    }
}
