//! The methods that the sandbox speaks: every parameter, its type, and whether it is required.
//! A parameter that is not listed does not exist. A test holds the table against the machine-readable
//! specification where that is present.

use super::{
    answer::{Answer, Refusal},
    args::Call,
    edit, files,
    objects::{ANY_MARKUP, COMMANDS, ENTITIES, INLINE_MARKUP, LINK_PREVIEW, MEDIA, REPLY, SCOPE},
    profile, reply,
    schema::{Field, Kind, Shape, may, need},
    send, webhook,
};
use Kind::{Boolean, ChatId, File, Integer, List, Text, Unspoken};

/// A method of the Bot API.
pub struct Method {
    /// As in the documentation; callers may write it in any case.
    pub name: &'static str,
    /// All of its parameters.
    pub fields: &'static [Field],
    /// Whether it counts against the limits on messages.
    pub paced: bool,
    pub(super) act: Act,
}

/// How a method is carried out.
#[derive(Clone, Copy)]
pub(super) enum Act {
    /// Waits for updates, outside the lock.
    Poll,
    Now(fn(&mut Call<'_>) -> Result<Answer, Refusal>),
}

/// Finds a method, in any case.
pub fn find(name: &str) -> Option<&'static Method> {
    METHODS
        .iter()
        .find(|method| method.name.eq_ignore_ascii_case(name))
}

/// The object types that parameters are made of.
pub fn shapes() -> &'static [&'static Shape] {
    &super::objects::SHAPES
}

