//! What a file system says of itself: room, files, and whether it takes writes.
//! It judges nothing, and writes nothing to find out.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use rustix::fs::StatVfsMountFlags;

use super::{proc_text, trees};

/// What ext4 shows of itself once it has stopped after an error, beside an `rw` that is not true any more (Linux 6.15 and
/// later, `ext4_show_options`).
const STOPPED: [&str; 2] = ["emergency_ro", "shutdown"];

/// What a file system says of itself. Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Space {
    /// What an ordinary user can fill, used or not.
    pub capacity: f64,
    /// What is used.
    pub used: f64,
    /// Files that there can be; 0 where the file system does not count them.
    pub files: f64,
    /// Files that there can still be.
    pub files_free: f64,
    /// Whether it takes no writes.
    pub read_only: bool,
}

/// What is mounted, as it was at one moment: read once for all the disks of a look.
pub struct MountTable(String);

impl MountTable {
    /// By the kernel's table; an empty one where it cannot be read.
    #[must_use]
    pub fn now() -> Self {
        Self(proc_text::text("/proc/self/mountinfo").unwrap_or_default())
    }
}

/// Full by so much in whole percent, as df writes it: rounded up, so that a disk with anything on it is none with nothing.
#[must_use]
pub fn as_df_tells(percent: f64) -> f64 {
    // What is kept of a figure has seven digits; and nothing is no less than nothing.
    (percent - 1e-4).ceil() + 0.0
}

/// Asks the file system.
///
/// # Errors
/// What it answers instead.
pub fn space(place: &Path, mounts: &MountTable) -> std::io::Result<Space> {
    let stat = rustix::fs::statvfs(place)?;
    // Exact to a few bytes up to the size of any disk.
    #[allow(clippy::cast_precision_loss, reason = "percentages of disks")]
    let size = |blocks: u64| blocks as f64 * stat.f_frsize as f64;
    #[allow(clippy::cast_precision_loss, reason = "percentages of files")]
    let count = |files: u64| files as f64;
    let used = size(stat.f_blocks.saturating_sub(stat.f_bfree));
    Ok(Space {
        // As df counts: what is reserved for root cannot be used up by a shop.
        capacity: used + size(stat.f_bavail),
        used,
        files: count(stat.f_files),
        files_free: count(stat.f_ffree),
        read_only: takes_no_writes(place, mounts, stat.f_flag.contains(StatVfsMountFlags::RDONLY)),
    })
}

/// Not so where only this process may not write, as systemd's `ProtectSystem` has it. Where the table of mounts does not
/// say, what the file system says of this place counts.
fn takes_no_writes(place: &Path, mounts: &MountTable, says_read_only: bool) -> bool {
    let device = trees::device(place);
    let told = device.and_then(|device| {
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        Some(match options_of(&mounts.0, major, minor)? {
            options if options.iter().any(|option| STOPPED.contains(option)) => true,
            options => says_read_only && !options.contains(&"rw"),
        })
    });
    told.unwrap_or(says_read_only)
}

/// The options of a file system, which stand last in each line of one of its mounts; those of the mount stand before.
/// Pure.
fn options_of(mounts: &str, major: u32, minor: u32) -> Option<Vec<&str>> {
    let device = format!("{major}:{minor}");
    let of_device = mounts
        .lines()
        .find(|line| line.split(' ').nth(2) == Some(&device));
    of_device?
        .rsplit(' ')
        .next()
        .map(|options| options.split(',').collect())
}

/// Where the file system that holds this place is mounted: as `df` names it, and `du -x` can be asked about.
#[must_use]
pub fn mount_of(place: &Path) -> PathBuf {
    let whole = std::fs::canonicalize(place).unwrap_or_else(|_| place.to_path_buf());
    let device = trees::device(&whole);
    let same = whole
        .ancestors()
        .take_while(|above| trees::device(above) == device);
    same.last().unwrap_or(&whole).to_path_buf()
}

/// Where places are mounted, as long as each lies on the same disk: finding it out costs more than all the rest of a look.
#[derive(Default)]
pub struct MountPoints(BTreeMap<PathBuf, (u64, PathBuf)>);

impl MountPoints {
    /// Where the file system with this number is mounted that holds this place.
    pub fn of(&mut self, place: &Path, device: u64) -> PathBuf {
        if let Some((_, mount)) = self.0.get(place).filter(|(known, _)| *known == device) {
            return mount.clone();
        }
        let mount = mount_of(place);
        // Unless something was mounted or unmounted meanwhile.
        if trees::device(place) == Some(device) {
            self.0.insert(place.to_path_buf(), (device, mount.clone()));
        }
        mount
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_a_file_system_are_those_of_its_device() {
        let mounts = "36 35 98:0 / /log ro,relatime shared:1 - ext4 /dev/vdb rw,errors=continue\n\
                      37 35 98:1 / /bad rw,relatime - ext4 /dev/vdc ro,errors=remount-ro\n";
        assert_eq!(options_of(mounts, 98, 0), Some(vec!["rw", "errors=continue"]));
        assert_eq!(options_of(mounts, 98, 1), Some(vec!["ro", "errors=remount-ro"]));
        assert_eq!(options_of(mounts, 99, 0), None);
    }

    #[test]
    fn a_place_is_on_the_mount_that_df_names() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let below = dir.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        let asked = std::process::Command::new("df")
            .arg("--output=target")
            .arg(&below)
            .output()
            .unwrap();
        let said = String::from_utf8(asked.stdout).unwrap();
        assert_eq!(
            Some(mount_of(&below).display().to_string().as_str()),
            said.lines().last()
        );
        assert_eq!(mount_of(Path::new("/")), Path::new("/"));
    }
}
