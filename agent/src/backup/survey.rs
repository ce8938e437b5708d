//! What the remotes really hold, by their own listings, joined with what is known about each restore point.
//! Names on a remote are believed only when they are exactly the names of this program's objects.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures_util::stream::{self, StreamExt};
use jiff::{Timestamp, civil, tz::TimeZone};
use protocol::{
    chain::ChainId,
    manifest::{Manifest, Object},
    object_key::{self, Fingerprint, PointId, SegmentName},
    time::UnixMillis,
};
use tokio::time::timeout;

use super::{
    remote::{Remote, RemoteError},
    unfilled::Unfilled,
};

/// Remotes that are asked at the same time.
const AT_ONCE: usize = 8;

/// Every name on one remote, with its size.
pub type Names = BTreeMap<String, u64>;

/// The remotes' own words.
#[derive(Default)]
pub struct Survey {
    /// What each remote that answered holds, in the order asked.
    pub holdings: Vec<(String, Names)>,
    /// Each remote that could not be opened or did not answer, and why.
    pub silent: Vec<(String, String)>,
    /// Those that are configured and were not asked, since another one was named.
    pub unasked: Vec<String>,
    /// Those that answered and hold nothing, on a machine whose agent never wrote to any.
    pub unfilled: Vec<Unfilled>,
}

/// A list that is older than this when the last remote has answered, or was given up, is asked for again: what was sent
/// meanwhile is to be in it.
const LISTED_AGAIN: Duration = Duration::from_secs(3);

impl Survey {
    /// Where something is that none of these remotes lists: a remote that was not asked may hold it.
    #[must_use]
    pub fn nowhere(&self) -> String {
        if self.unasked.is_empty() {
            return "on no remote that answers".to_owned();
        }
        let asked = self.holdings.iter().map(|(remote, _)| remote);
        let asked: Vec<&str> = asked.map(String::as_str).collect();
        format!("on no remote that was asked ({} alone)", asked.join(", "))
    }
}

/// Asks every remote for its list; `unusable` are those that could not even be opened, and why.
pub async fn ask(remotes: &[Remote], unusable: Vec<(String, String)>) -> Survey {
    ask_telling(remotes, unusable, &|_| {}).await
}

/// The same; `waits` hears once of those that have not answered when that takes long.
pub async fn ask_telling(
    remotes: &[Remote],
    unusable: Vec<(String, String)>,
    waits: &(dyn Fn(&[&str]) + Sync),
) -> Survey {
    let open: Mutex<Vec<&str>> = Mutex::new(remotes.iter().map(Remote::name).collect());
    let asking = at_once(remotes, |remote| {
        let open = &open;
        async move {
            let found = names(remote).await;
            lock(open).retain(|name| *name != remote.name());
            (found, Instant::now())
        }
    });
    let mut asking = pin!(asking);
    let answers = match timeout(LISTED_AGAIN, &mut asking).await {
        Ok(answers) => answers,
        Err(_) => {
            let silent = lock(&open).clone();
            waits(&silent);
            asking.await
        }
    };
    let mut survey = Survey {
        holdings: Vec::new(),
        silent: unusable,
        unasked: Vec::new(),
        unfilled: Vec::new(),
    };
    for (remote, (answer, at)) in remotes.iter().zip(answers) {
        match answer {
            Ok(found) => {
                let found = match at.elapsed() < LISTED_AGAIN {
                    true => found,
                    // It has answered: what it said then still counts when it does not do so again.
                    false => names(remote).await.unwrap_or(found),
                };
                survey.holdings.push((remote.name().to_owned(), found));
            }
            Err(error) => survey.silent.push((remote.name().to_owned(), error.to_string())),
        }
    }
    survey
}

