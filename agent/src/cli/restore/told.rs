//! What `agent restore` says: its plan, its outcome, and the next command ready to be copied.
//! It only prints; what is to be done was decided before.

use protocol::object_key::PointId;

use super::{Arguments, now};
use crate::{
    backup::survey,
    cli::{Failure, words},
    config::Config,
    restore::{Done, Next, Only, Plan, Refused, Target},
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
        Next::Point(point) => {
            let at = survey::moment_of(point).map(|at| words::moment(at, &config.owner.timezone));
            format!(
                "The next best restore point is {point}, of {}. What happened after that moment is not in it. To \
                 restore it:\n  {}",
                at.unwrap_or_default(),
                command(arguments, point)
            )
        }
    };
    Failure::Failed(anyhow::anyhow!("{refused}.\n{next}"))
}

/// The command that was given, with another restore point.
fn command(arguments: &Arguments, point: &PointId) -> String {
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
    add("--point", point.as_str());
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

pub(super) fn show(plan: &Plan, config: &Config) {
    let manifest = &plan.manifest;
    println!("Restore point  {}", manifest.point);
    println!(
        "Stands at      {}, {} ago",
        words::moment(manifest.taken_at, &config.owner.timezone),
        words::duration(now().since(manifest.taken_at))
    );
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
    let taken_at = plan.manifest.taken_at;
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
            "Database: {} (checked: every digest, and SQLite calls it ok)",
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

pub(super) fn json(plan: &Plan, done: &Done, dry_run: bool) -> serde_json::Value {
    serde_json::json!({
        "id": plan.manifest.point,
        "as_of": words::rfc3339(plan.manifest.taken_at),
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
