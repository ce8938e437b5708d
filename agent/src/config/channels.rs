//! The further ways to the owner, `[channels.<name>]`. Only the text is judged here.
//! Passwords, topics and signing keys never stand in the file: they are taken from the environment by the channel's
//! name.

use protocol::{
    secret::Secret,
    settings::{Faults, Section},
};

use super::{Environment, Purpose, read::url};

/// More ways than anybody needs.
const CHANNELS_MAX: usize = 16;
const SMTP_PORT: i64 = 587;
const SMTP_PORT_LOCAL: i64 = 25;
const NTFY: &str = "https://ntfy.sh";

/// One further way to the owner.
pub struct ChannelConfig {
    /// Its name in the file, also the middle part of its variables' names.
    pub name: String,
    /// What it is.
    pub kind: ChannelKind,
}

/// What a way is.
pub enum ChannelKind {
    /// The same bot and the same chats, at another address or through a proxy.
    Telegram {
        /// The Bot API's address, without a slash at its end; as `[owner] api_url` when absent.
        api_url: Option<String>,
        /// `http://`, `https://` or `socks5://`; may hold a password.
        proxy: Option<Secret>,
    },
    /// A topic at a server of ntfy. Whoever knows the topic can read it.
    Ntfy {
        /// The server.
        url: String,
        /// The topic.
        topic: Secret,
        /// An access token, where the server wants one.
        token: Option<Secret>,
    },
    /// A mail over SMTP.
    Email(EmailConfig),
    /// A signed request to an address of the owner's.
    Webhook {
        /// The address.
        url: String,
        /// What requests are signed with.
        key: Secret,
    },
}

/// A mail over SMTP.
pub struct EmailConfig {
    /// The server's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// Who sends.
    pub from: String,
    /// To whom.
    pub to: String,
    /// With which name the server is logged in to, and with which password.
    pub login: Option<(String, Secret)>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// From the first byte: port 465.
    Always,
    /// After a greeting in clear, or not at all: port 587.
    StartTls,
    /// Not: for a server on this machine alone.
    Never,
}

/// Reads every channel in the order of the file, which is the order in which they are tried.
pub(super) fn channels(
    top: &mut Section,
    purpose: Purpose,
    environment: &Environment,
    faults: &mut Faults,
) -> Vec<ChannelConfig> {
    let Some(mut section) = top.section_if_any("channels", faults) else {
        return Vec::new();
    };
    let found = section.sections(faults);
    section.finish(faults);
    if found.len() > CHANNELS_MAX {
        faults.add(format!("there are more than {CHANNELS_MAX} channels"));
    }
    found
        .into_iter()
        .filter_map(|(name, section)| channel(name, section, purpose, environment, faults))
        .collect()
}

/// The token is a secret, and belongs to each request by itself.
pub(super) fn judge_api_url(name: &str, url: &str, faults: &mut Faults) {
    if url.contains("/bot") {
        faults.add(format!(
            "{name} holds more than the server's address: leave out what begins with /bot, which holds the token"
        ));
    }
}

/// A further way by Telegram that leads to the same server as an earlier one fails whenever that one does.
pub(super) fn judge_ways(first: &str, channels: &[ChannelConfig], faults: &mut Faults) {
    let mut known = vec![("[owner]".to_owned(), first)];
    for channel in channels {
        let ChannelKind::Telegram {
            api_url: Some(url),
            proxy: None,
        } = &channel.kind
        else {
            continue;
        };
        match known.iter().find(|(_, earlier)| earlier == url) {
            Some((whose, _)) => faults.add(format!(
                "channels.{} has the api_url of {whose} and no proxy: it is that way again",
                channel.name
            )),
            None => known.push((format!("[channels.{}]", channel.name), url)),
        }
    }
}

fn channel(
    name: String,
    mut section: Section,
    purpose: Purpose,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<ChannelConfig> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(1..=40).contains(&name.len()) || !name.bytes().all(plain) || name == "telegram" {
        faults.add(
            "the name of a channel is 1 to 40 letters, digits, '-' or '_', and not \"telegram\", which is the first way",
        );
    }
    let secrets = Secrets {
        name: &name,
        purpose,
        environment,
    };
    let kinds: [(&str, Reader); 4] = [
        ("telegram", telegram),
        ("ntfy", ntfy),
        ("email", email),
        ("webhook", webhook),
    ];
    let before = faults.count();
    let Some(reader) = section.choice_if_any("type", &kinds, faults) else {
        // What is none of them has been said.
        if faults.count() == before {
            faults.add(format!(
                "channels.{name} needs a type: telegram, ntfy, email or webhook"
            ));
        }
        return None;
    };
    for key in ["password", "token", "topic", "secret"] {
        if section.text_if_any(key, faults).is_some() {
            let variable = variable(&name, key);
            faults.add(format!(
                "channels.{name}.{key} is a secret and must not stand in this file: put it into {variable}"
            ));
        }
    }
    let kind = reader(&mut section, &secrets, faults);
    section.finish(faults);
    Some(ChannelConfig { name, kind: kind? })
}

