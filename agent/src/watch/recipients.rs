//! Does a certificate that backups are encrypted to expire, or has it? Read from its file again and again, so that one
//! that was extended is noticed without a restart.
//! It stops no backup: one for an expired key can be opened, and no backup cannot.

use std::{convert::Infallible, path::PathBuf, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use protocol::time::UnixMillis;
use tokio::time::sleep;

use crate::{
    alert::{
        Alerts, message,
        rule::{AlertKey, Observation, Rule},
    },
    backup::recipients::{RecipientCert, Recipients, Validity},
};

const LOOK_EVERY: Duration = Duration::from_secs(600);
const KIND: &str = "recipient";

/// The watch over the certificates.
pub struct RecipientWatch {
    /// Who hears of it.
    pub alerts: Alerts,
    /// The certificates' files.
    pub paths: Vec<PathBuf>,
    /// On whose clock the day is told.
    pub timezone: TimeZone,
}

impl RecipientWatch {
    /// Watches for as long as the agent lives. Days matter here: it is no vital loop and gives no beat.
    pub async fn run(self) -> Infallible {
        loop {
            if let Err(error) = self.look(UnixMillis(Timestamp::now().as_millisecond())) {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the recipients' validity could not be judged"
                );
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn look(&self, now: UnixMillis) -> anyhow::Result<()> {
        // A file that does not read makes the next backup fail, which is told with its reason.
        let Ok(recipients) = Recipients::load(&self.paths) else {
            return Ok(());
        };
        let certs = recipients.certs();
        let fingerprints: Vec<&str> = certs.iter().map(|cert| cert.fingerprint.as_str()).collect();
        self.alerts.withdraw_others(KIND, &fingerprints, now)?;
        for cert in certs {
            self.alerts
                .observe(&AlertKey::new(KIND, &cert.fingerprint), self.seen(cert, now), now)?;
        }
        Ok(())
    }

    fn seen(&self, cert: &RecipientCert, now: UnixMillis) -> Observation {
        let (rule, at) = match cert.validity(now) {
            Validity::Valid => return Observation::Fine,
            Validity::Expiring(at) => (Rule::RecipientExpiring, at),
            Validity::Expired(at) => (Rule::RecipientExpired, at),
        };
        let detail = format!(
            "{} ({})",
            cert.path.display(),
            message::moment(&self.timezone, at)
        );
        Observation::Wrong { rule, detail }
    }
}
