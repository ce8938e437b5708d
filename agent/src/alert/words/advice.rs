//! What to do, where more is known than the rule: whose log it is, why a database takes no writes.
//! Only words, in the owner's language; where nothing more is known, the rule's own stand.

use super::{
    en,
    faults::{NO_FILES, kind},
    id, phrases,
};
use crate::{
    alert::{rule::Rule, whose::Whose},
    config::Language,
};

/// What to do about a log whose writer is known, or that is known not to be the bot's.
pub(in crate::alert) fn log_advice(language: Language, rule: Rule, whose: &Whose) -> Option<String> {
    let advice = match language {
        Language::Id => id::of_log(rule)?,
        Language::En => en::of_log(rule)?,
    };
    let phrases = phrases(language);
    let restart = match whose {
        Whose::Bot => return Some(advice.bots.to_owned()),
        Whose::Program(name) if name.ends_with(".service") => phrases.restart_unit.replace("{writer}", name),
        Whose::Program(name) => phrases.restart_program.replace("{writer}", name),
        Whose::Another => phrases.restart_holder.to_owned(),
    };
    Some(advice.anothers.replace("{restart}", &restart))
}

/// What to do about a cause that is known, of a rule that may have several; `detail` begins with the code of a refusal.
pub(in crate::alert) fn advice_on_cause(
    language: Language,
    rule: Rule,
    detail: &str,
) -> Option<&'static str> {
    match (rule, language) {
        (Rule::DatabaseRefuses, Language::Id) => id::on_refusal(code_of(detail)),
        (Rule::DatabaseRefuses, Language::En) => en::on_refusal(code_of(detail)),
        (Rule::BackupNotTaken, Language::Id) if was_killed(detail) => Some(id::BACKUP_KILLED),
        (Rule::BackupNotTaken, Language::En) if was_killed(detail) => Some(en::BACKUP_KILLED),
        (Rule::BackupNotTaken, Language::Id) => is_full(detail).then_some(id::BACKUP_WITHOUT_ROOM),
        (Rule::BackupNotTaken, Language::En) => is_full(detail).then_some(en::BACKUP_WITHOUT_ROOM),
        (Rule::DrillFailed, Language::Id) => was_killed(detail).then_some(id::DRILL_KILLED),
        (Rule::DrillFailed, Language::En) => was_killed(detail).then_some(en::DRILL_KILLED),
        (Rule::BackupFailed, Language::Id) => detail.contains(NO_FILES).then_some(id::BACKUP_WITHOUT_FILES),
        (Rule::BackupFailed, Language::En) => detail.contains(NO_FILES).then_some(en::BACKUP_WITHOUT_FILES),
        _ => None,
    }
}

/// Where a way to the owner fails: at what is not its settings, or at the one of them that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnTheWay {
    /// Nobody answers at that address.
    Nobody,
    /// The line there, or the name of the address.
    Line,
    /// The secure connection.
    Tls,
    /// The service itself, and that passes.
    Service,
    /// The key or password, which the service refuses.
    Secret,
}

/// What is said of each, by one of its kind.
const ON_THE_WAY: [(OnTheWay, &str); 12] = [
    (OnTheWay::Nobody, "connection refused"),
    (OnTheWay::Line, "dns error"),
    (OnTheWay::Line, "no route to host"),
    (OnTheWay::Line, "connection reset"),
    (OnTheWay::Line, "timed out"),
    (OnTheWay::Tls, "certificate has expired"),
    (OnTheWay::Tls, "not valid for name"),
    (OnTheWay::Tls, "unknown issuer"),
    (OnTheWay::Tls, "handshake"),
    (OnTheWay::Service, "too many requests"),
    (OnTheWay::Service, "service unavailable"),
    (OnTheWay::Secret, "unauthorized"),
];

/// What to do about a way that fails for a reason that is known; `name` is its own, and `detail` what it said.
pub(in crate::alert) fn way_advice(
    language: Language,
    rule: Rule,
    (name, detail): (&str, &str),
) -> Option<&'static str> {
    let found = kind(detail).filter(|_| rule == Rule::ChannelBroken)?;
    let is_found = |said: &str| kind(said).is_some_and(|one| std::ptr::eq(one, found));
    let (cause, _) = ON_THE_WAY.into_iter().find(|(_, said)| is_found(said))?;
    Some(match language {
        Language::Id => id::of_way_on(name, cause),
        Language::En => en::of_way_on(name, cause),
    })
}

fn code_of(detail: &str) -> &str {
    detail.split_once(", ").map_or(detail, |(code, _)| code)
}

/// As `app::died` says it.
fn was_killed(detail: &str) -> bool {
    detail.contains("(SIGKILL)")
}

/// As the system says it.
fn is_full(detail: &str) -> bool {
    detail.to_lowercase().contains("no space left on device")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_that_found_no_room_is_no_matter_for_a_check() {
        let full = "staging base/1: No space left on device (os error 28)";
        for language in [Language::Id, Language::En] {
            let advice = |detail| advice_on_cause(language, Rule::BackupNotTaken, detail);
            assert!(advice(full).unwrap().contains("df -h"));
            assert_eq!(advice("the key is gone"), None);
            let killed = "the process that was to do it was killed (SIGKILL), as the system does where memory is used up";
            assert!(advice(killed).unwrap().contains("free -h"));
            let drill = advice_on_cause(language, Rule::DrillFailed, killed).unwrap();
            assert!(drill.contains("free -h") && drill.contains("agent drill --remote {object}"));
        }
    }

    #[test]
    fn a_remote_without_inodes_is_told_to_lack_files_and_not_room() {
        let detail = "its disk can hold no more files, however much room there is";
        for language in [Language::Id, Language::En] {
            let advice = |detail| advice_on_cause(language, Rule::BackupFailed, detail);
            assert!(advice(detail).unwrap().contains("du --inodes"));
            assert_eq!(advice("No space left on device (os error 28)"), None);
        }
    }

    #[test]
    fn a_way_that_is_not_reached_is_no_matter_of_its_settings_and_one_that_refuses_is() {
        for language in [Language::Id, Language::En] {
            for name in ["telegram", "push"] {
                let advice = |detail| way_advice(language, Rule::ChannelBroken, (name, detail));
                let refused = advice("error sending request: Connection refused (os error 111)").unwrap();
                assert!(refused.contains("firewall"), "{refused}");
                assert!(
                    advice("dns error: failed to lookup address")
                        .unwrap()
                        .contains("resolvectl")
                );
                assert_eq!(advice("No route to host (os error 113)"), advice("dns error"));
                assert!(
                    advice("invalid peer certificate: UnknownIssuer")
                        .unwrap()
                        .contains("openssl")
                );
                let trouble = advice("status 503").unwrap();
                assert!(!trouble.contains("agent.toml"), "{trouble}");
                let secret = advice("401 Unauthorized").unwrap();
                let first = secret
                    .find("OWNER_BOT_TOKEN")
                    .or(secret.find("password"))
                    .or(secret.find("kata sandi"));
                assert!(first.is_some() && !secret.contains("Start"), "{secret}");
                for settings in ["403 Forbidden", "status 404", "said nothing"] {
                    assert_eq!(advice(settings), None, "{settings}");
                }
            }
        }
        let other = way_advice(Language::En, Rule::HeartbeatUnreached, ("url", "dns error"));
        assert_eq!(other, None);
    }
}
