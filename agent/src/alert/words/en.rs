//! English. The same table as in `id`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

mod agent;
mod bot;
mod digest;
mod disk;
mod domain;
mod kept;
mod keys;
mod logs;
mod machine;
mod on_log;
mod reported;
mod trade;

pub(super) use agent::{of_way, of_way_on};
pub(super) use digest::DIGEST;
pub(super) use disk::of_disk;
pub(super) use machine::ON_KILL;
pub(super) use on_log::of_log;
pub(super) use reported::{CODES, reported};
pub(super) use trade::{ACTIVE, ENDS, on_refusal};

use super::{Phrases, Wording};
use crate::alert::rule::Rule;

pub(super) const PHRASES: Phrases = Phrases {
    means: "What it means",
    done: "Done already",
    todo: "What to do",
    only_on_disk: [
        "If the disk holds nothing but the agent's state",
        "If the disk holds nothing but backups",
        "If the disk holds nothing but logs",
        "If you named the disk, and nothing of the shop or the agent is there",
    ],
    restarting: "The agent has been restarting the bot since {at} ({count} of {most} within an hour); how that ends follows here.",
    restart_unknown: "The agent tried to restart the bot at {at} ({count} of {most} within an hour); how that ended is not known.",
    restarted: "The agent restarted the bot ({count} of {most} within an hour), last at {at}.",
    restart_failed: "The agent tried to restart the bot ({count} of {most} within an hour), last at {at}; of these failed: {failed}. The reason: {why}",
    worse: "Worse",
    more: "More of it",
    reminder: "Still wrong, for {lasted}",
    again: "Again ({count} times since {since})",
    again_mixed: "Trouble again ({count} times since {since}, not always this)",
    times: "(it happened {count} times since {since})",
    kinds: "By what it was: {kinds}.",
    flapping: "It comes and goes. In Telegram this message changes each time that it ends or comes back; when it lasts, you get a new one.",
    paused: "It comes and goes: {count} times since {since}, the last time until {until}. In Telegram this message changes when it is back.",
    calm: "It came and went {count} times, from {since} to {until}, and has not come back since.",
    replaced_headline: "Goes on in the next message",
    replaced: "How things are now is in a newer message about it.",
    told_by: "not told yet; it is by {at}",
    queued: "queued since {at}, not delivered yet",
    press_start: "press Start in the chat with the agent's bot",
    acked: "You took this on at {at}; there will be no reminder.",
    acked_by: "{who} took this on at {at}; there will be no reminder.",
    take_on: "I am on it",
    runbook: "What to do",
    silence: "Silence {hours} h",
    logs: "Logs",
    graph: "Chart",
    restart: "Restart the bot",
    all_over: "All {count} faults that belonged to it are over.",
    test: "Warung: a test of this channel. Nothing is wrong; there is nothing to do.",
    also: "Also wrong",
    mended: "Over by now",
    withdrawn_headline: "No longer watched",
    withdrawn: "Nobody looks at it any more, because it is not in the configuration or not on the server any more, so this alert ends without having been mended: {headline}",
    incident: "The bot reports",
    reported_at: "The bot reported it at {at}.",
    facts: "Details",
    bots_words: "The bot's own words",
    repeated: "(may be repeated)",
    elsewhere: "this way was down; it went by {way} at {at}",
    first_seen: "Seen first: {at}.",
    wrong_since: "Wrong since {at}.",
    late: "of {at}; it could not be sent before",
    of_then: "of {at}",
    summary: "{count} messages at once, with their true times:",
    paused_queues: "Paused queues: {queues}.",
    commits_wait: "commits waiting: {count}",
    restart_unit: "systemctl restart {writer}",
    restart_program: "restart {writer}",
    restart_holder: "restart the program that holds it (lsof | grep {object})",
    units: [" d", " h", " min", " s"],
    an_hour: "/h",
    never: "never",
    ends: ["ends", "ends in {value}", "ended {value} ago"],
};

