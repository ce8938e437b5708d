//! What the kernel's log says of each process that it killed for want of memory: which, and whose limit was reached.
//! It reads what is new since it began, and only when it is asked. Most systems let no other than root read that log: then
//! it knows nothing, which is no fault.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

pub(super) const LOG: &str = "/dev/kmsg";
/// What one record of the log is at most.
const RECORD_BYTES: usize = 8192;
/// More than a log holds: one that never ends is none.
const RECORDS_MAX: usize = 100_000;
/// Before the facts of a kill, in one line.
const FACTS: &str = "oom-kill:";
/// What it calls a limit's reach.
const OF_GROUP: &str = "CONSTRAINT_MEMCG";
const OF_ALL: &str = "CONSTRAINT_NONE";

/// One process that was killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kill {
    /// The group whose limit was reached, below the root of all groups; `None` for the whole machine's memory.
    pub limit: Option<PathBuf>,
    /// The program's name, and its process.
    pub program: String,
    pub process: u32,
}

/// The log, from where it was opened on.
pub(super) struct KernelLog(Option<File>);

impl KernelLog {
    /// What is in it already is history.
    pub(super) fn open(path: &Path) -> Self {
        let mut options = OpenOptions::new();
        options.read(true);
        #[allow(clippy::cast_possible_wrap, reason = "flags")]
        options.custom_flags(OFlags::NONBLOCK.bits() as i32);
        let end = |mut log: File| log.seek(SeekFrom::End(0)).map(|_| log);
        Self(options.open(path).and_then(end).ok())
    }

    /// The kills since the last time.
    pub(super) fn kills(&mut self) -> Vec<Kill> {
        let Some(log) = &mut self.0 else {
            return Vec::new();
        };
        let (mut kills, mut record) = (Vec::new(), [0; RECORD_BYTES]);
        for _ in 0..RECORDS_MAX {
            match log.read(&mut record) {
                Ok(0) => break,
                // One record each from the kernel; a file gives many lines at once.
                Ok(read) => kills.extend(String::from_utf8_lossy(&record[..read]).lines().filter_map(kill)),
                // What was overwritten before it was read is lost, and the next one is there.
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::BrokenPipe) => {}
                Err(_) => break,
            }
        }
        kills
    }
}

/// As Linux writes it since 4.20. A limit of another kind, such as that of a set of processors, tells nothing.
fn kill(line: &str) -> Option<Kill> {
    let (_, facts) = line.split_once(FACTS)?;
    // A program may be called anything, and may not pass for a fact.
    let (facts, task) = facts.split_once(",task=")?;
    let fact = |name: &str| {
        facts
            .split(',')
            .find_map(|fact| fact.strip_prefix(name)?.strip_prefix('='))
    };
    let limit = match fact("constraint")? {
        OF_ALL => None,
        OF_GROUP => Some(PathBuf::from(fact("oom_memcg")?.trim_start_matches('/'))),
        _ => return None,
    };
    let (program, rest) = task.rsplit_once(",pid=")?;
    Some(Kill {
        limit,
        program: program.to_owned(),
        process: rest.split(',').next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    const BY_LIMIT: &str = "6,3655,76191790765,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,\
        mems_allowed=0,oom_memcg=/jobs,task_memcg=/jobs/one,task=tail,pid=7543,uid=0\n";
    const OF_MACHINE: &str = "6,3660,76191790800,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,\
        mems_allowed=0,global_oom,task_memcg=/system.slice/nginx.service,task=my, task,pid=9,uid=33\n";

    #[test]
    fn each_kill_since_it_was_opened_is_read_once_with_what_was_killed_and_whose_limit_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kmsg");
        fs::write(&path, BY_LIMIT).unwrap();
        let mut log = KernelLog::open(&path);
        assert_eq!(log.kills(), [], "that is history");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        write!(
            file,
            "{BY_LIMIT}3,1,1,-;Memory cgroup out of memory: Killed process 7543 (tail)\n{OF_MACHINE}"
        )
        .unwrap();
        let killed = |limit: Option<&str>, program: &str, process| Kill {
            limit: limit.map(PathBuf::from),
            program: program.to_owned(),
            process,
        };
        assert_eq!(
            log.kills(),
            [killed(Some("jobs"), "tail", 7543), killed(None, "my, task", 9)]
        );
        assert_eq!(log.kills(), []);
        assert_eq!(KernelLog::open(&dir.path().join("none")).kills(), []);
    }
}
