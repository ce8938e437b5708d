//! The daily digest in English. The same as in `id`, sentence by sentence.
//! Nothing here is for customers or sellers.

use crate::alert::words::DigestPhrases;

pub(in crate::alert::words) const DIGEST: DigestPhrases = DigestPhrases {
    headline: "☀️ The shop's day,",
    open: "Still wrong",
    nothing_open: "✅ Nothing is wrong.",
    reported: "📋 Reported by the bot within 24 hours",
    trade: "\n\n24 hours: {orders} orders, {money} came in.",
    past: "Came and went since {since}",
    silences: "Silenced until",
    everything: "everything (maintenance)",
    backups: "Age of the newest backup",
    no_backup: "🟡 This agent has taken no backup yet.",
    anchor: "Keep this line: with it you can tell whether a remote was put back to an older state",
    drills: "Last rehearsal of a restore that passed",
    no_drill: "🟡 No restore was rehearsed yet.",
    drill_next: "Next rehearsal: {at}",
    ways: "Ways to you",
    no_test: "The ways to you have not been tested yet.",
    strange: "takes messages and answers strangely; look whether they arrive",
    broken: "does not work",
    unanswered: "no result of today's test yet",
    failed_once: "today's test failed once, a second try is under way",
    no_service: "\n\nNo messages to you since {since}.",
    service: "\n\nMessages to you since {since}: {count}; the slowest took {slowest}.",
};
