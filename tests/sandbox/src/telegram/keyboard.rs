//! Keyboards: what a `reply_markup` does to a message and to the chat, within Telegram's limits.

use serde_json::Value;

use super::answer::Refusal;

/// Buttons of one keyboard.
const BUTTONS_MAX: usize = 100;
/// Fields that make a button do something; it has exactly one.
const ACTIONS: [&str; 6] = [
    "url",
    "callback_data",
    "web_app",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "copy_text",
];

/// Rows of inline buttons.
pub type Rows = Vec<Vec<Value>>;

/// What a markup asks for.
pub enum Markup {
    /// Buttons below the message.
    Inline(Rows),
    /// Buttons in place of the person's keyboard, or the wish for a reply.
    Reply(Value),
    /// Back to the ordinary keyboard.
    Remove,
    None,
}

/// Reads the markup of a new message.
pub fn read(markup: Option<&Value>) -> Result<Markup, Refusal> {
    let Some(markup) = markup else {
        return Ok(Markup::None);
    };
    if markup.get("inline_keyboard").is_some() {
        return Ok(Markup::Inline(inline(Some(markup))?));
    }
    if let Some(rows) = markup.get("keyboard") {
        check_reply_keyboard(rows)?;
    }
    let removes = markup.get("remove_keyboard") == Some(&Value::Bool(true));
    Ok(if removes {
        Markup::Remove
    } else {
        Markup::Reply(markup.clone())
    })
}

/// Reads the rows of an inline keyboard. None is a keyboard without buttons.
pub fn inline(markup: Option<&Value>) -> Result<Rows, Refusal> {
    let rows = rows_of(markup.and_then(|markup| markup.get("inline_keyboard")));
    if rows.iter().map(Vec::len).sum::<usize>() > BUTTONS_MAX {
        return Err(Refusal::bad_request("reply markup is too long"));
    }
    for button in rows.iter().flatten() {
        check_inline_button(button)?;
    }
    Ok(rows)
}

fn rows_of(rows: Option<&Value>) -> Rows {
    let rows = rows.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let rows = rows
        .iter()
        .filter_map(Value::as_array)
        .filter(|row| !row.is_empty());
    rows.cloned().collect()
}

fn check_inline_button(button: &Value) -> Result<(), Refusal> {
    check_text(button)?;
    check_style(button)?;
    let actions: Vec<_> = ACTIONS
        .iter()
        .filter(|action| button.get(**action).is_some())
        .collect();
    if actions.len() != 1 {
        let what = if actions.is_empty() {
            "Text buttons are unallowed"
        } else {
            "a button has one action; several are unallowed"
        };
        return Err(Refusal::bad_request(format!(
            "can't parse inline keyboard button: {what} in the inline keyboard"
        )));
    }
    let text = |name: &str| button.get(name).and_then(Value::as_str);
    if text("callback_data").is_some_and(|data| !(1..=64).contains(&data.len())) {
        return Err(Refusal::bad_request("BUTTON_DATA_INVALID"));
    }
    let good_url = |url: &str| {
        ["http://", "https://", "tg://"]
            .iter()
            .any(|scheme| url.starts_with(scheme) && url.len() > scheme.len())
    };
    if text("url").is_some_and(|url| !good_url(url)) {
        return Err(Refusal::bad_request("BUTTON_URL_INVALID"));
    }
    let web_app = button.pointer("/web_app/url").and_then(Value::as_str);
    if web_app.is_some_and(|url| !url.starts_with("https://")) {
        return Err(Refusal::bad_request("BUTTON_URL_INVALID"));
    }
    let copied = button.pointer("/copy_text/text").and_then(Value::as_str);
    if copied.is_some_and(|text| !(1..=256).contains(&text.encode_utf16().count())) {
        return Err(Refusal::bad_request("BUTTON_COPY_TEXT_INVALID"));
    }
    Ok(())
}

fn check_reply_keyboard(rows: &Value) -> Result<(), Refusal> {
    let rows = rows_of(Some(rows));
    if rows.is_empty() {
        return Err(Refusal::bad_request("object expected as reply markup"));
    }
    rows.iter()
        .flatten()
        .try_for_each(|button| check_text(button).and_then(|()| check_style(button)))
}

fn check_text(button: &Value) -> Result<(), Refusal> {
    match button.get("text").and_then(Value::as_str) {
        Some(text) if !text.trim().is_empty() => Ok(()),
        _ => Err(Refusal::bad_request(
            "can't parse keyboard button: button text must be non-empty",
        )),
    }
}

fn check_style(button: &Value) -> Result<(), Refusal> {
    match button.get("style").and_then(Value::as_str) {
        None | Some("danger" | "success" | "primary") => Ok(()),
        Some(_) => Err(Refusal::bad_request(
            "can't parse keyboard button: invalid button style specified",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(button: Value) -> String {
        inline(Some(&json!({ "inline_keyboard": [[button]] })))
            .err()
            .unwrap()
            .description
    }

    #[test]
    fn a_button_has_exactly_one_action_within_its_limits() {
        assert!(refused(json!({"text": "a"})).contains("Text buttons are unallowed"));
        assert!(
            refused(json!({"text": "a", "url": "https://x", "callback_data": "b"})).contains("one action")
        );
        assert_eq!(
            refused(json!({"text": "a", "callback_data": ""})),
            "Bad Request: BUTTON_DATA_INVALID"
        );
        assert_eq!(
            refused(json!({"text": "a", "callback_data": "é".repeat(33)})),
            "Bad Request: BUTTON_DATA_INVALID"
        );
        assert_eq!(
            refused(json!({"text": "a", "url": "x"})),
            "Bad Request: BUTTON_URL_INVALID"
        );
        assert!(refused(json!({"text": " ", "callback_data": "b"})).contains("non-empty"));
        let longest = json!({ "inline_keyboard": [[{"text": "a", "callback_data": "x".repeat(64)}]] });
        assert_eq!(inline(Some(&longest)).unwrap().len(), 1);
    }

    #[test]
    fn more_than_a_hundred_buttons_are_refused() {
        let row = vec![json!({"text": "a", "callback_data": "b"}); 101];
        assert!(inline(Some(&json!({ "inline_keyboard": [row] }))).is_err());
    }
}
