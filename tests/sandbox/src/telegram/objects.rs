//! The object types that parameters are made of, field by field as in the Bot API.
//! A test holds them against the machine-readable specification where that is present.

use super::schema::{Field, Kind, Shape, may, need};
use Kind::{Boolean, ChatId, Either, Integer, List, Object, Tagged, Text, Unspoken};

/// All shapes, for the test that compares them.
pub static SHAPES: [&Shape; 16] = [
    &MESSAGE_ENTITY,
    &LINK_PREVIEW_OPTIONS,
    &REPLY_PARAMETERS,
    &COPY_TEXT_BUTTON,
    &WEB_APP_INFO,
    &INLINE_KEYBOARD_BUTTON,
    &INLINE_KEYBOARD_MARKUP,
    &KEYBOARD_BUTTON,
    &REPLY_KEYBOARD_MARKUP,
    &REPLY_KEYBOARD_REMOVE,
    &FORCE_REPLY,
    &BOT_COMMAND,
    &SCOPE_DEFAULT,
    &SCOPE_CHAT,
    &INPUT_MEDIA_PHOTO,
    &INPUT_MEDIA_DOCUMENT,
];

static MESSAGE_ENTITY: Shape = Shape {
    name: "MessageEntity",
    fields: &[
        need("type", Text),
        need("offset", Integer),
        need("length", Integer),
        may("url", Text),
        may("user", Unspoken(&["User"])),
        may("language", Text),
        may("custom_emoji_id", Text),
        may("unix_time", Integer),
        may("date_time_format", Text),
    ],
};

static LINK_PREVIEW_OPTIONS: Shape = Shape {
    name: "LinkPreviewOptions",
    fields: &[
        may("is_disabled", Boolean),
        may("url", Text),
        may("prefer_small_media", Boolean),
        may("prefer_large_media", Boolean),
        may("show_above_text", Boolean),
    ],
};

static REPLY_PARAMETERS: Shape = Shape {
    name: "ReplyParameters",
    fields: &[
        need("message_id", Integer),
        may("chat_id", ChatId),
        may("allow_sending_without_reply", Boolean),
        may("quote", Text),
        may("quote_parse_mode", Text),
        may("quote_entities", ENTITIES),
        may("quote_position", Integer),
        may("checklist_task_id", Unspoken(&["Integer"])),
        may("poll_option_id", Unspoken(&["String"])),
    ],
};

static COPY_TEXT_BUTTON: Shape = Shape {
    name: "CopyTextButton",
    fields: &[need("text", Text)],
};

static WEB_APP_INFO: Shape = Shape {
    name: "WebAppInfo",
    fields: &[need("url", Text)],
};

static INLINE_KEYBOARD_BUTTON: Shape = Shape {
    name: "InlineKeyboardButton",
    fields: &[
        need("text", Text),
        may("icon_custom_emoji_id", Text),
        may("style", Text),
        may("url", Text),
        may("callback_data", Text),
        may("web_app", Object(&WEB_APP_INFO)),
        may("login_url", Unspoken(&["LoginUrl"])),
        may("switch_inline_query", Text),
        may("switch_inline_query_current_chat", Text),
        may(
            "switch_inline_query_chosen_chat",
            Unspoken(&["SwitchInlineQueryChosenChat"]),
        ),
        may("copy_text", Object(&COPY_TEXT_BUTTON)),
        may("callback_game", Unspoken(&["CallbackGame"])),
        may("pay", Unspoken(&["Boolean"])),
    ],
};

static INLINE_KEYBOARD_MARKUP: Shape = Shape {
    name: "InlineKeyboardMarkup",
    fields: &[need(
        "inline_keyboard",
        List(&List(&Object(&INLINE_KEYBOARD_BUTTON))),
    )],
};

