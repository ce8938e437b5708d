//! What became of a bot that does not serve, in English.
//! The same sentences as in `id::bot`.

use super::{BOT_BACK, Wording};

pub(super) const BOT_GONE: Wording = Wording {
    headline: "The shop's bot died",
    happened: "The bot's process ended without a goodbye at {since}.",
    means: "customers are not served until it runs again. Orders and payments that were recorded are not lost and go on then.",
    done: "the agent checked at once: the bot is gone indeed. Under systemd it is started again within seconds. {detail}",
    todo: "if it does not run in a minute: systemctl status {unit}, then journalctl -u {unit} -n 50",
    over_headline: BOT_BACK,
    over: "The bot runs again. It did not answer for {lasted}; waiting orders go on. {detail}",
};

pub(super) const BOT_DIED_UNSEEN: Wording = Wording {
    headline: "The shop's bot had died",
    happened: "While the agent did not look, the bot's process ended without a goodbye. It was started anew at {detail}.",
    means: "customers were not served until then. Orders and payments that were recorded are not lost and go on.",
    done: "nothing was needed: the bot runs again.",
    todo: "if you did not end it yourself: journalctl -u {unit} -n 100 says why it ended",
    over_headline: "The shop's bot had died",
    over: "That was one moment, and is over by itself. If it happens again, you hear of it again.",
};

pub(super) const BOT_RESTARTS_SPENT: Wording = Wording {
    headline: "The bot hangs and nobody restarts it any more",
    happened: "The bot does not answer, and since {since} nobody restarts it. {detail}",
    means: "customers wait without an answer. Orders and payments that were recorded are safe.",
    done: "the agent has used up its three restarts of this hour and from now on only tells.",
    todo: "restart it yourself: /restart or the button below, or systemctl restart {unit}. Then look for the cause: journalctl -u {unit} -n 200",
    over_headline: "The bot does not hang any more",
    over: "The bot answers again, {lasted} after the agent had given up restarting it.",
};
