//! Which remotes are blamed for a backup that did not reach them. While nothing outside is reached, the agent is blind: that
//! is one alert, and not one more for each remote. Their next backup, and the age of the last one, tell the rest.
//! It ends no alert, and takes no backup.

use super::{Backups, now, stored};
use crate::{
    alert::rule::{Observation, Rule},
    app::watching,
    backup::Taken,
    watch::backup_outcome,
};

impl Backups {
    /// Hands the outcome of a backup to the alerts.
    pub(super) async fn observe(&self, taken: &Taken) {
        let failed = taken.remotes.iter().filter(|outcome| outcome.error.is_some());
        let failed: Vec<String> = failed.map(|outcome| outcome.remote.clone()).collect();
        let mut reached = taken.remotes.iter().filter(|outcome| outcome.error.is_none());
        // Who has just reached one of them is not blind.
        let spared = match reached.any(|outcome| self.is_asked(&outcome.remote)) {
            true => Vec::new(),
            false => self.out_of_sight(&failed).await,
        };
        stored(backup_outcome::observe(
            &self.alerts,
            &self.store,
            (taken, &spared),
            now(),
        ));
    }

    /// Hands over that there is no backup of this moment anywhere. Of a shop whose remotes all lie outside that says nothing
    /// while nothing outside is reached.
    pub(super) async fn tell_not_taken(&self, rule: Rule, detail: &str) {
        let all = self.config.remotes.iter().map(|remote| remote.name.clone());
        let all: Vec<String> = all.collect();
        if !all.is_empty() && self.out_of_sight(&all).await == all {
            return;
        }
        let seen = Observation::Wrong {
            rule,
            detail: detail.to_owned(),
        };
        stored(self.alerts.observe(&backup_outcome::whole(), seen, now()));
    }

    /// Whether the way to this remote is among those by which the agent knows whether it is blind: no folder is, and nothing
    /// whose address OpenDAL knows by itself.
    fn is_asked(&self, name: &str) -> bool {
        let mut remotes = self.config.remotes.iter();
        remotes.any(|remote| remote.name == name && remote.options.contains_key("endpoint"))
    }

    /// Those of the remotes that failed of which nothing more is known than that the agent is blind.
    pub(super) async fn out_of_sight(&self, failed: &[String]) -> Vec<String> {
        let asked: Vec<String> = failed
            .iter()
            .filter(|name| self.is_asked(name))
            .cloned()
            .collect();
        if asked.is_empty() {
            return asked;
        }
        let egress = watching::egress(&self.config);
        let is_open = tokio::task::spawn_blocking(move || egress.is_open()).await;
        if is_open.unwrap_or(true) {
            return Vec::new();
        }
        tracing::warn!(
            remotes = asked.join(", "),
            "they were not reached, and nothing else outside is"
        );
        asked
    }
}
