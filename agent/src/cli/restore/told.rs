//! What `agent restore` says: its plan, its outcome, and the next command ready to be copied.
//! It only prints; what is to be done was decided before.

use protocol::{
    chain::{ChainId, CommitNumber},
    manifest::Manifest,
    time::UnixMillis,
};

use super::{Arguments, now};
use crate::{
    backup::survey,
    cli::{Failure, words},
    config::Config,
    restore::{Done, Next, Only, Plan, Reached, Refused, Target, trust::Source},
    store::capture::CaptureState,
};

pub(super) fn refusal(failure: anyhow::Error, arguments: &Arguments, config: &Config) -> Failure {
    match failure.downcast::<Refused>() {
        Ok(refused) => told(&refused, arguments, config),
        Err(other) => Failure::Failed(other),
    }
}

/// What is wrong, and below it the command that helps, ready to be copied.
pub(super) fn told(refused: &Refused, arguments: &Arguments, config: &Config) -> Failure {
    let next = match &refused.next {
        Next::Advice(text) => format!("{text}."),
        Next::Nothing => {
            "No other backup on these remotes can be restored with this key. `agent list` shows what they hold; \
             another remote (without --remote) or another key may help."
                .to_owned()
        }
        Next::Commit(commit) => format!(
            "Everything until commit {commit} is there. To restore that:\n  {}",
            command(arguments, "--commit", &commit.to_string())
        ),
        Next::Point(point) => {
            let at = survey::moment_of(point).map(|at| words::moment(at, &config.owner.timezone));
            format!(
                "The next best restore point is {point}, of {}. What happened after that moment is not in it. To \
                 restore it:\n  {}",
                at.unwrap_or_default(),
                command(arguments, "--point", point.as_str())
            )
        }
    };
    Failure::Failed(anyhow::anyhow!("{refused}.\n{next}"))
}

/// The command that was given, with another choice.
fn command(arguments: &Arguments, choice: &str, value: &str) -> String {
    let mut words = vec!["agent restore".to_owned()];
    let mut add = |option: &str, value: &str| words.push(format!("{option} {}", quoted(value)));
    add("--config", &arguments.config.path.to_string_lossy());
    if let Some(key) = &arguments.key {
        add("--key", &key.to_string_lossy());
    }
    if let Some(remote) = &arguments.remote {
        add("--remote", remote);
    }
    if let Some(only) = arguments.only {
        add("--only", only.word());
    }
    if let Some(to) = &arguments.to {
        add("--to", &to.to_string_lossy());
    }
    for fingerprint in &arguments.trust {
        add("--trust", fingerprint);
    }
    add(choice, value);
    words.join(" ")
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-+:@".contains(char);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

pub(super) fn show(plan: &Plan, source: Source, config: &Config) {
    let manifest = &plan.manifest;
    println!("Restore point  {}", manifest.point);
    println!(
        "Stands at      {}, {} ago",
        words::moment(manifest.taken_at, &config.owner.timezone),
        words::duration(now().since(manifest.taken_at))
    );
    println!(
        "Chain          {}, after commit {}",
        manifest.chain, manifest.commit
    );
    if let Some(base) = &plan.base {
        println!("A delta on     {}", base.point);
    }
    if let Some(last) = plan.segments.last() {
        println!(
            "Followed by    {} segments, until commit {} of about {}",
            plan.segments.len(),
            last.last,
            words::moment(last.last_at, &config.owner.timezone)
        );
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
    if let (Some(files), true) = (&manifest.files, plan.only != Some(Only::Database)) {
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
    for note in &plan.notes {
        println!("Note           {note}");
    }
}

pub(super) fn tell(plan: &Plan, done: &Done, config: &Config) {
    let taken_at = done.reached.map_or(plan.manifest.taken_at, |reached| reached.at);
    println!();
    println!(
        "Restored: the shop as it stood at {}, {} before now. What happened after that is not in it.",
        words::moment(taken_at, &config.owner.timezone),
        words::duration(now().since(taken_at))
    );
    for note in done.notes.iter().filter(|note| !plan.notes.contains(note)) {
        println!("Note: {note}.");
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
            "Configuration, .env and logs are in {}: compare them and put back what you miss",
            files.display()
        );
    }
    if matches!(plan.target, Target::Live(_)) && done.database.is_some() {
        if let Some(folder) = &done.made_folder {
            println!(
                "The folder {} did not exist and was made. If the bot runs as another user, give it to that user first: \
                 chown -R warung:warung {}",
                folder.display(),
                quoted(&folder.to_string_lossy())
            );
        }
        println!();
        println!("Next: systemctl start {} agent.service", config.bot.unit);
        println!(
            "Sales stay paused until the seller releases them: stock may have been sold after this moment."
        );
    }
}

/// The newest commit that this machine has heard of.
pub(super) struct LastKnown {
    chain: ChainId,
    commit: CommitNumber,
    at: UnixMillis,
}

impl LastKnown {
    pub(super) fn captured(state: &CaptureState) -> Self {
        Self {
            chain: state.chain.clone(),
            commit: state.commit,
            at: state.commit_at,
        }
    }

    pub(super) fn taken(manifest: &Manifest) -> Self {
        Self {
            chain: manifest.chain.clone(),
            commit: manifest.commit,
            at: manifest.taken_at,
        }
    }
}

/// What is not in the restored database, as far as this machine can know.
pub(super) fn gap(known: Option<&LastKnown>, chain: &ChainId, reached: Reached, config: &Config) -> String {
    let told = |at| words::moment(at, &config.owner.timezone);
    let stands = format!(
        "It stands after commit {}, which the agent saw at {}.",
        reached.commit,
        told(reached.at)
    );
    match known {
        None => format!(
            "{stands} This machine knows of no later one: what the lost server had not sent by then is not in it."
        ),
        Some(known) if known.chain != *chain => format!(
            "{stands} This server knows of commit {} of another chain, {}, at {}: none of that chain is in it.",
            known.commit,
            known.chain,
            told(known.at)
        ),
        Some(known) if known.commit <= reached.commit => {
            format!("{stands} This server knows of no later one.")
        }
        Some(known) => format!(
            "{stands} This server knows of commits until {}, at {}: {} commits, {} of trade, are not in it.",
            known.commit,
            told(known.at),
            known.commit.get() - reached.commit.get(),
            words::duration(known.at.since(reached.at))
        ),
    }
}

pub(super) fn json(plan: &Plan, done: &Done, dry_run: bool) -> serde_json::Value {
    serde_json::json!({
        "id": plan.manifest.point,
        "as_of": words::rfc3339(done.reached.map_or(plan.manifest.taken_at, |reached| reached.at)),
        "chain": plan.manifest.chain,
        "commit": done.reached.map_or(plan.manifest.commit, |reached| reached.commit),
        "signer": plan.manifest.signer,
        "dry_run": dry_run,
        "remotes": plan.remotes,
        "database": done.database,
        "files": done.files,
        "replaced": done.replaced,
        "notes": done.notes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_split_is_quoted() {
        assert_eq!(quoted("/etc/warung/agent.toml"), "/etc/warung/agent.toml");
        assert_eq!(quoted("/media/my usb/it's"), r"'/media/my usb/it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
