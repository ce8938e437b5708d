//! `agent alert test`: whether a message would reach the owner, on every way or on one.
//! It rings nowhere, and changes nothing but the note of when each way was last tried.

use std::sync::Arc;

use jiff::Timestamp;
use protocol::time::UnixMillis;

use super::{ConfigArgument, Failure, load};
use crate::{
    alert::{
        Alerts,
        calendar::Calendar,
        channels::http_client,
        ladder::ladder,
        message::Voice,
        rehearsal::{self, Way},
    },
    app,
    config::{Config, Purpose},
    store::{Store, channels::ChannelTest},
};

/// Arguments of `agent alert`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Try every way to the owner, silently
    Test(TestArguments),
}

/// Arguments of `agent alert test`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  agent alert test --channel mail --config /etc/warung/agent.toml")]
struct TestArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Only this one: "telegram", or a name under [channels]
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Tries and prints.
///
/// # Errors
/// Faults in the configuration or an unknown channel (2), or a way that does not work (1).
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Command::Test(arguments) = arguments.command;
    let config = load(&arguments.config.path, Purpose::Keep)?;
    let mut ways = app::ways(&config, &http_client()?)?;
    if let Some(name) = &arguments.channel {
        ways.retain(|way| way.rung.name == *name);
        if ways.is_empty() {
            let known: Vec<String> = ladder(&config).into_iter().map(|rung| rung.name).collect();
            return Err(Failure::Refused(format!(
                "there is no channel \"{name}\"; agent.toml has: {}",
                known.join(", ")
            )));
        }
    }
    let tests = test_all(&config, &ways).await?;
    print(&tests, arguments.json);
    let broken: Vec<&str> = tests
        .iter()
        .filter(|test| !test.ok)
        .map(|test| test.rung.as_str())
        .collect();
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(anyhow::anyhow!(
        "alerts would not arrive by: {}. Correct the section in agent.toml or the secret, and run this again",
        broken.join(", ")
    )))
}

async fn test_all(config: &Config, ways: &[Way]) -> anyhow::Result<Vec<ChannelTest>> {
    let store = Arc::new(Store::open(&config.state_dir)?);
    let voice = Voice::of(config);
    let alerts = Alerts::new(
        Arc::clone(&store),
        voice.clone(),
        Calendar::of(config),
        &ladder(config),
    );
    let mut tests = Vec::new();
    for way in ways {
        let now = UnixMillis(Timestamp::now().as_millisecond());
        let test = rehearsal::test(way, &voice, now).await;
        rehearsal::record(&store, &alerts, &test)?;
        tests.push(test);
    }
    Ok(tests)
}

fn print(tests: &[ChannelTest], json: bool) {
    if json {
        let view = |test: &ChannelTest| serde_json::json!({ "channel": test.rung, "ok": test.ok, "said": test.said });
        let tests: Vec<serde_json::Value> = tests.iter().map(view).collect();
        println!("{}", serde_json::json!({ "channels": tests }));
        return;
    }
    for test in tests {
        match test.ok {
            true if test.said.is_empty() => println!("ok     {}", test.rung),
            true => println!(
                "ok     {}: took it and answers strangely ({}); look whether the message arrives",
                test.rung, test.said
            ),
            false => println!("WRONG  {}: {}", test.rung, test.said),
        }
    }
}
