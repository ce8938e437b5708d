//! English. The bot's unit, its trade and its database. The same table as in `id`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

use crate::alert::words::Wording;

/// How a unit is, by systemd's word for it.
pub(in crate::alert::words) const ACTIVE: &[(&str, &str)] = &[
    ("active", "running"),
    ("reloading", "running"),
    ("activating", "being started"),
    ("deactivating", "being stopped"),
    ("inactive", "not running"),
    ("failed", "failed"),
];

/// How a unit ended, by systemd's word for it; `{exit}` is filled in.
pub(in crate::alert::words) const ENDS: &[(&str, &str)] = &[
    ("oom-kill", "the kernel killed it for want of memory"),
    ("watchdog", "it hung and systemd's watchdog ended it"),
    ("core-dump", "the program broke while running (core dump)"),
    ("signal", "it was ended from outside by a signal"),
    ("timeout", "it took too long to start or to stop"),
    ("start-limit-hit", "it ended too often in a short time"),
    ("exit-code", "the program ended with an error (code {exit})"),
    ("running", "it runs now; the journal has the cause"),
    ("success", "the program ended without an error"),
];

pub(super) const BOT_RESTARTING: Wording = Wording {
    headline: "The bot crashes again and again",
    happened: "Within ten minutes systemd has restarted the bot {value} times. Last: {detail}.",
    means: "customers are served in between only. Recorded orders are safe.",
    done: "systemd restarts it every two seconds, unless it gives the bot up; you hear of that too.",
    todo: "find the cause: journalctl -u {unit} -n 100; bot check --config /etc/warung/bot.toml",
    over_headline: "The bot stays up",
    over: "It does not crash any more. It did, again and again, for {lasted}.",
};

pub(super) const BOT_GIVEN_UP: Wording = Wording {
    headline: "systemd has given the bot up",
    happened: "Since {since} systemd does not start the bot any more: {detail}.",
    means: "customers are not served. Recorded orders are safe.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "journalctl -u {unit} -n 100, then systemctl reset-failed {unit}; systemctl start {unit}",
    over_headline: "The bot's unit is active again",
    over: "It lasted {lasted}.",
};

pub(super) const BOT_UNIT_UNKNOWN: Wording = Wording {
    headline: "systemd knows no unit {object}",
    happened: "Since {since} systemd says {detail} of {object}, the name under [bot] unit.",
    means: "this alone does not stop the shop. Restarts and memory of the bot are not watched; the agent cannot restart one that hangs, and /restart cannot work.",
    done: "whether the bot answers is watched as ever.",
    todo: "find its name with systemctl list-units --type=service, put it under [bot] unit in agent.toml, then: systemctl restart agent",
    over_headline: "systemd knows {object}",
    over: "Restarts and memory of the bot are watched. They were not for {lasted}.",
};

pub(super) const BOT_MEMORY_GROWING: Wording = Wording {
    headline: "The bot's memory grows",
    happened: "As it grows now, the bot reaches its limit of memory in {value}: {detail}.",
    means: "at the limit it gets slow, then the kernel ends it and systemd starts it anew.",
    done: "the agent watched the growth for six hours before it said so.",
    todo: "restart it at a quiet hour: systemctl restart {unit}. If it grows again, tell the authors.",
    over_headline: "The bot's memory does not grow any more",
    over: "It lasted {lasted}.",
};

pub(super) const DELIVERY_LATE: Wording = Wording {
    headline: "A paid order waits for its goods",
    happened: "An order was paid {value} ago, and its goods have not gone out.",
    means: "a customer has paid and has nothing.",
    done: "while it runs, the bot goes on trying; the agent watches it.",
    todo: "look for the cause: journalctl -u {unit} -n 100; as the seller: look at the orders and messages in doubt",
    over_headline: "No paid order waits too long for its goods any more",
    over: "The one that did waited for more than {value}.",
};

pub(super) const ORDERS_STUCK: Wording = Wording {
    headline: "Orders do not expire",
    happened: "An order has waited for its payment for {value}, and {detail} orders wait in all.",
    means: "the goods reserved for them cannot be sold to others.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "look for the cause: journalctl -u {unit} -n 100",
    over_headline: "Orders expire again",
    over: "It lasted {lasted}.",
};

pub(super) const QUEUE_LAGGING: Wording = Wording {
    headline: "The bot falls behind with its work",
    happened: "The oldest job of the bot has waited for {value}. {detail}",
    means: "invoices, deliveries or announcements are late.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "journalctl -u {unit} -n 100; top",
    over_headline: "The bot keeps up with its work",
    over: "It lasted {lasted}.",
};

pub(super) const PAYMENTS_FAILING: Wording = Wording {
    headline: "The payment gateway fails ({object})",
    happened: "Calls to the gateway failed {value} times in a row: {detail}.",
    means: "customers cannot get an invoice, and payments are noticed late. None is lost.",
    done: "while it runs, the bot goes on trying.",
    todo: "look at the gateway's status page and dashboard; is the API key valid? journalctl -u {unit} -n 100",
    over_headline: "The payment gateway does not fail any more ({object})",
    over: "No call to it fails at present. Before, calls failed for at least {lasted}.",
};

