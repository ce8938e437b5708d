//! What a bot says of itself, and what it may know of a chat.

use serde_json::{Value, json};

use super::{
    answer::{Answer, Refusal},
    args::Call,
    render::message_as_json,
};

const COMMANDS_MAX: usize = 100;
const DESCRIPTION_MAX: usize = 512;
const SHORT_DESCRIPTION_MAX: usize = 120;

/// `getMe`.
pub fn get_me(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let mut me = call.bot().as_user();
    me["can_join_groups"] = json!(true);
    for absent in [
        "can_read_all_group_messages",
        "supports_inline_queries",
        "can_connect_to_business",
        "has_main_web_app",
        "has_topics_enabled",
        "allows_users_to_create_topics",
        "can_manage_bots",
    ] {
        me[absent] = json!(false);
    }
    Ok(me.into())
}

/// `getChat`.
pub fn get_chat(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let person = call.known_person()?;
    let chat = call
        .bot()
        .chats
        .get(&person)
        .ok_or_else(|| Refusal::bad_request("chat not found"))?;
    let mut full = call.world.people[&person].as_chat();
    full["accent_color_id"] = json!(0);
    full["max_reaction_count"] = json!(11);
    full["accepted_gift_types"] = json!({
        "unlimited_gifts": true, "limited_gifts": true, "unique_gifts": true,
        "premium_subscription": true, "gifts_from_channels": true,
    });
    if let Some(pinned) = chat.pinned.iter().rev().find_map(|id| chat.message(*id)) {
        full["pinned_message"] = message_as_json(call.world, call.bot, person, pinned);
    }
    Ok(full.into())
}

/// `setMyCommands`.
pub fn set_my_commands(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let commands = call.args.list("commands").to_vec();
    if commands.len() > COMMANDS_MAX {
        return Err(Refusal::bad_request("BOT_COMMANDS_TOO_MUCH"));
    }
    for command in &commands {
        check_command(command)?;
    }
    let key = commands_key(call);
    call.bot_mut().commands.insert(key, Value::Array(commands));
    call.world.touch();
    Ok(json!(true).into())
}

fn check_command(command: &Value) -> Result<(), Refusal> {
    let text = |name: &str| command[name].as_str().unwrap_or_default();
    let name = text("command").trim_start_matches('/');
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !(1..=32).contains(&name.len()) || !name.chars().all(plain) {
        return Err(Refusal::bad_request("BOT_COMMAND_INVALID"));
    }
    if !(1..=256).contains(&text("description").chars().count()) {
        return Err(Refusal::bad_request("BOT_COMMAND_DESCRIPTION_INVALID"));
    }
    Ok(())
}

/// `getMyCommands`.
pub fn get_my_commands(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let commands = call.bot().commands.get(&commands_key(call)).cloned();
    Ok(commands.unwrap_or_else(|| json!([])).into())
}

/// `deleteMyCommands`.
pub fn delete_my_commands(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let key = commands_key(call);
    call.bot_mut().commands.remove(&key);
    call.world.touch();
    Ok(json!(true).into())
}

/// Lists are kept apart by scope and language.
fn commands_key(call: &Call<'_>) -> String {
    let scope = call
        .args
        .value("scope")
        .map_or_else(|| json!({ "type": "default" }), Value::clone);
    let chat = scope.get("chat_id").map(Value::to_string).unwrap_or_default();
    let kind = scope["type"].as_str().unwrap_or_default();
    format!(
        "{kind}:{}:{}",
        chat.trim_matches('"'),
        call.args.text("language_code").unwrap_or_default()
    )
}

/// `setMyDescription`. One for all languages.
pub fn set_my_description(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let text = limited(call, "description", DESCRIPTION_MAX)?;
    call.bot_mut().description = text;
    call.world.touch();
    Ok(json!(true).into())
}

/// `getMyDescription`.
pub fn get_my_description(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    Ok(json!({ "description": call.bot().description }).into())
}

/// `setMyShortDescription`. One for all languages.
pub fn set_my_short_description(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let text = limited(call, "short_description", SHORT_DESCRIPTION_MAX)?;
    call.bot_mut().short_description = text;
    call.world.touch();
    Ok(json!(true).into())
}

/// `getMyShortDescription`.
pub fn get_my_short_description(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    Ok(json!({ "short_description": call.bot().short_description }).into())
}

fn limited(call: &Call<'_>, name: &str, max: usize) -> Result<String, Refusal> {
    let text = call.args.text(name).unwrap_or_default();
    if text.encode_utf16().count() > max {
        return Err(Refusal::bad_request(format!("{name} is too long")));
    }
    Ok(text.to_owned())
}
