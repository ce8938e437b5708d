//! Which start of the kernel this is: what counts only until the machine is restarted is held against it.
//! It knows nothing of the clock.

use std::fs;

use anyhow::Context;

/// Another one after each start, random(4).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The number of this start.
///
/// # Errors
/// Where the kernel does not tell.
pub fn id() -> anyhow::Result<String> {
    let id = fs::read_to_string(BOOT_ID).with_context(|| format!("reading {BOOT_ID}"))?;
    Ok(id.trim().to_owned())
}
