//! What a probe adds to a rule, in the owner's words: codes, counts, units and faults of a known kind are stored as they
//! are, and said in the owner's language.
//! What a program said itself, of which no kind is known, stays in its own words.

use protocol::incident::FACTS_BETWEEN;

use super::{before::found_before, code, en, faults::fault, id, phrases, sentences::sentences};
use crate::{
    alert::{
        before::Before,
        kills::{self, Reached},
        rule::Rule,
    },
    config::Language,
};

/// Between two of several.
const BETWEEN: &str = ", ";
/// What follows a figure.
const UNITS: [&str; 7] = ["%", "B", "KiB", "MiB", "GiB", "TiB", "/"];
const AN_HOUR: &str = "/h";
/// In the place of a moment that there was not.
const NEVER: &str = "-";

pub(in crate::alert) fn detail(language: Language, rule: Rule, detail: &str) -> String {
    let phrases = phrases(language);
    let [day, hour, minute, second] = phrases.units;
    match rule {
        Rule::BotUnhealthy | Rule::DatabaseRefuses | Rule::GatewayRefuses | Rule::PaymentsFailing => {
            let told: Vec<String> = detail.split(BETWEEN).map(|one| reason(language, one)).collect();
            told.join(BETWEEN)
        }
        Rule::BotNotRunning => found_before(language, Before::noted(detail)).to_owned(),
        Rule::MemoryKill => killed(language, detail),
        Rule::QueueLagging if !detail.is_empty() => phrases.paused_queues.replace("{queues}", detail),
        Rule::RemoteBehind => {
            let (count, why) = detail.split_once(FACTS_BETWEEN).unwrap_or((detail, ""));
            let told = phrases.commits_wait.replace("{count}", count);
            if why.is_empty() {
                told
            } else {
                format!("{told} ({})", sentences(language, why))
            }
        }
        Rule::CaptureStopped
        | Rule::CaptureStuck
        | Rule::ChainBroken
        | Rule::CaptureResynced
        | Rule::DatabaseRedefined
        | Rule::DatabaseTouched
        | Rule::SpoolOverflowed
        | Rule::RemoteDamaged
        | Rule::RemoteContradicts
        | Rule::ShopRunsTwice
        | Rule::DrillFailed
        | Rule::DrillUncounted
        | Rule::DrillWithoutRoom
        | Rule::ConfigUnread
        | Rule::DatabaseReplaced
        | Rule::DatabaseDamaged
        | Rule::BackupNotTaken
        | Rule::BackupWithoutRoom
        | Rule::BackupFailed
        | Rule::BackupIncomplete
        | Rule::ChannelBroken
        | Rule::AgentBlind
        | Rule::HeartbeatRefused
        | Rule::HeartbeatUnreached
        | Rule::DomainUnreachable => sentences(language, detail),
        Rule::LogNotRotated => in_unit(&in_unit(detail, " h", hour), " min", minute),
        Rule::CredentialOld => in_unit(detail, " d", day),
        Rule::BotRestarting | Rule::BotGivenUp => unit_ended(language, detail),
        Rule::DrillOld if detail == NEVER => phrases.never.to_owned(),
        Rule::DiskFilling => in_unit(&decimals(language, detail), AN_HOUR, phrases.an_hour),
        Rule::ClockJumped => in_unit(detail, " s", second),
        _ => decimals(language, detail),
    }
}

/// Whose memory was used up, and what was killed for it, as far as that is known.
fn killed(language: Language, detail: &str) -> String {
    let [of_machine, of_limit, unknown, hit] = match language {
        Language::Id => id::ON_KILL,
        Language::En => en::ON_KILL,
    };
    let (reached, program) = kills::noted(detail);
    let reached = match reached {
        Reached::Machine => of_machine.to_owned(),
        Reached::Limit(group) => of_limit.replace("{group}", group),
        Reached::Unknown => unknown.to_owned(),
    };
    let program = program.map(|program| hit.replace("{program}", program));
    program.map_or(reached.clone(), |program| format!("{reached} {program}"))
}

/// A code of the bot's, a status of its gateway's, or what hangs with its figures.
fn reason(language: Language, one: &str) -> String {
    let [.., second] = phrases(language).units;
    let is_status = one.len() == 3 && one.bytes().all(|byte| byte.is_ascii_digit());
    match fault(language, &format!("status {one}")).filter(|_| is_status) {
        Some(told) => format!("{told} ({one})"),
        None if one.ends_with(" s") => one
            .split(' ')
            .map(|word| if word == "s" { second.trim() } else { word })
            .collect::<Vec<_>>()
            .join(" "),
        None => code(language, one).to_owned(),
    }
}

