//! What a rule means and what to do about it, where no alert is at hand: for `/runbook` and the button under an alert.
//! Only words; docs/RUNBOOK says more.

use super::{
    message::Voice,
    role::Role,
    rule::Rule,
    text::{ends, icon},
    words::{phrases, reported, wording, wording_of},
};

impl Voice {
    /// Advice with the names that things have here.
    pub(super) fn in_place(&self, text: &str) -> String {
        text.replace("{unit}", &self.unit)
            .replace("{database}", &self.database)
    }
}

/// What a rule means and what to do about it, or what a report of the bot's does, where no alert is at hand. `None`
/// for a name that is neither.
#[must_use]
pub fn explained(voice: &Voice, name: &str) -> Option<String> {
    let fill = |text: &str| {
        voice
            .in_place(text)
            .replace("{object}", "…")
            .replace("{host}", "…")
            .replace("{ends}", &ends(voice.language, None))
    };
    let phrases = phrases(voice.language);
    let Some(rule) = Rule::named(name) else {
        let words = reported(voice.language, name)?;
        let (means, todo) = (fill(words.means), fill(words.todo));
        return Some(format!(
            "{}\n\n{}: {means}\n\n{}: {todo}",
            words.headline, phrases.means, phrases.todo
        ));
    };
    let words = wording(voice.language, rule);
    Some(format!(
        "{} {}\n\n{}: {}{}\n\n{}: {}",
        icon(rule.severity()),
        fill(words.headline),
        phrases.means,
        fill(words.means),
        on_other_disks(voice, rule),
        phrases.todo,
        fill(words.todo),
    ))
}

/// What a rule about disks means for each that is not the shop's own; nothing for another rule.
fn on_other_disks(voice: &Voice, rule: Rule) -> String {
    let phrases = phrases(voice.language);
    let usual = wording(voice.language, rule).means;
    let others = Role::ALL[1..].iter().zip(phrases.only_on_disk);
    others
        .map(|(role, when)| {
            (
                when,
                wording_of(voice.language, rule, role.key("disk", "").as_str()).means,
            )
        })
        .filter(|(_, means)| *means != usual)
        .map(|(when, means)| format!("\n\n{when}: {means}"))
        .collect()
}
