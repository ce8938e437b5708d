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
    text::{one_line, printable},
    words::{sentences, thing, unwatched_words},
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

    /// How many things it names.
    #[must_use]
    pub fn count(&self, language: Language) -> usize {
        things(language, &self.0.lock().unwrap_or_else(PoisonError::into_inner)).len()
    }
}

/// One thing that is not watched: several questions may be about it, and it counts once wherever it is told.
struct Thing<'a> {
    name: &'a str,
    /// Which of several.
    object: Option<&'a str>,
    why: String,
}

fn things(language: Language, unknown: &BTreeMap<String, String>) -> Vec<Thing<'_>> {
    let mut found: Vec<Thing<'_>> = Vec::new();
    for (key, why) in unknown {
        let name = thing(language, Role::question_of(key));
        // Of what there is only one the name says nothing.
        let object = Some(object_of(key))
            .filter(|object| object.contains(['/', '.']) && !object.ends_with(".service"));
        if !found.iter().any(|one| one.name == name && one.object == object) {
            let why = told(language, why);
            found.push(Thing { name, object, why });
        }
    }
    found
}

/// How many of each name there are.
fn by_name<'a>(things: &[Thing<'a>]) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for one in things {
        *counts.entry(one.name).or_default() += 1;
    }
    counts
}

/// How much is not watched and what it is, without the reasons; `None` when there is nothing.
#[must_use]
pub fn short(language: Language, unknown: &BTreeMap<String, String>) -> Option<String> {
    let words = unwatched_words(language);
    let things = things(language, unknown);
    let counts = by_name(&things);
    let named = counts.iter().take(NAMED_MAX).map(|(name, count)| match count {
        1 => (*name).to_owned(),
        count => format!("{name} ×{count}"),
    });
    let mut named: Vec<String> = named.collect();
    let more: usize = counts.values().skip(NAMED_MAX).sum();
    named.extend((more > 0).then(|| format!("+{more}")));
    (!things.is_empty()).then(|| {
        format!(
            "{}: {} ({}). {}",
            words.heading,
            things.len(),
            named.join(", "),
            words.more
        )
    })
}

/// How much is not watched, what it is and why, in one line; `None` when there is nothing.
#[must_use]
pub fn line(language: Language, unknown: &BTreeMap<String, String>) -> Option<String> {
    let heading = unwatched_words(language).heading;
    let things = things(language, unknown);
    let mut whys: Vec<(&str, Vec<&Thing<'_>>)> = Vec::new();
    for one in &things {
        match whys.iter_mut().find(|(why, _)| *why == one.why) {
            Some((_, same)) => same.push(one),
            None => whys.push((&one.why, vec![one])),
        }
    }
    let parts: Vec<String> = whys
        .iter()
        .map(|(why, same)| format!("{} ({why})", listed(same)))
        .collect();
    (!things.is_empty()).then(|| format!("{heading}: {}: {}", things.len(), parts.join("; ")))
}

fn listed(same: &[&Thing<'_>]) -> String {
    let mut objects: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in same {
        objects.entry(one.name).or_default().extend(one.object);
    }
    let mut names: Vec<String> = Vec::new();
    for (name, objects) in objects.iter().take(THINGS_MAX) {
        let mut name = (*name).to_owned();
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
    let more: usize = objects.values().skip(THINGS_MAX).map(|of| of.len().max(1)).sum();
    names.extend((more > 0).then(|| format!("+{more}")));
    names.join(", ")
}

/// In the owner's language where it is known; what is not stays as it is.
fn told(language: Language, why: &str) -> String {
    let whys = unwatched_words(language).whys;
    let known = whys.iter().find(|(start, _)| why.starts_with(start));
    known.map_or_else(
        || one_line(&printable(&sentences(language, why)), WHY_UNITS_MAX),
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
            ("database/shop", "disk I/O error"),
        ]);
        let id = line(Language::Id, &unknown).unwrap();
        let parts = [
            "Tidak diawasi saat ini: 7: jam server (systemd tidak menjawab)",
            "database toko (disk gagal membaca atau menulis, mungkin mulai rusak)",
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
            en.starts_with("Not watched at present: 7: ")
                && en.contains("the shop's domain (not configured)"),
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
            "Not watched at present: 4 (swap, the bot's unit, the clock, +1). Details: agent status"
        );
        let id = short(Language::Id, &unknown).unwrap();
        assert!(
            id.starts_with("Tidak diawasi saat ini: 4 (") && id.ends_with("Rincian: agent status"),
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

    /// Every figure of a line: what is named, with `×` and `+`.
    fn named(list: &str) -> usize {
        let count = |name: &str| {
            let (_, times) = name.split_once('×').unwrap_or((name, "1"));
            let more = name.strip_prefix('+').unwrap_or(times);
            more.parse::<usize>().unwrap()
        };
        list.split(", ").map(count).sum()
    }

    #[test]
    fn what_is_named_adds_up_to_what_is_counted_and_both_lines_count_the_same() {
        let mut all: Vec<(String, String)> = (0..12)
            .map(|n| (format!("log_writer//var/log/{n}.log"), "who writes it".to_owned()))
            .collect();
        for kind in [
            "unit",
            "unit_name",
            "unit_restarts",
            "unit_memory",
            "clock",
            "domain",
            "cpu_load",
        ] {
            all.push((format!("{kind}/any"), format!("because of {kind}")));
        }
        let unknown: BTreeMap<String, String> = all.into_iter().collect();
        for language in [Language::Id, Language::En] {
            let count = things(language, &unknown).len();
            // The bot's unit is one thing, about which there are three questions.
            assert_eq!(count, 12 + 5);
            let short = short(language, &unknown).unwrap();
            let (_, list) = short.split_once(&format!(": {count} (")).unwrap();
            let (list, _) = list.split_once(')').unwrap();
            assert_eq!(named(list), count, "{short}");
            let line = line(language, &unknown).unwrap();
            assert!(line.contains(&format!(": {count}: ")), "{line}");
        }
    }
}
