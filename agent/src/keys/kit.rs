//! The recovery kit: what the owner needs besides the key when the server is gone, in one folder.
//! It never overwrites anything, and its folder is readable by its owner alone.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use anyhow::Context;

use super::NewKey;
use crate::{
    backup::{recipients::Recipients, signer::SigningKey},
    config::Config,
};

/// The secret key's name in the kit.
pub const SECRET_KEY: &str = "owner.secret.asc";
/// The certificate's name in the kit.
pub const CERTIFICATE: &str = "owner.asc";
/// The agent's certificate in the kit; it may hold several agents', one after the other.
pub const AGENT_CERTIFICATE: &str = "agent.asc";
/// What the folder must not hold yet.
const NAMES: [&str; 7] = [
    SECRET_KEY,
    CERTIFICATE,
    AGENT_CERTIFICATE,
    "agent.toml",
    ".env",
    "FINGERPRINTS.txt",
    "KIT.md",
];

/// For its owner alone.
const PRIVATE: u32 = 0o600;
/// The certificate is public: a copy on the server must be readable by the agent's user.
const PUBLIC: u32 = 0o644;

const GUIDE: &str = include_str!("KIT.md");

/// Writes the key, and with a configuration the rest of the kit.
///
/// # Errors
/// When a file of it is already there (nothing is written then), or the disk refuses.
pub fn write(
    dir: &Path,
    key: &NewKey,
    config: Option<&Config>,
    signer: Option<&SigningKey>,
) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("making {}", dir.display()))?;
    for name in NAMES {
        // A link counts, wherever it leads.
        anyhow::ensure!(
            fs::symlink_metadata(dir.join(name)).is_err(),
            "{} is already there: nothing was written, since a key that is overwritten is lost with every backup \
             that it opens. Choose another folder",
            dir.join(name).display()
        );
    }
    private(&dir.join(SECRET_KEY), key.secret_armor.expose())?;
    write_new(&dir.join(CERTIFICATE), &key.public_armor, PUBLIC)?;
    let mut fingerprints = format!(
        "owner key  {}  encryption key {}\n",
        key.fingerprint, key.encryption_id
    );
    if let Some(signer) = signer {
        fingerprints.push_str(&format!("agent      {}\n", signer.fingerprint()));
        write_new(&dir.join(AGENT_CERTIFICATE), &signer.certificate()?, PUBLIC)?;
    }
    fingerprints.push_str(&others(key, config));
    private(&dir.join("FINGERPRINTS.txt"), &fingerprints)?;
    if let Some(config) = config {
        let text =
            fs::read_to_string(&config.path).with_context(|| format!("reading {}", config.path.display()))?;
        private(&dir.join("agent.toml"), &text)?;
        private(&dir.join(".env"), &credentials(config))?;
        private(&dir.join("KIT.md"), GUIDE)?;
    }
    Ok(())
}

/// The other keys that open the backups: of the spare one, and of the owner's when this is the spare one's kit.
fn others(key: &NewKey, config: Option<&Config>) -> String {
    let paths = config.map_or(&[][..], |config| &config.backup.recipients);
    // A kit is made also where one of them cannot be read: `agent check` tells that.
    let certs = paths
        .iter()
        .filter_map(|path| Recipients::load(std::slice::from_ref(path)).ok());
    let mut lines: Vec<String> = Vec::new();
    for recipients in certs {
        for cert in recipients
            .certs()
            .iter()
            .filter(|cert| cert.fingerprint != key.fingerprint)
        {
            let line = format!(
                "recipient  {}  encryption key {}  {}\n",
                cert.fingerprint,
                cert.encryption_ids(),
                cert.name
            );
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines.concat()
}

/// The remotes' credentials as a `.env`, which the copy of agent.toml beside it finds.
fn credentials(config: &Config) -> String {
    let mut text =
        String::from("# The remotes' credentials, as the server had them when this kit was made.\n");
    for remote in &config.remotes {
        for (key, secret) in &remote.credentials {
            text.push_str(&format!("{}={}\n", remote.variable(key), secret.expose()));
        }
    }
    text
}

fn private(path: &Path, text: &str) -> anyhow::Result<()> {
    write_new(path, text, PRIVATE)
}

fn write_new(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(|| format!("making {}", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("writing {}", path.display()))?;
    file.write_all(if text.ends_with('\n') { b"" } else { b"\n" })
        .context("ending the file")?;
    file.sync_all()
        .with_context(|| format!("forcing {} to the disk", path.display()))
}
