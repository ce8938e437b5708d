//! What the bot itself reports, in English: what each kind means, what was done, what to do. The same as in `id`, sentence by sentence.
//! Nothing here is for customers or sellers.

use crate::alert::words::Reported;

/// `None` for a kind that a newer bot has.
pub(in crate::alert::words) fn reported(kind: &str) -> Option<Reported> {
    let at = REPORTED.iter().position(|(known, _)| *known == kind)?;
    Some(REPORTED[at].1)
}

/// Facts that are codes.
pub(in crate::alert::words) const CODES: &[(&str, &str)] = &[
    ("too_often", "it hung or took the bot down too often"),
    ("failed", "it failed too often"),
    ("goods", "goods"),
    ("message", "a message"),
    ("update", "an update from Telegram"),
    ("late", "paid too late"),
    ("second", "paid a second time"),
    ("wrong_amount", "another amount than the price"),
    ("unknown_order", "this shop does not know that order"),
    ("many_orders", "several orders"),
    ("not_looked_into", "could not be looked into"),
    ("other_order", "the answer is about another order"),
    (
        "other_mode",
        "live and sandbox do not fit (bot.toml and the project)",
    ),
    ("full", "the disk is full"),
    ("readonly", "the file or its disk takes no writes"),
    ("busy", "another program holds it"),
    ("damaged", "the file or its disk is damaged"),
    (
        "moved",
        "its file was deleted, renamed or replaced under the running bot, or a disk was mounted over it",
    ),
    ("other", "another fault"),
    ("no_writes", "the database takes no writes"),
    ("slow_writes", "a write to the database takes too long"),
    ("unreadable", "the database cannot be read"),
    (
        "untried",
        "nobody has tried since the bot was started, so that it may be over",
    ),
    (
        "shut",
        "the database cannot be opened: the shop is shut and opens by itself",
    ),
    ("untold", "the bot does not say why"),
    ("unreachable", "it cannot be reached"),
    ("toomany", "it wants fewer questions"),
    ("refused", "it refuses"),
    ("garbled", "its answer cannot be understood"),
    ("not_yet", "the agent has not got it off this machine yet"),
    ("agent_silent", "the agent did not answer in time"),
    ("agent_away", "the agent does not run or cannot be reached"),
    ("agent_strange", "the agent's answer cannot be understood"),
];