/// A panic elsewhere leaves names that are still true.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks all of them at the same time, a few at once: one that is silent must not delay the others' answers. The answers
/// come in the remotes' order.
pub async fn at_once<'a, T, F>(remotes: &'a [Remote], ask: impl Fn(&'a Remote) -> F) -> Vec<T>
where
    F: Future<Output = T>,
{
    stream::iter(remotes.iter().map(ask))
        .buffered(AT_ONCE)
        .collect()
        .await
}

/// Where objects lie.
const FOLDERS: [&str; 6] = [
    object_key::CERTS,
    object_key::BASES,
    object_key::DELTAS,
    object_key::FILES,
    object_key::MANIFESTS,
    object_key::SEGMENTS,
];

pub(super) async fn names(remote: &Remote) -> Result<Names, RemoteError> {
    let mut names = Names::new();
    for folder in FOLDERS {
        names.extend(remote.list(folder).await?);
    }
    Ok(names)
}

impl Survey {
    /// Whether anything of a backup lies on the remote of that name.
    #[must_use]
    pub fn holds_any(&self, remote: &str) -> bool {
        let mut holdings = self.holdings.iter();
        holdings.any(|(name, names)| name == remote && !names.is_empty())
    }

    /// Every point of which at least one remote holds the manifest, newest last.
    #[must_use]
    pub fn points(&self) -> BTreeSet<PointId> {
        let names = self.holdings.iter().flat_map(|(_, names)| names.keys());
        names
            .filter_map(|name| Some(object_key::point_of_manifest(name)?.0))
            .collect()
    }

    /// Every point of which at least one remote holds a part of the database, with a manifest or without.
    #[must_use]
    pub fn points_in_parts(&self) -> BTreeSet<PointId> {
        let names = self.holdings.iter().flat_map(|(_, names)| names.keys());
        names.filter_map(|name| Some(object_key::part(name)?.0)).collect()
    }

    /// Whose certificates one remote lists.
    #[must_use]
    pub fn signers_on(&self, remote: &str) -> Vec<Fingerprint> {
        let holdings = self.holdings.iter().filter(|(name, _)| name == remote);
        let names = holdings.flat_map(|(_, names)| names.keys());
        names
            .filter_map(|name| object_key::fingerprint_of_cert(name))
            .collect()
    }

    /// Every segment of a chain that at least one remote lists.
    #[must_use]
    pub fn segments(&self, chain: &ChainId) -> BTreeSet<SegmentName> {
        let folder = object_key::segments_of(chain);
        let of_chain = |names: &Names| -> Vec<SegmentName> {
            let names = names.range(folder.clone()..).map(|(name, _)| name);
            let names = names.take_while(|name| name.starts_with(&folder));
            names.filter_map(|name| SegmentName::parse(name)).collect()
        };
        self.holdings
            .iter()
            .flat_map(|(_, names)| of_chain(names))
            .collect()
    }

    /// Every segment of every chain that at least one remote lists, with its size there.
    #[must_use]
    pub fn all_segments(&self) -> BTreeMap<SegmentName, u64> {
        let all = self.holdings.iter().flat_map(|(_, names)| names);
        all.filter_map(|(name, size)| Some((SegmentName::parse(name)?, *size)))
            .collect()
    }

    /// How many bytes an object has on one remote, by its list.
    #[must_use]
    pub fn size_on(&self, remote: &str, key: &str) -> Option<u64> {
        let mut holdings = self.holdings.iter().filter(|(name, _)| name == remote);
        holdings.find_map(|(_, names)| names.get(key).copied())
    }

    /// How many bytes an object has on the first remote that lists it; 0 when none does.
    #[must_use]
    pub fn size_of(&self, key: &str) -> u64 {
        let mut holdings = self.holdings.iter();
        holdings
            .find_map(|(_, names)| names.get(key).copied())
            .unwrap_or(0)
    }

    /// The remotes that hold a manifest of the point.
    pub fn holders(&self, point: &PointId) -> impl Iterator<Item = (&str, &Names)> {
        let holding = self
            .holdings
            .iter()
            .filter(|(_, names)| manifests_of(names, point).next().is_some());
        holding.map(|(remote, names)| (remote.as_str(), names))
    }

    /// The names of every manifest of the point that a remote lists. More than one means that somebody put one there:
    /// the one that fits the digest in its name counts.
    #[must_use]
    pub fn manifests_of(&self, point: &PointId) -> BTreeSet<&str> {
        let all = self.holdings.iter().map(|(_, names)| names);
        all.flat_map(|names| manifests_of(names, point)).collect()
    }

    /// Whether an object is somewhere with the size that it must have.
    #[must_use]
    pub fn is_held(&self, object: &Object) -> bool {
        let mut holdings = self.holdings.iter();
        holdings.any(|(_, names)| names.get(&object.key) == Some(&object.size_bytes))
    }
}

/// The manifests of a point that one remote lists.
pub fn manifests_of<'a>(names: &'a Names, point: &PointId) -> impl Iterator<Item = &'a str> {
    let prefix = object_key::manifest_prefix(point);
    names
        .range(prefix.clone()..)
        .map(|(name, _)| name.as_str())
        .take_while(move |name| name.starts_with(&prefix))
        .filter(|name| object_key::point_of_manifest(name).is_some())
}

/// What a remote lacks of a point, one sentence an object; empty when it holds all of it in the right sizes.
#[must_use]
pub fn lacking(names: &Names, manifest: &Manifest) -> Vec<String> {
    let wrong = manifest
        .objects()
        .filter_map(|object| match names.get(&object.key) {
            None => Some(format!("{} is missing", object.key)),
            Some(size) if *size != object.size_bytes => Some(format!(
                "{} has {size} of {} bytes",
                object.key, object.size_bytes
            )),
            Some(_) => None,
        });
    wrong.collect()
}

/// The names under which a remote lists a point's database parts, in order: all that is known without a manifest.
pub fn listed_parts<'a>(names: &'a Names, point: &PointId) -> impl Iterator<Item = (&'a String, &'a u64)> {
    let point = point.clone();
    names
        .iter()
        .filter(move |(name, _)| object_key::part(name).is_some_and(|(of, _)| of == point))
}

/// With what the names of the manifests begin of all points of this moment's day, in UTC; `None` for no moment of any calendar.
#[must_use]
pub fn manifests_of_day(at: UnixMillis) -> Option<String> {
    let at = Timestamp::from_millisecond(at.0).ok()?;
    Some(format!("{}{}T", object_key::MANIFESTS, at.strftime("%Y%m%d")))
}

/// The second that a point's name tells.
#[must_use]
pub fn moment_of(point: &PointId) -> Option<UnixMillis> {
    let civil = civil::DateTime::strptime("%Y%m%dT%H%M%SZ", &point.as_str()[..16]).ok()?;
    let timestamp: Timestamp = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(UnixMillis(timestamp.as_millisecond()))
}
