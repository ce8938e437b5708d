//! Tells a check at the outside of the starts and ends of what it is about, in their order: each again until it is taken
//! or there is something newer to tell. What it tells of never waits for it.
//! It tells nothing of its own.

use std::convert::Infallible;

use tokio::{sync::mpsc, time::sleep};

use crate::alert::{
    heartbeat::{RunId, Signal},
    outside::Check,
};

/// Each is gone within seconds, or replaced by the next.
const WAITING_MAX: usize = 16;

type Told = (Signal, RunId);

/// Where starts and ends are handed in.
pub(super) struct Outside(mpsc::Sender<Told>);

impl Outside {
    /// Where to hand them in, and what runs for as long as the agent does.
    pub(super) fn of(check: Check) -> (Self, impl Future<Output = Infallible> + Send + 'static) {
        let (sender, told) = mpsc::channel(WAITING_MAX);
        (Self(sender), run(check, told))
    }

    /// To be told as soon as what was handed in before has had its turn.
    pub(super) fn tell(&self, signal: Signal, run: &RunId) {
        if self.0.try_send((signal, run.clone())).is_err() {
            tracing::warn!("too much is to be told to the outside heartbeat: this is left out");
        }
    }
}

async fn run(check: Check, mut told: mpsc::Receiver<Told>) -> Infallible {
    let mut next = None;
    loop {
        let (signal, run) = match next.take() {
            Some(newer) => newer,
            None => match told.recv().await {
                Some(first) => first,
                None => std::future::pending().await,
            },
        };
        while let Some(wait) = check.tell(&signal, Some(&run)).await {
            tokio::select! {
                Some(newer) = told.recv() => {
                    next = Some(newer);
                    break;
                }
                () = sleep(wait) => {}
            }
        }
    }
}
