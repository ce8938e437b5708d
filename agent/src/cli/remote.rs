//! `agent remote test`: what one remote can do, found out by doing it.
//! It touches one object of its own making, and takes it away again where the remote lets it; of a disk that was replaced
//! this server forgets what it knew to be there.

use std::collections::BTreeSet;

use anyhow::Context;
use protocol::{chain::ChainId, object_key::SegmentName};
use serde_json::json;

use super::{ConfigArgument, Failure, load, remotes};
use crate::{
    backup::{
        anchor,
        recipients::Recipients,
        remote::{
            Remote,
            trial::{self, Answer, Finding},
        },
        seal::{LEVEL, seal},
        signer::SigningKey,
        survey,
    },
    config::{Config, Purpose},
    store::{Store, shipping::Shipping},
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
    /// The place is new, or its disk was replaced on purpose: take the one that is there now
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
            .accept_place()
            .map_err(|fault| Failure::Failed(anyhow::Error::msg(fault)))?;
        if let Some(told) = forget(&config, &remote).await?
            && !arguments.json
        {
            println!("{told}");
        }
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

/// What this server knew to be there and is not: its owner has said that the place is another one. Nothing is missed there
/// from now on that was never brought there.
async fn forget(config: &Config, remote: &Remote) -> Result<Option<String>, Failure> {
    if Store::open_to_look(&config.state_dir)?.is_none() {
        return Ok(None);
    }
    let survey = survey::ask(std::slice::from_ref(remote), Vec::new()).await;
    let Some((name, names)) = survey.holdings.first() else {
        return Ok(None);
    };
    let store = Store::open(&config.state_dir)?;
    let is_back = |store: &Store| -> anyhow::Result<bool> {
        let (known, shipping) = (store.points()?, store.shipping()?);
        Ok(anchor::rolled_back(name, names, &known, Shipping::taken(&shipping, name)).is_some())
    };
    let was_missed = is_back(&store)?;
    store
        .forget_other_copies(name, &survey.points())
        .context("forgetting what lay there")?;
    let segments = names.keys().filter_map(|key| SegmentName::parse(key));
    let chains: BTreeSet<ChainId> = segments.map(|name| name.chain).collect();
    let shipping = store.shipping().context("asking what it took")?;
    let of_remote = shipping.into_iter().find(|one| one.remote == *name);
    let holds = of_remote.and_then(|one| one.holds);
    if holds.is_some_and(|(chain, ..)| !chains.contains(&chain)) || is_back(&store)? {
        store
            .forget_acknowledged(name)
            .context("forgetting what it took")?;
    }
    Ok(was_missed.then(|| {
        format!(
            "what this server knew to be on {name} and is not there is forgotten: a running agent takes a full backup for it by \
             itself, else: agent backup --remote {name}"
        )
    }))
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
