//! Looks after what the shop is written on: a database that takes no writes is told and asked again until it does, and
//! before the WAL fills the disk nothing new is sold.
//! It frees no space and copies no WAL: that is for the owner and the agent.

use std::time::Duration;

use anyhow::Result;
use protocol::{health::CommitFault, incident::IncidentId, time::UnixMillis};
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::now,
    db::{
        Reader, Writer,
        brake::{self, Limits, Load},
    },
    incident::{self, Kind, unstored::Unstored},
    queue,
    shop::switch,
};

/// How often the WAL is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// How often a database that takes no writes is asked whether it does again.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// The same trouble is told again after this long, not before.
const TELL_AGAIN: Duration = Duration::from_secs(3_600);

/// What the watch needs.
pub struct Storage {
    /// The way to write.
    pub writer: Writer,
    /// The way to read.
    pub reader: Reader,
    /// Where incidents go that cannot be stored.
    pub unstored: Unstored,
    /// From when on the WAL is too long.
    pub limits: Limits,
}

impl Storage {
    /// Watches until `stop`.
    pub async fn watch(self, stop: CancellationToken) {
        let (mut load, mut told_at) = (Load::Light, None);
        loop {
            let mut changed = std::pin::pin!(self.writer.standing().changed());
            changed.as_mut().enable();
            let pause = match self.writer.standing().failed_commits().1 {
                Some(fault) => {
                    self.tell(fault, &mut told_at).await;
                    // What it answers is in the standing: when it succeeds, everybody goes on.
                    let _ = self.writer.run(|conn| queue::store::probe(conn, now())).await;
                    ASK_EVERY
                }
                None => {
                    load = self.measure(load).await;
                    MEASURE_EVERY
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = changed => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Tells that nothing can be written. Its number must follow the newest one, which only the database knows.
    async fn tell(&self, fault: CommitFault, told_at: &mut Option<UnixMillis>) {
        let now = now();
        if told_at.is_some_and(|told| now.since(told) < TELL_AGAIN) {
            return;
        }
        if let Ok(last) = self.reader.run(incident::store::last).await {
            tell_refusal(&self.unstored, fault, last, now);
            *told_at = Some(now);
        }
    }

    async fn measure(&self, before: Load) -> Load {
        self.look(before).await.unwrap_or_else(|error| {
            tracing::warn!(
                error = format!("{error:#}"),
                "the length of the WAL cannot be measured"
            );
            before
        })
    }

    async fn look(&self, before: Load) -> Result<Load> {
        let bytes = self.reader.run(brake::wal_bytes).await?;
        let load = brake::load(bytes, before, self.limits);
        let is_braked = self.reader.run(switch::store::braked).await?;
        // Mostly nothing has to be written.
        if load != before || is_braked != (load == Load::Full) {
            self.writer
                .run(move |conn| act(conn, bytes, (before, load), now()))
                .await?;
        }
        Ok(load)
    }
}

/// Tells that the database takes no writes, before it is stored.
pub fn tell_refusal(unstored: &Unstored, fault: CommitFault, last: IncidentId, now: UnixMillis) {
    unstored.tell(Kind::DatabaseRefuses, fault.name(), last, now);
}

/// Acts on a WAL of so many bytes. The brake is a row, so that a restart does not open the shop.
fn act(conn: &Connection, bytes: u64, (before, load): (Load, Load), now: UnixMillis) -> Result<()> {
    let mebibytes = bytes >> 20;
    if load == Load::Heavy && before == Load::Light {
        incident::store::raise_hourly(conn, Kind::WalTooLong, &mebibytes.to_string(), now)?;
    }
    let brake = load == Load::Full;
    if brake != switch::store::braked(conn)? {
        switch::store::set_braked(conn, brake)?;
        tracing::warn!(mebibytes, brake, "the brake on new orders was moved");
        if brake {
            incident::store::raise(conn, Kind::WalStopsSales, &mebibytes.to_string(), now)?;
        }
    }
    Ok(())
}
