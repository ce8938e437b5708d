//! English. The machine: disk, memory, processor, clock, certificates, and the agent itself. The same table as in `id`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

use crate::alert::words::Wording;

pub(super) const DISK_LOW: Wording = Wording {
    headline: "Little room is left on the disk",
    happened: "Since {since} a disk is short of room. How full it is, and what is left: {detail}. A warning comes from {limit} on, or when the room that backups and restores take is no longer there.",
    means: "this alone does not stop the shop. When the disk is full, no order can be recorded.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "see what takes the room: du -xh {object} --max-depth=3 | sort -h | tail -20. Old backups and logs are the usual cause.",
    over_headline: "There is room on the disk again",
    over: "The disk has room again. It lasted {lasted}.",
};

pub(super) const DISK_FULL: Wording = Wording {
    headline: "The disk has almost no room left",
    happened: "Since {since} a disk has hardly any room left. How full it is, and what is left: {detail}.",
    means: "orders and payments can stop being recorded at any moment, and backups fail.",
    done: "the agent keeps its own messages going; it deletes nothing of yours.",
    todo: "make room now: journalctl --vacuum-size=100M; apt-get clean; then du -xh {object} --max-depth=3 | sort -h | tail -20",
    over_headline: "There is room on the disk again",
    over: "The disk has room again. It lasted {lasted}.",
};

pub(super) const DISK_FILLING: Wording = Wording {
    headline: "The disk fills up",
    happened: "As it grows now, the disk is full in {value}: {detail}. Logs and backups, which shrink again by themselves, are not counted.",
    means: "this alone does not stop the shop. On a full disk no order can be recorded.",
    done: "the agent watched the growth for three hours before it said so.",
    todo: "find what grows: du -xh {object} --max-depth=3 | sort -h | tail -20, and again an hour later",
    over_headline: "The disk does not fill up any more",
    over: "The growth has ended. It lasted {lasted}.",
};

pub(super) const INODES_LOW: Wording = Wording {
    headline: "The disk can hold few more files",
    happened: "Since {since} {value} of the files that {detail} can hold are there.",
    means: "when none is left, nothing can be recorded, however much room there is.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "find the folder with very many files: du --inodes -x {object} --max-depth=3 | sort -h | tail -20",
    over_headline: "The disk can hold files again",
    over: "It lasted {lasted}.",
};

pub(super) const INODES_FULL: Wording = Wording {
    headline: "The disk can hold hardly any more files",
    happened: "Since {since} {value} of the files that {detail} can hold are there.",
    means: "orders and payments can stop being recorded at any moment, and backups fail, however much room there is: a bot that starts makes its database's journal anew, and that is a file too.",
    done: "the agent keeps checking; it deletes nothing of yours.",
    todo: "find the folder with very many files and empty it: du --inodes -x {object} --max-depth=3 | sort -h | tail -20. Sessions, mail queues and caches are the usual cause.",
    over_headline: "The disk can hold files again",
    over: "It lasted {lasted}.",
};

pub(super) const DISK_READ_ONLY: Wording = Wording {
    headline: "The disk takes no writes",
    happened: "Since {since} the file system of {detail} is read-only. The kernel does that when the disk fails.",
    means: "no order and no payment can be recorded.",
    done: "nothing: writing to a failing disk may do more harm.",
    todo: "look at the disk: dmesg | tail -50. Ask your provider; restore on a new server if the disk is dying.",
    over_headline: "The disk takes writes again",
    over: "It was read-only for {lasted}.",
};

pub(super) const DISK_MISSING: Wording = Wording {
    headline: "A disk is not there any more",
    happened: "Since {since} {detail} is not there, which [watch] disks names for its own disk.",
    means: "what should be on it is missing, and what is written there lands on another disk.",
    done: "the agent watches the disk above it meanwhile.",
    todo: "mount it again: findmnt {object}; mount -a; dmesg | tail -50. When it lies on another disk on purpose, take it out of disks under [watch] and restart the agent",
    over_headline: "The disk is there again",
    over: "It was missing for {lasted}.",
};

