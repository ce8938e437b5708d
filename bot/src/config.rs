//! bot.toml and the secrets beside it. Every fault is found before anything starts, and all are told at once.
//! Secrets are never in the TOML: `$CREDENTIALS_DIRECTORY/<NAME>`, else the environment, else `.env` beside the TOML.

mod places;
mod secrets;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use protocol::{
    secret::Secret,
    settings::{Faults, Section, parse},
};

use secrets::Secrets;

use crate::{
    gateways::pakasir::Project,
    shop::{Shop, customer::CustomerId, customer::Language, payment::confirm},
    telegram::failover,
};

/// The largest configuration that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Characters of the name over the door.
const NAME_CHARS_MAX: usize = 60;
/// Gateways that bot.toml may name. Those that are not built yet are told in the log and left out.
const GATEWAYS_KNOWN: [&str; 5] = ["pakasir", "tripay", "midtrans", "stars", "manual"];

/// Everything that the bot is told from outside.
pub struct Config {
    /// The trade's settings.
    pub shop: Shop,
    /// How to reach Telegram.
    pub telegram: Telegram,
    /// Where the database lies.
    pub database: PathBuf,
    /// The public address.
    pub http_public: SocketAddr,
    /// The private address.
    pub http_private: SocketAddr,
    /// The gateway.
    pub pakasir: Project,
    /// Gateways that are named and not built yet.
    pub gateways_later: Vec<String>,
    /// Where the agent answers, if there is one.
    pub agent_url: Option<String>,
    /// Where the log file lies, if anywhere.
    pub logs_dir: Option<PathBuf>,
}

/// How to reach Telegram.
pub struct Telegram {
    /// Its address.
    pub api_url: String,
    /// The bot's token.
    pub token: Secret,
    /// How updates come.
    pub mode: failover::Mode,
    /// Where Telegram delivers to, if anywhere.
    pub webhook_url: Option<String>,
    /// What Telegram sends along.
    pub webhook_secret: Secret,
}

/// Reads the file and everything around it.
///
/// # Errors
/// Every fault, in one message.
pub fn load(path: &Path) -> Result<Config, Faults> {
    let mut faults = Faults::default();
    let Some(text) = read_file(path, &mut faults) else {
        return Err(faults);
    };
    let top = parse(&text, &mut faults);
    // What is missing in a text that cannot be read is no fault of its own, and would hide the one that is.
    if top.is_unread() {
        return Err(faults);
    }
    let mut secrets = Secrets::open(path, &mut faults);
    let config = read(top, &mut secrets, &mut faults);
    places::check(&config, &mut faults);
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(faults)
    }
}

fn read_file(path: &Path, faults: &mut Faults) -> Option<String> {
    let size = fs::metadata(path).map(|found| found.len());
    let text = match size {
        Ok(size) if size > FILE_BYTES_MAX => {
            faults.add(format!(
                "{} is larger than 1 MiB; that is no configuration",
                path.display()
            ));
            return None;
        }
        _ => fs::read_to_string(path),
    };
    text.map_err(|error| faults.add(format!("{} cannot be read: {error}", path.display())))
        .ok()
}

fn read(mut top: Section, secrets: &mut Secrets, faults: &mut Faults) -> Config {
    let mut shop = shop(top.section("shop", faults), faults);
    let telegram = telegram(top.section("telegram", faults), secrets, faults);
    let mut database = top.section("database", faults);
    let database_path = places::behind_links(PathBuf::from(database.text("path", faults)));
    database.finish(faults);
    let mut http = top.section_if_any("http", faults);
    let http_public = address(http.as_mut(), "public", "127.0.0.1:8080", faults);
    let http_private = address(http.as_mut(), "private", "127.0.0.1:8081", faults);
    if let Some(http) = http {
        http.finish(faults);
    }
    let (window, pakasir, gateways_later) = payments(top.section("payments", faults), secrets, faults);
    shop.payment_window = window;
    let logs_dir = top.section_if_any("logs", faults).map(|mut logs| {
        let dir = logs.text("dir", faults);
        logs.finish(faults);
        PathBuf::from(dir)
    });
    let agent_url = top.section_if_any("agent", faults).map(|mut agent| {
        let url = url(&mut agent, "url", "", faults);
        agent.finish(faults);
        url
    });
    top.finish(faults);
    Config {
        shop,
        telegram,
        database: database_path,
        http_public,
        http_private,
        pakasir,
        gateways_later,
        agent_url,
        logs_dir,
    }
}