wordings! {
    AgentBlind => AGENT_BLIND,
    ChannelBroken => CHANNEL_BROKEN,
    HeartbeatRefused => HEARTBEAT_REFUSED,
    HeartbeatUnreached => agent::HEARTBEAT_UNREACHED,
    BotStopped => BOT_STOPPED,
    BotUnhealthy => BOT_UNHEALTHY,
    BotHung => BOT_HUNG,
    BotNotRunning => BOT_NOT_RUNNING,
    BotGone => bot::BOT_GONE,
    BotDiedUnseen => bot::BOT_DIED_UNSEEN,
    BotRestartsSpent => bot::BOT_RESTARTS_SPENT,
    BotPortTaken => BOT_PORT_TAKEN,
    BackupNotTaken => BACKUP_NOT_TAKEN,
    BackupWithoutRoom => NO_ROOM_FOR_BACKUP,
    BackupFailed => BACKUP_FAILED,
    BackupIncomplete => BACKUP_INCOMPLETE,
    BackupOld => BACKUP_OLD,
    DatabaseDamaged => DATABASE_DAMAGED,
    RecipientsChanged => keys::RECIPIENTS_CHANGED,
    RecipientsUnread => keys::RECIPIENTS_UNREAD,
    ConfigUnread => keys::CONFIG_UNREAD,
    RecipientExpiring => keys::RECIPIENT_EXPIRING,
    RecipientExpired => keys::RECIPIENT_EXPIRED,
    DiskLow => machine::DISK_LOW,
    DiskFull => machine::DISK_FULL,
    DiskFilling => machine::DISK_FILLING,
    InodesLow => machine::INODES_LOW,
    InodesFull => machine::INODES_FULL,
    DiskReadOnly => machine::DISK_READ_ONLY,
    DiskMissing => machine::DISK_MISSING,
    DiskGone => machine::DISK_GONE,
    MemoryLow => machine::MEMORY_LOW,
    MemoryStalls => machine::MEMORY_STALLS,
    MemoryKill => machine::MEMORY_KILL,
    MemoryLimitKill => machine::MEMORY_LIMIT_KILL,
    MemorySwapping => machine::MEMORY_SWAPPING,
    CpuStolen => machine::CPU_STOLEN,
    DiskSlow => machine::DISK_SLOW,
    CpuOverloaded => machine::CPU_OVERLOADED,
    ClockUnsynchronised => machine::CLOCK_UNSYNCHRONISED,
    ClockJumped => machine::CLOCK_JUMPED,
    CertificateExpiring => machine::CERTIFICATE_EXPIRING,
    CertificateExpired => machine::CERTIFICATE_EXPIRED,
    DomainExpiring => domain::EXPIRING,
    DomainExpired => domain::EXPIRED,
    DomainUnreachable => machine::DOMAIN_UNREACHABLE,
    CredentialOld => machine::CREDENTIAL_OLD,
    AgentSlow => machine::AGENT_SLOW,
    AgentKilled => agent::AGENT_KILLED,
    AgentStateReplaced => agent::AGENT_STATE_REPLACED,
    ServerWentDown => machine::SERVER_WENT_DOWN,
    OwnerBotShared => agent::OWNER_BOT_SHARED,
    BotRestarting => trade::BOT_RESTARTING,
    BotGivenUp => trade::BOT_GIVEN_UP,
    BotUnitUnknown => trade::BOT_UNIT_UNKNOWN,
    BotMemoryGrowing => trade::BOT_MEMORY_GROWING,
    DeliveryLate => trade::DELIVERY_LATE,
    OrdersStuck => trade::ORDERS_STUCK,
    QueueLagging => trade::QUEUE_LAGGING,
    PaymentsFailing => trade::PAYMENTS_FAILING,
    TelegramLagging => trade::TELEGRAM_LAGGING,
    TelegramShared => trade::TELEGRAM_SHARED,
    TelegramRefuses => trade::TELEGRAM_REFUSES,
    GatewayRefuses => trade::GATEWAY_REFUSES,
    DatabaseRefuses => trade::DATABASE_REFUSES,
    WalLarge => trade::WAL_LARGE,
    WalHuge => trade::WAL_HUGE,
    CaptureStopped => kept::CAPTURE_STOPPED,
    CaptureStuck => kept::CAPTURE_STUCK,
    DatabaseReplaced => kept::DATABASE_REPLACED,
    ChainBroken => kept::CHAIN_BROKEN,
    DatabaseRedefined => kept::DATABASE_REDEFINED,
    CaptureResynced => kept::CAPTURE_RESYNCED,
    DatabaseTouched => kept::DATABASE_TOUCHED,
    SpoolOverflowed => kept::SPOOL_OVERFLOWED,
    RemoteBehind => kept::REMOTE_BEHIND,
    LogGrowing => logs::LOG_GROWING,
    LogNotRotated => logs::LOG_NOT_ROTATED,
    LogWriterLost => logs::LOG_WRITER_LOST,
    LogDeletedOpen => logs::LOG_DELETED_OPEN,
    LogTruncated => logs::LOG_TRUNCATED,
    LogHole => logs::LOG_HOLE,
    LogOldKept => logs::LOG_OLD_KEPT,
    LogSilent => logs::LOG_SILENT,
    RemoteDamaged => kept::REMOTE_DAMAGED,
    RemoteContradicts => kept::REMOTE_CONTRADICTS,
    ShopRunsTwice => kept::SHOP_RUNS_TWICE,
    DrillFailed => kept::DRILL_FAILED,
    DrillOld => kept::DRILL_OLD,
    DrillUncounted => kept::DRILL_UNCOUNTED,
    DrillWithoutRoom => kept::DRILL_WITHOUT_ROOM,
}

