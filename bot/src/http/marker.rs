//! The agent's mark in the log file: proof that lines get from the logger into the file, and from there through
//! rotation. Only hex digits are let in; nothing else of the question is written.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use protocol::health::{LogFile, NONCE_HEX_DIGITS};
use serde::Deserialize;

use crate::logs::{self, FollowedFile};

use super::private::Private;

/// The question's parameter.
#[derive(Deserialize)]
pub(super) struct Nonce {
    nonce: String,
}

/// Writes the line and answers which file took it. 400: that is no nonce; 404: there is no log file; 503: the disk does
/// not take lines.
pub(super) async fn mark(
    State(private): State<Arc<Private>>,
    Query(Nonce { nonce }): Query<Nonce>,
) -> Response {
    if !is_nonce(&nonce) {
        return (
            StatusCode::BAD_REQUEST,
            "nonce must be 16 to 64 lower-case hex digits\n",
        )
            .into_response();
    }
    let Some(file) = &private.log else {
        return (StatusCode::NOT_FOUND, "bot.toml names no [logs] dir\n").into_response();
    };
    match write(file, &nonce) {
        Ok(Some(taken)) => Json(taken).into_response(),
        Ok(None) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the disk does not take log lines\n",
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "the log file cannot be looked at");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// `None`: a line was dropped meanwhile, so that nobody knows whether it was this one.
fn write(file: &FollowedFile, nonce: &str) -> std::io::Result<Option<LogFile>> {
    // The present file, not the one that was rotated away a moment ago.
    file.follow()?;
    let before = file.report()?;
    logs::mark(nonce);
    let after = file.report()?;
    let is_written =
        after.written_bytes > before.written_bytes && after.dropped_lines == before.dropped_lines;
    Ok(is_written.then_some(after))
}

fn is_nonce(text: &str) -> bool {
    NONCE_HEX_DIGITS.contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hex_digits_get_into_the_log() {
        assert!(is_nonce("0123456789abcdef"));
        for wrong in [
            "",
            "0123456789abcde",
            "0123456789ABCDEF",
            "0123456789abcde\n",
            &"a".repeat(65),
        ] {
            assert!(!is_nonce(wrong), "{wrong:?}");
        }
    }
}
