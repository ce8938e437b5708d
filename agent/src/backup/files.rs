//! Configuration, `.env` and logs as one tar. Symbolic links are not followed, and what cannot be read or does not
//! fit is named and never silently left out.
//! It encrypts nothing and keeps nothing on the disk. What is no file of a disk is not opened: it may have no end.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;

use super::{
    bound::{Bound, Met},
    no_disk, secret_key, stage,
};
use crate::config::Config;

/// Plain bytes of all files together. Of what was looked at the smallest go first, so that configuration fits and a runaway
/// log is what is named as left out.
pub const FILES_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Files in one archive.
pub const FILES_MAX: usize = 20_000;
/// What a tar adds to its contents: a header and padding an entry, and the end.
pub const ARCHIVE_BYTES_MAX: u64 = FILES_BYTES_MAX + (FILES_MAX as u64 + 64) * 4_096;
/// Folders within folders.
const DEPTH_MAX: usize = 16;
/// Pipes, sockets and devices that are named one by one; a folder such as `/dev` holds hundreds.
const NO_FILES_NAMED: usize = 20;

/// How long one who waits for an answer waits for a configured path.
const PATIENCE: Duration = Duration::from_secs(10);

/// Said of what nobody has the time to look through.
const TOO_MUCH: &str = "holds too much to look through, and what was not looked at is not in the backup: name under [backup] \
                        files what the shop needs, and not the whole tree";
/// Said of what nobody waits for at a terminal.
const TOO_SLOW: &str = "was not looked through within ten seconds: a backup takes the time, for 100,000 files and folders at \
                        most";
/// Said of the owner's secret key.
const NOT_HERE: &str = "holds an OpenPGP SECRET key, which never rides along and must not lie on the server: whoever takes \
                        the server could read every backup. Take it off";

/// One file that rides along.
struct Found {
    path: PathBuf,
    size_bytes: u64,
}

/// Everything that was found under the configured paths.
#[derive(Default)]
pub(super) struct Collected {
    found: Vec<Found>,
    /// What is not in the archive, and why, one sentence each.
    pub left_out: Vec<String>,
    /// Pipes, sockets and devices.
    no_files: usize,
    /// Why something was not even looked at.
    cut: Option<Met>,
}

/// What a backup that is taken now takes along of one configured path.
pub struct Riding {
    /// Files.
    pub count: usize,
    /// Their bytes.
    pub size_bytes: u64,
    /// What it leaves out, one sentence each.
    pub left_out: Vec<String>,
    /// Why not all of it was looked at.
    pub cut: Option<Met>,
}

/// Looks for the files; `except` are paths that must never ride along: the database and the agent's own state.
pub(super) fn collect(paths: &[PathBuf], except: &[PathBuf]) -> Collected {
    let mut collected = collect_within(paths, except, &|| Bound::new(None));
    collected.leave_out_secret_keys();
    collected
}

/// The same within a bound for each of the paths.
fn collect_within(paths: &[PathBuf], except: &[PathBuf], bound: &dyn Fn() -> Bound) -> Collected {
    let mut collected = Collected::default();
    for path in paths {
        let mut bound = bound();
        visit(path, except, (0, None), (&mut collected, &mut bound));
        if let Some(met) = bound.met {
            collected.cut = Some(met);
            let told = match met {
                Met::Count => TOO_MUCH,
                Met::Patience => TOO_SLOW,
            };
            collected.left_out.insert(0, format!("{} {told}", path.display()));
        }
    }
    let unnamed = collected.no_files.saturating_sub(NO_FILES_NAMED);
    if unnamed > 0 {
        let told = format!("{unnamed} more are pipes, sockets or devices, and hold nothing to back up");
        collected.left_out.push(told);
    }
    collected
        .found
        .sort_by(|a, b| (a.size_bytes, &a.path).cmp(&(b.size_bytes, &b.path)));
    collected.found.dedup_by(|a, b| a.path == b.path);
    let mut total_bytes = 0;
    let mut kept = Vec::new();
    for file in collected.found.drain(..) {
        total_bytes += file.size_bytes;
        if total_bytes > FILES_BYTES_MAX || kept.len() == FILES_MAX {
            collected.left_out.push(format!(
                "{} does not fit ({} bytes)",
                file.path.display(),
                file.size_bytes
            ));
        } else {
            kept.push(file);
        }
    }
    collected.found = kept;
    collected
}