const fn quick(
    name: &'static str,
    act: fn(&mut Call<'_>) -> Result<Answer, Refusal>,
    fields: &'static [Field],
) -> Method {
    Method {
        name,
        fields,
        paced: false,
        act: Act::Now(act),
    }
}

const fn paced(
    name: &'static str,
    act: fn(&mut Call<'_>) -> Result<Answer, Refusal>,
    fields: &'static [Field],
) -> Method {
    Method {
        name,
        fields,
        paced: true,
        act: Act::Now(act),
    }
}

const CHAT: Field = need("chat_id", ChatId);
const LANGUAGE: Field = may("language_code", Text);
const BUSINESS: Field = may("business_connection_id", Unspoken(&["String"]));
const THREAD: Field = may("message_thread_id", Unspoken(&["Integer"]));
const TOPIC: Field = may("direct_messages_topic_id", Unspoken(&["Integer"]));
const SUGGESTED: Field = may(
    "suggested_post_parameters",
    Unspoken(&["SuggestedPostParameters"]),
);
const INLINE_MESSAGE: Field = may("inline_message_id", Unspoken(&["String"]));
const VIDEO_START: Field = may("video_start_timestamp", Unspoken(&["Integer"]));
const PAID: Field = may("allow_paid_broadcast", Boolean);
const EFFECT: Field = may("message_effect_id", Text);
const QUIET: Field = may("disable_notification", Boolean);
const PROTECT: Field = may("protect_content", Boolean);
const PARSE_MODE: Field = may("parse_mode", Text);
const CAPTION: Field = may("caption", Text);
const CAPTION_ENTITIES: Field = may("caption_entities", ENTITIES);
const CAPTION_ABOVE: Field = may("show_caption_above_media", Boolean);
const REPLY_TO: Field = may("reply_parameters", REPLY);
const MARKUP: Field = may("reply_markup", ANY_MARKUP);
const BUTTONS: Field = may("reply_markup", INLINE_MARKUP);
const MESSAGE: Field = need("message_id", Integer);
const MAYBE_CHAT: Field = may("chat_id", ChatId);
const MAYBE_MESSAGE: Field = may("message_id", Integer);

/// Every method.
pub static METHODS: [Method; 30] = [
    quick("getMe", profile::get_me, &[]),
    Method {
        name: "getUpdates",
        fields: &[
            may("offset", Integer),
            may("limit", Integer),
            may("timeout", Integer),
            may("allowed_updates", List(&Text)),
        ],
        paced: false,
        act: Act::Poll,
    },
    quick(
        "setWebhook",
        webhook::set,
        &[
            need("url", Text),
            may("certificate", Unspoken(&["InputFile"])),
            may("ip_address", Text),
            may("max_connections", Integer),
            may("allowed_updates", List(&Text)),
            may("drop_pending_updates", Boolean),
            may("secret_token", Text),
        ],
    ),
    quick(
        "deleteWebhook",
        webhook::delete,
        &[may("drop_pending_updates", Boolean)],
    ),
    quick("getWebhookInfo", webhook::info, &[]),
    paced(
        "sendMessage",
        send::message,
        &[
            BUSINESS,
            CHAT,
            THREAD,
            TOPIC,
            need("text", Text),
            PARSE_MODE,
            may("entities", ENTITIES),
            may("link_preview_options", LINK_PREVIEW),
            QUIET,
            PROTECT,
            PAID,
            EFFECT,
            SUGGESTED,
            REPLY_TO,
            MARKUP,
        ],
    ),
    paced(
        "sendPhoto",
        send::photo,
        &[
            BUSINESS,
            CHAT,
            THREAD,
            TOPIC,
            need("photo", File),
            CAPTION,
            PARSE_MODE,
            CAPTION_ENTITIES,
            CAPTION_ABOVE,
            may("has_spoiler", Boolean),
            QUIET,
            PROTECT,
            PAID,
            EFFECT,
            SUGGESTED,
            REPLY_TO,
            MARKUP,
        ],
    ),
    paced(
        "sendDocument",
        send::document,
        &[
            BUSINESS,
            CHAT,
            THREAD,
            TOPIC,
            need("document", File),
            may("thumbnail", File),
            CAPTION,
            PARSE_MODE,
            CAPTION_ENTITIES,
            may("disable_content_type_detection", Boolean),
            QUIET,
            PROTECT,
            PAID,
            EFFECT,
            SUGGESTED,
            REPLY_TO,
            MARKUP,
        ],
    ),
    quick(
        "sendChatAction",
        send::chat_action,
        &[BUSINESS, CHAT, THREAD, need("action", Text)],
    ),
    paced(
        "copyMessage",
        send::copy,
        &[
            CHAT,
            THREAD,
            TOPIC,
            need("from_chat_id", ChatId),
            MESSAGE,
            VIDEO_START,
            CAPTION,
            PARSE_MODE,
            CAPTION_ENTITIES,
            CAPTION_ABOVE,
            QUIET,
            PROTECT,
            PAID,
            EFFECT,
            SUGGESTED,
            REPLY_TO,
            MARKUP,
        ],
    ),
    paced(
        "forwardMessage",
        send::forward,
        &[
            CHAT,
            THREAD,
            TOPIC,
            need("from_chat_id", ChatId),
            VIDEO_START,
            QUIET,
            PROTECT,
            EFFECT,
            SUGGESTED,
            MESSAGE,
        ],
    ),
    paced(
        "editMessageText",
        edit::text,
        &[
            BUSINESS,
            MAYBE_CHAT,
            MAYBE_MESSAGE,
            INLINE_MESSAGE,
            may("text", Text),
            PARSE_MODE,
            may("entities", ENTITIES),
            may("link_preview_options", LINK_PREVIEW),
            may("rich_message", Unspoken(&["InputRichMessage"])),
            BUTTONS,
        ],
    ),
    paced(
        "editMessageCaption",
        edit::caption,
        &[
            BUSINESS,
            MAYBE_CHAT,
            MAYBE_MESSAGE,
            INLINE_MESSAGE,
            CAPTION,
            PARSE_MODE,
            CAPTION_ENTITIES,
            CAPTION_ABOVE,
            BUTTONS,
        ],
    ),
    paced(
        "editMessageMedia",
        edit::media,
        &[
            BUSINESS,
            MAYBE_CHAT,
            MAYBE_MESSAGE,
            INLINE_MESSAGE,
            need("media", MEDIA),
            BUTTONS,
        ],
    ),
    paced(
        "editMessageReplyMarkup",
        edit::markup,
        &[BUSINESS, MAYBE_CHAT, MAYBE_MESSAGE, INLINE_MESSAGE, BUTTONS],
    ),
    quick("deleteMessage", edit::delete, &[CHAT, MESSAGE]),
    quick(
        "deleteMessages",
        edit::delete_many,
        &[CHAT, need("message_ids", List(&Integer))],
    ),
    quick(
        "answerCallbackQuery",
        reply::answer_callback_query,
        &[
            need("callback_query_id", Text),
            may("text", Text),
            may("show_alert", Boolean),
            may("url", Text),
            may("cache_time", Integer),
        ],
    ),
    quick("getFile", files::get_file, &[need("file_id", Text)]),
    quick("getChat", profile::get_chat, &[CHAT]),
    quick("pinChatMessage", reply::pin, &[BUSINESS, CHAT, MESSAGE, QUIET]),
    quick("unpinChatMessage", reply::unpin, &[BUSINESS, CHAT, MAYBE_MESSAGE]),
    quick("unpinAllChatMessages", reply::unpin_all, &[CHAT]),
    quick(
        "setMyCommands",
        profile::set_my_commands,
        &[need("commands", COMMANDS), may("scope", SCOPE), LANGUAGE],
    ),
    quick(
        "getMyCommands",
        profile::get_my_commands,
        &[may("scope", SCOPE), LANGUAGE],
    ),
    quick(
        "deleteMyCommands",
        profile::delete_my_commands,
        &[may("scope", SCOPE), LANGUAGE],
    ),
    quick(
        "setMyDescription",
        profile::set_my_description,
        &[may("description", Text), LANGUAGE],
    ),
    quick("getMyDescription", profile::get_my_description, &[LANGUAGE]),
    quick(
        "setMyShortDescription",
        profile::set_my_short_description,
        &[may("short_description", Text), LANGUAGE],
    ),
    quick(
        "getMyShortDescription",
        profile::get_my_short_description,
        &[LANGUAGE],
    ),
];
