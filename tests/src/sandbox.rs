//! The pretend world as a process: Telegram, the gateway and the bank, driven by its control API.
//! What the routes mean is told in the sandbox's own README.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{
    binaries::binary,
    chat::Chat,
    http,
    ports::free_address,
    process::Process,
    settings::{BOT_TOKEN, OWNER, OWNER_BOT_TOKEN, PAKASIR_API_KEY, PAKASIR_WEBHOOK_SECRET, PROJECT, SELLER},
    wait::until,
};

/// The shop's name at the pretend Telegram.
pub const SHOP_BOT: &str = "warung_bot";
/// The name of the bot that writes to the owner.
pub const OWNER_BOT: &str = "owner_bot";
/// The customers who exist from the start, by number and name.
pub const CUSTOMERS: [(i64, &str); 4] = [(3001, "Budi"), (3002, "Citra"), (3003, "Dewi"), (3004, "Eko")];

const READY_LIMIT: Duration = Duration::from_secs(30);

/// A running sandbox.
pub struct Sandbox {
    process: Process,
    url: String,
}

impl Sandbox {
    /// Starts one; with `state` its chats survive a restart.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(state: Option<&Path>, log: &Path) -> Result<Self> {
        let address = free_address();
        let url = format!("http://{address}");
        let mut command = Command::new(binary("sandbox"));
        command.args(["--listen", &address.to_string()]);
        command.args(["--bot", &format!("{BOT_TOKEN}={SHOP_BOT}")]);
        command.args(["--bot", &format!("{OWNER_BOT_TOKEN}={OWNER_BOT}")]);
        command.args([
            "--user",
            &format!("{OWNER}=Pemilik"),
            "--user",
            &format!("{SELLER}=Sari"),
        ]);
        for (id, name) in CUSTOMERS {
            command.args(["--user", &format!("{id}={name}")]);
        }
        command.args(["--project", PROJECT, "--api-key", PAKASIR_API_KEY]);
        command.args(["--webhook-secret", PAKASIR_WEBHOOK_SECRET]);
        if let Some(state) = state {
            command.arg("--state").arg(state);
        }
        let process = Process::start("sandbox", &mut command, log)?;
        let sandbox = Self { process, url };
        until("the sandbox to answer", READY_LIMIT, || {
            http::try_get(&sandbox.control(""))
        });
        // A bot may not write first: the owner has pressed "start" there once.
        sandbox.chat(OWNER_BOT, OWNER).open()?;
        Ok(sandbox)
    }

    /// The page, which is also the address of the pretend Telegram.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address of the pretend gateway.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        format!("{}/pakasir", self.url)
    }

    /// Where the gateway posts its webhooks from now on; nowhere when empty.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub fn set_webhook_url(&self, url: &str) -> Result<()> {
        http::post(&self.control("/pakasir/settings"), &json!({ "webhook_url": url })).map(drop)
    }

    /// One person's chat with one bot.
    #[must_use]
    pub fn chat(&self, bot: &str, user: i64) -> Chat {
        Chat::new(self.control(&format!("/chats/{bot}/{user}")), user)
    }

    /// A customer's chat with the shop; the person is made up when there is none of that number.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub fn customer(&self, user: i64) -> Result<Chat> {
        let known = CUSTOMERS.iter().any(|(id, _)| *id == user);
        if !known {
            let person =
                json!({ "id": user, "first_name": format!("Pelanggan {user}"), "language_code": "id" });
            http::post(&self.control("/users"), &person)?;
        }
        Ok(self.chat(SHOP_BOT, user))
    }

    /// Pays as `payment` says, in the words of the control API; answers the transactions that were paid.
    ///
    /// # Errors
    /// When there is nothing to pay in that way.
    pub fn pay(&self, payment: &Value) -> Result<Value> {
        http::post(&self.control("/pakasir/pay"), payment).with_context(|| format!("paying {payment}"))
    }

    /// Pays an order's newest transaction in time and in full, with its webhook.
    ///
    /// # Errors
    /// When there is nothing to pay.
    pub fn pay_order(&self, order: &str) -> Result<()> {
        self.pay(&json!({ "order_id": order })).map(drop)
    }

    /// Lets the gateway send a webhook that no payment caused.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub fn forge_webhook(&self, body: Value, secret: Option<&str>) -> Result<()> {
        http::post(
            &self.control("/pakasir/webhook"),
            &json!({ "body": body, "secret": secret }),
        )
        .map(drop)
    }

    /// Every transaction at the gateway, oldest first.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub fn transactions(&self) -> Result<Vec<Value>> {
        let mut found = http::get(&self.control("/pakasir/transactions"))?;
        Ok(found["transactions"]
            .as_array_mut()
            .map(std::mem::take)
            .unwrap_or_default())
    }

    /// Every call that reached the sandbox and matches `filter`, such as `api=telegram&method=sendMessage`.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub fn record(&self, filter: &str) -> Result<Vec<Value>> {
        let mut found = http::get(&self.control(&format!("/record?{filter}")))?;
        Ok(found["entries"]
            .as_array_mut()
            .map(std::mem::take)
            .unwrap_or_default())
    }

    /// The same from the first call to the last, however many there are.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub fn whole_record(&self, filter: &str) -> Result<Vec<Value>> {
        let (mut entries, mut after) = (Vec::new(), 0);
        loop {
            let mut page = http::get(&self.control(&format!("/record?after={after}&{filter}")))?;
            let last_seq = page["last_seq"].as_u64().unwrap_or(after);
            entries.append(page["entries"].as_array_mut().unwrap_or(&mut Vec::new()));
            if last_seq == after {
                return Ok(entries);
            }
            after = last_seq;
        }
    }

    /// Lets something go wrong from now on, in the words of the control API.
    ///
    /// # Errors
    /// When the sandbox refuses the rule.
    pub fn break_with(&self, rule: &Value) -> Result<()> {
        http::post(&self.control("/faults"), rule).map(drop)
    }

    /// All is well again.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub fn mend(&self) -> Result<()> {
        http::delete(&self.control("/faults")).map(drop)
    }

    /// What the owner was told since `since`, and how long after it: waits until a message says `part`.
    ///
    /// # Panics
    /// When nothing of the kind comes within `limit`.
    #[track_caller]
    pub fn owner_hears(&self, part: &str, since: Instant, limit: Duration) -> (String, Duration) {
        let chat = self.chat(OWNER_BOT, OWNER);
        let text = until(&format!("the owner to read '{part}'"), limit, || {
            chat.newest_that_says(part)
        });
        (text, since.elapsed())
    }

    /// Ends it in order, so that its state is saved.
    ///
    /// # Errors
    /// When it does not end well.
    pub fn stop(self) -> Result<()> {
        self.process.stop()
    }

    fn control(&self, path: &str) -> String {
        format!("{}/sandbox{path}", self.url)
    }
}
