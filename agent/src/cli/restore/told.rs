//! What `agent restore` says of its plan and its outcome.
//! It only prints; what is to be done was decided before.

use protocol::time::UnixMillis;

use super::{
    Arguments, after, another, in_gap,
    newest::{Here, LastKnown, Witness},
    now, unattended,
};
use crate::{
    backup::survey,
    cli::words,
    config::Config,
    restore::{self, Done, Only, Plan, Reached, Stop, Target, trust::Source},
};

/// How long ago that was by this machine's clock, which may be the one that is wrong.
fn age(at: UnixMillis) -> String {
    let now = now();
    match at > now {
        true => format!("{} ahead of this machine's clock", words::duration(at.since(now))),
        false => format!("{} ago", words::duration(now.since(at))),
    }
}

pub(super) fn show(plan: &Plan, source: Source, config: &Config) {
    let manifest = &plan.manifest;
    println!("Restore point  {}", manifest.point);
    println!(
        "Stands at      {}, {}",
        words::moment(manifest.taken_at, &config.owner.timezone),
        age(manifest.taken_at)
    );
    println!(
        "Chain          {}, after commit {}",
        manifest.chain, manifest.commit
    );
    if let Some(base) = &plan.base {
        println!("A delta on     {}", base.point);
    }
    if let Some(last) = plan.segments.last() {
        let count = plan.segments.len();
        let objects = if count == 1 { "segment" } else { "segments" };
        let moment = |at| words::moment(at, &config.owner.timezone);
        let until = match plan.stop {
            Stop::By { moment: by, .. } => format!("as far as they are not after {}", moment(by)),
            Stop::AfterCommit(commit) => format!("until commit {commit}"),
            Stop::AtPoint | Stop::AtEnd => {
                format!("until commit {} of about {}", last.last, moment(last.last_at))
            }
        };
        println!("Followed by    {count} {objects} of commits, {until}");
    }
    println!("Signed by      {}, {}", manifest.signer, source.told());
    println!("From           {}", plan.remotes.join(", then "));
    if plan.only != Some(Only::Config) {
        let into = match &plan.target {
            Target::Live(path) => format!(
                "{} (what is there now is moved aside, not deleted)",
                path.display()
            ),
            Target::Folder(folder) => folder.join("shop.db").display().to_string(),
        };
        println!("Database       {} → {into}", words::size(manifest.database_bytes));
    }
    if let Some((_, files)) = &plan.files {
        let into = match &plan.target {
            Target::Live(path) => path.with_file_name("restored-<time>/"),
            Target::Folder(folder) => folder.join("files/"),
        };
        println!(
            "Files          {} → {} (over no live file)",
            words::size(files.plain_size_bytes),
            into.display()
        );
    }
    if let Some(gap) = &plan.gap {
        println!("In a gap       {}", in_gap::in_words(gap, config));
    }
    for note in &plan.notes {
        println!("Note           {note}");
    }
}

/// What the owner is asked for a yes to.
pub(super) fn question(plan: &Plan, here: &Here) -> String {
    let uncaptured = here.unattended.and_then(|it| it.commits).unwrap_or(0);
    match &plan.left_out {
        Some(left_out) if left_out.chain == plan.manifest.chain => format!(
            "Restore it now, without commits {} to {}?",
            left_out.first, left_out.last
        ),
        _ if plan.may_be_newer => {
            "Restore it now, although there may be something newer that is not in it?".to_owned()
        }
        _ if uncaptured > 0 => format!(
            "Restore it now, without {} that nobody captured?",
            words::count(uncaptured, "commit")
        ),
        _ => "Restore it now?".to_owned(),
    }
}

/// Puts what was noticed before the plan in front of its notes, and what it follows behind that.
pub(super) fn put_first(
    plan: &mut Plan,
    mut notes: Vec<String>,
    here: &Here,
    (arguments, config): (&Arguments, &Config),
) {
    notes.extend(unattended::note(plan, here.unattended.as_ref(), config));
    notes.extend(another::chain(plan, arguments, config));
    plan.notes.splice(0..0, notes);
}

