//! The lock on the state directory: one agent at a time, and everybody can see whether there is one.
//! The kernel drops it with the process, however that ends; the file itself means nothing.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
    time::Duration,
};

use anyhow::Context;

/// A look from `agent status` holds the lock for a moment; an agent that starts just then tries again.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// Held while this process is the one agent of its state directory.
pub struct StateLock {
    /// Closing the file is what releases the lock.
    _file: File,
}

impl StateLock {
    /// Takes the lock, making the file and its folder when they are missing. Waits for at most half a second.
    ///
    /// # Errors
    /// When another agent holds it, or the disk refuses.
    pub fn take(path: &Path) -> anyhow::Result<Self> {
        if let Some(dir) = path.parent() {
            super::make_private_dir(dir).with_context(|| format!("making {}", dir.display()))?;
        }
        // A disk that takes no writes at the moment has the file of an earlier start, and a lock writes nothing.
        let file = File::create(path)
            .or_else(|error| File::open(path).map_err(|_| error))
            .with_context(|| format!("opening {}", path.display()))?;
        super::owner::own_like(path, path.parent().unwrap_or(path));
        for _ in 0..ATTEMPTS {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("locking {}", path.display()));
                }
            }
        }
        anyhow::bail!(
            "another agent is running with the state directory {}: it keeps watching, and this one was not started. \
             Stop it first (systemctl stop agent), or give this one another [state] dir",
            path.parent().unwrap_or(path).display()
        )
    }
}

/// Whether some process holds the lock at this moment. No file means nobody.
///
/// # Errors
/// When the file is there and cannot be opened.
pub fn is_held(path: &Path) -> anyhow::Result<bool> {
    if !fs::exists(path).with_context(|| format!("looking for {}", path.display()))? {
        return Ok(false);
    }
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("asking the lock {}", path.display()))
        }
    }
}
