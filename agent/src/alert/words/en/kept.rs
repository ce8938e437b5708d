//! English. The capture of commits and the rehearsals of restores. The same table as in `id`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

use crate::alert::words::Wording;

pub(super) const CAPTURE_STOPPED: Wording = Wording {
    headline: "Orders do not leave the server",
    happened: "Since {since} the agent cannot follow the shop's database: {detail}",
    means: "this alone does not stop the shop, but what is sold from now on is lost with the server, until the next backup.",
    done: "the agent tries again twice a minute, and backups by schedule go on.",
    todo: "agent status tells the cause; a database in another journal mode comes right with systemctl restart bot",
    over_headline: "Orders leave the server again",
    over: "Everything that happened in the {lasted} between is on its way.",
};

pub(super) const CAPTURE_STUCK: Wording = Wording {
    headline: "Orders do not leave the server, and waiting does not help",
    happened: "At {since} the agent could not follow the shop's database any more: {detail}",
    means: "what is sold from now on, if the bot sells at all, is on this server alone and may be lost. All that was sold before is on the remotes.",
    done: "the agent looks every few seconds, and goes on as soon as it can.",
    todo: "do what is named there. A file that is missing: put it back with its -wal, and all goes on. Only where it is gone for good: systemctl stop {unit}, then agent restore --latest brings back everything that left the server",
    over_headline: "Orders leave the server again",
    over: "It lasted {lasted}; what came of that time is in agent status.",
};

pub(super) const DATABASE_REPLACED: Wording = Wording {
    headline: "The shop's database is another one",
    happened: "At {since} another file, or another state, lay in the place of the shop's database: {detail}.",
    means: "if you restored or exchanged it, all is as it should be. If not, the bot may sell from the wrong database.",
    done: "the agent began a new chain of commits and takes a full backup; the old chain is untouched and can be restored.",
    todo: "not you? systemctl stop bot, then agent list shows the last point before it",
    over_headline: "The database's file is accepted",
    over: "It was replaced {lasted} ago; the new chain goes on.",
};

pub(super) const CHAIN_BROKEN: Wording = Wording {
    headline: "A new chain of backups has begun",
    happened: "At {since} the chain of commits could not be continued: {detail}",
    means: "nothing is lost: the old chain can be restored until then, the new one from its first backup on.",
    done: "the agent takes a full backup at once.",
    todo: "nothing, if you changed the database yourself (a VACUUM, for example). Else: agent status",
    over_headline: "The new chain of backups stands",
    over: "It began {lasted} ago.",
};

pub(super) const DATABASE_REDEFINED: Wording = Wording {
    headline: "Somebody changed the shop's database by hand, or put an older one in",
    happened: "At {since} the agent caught up with the shop, and its tables had been defined anew, which the bot does with a new release only: {detail}",
    means: "after VACUUM or a change by hand nothing is lost. After an older copy that was put in, what was sold since that copy is missing, and an account may be sold twice.",
    done: "all that changed was shipped at once; what the shop held before stays in the backups.",
    todo: "if somebody did that on purpose, nothing. If not, stop the bot and look what is missing: agent list names the commit that it all came to, and agent restore --before-commit N --to FOLDER brings what the shop held before it.",
    over_headline: "The change to the database lies behind",
    over: "It was {lasted} ago.",
};

pub(super) const CAPTURE_RESYNCED: Wording = Wording {
    headline: "A moment of the shop's history was missed",
    happened: "At {since} the agent caught up with the shop: {detail}",
    means: "nothing is lost: the shop is whole on every remote. Only a moment within that gap cannot be chosen for a restore.",
    done: "all that changed in that gap was shipped at once.",
    todo: "nothing, if the agent was just restarted. If it comes again, see who else opens the database: lsof {database}",
    over_headline: "The gap lies behind",
    over: "It was {lasted} ago.",
};

pub(super) const DATABASE_TOUCHED: Wording = Wording {
    headline: "Somebody moved or touched the database's file",
    happened: "Seen at {since}: {detail}",
    means: "everything that the agent had followed is in it. Only what was sold in another file after it was copied, while no agent ran, is not.",
    done: "the backups go on in their chain.",
    todo: "nothing, if you moved the folder and the bot was stopped from the copy on. Otherwise see who does that: nothing but the bot may write to {database}",
    over_headline: "The database's file was left alone since",
    over: "It was {lasted} ago.",
};

pub(super) const SPOOL_OVERFLOWED: Wording = Wording {
    headline: "The queue to a backup place overflowed",
    happened: "At {since}: {detail}",
    means: "this alone does not stop the shop; that place has a hole until its next backup, the other places have everything.",
    done: "the agent kept the newer half and goes on shipping.",
    todo: "see how that place answers: agent check; then agent backup closes the hole",
    over_headline: "The spool has room again",
    over: "It overflowed {lasted} ago.",
};