pub(super) const DISK_GONE: Wording = Wording {
    headline: "A disk that the shop lives on is not there any more",
    happened: "Since {since} the disk of {detail} is not mounted at {object} any more.",
    means: "a bot that runs goes on writing where nobody sees it and nothing is backed up; one that starts finds no shop there.",
    done: "the agent tells of nothing that follows from it, and changes nothing.",
    todo: "do not start the bot before the disk is there. See why it went, and mount it again: findmnt {object}; dmesg | tail -50; mount -a. Then systemctl restart {unit}. When you moved it on purpose: systemctl restart agent",
    over_headline: "The disk is there again",
    over: "It was missing for {lasted}.",
};

pub(super) const MEMORY_LOW: Wording = Wording {
    headline: "The server runs short of memory",
    happened: "Since {since} {value} of the memory is in use. Left: {detail}.",
    means: "everything may get slower; in the end the kernel kills a program.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "see who holds it: ps aux --sort=-rss | head",
    over_headline: "There is enough memory again",
    over: "It lasted {lasted}.",
};

pub(super) const MEMORY_STALLS: Wording = Wording {
    headline: "The server stalls for want of memory",
    happened: "For {value} of the last minute nothing on the server could go on, because memory had to be freed first.",
    means: "customers wait, and the kernel may kill the bot.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "end what is not needed: ps aux --sort=-rss | head. A larger server is the lasting remedy.",
    over_headline: "The server does not stall any more",
    over: "It lasted {lasted}.",
};

/// Whose memory was used up where the kernel killed for it: the server's, a limit's, nobody knows; and what it hit.
pub(in crate::alert::words) const ON_KILL: [&str; 4] = [
    "The server's own memory was used up.",
    "{group} had used up what its own limit allows.",
    "Whether that was the server's memory or what a limit allows is not known here.",
    "It was {program}.",
];

pub(super) const MEMORY_KILL: Wording = Wording {
    headline: "The kernel killed a program for want of memory",
    happened: "At {since} the kernel ended a program for want of memory. {detail}",
    means: "if it was the bot, systemd starts it again at once. Recorded orders are safe.",
    done: "the agent watches whether the bot is there.",
    todo: "see whom it hit: journalctl -k -n 50 | grep -i oom",
    over_headline: "The kernel had killed a program for want of memory",
    over: "That was one moment, and is over by itself. If it happens again, you hear of it again.",
};

pub(super) const MEMORY_LIMIT_KILL: Wording = Wording {
    headline: "The kernel killed a program at a memory limit of its own",
    happened: "At {since} a program in {detail} had used up what its own limit allows, and the kernel ended it.",
    means: "this was neither the bot nor the agent, and the server itself has memory left.",
    done: "nothing had to be done for the shop.",
    todo: "if the shop needs that program, such as a proxy in a container: systemctl status, journalctl -k -n 50 | grep -i oom; give it a higher limit",
    over_headline: "The kernel had killed a program at a memory limit of its own",
    over: "That was one moment, and is over by itself. If it happens again, you hear of it again.",
};

pub(super) const SERVER_WENT_DOWN: Wording = Wording {
    headline: "The server went down without warning, and is up again",
    happened: "The last sign of life is of {detail}; then the server went down without warning. Since {since} the agent runs again.",
    means: "the shop was closed in between. Recorded orders are safe; payments of that time are asked about at the gateway.",
    done: "systemd has started bot and agent, and both go on where they were.",
    todo: "if you forced it off yourself: nothing. If not: last -x | head and journalctl -b -1 -n 50, then ask the server's provider, all the more if it happens again",
    over_headline: "The server had gone down without warning",
    over: "That was one moment, and is over by itself. If it happens again, you hear of it again.",
};

pub(super) const MEMORY_SWAPPING: Wording = Wording {
    headline: "The server swaps",
    happened: "Since {since} the server fetches {value} pages of memory a second back from the disk.",
    means: "everything is slower than it could be.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "see who holds the memory: ps aux --sort=-rss | head",
    over_headline: "The server does not swap any more",
    over: "It lasted {lasted}.",
};

pub(super) const CPU_STOLEN: Wording = Wording {
    headline: "The host takes the processor away",
    happened: "For twenty minutes the provider's host has kept {value} of the processor's time from this server.",
    means: "answers are slower than they could be.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "write to your provider, with this figure: \"steal\" in top. Ask to be moved to another host.",
    over_headline: "The processor is this server's own again",
    over: "It lasted {lasted}.",
};

