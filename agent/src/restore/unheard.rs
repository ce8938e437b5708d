//! What a refusal may say of remotes that did not answer, or not about everything: nothing is known of what they hold,
//! so that neither the key nor a backup is to blame.
//! It asks nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::{Next, Refused, Request, Sources};
use crate::backup::remote::Remote;

/// What helps against a line that fails.
const ADVICE: &str = "Try again, or another remote (--remote NAME, or none to ask all of them)";

/// No remote answered at all.
pub(super) fn nobody(sources: &Sources<'_>) -> Refused {
    Refused {
        reason: format!(
            "{}: nothing is known about the backups there",
            silent(sources).join("; ")
        ),
        next: Next::Advice(ADVICE.to_owned()),
    }
}

/// Remotes that listed something and did not give it, each in a sentence.
pub(super) fn faltering(sources: &Sources<'_>) -> Option<String> {
    let told = faltering_of(sources).filter_map(|remote| {
        let why = remote.failures().into_iter().next()?;
        Some(format!("{} did not give its backups ({why})", remote.name()))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// Remotes that listed something and did not give it.
pub(super) fn faltering_of<'a>(sources: &'a Sources<'_>) -> impl Iterator<Item = &'a Remote> {
    let is_silent = |remote: &Remote| {
        let mut silent = sources.survey.silent.iter();
        silent.any(|(name, _)| name == remote.name())
    };
    let remotes = sources.remotes.iter();
    remotes.filter(move |remote| !is_silent(remote) && !remote.failures().is_empty())
}

/// What is added where something was left out that a remote which does not answer may prove; nothing where all answer.
pub(super) fn may_hold_more(sources: &Sources<'_>) -> String {
    let silent: Vec<&str> = sources
        .survey
        .silent
        .iter()
        .map(|(remote, _)| &**remote)
        .collect();
    match silent.is_empty() {
        true => String::new(),
        false => format!(
            ". {} may hold an intact copy, or more of it, and did not answer: where that is yours, wait until it does",
            silent.join(" and ")
        ),
    }
}

/// That a remote was not asked, on a machine that does not know by itself what it was sent.
pub(super) fn not_asked(request: &Request, sources: &Sources<'_>) -> Option<String> {
    let unasked = &sources.survey.unasked;
    let (were, them) = match unasked.as_slice() {
        [] => return None,
        [_] => ("was", "it is"),
        _ => ("were", "they are"),
    };
    request.known.is_empty().then(|| {
        format!(
            "{} {were} not asked, and may hold more: IT MAY BE NEWER than what you get. Without --remote {them} asked too",
            unasked.join(" and ")
        )
    })
}

/// No point opens, and somebody did not give his: that says nothing about the key.
pub(super) fn none_given(told: &str) -> Refused {
    Refused {
        reason: format!("{told}: nothing is known about them"),
        next: Next::Advice(ADVICE.to_owned()),
    }
}

/// A refusal that claims no more than those that answered, and hold anything, have shown.
pub(super) fn weigh(refused: Refused, sources: &Sources<'_>) -> Refused {
    let Refused { mut reason, next } = refused;
    for unfilled in sources.survey.in_doubt() {
        if !reason.contains(&unfilled.told) {
            reason = format!("{reason}; {}, and what is missing may be there", unfilled.told);
        }
    }
    let refused = Refused { reason, next };
    let mut unheard = silent(sources);
    unheard.extend(faltering(sources));
    if unheard.is_empty() {
        return refused;
    }
    let unheard = unheard.join("; ");
    let Refused { reason, next } = refused;
    match next {
        Next::Nothing => Refused {
            reason,
            next: Next::Advice(format!("{unheard}: what else is there was not tried. {ADVICE}")),
        },
        Next::Point { .. } | Next::Commit { .. } | Next::Chain(_) | Next::OtherKey | Next::Trust(_)
            if !reason.contains(&unheard) =>
        {
            Refused {
                reason: format!("{reason}; {unheard}: once it does, there may be more"),
                next,
            }
        }
        next => Refused { reason, next },
    }
}

fn silent(sources: &Sources<'_>) -> Vec<String> {
    sources.silent_remotes().into_iter().collect()
}

/// Where what these remotes have can be had, as the end of a sentence: whoever is not asked is as silent as whoever does
/// not answer, and is to blame for nothing.
pub(super) fn whereabouts(request: &Request, sources: &Sources<'_>, remotes: &BTreeSet<&str>) -> String {
    let told = why_unheard(request, sources, remotes)
        .into_iter()
        .map(|(why, remotes)| {
            let (one, several) = why.told();
            let does = if remotes.len() == 1 { one } else { several };
            format!("{}, which {does}", remotes.join(" and "))
        });
    told.collect::<Vec<_>>().join(", and ")
}

/// What gets it from there.
pub(super) fn remedy(request: &Request, sources: &Sources<'_>, remotes: &BTreeSet<&str>) -> String {
    let told = why_unheard(request, sources, remotes)
        .into_iter()
        .map(|(why, remotes)| match why {
            Why::Silent => "Try again once it answers".to_owned(),
            Why::Unasked => "Without --remote it is asked too".to_owned(),
            Why::Unconfigured => format!("With [remotes.{}] in agent.toml it is asked", remotes[0]),
        });
    told.collect::<Vec<_>>().join(". ")
}

/// Why nothing was heard of a remote.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    Silent,
    Unasked,
    Unconfigured,
}

impl Why {
    fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Silent => ("does not answer", "do not answer"),
            Self::Unasked => ("was not asked", "were not asked"),
            Self::Unconfigured => ("is not configured any more", "are not configured any more"),
        }
    }
}

fn why_unheard<'r>(
    request: &Request,
    sources: &Sources<'_>,
    remotes: &BTreeSet<&'r str>,
) -> BTreeMap<Why, Vec<&'r str>> {
    let mut by_reason: BTreeMap<Why, Vec<&str>> = BTreeMap::new();
    for remote in remotes {
        let is_silent = sources.survey.silent.iter().any(|(name, _)| name == remote);
        let is_elsewhere = request.elsewhere.iter().any(|one| one.remote == *remote);
        let why = match (is_silent, is_elsewhere) {
            (true, _) => Why::Silent,
            (false, true) => Why::Unasked,
            (false, false) => Why::Unconfigured,
        };
        by_reason.entry(why).or_default().push(remote);
    }
    by_reason
}

impl Sources<'_> {
    /// Whether a remote of the shop's was heard of nothing: it may hold what the others lack.
    pub(super) fn is_partial(&self) -> bool {
        !self.survey.silent.is_empty() || !self.survey.unasked.is_empty()
    }

    /// Whether a remote answered with its list.
    pub(super) fn answers(&self, remote: &str) -> bool {
        self.survey.holdings.iter().any(|(name, _)| name == remote)
    }

    /// What is said of an object that a remote does not list: one that gave no list says nothing by that.
    pub(super) fn unlisted(&self, remote: &str) -> &'static str {
        let mut silent = self.survey.silent.iter();
        match silent.any(|(name, _)| name == remote) {
            true => "nothing is known, since it does not answer",
            false => "it is missing",
        }
    }

    /// Those that did not answer, and why, in a sentence.
    pub(super) fn silent_remotes(&self) -> Option<String> {
        let all: Vec<String> = self
            .survey
            .silent
            .iter()
            .map(|(remote, why)| format!("the remote {remote} does not answer ({why})"))
            .collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
