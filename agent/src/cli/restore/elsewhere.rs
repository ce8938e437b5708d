//! What a refusal of one remote leaves open: whether the others have what was asked for, which is said with the command
//! that takes it from them.
//! It only looks: nothing is fetched of the shop, and whoever does not answer is passed over.

use super::{Arguments, asked::request, cores, known_here, refusals::command_on_all, whose};
use crate::{
    backup::seal::Keys,
    cli::{Failure, remotes},
    config::Config,
    restore::{self, Sources},
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
    pub(super) async fn told(&self, failure: Failure, found: Found) -> Failure {
        let asked = self.arguments.remote.as_deref();
        let asked = asked.filter(|_| self.config.remotes.len() > 1);
        let (Some(asked), Failure::Failed(error)) = (asked, &failure) else {
            return failure;
        };
        let more = match self.can_be_had(asked, found).await {
            true => format!(
                "{asked} alone does not have what you asked for; with the other remotes, by their lists, it is there. To take \
                 it from all of them:\n  {}",
                command_on_all(self.arguments)
            ),
            false => format!("Nor is it there without --remote {asked}, on the remotes that answer."),
        };
        Failure::Failed(anyhow::anyhow!("{error:#}\n{more}"))
    }

    async fn can_be_had(&self, asked: &str, found: Found) -> bool {
        let (arguments, config) = (self.arguments, self.config);
        let Ok(mut opened) = remotes::open(config, None) else {
            return false;
        };
        let Ok(mut request) = request(arguments, None, config, known_here(config)) else {
            return false;
        };
        request.wants_offer = false;
        let mut survey = remotes::survey(&mut opened).await;
        if found == Found::Damaged {
            opened.usable.retain(|remote| remote.name() != asked);
            survey.holdings.retain(|(remote, _)| remote != asked);
        }
        let trust = whose::gathered((arguments, config), (&opened.usable, &survey), &mut Vec::new()).await;
        let Ok(mut trust) = trust else { return false };
        let (there, cores) = ((opened.usable.as_slice(), &survey), cores());
        whose::with_line(&mut trust, there, (self.keys, &cores)).await;
        let sources = Sources {
            remotes: &opened.usable,
            survey: &survey,
            keys: self.keys,
            signers: &trust.signers,
            cores: &cores,
        };
        restore::plan(request, &sources).await.is_ok()
    }
}
