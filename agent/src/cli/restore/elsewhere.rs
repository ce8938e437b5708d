//! What a refusal of one remote leaves open: whether the others have what was asked for, which is said with the command
//! that takes it from them.
//! It only looks: nothing is fetched of the shop, and whoever does not answer is passed over.

use super::{
    Arguments,
    asked::request,
    cores, known_here,
    refusals::{self, Unfit, command_on_all},
    whose,
};
use crate::{
    backup::seal::Keys,
    cli::{Failure, remotes},
    config::Config,
    restore::{self, Next, Refused, Sources},
};

/// When the remote that was asked for failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// By its list: what it lacks may complete what it has.
    Lacking,
    /// When what it lists was fetched: the others must have all of it.
    Damaged,
}

/// Who asks.
pub(super) struct Elsewhere<'a> {
    pub arguments: &'a Arguments,
    pub config: &'a Config,
    pub keys: &'a Keys,
}

impl<'a> Elsewhere<'a> {
    pub(super) fn of(arguments: &'a Arguments, config: &'a Config, keys: &'a Keys) -> Self {
        Self {
            arguments,
            config,
            keys,
        }
    }

    /// The failure, and what the other remotes have where only one was asked.
    pub(super) async fn told(&self, unfit: Unfit, found: Found) -> Failure {
        let asked = self.arguments.remote.as_deref();
        let asked = asked.filter(|_| self.config.remotes.len() > 1);
        let (Some(asked), Failure::Failed(error)) = (asked, &unfit.failure) else {
            return unfit.failure;
        };
        let more = match self.planned(asked, found).await {
            Some(Ok(())) => format!(
                "{asked} alone does not have what you asked for; with the other remotes, by their lists, it is there. To take \
                 it from all of them:\n  {}",
                command_on_all(self.arguments)
            ),
            other => {
                let nearer = other.and_then(Result::err).and_then(|refused| {
                    is_nearer(&refused.next, unfit.offer.as_ref()?)
                        .then(|| refusals::next(&refused.next, (self.arguments, None), self.config))
                });
                let nearer =
                    nearer.map(|next| format!("\nNearer to it is what the other remotes hold. {next}"));
                format!(
                    "Nor is it there without --remote {asked}, on the remotes that answer.{}",
                    nearer.unwrap_or_default()
                )
            }
        };
        Failure::Failed(anyhow::anyhow!("{error:#}\n{more}"))
    }

    /// The same question to all remotes, or to the others alone; `None` where it cannot be asked.
    async fn planned(&self, asked: &str, found: Found) -> Option<Result<(), Refused>> {
        let (arguments, config) = (self.arguments, self.config);
        let mut opened = remotes::open(config, None).ok()?;
        let request = request(arguments, None, config, known_here(config)).ok()?;
        let mut survey = remotes::survey(&mut opened).await;
        if found == Found::Damaged {
            opened.usable.retain(|remote| remote.name() != asked);
            survey.holdings.retain(|(remote, _)| remote != asked);
        }
        let trust = whose::gathered((arguments, config), (&opened.usable, &survey), &mut Vec::new()).await;
        let mut trust = trust.ok()?;
        let (there, cores) = ((opened.usable.as_slice(), &survey), cores());
        whose::with_line(&mut trust, there, (self.keys, &cores)).await;
        let sources = Sources {
            remotes: &opened.usable,
            survey: &survey,
            keys: self.keys,
            signers: &trust.signers,
            cores: &cores,
        };
        Some(restore::plan(request, &sources).await.map(drop))
    }
}

/// Whether this is closer to what was asked for than what the one remote offers.
fn is_nearer(found: &Next, own: &Next) -> bool {
    let state = |next: &Next| match next {
        Next::Point { beside, .. } | Next::Commit { beside, .. } => Some(*beside),
        _ => None,
    };
    match (state(found), state(own), own) {
        (Some(found), Some(own), _) => found
            .zip(own)
            .is_some_and(|(found, own)| found.is_nearer_than(&own)),
        (Some(_), None, Next::Nothing | Next::OtherKey | Next::Advice(_)) => true,
        _ => false,
    }
}
