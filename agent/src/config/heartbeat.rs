//! `[heartbeat]`: the addresses of the checks at the outside. Only the text is judged here; `agent check` asks the services.
//! Whoever knows an address can pretend that all is well: each is a secret, and no fault repeats it.

use protocol::{
    secret::Secret,
    settings::{Faults, Section},
};

use super::{Environment, Purpose};

/// Where the outside learns that everything vital works.
#[derive(Default)]
pub struct Heartbeat {
    /// While agent and bot are well.
    pub url: Option<Secret>,
    /// Around each backup.
    pub backup_url: Option<Secret>,
    /// Around each drill.
    pub drill_url: Option<Secret>,
}

/// Reads the section; `HEARTBEAT_URL`, `HEARTBEAT_BACKUP_URL` and `HEARTBEAT_DRILL_URL` may hold the addresses as well.
pub(super) fn read(
    top: &mut Section,
    purpose: Purpose,
    environment: &Environment,
    faults: &mut Faults,
) -> Heartbeat {
    let mut section = top.section_if_any("heartbeat", faults);
    let mut address = |key: &str| {
        let written = section
            .as_mut()
            .and_then(|section| section.text_if_any(key, faults));
        let variable = format!("HEARTBEAT_{}", key.to_ascii_uppercase());
        let (named, address) = match written {
            Some(text) => (format!("heartbeat.{key}"), Secret::new(&text)),
            None => (variable.clone(), environment.secret(&variable)?),
        };
        if let Some(why) = no_address(address.expose()) {
            faults.add(format!("{named} {why}"));
        }
        Some(address)
    };
    let heartbeat = Heartbeat {
        url: address("url"),
        backup_url: address("backup_url"),
        drill_url: address("drill_url"),
    };
    if let Some(section) = section {
        section.finish(faults);
        let has_none = [&heartbeat.url, &heartbeat.backup_url, &heartbeat.drill_url]
            .iter()
            .all(|url| url.is_none());
        if has_none && purpose == Purpose::Keep {
            faults.add(
                "heartbeat has no url: write the address of your check there or into HEARTBEAT_URL, or leave the section out",
            );
        }
    }
    heartbeat
}

/// Why it cannot be the address of a check.
fn no_address(text: &str) -> Option<&'static str> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    if rest.is_none_or(str::is_empty) {
        return Some("must be a web address that begins with http:// or https://");
    }
    let is_example = |char: char| char.is_whitespace() || "<>{}$".contains(char);
    (text.contains(is_example) || text.contains("your-")).then_some(
        "still holds what an example has in the place of your check: copy the whole address from where you made the check",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_example_has_in_the_place_of_a_check_is_no_address() {
        for good in [
            "https://hc-ping.com/0b2f7c1e-0000-4000-8000-000000000000",
            "https://hc-ping.com/key/shop?create=1",
            "http://[::1]:8000/ping/a",
            "https://nosnch.in/c2354d53d2",
        ] {
            assert_eq!(no_address(good), None, "{good}");
        }
        for bad in [
            "https://hc-ping.com/<uuid>",
            "https://hc-ping.com/your-uuid-here",
            "https://hc-ping.com/{uuid}",
            "https://hc-ping.com/$HC_UUID",
            "https://hc-ping.com/a b",
            "hc-ping.com/a",
            "https://",
        ] {
            assert!(no_address(bad).is_some(), "{bad}");
        }
    }
}
