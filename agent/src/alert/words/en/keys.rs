//! English. The keys that backups are sealed to. The same table as in `id`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

use crate::alert::words::Wording;

pub(super) const RECIPIENTS_CHANGED: Wording = Wording {
    headline: "The backups do not open with the present keys yet",
    happened: "[backup] recipients names other keys than before: {detail}.",
    means: "until a new full backup is there, a new key opens nothing, and where no old key stays /durable says no.",
    done: "a full backup is begun at once, and tried again every 15 minutes if it fails.",
    todo: "keep the old secret key. If this lasts longer than a full backup takes: agent check, agent status",
    over_headline: "The backups open with the present keys",
    over: "From now on what is backed up opens with the keys in [backup] recipients. What was backed up before opens with the keys of that time: keep them as long as those backups. It lasted {lasted}.",
};

pub(super) const RECIPIENTS_UNREAD: Wording = Wording {
    headline: "A backup key does not read",
    happened: "{detail}.",
    means: "commits and scheduled backups go on, sealed to the keys as they were read last. Until every file reads, a backup by hand is refused, and an agent that is restarted does not start.",
    done: "the files are read again every five seconds.",
    todo: "put the public certificate back where the file is named, or take its name out of [backup] recipients: agent check",
    over_headline: "Every backup key reads again",
    over: "Commits and backups are sealed to the keys that [backup] recipients names. It lasted {lasted}.",
};

pub(super) const CONFIG_UNREAD: Wording = Wording {
    headline: "The agent's configuration does not read",
    happened: "{detail}.",
    means: "commits go on leaving the server, with the settings as they were read last. But no backup is taken, no restore is rehearsed, and an agent that is restarted does not start.",
    done: "the file is read again every five seconds.",
    todo: "correct the file until this finds nothing wrong in it: agent check",
    over_headline: "The agent's configuration reads again",
    over: "Backups and rehearsals go on. It lasted {lasted}.",
};

pub(super) const RECIPIENT_EXPIRING: Wording = Wording {
    headline: "A backup key expires soon",
    happened: "The certificate {detail} expires within 60 days.",
    means: "nothing yet. Backups go on also after that day, and its secret key opens them; other programs may object.",
    done: "backups are encrypted to it as always.",
    todo: "extend the key on your own computer (gpg --quick-set-expire), put the new certificate in its place, then: agent check",
    over_headline: "The backup key is valid again",
    over: "The certificate does not expire soon any more.",
};

pub(super) const RECIPIENT_EXPIRED: Wording = Wording {
    headline: "A backup key has expired",
    happened: "The certificate {detail} has expired.",
    means: "backups go on and its secret key still opens them, but you may have forgotten that key.",
    done: "backups are encrypted to it all the same: a backup for an old key is better than none.",
    todo: "make sure that you have its secret key and passphrase; extend it (gpg --quick-set-expire) or make a new one (agent key new), put the certificate in its place, then: agent check",
    over_headline: "The backup key is valid again",
    over: "The certificate is valid again.",
};
