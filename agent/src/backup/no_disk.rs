//! What the kernel shows as files and keeps nowhere: there a file may have no end, or keep whoever reads it waiting for ever.
//! It reads none of them.

use std::path::Path;

use rustix::fs::{FsWord, PROC_SUPER_MAGIC, statfs};

/// `/proc`, and of linux/magic.h what lies under `/sys` and `/dev` beside devices: sysfs, cgroup, cgroup2, debugfs, tracefs,
/// securityfs, devpts.
const NO_DISKS: [FsWord; 8] = [
    PROC_SUPER_MAGIC,
    0x6265_6572,
    0x0027_e0eb,
    0x6367_7270,
    0x6462_6720,
    0x7472_6163,
    0x7363_6673,
    0x1cd1,
];

/// Said of what lies there.
pub(crate) const TOLD: &str = "is no disk, but what the kernel shows of itself";

/// Whether a path lies on such a file system; one that cannot be asked is none.
pub(crate) fn holds(path: &Path) -> bool {
    statfs(path).is_ok_and(|disk| NO_DISKS.contains(&disk.f_type))
}
