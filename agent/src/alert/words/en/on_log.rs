//! What to do about a log when it is known whose it is, in English. The same as in `id`, sentence by sentence.
//! Nothing here is for customers or sellers.

use crate::alert::{rule::Rule, words::OnLog};

/// `None` for a rule that is not about a log of any program.
pub(in crate::alert::words) fn of_log(rule: Rule) -> Option<OnLog> {
    let (bots, anothers) = match rule {
        Rule::LogGrowing => (
            "see what fills it: tail -n 50 {object}; then rotate it: logrotate -f /etc/logrotate.d/warung",
            "see what fills it: tail -n 50 {object}; then rotate it: logrotate -f with its file in /etc/logrotate.d",
        ),
        Rule::LogNotRotated => (
            "systemctl status logrotate.timer logrotate.service; logrotate -v /etc/logrotate.d/warung",
            "systemctl status logrotate.timer logrotate.service; logrotate -v with its file in /etc/logrotate.d",
        ),
        Rule::LogWriterLost => (
            "systemctl restart {unit}",
            "{restart}, and let postrotate in its file in /etc/logrotate.d tell it to open its log anew",
        ),
        Rule::LogDeletedOpen => (
            "the room comes back with: systemctl restart {unit}",
            "the room comes back with: {restart}. lsof +L1 lists such files",
        ),
        Rule::LogTruncated => (
            "take copytruncate out of /etc/logrotate.d/warung, and rotate by renaming: the bot follows by itself",
            "take copytruncate out of its file in /etc/logrotate.d, and rotate by renaming",
        ),
        Rule::LogHole => (
            "systemctl restart {unit}; take copytruncate out of /etc/logrotate.d/warung",
            "{restart}; take copytruncate out of its file in /etc/logrotate.d",
        ),
        Rule::LogOldKept => (
            "ls -lt {object}*; logrotate -v /etc/logrotate.d/warung",
            "ls -lt {object}*; logrotate -v with its file in /etc/logrotate.d",
        ),
        _ => return None,
    };
    Some(OnLog { bots, anothers })
}
