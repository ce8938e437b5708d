//! Which remotes are blamed for a backup that did not reach them. While nothing outside is reached, the agent is blind: that
//! is one alert, and not one more for each remote. Their next backup, and the age of the last one, tell the rest.

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
        let blamed = match reached.any(|outcome| self.is_asked(&outcome.remote)) {
            true => failed.clone(),
            false => self.blamed(failed.clone()).await,
        };
        let spared: Vec<String> = failed.into_iter().filter(|one| !blamed.contains(one)).collect();
        stored(backup_outcome::observe(
            &self.alerts,
            &self.store,
            (taken, &spared),
            now(),
        ));
    }

    /// Hands over that there is no backup of this moment anywhere. Of a shop whose remotes all lie outside that says nothing
    /// while nothing outside is reached.
    pub(super) async fn tell_not_taken(&self, detail: &str) {
        let all = self.config.remotes.iter().map(|remote| remote.name.clone());
        if self.blamed(all.collect()).await.is_empty() {
            return;
        }
        let seen = Observation::Wrong {
            rule: Rule::BackupNotTaken,
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

    /// Those of the remotes that failed that are not just out of the agent's sight.
    pub(super) async fn blamed(&self, failed: Vec<String>) -> Vec<String> {
        let (outside, mut blamed): (Vec<String>, Vec<String>) =
            failed.into_iter().partition(|name| self.is_asked(name));
        if outside.is_empty() {
            return blamed;
        }
        let egress = watching::egress(&self.config);
        let is_open = tokio::task::spawn_blocking(move || egress.is_open()).await;
        match is_open.unwrap_or(true) {
            true => blamed.extend(outside),
            false => tracing::warn!(
                remotes = outside.join(", "),
                "they were not reached, and nothing else outside is"
            ),
        }
        blamed
    }
}
