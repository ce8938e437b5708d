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

/// What to do about a cause that is known, of a rule that may have several; `detail` begins with its code.
pub(in crate::alert) fn advice_on_cause(
    language: Language,
    rule: Rule,
    detail: &str,
) -> Option<&'static str> {
    let code = detail
        .split(", ")
        .next()
        .filter(|_| rule == Rule::DatabaseRefuses)?;
    match language {
        Language::Id => id::on_refusal(code),
        Language::En => en::on_refusal(code),
    }
}
