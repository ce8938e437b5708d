//! Takes updates from the inbox, one after the other, each in one transaction with everything that it causes.
//! An update that cannot be handled is tried a few times, then set aside with an incident; it blocks nobody for long.

use std::time::Duration;

use anyhow::Result;
use tokio_util::sync::CancellationToken;

use super::{
    event::{self, Parsed},
    router,
};
use crate::{
    clock::now,
    db::{Reader, WriteError, Writer},
    health::Beat,
    inbox::{UpdateId, store},
    incident::{self, Kind},
    shop::Shop,
};

/// How long the loop sleeps at most when nothing comes.
const SLEEP_MAX: Duration = Duration::from_secs(5);
/// Between two tries of one update.
const PAUSE: Duration = Duration::from_millis(200);

/// Handles until `stop`.
pub async fn run(shop: Shop, writer: Writer, reader: Reader, beat: Beat, stop: CancellationToken) {
    loop {
        let changed = writer.changed();
        tokio::pin!(changed);
        changed.as_mut().enable();
        match drain(&shop, &writer, &reader, &beat, &stop).await {
            Ok(()) => beat.beat(),
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "updates cannot be handled; trying again"
                );
                tokio::time::sleep(PAUSE).await;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = changed => {}
            () = tokio::time::sleep(SLEEP_MAX) => {}
        }
    }
}

/// Handles everything that is there.
async fn drain(
    shop: &Shop,
    writer: &Writer,
    reader: &Reader,
    beat: &Beat,
    stop: &CancellationToken,
) -> Result<()> {
    while !stop.is_cancelled() {
        let Some((id, body)) = reader.run(|conn| store::next(conn, None)).await? else {
            return Ok(());
        };
        match one(shop, writer, id, body).await {
            Ok(()) => beat.beat(),
            Err(WriteError::Work(error)) => {
                set_back(writer, id, format!("{error:#}")).await?;
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn one(shop: &Shop, writer: &Writer, id: UpdateId, body: String) -> Result<(), WriteError> {
    let shop = shop.clone();
    writer
        .run(move |conn| {
            let now = now();
            // Whoever stored it twice, it is handled once.
            if !store::done(conn, id, now)? {
                return Ok(());
            }
            match event::parse(&body) {
                Parsed::Event(event) => router::handle(conn, &shop, &event, now),
                Parsed::Ignored => Ok(()),
            }
        })
        .await
}

async fn set_back(writer: &Writer, id: UpdateId, error: String) -> Result<()> {
    tracing::error!(update = id.0, error, "an update could not be handled");
    writer
        .run(move |conn| {
            if store::failed(conn, id, &error, now())? {
                let text = format!(
                    "An update from Telegram (number {}) could not be handled and is set aside: {error}. One person \
                     got no answer; everybody else goes on.",
                    id.0
                );
                incident::store::raise(conn, Kind::PoisonUpdate, &text, now())?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}
