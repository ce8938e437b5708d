//! Whether the agent's own disk is full: then it may work in memory, and its file tells what was, not what is.
//! It frees nothing.

use std::{fs, path::Path, time::UNIX_EPOCH};

use protocol::time::UnixMillis;
use serde::Serialize;

use crate::{alert::message::moment, cli::words, config::Config, store};

/// The disk of the state directory.
#[derive(Serialize)]
pub(super) struct DiskView {
    /// Absent when it does not say.
    pub free_bytes: Option<u64>,
    /// Whether there is too little for the agent to write.
    pub full: bool,
    /// When the agent last wrote its file; absent when there is none.
    pub written_at: Option<UnixMillis>,
}

/// As this user sees it.
pub(super) fn look(state_dir: &Path) -> DiskView {
    let disk = rustix::fs::statvfs(state_dir).ok();
    let written = ["", "-wal"].iter().filter_map(|ending| {
        let path = state_dir.join(format!("{}{ending}", store::FILE_NAME));
        let found = fs::metadata(path).ok().filter(|found| found.len() > 0)?;
        let since = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(UnixMillis(i64::try_from(since.as_millis()).ok()?))
    });
    DiskView {
        free_bytes: disk.map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
        full: store::is_full(state_dir),
        written_at: written.max(),
    }
}

/// Nothing while there is room.
pub(super) fn sentence(disk: &DiskView, agent_running: bool, config: &Config) -> Option<String> {
    if !disk.full {
        return None;
    }
    let of = match disk.written_at {
        Some(at) => format!(
            "what follows is what its file held at {}",
            moment(&config.owner.timezone, at)
        ),
        None => "it has written nothing down yet".to_owned(),
    };
    let agent = match agent_running {
        true => format!(
            "The agent goes on: {of}, and http://{}/ shows what is so now",
            config.http.private
        ),
        false => format!("The agent does not run: {of}"),
    };
    Some(format!(
        "Disk:     FULL, {} free at {}. {agent}. Make room there: no backup can be taken until then",
        words::size(disk.free_bytes.unwrap_or(0)),
        config.state_dir.display()
    ))
}
