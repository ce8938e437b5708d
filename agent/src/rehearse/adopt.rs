//! Takes restore points into the catalogue that another machine's agent wrote: their manifests are opened with the
//! owner's key, and every object is read back. So the owner's own machine, with credentials that may delete, can judge
//! what an append-only server may not touch.
//! It believes no manifest that no known agent signed, and changes nothing on a remote.

use std::collections::BTreeSet;

use anyhow::Context;
use futures_util::stream::{self, StreamExt};
use protocol::{
    chain::ChainId,
    manifest::Manifest,
    object_key::{self, PointId, SegmentName},
    time::UnixMillis,
};

use crate::{
    backup::{Progress, remote::Remote, seal::sha256_hex, survey},
    restore::{Sources, open_manifest, open_segment},
    store::{Store, points::KnownPoint},
};

/// Segments that are opened at the same time.
const AT_ONCE: usize = 8;

/// What was found out about the points of one remote.
#[derive(Default)]
pub struct Adopted {
    /// Those that are in the catalogue now, read back whole.
    pub points: Vec<PointId>,
    /// What is wrong with the others, and with segments, a sentence each.
    pub faults: Vec<String>,
    /// How many segments of known chains were opened.
    pub segments: usize,
}

/// Reads back every point of the remote that this machine has not read back from there, newest first. `sources` must
/// name this remote alone.
///
/// # Errors
/// When the agent's own database refuses; what is wrong with the remote is a fault.
pub async fn run(
    store: &Store,
    remote: &Remote,
    sources: &Sources<'_>,
    clock: &dyn Fn() -> UnixMillis,
    progress: &dyn Progress,
) -> anyhow::Result<Adopted> {
    let known = store.points().context("reading the catalogue")?;
    let is_known = |point: &PointId| {
        let known = known.get(point);
        known.is_some_and(|known| known.verified.contains_key(remote.name()))
    };
    let mut adopted = Adopted::default();
    for point in sources.survey.points().into_iter().rev() {
        if is_known(&point) {
            continue;
        }
        match read_back(remote, sources, &point, progress).await {
            Ok(mut known) => {
                known.verified.insert(remote.name().to_owned(), clock());
                store.adopt_point(&known).context("writing a point down")?;
                adopted.points.push(point);
            }
            Err(fault) => adopted.faults.push(fault),
        }
    }
    Ok(adopted)
}

/// Opens the newest segments of every chain that has a point here, `most` of each: whoever restores needs them to open,
/// and not only to be there.
///
/// # Errors
/// When the agent's own database refuses; a segment that does not open is a fault.
pub async fn open_segments(
    store: &Store,
    sources: &Sources<'_>,
    most: usize,
    progress: &dyn Progress,
    adopted: &mut Adopted,
) -> anyhow::Result<()> {
    let known = store.points().context("reading the catalogue")?;
    let chains: BTreeSet<ChainId> = known.into_values().map(|known| known.manifest.chain).collect();
    let newest = |chain: &ChainId| sources.survey.segments(chain).into_iter().rev().take(most);
    let names: Vec<SegmentName> = chains.iter().flat_map(newest).collect();
    progress.count("opening segments", names.len() as u64);
    let opening = names.iter().map(|name| open_segment(sources, name));
    let mut opening = stream::iter(opening).buffered(AT_ONCE);
    while let Some(opened) = opening.next().await {
        progress.advance(1);
        match opened {
            Ok(()) => adopted.segments += 1,
            Err(fault) => adopted.faults.push(fault),
        }
    }
    Ok(())
}

async fn read_back(
    remote: &Remote,
    sources: &Sources<'_>,
    point: &PointId,
    progress: &dyn Progress,
) -> Result<KnownPoint, String> {
    let opened = open_manifest(sources, point).await;
    let (manifest, _) = opened.map_err(|unopened| unopened.told)?;
    read_objects(remote, &manifest, progress).await?;
    let (size_bytes, sha256) = manifest_as_stored(remote, sources, point).await?;
    Ok(KnownPoint {
        manifest,
        manifest_size_bytes: size_bytes,
        manifest_sha256: sha256,
        verified: std::collections::BTreeMap::new(),
        lost: std::collections::BTreeMap::new(),
        damage: None,
    })
}

async fn read_objects(remote: &Remote, manifest: &Manifest, progress: &dyn Progress) -> Result<(), String> {
    let total_bytes = manifest.objects().map(|object| object.size_bytes).sum();
    progress.begin("reading back", total_bytes);
    for object in manifest.objects() {
        let bytes = remote.get(&object.key, object.size_bytes).await;
        let bytes = bytes.map_err(|error| format!("{}: {error}", object.key))?;
        if sha256_hex(&bytes) != object.sha256 {
            return Err(format!("{} is altered: its SHA-256 differs", object.key));
        }
        progress.advance(object.size_bytes);
    }
    Ok(())
}

/// Size and digest of the copy whose digest is the one in its name: there may be others beside it.
async fn manifest_as_stored(
    remote: &Remote,
    sources: &Sources<'_>,
    point: &PointId,
) -> Result<(u64, String), String> {
    let holdings = sources.survey.holdings.iter();
    for (key, size_bytes) in
        holdings.flat_map(|(_, names)| survey::manifests_of(names, point).map(|key| (key, names[key])))
    {
        let Ok(sealed) = remote.get(key, size_bytes).await else {
            continue;
        };
        let sha256 = sha256_hex(&sealed);
        if object_key::manifest(point, &sha256) == key {
            return Ok((size_bytes, sha256));
        }
    }
    Err(format!("the manifest of {point} is gone again"))
}
