//! What strangers can reach: Telegram's webhook and the gateways' webhooks. Each is believed only with its secret,
//! stored before it is acknowledged, and never more than a hint.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use subtle::ConstantTimeEq;

use crate::{
    clock::now,
    gateways::pakasir::{self, Pakasir},
    inbox::{self, BODY_BYTES_MAX},
    jobs::{
        Workshop,
        task::{AskUnknown, CheckPayment, Task},
    },
    shop::{order, payment},
    telegram::{line::Line, receive},
};
use protocol::secret::Secret;

/// What the public address needs.
pub struct Public {
    /// What workers have at hand.
    pub workshop: Arc<Workshop>,
    /// What Telegram sends along; empty, which opens nothing, where no webhook is configured.
    pub telegram_secret: Arc<Secret>,
    /// Where it is noted that Telegram delivered.
    pub line: Line,
}

/// The public address' routes.
pub fn router(public: Public) -> Router {
    Router::new()
        .route("/telegram", post(telegram))
        .route("/payments/pakasir", post(pakasir_webhook))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::new(public))
}

async fn telegram(State(public): State<Arc<Public>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let given = headers
        .get("x-telegram-bot-api-secret-token")
        .map(|value| value.as_bytes())
        .unwrap_or_default();
    let secret = &public.telegram_secret;
    if secret.is_empty() || !bool::from(secret.expose().as_bytes().ct_eq(given)) {
        return StatusCode::FORBIDDEN;
    }
    let update = std::str::from_utf8(&body)
        .ok()
        .and_then(|text| receive::numbered(text).ok());
    // What has no number cannot be an update; Telegram would repeat it for ever.
    let Some((id, text)) = update else {
        return StatusCode::OK;
    };
    let stored = public
        .workshop
        .writer
        .run(move |conn| inbox::store::store(conn, id, &text, now()))
        .await;
    if let Err(error) = stored {
        // Told once, by the writer: not for every repetition onto a full disk.
        tracing::debug!(%error, "an update cannot be stored; Telegram will repeat it");
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    public.line.delivered(now());
    StatusCode::OK
}

/// Acknowledged only after the commit that makes sure that the gateway is asked. An unknown order is acknowledged as
/// well, or the gateway would repeat it for ever; trouble of ours is not, so that it does.
async fn pakasir_webhook(State(public): State<Arc<Public>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let given = headers
        .get("x-secret")
        .map(|value| value.as_bytes())
        .unwrap_or_default();
    if !public.workshop.pakasir.is_from_gateway(given) {
        tracing::warn!("a payment webhook came with a wrong secret and is not believed");
        return StatusCode::UNAUTHORIZED;
    }
    let Some(hint) = Pakasir::hint(&body) else {
        tracing::warn!("a payment webhook cannot be read");
        return StatusCode::BAD_REQUEST;
    };
    let stored = public.workshop.writer.run(move |conn| {
        let now = now();
        let Some(order) = order::store::by_code(conn, &hint.order_id)? else {
            // A hint as well: it is told of once the gateway itself says that money came.
            if payment::store::unknown::note(conn, pakasir::NAME, &hint.order_id, now)? {
                let (code, txn_id) = (hint.order_id, hint.txn_id);
                let asked_at = now;
                AskUnknown {
                    code,
                    txn_id,
                    asked_at,
                }
                .enqueue(conn, now, now)?;
            }
            return Ok(false);
        };
        payment::store::notified(conn, pakasir::NAME, &body, &hint.order_id, &hint.txn_id, now)?;
        CheckPayment {
            order: order.id,
            txn_id: hint.txn_id,
        }
        .enqueue(conn, now, now)?;
        Ok(true)
    });
    match stored.await {
        Ok(true) => {
            // Acknowledged once it is off the machine, or could not be got off it in time.
            public.workshop.durable.wait().await;
            StatusCode::OK
        }
        Ok(false) => {
            tracing::warn!("a payment webhook speaks of an order that this shop never had");
            StatusCode::OK
        }
        Err(error) => {
            tracing::warn!(%error, "a payment webhook cannot be stored; the gateway will repeat it");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}