/// Notes that are printed: a remote that lacks a thousand segments is clear after a few.
const NOTES_TOLD: usize = 20;

/// `shown` are the notes that the plan was shown with.
pub(super) fn tell(plan: &Plan, done: &Done, shown: &[String], config: &Config) {
    let taken_at = done.reached.map_or(plan.manifest.taken_at, |reached| reached.at);
    println!();
    match plan.only {
        Some(Only::Config) => {
            println!("Restored: configuration, .env and logs alone. The database was not touched.")
        }
        None | Some(Only::Database) => println!(
            "Restored: the shop as it stood at {}, {} before now. What happened after that is not in it.",
            words::moment(taken_at, &config.owner.timezone),
            words::duration(now().since(taken_at))
        ),
    }
    let new: Vec<&String> = done.notes.iter().filter(|note| !shown.contains(note)).collect();
    for note in new.iter().take(NOTES_TOLD) {
        println!("Note: {note}.");
    }
    if new.len() > NOTES_TOLD {
        println!(
            "Note: and {} more such notes, which --json names.",
            new.len() - NOTES_TOLD
        );
    }
    if let Some(database) = &done.database {
        println!(
            "Database: {} (checked: every digest, every signature, every page, and SQLite calls it ok)",
            database.display()
        );
    }
    if let Some(replaced) = &done.replaced {
        println!("The database that was there before is in {}", replaced.display());
    }
    if let Some(files) = &done.files {
        println!(
            "Configuration, .env and logs{} are in {}: compare them and put back what you miss",
            of_when(plan, config),
            files.display()
        );
    }
    if matches!(plan.target, Target::Live(_)) && done.database.is_some() {
        after::next(config, done);
    }
}

/// What somebody leaves who stops a restore in its middle.
pub(super) fn interrupted(target: &Target) -> anyhow::Error {
    match restore::left_by_us(target) {
        None => anyhow::anyhow!(
            "interrupted: nothing was fetched that could be gone on with. Nothing was changed"
        ),
        Some((path, bytes)) => anyhow::anyhow!(
            "interrupted: {} of the database are there. No live file was changed.\nGive the same command again: it goes on \
             with what was fetched, which stays in {} in plain text; delete that if you will not",
            words::size(bytes),
            path.display()
        ),
    }
}

/// Of which moment the files are.
fn of_when(plan: &Plan, config: &Config) -> String {
    let point = plan.files.as_ref().map(|(point, _)| point);
    let at = point.and_then(survey::moment_of);
    at.map_or(String::new(), |at| {
        format!(", as they were at {},", words::moment(at, &config.owner.timezone))
    })
}

const MAY_BE_LATER: &str =
    "No later one is known; what is named as NOT PROVEN or as IT MAY BE NEWER may be, and is not in it.";

