//! One whole shop of real processes: sandbox, bot and agent, on their own folder and ports.
//! Everything that was started ends with it; after a failed test its folder stays, and is named.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    binaries::binary,
    http,
    ledger::Books,
    place::Place,
    process::{Process, run_well},
    sandbox::Sandbox,
    secrecy::leaks,
    settings::{PASSPHRASE, Settings},
    wait::until,
};

/// How long a program may take to be ready.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// How long a command may take that works on a small shop.
pub const COMMAND_LIMIT: Duration = Duration::from_secs(120);

/// A shop.
pub struct Shop {
    /// Where everything lies.
    pub place: Place,
    /// What is in its configuration. After a change: [`Settings::write`].
    pub settings: Settings,
    /// Telegram, gateway and bank.
    pub sandbox: Arc<Sandbox>,
    bot: Option<Process>,
    agent: Option<Process>,
    folder: Option<TempDir>,
}

impl Shop {
    /// In a temporary folder: the sandbox runs, everything is configured, neither program is started.
    ///
    /// # Panics
    /// When that cannot be done.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("warung-")
            .tempdir()
            .expect("a temporary folder can be made");
        let mut shop = Self::at(folder.path()).expect("a shop can be set up in a temporary folder");
        shop.folder = Some(folder);
        shop
    }

    /// The same, with the bot running on this catalogue.
    ///
    /// # Panics
    /// When that cannot be done.
    #[must_use]
    pub fn open(catalogue: &str) -> Self {
        let mut shop = Self::new();
        shop.import(catalogue).expect("the catalogue is imported");
        shop.start_bot().expect("the bot starts");
        shop
    }

    /// Below a folder that stays.
    ///
    /// # Errors
    /// When the folder cannot be made or the sandbox not be started.
    pub fn at(root: &Path) -> Result<Self> {
        let place = Place::new(root)?;
        let sandbox = Sandbox::start(Some(&place.join("sandbox")), &place.output().join("sandbox.log"))?;
        let settings = Settings::new(sandbox.url().to_owned(), sandbox.gateway_url());
        settings.write(&place)?;
        sandbox.set_webhook_url(&format!("http://{}/payments/pakasir", settings.bot_public))?;
        Ok(Self {
            place,
            settings,
            sandbox: Arc::new(sandbox),
            bot: None,
            agent: None,
            folder: None,
        })
    }

    /// Puts products onto the shelves with `bot catalog import`.
    ///
    /// # Errors
    /// When the bot refuses the file.
    pub fn import(&self, catalogue: &str) -> Result<String> {
        let path = self.place.join("catalogue.toml");
        fs::write(&path, catalogue).context("writing a catalogue")?;
        run_well(self.bot_command(&["catalog", "import"]).arg(&path), COMMAND_LIMIT)
    }

    /// `bot …` with its configuration.
    #[must_use]
    pub fn bot_command(&self, verbs: &[&str]) -> Command {
        let mut command = Command::new(binary("bot"));
        command.args(verbs).arg("--config").arg(self.place.bot_toml());
        command
    }

    /// `agent …` with its configuration, and with what opens the owner's key.
    #[must_use]
    pub fn agent_command(&self, verbs: &[&str]) -> Command {
        let mut command = Command::new(binary("agent"));
        command.args(verbs).arg("--config").arg(self.place.agent_toml());
        command.env("OWNER_KEY_PASSPHRASE", PASSPHRASE);
        command
    }

    /// Makes the owner's key off the server and puts its public half onto the server, as the README says.
    ///
    /// # Errors
    /// When the agent refuses.
    pub fn make_owner_key(&self) -> Result<()> {
        if self.place.owner_certificate().exists() {
            return Ok(());
        }
        let safe = self.place.owner_safe();
        run_well(
            self.agent_command(&["key", "new"]).arg("--out").arg(&safe),
            COMMAND_LIMIT,
        )?;
        fs::copy(safe.join("owner.asc"), self.place.owner_certificate())
            .context("copying the certificate")?;
        Ok(())
    }

    /// Starts the bot and waits until it serves.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_bot(&mut self) -> Result<()> {
        self.start(self.bot_command(&["run"]))
    }

    /// The same with work that hangs: `deliver:2` is the first two deliveries, `update:1` the first update.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_hanging_bot(&mut self, what: &str) -> Result<()> {
        let mut command = self.bot_command(&["run"]);
        command.env("WARUNG_HANG", what);
        self.start(command)
    }

    fn start(&mut self, mut command: Command) -> Result<()> {
        let mut bot = Process::start("bot", &mut command, &self.place.output().join("bot.log"))?;
        wait_ready(
            "bot",
            &format!("http://{}/live", self.settings.bot_private),
            &mut bot,
        )?;
        self.bot = Some(bot);
        Ok(())
    }

    /// Starts the bot and waits for nothing; with a fail point it dies there by itself.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch_bot(&mut self, fail_point: Option<&str>) -> Result<()> {
        let mut command = self.bot_command(&["run"]);
        if let Some(point) = fail_point {
            command.env("WARUNG_FAIL_POINT", point);
        }
        let log = self.place.output().join("bot.log");
        self.bot = Some(Process::start("bot", &mut command, &log)?);
        Ok(())
    }

    /// Starts the agent, with a key made for it if there is none, and waits until it serves.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_agent(&mut self) -> Result<()> {
        self.make_owner_key()?;
        let log = self.place.output().join("agent.log");
        let mut agent = Process::start("agent", &mut self.agent_command(&["run"]), &log)?;
        wait_ready(
            "agent",
            &format!("http://{}/live", self.settings.agent_private),
            &mut agent,
        )?;
        self.agent = Some(agent);
        Ok(())
    }

    /// Starts the agent and waits for nothing. Its key must have been made.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch_agent(&mut self) -> Result<()> {
        let log = self.place.output().join("agent.log");
        self.agent = Some(Process::start("agent", &mut self.agent_command(&["run"]), &log)?);
        Ok(())
    }

    /// Waits until the agent has seen the bot: from then on a crash is noticed at once.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait_for_watch(&self) {
        let url = format!("http://{}/health", self.settings.agent_private);
        until("the agent to see the bot running", READY_LIMIT, || {
            let health: Value = serde_json::from_str(&http::try_get(&url)?.body).ok()?;
            (health["bot"] == "running").then_some(())
        });
    }

    /// `kill -9` of the bot. Returns the moment of it.
    ///
    /// # Panics
    /// When the bot does not run.
    pub fn kill_bot(&mut self) -> Instant {
        let bot = self.bot.take().expect("the bot runs");
        let killed_at = Instant::now();
        bot.kill_9();
        killed_at
    }

    /// `kill -9` of the agent.
    ///
    /// # Panics
    /// When the agent does not run.
    pub fn kill_agent(&mut self) {
        self.agent.take().expect("the agent runs").kill_9();
    }

    /// Stops the bot in order.
    ///
    /// # Errors
    /// When it does not end well.
    pub fn stop_bot(&mut self) -> Result<()> {
        self.bot.take().map_or(Ok(()), Process::stop)
    }

    /// Stops the agent in order.
    ///
    /// # Errors
    /// When it does not end well.
    pub fn stop_agent(&mut self) -> Result<()> {
        self.agent.take().map_or(Ok(()), Process::stop)
    }

    /// The bot's process id while it runs.
    #[must_use]
    pub fn bot_id(&self) -> Option<u32> {
        self.bot.as_ref().map(Process::id)
    }

    /// The agent's process id while it runs.
    #[must_use]
    pub fn agent_id(&self) -> Option<u32> {
        self.agent.as_ref().map(Process::id)
    }

    /// Whether the bot was started and has ended by itself.
    pub fn bot_has_ended(&mut self) -> bool {
        self.bot.as_mut().is_some_and(|bot| bot.ended().is_some())
    }

    /// What the bot said so far.
    #[must_use]
    pub fn bot_log(&self) -> String {
        fs::read_to_string(self.place.output().join("bot.log")).unwrap_or_default()
    }

    /// The shop's books, read from its database.
    #[must_use]
    pub fn books(&self) -> Books {
        Books::of(&self.place.database())
    }
}

impl Default for Shop {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // The agent first, so that it does not mourn the bot.
        drop(self.agent.take());
        drop(self.bot.take());
        // Whatever a test was about: nobody but the owner has learnt of servers.
        if self.folder.is_some() && !thread::panicking() {
            let leaks = leaks(&self.sandbox);
            assert!(leaks.is_empty(), "{leaks:#?}");
        }
        if let (true, Some(folder)) = (thread::panicking(), self.folder.as_mut()) {
            folder.disable_cleanup(true);
            eprintln!("the shop of this test is kept in {}", folder.path().display());
        }
    }
}

fn wait_ready(name: &str, url: &str, process: &mut Process) -> Result<()> {
    let ready = || {
        if process.ended().is_some() {
            return Some(false);
        }
        (http::try_get(url)?.status == 200).then_some(true)
    };
    let came_up = crate::wait::within(READY_LIMIT, ready).unwrap_or(false);
    anyhow::ensure!(came_up, "{name} did not come up; its log:\n{}", process.log());
    Ok(())
}
