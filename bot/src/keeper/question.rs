//! One question to the agent: is everything that was committed until now off this machine? Only one answer means yes.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use protocol::durable::{ANSWER_BYTES_MAX, Durable};
use reqwest::{Client, StatusCode, redirect::Policy};

/// The way to the agent.
pub(super) struct Question {
    http: Client,
    url: String,
}

impl Question {
    /// For the agent at this address.
    ///
    /// # Errors
    /// When the system gives no client.
    pub(super) fn to(agent_url: &str) -> Result<Self> {
        // The agent is on this machine or beside it: no proxy has a part in this.
        let http = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .context("making the client for the agent")?;
        let url = format!("{}/durable", agent_url.trim_end_matches('/'));
        Ok(Self { http, url })
    }

    /// Asks, and waits no longer than `limit`.
    ///
    /// # Errors
    /// Every answer but a clear yes, in words without what the other side said.
    pub(super) async fn ask(&self, limit: Duration) -> Result<()> {
        let answer = tokio::time::timeout(limit, self.answer()).await;
        let durable = answer.context("the agent does not answer in time")??;
        ensure!(durable.is_a_place(), "the agent's answer names no chain");
        Ok(())
    }

    async fn answer(&self) -> Result<Durable> {
        let asked = self.http.get(&self.url).send().await;
        let mut response = asked
            .map_err(reqwest::Error::without_url)
            .context("the agent is not reached")?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::GATEWAY_TIMEOUT => bail!("the agent says that it is not off the machine yet"),
            status => bail!("the agent answers with status {status}"),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            ensure!(
                body.len() + chunk.len() <= ANSWER_BYTES_MAX,
                "the agent's answer is too long"
            );
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body)
            .ok()
            .context("the agent's answer is none")
    }
}
