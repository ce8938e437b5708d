//! One small file out of the archive of a restore point, for whoever wants to know what a server said of itself.
//! It writes nothing, and whatever does not open or read is nothing.

use std::io::Read;

use protocol::manifest::Manifest;

use super::{Sources, fetch};
use crate::backup::Silent;

/// The first `bytes_max` bytes of the file of this name, of an archive that is not larger than `archive_bytes_max`.
pub(super) async fn file(
    sources: &Sources<'_>,
    manifest: &Manifest,
    name: &str,
    (archive_bytes_max, bytes_max): (u64, u64),
) -> Option<Vec<u8>> {
    let files = manifest.files.as_ref()?;
    if files.plain_size_bytes > archive_bytes_max {
        return None;
    }
    let (tar, _) = fetch::object(sources, files, &Silent).await.ok()?;
    let mut archive = tar::Archive::new(tar.as_slice());
    let mut entries = archive.entries().ok()?.flatten();
    entries.find_map(|entry| {
        let is_it = entry.path().ok()?.file_name()? == name;
        if !is_it {
            return None;
        }
        let mut bytes = Vec::new();
        entry.take(bytes_max).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    })
}