/// What rides along of one configured path.
#[must_use]
pub fn riding_along(config: &Config, path: &Path) -> Riding {
    let never = stage::never(config);
    if never.iter().any(|never| path.starts_with(never)) {
        let told = format!(
            "{} is the database, the agent's own folder or a remote's, which no backup takes as files",
            path.display()
        );
        return Riding {
            count: 0,
            size_bytes: 0,
            left_out: vec![told],
            cut: None,
        };
    }
    let mut collected = collect_within(&[path.to_path_buf()], &never, &|| Bound::new(Some(PATIENCE)));
    if collected.cut.is_some() {
        return Riding {
            count: collected.found.len(),
            size_bytes: collected.size_bytes(),
            left_out: collected.left_out,
            cut: collected.cut,
        };
    }
    collected.leave_out_secret_keys();
    let readable = |file: &Found| match File::open(&file.path) {
        Ok(_) => None,
        Err(error) => Some(format!("{} cannot be read: {error}", file.path.display())),
    };
    let unreadable: Vec<String> = collected.found.iter().filter_map(readable).collect();
    Riding {
        count: collected.found.len() - unreadable.len(),
        size_bytes: collected.size_bytes(),
        cut: None,
        left_out: [collected.left_out, unreadable].concat(),
    }
}

/// `above` is the device of the folder that it was found in.
fn visit(
    path: &Path,
    except: &[PathBuf],
    (depth, above): (usize, Option<u64>),
    (collected, bound): (&mut Collected, &mut Bound),
) {
    if except.iter().any(|excluded| path.starts_with(excluded)) || !bound.takes_one() {
        return;
    }
    let mut complain = |what: String| collected.left_out.push(format!("{} {what}", path.display()));
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return complain(format!("cannot be read: {error}")),
    };
    if let Some(told) = no_file(&metadata) {
        collected.no_files += 1;
        if collected.no_files <= NO_FILES_NAMED {
            complain(format!("is {told}, which holds nothing to back up"));
        }
    } else if metadata.is_symlink() {
        complain("is a symbolic link, which is not followed".to_owned());
    } else if above != Some(metadata.dev()) && no_disk::holds(path) {
        complain(no_disk::TOLD.to_owned());
    } else if metadata.is_file() {
        collected.found.push(Found {
            path: path.to_path_buf(),
            size_bytes: metadata.len(),
        });
    } else if metadata.is_dir() && depth == DEPTH_MAX {
        complain("lies too deep".to_owned());
    } else if metadata.is_dir() {
        // What never rides along counts for nothing.
        let names_max = bound.names_max().saturating_add(except.len());
        let entries = fs::read_dir(path);
        match entries.and_then(|all| all.take(names_max).collect::<io::Result<Vec<_>>>()) {
            Ok(mut entries) => {
                // Where not all of a tree is looked at, the configuration at its top is.
                entries.sort_by_key(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
                entries.iter().for_each(|entry| {
                    let below = (depth + 1, Some(metadata.dev()));
                    visit(&entry.path(), except, below, (&mut *collected, &mut *bound));
                });
            }
            Err(error) => complain(format!("cannot be read: {error}")),
        }
    }
}

/// What it is where it can be opened like a file and is none.
fn no_file(metadata: &fs::Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    match (kind.is_fifo(), kind.is_socket()) {
        (true, _) => Some("a pipe"),
        (_, true) => Some("a socket"),
        _ => (kind.is_char_device() || kind.is_block_device()).then_some("a device"),
    }
}

impl Collected {
    /// Only what would ride along is read for it: a tree holds gigabytes.
    fn leave_out_secret_keys(&mut self) {
        let is_secret = |file: &Found| secret_key::is_in(&file.path);
        let (secret, kept): (Vec<Found>, Vec<Found>) = self.found.drain(..).partition(is_secret);
        let told = secret
            .iter()
            .map(|file| format!("{} {NOT_HERE}", file.path.display()));
        self.left_out.extend(told);
        self.found = kept;
    }

    /// Writes the archive. A file that vanished or cannot be read since it was found is added to `left_out`.
    pub(super) fn write_tar(&mut self, into: impl Write) -> anyhow::Result<()> {
        let mut tar = tar::Builder::new(into);
        for file in &self.found {
            match File::open(&file.path).and_then(|open| Ok((open.metadata()?, open))) {
                Ok((metadata, open)) => append(&mut tar, &file.path, &metadata, file.size_bytes, open)?,
                Err(error) => self
                    .left_out
                    .push(format!("{} cannot be read: {error}", file.path.display())),
            }
        }
        tar.into_inner()
            .context("ending the archive")?
            .flush()
            .context("writing the archive")
    }

