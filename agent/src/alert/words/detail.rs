//! What a probe adds to a rule, in the owner's words: codes, counts and units are stored as they are, and said in the
//! owner's language. What a program or the system said itself stays in its own words.

use protocol::incident::FACTS_BETWEEN;

use super::{code, phrases, sentences::sentences};
use crate::{alert::rule::Rule, config::Language};

/// Between two of several.
const BETWEEN: &str = ", ";

pub(in crate::alert) fn detail(language: Language, rule: Rule, detail: &str) -> String {
    let phrases = phrases(language);
    let [day, hour, ..] = phrases.units;
    match rule {
        Rule::BotUnhealthy | Rule::DatabaseRefuses | Rule::GatewayRefuses | Rule::PaymentsFailing => {
            let told: Vec<&str> = detail.split(BETWEEN).map(|one| code(language, one)).collect();
            told.join(BETWEEN)
        }
        Rule::QueueLagging if !detail.is_empty() => phrases.paused_queues.replace("{queues}", detail),
        Rule::RemoteBehind => {
            let (count, why) = detail.split_once(FACTS_BETWEEN).unwrap_or((detail, ""));
            let told = phrases.commits_wait.replace("{count}", count);
            if why.is_empty() {
                told
            } else {
                format!("{told}: {why}")
            }
        }
        Rule::CaptureStopped
        | Rule::ChainBroken
        | Rule::CaptureResynced
        | Rule::SpoolOverflowed
        | Rule::RemoteDamaged
        | Rule::RemoteContradicts
        | Rule::DrillFailed
        | Rule::BackupIncomplete
        | Rule::AgentBlind
        | Rule::DomainUnreachable => sentences(language, detail),
        Rule::LogNotRotated => in_unit(detail, " h", hour),
        Rule::CredentialOld => in_unit(detail, " d", day),
        _ => detail.to_owned(),
    }
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
                "menulis ke database terlalu lama, inbox: 34 s > 30 s",
                "a write to the database takes too long, inbox: 34 s > 30 s",
            ),
            (Rule::DatabaseRefuses, "full", "disk penuh", "the disk is full"),
            (Rule::GatewayRefuses, "401", "401", "401"),
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
                "3 perubahan menunggu: refused",
                "3 commits wait: refused",
            ),
            (
                Rule::LogNotRotated,
                "/x.log: 30 h",
                "/x.log: 30 jam",
                "/x.log: 30 h",
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
                "no space left on device",
                "no space left on device",
            ),
        ] {
            assert_eq!(detail(Language::Id, rule, stored), id);
            assert_eq!(detail(Language::En, rule, stored), en);
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
