//! The agent itself, in English.
//! The same sentences as in `id::agent`.

use super::Wording;
use crate::alert::ladder::TELEGRAM;

pub(super) const AGENT_KILLED: Wording = Wording {
    headline: "The kernel killed the agent for want of memory",
    happened: "At {detail} the memory was used up, and the kernel ended the agent. systemd said so when it started it again.",
    means: "the shop was not touched. Until the agent ran again nobody watched it; what was sold meanwhile is backed up as ever.",
    done: "the agent watches and backs up again, and looks at everything anew.",
    todo: "see who held the memory: journalctl -k -n 50 | grep -i oom. If it was a backup or a rehearsal, raise MemoryMax= in the agent's unit; if it was the whole server: /runbook memory_low",
    over_headline: "The kernel had killed the agent for want of memory",
    over: "That was one moment, and is over by itself. If it happens again, you hear of it again.",
};

pub(super) const AGENT_STATE_REPLACED: Wording = Wording {
    headline: "The agent's own memory was exchanged under it",
    happened: "At {detail} the agent's state folder, or what lay in it, was deleted or exchanged while the agent ran.",
    means: "this alone does not stop the shop. Of alerts and backups the agent knows only what lay there then, and what is sold goes into a new chain of backups.",
    done: "the agent ended, and began anew with what lies there.",
    todo: "if you did not put a copy there on purpose: /runbook agent_state_replaced",
    over_headline: "The agent's own memory had been exchanged under it",
    over: "That was one moment, and is over by itself. If it happens again, you hear of it again.",
};

pub(super) const OWNER_BOT_SHARED: Wording = Wording {
    headline: "Another program uses the agent's bot",
    happened: "{value} times within five minutes Telegram ended the agent's question for your messages: another program uses the \
               same OWNER_BOT_TOKEN.",
    means: "alerts still reach you, and this alone does not stop the shop. What you write or tap here may reach that program and not the agent.",
    done: "the agent goes on asking every half minute.",
    todo: "stop the other program: an agent on an old server, a second one on this server or a webhook. If you know of none, the \
           token is in foreign hands: let @BotFather revoke it, store the new one as OWNER_BOT_TOKEN, then systemctl restart agent",
    over_headline: "Your commands come to the agent alone",
    over: "Another program took part of them for {lasted}. Send again what got no answer.",
};

pub(super) const HEARTBEAT_UNREACHED: Wording = Wording {
    headline: "The watch from outside is not reached ({object})",
    happened: "The check at [heartbeat] {object} has taken nothing since {since}: {detail}",
    means: "that check hears nothing from here. If the whole server is lost, nobody outside may notice, and it may raise a false alarm itself.",
    done: "the agent tries again every 15 seconds. Messages like this one go another way and reach you.",
    todo: "look whether its service has trouble; when it has none, whether its address in {object} under [heartbeat] is right: agent check",
    over_headline: "The watch from outside takes the agent's beats again ({object})",
    over: "It took a beat. Before, it took none for {lasted}.",
};

/// What to do about a way that does not work: the owner's own Telegram has no section of its name.
pub(in crate::alert::words) fn of_way(name: &str) -> &'static str {
    match name {
        TELEGRAM => {
            "press Start in that chat with the agent's bot, unblock it, or correct chat_ids under [owner] in agent.toml or the secret OWNER_BOT_TOKEN, then: agent alert test --channel {object}"
        }
        _ => {
            "correct [channels.{object}] in agent.toml or its secret, then: agent alert test --channel {object}"
        }
    }
}
