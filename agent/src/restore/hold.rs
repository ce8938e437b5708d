//! Who has the live database open at this moment, and keeping it so that nobody opens it while it is swapped.
//! A database that is swapped under a running program is lost in two ways at once, so no option overrides this.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::place::{own_like, share};
use crate::config::Config;

/// The locks of bot and agent, held by this process until dropped.
#[derive(Debug)]
pub struct Hold {
    database: PathBuf,
    state_dir: PathBuf,
    bot_lock_path: PathBuf,
    unit: String,
    bot_lock: Option<File>,
    _agent_lock: Option<File>,
}

impl Hold {
    /// Where the agent keeps what it knows.
    pub(super) fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// Just before the swap: takes the bot's lock also where there was none, and looks once more for processes that
    /// have the database open without asking for any lock.
    ///
    /// # Errors
    /// As [`take`].
    pub fn tighten(&mut self) -> anyhow::Result<()> {
        let mut held_by = Vec::new();
        if self.bot_lock.is_none() {
            self.bot_lock = lock(&self.bot_lock_path, true, "the bot", &mut held_by)?;
        }
        held_by.extend(holders(&self.database));
        refuse_if_held(&self.database, &self.unit, &held_by)
    }
}

/// Takes the locks that exist, so that a refusal later leaves no file behind, and looks for other processes.
///
/// # Errors
/// A sentence that names who holds the database and the command that stops it.
pub fn take(config: &Config) -> anyhow::Result<Hold> {
    let database = config.backup.database.clone();
    let bot_lock_path = config.bot_lock_path();
    let mut held_by = Vec::new();
    let bot_lock = lock(&bot_lock_path, false, "the bot", &mut held_by)?;
    let agent_lock = lock(&config.lock_path(), false, "the agent", &mut held_by)?;
    held_by.extend(holders(&database));
    refuse_if_held(&database, &config.bot.unit, &held_by)?;
    Ok(Hold {
        database,
        state_dir: config.state_dir.clone(),
        bot_lock_path,
        unit: config.bot.unit.clone(),
        bot_lock,
        _agent_lock: agent_lock,
    })
}

fn refuse_if_held(database: &Path, unit: &str, held_by: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(
        held_by.is_empty(),
        "{} is in use by {}. Nothing was changed: a database is not replaced under a running program, also not with \
         --yes. Stop both and try again: systemctl stop {unit} agent.service",
        database.display(),
        held_by.join(", "),
    );
    Ok(())
}

fn lock(path: &Path, create: bool, who: &str, held_by: &mut Vec<String>) -> anyhow::Result<Option<File>> {
    let existed = path.exists();
    if !existed && !create {
        return Ok(None);
    }
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .write(true)
        .create(create)
        .truncate(false)
        .mode(0o660)
        .open(path)
        .with_context(|| format!("opening {}", path.display()))?;
    if !existed {
        // Left to root, the bot could never take its own lock again.
        own_like(path, path.parent().unwrap_or(path));
        share(&file).with_context(|| format!("making {}", path.display()))?;
    }
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            held_by.push(format!("{who} (it holds {})", path.display()));
            Ok(None)
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
    }
}

/// Other processes with the database or its log open. As far as this user may see: root sees all.
fn holders(database: &Path) -> Vec<String> {
    let identity = |path: PathBuf| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    let beside = |suffix: &str| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let ours: Vec<(u64, u64)> = ["", "-wal", "-shm"]
        .iter()
        .filter_map(|suffix| identity(beside(suffix)))
        .collect();
    if ours.is_empty() {
        return Vec::new();
    }
    let own_id = std::process::id().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    processes
        .filter(|process| {
            let name = process.file_name();
            let name = name.to_string_lossy();
            name.bytes().all(|byte| byte.is_ascii_digit()) && *name != *own_id
        })
        .filter(|process| {
            let open = fs::read_dir(process.path().join("fd"))
                .into_iter()
                .flatten()
                .filter_map(Result::ok);
            open.filter_map(|file| identity(file.path()))
                .any(|file| ours.contains(&file))
        })
        .map(|process| {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            format!(
                "process {} ({})",
                process.file_name().to_string_lossy(),
                name.trim()
            )
        })
        .collect()
}
