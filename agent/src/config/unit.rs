//! The name of the bot's unit, as systemd allows names (systemd.unit(5)): a name that cannot be one is found here, and not
//! by alerts about a unit that nobody knows.
//! It asks no systemd: whether there is such a unit is seen later.

use protocol::settings::{Faults, Section};

/// What `scripts/install` calls it.
pub(super) const USUAL: &str = "bot.service";
const NAME_BYTES_MAX: usize = 255;

/// `[bot] unit`, or the usual.
pub(super) fn name(section: &mut Section, faults: &mut Faults) -> String {
    let Some(name) = section.text_if_any("unit", faults) else {
        return USUAL.to_owned();
    };
    if let Some(wrong) = wrong(&name) {
        let key = section.name("unit");
        faults.add(format!(
            "{key} is \"{name}\": {wrong}; write for example \"{USUAL}\""
        ));
    }
    name
}

fn wrong(name: &str) -> Option<String> {
    let is_allowed = |char: char| char.is_ascii_alphanumeric() || ":-_.\\@".contains(char);
    if let Some(char) = name.chars().find(|char| !is_allowed(*char)) {
        return Some(format!("systemd allows no {char:?} in a name"));
    }
    if name.len() > NAME_BYTES_MAX {
        return Some(format!("it is longer than {NAME_BYTES_MAX} letters"));
    }
    let stem = name.strip_suffix(".service");
    match stem {
        Some("" | "@") => Some("it has nothing before its suffix".to_owned()),
        Some(_) => None,
        None => Some("it does not end in .service, and nothing else runs a bot".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use protocol::settings;

    use super::*;

    #[test]
    fn a_name_that_systemd_cannot_have_is_a_fault() {
        let faults_of = |name: &str| {
            let mut faults = Faults::default();
            let mut top = settings::parse(&format!("unit = '{name}'"), &mut faults);
            assert_eq!(super::name(&mut top, &mut faults), name);
            faults.to_string()
        };
        let none = Faults::default().to_string();
        for good in [
            "bot.service",
            "shop@two.service",
            "a-b_c:d.service",
            "toko\\x2d1.service",
        ] {
            assert_eq!(faults_of(good), none, "{good}");
        }
        for (bad, why) in [
            ("my bot.service", "' '"),
            ("bot", ".service"),
            ("bot.timer", ".service"),
            (".service", "nothing before"),
            ("bot/1.service", "'/'"),
            ("tokö.service", "'ö'"),
            ("", ".service"),
        ] {
            let told = faults_of(bad);
            assert!(told.contains("unit is") && told.contains(why), "{bad}: {told}");
        }
        assert!(faults_of(&format!("{}.service", "x".repeat(256))).contains("longer"));
    }
}