static KEYBOARD_BUTTON: Shape = Shape {
    name: "KeyboardButton",
    fields: &[
        need("text", Text),
        may("icon_custom_emoji_id", Text),
        may("style", Text),
        may("request_users", Unspoken(&["KeyboardButtonRequestUsers"])),
        may("request_chat", Unspoken(&["KeyboardButtonRequestChat"])),
        may(
            "request_managed_bot",
            Unspoken(&["KeyboardButtonRequestManagedBot"]),
        ),
        may("request_contact", Unspoken(&["Boolean"])),
        may("request_location", Unspoken(&["Boolean"])),
        may("request_poll", Unspoken(&["KeyboardButtonPollType"])),
        may("web_app", Unspoken(&["WebAppInfo"])),
    ],
};

static REPLY_KEYBOARD_MARKUP: Shape = Shape {
    name: "ReplyKeyboardMarkup",
    fields: &[
        need("keyboard", List(&List(&Object(&KEYBOARD_BUTTON)))),
        may("is_persistent", Boolean),
        may("resize_keyboard", Boolean),
        may("one_time_keyboard", Boolean),
        may("input_field_placeholder", Text),
        may("selective", Boolean),
    ],
};

static REPLY_KEYBOARD_REMOVE: Shape = Shape {
    name: "ReplyKeyboardRemove",
    fields: &[need("remove_keyboard", Boolean), may("selective", Boolean)],
};

static FORCE_REPLY: Shape = Shape {
    name: "ForceReply",
    fields: &[
        need("force_reply", Boolean),
        may("input_field_placeholder", Text),
        may("selective", Boolean),
    ],
};

static BOT_COMMAND: Shape = Shape {
    name: "BotCommand",
    fields: &[need("command", Text), need("description", Text)],
};

static SCOPE_DEFAULT: Shape = Shape {
    name: "BotCommandScopeDefault",
    fields: &[need("type", Text)],
};

static SCOPE_CHAT: Shape = Shape {
    name: "BotCommandScopeChat",
    fields: &[need("type", Text), need("chat_id", ChatId)],
};

const CAPTION: Field = may("caption", Text);
const PARSE_MODE: Field = may("parse_mode", Text);
const CAPTION_ENTITIES: Field = may("caption_entities", ENTITIES);

static INPUT_MEDIA_PHOTO: Shape = Shape {
    name: "InputMediaPhoto",
    fields: &[
        need("type", Text),
        need("media", Text),
        CAPTION,
        PARSE_MODE,
        CAPTION_ENTITIES,
        may("show_caption_above_media", Boolean),
        may("has_spoiler", Boolean),
    ],
};

static INPUT_MEDIA_DOCUMENT: Shape = Shape {
    name: "InputMediaDocument",
    fields: &[
        need("type", Text),
        need("media", Text),
        may("thumbnail", Text),
        CAPTION,
        PARSE_MODE,
        CAPTION_ENTITIES,
        may("disable_content_type_detection", Boolean),
    ],
};

/// A list of entities.
pub const ENTITIES: Kind = List(&Object(&MESSAGE_ENTITY));
/// The only markup that messages with buttons can be edited to.
pub const INLINE_MARKUP: Kind = Object(&INLINE_KEYBOARD_MARKUP);
/// Any markup of a new message.
pub const ANY_MARKUP: Kind = Either(&[
    &INLINE_KEYBOARD_MARKUP,
    &REPLY_KEYBOARD_MARKUP,
    &REPLY_KEYBOARD_REMOVE,
    &FORCE_REPLY,
]);
/// How links look.
pub const LINK_PREVIEW: Kind = Object(&LINK_PREVIEW_OPTIONS);
/// What is replied to.
pub const REPLY: Kind = Object(&REPLY_PARAMETERS);
/// A list of commands.
pub const COMMANDS: Kind = List(&Object(&BOT_COMMAND));
/// To whom commands are shown.
pub const SCOPE: Kind = Tagged(
    "BotCommandScope",
    &[
        ("default", &SCOPE_DEFAULT),
        ("all_private_chats", &SCOPE_DEFAULT),
        ("chat", &SCOPE_CHAT),
    ],
);
/// What a message's media is replaced with.
pub const MEDIA: Kind = Tagged(
    "InputMedia",
    &[("photo", &INPUT_MEDIA_PHOTO), ("document", &INPUT_MEDIA_DOCUMENT)],
);
