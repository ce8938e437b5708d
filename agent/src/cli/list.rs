//! `agent list`: what the remotes hold, by their own word, joined with what this server knows or the key opens.
//! It fetches no part of a database and changes nothing.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::Manifest,
    object_key::{self, PointId},
    time::UnixMillis,
};
use serde::Serialize;

use super::{ConfigArgument, Failure, ask, load, remotes, words};
use crate::{
    backup::survey::{self, Names, Survey},
    config::{Config, Purpose},
    keys,
    restore::{Sources, open_manifest, trust},
    store::{Store, points::KnownPoint},
};

mod ranges;

use ranges::Range;

/// Arguments of `agent list`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  agent list --remote offsite\n  agent list --json --key owner.secret.asc")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Ask only this remote
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// The owner's secret key, to open the manifests where this machine knows nothing of them
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One restore point, as scripts read it.
#[derive(Serialize)]
struct Listed {
    id: PointId,
    taken_at: String,
    /// The full point that a delta stands on; of an unknown point it is not known.
    base: Option<PointId>,
    chain: Option<ChainId>,
    /// The commit that the database stands after.
    commit: Option<CommitNumber>,
    remotes: Vec<String>,
    /// The database's objects alone, in order.
    objects: Vec<String>,
    files: Vec<String>,
    manifest: String,
    database_bytes: Option<u64>,
    size_bytes: u64,
    /// Whether every remote here was read back whole when it was written, and still lists it whole.
    verified: bool,
    /// What a remote lacks of it.
    problems: Vec<String>,
}

/// Asks the remotes and prints.
///
/// # Errors
/// Wrong use, or no remote that answers. One that does not, beside another that does, is only named.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load(&arguments.config.path, Purpose::Look)?;
    let opened = remotes::open(&config, arguments.remote.as_deref())?;
    let known = known_here(&config).unwrap_or_else(|error| {
        // A memory aid: what the remotes hold is shown without it.
        eprintln!("agent: what this server knows of its backups cannot be read: {error:#}");
        BTreeMap::new()
    });
    let unlocked = match &arguments.key {
        Some(path) => {
            Some(keys::unlock(path, &mut ask::passphrase).map_err(|error| Failure::Failed(error.into()))?)
        }
        None => None,
    };
    let survey = survey::ask(&opened.usable, opened.unusable).await;
    let kit = arguments
        .key
        .as_deref()
        .and_then(Path::parent)
        .unwrap_or(Path::new("."));
    let trust = trust::gather(
        &config.state_dir,
        kit,
        &[],
        &opened.usable,
        &survey,
        &mut Vec::new(),
    )
    .await;
    let cores = super::restore::cores();
    let mut listed = Vec::new();
    for point in survey.points().into_iter().rev() {
        let opened = match (known.get(&point), &unlocked) {
            (None, Some(keys)) => {
                let sources = Sources {
                    remotes: &opened.usable,
                    survey: &survey,
                    keys,
                    signers: &trust.signers,
                    cores: &cores,
                };
                Some(open_manifest(&sources, &point).await)
            }
            _ => None,
        };
        listed.push(one(&survey, &point, known.get(&point), opened));
    }
    let ranges = ranges::of(&survey.all_segments());
    if arguments.json {
        println!(
            "{}",
            serde_json::json!({ "restore_points": listed, "commits": ranges })
        );
    } else {
        print(&listed, &ranges, &config);
    }
    passed_over(&survey)
}

fn passed_over(survey: &Survey) -> Result<(), Failure> {
    let silent: Vec<String> = survey
        .silent
        .iter()
        .map(|(remote, why)| format!("{remote} does not answer: {why}"))
        .collect();
    if survey.holdings.is_empty() {
        return Err(Failure::Failed(anyhow::anyhow!(silent.join("; "))));
    }
    for line in silent {
        eprintln!("agent: passed over: {line}");
    }
    Ok(())
}

/// A manifest that does not open is a problem of its own point, and hides no other.
fn one(
    survey: &Survey,
    point: &PointId,
    known: Option<&KnownPoint>,
    opened: Option<Result<(Manifest, Vec<String>), String>>,
) -> Listed {
    let (manifest, problems) = match opened {
        Some(Ok((manifest, problems))) => (Some(manifest), problems),
        Some(Err(problem)) => (None, vec![problem]),
        None => (None, Vec::new()),
    };
    let mut one = describe(survey, point, known, manifest.as_ref());
    one.problems.extend(problems);
    one
}

fn known_here(config: &Config) -> anyhow::Result<BTreeMap<PointId, KnownPoint>> {
    match Store::open_to_look(&config.state_dir)? {
        Some(store) => Ok(store.points()?),
        None => Ok(BTreeMap::new()),
    }
}