pub(super) const DISK_SLOW: Wording = Wording {
    headline: "The disk is slow",
    happened: "For twenty minutes the processor has waited for the disk for {value} of its time.",
    means: "orders take longer to be recorded.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "see who reads or writes: iotop -o, or ps aux | awk '$8 ~ /D/'",
    over_headline: "The disk keeps up again",
    over: "It lasted {lasted}.",
};

pub(super) const CPU_OVERLOADED: Wording = Wording {
    headline: "The server has more work than it can do",
    happened: "For a quarter of an hour {value} tasks have wanted each core of the processor (load / cores: {detail}).",
    means: "answers may be slower. This is told for your information.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "see who works: top",
    over_headline: "The server keeps up again",
    over: "It lasted {lasted}.",
};

pub(super) const CLOCK_UNSYNCHRONISED: Wording = Wording {
    headline: "The server's clock is not kept right",
    happened: "Since {since} the server's clock is not compared with any other.",
    means: "it drifts. Payment windows, expiry dates and the times you read become wrong.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "timedatectl set-ntp true, then timedatectl status",
    over_headline: "The clock is kept right again",
    over: "It lasted {lasted}.",
};

pub(super) const CLOCK_JUMPED: Wording = Wording {
    headline: "The clock jumped",
    happened: "At {since} the server's clock jumped by {detail}.",
    means: "orders that waited for their payment may have ended too early or too late.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "see who set it: journalctl -n 50 -u systemd-timesyncd; timedatectl status",
    over_headline: "The clock had jumped",
    over: "That was one moment, and is over by itself. If it happens again, you hear of it again.",
};

pub(super) const CERTIFICATE_EXPIRING: Wording = Wording {
    headline: "The shop's certificate ends soon",
    happened: "The TLS certificate of {detail} {ends}. It is usually renewed by itself thirty days before.",
    means: "nothing yet. When it has ended, Telegram and the gateways deliver nothing to this address.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "see why it is not renewed: journalctl -u caddy -n 50, or certbot renew --dry-run",
    over_headline: "The shop's certificate was renewed",
    over: "It was renewed after {lasted}.",
};

pub(super) const CERTIFICATE_EXPIRED: Wording = Wording {
    headline: "The shop's certificate {ends}",
    happened: "The TLS certificate of {detail} {ends}.",
    means: "with the end of it Telegram and the gateways stop delivering to this address. With mode = \"auto\" the bot asks Telegram itself; payments are polled.",
    done: "the agent keeps checking and writes when it is over.",
    todo: "renew it now: certbot renew, or systemctl restart caddy",
    over_headline: "The shop's certificate was renewed",
    over: "It was renewed after {lasted}.",
};

pub(super) const DOMAIN_UNREACHABLE: Wording = Wording {
    headline: "The shop's address does not answer",
    happened: "Since {since} the address does not answer, although this server reaches the outside: {detail}",
    means: "Telegram and the gateways cannot deliver. With mode = \"auto\" the bot asks by itself, and payments are polled.",
    done: "the agent tried three times within two minutes.",
    todo: "look at the reverse proxy: systemctl status caddy nginx; and at the name: getent hosts {host}",
    over_headline: "The shop's address answers again",
    over: "It lasted {lasted}.",
};

pub(super) const CREDENTIAL_OLD: Wording = Wording {
    headline: "A secret is due for renewal ({object})",
    happened: "The secret has not been renewed for long: {detail}.",
    means: "nothing has happened. The longer a secret is in use, the more places may know it.",
    done: "nothing: only you can make a new one.",
    todo: "renew it where it was issued, write it to its file under /etc/warung/credentials, then restart bot or agent",
    over_headline: "The secret {object} was renewed",
    over: "Thank you.",
};

pub(super) const AGENT_SLOW: Wording = Wording {
    headline: "The agent is slow",
    happened: "Since {since} the agent's own work begins {value} too late.",
    means: "what it tells comes late. The shop itself is not touched by it.",
    done: "it goes on as fast as it can.",
    todo: "see what keeps the server busy: top",
    over_headline: "The agent keeps up again",
    over: "It lasted {lasted}.",
};
