//! `getUpdates`: confirms, hands out again what was not confirmed, and waits. One poller at a time.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::{
    answer::{Answer, Refusal},
    args::{Args, Call},
};
use crate::{shared::Shared, world::bot::Bot, world::id::BotId};

const TIMEOUT_MAX_S: i64 = 50;
const LIMIT_MAX: i64 = 100;
const WEBHOOK_IS_ACTIVE: &str =
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
const OTHER_POLLER: &str =
    "terminated by other getUpdates request; make sure that only one bot instance is running";

/// Serves one request until there is something to hand out, time is up, or another poller came.
pub async fn get_updates(shared: &Shared, bot: BotId, args: &Args) -> Result<Answer, Refusal> {
    let limit = args.int("limit").unwrap_or(LIMIT_MAX).clamp(1, LIMIT_MAX) as usize;
    let timeout_s = args.int("timeout").unwrap_or(0).clamp(0, TIMEOUT_MAX_S) as u64;
    let until = Instant::now() + Duration::from_secs(timeout_s);
    let mut watch = shared.watch();
    let turn = shared.with(|world, now| {
        begin(&mut Call {
            world,
            bot,
            args,
            now,
        })
    })?;
    loop {
        watch.borrow_and_update();
        let updates = shared.with(|world, _| hand_out(world.bot(bot), turn, limit))?;
        let is_last = !updates.is_empty() || Instant::now() >= until;
        if is_last || timeout_at(until, watch.changed()).await.is_err() {
            return Ok(Value::Array(updates).into());
        }
    }
}

/// Confirms what lies below the offset and takes the turn from whoever polled before.
fn begin(call: &mut Call<'_>) -> Result<u64, Refusal> {
    if call.bot().webhook.is_some() {
        return Err(Refusal::conflict(WEBHOOK_IS_ACTIVE));
    }
    let offset = call.args.int("offset").unwrap_or(0);
    allow(call);
    let now = call.now;
    let bot = call.bot_mut();
    bot.forget_old_updates(now);
    confirm(bot, offset);
    bot.poll.turn += 1;
    bot.poll.ended_by_webhook = false;
    let turn = bot.poll.turn;
    // The poller before must hear of it.
    call.world.touch();
    Ok(turn)
}

fn confirm(bot: &mut Bot, offset: i64) {
    if offset < 0 {
        let kept = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
        let forgotten = bot.updates.len().saturating_sub(kept);
        bot.updates.drain(..forgotten);
        return;
    }
    while bot.updates.front().is_some_and(|update| update.id.0 < offset) {
        bot.updates.pop_front();
    }
}

fn hand_out(bot: &Bot, turn: u64, limit: usize) -> Result<Vec<Value>, Refusal> {
    match (bot.poll.turn == turn, bot.poll.ended_by_webhook) {
        (true, _) => Ok(bot
            .updates
            .iter()
            .take(limit)
            .map(|update| update.as_json())
            .collect()),
        (false, true) => Err(Refusal::conflict("terminated by setWebhook request")),
        (false, false) => Err(Refusal::conflict(OTHER_POLLER)),
    }
}

/// Takes over `allowed_updates` if the call names them; an empty list is the default again.
pub fn allow(call: &mut Call<'_>) {
    if call.args.value("allowed_updates").is_none() {
        return;
    }
    let kinds = call
        .args
        .list("allowed_updates")
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    call.bot_mut().allowed_updates = kinds;
}
