//! What each kind of remote needs to be told before it can be opened, in the words of agent.toml.
//! Pure: whether what is told is true is found out by asking.

use std::collections::BTreeMap;

use opendal::ErrorKind;

use super::told::NO_CREDENTIALS;
use crate::config::{RemoteKind, variables_of};

/// A key that a kind cannot do without, an example, and what else there is to say.
type Need = (&'static str, &'static str, &'static str);

/// A drive that was given none of its tokens, in the words of the library that opens it.
const TOKENS_MISSING: &str = "access_token or refresh_token must be set";

const fn needs(kind: RemoteKind) -> &'static [Need] {
    match kind {
        RemoteKind::S3 => &[
            ("bucket", "warung-backup", ""),
            (
                "region",
                "us-east-1",
                "; it is the bucket's own, and a server that has none takes this one",
            ),
        ],
        RemoteKind::Gcs => &[("bucket", "warung-backup", "")],
        RemoteKind::Azblob => &[
            ("container", "warung", ""),
            ("endpoint", "https://warungexample.blob.core.windows.net", ""),
        ],
        RemoteKind::Webdav => &[("endpoint", "https://cloud.example/remote.php/dav/files/shop", "")],
        RemoteKind::Sftp => &[("endpoint", "ssh://shop@backup.example:22", "")],
        RemoteKind::Fs | RemoteKind::Gdrive | RemoteKind::Dropbox => &[],
    }
}

/// What a remote lacks that nobody signs for, by the names that its kind knows.
pub(super) fn no_credentials((name, kind): (&str, RemoteKind)) -> String {
    let variable = |key: &str| format!("{}{key}", variables_of(name));
    let two =
        |first: &str, word: &str, second: &str| format!("{} {word} {}", variable(first), variable(second));
    let (wanted, more) = match kind {
        RemoteKind::S3 => (two("ACCESS_KEY_ID", "and", "SECRET_ACCESS_KEY"), ""),
        RemoteKind::Gcs => (
            variable("CREDENTIAL"),
            ": the service account's JSON in base64. Or name its file by `credential_path`",
        ),
        RemoteKind::Azblob => (
            two("ACCOUNT_KEY", "or", "SAS_TOKEN"),
            "; a key needs its `account_name`, too",
        ),
        RemoteKind::Gdrive | RemoteKind::Dropbox => (
            two("REFRESH_TOKEN", "and", "CLIENT_SECRET"),
            "; they need their `client_id`, too",
        ),
        RemoteKind::Webdav => (variable("PASSWORD"), "; it needs its `username`, too"),
        // Neither signs anything: a folder asks for nothing, and ssh shows the key in a file.
        RemoteKind::Fs | RemoteKind::Sftp => return NO_CREDENTIALS.to_owned(),
    };
    format!(
        "{NO_CREDENTIALS}: {wanted} must stand in the folder credentials beside agent.toml, a file for each, or in the .env \
         beside it{more}"
    )
}

/// A key that is there and says nothing, or an address that lacks its beginning.
pub(super) fn unusable(
    (name, kind): (&str, RemoteKind),
    options: &BTreeMap<String, String>,
) -> Option<String> {
    needs(kind).iter().find_map(|need| {
        let value = options.get(need.0)?.trim();
        if value.is_empty() {
            return Some(told(name, need, "says nothing"));
        }
        let is_address = matches!(kind, RemoteKind::Azblob | RemoteKind::Webdav) && need.0 == "endpoint";
        let is_whole = value.starts_with("https://") || value.starts_with("http://");
        (is_address && !is_whole).then(|| {
            let wrong = format!("is \"{value}\", and an address begins with https:// or http://");
            told(name, need, &wrong)
        })
    })
}

/// What is missing where the library refuses to begin, if it is one of these; the library also takes other names for them.
pub(super) fn missing((name, kind): (&str, RemoteKind), error: &opendal::Error) -> Option<String> {
    if error.kind() == ErrorKind::ConfigInvalid && error.message().contains(TOKENS_MISSING) {
        return Some(no_credentials((name, kind)));
    }
    let is_about =
        |need: &&Need| error.kind() == ErrorKind::ConfigInvalid && error.message().contains(need.0);
    let need = needs(kind).iter().find(is_about)?;
    Some(told(name, need, "is missing"))
}

fn told(name: &str, (key, example, more): &Need, wrong: &str) -> String {
    format!(
        "`{key}` {wrong}: write it under [remotes.{name}] in agent.toml, for example {key} = \"{example}\"{more}"
    )
}
