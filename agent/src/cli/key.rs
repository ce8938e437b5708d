//! `agent key new`: the owner's key pair and the recovery kit.
//! It neither sends nor installs anything.

use std::path::PathBuf;

use super::{ConfigArgument, Failure, ask, load};
use crate::{
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

/// Makes the key.
///
/// # Errors
/// Wrong use, or what the disk refused; a file that is already there stops it before anything is written.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let Verb::New(new) = arguments.verb;
    let config = readable_config(&new)?;
    let passphrase = ask::new_passphrase()?;
    let key = keys::generate(&new.name, &passphrase)?;
    kit::write(&new.out, &key, config.as_ref())?;
    println!("The owner's key {} is made.", key.fingerprint);
    println!("  secret key   {}", new.out.join(kit::SECRET_KEY).display());
    println!("  certificate  {}", new.out.join(kit::CERTIFICATE).display());
    println!("Put the certificate alone on the server and name it in [backup] recipients.");
    println!(
        "Keep this folder and the passphrase off the server, in two places: without them no backup opens."
    );
    println!("A second recipient, kept elsewhere, is recommended: run this again with another --out.");
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
