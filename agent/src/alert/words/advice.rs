//! What to do, where more is known than the rule: whose log it is, why a database takes no writes.
//! Only words, in the owner's language; where nothing more is known, the rule's own stand.

use super::{en, id, phrases};
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
        (Rule::BackupNotTaken, Language::Id) => is_full(detail).then_some(id::BACKUP_WITHOUT_ROOM),
        (Rule::BackupNotTaken, Language::En) => is_full(detail).then_some(en::BACKUP_WITHOUT_ROOM),
        _ => None,
    }
}

fn code_of(detail: &str) -> &str {
    detail.split_once(", ").map_or(detail, |(code, _)| code)
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
        }
    }
}
