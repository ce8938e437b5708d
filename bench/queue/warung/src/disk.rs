//! What the disk itself can do: bytes appended to a file and synced, again and again.

use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;

/// Appends of so many bytes, each synced, in this time. Answers how many, and how long they took.
pub fn appends(path: &Path, bytes: usize, time: Duration) -> Result<(u64, Duration)> {
    let mut file = File::options().create(true).append(true).open(path)?;
    let block = vec![0x5a; bytes];
    let (mut count, begun) = (0, Instant::now());
    while begun.elapsed() < time {
        file.write_all(&block)?;
        file.sync_data()?;
        count += 1;
    }
    Ok((count, begun.elapsed()))
}
