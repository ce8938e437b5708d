//! One question to the agent: is everything that was committed until now off this machine? Only one answer means yes.

use std::time::Duration;

use anyhow::{Context, Result};
use protocol::durable::{ANSWER_BYTES_MAX, Durable};
use reqwest::{Client, StatusCode, redirect::Policy};
use thiserror::Error;

use crate::db::Place;

/// Why the answer was no clear yes, in words without what the other side said.
#[derive(Debug, Error)]
pub(super) enum Unproven {
    /// A remote has not got it.
    #[error("the agent says that it is not off the machine yet")]
    NotYet,
    /// The time was over.
    #[error("the agent does not answer in time")]
    Silent,
    /// Nobody is there, or the connection broke.
    #[error("the agent is not reached: {0}")]
    Away(reqwest::Error),
    /// Nobody can say what that means.
    #[error("the agent's answer is none: {0}")]
    Strange(String),
}

impl Unproven {
    /// The word for it in the incident, as docs/RUNBOOK has it.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NotYet => "not_yet",
            Self::Silent => "agent_silent",
            Self::Away(_) => "agent_away",
            Self::Strange(_) => "agent_strange",
        }
    }
}

/// The address is the agent's own, and of no use in a log.
fn away(error: reqwest::Error) -> Unproven {
    Unproven::Away(error.without_url())
}

/// The way to the agent.
pub(super) struct Question {
    http: Client,
    url: String,
    place: Option<Place>,
}

impl Question {
    /// For the agent at this address, about the database that lies there.
    ///
    /// # Errors
    /// When the system gives no client.
    pub(super) fn to(agent_url: &str, place: Option<Place>) -> Result<Self> {
        // The agent is on this machine or beside it: no proxy has a part in this.
        let http = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .context("making the client for the agent")?;
        let url = format!("{}/durable", agent_url.trim_end_matches('/'));
        Ok(Self { http, url, place })
    }

    /// Asks, and waits no longer than `limit`.
    ///
    /// # Errors
    /// Every answer but a clear yes.
    pub(super) async fn ask(&self, limit: Duration) -> Result<(), Unproven> {
        // The agent follows what lies under the name, and would speak of that.
        if self.place.as_ref().is_some_and(|place| !place.is_there()) {
            return Err(Unproven::NotYet);
        }
        let answer = tokio::time::timeout(limit, self.answer()).await;
        let durable = answer.map_err(|_| Unproven::Silent)??;
        if durable.is_a_place() {
            Ok(())
        } else {
            Err(Unproven::Strange("it names no chain".to_owned()))
        }
    }

    async fn answer(&self) -> Result<Durable, Unproven> {
        let mut response = self.http.get(&self.url).send().await.map_err(away)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::GATEWAY_TIMEOUT => return Err(Unproven::NotYet),
            status => return Err(Unproven::Strange(format!("status {status}"))),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Unproven::Strange("it is too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|_| Unproven::Strange("it is no place".to_owned()))
    }
}
