//! One message as a mail over SMTP.
//! Plain text to one address; the server is the owner's choice, and what it does with a mail that it took is its own.

use anyhow::Context;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        Error,
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use ring::digest;
use tokio::time::timeout;

use super::{CONNECT_LIMIT, Letter, Outcome, TIMEOUT, short};
use crate::config::channels::{EmailConfig, MailTls};

const SUBJECT_CHARS_MAX: usize = 150;

/// A mail server that takes mails for one address.
pub struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Mailbox,
}

impl Email {
    /// As the configuration says. Nothing is connected to yet.
    ///
    /// # Errors
    /// When an address cannot be read, or the server's name cannot be in a certificate.
    pub fn new(config: &EmailConfig) -> anyhow::Result<Self> {
        let tls = || TlsParameters::new(config.host.clone()).context("preparing TLS for mails");
        let protection = match config.tls {
            MailTls::Always => Tls::Wrapper(tls()?),
            MailTls::StartTls => Tls::Required(tls()?),
            MailTls::Never => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .tls(protection)
            .timeout(Some(CONNECT_LIMIT));
        if let Some((name, password)) = &config.login {
            builder = builder.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
        }
        Ok(Self {
            transport: builder.build(),
            from: config.from.parse().context("reading the sender's address")?,
            to: config.to.parse().context("reading the owner's address")?,
        })
    }

    /// Tries once. Takes at most 20 s.
    pub async fn send(&self, letter: &Letter<'_>) -> Outcome {
        let subject: String = letter.headline.chars().take(SUBJECT_CHARS_MAX).collect();
        let mail = Message::builder()
            .from(self.from.clone())
            .to(self.to.clone())
            .subject(subject)
            .message_id(Some(self.message_id(letter)))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.to_owned());
        let mail = match mail {
            Ok(mail) => mail,
            Err(error) => return Outcome::Refused(short(&error.to_string())),
        };
        match timeout(TIMEOUT, self.transport.send(mail)).await {
            Ok(Ok(_)) => Outcome::Sent { message_id: None },
            Ok(Err(error)) => outcome(error),
            Err(_) => Outcome::Unknown("the mail server did not answer in time".to_owned()),
        }
    }

    /// The same for a repetition, so that a mail program can tell it. What stands in it besides the row's number keeps one
    /// of an agent that was set up anew apart.
    fn message_id(&self, letter: &Letter<'_>) -> String {
        let told = digest::digest(&digest::SHA256, letter.headline.as_bytes());
        let hex: String = told.as_ref()[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("<warung.{}.{hex}@{}>", letter.id, self.from.email.domain())
    }

    /// Connects, logs in and says goodbye: a mail a day that says nothing would only teach to overlook them.
    pub async fn test(&self) -> Outcome {
        match timeout(TIMEOUT, self.transport.test_connection()).await {
            Ok(Ok(true)) => Outcome::Sent { message_id: None },
            Ok(Ok(false)) => Outcome::NotSent("the mail server does not answer as one".to_owned()),
            Ok(Err(error)) => outcome(error),
            Err(_) => Outcome::NotSent("the mail server did not answer in time".to_owned()),
        }
    }
}

fn outcome(error: Error) -> Outcome {
    let refused = error.is_permanent() || error.is_client();
    // A 4xx is the server's word that it has not taken the mail.
    let not_sent = error.is_transient() || error.is_tls() || is_unreached(&error);
    let why = short(&format!("{:#}", anyhow::Error::from(error)));
    match (refused, not_sent) {
        (true, _) => Outcome::Refused(why),
        (false, true) => Outcome::NotSent(why),
        (false, false) => Outcome::Unknown(why),
    }
}

/// Whether there was nobody to talk to.
fn is_unreached(error: &Error) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return matches!(
                error.kind(),
                ConnectionRefused | HostUnreachable | NetworkUnreachable
            );
        }
        cause = error.source();
    }
    false
}
