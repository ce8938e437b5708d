//! From a remote's options to OpenDAL's operator, one line a kind; which keys each kind knows.
//! It judges no value and asks nobody.

use opendal::{Configurator, Operator, services};
use serde::Serialize;

use crate::config::RemoteKind;

/// Keys that OpenDAL still reads but that mean nothing any more.
const DEPRECATED: [&str; 1] = ["enable_copy"];

pub(super) fn operator(
    kind: RemoteKind,
    options: impl IntoIterator<Item = (String, String)>,
) -> opendal::Result<Operator> {
    match kind {
        RemoteKind::Azblob => Operator::from_iter::<services::Azblob>(options),
        RemoteKind::Dropbox => Operator::from_iter::<services::Dropbox>(options),
        RemoteKind::Fs => Operator::from_iter::<services::Fs>(options),
        RemoteKind::Gcs => Operator::from_iter::<services::Gcs>(options),
        RemoteKind::Gdrive => Operator::from_iter::<services::Gdrive>(options),
        RemoteKind::S3 => Operator::from_iter::<services::S3>(options),
        RemoteKind::Sftp => Operator::from_iter::<services::Sftp>(options),
        RemoteKind::Webdav => Operator::from_iter::<services::Webdav>(options),
    }
}

/// The options that a kind of remote knows, by OpenDAL's names.
#[must_use]
pub fn known_options(kind: RemoteKind) -> Vec<String> {
    match kind {
        RemoteKind::Azblob => keys::<services::AzblobConfig>(),
        RemoteKind::Dropbox => keys::<services::DropboxConfig>(),
        RemoteKind::Fs => keys::<services::FsConfig>(),
        RemoteKind::Gcs => keys::<services::GcsConfig>(),
        RemoteKind::Gdrive => keys::<services::GdriveConfig>(),
        RemoteKind::S3 => keys::<services::S3Config>(),
        RemoteKind::Sftp => keys::<services::SftpConfig>(),
        RemoteKind::Webdav => keys::<services::WebdavConfig>(),
    }
}

fn keys<C: Configurator + Default + Serialize>() -> Vec<String> {
    let fields = serde_json::to_value(C::default()).expect("OpenDAL's options are plain data");
    let names = fields.as_object().into_iter().flat_map(|fields| fields.keys());
    names
        .filter(|name| !DEPRECATED.contains(&name.as_str()))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_knows_keys_of_its_own() {
        for (word, kind) in RemoteKind::ALL {
            let known = known_options(kind);
            assert!(known.contains(&"root".to_owned()), "{word}: {known:?}");
            assert!(!known.contains(&"enable_copy".to_owned()));
        }
        assert!(known_options(RemoteKind::S3).contains(&"checksum_algorithm".to_owned()));
        assert!(known_options(RemoteKind::Sftp).contains(&"known_hosts_strategy".to_owned()));
    }
}