fn shop(mut section: Section, faults: &mut Faults) -> Shop {
    let name = section.text("name", faults);
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        faults.add(format!(
            "shop.name must be one line of at most {NAME_CHARS_MAX} characters"
        ));
    }
    let languages = Language::ALL;
    let language = section
        .choice_if_any("language", &languages, faults)
        .unwrap_or(Language::Indonesian);
    let zone = section
        .text_if_any("timezone", faults)
        .unwrap_or_else(|| "Asia/Jakarta".to_owned());
    let timezone = jiff::tz::TimeZone::get(&zone).unwrap_or_else(|_| {
        faults.add(format!(
            "shop.timezone \"{zone}\" is not known; write for example \"Asia/Jakarta\""
        ));
        jiff::tz::TimeZone::UTC
    });
    let mut people = |key: &str, faults: &mut Faults| -> Vec<CustomerId> {
        let ids = section.integers(key, faults);
        if ids.iter().any(|id| *id <= 0) {
            faults.add(format!(
                "shop.{key} must hold Telegram user numbers, which are above zero"
            ));
        }
        ids.into_iter().map(CustomerId).collect()
    };
    let told_before = faults.sentences().len();
    let owners = people("owners", faults);
    // A list that could not be read has been told already, and so has a section that is not there.
    let told = faults.sentences().len() > told_before || name.is_empty();
    let sellers = people("sellers", faults);
    if owners.is_empty() && !told {
        faults.add("shop.owners names nobody; write the owner's numeric Telegram id, for example [1001]");
    }
    section.finish(faults);
    Shop {
        name,
        language,
        timezone,
        owners,
        sellers,
        payment_window: Duration::ZERO,
    }
}

