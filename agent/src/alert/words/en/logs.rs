//! English. The eight ways in which rotation fails. The same table as in `id`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

use crate::alert::words::Wording;

pub(super) const LOG_GROWING: Wording = Wording {
    headline: "A log grows too fast",
    happened: "The log has grown beyond what one period may bring: {detail}.",
    means: "it takes room from the shop, and usually one fault is logged again and again.",
    done: "nothing: the agent touches no log.",
    todo: "see what fills it: tail -n 50 {object}; then rotate it: logrotate -f with its file in /etc/logrotate.d (the bot's log: warung)",
    over_headline: "The log has its usual size again",
    over: "It lasted {lasted}.",
};

pub(super) const LOG_NOT_ROTATED: Wording = Wording {
    headline: "A log is not rotated",
    happened: "The log was due for rotation and was not rotated: {detail}.",
    means: "it grows until the disk is full.",
    done: "nothing: the agent touches no log.",
    todo: "systemctl status logrotate.timer logrotate.service; logrotate -v with its file in /etc/logrotate.d (the bot's log: warung)",
    over_headline: "The log was rotated",
    over: "It was late, and is as it should be.",
};

pub(super) const LOG_WRITER_LOST: Wording = Wording {
    headline: "A log is written into the wrong file",
    happened: "What the program logs goes into a file that was renamed, and not into this one: {detail}.",
    means: "what is logged now is missing where it is looked for, and is deleted with the old file.",
    done: "nothing: the agent touches no log.",
    todo: "if it is the bot's log: systemctl restart {unit}. If not: restart the program that holds it (lsof | grep {object}), and let postrotate tell that program to open its log anew",
    over_headline: "The log is written into its own file again",
    over: "It lasted {lasted}.",
};

pub(super) const LOG_DELETED_OPEN: Wording = Wording {
    headline: "A deleted log still takes room",
    happened: "The log was deleted while it is written, and takes room that no folder shows: {detail}.",
    means: "the disk fills without a visible cause, and what is logged is lost.",
    done: "nothing: the agent touches no log.",
    todo: "lsof +L1 lists such files and who holds them; restarting that program gives the room back. If it is the bot: systemctl restart {unit}",
    over_headline: "The room of the deleted log is free again",
    over: "It lasted {lasted}.",
};

pub(super) const LOG_TRUNCATED: Wording = Wording {
    headline: "A log was cut off",
    happened: "The log became shorter in its place: {detail}. copytruncate does that, or somebody emptied it.",
    means: "lines that were logged in that moment are lost for good.",
    done: "nothing: the agent touches no log.",
    todo: "take copytruncate out of /etc/logrotate.d, and rotate by renaming",
    over_headline: "Logs are whole again",
    over: "No log was cut off for an hour.",
};

pub(super) const LOG_HOLE: Wording = Wording {
    headline: "A log has a hole",
    happened: "The log begins with nothing but zeros: {detail} (what it holds / what it seems to be). It was cut off under a program that goes on writing at its old place.",
    means: "what was logged before is lost, and the log looks ever larger than it is.",
    done: "nothing: the agent touches no log.",
    todo: "restart the program that writes it; take copytruncate out of /etc/logrotate.d",
    over_headline: "The log has no hole any more",
    over: "It lasted {lasted}.",
};

pub(super) const LOG_OLD_KEPT: Wording = Wording {
    headline: "Old logs pile up",
    happened: "There are more old files, or more of them uncompressed, than the settings say: {detail} (there are / may be, not compressed).",
    means: "they take room from the shop, and hold data longer than they should.",
    done: "nothing: the agent touches no log.",
    todo: "ls -lt {object}*; logrotate -v with its file in /etc/logrotate.d (the bot's log: warung)",
    over_headline: "Old logs are tidied again",
    over: "It lasted {lasted}.",
};

pub(super) const LOG_SILENT: Wording = Wording {
    headline: "The bot's log is silent",
    happened: "The bot was asked to log a line, said that it did, and the line is not in the file: {detail}.",
    means: "when something breaks, nobody can read why.",
    done: "the agent asks again and again.",
    todo: "is the disk full (df -h)? may the bot write there (ls -l)? then systemctl restart {unit}; journalctl -u {unit} has the same lines",
    over_headline: "The bot's log is written again",
    over: "It was silent for {lasted}.",
};
