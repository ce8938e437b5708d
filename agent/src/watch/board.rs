//! How everything that is watched stands at this moment, and what cannot be known: for `/health`, the console and the
//! status page.
//! In memory only: after a restart it fills again within a cycle. It raises no alert.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use protocol::time::UnixMillis;

use super::probe::{Finding, Verdict};
use crate::alert::rule::{AlertKey, Observation};

/// More things than any shop's server has to watch.
const STANDINGS_MAX: usize = 500;

/// The newest look at everything. Cheap to clone.
#[derive(Clone, Default)]
pub struct Board(Arc<Mutex<BTreeMap<String, Standing>>>);

/// How one thing stood when it was looked at last.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// When.
    pub at: UnixMillis,
    /// The figure, where it is about one.
    pub value: Option<f64>,
    /// What was seen besides the figure.
    pub detail: Option<String>,
    /// Why it cannot be known, when it cannot.
    pub unknown: Option<String>,
}

impl Board {
    /// Takes in one finding.
    pub fn note(&self, finding: &Finding, at: UnixMillis) {
        let (value, detail, unknown) = match &finding.verdict {
            Verdict::Known(Observation::Measured { value, detail, .. })
            | Verdict::Early(Observation::Measured { value, detail, .. }) => {
                (Some(*value), Some(detail.clone()), None)
            }
            Verdict::Known(_) | Verdict::Early(_) => (None, None, None),
            Verdict::Unknown(why) => (None, None, Some(why.clone())),
        };
        let mut standings = self.lock();
        if standings.len() < STANDINGS_MAX || standings.contains_key(finding.key.as_str()) {
            let standing = Standing {
                at,
                value,
                detail,
                unknown,
            };
            standings.insert(finding.key.to_string(), standing);
        }
    }

    /// A thing of which nothing is said any more.
    pub fn forget(&self, key: &AlertKey) {
        self.lock().remove(key.as_str());
    }

    /// Everything, by its key.
    #[must_use]
    pub fn standings(&self) -> BTreeMap<String, Standing> {
        self.lock().clone()
    }

    /// What cannot be known, by its key, with the reason.
    #[must_use]
    pub fn unknown(&self) -> BTreeMap<String, String> {
        let unknown = |(key, standing): (&String, &Standing)| Some((key.clone(), standing.unknown.clone()?));
        self.lock().iter().filter_map(unknown).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Standing>> {
        // Each change is one insertion or removal.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