const AGENT_BLIND: Wording = Wording {
    headline: "The agent cannot reach the outside",
    happened: "Since {since} the agent reaches nothing outside this server: {detail}",
    means: "the shop may be unreachable too, backups do not leave the server, and what the agent says of other places is about its own line.",
    done: "alerts that follow from this one are held back, and every message waits on the disk.",
    todo: "look at the server's network: ip route, resolvectl status; ask your provider. Nothing is lost meanwhile.",
    over_headline: "The agent reaches the outside again",
    over: "The line is back after {lasted}.",
};

const CHANNEL_BROKEN: Wording = Wording {
    headline: "A way to reach you does not work ({object})",
    happened: "The channel {object} took no message at {since}: {detail}",
    means: "whoever is reached by it alone hears nothing of the shop. Others still do; when they fail too, nobody would.",
    done: "the agent goes on with what works, keeps what was not taken, and tries again.",
    todo: "for Telegram: press Start in that chat with the agent's bot, unblock it, or correct [owner] chat_ids and OWNER_BOT_TOKEN. For another one: correct [channels.{object}] in agent.toml or its secret. Then: agent alert test --channel {object}",
    over_headline: "The channel {object} works again",
    over: "It takes messages again. It was broken for {lasted}.",
};

const HEARTBEAT_REFUSED: Wording = Wording {
    headline: "The watch from outside does not take the agent's beats ({object})",
    happened: "The check at [heartbeat] {object} answers, and has refused what it is told since {since}: {detail}",
    means: "that check hears nothing from here. If the whole server is lost, nobody outside may notice, and it may raise a false alarm itself.",
    done: "the agent goes on telling it whenever there is something for it: at url every minute.",
    todo: "look whether the check still exists where you made it, put its address into {object} under [heartbeat] in agent.toml, then: agent check",
    over_headline: "The watch from outside takes the agent's beats again ({object})",
    over: "It took a beat. Before, it took none for {lasted}.",
};

const BOT_BACK: &str = "The shop's bot runs again";

const BOT_STOPPED: Wording = Wording {
    headline: "The shop's bot was not started again",
    happened: "The bot was stopped on purpose at {since} and has not come back since.",
    means: "customers are not served while it is stopped. Orders and payments that were recorded are safe.",
    done: "the agent waited for ten minutes, because this stop was on purpose.",
    todo: "when your work is finished, start the bot: systemctl start {unit}",
    over_headline: BOT_BACK,
    over: "The bot was started again after a stop of {lasted}. Waiting orders go on.",
};

const BOT_UNHEALTHY: Wording = Wording {
    headline: "The shop's bot stalls",
    happened: "Since {since} the bot answers, but says that a part of it stands still: {detail}",
    means: "some orders, deliveries or messages may be late. What was recorded is not lost.",
    done: "the agent asked twice with a pause and had the same answer.",
    todo: "look for the cause: journalctl -u {unit} -n 50. If it does not recover: systemctl restart {unit}",
    over_headline: "The shop's bot runs smoothly again",
    over: "Every part of the bot moves again. It lasted {lasted}.",
};

const BOT_HUNG: Wording = Wording {
    headline: "The shop's bot does not answer",
    happened: "Since {since} the bot's process is there, but answers no question.",
    means: "customers wait without an answer. Orders and payments that were recorded are safe.",
    done: "the agent tried again and again. systemd's watchdog restarts a hung bot after half a minute, else the agent does after a minute. {detail}",
    todo: "if it has not recovered in two minutes: send /restart or systemctl restart {unit}, then journalctl -u {unit} -n 50",
    over_headline: "The shop's bot answers again",
    over: "The bot answers again after {lasted}. Waiting orders go on. {detail}",
};

const BOT_NOT_RUNNING: Wording = Wording {
    headline: "The shop's bot is not running",
    happened: "Since {since} no bot is there to answer. {detail}",
    means: "customers are not served. Orders and payments that were recorded are safe in the database.",
    done: "the agent tried again and again and goes on trying.",
    todo: "start the bot: systemctl start {unit}. If that fails: journalctl -u {unit} -n 50",
    over_headline: BOT_BACK,
    over: "The bot answers. It did not for {lasted}.",
};