/// Figures of one place behind the point, as the language writes them. A number in a file's name has no unit behind it.
fn decimals(language: Language, detail: &str) -> String {
    if language == Language::En {
        return detail.to_owned();
    }
    let words: Vec<&str> = detail.split(' ').collect();
    let is_figure = |word: &str| {
        word.bytes()
            .all(|byte| byte.is_ascii_digit() || b".+".contains(&byte))
    };
    let has_unit = |at: usize| {
        let unit = words
            .get(at + 1)
            .map(|word| word.trim_end_matches([',', ')', ':']));
        unit.is_some_and(|unit| UNITS.contains(&unit.trim_end_matches(AN_HOUR)))
    };
    let told = words.iter().enumerate().map(|(at, word)| {
        if is_figure(word) && has_unit(at) {
            word.replace('.', ",")
        } else {
            (*word).to_owned()
        }
    });
    told.collect::<Vec<_>>().join(" ")
}

/// How systemd saw the bot end: its word for that is looked for, and told in the owner's.
fn unit_ended(language: Language, detail: &str) -> String {
    let words: Vec<&str> = detail.split([' ', ',', '(', ')']).collect();
    let exit = words.iter().position(|word| *word == "exit");
    let exit = exit.and_then(|at| words.get(at + 1)).unwrap_or(&"");
    let ends = match language {
        Language::Id => id::ENDS,
        Language::En => en::ENDS,
    };
    let known = ends.iter().find(|(end, _)| words.contains(end));
    known.map_or_else(|| detail.to_owned(), |(_, told)| told.replace("{exit}", exit))
}

/// How systemd sees a unit. A word that is not known stays systemd's own.
pub(in crate::alert) fn unit_state(language: Language, state: &str) -> String {
    let (known, counted) = match language {
        Language::Id => (id::ACTIVE, "dinyalakan ulang {count} kali"),
        Language::En => (en::ACTIVE, "restarted {count} times"),
    };
    let active = state.split(' ').next().unwrap_or_default();
    let Some((_, told)) = known.iter().find(|(word, _)| *word == active) else {
        return state.to_owned();
    };
    let ended = match active {
        "active" | "reloading" => String::new(),
        _ => format!(": {}", unit_ended(language, state)),
    };
    let restarts = state.rsplit_once("restarts ").map_or("0", |(_, count)| count);
    let restarts = match restarts {
        "0" => String::new(),
        count => format!(", {}", counted.replace("{count}", count)),
    };
    format!("{told}{ended}{restarts}")
}

fn in_unit(detail: &str, stored: &str, told: &str) -> String {
    detail
        .strip_suffix(stored)
        .map_or_else(|| detail.to_owned(), |figure| format!("{figure}{told}"))
}

#[cfg(test)]
mod tests {
    use protocol::health::{Ailment, CommitFault, GatewayFault};

    use super::*;

