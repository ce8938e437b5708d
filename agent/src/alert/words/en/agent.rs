//! The agent itself, in English.
//! The same sentences as in `id::agent`.

use super::Wording;
use crate::alert::{ladder::TELEGRAM, words::advice::OnTheWay};

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
    done: "at url the agent tries again every 15 seconds; at backup_url and drill_url too after a run of its own, and after a backup by hand or its own restart not before the next run. Messages like this one go another way and reach you.",
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

/// The same where what it said is no matter of its settings.
pub(in crate::alert::words) fn of_way_on(name: &str, cause: OnTheWay) -> &'static str {
    match (name, cause) {
        (TELEGRAM, OnTheWay::Nobody | OnTheWay::Line) => {
            "look at the line from this server to Telegram, not at your chat: curl -sSI https://api.telegram.org; resolvectl query api.telegram.org; a firewall may stand in between. The agent tries again by itself; at once: agent alert test --channel {object}"
        }
        (_, OnTheWay::Nobody) => {
            "see whether the service runs that [channels.{object}] in agent.toml names, and whether a firewall stands in between; where it has moved, correct its address there. Then: agent alert test --channel {object}"
        }
        (_, OnTheWay::Line) => {
            "look at the line from this server to the host that [channels.{object}] in agent.toml names: resolvectl query HOST says whether its name is found, curl -sSI or ping whether it answers; correct the address only where it is another one. Then: agent alert test --channel {object}"
        }
        (TELEGRAM, OnTheWay::Tls) => {
            "see who answers instead of Telegram, such as a proxy, and whether this server's clock and certificates are right: timedatectl; openssl s_client -connect api.telegram.org:443. Then: agent alert test --channel {object}"
        }
        (_, OnTheWay::Tls) => {
            "look at the certificate of the service that [channels.{object}] in agent.toml names, and at this server's clock: openssl s_client -connect HOST:PORT; timedatectl. Renew it there, or correct the port. Then: agent alert test --channel {object}"
        }
        (TELEGRAM, OnTheWay::Secret) => {
            "Telegram refuses the token, not your chat: store the one that @BotFather shows for the agent's bot as OWNER_BOT_TOKEN, then: systemctl restart agent; agent alert test --channel {object}"
        }
        (_, OnTheWay::Secret) => {
            "correct the key or password of [channels.{object}] in its secret, a new one where the service has revoked it, then: systemctl restart agent; agent alert test --channel {object}. Its address answers"
        }
        (_, OnTheWay::Service) => {
            "nothing for now: that service has trouble of its own, and the agent tries again by itself. Where it lasts, look at the service's page about its state, or at the service if it is your own. At once: agent alert test --channel {object}"
        }
    }
}
