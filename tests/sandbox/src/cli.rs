//! The command line. Exit codes: 0 done, 1 failed, 2 wrong use.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{Options, Project, serve};

const EXAMPLE: &str = "Example:
  sandbox --listen 127.0.0.1:8090 --state .demo/sandbox \\
    --bot 1001:shop-token=warung_bot --bot 1002:owner-token=owner_bot \\
    --user 3001=Budi --user 2001=Sari --user 1001=Owner \\
    --project warung --api-key key --webhook-url http://127.0.0.1:8080/payments/pakasir --webhook-secret secret

Telegram API:   http://127.0.0.1:8090        (api_url of the bot)
Pakasir API:    http://127.0.0.1:8090/pakasir (base_url of the gateway)
Chat page:      http://127.0.0.1:8090/";

/// A strict pretend Telegram and a pretend payment gateway, with a chat page for people.
#[derive(Parser)]
#[command(name = "sandbox", version, after_help = EXAMPLE)]
struct Cli {
    /// Address to listen on; port 0 takes a free one, printed as the first line
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Directory in which chats survive a restart
    #[arg(long)]
    state: Option<PathBuf>,
    /// Registers a bot (may be repeated)
    #[arg(long = "bot", value_name = "TOKEN=USERNAME", value_parser = pair)]
    bots: Vec<(String, String)>,
    /// Registers a person (may be repeated)
    #[arg(long = "user", value_name = "ID=NAME", value_parser = numbered)]
    users: Vec<(i64, String)>,
    /// The shop's project at the gateway [default: warung]
    #[arg(long, value_name = "SLUG")]
    project: Option<String>,
    /// The project's API key [default: sandbox-key]
    #[arg(long, value_name = "KEY")]
    api_key: Option<String>,
    /// Where the gateway posts its webhooks
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// The secret that goes with them [default: sandbox-secret]
    #[arg(long, value_name = "SECRET")]
    webhook_secret: Option<String>,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(cli: Cli) -> Result<()> {
    let listener = TcpListener::bind(cli.listen)
        .await
        .with_context(|| format!("listening on {}", cli.listen))?;
    let address = listener
        .local_addr()
        .context("asking for the address that was taken")?;
    let mut terminated = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let stop = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
    };
    println!("sandbox listening on http://{address}");
    let project = Project {
        slug: cli.project,
        api_key: cli.api_key,
        webhook_url: cli.webhook_url,
        webhook_secret: cli.webhook_secret,
    };
    serve(
        listener,
        Options {
            state: cli.state,
            bots: cli.bots,
            users: cli.users,
            project,
        },
        stop,
    )
    .await
}

/// `LEFT=RIGHT`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => {
            Ok((left.to_owned(), right.to_owned()))
        }
        _ => Err("expected two values with = between them".to_owned()),
    }
}

/// `NUMBER=NAME`.
fn numbered(text: &str) -> Result<(i64, String), String> {
    let (number, name) = pair(text)?;
    let number = number.parse().map_err(|_| format!("{number} is not a number"))?;
    Ok((number, name))
}
