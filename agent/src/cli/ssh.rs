//! Where the ssh of SFTP remotes keeps the sockets of its connections: a folder for each process, so that a connection
//! that a killed agent left open is known as its own, and is ended by the next one. By itself it would stay for ever. What
//! this process has open when it ends, it ends itself.
//! It ends nothing that another program opened, and nothing of an agent that lives.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::anew::Variable;
use crate::backup::remote::masters::{self, OWNER, STATE};

/// What it was before this process, or the one that started it, set it.
const BASE: &str = "WARUNG_SSH_BASE";
/// Short, since the path of a socket has at most 107 bytes.
const FOLDER: &str = "ssh-";

/// What must be in the environment so that ssh has a folder of this process's own, which is made by who needs it;
/// nothing when it is there, or cannot be told: its connections are then nobody's to end.
pub(super) fn wanted() -> Vec<Variable> {
    let pid = std::process::id();
    if env::var(OWNER).is_ok_and(|owner| owner == pid.to_string()) {
        return Vec::new();
    }
    let (Some(base), Some(folder)) = (base(), folder(pid)) else {
        return Vec::new();
    };
    vec![
        (STATE, base.join(folder).into()),
        (BASE, base.into()),
        (OWNER, pid.to_string().into()),
    ]
}

/// Ends what agents of this user left open that do not live any more.
pub(super) fn end_leftovers() {
    let Some(base) = base() else { return };
    let entries = fs::read_dir(base).into_iter().flatten().filter_map(Result::ok);
    for folder in entries.map(|entry| entry.path()).filter(|path| is_left(path)) {
        end(&folder);
    }
}

/// Ends what this process still has open, and takes its folder away. Nothing of it is in use any more.
pub(super) fn tidy() {
    // It was never made where no remote needed it.
    if let Some(own) = masters::own() {
        end(&own);
    }
}

fn base() -> Option<PathBuf> {
    let named = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let home = || Some(named("HOME")?.join(".local/state"));
    named(BASE).or_else(|| named(STATE)).or_else(home)
}

/// A number means a process only together with its namespace.
fn folder(pid: u32) -> Option<String> {
    let space = fs::metadata("/proc/self/ns/pid").ok()?.ino();
    Some(format!("{FOLDER}{space}-{pid}"))
}

fn is_left(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let pid = name.and_then(|name| name.rsplit_once('-')?.1.parse().ok());
    let Some(pid) = pid else { return false };
    let owner = |path: &Path| fs::symlink_metadata(path).ok().map(|it| (it.is_dir(), it.uid()));
    folder(pid).as_deref() == name
        && owner(path) == owner(Path::new("/proc/self/task"))
        && !Path::new("/proc").join(pid.to_string()).exists()
}

fn end(folder: &Path) {
    masters::end_all(folder);
    // What does not go is looked at again by the next one.
    let _ = fs::remove_dir_all(folder);
}