fn telegram(mut section: Section, secrets: &mut Secrets, faults: &mut Faults) -> Telegram {
    use failover::Mode;
    let api_url = url(&mut section, "api_url", "https://api.telegram.org", faults);
    let modes = [
        ("auto", Mode::Auto),
        ("polling", Mode::Polling),
        ("webhook", Mode::Webhook),
    ];
    let mode = section
        .choice_if_any("mode", &modes, faults)
        .unwrap_or(Mode::Auto);
    let webhook_url = section.text_if_any("webhook_url", faults);
    if mode == Mode::Webhook && webhook_url.is_none() {
        faults.add("telegram.webhook_url is missing; mode = \"webhook\" needs the public https address");
    }
    section.finish(faults);
    let needs_secret = webhook_url.is_some() && mode != Mode::Polling;
    let webhook_secret = if needs_secret {
        secrets.need("WEBHOOK_SECRET", faults)
    } else {
        Secret::new("")
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if webhook_secret.expose().len() > 256 || !webhook_secret.expose().bytes().all(allowed) {
        faults
            .add("WEBHOOK_SECRET may hold letters, digits, - and _ only, at most 256 (Telegram's own rule)");
    }
    Telegram {
        api_url,
        token: secrets.need("BOT_TOKEN", faults),
        mode,
        webhook_url,
        webhook_secret,
    }
}

fn payments(
    mut section: Section,
    secrets: &mut Secrets,
    faults: &mut Faults,
) -> (Duration, Project, Vec<String>) {
    let mut gateways = section.texts("gateways", faults);
    if gateways.is_empty() {
        gateways.push("pakasir".to_owned());
    }
    for name in gateways
        .iter()
        .filter(|name| !GATEWAYS_KNOWN.contains(&name.as_str()))
    {
        faults.add(format!(
            "payments.gateways names \"{name}\"; known are: {}",
            GATEWAYS_KNOWN.join(", ")
        ));
    }
    if !gateways.iter().any(|name| name == "pakasir") {
        faults.add("payments.gateways must name \"pakasir\": it is the one gateway that this version speaks");
    }
    let window = section
        .duration_if_any(
            "window",
            Duration::from_secs(5),
            Duration::from_secs(86_400),
            faults,
        )
        .unwrap_or(Duration::from_secs(900));
    let mut pakasir = section.section("pakasir", faults);
    let sandbox = pakasir.boolean_if_any("sandbox", faults).unwrap_or(false);
    let config = Project {
        base_url: url(&mut pakasir, "base_url", "https://app.pakasir.com", faults),
        slug: pakasir.text("project", faults),
        mode: if sandbox {
            confirm::Mode::Sandbox
        } else {
            confirm::Mode::Live
        },
        api_key: secrets.need("PAKASIR_API_KEY", faults),
        webhook_secret: secrets.need("PAKASIR_WEBHOOK_SECRET", faults),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !config.slug.bytes().all(plain) {
        faults.add("payments.pakasir.project must be the project's slug: letters, digits, - and _");
    }
    pakasir.finish(faults);
    section.finish(faults);
    (
        window,
        config,
        gateways.into_iter().filter(|name| name != "pakasir").collect(),
    )
}

fn url(section: &mut Section, key: &str, otherwise: &str, faults: &mut Faults) -> String {
    let url = section
        .text_if_any(key, faults)
        .unwrap_or_else(|| otherwise.to_owned());
    let parsed = reqwest::Url::parse(&url);
    if !parsed.is_ok_and(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host()) {
        faults.add(format!(
            "{} must be an address that begins with https:// (or http://)",
            section.name(key)
        ));
    }
    url
}

fn address(section: Option<&mut Section>, key: &str, otherwise: &str, faults: &mut Faults) -> SocketAddr {
    let text = section
        .and_then(|section| section.text_if_any(key, faults))
        .unwrap_or_else(|| otherwise.to_owned());
    text.parse().unwrap_or_else(|_| {
        faults.add(format!(
            "http.{key} must be an address and a port such as \"{otherwise}\", not \"{text}\""
        ));
        otherwise.parse().expect("the default is an address")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESIGN: &str = r#"
[shop]
name = "Warung Sari"
language = "id"
timezone = "Asia/Jakarta"
owners = [1001]
sellers = [2001]
[telegram]
api_url = "https://api.telegram.org"
mode = "auto"
webhook_url = "https://shop.example/telegram"
[database]
path = "DIR/shop.db"
[http]
public = "127.0.0.1:8080"
private = "127.0.0.1:8081"
[payments]
gateways = ["pakasir", "stars"]
window = "15m"
[payments.pakasir]
project = "warung"
base_url = "https://app.pakasir.com"
[logs]
dir = "DIR/logs"
[agent]
url = "http://127.0.0.1:8082"
"#;
    const DOTENV: &str =
        "BOT_TOKEN=1:a\nWEBHOOK_SECRET=abc\nDATA_KEY=x\nPAKASIR_API_KEY=k\nPAKASIR_WEBHOOK_SECRET=s\n";

    fn load_text(text: &str, dotenv: &str) -> Result<Config, Faults> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bot.toml");
        fs::write(&path, text.replace("DIR", dir.path().to_str().unwrap())).unwrap();
        fs::write(dir.path().join(".env"), dotenv).unwrap();
        load(&path)
    }

    #[test]
    fn the_file_that_the_design_shows_loads() {
        let config = load_text(DESIGN, DOTENV).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(config.shop.payment_window, Duration::from_secs(900));
        assert_eq!(config.gateways_later, ["stars"]);
        assert_eq!(config.pakasir.webhook_secret.expose(), "s");
    }

    #[test]
    fn all_faults_come_in_one_message() {
        let bad = DESIGN
            .replace("owners = [1001]", "owners = \"me\"")
            .replace("window = \"15m\"", "windows = \"15m\"")
            .replace("DIR/shop.db", "/dev/null/shop.db");
        let text = load_text(&bad, "").map(|_| ()).unwrap_err().to_string();
        for part in [
            "shop.owners",
            "payments.windows",
            "database.path",
            "BOT_TOKEN",
            "PAKASIR_API_KEY",
        ] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }

    #[test]
    fn a_missing_file_is_one_fault() {
        assert_eq!(
            load(Path::new("/nowhere/bot.toml"))
                .err()
                .map(|faults| faults.sentences().len()),
            Some(1)
        );
    }
}
