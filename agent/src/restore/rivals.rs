//! Whose backups compete, where nothing at hand says which agent is the owner's: each agent of which a restore point opens
//! with this key. Two shops may share a remote, and the newest state there may be the other one's.
//! It opens nothing where there is one certificate alone, and decides nothing: which one it is, its owner says.

use std::collections::BTreeMap;

use futures_util::stream::StreamExt;
use protocol::{
    chain::CommitNumber,
    manifest::Manifest,
    object_key::Fingerprint,
    settings::{self, Faults},
    time::UnixMillis,
};

use super::{
    Request, Selection, Sources, archived, newest,
    trust::{Source, Trust},
};

/// Points that are looked at, the newest first: whoever has none among them competes for nothing that is new.
const OPENED_MAX: usize = 200;
/// A larger archive of files is not fetched for a name.
const ARCHIVE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Of a configuration so much is read, and of a path so much is told.
const CONFIGURATION_BYTES_MAX: u64 = 64 * 1024;
const PATH_CHARS_MAX: usize = 120;

/// An agent whose backups may be meant.
pub struct Rival {
    /// Its key.
    pub agent: Fingerprint,
    /// Its newest restore point.
    pub newest: Manifest,
    /// The last commit of that point's chain, by the names there, and about when it was seen.
    pub last: (CommitNumber, UnixMillis),
    /// Where its configuration says that the database lies, when it has that.
    pub database: Option<String>,
}

/// Those that compete, the newest first; none where somebody's word, or the request, says which one is meant.
pub async fn rivals(trust: &Trust, request: &Request, sources: &Sources<'_>) -> Vec<Rival> {
    let is_named = request.chain.is_some() || matches!(request.selection, Selection::Point(_));
    let agents = trust.signers.fingerprints().count();
    if trust.source != Source::Remotes || is_named || agents < 2 {
        return Vec::new();
    }
    let mut found: BTreeMap<Fingerprint, Manifest> = BTreeMap::new();
    {
        let mut opened = std::pin::pin!(newest::manifests(sources, newest::points(sources, OPENED_MAX)));
        while let Some(manifest) = opened.next().await {
            found.entry(manifest.signer.clone()).or_insert(manifest);
            if found.len() == agents {
                break;
            }
        }
    }
    if found.len() < 2 {
        return Vec::new();
    }
    let mut rivals = Vec::new();
    for (agent, newest) in found {
        rivals.push(Rival {
            agent,
            last: last(sources, &newest),
            database: database_of(sources, &newest).await,
            newest,
        });
    }
    rivals.sort_by_key(|rival| std::cmp::Reverse(rival.last.1));
    rivals
}

/// The last commit of the point's chain, as names tell.
fn last(sources: &Sources<'_>, newest: &Manifest) -> (CommitNumber, UnixMillis) {
    let segments = sources.survey.segments(&newest.chain);
    let last = segments.into_iter().max_by_key(|name| name.last);
    last.filter(|name| name.last > newest.commit)
        .map_or((newest.commit, newest.taken_at), |name| (name.last, name.last_at))
}

/// The path in the configuration that was backed up with the point.
async fn database_of(sources: &Sources<'_>, newest: &Manifest) -> Option<String> {
    let limits = (ARCHIVE_BYTES_MAX, CONFIGURATION_BYTES_MAX);
    let bytes = archived::file(sources, newest, "agent.toml", limits).await?;
    let text = String::from_utf8(bytes).ok()?;
    // Its faults are nobody's concern here.
    let mut faults = Faults::default();
    let mut backup = settings::parse(&text, &mut faults).section_if_any("backup", &mut faults)?;
    let path = backup.text_if_any("database", &mut faults)?;
    let told = path.chars().filter(|char| !char.is_control());
    Some(told.take(PATH_CHARS_MAX).collect())
}
