//! `agent key new`: the owner's key pair and the recovery kit.
//! It neither sends nor installs anything.

use std::path::PathBuf;

use super::{ConfigArgument, Failure, ask, load};
use crate::{
    backup::signer::SigningKey,
    config::{Config, Purpose},
    keys::{self, kit},
};

/// Arguments of `agent key`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Make the owner's key pair and, with a configuration, the recovery kit
    New(New),
    /// Print the certificate of this server's agent, for the recovery kit: by it a restore knows who made a backup
    Agent(Agent),
}

/// Arguments of `agent key new`.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  agent key new --out /media/usb/warung-kit --name 'Sari'\n\nThe passphrase is asked twice, or taken from OWNER_KEY_PASSPHRASE."
)]
struct New {
    #[command(flatten)]
    config: ConfigArgument,
    /// The folder for the key and the kit; nothing in it is overwritten
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The name in the key
    #[arg(long, value_name = "NAME", default_value = "Warung owner")]
    name: String,
}

/// Arguments of `agent key agent`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  agent key agent > /media/usb/warung-kit/agent.asc")]
struct Agent {
    #[command(flatten)]
    config: ConfigArgument,
}

/// Makes the owner's key, or shows the agent's.
///
/// # Errors
/// Wrong use, or what the disk refused; a file that is already there stops it before anything is written.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.verb {
        Verb::New(new) => make(&new),
        Verb::Agent(agent) => show(&agent),
    }
}

fn show(agent: &Agent) -> Result<(), Failure> {
    let config = load(&agent.config.path, Purpose::Look)?;
    let key = SigningKey::load(&config.state_dir)?.ok_or_else(|| {
        anyhow::anyhow!(
            "no agent has made its key in {} yet: it does at its first backup",
            config.state_dir.display()
        )
    })?;
    eprintln!("The agent's fingerprint is {}.", key.fingerprint());
    print!("{}", key.certificate()?);
    Ok(())
}

fn make(new: &New) -> Result<(), Failure> {
    let config = readable_config(new)?;
    let passphrase = ask::new_passphrase()?;
    let key = keys::generate(&new.name, &passphrase)?;
    let signer = match &config {
        Some(config) => SigningKey::load(&config.state_dir)?,
        None => None,
    };
    kit::write(&new.out, &key, config.as_ref(), signer.as_ref())?;
    println!("The owner's key {} is made.", key.fingerprint);
    println!("  secret key   {}", new.out.join(kit::SECRET_KEY).display());
    println!("  certificate  {}", new.out.join(kit::CERTIFICATE).display());
    println!("Put the certificate alone on the server and name it in [backup] recipients.");
    println!(
        "Keep this folder and the passphrase off the server, in two places: without them no backup opens."
    );
    println!(
        "Two recipients are recommended, yours and a cold spare that lies elsewhere: run this again with another --out."
    );
    if signer.is_none() {
        println!(
            "Once the agent has taken a backup, `agent key agent` prints its certificate: keep that in the kit too."
        );
    }
    match &config {
        Some(config) => println!(
            "The recovery kit is complete, from {}: read KIT.md.",
            config.path.display()
        ),
        None => println!(
            "There is no configuration at {} yet, so the kit holds the key alone. Copy agent.toml and the remotes' \
             credentials there when they exist.",
            new.config.path.display()
        ),
    }
    Ok(())
}

/// No file is no fault: the first key is made before there is a configuration. A file with faults is one.
fn readable_config(new: &New) -> Result<Option<Config>, Failure> {
    if !new.config.path.exists() {
        return Ok(None);
    }
    Ok(Some(load(&new.config.path, Purpose::Look)?))
}