    #[test]
    fn what_probes_add_is_said_in_both_languages() {
        for (rule, stored, id, en) in [
            (
                Rule::BotUnhealthy,
                "slow_writes, inbox: 34 s > 30 s",
                "menulis ke database terlalu lama, inbox: 34 detik > 30 detik",
                "a write to the database takes too long, inbox: 34 s > 30 s",
            ),
            (Rule::DatabaseRefuses, "full", "disk penuh", "the disk is full"),
            (
                Rule::GatewayRefuses,
                "401",
                "kunci atau kata sandi ditolak (401)",
                "the key or password is refused (401)",
            ),
            (
                Rule::GatewayRefuses,
                "other_order",
                "jawabannya tentang pesanan lain",
                "the answer is about another order",
            ),
            (
                Rule::QueueLagging,
                "money, delivery",
                "Antrean yang dijeda: money, delivery.",
                "Paused queues: money, delivery.",
            ),
            (Rule::QueueLagging, "", "", ""),
            (
                Rule::RemoteBehind,
                "3 · refused",
                "perubahan yang menunggu: 3 (refused)",
                "commits waiting: 3 (refused)",
            ),
            (
                Rule::LogNotRotated,
                "/x.log: 30 h",
                "/x.log: 30 jam",
                "/x.log: 30 h",
            ),
            (
                Rule::LogNotRotated,
                "/x.log: 2 min",
                "/x.log: 2 menit",
                "/x.log: 2 min",
            ),
            (
                Rule::CredentialOld,
                "BOT_TOKEN: 400 d",
                "BOT_TOKEN: 400 hari",
                "BOT_TOKEN: 400 d",
            ),
            (
                Rule::BackupFailed,
                "no space left on device",
                "disknya penuh",
                "the disk is full",
            ),
            (
                Rule::BackupFailed,
                "writing a part: the server answered with status 503",
                "sedang terganggu di sana; biasanya pulih sendiri",
                "there is trouble on its side, which usually passes",
            ),
            (
                Rule::RemoteBehind,
                "1 · Connection refused (os error 111)",
                "perubahan yang menunggu: 1 (sambungan ditolak karena tidak ada yang menjawab di alamat itu)",
                "commits waiting: 1 (the connection is refused, since nobody answers at that address)",
            ),
            (
                Rule::DiskLow,
                "/srv/v1.2: 92 %, 1.5 GiB",
                "/srv/v1.2: 92 %, 1,5 GiB",
                "/srv/v1.2: 92 %, 1.5 GiB",
            ),
            (
                Rule::DiskFilling,
                "/: +0.5 GiB/h",
                "/: +0,5 GiB/jam",
                "/: +0.5 GiB/h",
            ),
            (Rule::CpuOverloaded, "7.3 / 2", "7,3 / 2", "7.3 / 2"),
            (Rule::ClockJumped, "+3600 s", "+3600 detik", "+3600 s"),
            (
                Rule::BotRestarting,
                "activating (auto-restart), result exit-code, exit 1, restarts 5",
                "program berhenti karena galat (kode 1)",
                "the program ended with an error (code 1)",
            ),
            (
                Rule::BotRestarting,
                "active (running), result oom-kill, exit 9, restarts 5",
                "kernel mematikannya karena memori habis",
                "the kernel killed it for want of memory",
            ),
            (
                Rule::BotRestarting,
                "active (running), result success, exit 0, restarts 5",
                "sekarang berjalan; sebabnya ada di jurnal",
                "it runs now; the journal has the cause",
            ),
            (
                Rule::BotGivenUp,
                "oom-kill (failed), exit 9",
                "kernel mematikannya karena memori habis",
                "the kernel killed it for want of memory",
            ),
            (Rule::DrillOld, "-", "belum pernah", "never"),
        ] {
            assert_eq!(detail(Language::Id, rule, stored), id);
            assert_eq!(detail(Language::En, rule, stored), en);
        }
    }

    #[test]
    fn how_the_unit_is_reads_as_a_sentence_in_both_languages() {
        for (state, id, en) in [
            (
                "active (running), result success, exit 0, restarts 0",
                "aktif",
                "running",
            ),
            (
                "active (running), result success, exit 0, restarts 2",
                "aktif, dinyalakan ulang 2 kali",
                "running, restarted 2 times",
            ),
            (
                "failed (failed), result exit-code, exit 1, restarts 5",
                "gagal: program berhenti karena galat (kode 1), dinyalakan ulang 5 kali",
                "failed: the program ended with an error (code 1), restarted 5 times",
            ),
        ] {
            assert_eq!(unit_state(Language::Id, state), id);
            assert_eq!(unit_state(Language::En, state), en);
        }
    }

    #[test]
    fn every_code_of_the_bots_health_has_words_in_both_languages() {
        let faults = [
            GatewayFault::Unreachable,
            GatewayFault::TooMany,
            GatewayFault::Refused,
            GatewayFault::Garbled,
            GatewayFault::Other,
        ];
        let commits = [
            CommitFault::Busy,
            CommitFault::Full,
            CommitFault::ReadOnly,
            CommitFault::Damaged,
            CommitFault::Moved,
            CommitFault::Other,
        ];
        // What hangs is told by name and figures.
        let ailments = Ailment::ALL.into_iter().filter(|one| *one != Ailment::Hangs);
        let codes = ailments
            .filter_map(|one| one.name().map(str::to_owned))
            .chain(faults.map(|fault| format!("{fault:?}").to_lowercase()))
            .chain(commits.map(|fault| fault.name().to_owned()));
        for word in codes {
            let told = [Language::Id, Language::En].map(|language| code(language, &word));
            assert!(told[0] != told[1] && !told.contains(&word.as_str()), "{word}");
        }
    }
}
