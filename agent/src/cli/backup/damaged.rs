//! What an owner can still do when the database in use is damaged: the file gives what SQLite can read of it, and the
//! remotes give an older state.
//! It only prints commands; it reads and restores nothing.

use rusqlite::ErrorCode;

use crate::{cli::restore::quoted, config::Config, store::damaged::Sound};

/// Whether a backup failed because the database is damaged.
pub(super) fn is_cause(error: &anyhow::Error) -> bool {
    let sqlite = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<rusqlite::Error>());
    let mut codes = sqlite.filter_map(rusqlite::Error::sqlite_error_code);
    codes.any(|code| matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// The commands, each on a line of its own. A dump lacks the version of the structure, without which the bot takes the file
/// for no shop. `sound` is the newest state from before the damage.
pub(super) fn way_out(config: &Config, sound: Option<&Sound>) -> String {
    let database = config.backup.database.display().to_string();
    let quoted_at = |end: &str| quoted(&format!("{database}{end}"));
    let config_path = quoted(&config.path.to_string_lossy());
    let older = sound.map_or_else(
        || "no sound restore point is known here: `agent list` asks the remotes".to_owned(),
        |sound| {
            let what = match sound {
                Sound::Point(_) => "the newest restore point of a sound database",
                Sound::All(_) | Sound::Before(..) => "every commit from before the damage, as far as it is known",
            };
            format!(
                "{what}; a restore that finds damage in it refuses, and names what comes next:\n  \
                 agent restore --config {config_path} --key owner.secret.asc {sound} --full-check --to restored"
            )
        },
    );
    format!(
        "Backups that were taken before are as they were. What can be had:\n\
         what SQLite still reads of the file, after `systemctl stop bot` and onto another disk if this one fails:\n  \
         {{ sqlite3 {database} .dump | sed 's/^ROLLBACK;.*/COMMIT;/'; echo \"PRAGMA user_version = \
         $(sqlite3 {database} 'PRAGMA user_version');\"; }} | sqlite3 {saved}\n\
         {older}\n\
         Compare both before one of them goes live: the first may lack rows, the second lacks what came later. \
         docs/RUNBOOK.md, `database_damaged`",
        database = quoted_at(""),
        saved = quoted_at(".saved"),
    )
}