const REPORTED: &[(&str, Reported)] = &[
    (
        "dead_job",
        Reported {
            headline: "A job of the bot was given up",
            facts: "job {1}, {2}|: {3}",
            means: "a customer may not have the goods.",
            done: "the bot tried it many times; what is about money and goods is tried again every hour for a day.",
            todo: "look into that order as the seller and settle it with the customer; all of the error: journalctl -u {unit} -n 100",
        },
    ),
    (
        "poison_update",
        Reported {
            headline: "Something from Telegram could not be handled",
            facts: "update {1}",
            means: "a customer may wait for an answer.",
            done: "the bot tried it five times and set it aside; everybody else is served.",
            todo: "look at journalctl -u {unit} -n 100, and when it comes again, keep those lines for the authors.",
        },
    ),
    (
        "send_unknown",
        Reported {
            headline: "Nobody knows whether a message arrived",
            facts: "{1} of the messages",
            means: "a customer may not have read the message, or may have.",
            done: "the connection broke while it was on its way, and the bot does not send again by guessing.",
            todo: "when a customer misses an answer: everything stands under \"my orders\", and the seller sends the rest by hand.",
        },
    ),
    (
        "send_refused",
        Reported {
            headline: "Telegram refuses a message",
            facts: "{1}, order {2}; Telegram says: {3}",
            means: "that message will never arrive.",
            done: "the bot does not try again, because Telegram refuses it for good.",
            todo: "when a customer waits for it, the seller tells them by hand; journalctl -u {unit} -n 100 gives the reason",
        },
    ),
    (
        "customer_unreachable",
        Reported {
            headline: "A customer cannot be reached",
            facts: "order {1}",
            means: "goods are paid for, but the customer has blocked the bot or deleted the account.",
            done: "the order keeps its goods, which are under \"my orders\" once the bot is unblocked.",
            todo: "there is nothing to do.",
        },
    ),
    (
        "payment_mismatch",
        Reported {
            headline: "A payment does not fit its invoice",
            facts: "{1}, order {2}: {3}|, {4}",
            means: "money may have come in, and no goods were sent.",
            done: "the bot believes only the gateway's own answer, and that does not fit.",
            todo: "look the payment up in the gateway's dashboard, then settle it with the customer, by a refund or by hand.",
        },
    ),
    (
        "gateway_refuses",
        Reported {
            headline: "The payment gateway refuses invoices",
            facts: "{1}, order {2}: {3}",
            means: "nobody can buy through that gateway.",
            done: "the bot goes on trying; orders that are paid go on.",
            todo: "look in the gateway's dashboard whether the project is active and the API key valid; after changing the key: systemctl restart {unit}",
        },
    ),
    (
        "not_durable",
        Reported {
            headline: "A payment was taken before its backup left",
            facts: "waited for {1} s at most|: {2}",
            means: "the shop goes on; the last orders are lost only if this machine is lost right now.",
            done: "the bot waited for two seconds, then served the customer.",
            todo: "see which place for backups is behind: agent status",
        },
    ),
    (
        "money_owed",
        Reported {
            headline: "Money must be returned",
            facts: "{1}, order {2}: {3}",
            means: "money came in that became no goods: somebody must return it or look into it.",
            done: "the seller was told and has the list.",
            todo: "the seller returns it by hand, because the gateway cannot.",
        },
    ),
    (
        "restored_sales_paused",
        Reported {
            headline: "The shop was restored and sales are paused",
            facts: "restore point {1}; {2} items held, {3} more reserved|; out since then by the replaced database: {4}",
            means: "the database stands at an earlier moment: the shop does not know the orders after it.",
            done: "sales are paused so that no item is sold twice; what the replaced database shows as gone stays out of sale.",
            todo: "compare the gateway's dashboard with the orders since then; where it is not known what went out, take out stock that was sold; then let the seller open sales again.",
        },
    ),
    (
        "telegram_refuses",
        Reported {
            headline: "Telegram refuses the bot's token",
            facts: "{1}",
            means: "nobody can buy.",
            done: "orders that are paid wait and are safe.",
            todo: "get this bot's token from @BotFather, store it as BOT_TOKEN, then systemctl restart {unit}",
        },
    ),
    (
        "database_refuses",
        Reported {
            headline: "The shop's database takes no writes",
            facts: "{1}",
            means: "nothing new is taken, and nothing is lost.",
            done: "the bot asks every second and goes on by itself.",
            todo: "make room (df -h /var/lib/warung), or look with dmesg whether the disk is failing.",
        },
    ),
    (
        "handler_stuck",
        Reported {
            headline: "A job hung and was cut",
            facts: "{1}, silent for {2} s",
            means: "one customer waits longer; the others are served.",
            done: "it is tried again and is done once.",
            todo: "once: nothing. When it comes again: systemctl restart {unit}, and keep journalctl -u {unit} -n 100 for the authors.",
        },
    ),
    (
        "wal_too_long",
        Reported {
            headline: "Changes are not copied into the database",
            facts: "{1} MiB",
            means: "the disk fills by it; the shop sells on.",
            done: "the bot goes on measuring, and takes no new orders before the disk is full.",
            todo: "look with agent status whether a backup hangs, then systemctl restart agent",
        },
    ),
    (
        "wal_stops_sales",
        Reported {
            headline: "The shop takes no new orders",
            facts: "{1} MiB",
            means: "the file of changes is too long; payments and deliveries go on.",
            done: "the bot closed the sales so that the disk does not fill, and opens them by itself.",
            todo: "systemctl restart agent, and make room.",
        },
    ),
];
