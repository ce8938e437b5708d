//! The control API below `/sandbox`: what tests and the chat page do to the pretend world.
//! It is described, with an example each, in the README beside this crate.

mod chats;
mod faults;
mod pakasir;
mod people;
mod record;
mod refused;
mod updates;
mod view;

use axum::{
    Router,
    routing::{get, post},
};

use crate::shared::Shared;

pub use people::{register_bot, register_person};

/// Everything below `/sandbox`.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(people::overview))
        .route("/changes", get(people::changes))
        .route("/bots", post(people::add_bot))
        .route("/users", post(people::add_user))
        .route("/chats/{bot}/{user}", get(chats::show))
        .route("/chats/{bot}/{user}/open", post(chats::open))
        .route("/chats/{bot}/{user}/text", post(chats::text))
        .route("/chats/{bot}/{user}/photo", post(chats::photo))
        .route("/chats/{bot}/{user}/document", post(chats::document))
        .route("/chats/{bot}/{user}/press", post(chats::press))
        .route("/chats/{bot}/{user}/delete", post(chats::delete))
        .route("/chats/{bot}/{user}/block", post(chats::block))
        .route("/chats/{bot}/{user}/unblock", post(chats::unblock))
        .route("/files/{unique_id}", get(chats::file))
        .route("/record", get(record::show))
        .route(
            "/faults",
            get(faults::show).post(faults::add).delete(faults::clear),
        )
        .route("/pakasir/settings", get(pakasir::settings).post(pakasir::set))
        .route("/pakasir/transactions", get(pakasir::transactions))
        .route("/pakasir/pay", post(pakasir::pay))
        .route("/pakasir/webhook", post(pakasir::webhook))
}
