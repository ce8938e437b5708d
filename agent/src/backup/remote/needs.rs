//! What each kind of remote needs to be told before it can be opened, in the words of agent.toml.
//! Pure: whether what is told is true is found out by asking.

use std::collections::BTreeMap;

use opendal::ErrorKind;

use crate::config::RemoteKind;

/// A key that a kind cannot do without, an example, and what else there is to say.
type Need = (&'static str, &'static str, &'static str);

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
