//! Who learns of servers: the owner alone. Held against everything that a pretend Telegram recorded, whatever the test
//! was about.

use std::fs;

use serde_json::Value;

use crate::{
    sandbox::{OWNER_BOT, SHOP_BOT, Sandbox},
    settings::OWNER,
};

/// Words that belong to the owner alone.
pub const OWNERS_WORDS: [&str; 16] = [
    "server",
    "backup",
    "cadangan",
    "restore",
    "agent",
    "systemctl",
    "journalctl",
    "sqlite",
    "database",
    "panic",
    "localhost",
    "127.0.0.1",
    ".db",
    "/tmp",
    "/var/",
    "/etc/",
];
/// All that somebody else may read from the agent's bot.
const NEUTRAL: &str = "Bot ini pribadi";
/// Calls without a reader.
const WITHOUT_READER: [&str; 8] = [
    "getUpdates",
    "getMe",
    "getChat",
    "getWebhookInfo",
    "setWebhook",
    "deleteWebhook",
    "setMyCommands",
    "answerCallbackQuery",
];

/// What somebody other than the owner was shown of servers, or by the agent's bot. Empty when nobody was.
///
/// # Panics
/// When the sandbox does not answer.
#[must_use]
pub fn leaks(sandbox: &Sandbox) -> Vec<String> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let record = sandbox.whole_record("api=telegram").expect("the sandbox answers");
    record
        .iter()
        .filter(|call| is_shown_to_others(call))
        .filter_map(|call| fault(call, host.trim()))
        .collect()
}

fn is_shown_to_others(call: &Value) -> bool {
    let method = call["method"].as_str().unwrap_or_default();
    !WITHOUT_READER.contains(&method) && call["chat_id"].as_i64() != Some(OWNER)
}

fn fault(call: &Value, host: &str) -> Option<String> {
    let shown = words(call).to_lowercase();
    if call["bot"] == OWNER_BOT && !shown.starts_with(&NEUTRAL.to_lowercase()) {
        return Some(format!("the agent's bot wrote to somebody else: {call}"));
    }
    // A short name of a machine may be a word of the shop's.
    let is_host = host.len() > 5 && shown.contains(&host.to_lowercase());
    let is_owners = OWNERS_WORDS.iter().any(|word| shown.contains(word));
    (call["bot"] == SHOP_BOT && (is_host || is_owners)).then(|| format!("words of the owner's: {call}"))
}

/// What a person reads of a call: text, caption and buttons, and no file's content.
fn words(call: &Value) -> String {
    let texts = ["text", "caption", "reply_markup"].map(|name| match &call["params"][name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    });
    texts.concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_word_of_servers_in_another_chat_is_found_and_in_the_owners_it_is_none() {
        let call = |bot: &str, chat: i64, text: &str| json!({ "method": "sendMessage", "bot": bot, "chat_id": chat, "params": { "text": text } });
        let finds = |call: &Value| is_shown_to_others(call) && fault(call, "machine-7").is_some();
        assert!(finds(&call(SHOP_BOT, 2001, "The Backup failed")));
        assert!(finds(&call(SHOP_BOT, 2001, "on Machine-7")));
        assert!(finds(&call(OWNER_BOT, 2001, "Halo")));
        assert!(!finds(&call(SHOP_BOT, OWNER, "The backup failed")));
        assert!(!finds(&call(SHOP_BOT, 2001, "Halo")));
        assert!(!finds(&call(OWNER_BOT, 2001, "Bot ini pribadi.")));
    }
}