/// What is not in the restored database, as far as this machine can know.
pub(super) fn gap(
    known: Option<&LastKnown>,
    beyond: Option<&str>,
    plan: &Plan,
    (reached, config): (Reached, &Config),
) -> String {
    let (chain, told) = (&plan.manifest.chain, |at| {
        words::moment(at, &config.owner.timezone)
    });
    let mut stands = format!(
        "It stands after commit {}, which the agent saw at {}.",
        reached.commit,
        told(reached.at)
    );
    if let Some(left_out) = plan.left_out.as_ref().filter(|it| it.chain == *chain) {
        stands += &format!(
            " NOT IN IT: commits {} to {}, the last of about {}, {} of trade: {} {}, and those after cannot be restored without.",
            left_out.first,
            left_out.last,
            told(left_out.last_at),
            words::duration(left_out.last_at.since(reached.at)),
            left_out.missing(),
            match left_out.unasked.is_empty() {
                true => "had not arrived when the server died".to_owned(),
                false => format!("may be on {}, not asked here", left_out.unasked.join(" or ")),
            }
        );
    }
    let is_later = |known: &LastKnown| known.chain != *chain || known.commit > reached.commit;
    if plan.may_be_newer && !known.is_some_and(is_later) {
        return format!("{stands} {MAY_BE_LATER}");
    }
    match known {
        None => format!(
            "{stands} This machine knows of no later one: what the lost server had not sent by then is not in it."
        ),
        Some(known) if known.chain != *chain => {
            format!("{stands} {}", of_another(known, reached, config))
        }
        Some(known) if known.commit <= reached.commit => match known.witness {
            Witness::Here if beyond.is_some() => format!("{stands} Nothing later was captured."),
            Witness::Here => format!("{stands} When this began, this server knew of no later one."),
            Witness::Remotes => format!(
                "{stands} Of its agent the remotes hold no later one: what the lost server had not sent by then is not in it."
            ),
        },
        Some(known) => format!(
            "{stands} {} commits until {}, at {}: {}, {} of trade, {} not in it.",
            match known.witness {
                Witness::Here => "This server knows of",
                Witness::Remotes => "The remotes hold",
            },
            known.commit,
            told(known.at),
            words::count(known.commit.get() - reached.commit.get(), "commit"),
            words::duration(known.at.since(reached.at)),
            if known.commit.get() - reached.commit.get() == 1 {
                "is"
            } else {
                "are"
            }
        ),
    }
}

/// What is known of another chain than the restored one. Numbers of two chains say nothing of each other, and one may hold what
/// is in the other.
pub(super) fn of_another(known: &LastKnown, reached: Reached, config: &Config) -> String {
    let who = match known.witness {
        Witness::Here => "This server also knows of",
        Witness::Remotes => "The remotes also hold",
    };
    let later = match known.at > reached.at {
        true => "what came after the restored state is not in it",
        false => "whether it is in the restored state its number does not tell",
    };
    format!(
        "{who} commit {} of another chain, {}, at {}: {later}.",
        known.commit,
        known.chain,
        words::moment(known.at, &config.owner.timezone)
    )
}

/// Where the restored shop stands, or will: of a moment that is asked for the last segment tells only what it reaches at most,
/// before it is laid over the pages.
fn end(plan: &Plan, done: &Done) -> serde_json::Value {
    let (named, named_at) = plan
        .segments
        .last()
        .map_or((plan.manifest.commit, plan.manifest.taken_at), |last| {
            (last.last, last.last_at)
        });
    let (commit, at, is_exact) = match (done.reached, plan.stop) {
        (Some(reached), _) => (reached.commit, reached.at, true),
        (None, Stop::AfterCommit(commit)) => (commit.min(named), named_at, true),
        (None, Stop::By { moment, .. }) => (named, named_at.min(moment), named_at <= moment),
        (None, Stop::AtPoint | Stop::AtEnd) => (named, named_at, true),
    };
    serde_json::json!({ "commit": commit, "at": words::rfc3339(at), "is_exact": is_exact })
}

pub(super) fn json(plan: &Plan, done: &Done, dry_run: bool) -> serde_json::Value {
    serde_json::json!({
        "id": plan.manifest.point,
        "as_of": words::rfc3339(done.reached.map_or(plan.manifest.taken_at, |reached| reached.at)),
        "chain": plan.manifest.chain,
        "commit": done.reached.map_or(plan.manifest.commit, |reached| reached.commit),
        "end": end(plan, done),
        "signer": plan.manifest.signer,
        "dry_run": dry_run,
        "remotes": plan.remotes,
        "database": done.database,
        "files": done.files,
        "replaced": done.replaced,
        "notes": done.notes,
        "may_be_newer": plan.may_be_newer,
        "left_out": plan.left_out.as_ref().map(|it| serde_json::json!({
            "chain": it.chain, "first": it.first, "last": it.last, "last_at": words::rfc3339(it.last_at),
        })),
    })
}
