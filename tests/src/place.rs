//! Where everything of one shop lies: what a server holds, what is elsewhere, and what the owner keeps.
//! Only paths; what is written there is in `settings`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// One shop's folder.
#[derive(Clone)]
pub struct Place {
    root: PathBuf,
}

impl Place {
    /// A shop below `root`; makes the folders that a server has before its first start.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn new(root: &Path) -> Result<Self> {
        // The programs have other working folders than this process.
        let root = std::path::absolute(root).context("finding the folder of the shop")?;
        let place = Self { root };
        let remotes = REMOTES.map(|name| place.remote(name));
        let folders = [
            place.bot_config(),
            place.agent_config(),
            place.data(),
            place.bot_logs(),
            place.output(),
        ];
        for folder in folders.iter().chain(&remotes) {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        Ok(place)
    }

    /// The folder with bot.toml and the bot's `.env`.
    #[must_use]
    pub fn bot_config(&self) -> PathBuf {
        self.root.join("server/etc/bot")
    }

    /// The bot's configuration file.
    #[must_use]
    pub fn bot_toml(&self) -> PathBuf {
        self.bot_config().join("bot.toml")
    }

    /// The folder with agent.toml and the agent's `.env`.
    #[must_use]
    pub fn agent_config(&self) -> PathBuf {
        self.root.join("server/etc/agent")
    }

    /// The agent's configuration file.
    #[must_use]
    pub fn agent_toml(&self) -> PathBuf {
        self.agent_config().join("agent.toml")
    }

    /// The public half of the owner's key, as it lies on the server.
    #[must_use]
    pub fn owner_certificate(&self) -> PathBuf {
        self.agent_config().join("owner.asc")
    }

    /// The folder of the shop's database.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.root.join("server/data")
    }

    /// The shop's database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.data().join("shop.db")
    }

    /// Where the bot writes its own logs.
    #[must_use]
    pub fn bot_logs(&self) -> PathBuf {
        self.root.join("server/logs")
    }

    /// The agent's own state.
    #[must_use]
    pub fn agent_state(&self) -> PathBuf {
        self.root.join("server/agent-state")
    }

    /// One of [`REMOTES`]: stands for a place off the server.
    #[must_use]
    pub fn remote(&self, name: &str) -> PathBuf {
        self.root.join("remotes").join(name)
    }

    /// What the owner keeps at home: the secret key.
    #[must_use]
    pub fn owner_safe(&self) -> PathBuf {
        self.root.join("owner-safe")
    }

    /// What the programs print, and the sandbox's state.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.root.join("output")
    }

    /// A file beside all that.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// The remotes that every shop here has.
pub const REMOTES: [&str; 2] = ["local", "offsite"];
