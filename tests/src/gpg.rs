//! An ordinary gpg with the owner's secret key, as somebody has who owns none of this software.
//! Its home is a folder of its own: the keys of whoever runs this are never touched.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{process::run_well, settings::PASSPHRASE, shop::COMMAND_LIMIT};

/// A home of gpg with one key in it.
pub struct Gpg {
    home: TempDir,
}

impl Gpg {
    /// Imports the secret key.
    ///
    /// # Errors
    /// When gpg does not take it.
    pub fn with_key(secret_key: &Path) -> Result<Self> {
        let gpg = Self::empty()?;
        run_well(
            gpg.command("gpg").args(["--quiet", "--import"]).arg(secret_key),
            COMMAND_LIMIT,
        )?;
        Ok(gpg)
    }

    /// With no key at all. The passphrase is answered from a file instead of a window.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn empty() -> Result<Self> {
        let home = tempfile::Builder::new()
            .prefix("gpg-")
            .tempdir()
            .context("making a home for gpg")?;
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700))
            .context("closing the home of gpg")?;
        let passphrase = home.path().join("passphrase");
        fs::write(&passphrase, PASSPHRASE).context("writing a passphrase")?;
        let settings = format!(
            "batch\npinentry-mode loopback\npassphrase-file {}\n",
            passphrase.display()
        );
        fs::write(home.path().join("gpg.conf"), settings).context("writing gpg.conf")?;
        Ok(Self { home })
    }

    /// A command that uses this home.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("GNUPGHOME", self.home.path());
        command
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        // gpg leaves its agent running otherwise; when that fails it ends by itself with its folder.
        drop(self.command("gpgconf").args(["--kill", "gpg-agent"]).status());
    }
}
