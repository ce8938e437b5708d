//! Real file systems of a test's own, small enough to fill and free to break: mounted where nobody else sees them.
//! Nothing is pretended: what fails is the kernel's own write.

use std::{
    env, fs,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::wait::until;

/// Set for the copy of a test that has mounts of its own.
const INSIDE: &str = "WARUNG_OWN_MOUNTS";

/// Runs the test of this full name again in a mount namespace of its own, unless this is that run already. Answers
/// whether it is. Without root it needs a kernel that gives users namespaces of their own.
///
/// # Panics
/// When the test fails there. Where nobody may mount anything, as in some containers, it says so and answers no.
#[must_use]
pub fn in_own_mounts(test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let kind = if is_root() { "-m" } else { "-Urm" };
    if !may_mount(kind) {
        eprintln!("NOT RUN: {test}: this machine lets nobody mount anything");
        return false;
    }
    let own = env::current_exe().expect("a test knows its program");
    let ended = Command::new("unshare")
        .arg(kind)
        .arg(own)
        .args([test, "--exact", "--nocapture", "--include-ignored"])
        .env(INSIDE, "1")
        .status()
        .expect("unshare (util-linux) is there");
    assert!(
        ended.success(),
        "{test} failed in its own mount namespace: {ended}"
    );
    false
}

fn may_mount(kind: &str) -> bool {
    let tried = Command::new("unshare")
        .args([kind, "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
        .status();
    tried.expect("unshare (util-linux) is there").success()
}

/// Whether this process may do what only root may, loop devices included.
#[must_use]
pub fn is_root() -> bool {
    let mapped_whole =
        fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| map.trim_end().ends_with("4294967295"));
    let own = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    mapped_whole && own
}

/// A file system in memory over a folder, with room for so many bytes.
///
/// # Errors
/// When it cannot be mounted.
pub fn mount_small(folder: &Path, size_bytes: u64) -> Result<()> {
    let options = format!("size={size_bytes}");
    call("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", text(folder)])
}

/// What a folder shows while the disk that belongs there is not mounted: nothing, and nobody can write it.
///
/// # Errors
/// When it cannot be mounted.
pub fn mount_nothing(folder: &Path) -> Result<()> {
    call("mount", &["-t", "tmpfs", "-o", "ro", "tmpfs", text(folder)])
}

/// Takes every byte that is left.
///
/// # Panics
/// When the file cannot be made at all.
pub fn fill(folder: &Path) -> PathBuf {
    let path = folder.join("somebody-elses.log");
    let mut file = File::create(&path).expect("an empty file needs no room");
    for size_bytes in [1 << 20, 4_096, 1] {
        while file.write_all(&vec![b'x'; size_bytes]).is_ok() {}
    }
    path
}

/// A disk of its own: an image with ext4, as a cheap server has one.
pub struct Disk {
    image: PathBuf,
    folder: PathBuf,
}

impl Disk {
    /// Makes one and mounts it over a folder; a fault of the disk makes it read-only, as is usual.
    ///
    /// # Errors
    /// When it cannot be made: only root has loop devices.
    pub fn mount(image: &Path, folder: &Path, size_bytes: u64) -> Result<Self> {
        File::create(image)
            .and_then(|file| file.set_len(size_bytes))
            .context("making an image")?;
        call("mkfs.ext4", &["-q", text(image)])?;
        let disk = Self {
            image: image.to_owned(),
            folder: folder.to_owned(),
        };
        disk.attach()?;
        Ok(disk)
    }

    fn attach(&self) -> Result<()> {
        let options = "loop,errors=remount-ro";
        call("mount", &["-o", options, text(&self.image), text(&self.folder)])
    }

    /// Lets the kernel find a fault on it: from now on every write is refused, also by files that are open.
    ///
    /// # Errors
    /// When the kernel has no such switch.
    pub fn fail(&self) -> Result<()> {
        let source = Command::new("findmnt")
            .args(["-n", "-o", "SOURCE", text(&self.folder)])
            .output()
            .context("finding the loop device")?;
        let sources = String::from_utf8_lossy(&source.stdout);
        let device = sources.lines().find_map(|line| line.strip_prefix("/dev/"));
        let device = device.context("the disk is not mounted")?;
        fs::write(format!("/sys/fs/ext4/{device}/trigger_fs_error"), "1").context("breaking the disk")
    }

    /// Takes it off, checks it, and mounts it again: what an owner does with `fsck`.
    ///
    /// # Panics
    /// When somebody keeps a file on it open.
    pub fn mend(&self) {
        until("the disk to be let go", Duration::from_secs(20), || {
            call("umount", &[text(&self.folder)]).ok()
        });
        // 1: faults were found and mended.
        let checked = Command::new("fsck.ext4").args(["-p", text(&self.image)]).status();
        assert!(checked.is_ok_and(|status| matches!(status.code(), Some(0 | 1))));
        self.attach().expect("it was mounted before");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

fn call(program: &str, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("starting {program}"))?;
    ensure!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
