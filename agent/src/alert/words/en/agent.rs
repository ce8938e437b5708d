//! The agent itself, in English.
//! The same sentences as in `id::agent`.

use super::Wording;

pub(super) const AGENT_KILLED: Wording = Wording {
    headline: "The kernel killed the agent for want of memory",
    happened: "At {detail} the memory was used up, and the kernel ended the agent. systemd said so when it started it again.",
    means: "the shop was not touched. Until the agent ran again nobody watched it; what was sold meanwhile is backed up as ever.",
    done: "the agent watches and backs up again, and looks at everything anew.",
    todo: "see who held the memory: journalctl -k -n 50 | grep -i oom. If it was a backup or a rehearsal, raise MemoryMax= in the agent's unit; if it was the whole server: /runbook memory_low",
    over_headline: "The kernel had killed the agent for want of memory",
    over: "That was one moment, and is over by itself. If it happens again, you hear of it again.",
};
