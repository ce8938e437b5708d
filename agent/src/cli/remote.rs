//! `agent remote test`: what one remote can do, found out by doing it.
//! It touches one object of its own making, and takes it away again where the remote lets it.

use serde_json::json;

use super::{ConfigArgument, Failure, load, remotes};
use crate::{
    backup::{
        recipients::Recipients,
        remote::trial::{self, Answer, Finding},
        seal::{LEVEL, seal},
        signer::SigningKey,
    },
    config::Purpose,
};

/// Arguments of `agent remote`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Write, read back, list, write under a condition and delete, and say what worked
    Test(TestArguments),
}

/// Arguments of `agent remote test`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  agent remote test offsite --config /etc/warung/agent.toml")]
pub struct TestArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// The remote's name in the configuration
    name: String,
    /// The folder's disk was replaced on purpose: take the one that is mounted now
    #[arg(long)]
    new_disk: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
///
/// # Errors
/// No such remote or faults in the configuration (2); something that backups need does not work (1).
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Verb::Test(arguments) = arguments.verb;
    let config = load(&arguments.config.path, Purpose::Look)?;
    let remote = remotes::open(&config, Some(&arguments.name))?.usable.remove(0);
    if arguments.new_disk {
        remote
            .accept_folder()
            .map_err(|fault| Failure::Failed(anyhow::Error::msg(fault)))?;
    }
    let recipients =
        Recipients::load(&config.backup.recipients).map_err(|faults| Failure::Refused(faults.join("; ")))?;
    let probe = seal(
        b"Warung: agent remote test wrote this.".as_slice(),
        &recipients,
        &SigningKey::make()?,
        LEVEL,
    )?;
    let findings = trial::run(&remote, &probe).await;
    if arguments.json {
        println!("{}", json!({ "remote": remote.name(), "findings": findings }));
    } else {
        findings.iter().for_each(print);
    }
    let faults: Vec<&str> = findings
        .iter()
        .filter(|it| it.is_fault())
        .map(|it| it.what)
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(anyhow::anyhow!(
        "backups cannot use the remote {} as it is configured; what they need and it does not do: {}",
        remote.name(),
        faults.join(", ")
    )))
}

fn print(finding: &Finding) {
    let answer = match finding.answer {
        Answer::Yes => "yes",
        Answer::No => "NO",
        Answer::NotOffered => "not offered",
        Answer::NotTried => "not tried",
    };
    println!("{:<18} {answer:<12} {}", finding.what, finding.said);
}
