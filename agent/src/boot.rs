//! Which start of the kernel this is, and for how long the machine has been up: what counts only until it is restarted is held
//! against it.
//! It knows nothing of the clock that tells the date.

use std::fs;

use anyhow::Context;

/// Another one after each start, random(4).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

const UPTIME: &str = "/proc/uptime";

/// How long this machine has been up, which nobody can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Up {
    /// Another one after each start.
    pub boot: String,
    /// Milliseconds.
    pub for_ms: i64,
}

impl Up {
    /// Now.
    ///
    /// # Errors
    /// Where the kernel does not tell.
    pub fn read() -> anyhow::Result<Self> {
        let uptime = fs::read_to_string(UPTIME).with_context(|| format!("reading {UPTIME}"))?;
        let seconds: f64 = uptime
            .split_whitespace()
            .next()
            .and_then(|text| text.parse().ok())
            .with_context(|| format!("{UPTIME} holds no number"))?;
        Ok(Self {
            boot: id()?,
            // Of a number of seconds with two decimals nothing is lost.
            for_ms: (seconds * 1_000.0) as i64,
        })
    }
}

/// The number of this start.
///
/// # Errors
/// Where the kernel does not tell.
pub fn id() -> anyhow::Result<String> {
    let id = fs::read_to_string(BOOT_ID).with_context(|| format!("reading {BOOT_ID}"))?;
    Ok(id.trim().to_owned())
}
