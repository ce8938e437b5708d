//! The registration of the shop's name, in English. The same as in `id`, sentence by sentence.
//! Nothing here is for customers or sellers.

use crate::alert::words::Wording;

pub(super) const EXPIRING: Wording = Wording {
    headline: "The shop's domain ends soon",
    happened: "The registration of {detail} {ends}.",
    means: "nothing yet. When it has ended, the shop's address is gone and anybody can register it.",
    done: "the agent asks the registry once a day and writes when it was renewed.",
    todo: "renew it where it was bought, and switch automatic renewal on; see that the card it is paid with is still good",
    over_headline: "The shop's domain was renewed",
    over: "It was renewed after {lasted}.",
};

pub(super) const EXPIRED: Wording = Wording {
    headline: "The shop's domain {ends}",
    happened: "The registration of {detail} {ends}.",
    means: "Telegram and the gateways do not find the shop any more; somebody else can take its name.",
    done: "the agent asks the registry once a day.",
    todo: "renew it at once; meanwhile mode = \"polling\" in bot.toml keeps the shop reachable",
    over_headline: "The shop's domain was renewed",
    over: "It was renewed after {lasted}.",
};
