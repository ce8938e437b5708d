//! Which of the bot's reports tell of something that lasts and that its health shows too: such a report raises the alert
//! of that state, which ends, and is no message of its own.
//! It looks at nothing: whether the state lasts is for the watch to say.

use std::time::Duration;

use protocol::{
    health::Standing,
    incident::{FACTS_BETWEEN, Incident},
    time::UnixMillis,
};

use super::rule::{AlertKey, Observation, Rule};

/// A report of longer ago may be of something that is over: then it is told as the single event that it was.
const FRESH: Duration = Duration::from_secs(60);
const BYTES_IN_MIB: f64 = 1024.0 * 1024.0;

/// The rules about the length of the database's log, mildest first.
pub const WAL: &[Rule] = &[Rule::WalLarge, Rule::WalHuge];

/// What messages to Telegram fare, and whether it takes the token.
#[must_use]
pub fn telegram_key() -> AlertKey {
    AlertKey::new("telegram", "sends")
}

/// Whether what customers write comes to the bot.
#[must_use]
pub fn updates_key() -> AlertKey {
    AlertKey::new("telegram", "updates")
}

/// How a gateway is.
#[must_use]
pub fn gateway_key(name: &str) -> AlertKey {
    AlertKey::new("gateway", name)
}

/// Whether the shop's database takes commits.
#[must_use]
pub fn commits_key() -> AlertKey {
    AlertKey::new("database", "commits")
}

/// How long the database's log is.
#[must_use]
pub fn wal_key() -> AlertKey {
    AlertKey::new("database_wal", "shop")
}

/// The one of them that is of this kind and about this.
#[must_use]
pub fn find<'a>(standing: Option<&'a [Standing]>, rule: Rule, about: &str) -> Option<&'a Standing> {
    let mut standing = standing.unwrap_or_default().iter();
    standing.find(|one| one.kind == rule.name() && one.about == about)
}

/// The alert that a report belongs to, and what the report says of it. `None` for a single event, and for every report
/// of a bot that does not say what stands.
#[must_use]
pub fn of_report(
    incident: &Incident,
    standing: Option<&[Standing]>,
    now: UnixMillis,
) -> Option<(AlertKey, Observation)> {
    let standing = standing?;
    let found = alert_of(incident)?;
    let stands = standing.iter().any(|one| {
        let is_about = one.about.is_empty() || incident.text.starts_with(&one.about);
        one.kind == incident.kind && is_about
    });
    (stands || now.since(incident.at) < FRESH).then_some(found)
}

/// Whether reports of this kind are about something that may last.
#[must_use]
pub fn may_last(incident: &Incident) -> bool {
    alert_of(incident).is_some()
}

fn alert_of(incident: &Incident) -> Option<(AlertKey, Observation)> {
    let facts: Vec<&str> = incident.text.split(FACTS_BETWEEN).collect();
    let last = || facts.last().copied().unwrap_or_default().to_owned();
    let wrong = |rule, detail| Observation::Wrong { rule, detail };
    let log_is_long = || {
        let mebibytes: f64 = incident.text.parse().ok()?;
        Some(Observation::Measured {
            rules: WAL,
            value: mebibytes * BYTES_IN_MIB,
            detail: String::new(),
        })
    };
    Some(match incident.kind.as_str() {
        "telegram_refuses" => (telegram_key(), wrong(Rule::TelegramRefuses, String::new())),
        "gateway_refuses" => (gateway_key(facts[0]), wrong(Rule::GatewayRefuses, last())),
        "database_refuses" => (commits_key(), wrong(Rule::DatabaseRefuses, last())),
        "wal_too_long" | "wal_stops_sales" => (wal_key(), log_is_long()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use protocol::incident::{IncidentId, Severity};

    use super::*;

    const NOW: UnixMillis = UnixMillis(10_000_000);

    fn incident(kind: &str, text: &str, seconds_ago: i64) -> Incident {
        Incident {
            id: IncidentId(1),
            at: UnixMillis(NOW.0 - seconds_ago * 1_000),
            kind: kind.to_owned(),
            severity: Severity::Critical,
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_report_of_what_lasts_belongs_to_its_alert_and_a_single_event_to_none() {
        let of = |kind, text| {
            let (key, _) = of_report(&incident(kind, text, 1), Some(&[]), NOW)?;
            Some(key.to_string())
        };
        assert_eq!(of("telegram_refuses", "BOT_TOKEN").unwrap(), "telegram/sends");
        assert_eq!(
            of("gateway_refuses", "pakasir · W1 · 401").unwrap(),
            "gateway/pakasir"
        );
        assert_eq!(of("database_refuses", "full").unwrap(), "database/commits");
        assert_eq!(of("wal_stops_sales", "1024").unwrap(), "database_wal/shop");
        assert_eq!(of("dead_job", "deliver · failed"), None);
        assert_eq!(of("money_owed", "Rp1 · W1 · late"), None);
    }

    #[test]
    fn an_old_report_is_an_event_unless_its_state_still_stands_and_an_older_bots_always() {
        let old = incident("gateway_refuses", "pakasir · W1 · 401", 3_600);
        let stands = [Standing {
            kind: "gateway_refuses".to_owned(),
            about: "pakasir".to_owned(),
            detail: "401".to_owned(),
            ..Standing::default()
        }];
        assert_eq!(of_report(&old, Some(&[]), NOW), None);
        assert!(of_report(&old, Some(&stands), NOW).is_some());
        let fresh = incident("telegram_refuses", "BOT_TOKEN", 1);
        assert_eq!(of_report(&fresh, None, NOW), None, "it does not say what stands");
    }
}
