//! Answers to button presses, and pins: small effects on a chat that are no messages.

use serde_json::json;

use super::{
    answer::{Answer, Refusal},
    args::Call,
};
use crate::world::chat::Toast;

/// How long a press waits for its answer. The real figure is unpublished; this one is on the short side.
const ANSWERABLE_S: i64 = 60;
const TOAST_MAX: usize = 200;

/// `answerCallbackQuery`. A second answer to the same press is taken and shows nothing new.
pub fn answer_callback_query(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let text = call.args.text("text").filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.encode_utf16().count() > TOAST_MAX) {
        return Err(Refusal::bad_request("MESSAGE_TOO_LONG"));
    }
    if call.args.text("url").is_some_and(|url| !url.is_empty()) {
        // Only games and links to the bot itself; the shop has neither.
        return Err(Refusal::bad_request("URL_INVALID"));
    }
    let id = call.args.text("callback_query_id").unwrap_or_default().to_owned();
    let (now, show_alert) = (call.now, call.args.flag("show_alert"));
    let toast = Toast {
        text: text.map(str::to_owned),
        show_alert,
        url: None,
        at: now,
    };
    let press = call
        .bot_mut()
        .chats
        .values_mut()
        .flat_map(|chat| &mut chat.presses)
        .find(|press| press.id == id);
    let press = press.filter(|press| now.duration_since(press.at).as_secs() <= ANSWERABLE_S);
    let press = press.ok_or_else(|| {
        Refusal::bad_request("query is too old and response timeout expired or query ID is invalid")
    })?;
    press.answer.get_or_insert(toast);
    call.world.touch();
    Ok(json!(true).into())
}

/// `pinChatMessage`.
pub fn pin(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let person = call.reachable_person()?;
    let id = call
        .args
        .message_id()
        .ok_or_else(|| Refusal::bad_request("message identifier is not specified"))?;
    let chat = call.bot_mut().chat_mut(person);
    if chat.message(id).is_none() {
        return Err(Refusal::bad_request("message to pin not found"));
    }
    chat.pinned.retain(|pinned| *pinned != id);
    chat.pinned.push(id);
    call.world.touch();
    Ok(json!(true).into())
}

/// `unpinChatMessage`: the named message, or the newest pinned.
pub fn unpin(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let person = call.reachable_person()?;
    let id = call.args.message_id();
    let chat = call.bot_mut().chat_mut(person);
    let Some(id) = id.or_else(|| chat.pinned.last().copied()) else {
        return Err(Refusal::bad_request("message to unpin not found"));
    };
    chat.pinned.retain(|pinned| *pinned != id);
    call.world.touch();
    Ok(json!(true).into())
}

/// `unpinAllChatMessages`.
pub fn unpin_all(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let person = call.reachable_person()?;
    call.bot_mut().chat_mut(person).pinned.clear();
    call.world.touch();
    Ok(json!(true).into())
}
