//! The picture of the day, after the digest: the text goes out first by the alerts' own way, and the picture follows
//! when it has arrived.
//! A picture that cannot be drawn or sent is missing, and nothing else is.

use std::{convert::Infallible, time::Duration};

use tokio::{sync::mpsc, time::sleep};

use super::errand::Errand;
use crate::{chart::picture::Picture, overview::Desk};

const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How many looks the text has to arrive in: a quarter of an hour.
const PATIENCE: u32 = 60;

/// Looks for as long as the agent lives.
pub(super) async fn follow(desk: Desk, owners: Vec<i64>, errands: mpsc::Sender<Errand>) -> Infallible {
    let mut told = digest_at(&desk);
    loop {
        sleep(LOOK_EVERY).await;
        let newest = digest_at(&desk);
        // The first digest is only dated, so that the second one knows since when it tells.
        let is_told = told.is_some() && newest > told;
        told = newest.or(told);
        if !is_told || !has_arrived(&desk).await {
            continue;
        }
        for &chat in &owners {
            let picture = Picture::Day;
            let errand = Errand::Picture {
                chat,
                picture,
                span: picture.usual_span(),
                is_asked: false,
            };
            if errands.send(errand).await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

fn digest_at(desk: &Desk) -> Option<protocol::time::UnixMillis> {
    desk.alerts.book().ok()?.digest_at
}

/// Nothing waits for the owner any more, the digest included.
async fn has_arrived(desk: &Desk) -> bool {
    for _ in 0..PATIENCE {
        if desk.store.backlog().is_ok_and(|backlog| backlog.waiting == 0) {
            return true;
        }
        sleep(LOOK_EVERY).await;
    }
    false
}
