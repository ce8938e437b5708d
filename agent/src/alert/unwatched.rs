//! What is not watched at present: what a probe could not see, and what the configuration leaves out. A short line counts
//! and names it for the owner; the reasons are for `agent status`.
//! It raises no alert: where one is due, the probe that could not see has a rule for it.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    role::Role,
    rule::object_of,
    text::{cut, one_line, printable},
    words::{thing, unwatched_words},
};
use crate::config::Language;

/// Things that one line names.
const THINGS_MAX: usize = 6;
/// Things that the short one names.
const NAMED_MAX: usize = 3;
/// Objects of one thing that it names.
const OBJECTS_MAX: usize = 3;
const OBJECT_UNITS_MAX: usize = 40;
const WHY_UNITS_MAX: usize = 80;
/// The reason for what nobody asked for.
pub const NOT_CONFIGURED: &str = "not configured";

/// The newest list, by key, with the reason. Cheap to clone.
#[derive(Clone, Default)]
pub struct Unwatched(Arc<Mutex<BTreeMap<String, String>>>);

impl Unwatched {
    /// From now on it is this.
    pub fn replace(&self, unknown: BTreeMap<String, String>) {
        // Each change is one assignment.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = unknown;
    }

    /// In one short line; `None` when everything is watched.
    #[must_use]
    pub fn line(&self, language: Language) -> Option<String> {
        short(language, &self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How much is not watched and what it is, without the reasons; `None` when there is nothing.
#[must_use]
pub fn short(language: Language, unknown: &BTreeMap<String, String>) -> Option<String> {
    let words = unwatched_words(language);
    let mut things: Vec<&str> = unknown
        .keys()
        .map(|key| thing(language, Role::question_of(key)))
        .collect();
    things.sort_unstable();
    things.dedup();
    let more = match things.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(", +{more}"),
    };
    let named = things
        .iter()
        .take(NAMED_MAX)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let line = || {
        format!(
            "{}: {} ({named}{more}). {}",
            words.heading,
            unknown.len(),
            words.more
        )
    };
    (!unknown.is_empty()).then(line)
}

/// What is not watched and why, in one line; `None` when there is nothing.
#[must_use]
pub fn line(language: Language, unknown: &BTreeMap<String, String>) -> Option<String> {
    let words = unwatched_words(language);
    let mut whys: Vec<(String, BTreeMap<&str, Vec<&str>>)> = Vec::new();
    for (key, why) in unknown {
        let (thing, why) = (thing(language, Role::question_of(key)), told(words.whys, why));
        let at = whys.iter().position(|(known, _)| *known == why);
        let at = at.unwrap_or_else(|| {
            whys.push((why, BTreeMap::new()));
            whys.len() - 1
        });
        let objects = whys[at].1.entry(thing).or_default();
        // Of what there is only one the name says nothing.
        let object = object_of(key);
        objects.extend(
            Some(object).filter(|object| object.contains(['/', '.']) && !object.ends_with(".service")),
        );
    }
    if whys.is_empty() {
        return None;
    }
    let parts: Vec<String> = whys
        .iter()
        .map(|(why, things)| format!("{} ({why})", listed(things)))
        .collect();
    Some(format!("{}: {}", words.heading, parts.join("; ")))
}

fn listed(things: &BTreeMap<&str, Vec<&str>>) -> String {
    let mut names: Vec<String> = Vec::new();
    for (thing, objects) in things.iter().take(THINGS_MAX) {
        let mut name = (*thing).to_owned();
        let short = |object: &&str| one_line(&printable(object), OBJECT_UNITS_MAX);
        let shown: Vec<String> = objects.iter().take(OBJECTS_MAX).map(short).collect();
        if !shown.is_empty() {
            let _ = write!(name, " {}", shown.join(" "));
        }
        if objects.len() > OBJECTS_MAX {
            let _ = write!(name, " +{}", objects.len() - OBJECTS_MAX);
        }
        names.push(name);
    }
    if things.len() > THINGS_MAX {
        names.push(format!("+{}", things.len() - THINGS_MAX));
    }
    names.join(", ")
}

/// In the owner's language where it is known; what the system itself said stays as it is.
fn told(whys: &[(&str, &str)], why: &str) -> String {
    let known = whys.iter().find(|(start, _)| why.starts_with(start));
    known.map_or_else(
        || cut(&one_line(&printable(why), WHY_UNITS_MAX), WHY_UNITS_MAX),
        |(_, told)| (*told).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(keys: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = keys
            .iter()
            .map(|(key, why)| ((*key).to_owned(), (*why).to_owned()));
        owned.collect()
    }

    #[test]
    fn one_line_names_things_and_reasons_in_the_owners_language() {
        let unknown = unknown(&[
            ("disk_forecast//", "less than three hours were watched"),
            (
                "disk_forecast_of_remote//mnt/b",
                "less than three hours were watched",
            ),
            ("unit/bot.service", "systemd knows no such unit"),
            ("unit_memory/bot.service", "systemd knows no such unit"),
            ("domain/shop", NOT_CONFIGURED),
            ("clock/synchronised", "timedatectl: weird \u{7} fault"),
            ("database/shop", "disk I/O \u{7} error"),
        ]);
        let id = line(Language::Id, &unknown).unwrap();
        let parts = [
            "Tidak diawasi saat ini: jam server (systemd tidak menjawab)",
            "database toko (disk I/O ",
            "kapan disk penuh / /mnt/b (baru diamati kurang dari tiga jam)",
            "domain toko (belum diatur)",
            "memori bot, unit bot (systemd tidak mengenal unit itu)",
        ];
        for part in parts {
            assert!(id.contains(part), "{part}: {id}");
        }
        assert!(!id.contains('\u{7}') && !id.contains('\n'), "{id}");
        let en = line(Language::En, &unknown).unwrap();
        assert!(
            en.starts_with("Not watched at present: ") && en.contains("the shop's domain (not configured)"),
            "{en}"
        );
        assert_eq!(line(Language::En, &BTreeMap::new()), None);
    }

    #[test]
    fn the_short_line_counts_and_names_and_gives_no_reason() {
        let unknown = unknown(&[
            ("unit/bot.service", "systemd knows no such unit"),
            ("unit_name/bot.service", "systemd knows no such unit"),
            ("clock/synchronised", "timedatectl: weird"),
            ("domain/shop", NOT_CONFIGURED),
            ("swap/x", "y"),
        ]);
        assert_eq!(
            short(Language::En, &unknown).unwrap(),
            "Not watched at present: 5 (swap, the bot's unit, the clock, +1). Details: agent status"
        );
        let id = short(Language::Id, &unknown).unwrap();
        assert!(
            id.starts_with("Tidak diawasi saat ini: 5 (") && id.ends_with("Rincian: agent status"),
            "{id}"
        );
        assert_eq!(short(Language::En, &BTreeMap::new()), None);
    }

    #[test]
    fn a_hundred_logs_stay_one_short_line() {
        let logs: Vec<String> = (0..100).map(|n| format!("log_writer//var/log/{n}.log")).collect();
        let why = "who writes it cannot be seen";
        let unknown = logs.iter().map(|key| (key.clone(), why.to_owned())).collect();
        let line = line(Language::En, &unknown).unwrap();
        assert!(line.contains(" +97 (") && line.len() < 200, "{line}");
    }
}
