//! Unpacks configuration, `.env` and logs into a new folder.
//! The archive is treated as an enemy's: no absolute path, no `..`, no link, no device, no more than the limits.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Component, Path},
};

use anyhow::{Context, bail, ensure};

use crate::backup::{FILES_BYTES_MAX, FILES_MAX};

/// Writes every file of the archive under the folder and returns how many there were.
pub(super) fn unpack(tar: &[u8], into: &Path) -> anyhow::Result<usize> {
    let mut archive = tar::Archive::new(tar);
    let (mut count, mut total_bytes) = (0, 0_u64);
    for entry in archive.entries().context("reading the archive of files")? {
        let mut entry = entry.context("reading the archive of files")?;
        let name = entry
            .path()
            .context("reading a name in the archive")?
            .into_owned();
        let harmless = name.components().all(|part| matches!(part, Component::Normal(_)));
        ensure!(
            harmless && name.components().next().is_some(),
            "the archive names a file outside of its folder"
        );
        if entry.header().entry_type() != tar::EntryType::Regular {
            bail!("the archive holds something that is no file: {}", name.display());
        }
        count += 1;
        total_bytes = total_bytes.saturating_add(entry.size());
        ensure!(
            count <= FILES_MAX && total_bytes <= FILES_BYTES_MAX,
            "the archive of files is too large"
        );
        let mode = entry.header().mode().unwrap_or(0o600) & 0o700;
        write(&mut entry, &into.join(&name), mode)
            .with_context(|| format!("unpacking {}", name.display()))?;
    }
    Ok(count)
}

fn write(from: &mut impl Read, path: &Path, mode: u32) -> anyhow::Result<()> {
    let folder = path.parent().context("every file has a folder")?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    io::copy(from, &mut file)?;
    Ok(file.sync_all()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(name: &str, kind: tar::EntryType) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        // The safe setter refuses such names, as it should; an enemy writes the bytes.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o777);
        header.set_size(1);
        header.set_cksum();
        let mut builder = tar::Builder::new(Vec::new());
        builder.append(&header, b"x".as_slice()).unwrap();
        builder.into_inner().unwrap()
    }

    #[test]
    fn an_ordinary_file_is_unpacked_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            unpack(&archive("etc/warung/.env", tar::EntryType::Regular), dir.path()).unwrap(),
            1
        );
        let mode = std::fs::metadata(dir.path().join("etc/warung/.env"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn nothing_gets_out_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        for name in ["../escaped", "/tmp/escaped-absolute", "a/../../escaped"] {
            assert!(
                unpack(&archive(name, tar::EntryType::Regular), &inner).is_err(),
                "{name} was accepted"
            );
        }
        for kind in [
            tar::EntryType::Symlink,
            tar::EntryType::Link,
            tar::EntryType::Char,
        ] {
            assert!(
                unpack(&archive("link", kind), &inner).is_err(),
                "{kind:?} was accepted"
            );
        }
        assert!(!dir.path().join("escaped").exists());
    }
}
