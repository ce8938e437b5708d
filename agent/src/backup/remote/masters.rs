//! The processes of ssh that hold an SFTP remote's connection. OpenSSH goes into the background by itself, and is left in
//! its middle when its caller stops waiting: with a server that answers nothing it would then wait for ever.
//! It ends only what names a folder of this program's own, and belongs to the same user.

use std::{
    env, fs,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

use rustix::process::{Pid, Signal, kill_process};

/// Where ssh's callers look, as the XDG base directories are named.
pub const STATE: &str = "XDG_STATE_HOME";
/// Whose folder that is.
pub const OWNER: &str = "WARUNG_SSH_OWNER";

/// A process of ssh, and the folder of its connection.
#[derive(Debug, PartialEq, Eq)]
struct Master {
    pid: Pid,
    connection: PathBuf,
}

/// This process's own folder, once ssh has made anything there.
#[must_use]
pub fn own() -> Option<PathBuf> {
    let is_own = env::var(OWNER).is_ok_and(|owner| owner == std::process::id().to_string());
    let folder = env::var_os(STATE)
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute());
    folder.filter(|folder| is_own && folder.is_dir())
}

/// Ends those of this process whose caller has given them up: it takes the connection's folder away first.
pub(super) fn end_abandoned() {
    let Some(own) = own() else { return };
    let left = masters(&own).into_iter();
    end(left.filter(|master| !master.connection.is_dir()));
}

/// Ends every one of a folder whose owner has ended, or ends now.
pub fn end_all(folder: &Path) {
    end(masters(folder).into_iter());
}

fn end(masters: impl Iterator<Item = Master>) {
    for master in masters {
        // One that is gone by now is as good.
        let ended = kill_process(master.pid, Signal::TERM);
        tracing::debug!(connection = %master.connection.display(), ?ended, "a connection of ssh was ended");
    }
}

fn masters(folder: &Path) -> Vec<Master> {
    let owner = |path: &Path| fs::metadata(path).ok().map(|it| it.uid());
    let mine = owner(Path::new("/proc/self"));
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let found = processes.filter_map(|process| {
        let pid = process.file_name().to_str()?.parse().ok()?;
        let path = process.path();
        let is_ssh = fs::read(path.join("comm")).ok()?.trim_ascii() == b"ssh";
        let connection = connection(&fs::read(path.join("cmdline")).ok()?, folder)?;
        let is_mine = is_ssh && owner(&path) == mine;
        is_mine.then_some(Master {
            pid: Pid::from_raw(pid)?,
            connection,
        })
    });
    found.collect()
}

/// The folder of its connection, where a command line names one in that folder: ssh writes it anew once it is in the
/// background.
fn connection(command_line: &[u8], folder: &Path) -> Option<PathBuf> {
    let beginning = [folder.as_os_str().as_bytes(), b"/"].concat();
    let at = command_line
        .windows(beginning.len())
        .position(|part| part == beginning)?;
    let rest = &command_line[at + beginning.len()..];
    let name = rest.split(|byte| [b'/', b'\0', b' '].contains(byte)).next()?;
    let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty())?;
    Some(folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_command_line_that_names_the_folder_is_one_of_its_connections() {
        let folder = Path::new("/root/.local/state/ssh-4026-77");
        let found = |line: &[u8]| connection(line, folder);
        let whole = Some(folder.join(".ssh-connectionAb1"));
        let launched =
            b"ssh\0-E\0/root/.local/state/ssh-4026-77/.ssh-connectionAb1/log\0-S\0/elsewhere/master\0-M\0";
        assert_eq!(found(launched), whole);
        let behind = b"ssh: /root/.local/state/ssh-4026-77/.ssh-connectionAb1/master [mux]";
        assert_eq!(found(behind), whole);
        for other in [
            &b"ssh\0-S\0/root/.local/state/ssh-4026-778/.ssh-connectionAb1/master\0"[..],
            b"ssh\0shop@backup.example\0",
            b"ssh\0/root/.local/state/ssh-4026-77/\0",
            b"",
        ] {
            assert_eq!(found(other), None);
        }
    }
}