pub(super) const REMOTE_BEHIND: Wording = Wording {
    headline: "Backups on {object} are behind",
    happened: "What happened in the shop has waited {value} to get to {object}; {detail}.",
    means: "this alone does not stop the shop. If the server is lost now and {object} is all that is left, what waits is lost with it.",
    done: "the agent tries again at least once a minute; other places are not held up.",
    todo: "agent remote test {object}",
    over_headline: "Backups on {object} have caught up",
    over: "It was behind for {lasted}.",
};

pub(super) const REMOTE_DAMAGED: Wording = Wording {
    headline: "Backups on {object} are damaged",
    happened: "At {since} {object} did not hold what was written there: {detail}",
    means: "this alone does not stop the shop, but {object} is no whole copy any more, and a restore from it alone may lack something.",
    done: "the agent compared names, sizes and some of the contents; other places are not affected by this.",
    todo: "see how much is affected: agent verify --remote {object} --all, then back up anew: agent backup",
    over_headline: "Backups on {object} are whole again",
    over: "Everything on {object} is as it was written. It was not for {lasted}.",
};

pub(super) const REMOTE_CONTRADICTS: Wording = Wording {
    headline: "{object} does not hold what the daily summary named",
    happened: "At {since} {object} did not hold what the daily summary named: {detail}",
    means: "this alone does not stop the shop, but somebody may have put {object} back to an older state or deleted there.",
    done: "the agent compared it with the line that you gave; the daily comparison without it does not end this.",
    todo: "change its credentials, back up anew, and give the line of a later summary: agent verify --remote {object} --anchor 'LINE'",
    over_headline: "{object} holds what the daily summary names",
    over: "{object} holds what the summary names again. It did not for {lasted}.",
};

pub(super) const SHOP_RUNS_TWICE: Wording = Wording {
    headline: "Two servers seem to run this shop",
    happened: "At {since} a comparison of the backups showed another server that writes them as this one does: {detail}",
    means: "two bots may sell one stock: an account can be sold twice, and neither knows the orders and payments of the other.",
    done: "the agent goes on backing up this server, and lets nothing go of what only the other one may have written.",
    todo: "stop the bot and the agent on the server that is not to run: an old one that runs again, a copy, a spare. Then look for orders that only it has.",
    over_headline: "Nothing of another server is seen on {object} any more",
    over: "The last comparison of {object} found nothing of the last day that another server wrote as this one. That had lasted {lasted}.",
};

pub(super) const DRILL_FAILED: Wording = Wording {
    headline: "The rehearsed restore from {object} failed",
    happened: "At {since} the shop could not be brought back from {object}: {detail}",
    means: "this alone does not stop the shop, but if the server is lost now, {object} may not bring it back.",
    done: "the agent rehearsed in a folder of its own; nothing live was touched.",
    todo: "rehearse again: agent drill --remote {object}, and back up anew: agent backup",
    over_headline: "The restore from {object} works again",
    over: "The shop came back from {object} in a rehearsal. It lasted {lasted}.",
};

pub(super) const DRILL_OLD: Wording = Wording {
    headline: "No rehearsed restore from {object} for long",
    happened: "The last one that passed: {detail}.",
    means: "a backup is proven only by a restore: whether {object} brings the shop back is not known.",
    done: "the agent goes on rehearsing on its schedule.",
    todo: "rehearse now: agent drill --remote {object}",
    over_headline: "The restore from {object} was rehearsed again",
    over: "The shop came back from {object} in a rehearsal.",
};

pub(super) const DRILL_WITHOUT_ROOM: Wording = Wording {
    headline: "There is no room to rehearse a restore",
    happened: "At {since} no restore could be rehearsed: the disk of the agent's state has no room for the shop a second time.",
    means: "this alone does not stop the shop, and nothing is known against the backups. But as long as it is so no rehearsal proves that they bring the shop back.",
    done: "the agent goes on rehearsing on its schedule; nothing live was touched.",
    todo: "make room: df -h says what is full; journalctl --vacuum-size=200M; apt-get clean; then: agent drill",
    over_headline: "There is room to rehearse a restore again",
    over: "The next rehearsal comes by its schedule; at once: agent drill",
};

pub(super) const DRILL_UNCOUNTED: Wording = Wording {
    headline: "A rehearsed restore could not be counted",
    happened: "At {since} the shop came back in a rehearsal, and nobody could count it: {detail}",
    means: "this alone does not stop the shop, and nothing is known against the backups. But as long as it is so no rehearsal proves that they bring the shop back.",
    done: "the agent goes on rehearsing on its schedule; nothing live was touched.",
    todo: "correct binary under [bot] in agent.toml until agent check calls it ok, then: agent drill",
    over_headline: "Rehearsed restores are counted again",
    over: "The shop's own program counted what a rehearsal brought back.",
};
