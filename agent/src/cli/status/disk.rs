//! Whether the agent can write down what it knows: where its disk is full or takes no writes it works in memory, and its
//! file tells what was, not what is.
//! It frees nothing, and writes nothing to find out.

use std::{fs, path::Path, time::Duration, time::UNIX_EPOCH};

use protocol::time::UnixMillis;
use serde::Serialize;

use crate::{
    alert::message::moment,
    cli::words,
    config::Config,
    store,
    watch::space::{MountTable, space},
};

/// An agent that runs writes down more often than this what it saw.
const WRITES_WITHIN: Duration = Duration::from_secs(900);

/// The disk of the state directory.
#[derive(Serialize)]
pub(super) struct DiskView {
    /// Absent when it does not say.
    pub free_bytes: Option<u64>,
    /// Whether there is too little for the agent to write.
    pub full: bool,
    /// Whether it takes no writes at all.
    pub read_only: bool,
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
        read_only: space(state_dir, &MountTable::now()).is_ok_and(|space| space.read_only),
        written_at: written.max(),
    }
}

impl DiskView {
    /// Whether what the file holds may lack what the agent knows by now.
    pub(super) fn is_behind(&self, agent_running: bool, now: UnixMillis) -> bool {
        self.full || self.read_only || (agent_running && self.is_silent(now))
    }

    fn is_silent(&self, now: UnixMillis) -> bool {
        self.written_at.is_some_and(|at| now.since(at) >= WRITES_WITHIN)
    }

    /// What keeps the agent from writing, and what to do.
    fn fault(&self, config: &Config) -> (String, &'static str) {
        let free = words::size(self.free_bytes.unwrap_or(0));
        let place = config.state_dir.display();
        match () {
            () if self.read_only => (
                format!("READ-ONLY at {place}"),
                "What to do is under disk_read_only in docs/RUNBOOK.md: no backup can be taken until then",
            ),
            () if self.full => (
                format!("FULL, {free} free at {place}"),
                "Make room there: no backup can be taken until then",
            ),
            () => (
                format!("the agent runs and writes nothing down at {place}"),
                "Look: journalctl -u agent, and dmesg for the disk",
            ),
        }
    }
}

/// Nothing while what the agent knows is in its file.
pub(super) fn sentence(
    disk: &DiskView,
    agent_running: bool,
    config: &Config,
    now: UnixMillis,
) -> Option<String> {
    if !disk.is_behind(agent_running, now) {
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
    let (fault, todo) = disk.fault(config);
    Some(format!("Disk:     {fault}. {agent}. {todo}"))
}