pub(super) const TELEGRAM_LAGGING: Wording = Wording {
    headline: "Messages do not get through to Telegram",
    happened: "{value} calls of the bot to Telegram failed in a row.",
    means: "customers wait for answers and goods; all of it is kept and sent later.",
    done: "while it runs, the bot goes on trying at growing intervals.",
    todo: "see whether Telegram is down; journalctl -u {unit} -n 50",
    over_headline: "Messages get through to Telegram again",
    over: "It lasted at least {lasted}. What waited goes out now.",
};

pub(super) const TELEGRAM_SHARED: Wording = Wording {
    headline: "Another program takes the shop's messages",
    happened: "{value} times within five minutes Telegram ended the bot's question for messages: another program uses the same \
               BOT_TOKEN.",
    means: "what customers write and tap may reach that program and not the shop. Orders that are paid go on.",
    done: "while it runs, the bot goes on asking.",
    todo: "stop the other program: an old server, a second copy of the bot or a webhook. If you know of none, the token is in \
           foreign hands: let @BotFather revoke it, store the new one as BOT_TOKEN, then systemctl restart {unit}",
    over_headline: "The shop's messages come to the bot alone",
    over: "Another program took part of them for {lasted}. Customers who got no answer will have to write again.",
};

pub(super) const TELEGRAM_REFUSES: Wording = Wording {
    headline: "Telegram refuses the bot's token",
    happened: "Since {since} Telegram has not taken the shop's BOT_TOKEN.",
    means: "nobody can buy, and no message goes out. Paid orders wait and are safe.",
    done: "while it runs, the bot goes on trying.",
    todo: "get this bot's token from @BotFather, store it as BOT_TOKEN, then systemctl restart {unit}",
    over_headline: "Telegram takes the bot's token",
    over: "It did not for {lasted}. What waited goes out now.",
};

pub(super) const GATEWAY_REFUSES: Wording = Wording {
    headline: "The payment gateway refuses invoices ({object})",
    happened: "Since {since} the gateway makes no invoices: {detail}.",
    means: "nobody can buy through that gateway. Orders that are paid go on.",
    done: "the bot asks again with each new order; the first invoice that is made ends this alert, a restart of the bot does not.",
    todo: "look in the gateway's dashboard whether the project is active and the API key valid; after changing the key: systemctl restart {unit}",
    over_headline: "The payment gateway does not refuse any more ({object})",
    over: "The gateway answers and does not refuse. It lasted {lasted}.",
};

pub(super) const DATABASE_REFUSES: Wording = Wording {
    headline: "The database takes no writes",
    happened: "Since {since} the shop's database takes no writes: {detail}.",
    means: "no order and no payment can be recorded.",
    done: "while it runs, the bot goes on trying.",
    todo: "disk full: make room (df -h). Not writable or damaged: dmesg | tail -50. Held by another program: lsof {database}",
    over_headline: "The database takes writes again",
    over: "It lasted {lasted}.",
};

pub(super) const WAL_LARGE: Wording = Wording {
    headline: "The database's log grows",
    happened: "The write-ahead log of the shop's database is {value} long and is not put back into the database.",
    means: "nothing yet. From 1 GiB on the bot takes no new orders; payments are still accepted.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "see whether a backup hangs: agent status; who holds the database open: lsof {database}-wal",
    over_headline: "The database's log is short again",
    over: "It lasted {lasted}.",
};

pub(super) const WAL_HUGE: Wording = Wording {
    headline: "The database's log is too long",
    happened: "The write-ahead log of the shop's database is {value} long.",
    means: "the bot takes no new orders until it is shorter. Payments are still accepted.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "systemctl restart agent; if it does not shrink within two minutes: systemctl restart {unit}",
    over_headline: "The database's log is short again",
    over: "It lasted {lasted}. New orders are taken again.",
};

/// What to do about a database that takes no writes, by the bot's code for why.
pub(in crate::alert::words) fn on_refusal(code: &str) -> Option<&'static str> {
    Some(match code {
        "full" => {
            "make room: df -h and df -i say what is full; journalctl --vacuum-size=200M; apt-get clean. The bot goes on by itself then"
        }
        "readonly" => "see why it takes no writes: ls -l {database}; findmnt -T {database}; dmesg | tail -50",
        "busy" => "see who holds it, and end that: lsof {database}",
        "damaged" => {
            "see whether the disk is failing: dmesg | tail -50. If it is, or the file is damaged: systemctl stop {unit}, and restore onto a sound disk: agent restore --latest"
        }
        "moved" => {
            "put {database} back as it was, or mount its disk again: the bot goes on by itself then. If it is gone for good: systemctl stop {unit}, and agent restore --latest. Another file takes its place only while the bot is stopped, and without the -wal and -shm of the first one"
        }
        _ => return None,
    })
}
