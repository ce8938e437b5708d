//! What the owner reads who names a moment that nobody followed.
//! It only puts it into words.

use protocol::time::UnixMillis;

use super::now;
use crate::{
    cli::words,
    config::Config,
    restore::{Gap, ahead_of},
};

/// What is restored when nobody followed the shop at the moment that was asked for.
pub(super) fn in_words(gap: &Gap, config: &Config) -> String {
    let ahead = ahead_of(now());
    let told = |at: &UnixMillis| words::moment_by(*at, &config.owner.timezone, ahead);
    match gap {
        Gap::OneStep { before, next } => format!(
            "nobody followed the shop from {} until {}: all that happened in between is one commit, {}. You get the shop \
             as it was last seen before, after commit {}; what comes next is --commit {}",
            told(&before.1),
            told(&next.1),
            next.0,
            before.0,
            next.0
        ),
        Gap::Away { before, next } => format!(
            "the agent did not run at some time between {} and {}: what happened then carries the moment of its return. You get \
             the shop as it was last seen before, after commit {}; what comes next is --commit {}",
            told(&before.1),
            told(&next.1),
            before.0,
            next.0
        ),
        Gap::NewChain {
            before,
            point,
            chain,
            at,
        } => format!(
            "what was followed ends with commit {} at {}, and another chain, {}, can be restored from {} on. You get the \
             shop as it was last seen before that; what comes next is --point {point}",
            before.0,
            told(&before.1),
            words::chain(chain),
            told(at)
        ),
    }
}