const BOT_PORT_TAKEN: Wording = Wording {
    headline: "Something else answers in the bot's place",
    happened: "Since {since} what answers at the bot's address is not the bot. {detail}",
    means: "the shop is most likely closed: while another program holds its address the bot cannot start. Orders and payments that were recorded are safe.",
    done: "the agent asked again and again, and goes on.",
    todo: "see what listens there: ss -ltnp. Stop that program or give it another port, then systemctl restart {unit}",
    over_headline: BOT_BACK,
    over: "The bot itself answers. It did not for {lasted}.",
};

/// What to do about a backup whose remote can hold no more files.
pub(super) const BACKUP_WITHOUT_FILES: &str = "find the folder with very many files on that remote's disk and empty it: df -i names the disk, du --inodes -x FOLDER --max-depth=3 | sort -h | tail -20 the folder. Then back up now: agent backup";

/// What to do about a backup whose process was killed.
pub(super) const BACKUP_KILLED: &str = "look whether memory is short: free -h; journalctl -k -n 50 names what the system ended. The agent tries again by itself within a quarter of an hour; at once: agent backup";

/// What to do about a rehearsal whose process was killed.
pub(super) const DRILL_KILLED: &str = "look whether memory is short: free -h; journalctl -k -n 50 names what the system ended. Then rehearse again: agent drill --remote {object}";

/// What to do about a backup that found no room on the disk.
pub(super) const BACKUP_WITHOUT_ROOM: &str = "make room first: df -h and df -i say what is full; journalctl --vacuum-size=200M; apt-get clean. The agent tries again by itself within a quarter of an hour; at once: agent backup";

const BACKUP_NOT_TAKEN: Wording = Wording {
    headline: "No backup could be taken",
    happened: "The backup of {since} failed and is nowhere. The cause: {detail}",
    means: "this alone does not stop the shop, but if the server is lost now, there are only older backups.",
    done: "the agent tries again every quarter of an hour.",
    todo: "check settings and places: agent check, then back up now: agent backup",
    over_headline: "Backups work again",
    over: "There is a new complete backup. It lasted {lasted}.",
};

const NO_ROOM_FOR_BACKUP: Wording = Wording {
    headline: "There is no room to take a backup",
    done: "the agent tries again every quarter of an hour, and within half a minute once there is room.",
    todo: BACKUP_WITHOUT_ROOM,
    ..BACKUP_NOT_TAKEN
};

const BACKUP_FAILED: Wording = Wording {
    headline: "Backup failed ({object})",
    happened: "The backup of {since} did not get to {object}. The cause: {detail}",
    means: "this alone does not stop the shop, but if the server is lost now, {object} has only an older backup.",
    done: "the agent tries again at the next time of the schedule, and the other places are still served.",
    todo: "check the storage: agent check, then back up now: agent backup",
    over_headline: "Backups work again ({object})",
    over: "Backups get to {object} again. It lasted {lasted}.",
};

const BACKUP_INCOMPLETE: Wording = Wording {
    headline: "The backup lacks some files",
    happened: "The database is backed up, but these files have been missing since {since}: {detail}",
    means: "the orders can be restored, but those settings, keys or logs can not.",
    done: "everything else was backed up and read back.",
    todo: "let the agent read those files, or correct [backup] files in agent.toml, then: agent backup",
    over_headline: "The backup is complete again",
    over: "All files are in the backup again. It lasted {lasted}.",
};

const BACKUP_OLD: Wording = Wording {
    headline: "The backup is too old",
    happened: "There has been no new complete backup since {detail}. That is longer than two intervals of the schedule.",
    means: "if the server is lost now, everything that happened after that backup is lost with it.",
    done: "the agent goes on backing up at every time of the schedule.",
    todo: "back up now and read the answer: agent backup. Then check the places: agent check",
    over_headline: "The backup is fresh again",
    over: "There is a new complete backup. Before it, there had been none since {detail}.",
};

const DATABASE_DAMAGED: Wording = Wording {
    headline: "The shop's database is damaged",
    happened: "While backing up at {since}, SQLite found damage in the database that is in use: {detail}",
    means: "orders and payments may be wrong or lost, and new backups hold the damage too.",
    done: "this backup was kept all the same and no older one was touched.",
    todo: "stop the bot: systemctl stop {unit}. Then restore the newest state from before the damage by that command; if it is refused, it names the next best. agent backup names more ways",
    over_headline: "The shop's database is sound again",
    over: "SQLite finds no damage any more. It lasted {lasted}.",
};
