//! The two addresses: a public one for Telegram and gateways, a private one for the agent.
//! Nothing about the server is ever told on the public one.

mod figures;
mod marker;
pub mod private;
pub mod public;
pub mod shut;
mod standing;

use std::{net::SocketAddr, os::fd::AsFd};

use anyhow::{Context, Result};
use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Binds an address, before anything else starts.
///
/// # Errors
/// When something else has it.
pub async fn bind(address: SocketAddr, key: &str) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("taking the address {address} ({key} in bot.toml); does another bot run?"))
}

/// A second handle of an address, so that whoever serves it can change without anybody being refused.
///
/// # Errors
/// When the system gives no handle.
pub fn twin(listener: &TcpListener) -> Result<TcpListener> {
    let twin = listener
        .as_fd()
        .try_clone_to_owned()
        .context("doubling an address")?;
    TcpListener::from_std(twin.into()).context("doubling an address")
}

/// Serves until `stop`.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> Result<()> {
    axum::serve(listener, router)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
        .context("serving HTTP")
}