type Reader = fn(&mut Section, &Secrets<'_>, &mut Faults) -> Option<ChannelKind>;

/// A channel's secrets by its name.
struct Secrets<'a> {
    name: &'a str,
    purpose: Purpose,
    environment: &'a Environment,
}

impl Secrets<'_> {
    fn get(&self, key: &str) -> Option<Secret> {
        self.environment.secret(&variable(self.name, key))
    }

    fn need(&self, key: &str, faults: &mut Faults) -> Option<Secret> {
        let found = self.get(key);
        if found.is_none() && self.purpose == Purpose::Keep {
            let variable = variable(self.name, key);
            faults.add(format!(
                "channels.{}: {variable} is missing: put it into the file credentials/{variable} beside the \
                 configuration, into .env beside it, or into the environment",
                self.name
            ));
        }
        found
    }
}

/// The variable that holds a secret of a channel.
fn variable(name: &str, key: &str) -> String {
    let name = name.to_ascii_uppercase().replace('-', "_");
    format!("CHANNEL_{name}_{}", key.to_ascii_uppercase())
}

fn telegram(section: &mut Section, secrets: &Secrets<'_>, faults: &mut Faults) -> Option<ChannelKind> {
    let api_url = url(section, "api_url", None, faults);
    judge_api_url(
        &section.name("api_url"),
        api_url.as_deref().unwrap_or_default(),
        faults,
    );
    let mut proxy = section.text_if_any("proxy", faults);
    if proxy.as_deref().is_some_and(super::secrets::holds_password) {
        let variable = variable(secrets.name, "proxy");
        faults.add(format!(
            "channels.{}.proxy holds a password: put it into {variable}",
            secrets.name
        ));
        proxy = None;
    }
    let proxy = proxy
        .map(|text| Secret::new(&text))
        .or_else(|| secrets.get("proxy"));
    let known = ["http://", "https://", "socks5://", "socks5h://"];
    if let Some(proxy) = &proxy
        && !known.iter().any(|scheme| proxy.expose().starts_with(scheme))
    {
        faults.add(format!(
            "channels.{}: the proxy must begin with http://, https://, socks5:// or socks5h://",
            secrets.name
        ));
    }
    if api_url.is_none() && proxy.is_none() && secrets.purpose == Purpose::Keep {
        faults.add(format!(
            "channels.{} needs an api_url or a proxy: without either it is the first way again",
            secrets.name
        ));
    }
    Some(ChannelKind::Telegram { api_url, proxy })
}

fn ntfy(section: &mut Section, secrets: &Secrets<'_>, faults: &mut Faults) -> Option<ChannelKind> {
    let url = url(section, "url", Some(NTFY), faults).unwrap_or_default();
    let topic = secrets.need("topic", faults)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(1..=64).contains(&topic.expose().len()) || !topic.expose().bytes().all(plain) {
        faults.add(format!(
            "channels.{}: a topic is 1 to 64 letters, digits, '-' or '_'",
            secrets.name
        ));
    }
    let token = secrets.get("token");
    Some(ChannelKind::Ntfy { url, topic, token })
}

fn email(section: &mut Section, secrets: &Secrets<'_>, faults: &mut Faults) -> Option<ChannelKind> {
    let host = section
        .text_if_any("host", faults)
        .unwrap_or_else(|| "localhost".to_owned());
    let is_local = matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1");
    let port = section
        .integer_if_any("port", 1, 65_535, faults)
        .unwrap_or(if is_local { SMTP_PORT_LOCAL } else { SMTP_PORT });
    let kinds = [
        ("always", MailTls::Always),
        ("starttls", MailTls::StartTls),
        ("never", MailTls::Never),
    ];
    let tls = section.choice_if_any("tls", &kinds, faults);
    let tls = tls.unwrap_or(match port {
        _ if is_local => MailTls::Never,
        465 => MailTls::Always,
        _ => MailTls::StartTls,
    });
    if tls == MailTls::Never && !is_local {
        faults.add(format!(
            "channels.{}.tls is \"never\": only for a server on this machine, or the alerts could be read on the way",
            secrets.name
        ));
    }
    let to = section.text("to", faults);
    let from = section.text_if_any("from", faults).unwrap_or_else(|| to.clone());
    for (key, address) in [("to", &to), ("from", &from)] {
        if !address.is_empty() && address.parse::<lettre::message::Mailbox>().is_err() {
            faults.add(format!("channels.{}.{key} is not a mail address", secrets.name));
        }
    }
    let login = section.text_if_any("username", faults).and_then(|name| {
        let password = secrets.environment.secret("SMTP_PASSWORD");
        let password = secrets.get("password").or(password);
        Some((name, password.or_else(|| secrets.need("password", faults))?))
    });
    Some(ChannelKind::Email(EmailConfig {
        host,
        port: u16::try_from(port).expect("the port was read within bounds"),
        tls,
        from,
        to,
        login,
    }))
}

fn webhook(section: &mut Section, secrets: &Secrets<'_>, faults: &mut Faults) -> Option<ChannelKind> {
    let address = url(section, "url", None, faults);
    if address.is_none() {
        faults.add(format!("channels.{}.url is missing", secrets.name));
    }
    let key = secrets.need("secret", faults)?;
    Some(ChannelKind::Webhook { url: address?, key })
}