fn describe(
    survey: &Survey,
    point: &PointId,
    known: Option<&KnownPoint>,
    opened: Option<&Manifest>,
) -> Listed {
    let key = manifest_key(survey, point, known);
    let manifest = known.map(|known| &known.manifest).or(opened);
    let holders: Vec<_> = survey.holders(point).collect();
    let mut listed = Listed {
        taken_at: words::rfc3339(survey::moment_of(point).unwrap_or(UnixMillis(0))),
        base: manifest.and_then(|it| Some(it.base.as_ref()?.point.clone())),
        chain: manifest.map(|it| it.chain.clone()),
        commit: manifest.map(|it| it.commit),
        remotes: holders.iter().map(|(remote, _)| (*remote).to_owned()).collect(),
        objects: Vec::new(),
        files: Vec::new(),
        manifest: key.clone(),
        database_bytes: manifest.map(|manifest| manifest.database_bytes),
        size_bytes: 0,
        verified: known.is_some_and(|known| {
            holders
                .iter()
                .all(|(remote, _)| known.verified.contains_key(*remote))
        }),
        problems: Vec::new(),
        id: point.clone(),
    };
    // The remote that lists the most of it tells what there is when no manifest is at hand.
    let fullest = holders
        .iter()
        .max_by_key(|(_, names)| survey::listed_parts(names, point).count());
    let Some((_, names)) = fullest else { return listed };
    listed.size_bytes = names.get(&key).copied().unwrap_or(0);
    if let Some(manifest) = manifest {
        listed.taken_at = words::rfc3339(manifest.taken_at);
        listed.objects = manifest.database.iter().map(|part| part.key.clone()).collect();
        listed.files = manifest.files.iter().map(|files| files.key.clone()).collect();
        listed.size_bytes += manifest.objects().map(|object| object.size_bytes).sum::<u64>();
        for (remote, names) in &holders {
            let lacking = survey::lacking(names, manifest);
            let manifest = known.and_then(|known| lacking_manifest(names, &key, known.manifest_size_bytes));
            listed.problems.extend(
                manifest
                    .into_iter()
                    .chain(lacking)
                    .map(|what| format!("{remote}: {what}")),
            );
        }
        listed.verified &= listed.problems.is_empty();
    } else {
        let files = object_key::files(point);
        let parts: Vec<_> = survey::listed_parts(names, point).collect();
        listed.size_bytes +=
            parts.iter().map(|(_, size)| **size).sum::<u64>() + names.get(&files).unwrap_or(&0);
        listed.objects = parts.into_iter().map(|(name, _)| name.clone()).collect();
        listed.files = names.contains_key(&files).then_some(files).into_iter().collect();
    }
    listed
}

/// The manifest's name as this server wrote it, or as a remote lists it.
fn manifest_key(survey: &Survey, point: &PointId, known: Option<&KnownPoint>) -> String {
    let listed = || survey.manifests_of(point).into_iter().next().map(str::to_owned);
    known
        .map(|known| object_key::manifest(point, &known.manifest_sha256))
        .or_else(listed)
        .unwrap_or_default()
}

/// What is wrong with the manifest on a remote, by its list.
fn lacking_manifest(names: &Names, key: &str, size_bytes: u64) -> Option<String> {
    match names.get(key) {
        None => Some(format!("{key} is missing")),
        Some(size) if *size != size_bytes => Some(format!("{key} has {size} of {size_bytes} bytes")),
        Some(_) => None,
    }
}

/// A calendar: a line for each day, and below it the points and, at their end, the commits that follow.
fn print(listed: &[Listed], ranges: &[Range], config: &Config) {
    if listed.is_empty() {
        println!("The remotes hold no restore point yet. `agent backup` makes one.");
    }
    let zone = &config.owner.timezone;
    let mut day = String::new();
    for point in listed {
        let at = point
            .taken_at
            .parse::<jiff::Timestamp>()
            .unwrap_or_default()
            .to_zoned(zone.clone());
        let of_day = at.strftime("%A %Y-%m-%d").to_string();
        if of_day != day {
            println!("{of_day}");
            day = of_day;
        }
        println!(
            "  {}  {:5}  {}  {:>10}  {}  on {}",
            at.strftime("%H:%M:%S %Z"),
            point.kind(),
            point.id,
            words::size(point.size_bytes),
            point.state(),
            point.remotes.join(", ")
        );
        for problem in &point.problems {
            println!("      {problem}");
        }
    }
    for range in ranges {
        println!(
            "Every commit from {} to {} of chain {}, until {}: {} more",
            range.first,
            range.last,
            range.chain,
            words::moment(range.last_at, zone),
            words::size(range.size_bytes)
        );
    }
    for pair in ranges.windows(2).filter(|pair| pair[0].chain == pair[1].chain) {
        println!(
            "GAP: commits {} to {} of chain {} are on no remote that answers",
            pair[0].last.next(),
            pair[1].first.get() - 1,
            pair[0].chain
        );
    }
}

impl Listed {
    fn kind(&self) -> &'static str {
        match (&self.base, &self.chain) {
            (Some(_), _) => "delta",
            (None, Some(_)) => "full",
            // Without a manifest at hand the folder of its parts tells.
            (None, None) => match self.objects.first() {
                Some(name) if name.starts_with(object_key::DELTAS) => "delta",
                _ => "full",
            },
        }
    }

    fn state(&self) -> &'static str {
        match (self.problems.is_empty(), self.verified) {
            (false, _) => "INCOMPLETE",
            (true, true) => "verified",
            (true, false) => "not verified here",
        }
    }
}
