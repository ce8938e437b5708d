//! What agent.toml may say and nobody means: names that no server can have, a folder that hides every leak, an address that
//! is no check's or no bot's, hours that leave none.
//! Pure, and no fault of the file: an agent that runs with them goes on running.

use std::{net::IpAddr, path::Path};

use jiff::civil::Time;

use super::{Finding, finding};
use crate::{config::Config, watch::egress::host_and_port};

/// RFC 1035: a name and each part of it in characters.
const NAME_CHARS_MAX: usize = 253;
const LABEL_CHARS_MAX: usize = 63;
/// What healthchecks adds to the address of a check for its signals.
const SIGNALS: [&str; 3] = ["start", "fail", "log"];
/// What stands before it there: a check's own name, or the key of a project and a name under it.
const UUID_CHARS: usize = 36;
const KEY_CHARS: usize = 22;
const LOUD_MINUTES_MIN: i64 = 4 * 60;
const DAY_MINUTES: i64 = 24 * 60;

/// One finding for each.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let watch = &config.watch;
    let mut found = Vec::new();
    let mut add =
        |what: String, wrong: Option<String>| found.extend(wrong.map(|wrong| finding(&what, Err(wrong))));
    for domain in &watch.domains {
        add(format!("[watch] domains {domain}"), no_name(domain));
    }
    for path in &watch.rotating {
        let lie_in = [&config.backup.database, &config.state_dir];
        let hidden = lie_in.into_iter().find(|one| one.starts_with(path));
        let wrong = hidden.map(|hidden| hides(hidden));
        add(format!("[watch] rotating {}", path.display()), wrong);
    }
    let beat = &config.heartbeat;
    for (name, url) in [
        ("url", &beat.url),
        ("backup_url", &beat.backup_url),
        ("drill_url", &beat.drill_url),
    ] {
        let wrong = url.as_ref().and_then(|url| signal(url.expose()));
        add(format!("[heartbeat] {name}"), wrong);
    }
    add(
        "[owner] quiet_hours".to_owned(),
        config.owner.quiet_hours.and_then(all_day),
    );
    add(format!("[bot] url {}", config.bot.url), no_bot(&config.bot.url));
    found
}

/// Why no server can have this name.
fn no_name(domain: &str) -> Option<String> {
    let (host, _) = host_and_port(domain);
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=LABEL_CHARS_MAX).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = host.strip_suffix('.').unwrap_or(&host);
    let is_name = name.len() <= NAME_CHARS_MAX && name.split('.').all(is_label);
    (!is_name && host.parse::<IpAddr>().is_err()).then(|| {
        "no server can have this name: between two dots stand 1 to 63 letters, digits or '-', which neither begins nor \
         ends them. Correct it, such as \"shop.example.org\""
            .to_owned()
    })
}

fn hides(hidden: &Path) -> String {
    format!(
        "{} lies in it and does not shrink by itself: as it grows no alert would say that the disk will be full. Name the \
         folder that rotates, such as \"/var/spool/shop\"",
        hidden.display()
    )
}

/// Why this is a signal's address and not a check's.
fn signal(url: &str) -> Option<String> {
    let path = url.split('?').next().unwrap_or(url).trim_end_matches('/');
    let mut parts = path.rsplit('/');
    let (last, check, key) = (parts.next()?, parts.next()?, parts.next()?);
    let is_check = is_uuid(check) || key.len() == KEY_CHARS;
    (SIGNALS.contains(&last) && is_check).then(|| {
        format!("its address ends with /{last}, which is one signal of a check and not the check: leave /{last} out")
    })
}

fn is_uuid(text: &str) -> bool {
    text.len() == UUID_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Why these hours are all but the whole day.
fn all_day((from, to): (Time, Time)) -> Option<String> {
    let minutes = |time: Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
    let loud = (minutes(from) - minutes(to)).rem_euclid(DAY_MINUTES);
    (loud < LOUD_MINUTES_MIN).then(|| {
        format!(
            "they leave {} h {:02} min of the day in which what is not critical may ring. Shorten them, such as \
             \"22:00-06:00\"",
            loud / 60,
            loud % 60
        )
    })
}

/// Why the bot cannot answer there.
fn no_bot(url: &str) -> Option<String> {
    const WRITE: &str = "write [http] private of bot.toml, such as \"http://127.0.0.1:8081\"";
    let (host, _) = host_and_port(url);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    if url.starts_with("https://") && is_here {
        return Some(format!("the bot speaks no TLS at its private address: {WRITE}"));
    }
    rest.contains(['/', '?', '#'])
        .then(|| format!("a path stands behind the address, and the bot would be asked below it: {WRITE}"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[test]
    fn a_name_that_no_server_can_have_is_known() {
        let long = format!("{}.example", "a".repeat(70));
        for bad in [
            "-x.example",
            "a..b",
            "https://-x.example:8443/",
            "x-.example",
            "tokó.example",
            &long,
        ] {
            assert!(no_name(bad).is_some(), "{bad}");
        }
        for good in [
            "shop.example",
            "https://shop.example:8443/",
            "xn--tok-hoa.example",
            "192.0.2.1",
            "[::1]:443",
        ] {
            assert_eq!(no_name(good), None, "{good}");
        }
    }

    #[test]
    fn the_address_of_a_signal_is_no_check() {
        let uuid = "0b2f7c1e-0000-4000-8000-000000000000";
        for bad in [
            format!("https://hc-ping.com/{uuid}/start"),
            format!("https://hc-ping.com/{uuid}/fail/?create=1"),
            "https://hc-ping.com/abcdefghijklmnopqrstuv/shop/log".to_owned(),
        ] {
            assert!(signal(&bad).is_some(), "{bad}");
        }
        for good in [
            format!("https://hc-ping.com/{uuid}"),
            "https://hc-ping.com/abcdefghijklmnopqrstuv/start".to_owned(),
            "https://nosnch.in/c2354d53d2".to_owned(),
        ] {
            assert_eq!(signal(&good), None, "{good}");
        }
    }

    #[test]
    fn hours_that_leave_none_and_an_address_that_is_not_the_bots_are_told() {
        let at = |hour, minute| time(hour, minute, 0, 0);
        assert!(all_day((at(0, 0), at(23, 59))).unwrap().contains("0 h 01 min"));
        assert_eq!(all_day((at(22, 0), at(6, 0))), None);
        for bad in [
            "https://127.0.0.1:8081",
            "http://127.0.0.1:8081/health",
            "http://localhost/x",
        ] {
            assert!(no_bot(bad).is_some(), "{bad}");
        }
        for good in [
            "http://127.0.0.1:8081",
            "http://[::1]:8081",
            "https://bot.internal",
        ] {
            assert_eq!(no_bot(good), None, "{good}");
        }
    }
}