    /// Adds a small file that rides along whatever is configured, where it is there.
    pub(super) fn add(&mut self, path: PathBuf) {
        if let Ok(metadata) = fs::symlink_metadata(&path)
            && metadata.is_file()
        {
            let size_bytes = metadata.len();
            self.found.insert(0, Found { path, size_bytes });
        }
    }

    /// Plain bytes of everything found.
    pub(super) fn size_bytes(&self) -> u64 {
        self.found.iter().map(|file| file.size_bytes).sum()
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

/// A log grows while it is read and a rotated one shrinks: the entry has exactly the size in its header.
fn append(
    tar: &mut tar::Builder<impl Write>,
    path: &Path,
    metadata: &fs::Metadata,
    size_bytes_max: u64,
    open: File,
) -> anyhow::Result<()> {
    let size_bytes = metadata.len().min(size_bytes_max);
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(size_bytes);
    header.set_mode(metadata.mode() & 0o700);
    header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or(0));
    let name = path.strip_prefix("/").unwrap_or(path);
    let contents = open.chain(io::repeat(0)).take(size_bytes);
    tar.append_data(&mut header, name, contents)
        .with_context(|| format!("archiving {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_of_a_disk_is_named_and_never_read() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
        fs::write(dir.path().join("notes"), "kept").unwrap();
        let shown = PathBuf::from("/proc");
        let collected = collect(
            &[
                dir.path().to_path_buf(),
                shown,
                PathBuf::from("/proc/self/status"),
            ],
            &[],
        );
        let found: Vec<&Path> = collected.found.iter().map(|file| file.path.as_path()).collect();
        assert_eq!(found, [dir.path().join("notes")]);
        let told = collected.left_out.join("\n");
        assert!(told.contains("/pipe is a pipe"), "{told}");
        assert!(told.contains("/socket is a socket"), "{told}");
        assert!(
            told.contains("/proc is no disk") && told.contains("/proc/self/status is no disk"),
            "{told}"
        );
    }

    #[test]
    fn a_tree_is_looked_through_up_to_a_bound_and_named_and_what_else_is_configured_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (large, small) = (dir.path().join("large"), dir.path().join("small"));
        for (folder, count) in [(&large, 30), (&small, 5)] {
            fs::create_dir(folder).unwrap();
            (0..count).for_each(|number| fs::write(folder.join(number.to_string()), "text").unwrap());
        }
        let of = |bound: &dyn Fn() -> Bound| collect_within(&[large.clone(), small.clone()], &[], bound);
        let whole = of(&|| Bound::of(31, None));
        assert_eq!(
            (whole.found.len(), whole.left_out.len(), whole.cut),
            (35, 0, None)
        );
        let cut = of(&|| Bound::of(11, None));
        assert_eq!((cut.found.len(), cut.cut), (15, Some(Met::Count)));
        let told = format!("{} holds too much to look through", large.display());
        assert!(
            cut.left_out.len() == 1 && cut.left_out[0].starts_with(&told),
            "{:?}",
            cut.left_out
        );
        let late = of(&|| Bound::of(31, Some(Duration::ZERO)));
        assert_eq!((late.found.len(), late.cut), (0, Some(Met::Patience)));
        assert_eq!(secret_key::under(&[large]), (Vec::new(), Vec::new()));
    }

    #[test]
    fn of_hundreds_of_devices_some_are_named_and_the_rest_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..NO_FILES_NAMED + 5 {
            let pipe = dir.path().join(number.to_string());
            rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        }
        let left_out = collect(&[dir.path().to_path_buf()], &[]).left_out;
        assert_eq!(left_out.len(), NO_FILES_NAMED + 1);
        assert!(
            left_out[NO_FILES_NAMED].starts_with("5 more are pipes"),
            "{left_out:?}"
        );
    }

    #[test]
    fn a_secret_key_is_not_looked_for_in_what_the_kernel_shows() {
        assert_eq!(
            secret_key::under(&[PathBuf::from("/proc")]),
            (Vec::new(), Vec::new())
        );
    }
}
