//! Why no point can be the beginning: damage, another key, or another chain than was asked for.
//! It asks nobody.

use protocol::{object_key::PointId, time::UnixMillis};

use super::{
    Next, Refused, Request, Sources, foreign,
    goal::{Before, nothing},
    index::{self, Index, Unread},
    named_chain, unheard,
};

/// What no agent has that is known here.
fn nobody_known(request: &Request, by: Option<UnixMillis>) -> String {
    let which = request.chain.as_ref().map_or(String::new(), |chain| {
        format!(" of a chain whose name begins with {chain}")
    });
    let when = by.map_or("", |_| " from before that moment");
    format!("no restore point{which}{when} is of an agent that is known here")
}

/// The refusal where what is meant is of agents that are not known here.
fn of_others(request: &Request, before: &Before, by: Option<UnixMillis>) -> Option<Refused> {
    let foreign = before.unread.iter().filter_map(|(_, unread)| unread.foreign());
    let foreign = foreign.filter(|one| request.is_of_chain(&one.chain));
    let mut others = before
        .unread
        .iter()
        .filter(|(_, unread)| unread.foreign().is_none());
    let reason = match others.next() {
        None => nobody_known(request, by),
        Some((_, first)) => format!("{}: {}", nobody_known(request, by), first.told()),
    };
    foreign::refusal(&reason, foreign)
}

/// The refusal when nothing opens that could be meant.
pub(super) fn none_opens(
    request: &Request,
    sources: &Sources<'_>,
    index: &Index<'_>,
    before: &Before,
    by: Option<UnixMillis>,
) -> Refused {
    let points = sources.survey.points();
    if let (Some(_), true, Some(oldest)) = (by, index.points().is_empty(), points.first()) {
        let reason = format!("there is no restore point from before that moment; the oldest is {oldest}");
        return nothing(sources, reason);
    }
    if before.other_chains > 0
        && let Some(refused) = named_chain::refusal(request, sources, index, by)
    {
        return refused;
    }
    let told: Vec<&str> = before
        .unread
        .iter()
        .take(3)
        .map(|(_, unread)| unread.told())
        .collect();
    if let Some(refused) = of_others(request, before, by) {
        return refused;
    }
    // What is missing or altered says nothing about the key.
    let is_damaged = |(_, unread): &(PointId, Unread)| matches!(unread, Unread::Damaged(_));
    let all_damaged =
        before.other_chains == 0 && !before.unread.is_empty() && before.unread.iter().all(is_damaged);
    let mut reason = match all_damaged {
        true => "no restore point on the remotes that answer is whole",
        false => "no restore point on the remotes that answer opens with this key and a known signer",
    }
    .to_owned();
    if let Some(ids) = index::locked_to(&before.unread) {
        reason = format!(
            "no restore point on the remotes that answer opens with this key: they were encrypted to {ids}. \
             FINGERPRINTS.txt of the recovery kit that opens them lists that encryption key, and `gpg --show-keys \
             --keyid-format long owner.asc` shows the one of a kit that was made before"
        );
    } else if !told.is_empty() {
        reason = format!("{reason}: {}", told.join("; "));
    }
    let is_ours = |unread: &Unread| !matches!(unread, Unread::NotOurs(..));
    if let (Some(told), true) = (
        unheard::faltering(sources),
        before.unread.iter().all(|(_, unread)| is_ours(unread)),
    ) {
        return unheard::none_given(&told);
    }
    let notes = before.notes.join("; ");
    if !notes.is_empty() {
        reason = format!("{reason}; {notes}");
    }
    Refused {
        reason,
        next: match (sources.silent_remotes(), all_damaged) {
            (Some(silent), _) => Next::Advice(silent),
            (None, true) => Next::Nothing,
            (None, false) => Next::OtherKey,
        },
    }
}
