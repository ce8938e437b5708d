//! Timers of this program that end about the same moment wake the machine once: an idle agent is made of timers.
//! What the owner waits for, such as the end of the bot's connection, is no timer and not held back.

use std::num::NonZeroU64;

/// By so much a timer may come later: half a tenth of a second.
const SLACK_NS: u64 = 50_000_000;

/// For the timers of the thread that calls this, and of those that it starts. A kernel that knows nothing of it wakes more
/// often.
pub(super) fn end_together() {
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(SLACK_NS));
}
