//! The one step that changes something: the old database goes aside, the new one takes its name.
//! At every moment there is a database under the live name, and whatever fails is undone.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use protocol::restored::{ASIDE, FileId, Replaced, Restored, SUFFIX};

use super::place::{Temporary, flush, new_folder, own_like, share};

/// Beside the note, while it is written.
const DRAFT: &str = ".restored.json.new";

/// Puts the new database under the live name and the note beside it. Returns the folder with what was there before.
pub(super) fn swap(
    live: &Path,
    new: &mut Temporary,
    note: &Restored,
    stamp: &str,
) -> anyhow::Result<Option<PathBuf>> {
    let parent = live.parent().context("the database has no folder")?;
    own_like(new.path(), if live.exists() { live } else { parent });
    let mut aside = Aside::default();
    let result = exchange(live, new, note, stamp, &mut aside);
    match result {
        Ok(()) => {
            flush(parent)?;
            Ok(aside.folder)
        }
        Err(error) => {
            aside.undo();
            Err(error)
        }
    }
}

fn exchange(
    live: &Path,
    new: &mut Temporary,
    note: &Restored,
    stamp: &str,
    aside: &mut Aside,
) -> anyhow::Result<()> {
    let parent = live.parent().context("the database has no folder")?;
    let note_path = beside(live, SUFFIX);
    let logs = [beside(live, "-wal"), beside(live, "-shm")];
    if live.exists() || note_path.exists() || logs.iter().any(|log| log.exists()) {
        let folder = new_folder(parent, &format!("{ASIDE}{stamp}"))?;
        own_like(&folder, parent);
        // The bot is another user of the same group, and looks into it for what was sold.
        fs::set_permissions(&folder, Permissions::from_mode(0o770))
            .with_context(|| format!("opening {} to the bot", folder.display()))?;
        aside.folder = Some(folder);
    }
    let draft = draft(live, note, aside.folder.as_deref())?;
    aside.link(live)?;
    if let Some(folder) = &aside.folder {
        flush(folder)?;
    }
    // The note first: a bot that is started after a power cut in between must find its sales paused, unless the database
    // that the note names is still there, whole.
    aside.replace(draft, &note_path)?;
    flush(parent)?;
    for log in &logs {
        aside.take(log)?;
    }
    fs::rename(new.path(), live)
        .with_context(|| format!("putting the database in its place, {}", live.display()))?;
    new.moved_away();
    Ok(())
}

/// Puts the database into a folder, with the note beside it: whoever moves both to a shop's place moves its held stock.
pub(super) fn lay(place: &Path, new: &mut Temporary, note: &Restored) -> anyhow::Result<()> {
    write_note(&beside(place, SUFFIX), note)?;
    new.become_final(place)
}

/// The note, whole and on the disk, under a name that nobody reads.
fn draft(live: &Path, note: &Restored, aside: Option<&Path>) -> anyhow::Result<Temporary> {
    let file = |path: &Path| fs::metadata(path).ok();
    let log = file(&beside(live, "-wal")).filter(|log| log.len() > 0);
    let database = file(live).as_ref().and_then(FileId::of);
    // A log that cannot be known again would be missed by nobody.
    let is_known = log.as_ref().is_none_or(|log| FileId::of(log).is_some());
    let note = Restored {
        instead_of: database.filter(|_| is_known).map(|database| Replaced {
            database,
            log: log.as_ref().and_then(FileId::of),
        }),
        aside: aside
            .filter(|_| live.exists())
            .and_then(|folder| Some(folder.file_name()?.to_str()?.to_owned())),
        ..note.clone()
    };
    let path = beside(live, DRAFT);
    // What a killed restore left.
    let _ = fs::remove_file(&path);
    let draft = Temporary::new(path);
    write_note(draft.path(), &note)?;
    Ok(draft)
}

fn beside(live: &Path, suffix: &str) -> PathBuf {
    let mut name = live.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn write_note(path: &Path, note: &Restored) -> anyhow::Result<()> {
    let json = serde_json::to_vec_pretty(note).context("writing the note for the bot")?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o660)
        .open(path)
        .with_context(|| format!("making {}", path.display()))?;
    own_like(path, path.parent().unwrap_or(path));
    share(&file)
        .and_then(|()| file.write_all(&json))
        .and_then(|()| file.sync_all())
        .with_context(|| format!("writing {}", path.display()))
}

/// What was moved aside so far, so that it can be moved back.
#[derive(Default)]
struct Aside {
    folder: Option<PathBuf>,
    moved: Vec<(PathBuf, PathBuf)>,
    linked: Option<PathBuf>,
    written: Option<PathBuf>,
}

impl Aside {
    fn place_for(&self, path: &Path) -> Option<PathBuf> {
        path.exists().then_some(())?;
        Some(self.folder.as_ref()?.join(path.file_name()?))
    }

    /// Moves a file aside if it exists.
    fn take(&mut self, path: &Path) -> anyhow::Result<()> {
        let Some(to) = self.place_for(path) else {
            return Ok(());
        };
        fs::rename(path, &to).with_context(|| format!("moving {} aside", path.display()))?;
        self.moved.push((path.to_path_buf(), to));
        Ok(())
    }

    /// Gives what lies there a second name aside, and its own name to the new file.
    fn replace(&mut self, mut new: Temporary, path: &Path) -> anyhow::Result<()> {
        let earlier = self.place_for(path);
        match &earlier {
            // Moved where the file system knows no second names.
            Some(to) if fs::hard_link(path, to).is_err() => {
                fs::rename(path, to).with_context(|| format!("moving {} aside", path.display()))?;
            }
            _ => {}
        }
        match earlier {
            Some(to) => self.moved.push((path.to_path_buf(), to)),
            None => self.written = Some(path.to_path_buf()),
        }
        new.become_final(path)
    }

    /// Gives the database a second name, so that its first one is never without a file; where the file system
    /// knows no second names it is moved.
    fn link(&mut self, path: &Path) -> anyhow::Result<()> {
        let Some(to) = self.place_for(path) else {
            return Ok(());
        };
        if fs::hard_link(path, &to).is_err() {
            return self.take(path);
        }
        self.linked = Some(to);
        Ok(())
    }

    /// As good as can be done: what cannot be moved back is named in the log.
    fn undo(self) {
        let written = self.written.filter(|note| note.exists()).map(fs::remove_file);
        let back = self
            .moved
            .into_iter()
            .rev()
            .map(|(from, to)| fs::rename(to, from));
        let unlinked = self.linked.map(fs::remove_file);
        let results: Vec<std::io::Result<()>> = written.into_iter().chain(back).chain(unlinked).collect();
        for error in results.into_iter().filter_map(Result::err) {
            tracing::error!(%error, "undoing the swap failed; look into the replaced-… folder beside the database");
        }
        if let Some(folder) = self.folder {
            // Not empty means that something could not be moved back: then it must stay.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::time::UnixMillis;

    use super::*;

    fn note() -> Restored {
        Restored {
            restore_point: "p".to_owned(),
            as_of: UnixMillis(1),
            restored_at: UnixMillis(2),
            instead_of: None,
            aside: None,
        }
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_old_database_and_its_log_go_aside_together() {
        let dir = tempfile::tempdir().unwrap();
        let live = dir.path().join("shop.db");
        for (name, text) in [
            ("shop.db", "old"),
            ("shop.db-wal", "log"),
            ("shop.db-shm", "shared"),
            ("new", "new"),
        ] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let mut new = Temporary::new(dir.path().join("new"));
        let aside = swap(&live, &mut new, &note(), "now").unwrap().unwrap();
        let text = fs::read(dir.path().join("shop.db.restored.json")).unwrap();
        let written: Restored = serde_json::from_slice(&text).unwrap();
        assert_eq!(written.aside.as_deref(), Some("replaced-now"));
        let mode = fs::metadata(&aside).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o770, "the bot looks into it");
        assert_eq!(fs::read_to_string(&live).unwrap(), "new");
        assert_eq!(names(&aside), ["shop.db", "shop.db-shm", "shop.db-wal"]);
        assert_eq!(fs::read_to_string(aside.join("shop.db")).unwrap(), "old");
        assert_eq!(
            names(dir.path()),
            ["replaced-now", "shop.db", "shop.db.restored.json"]
        );
    }

    #[test]
    fn a_swap_that_dies_leaves_a_note_that_names_what_it_did_not_replace() {
        let dir = tempfile::tempdir().unwrap();
        let live = dir.path().join("shop.db");
        let log = dir.path().join("shop.db-wal");
        let earlier = r#"{"restore_point":"before","as_of":1,"restored_at":1}"#;
        fs::write(&live, "old").unwrap();
        fs::write(dir.path().join("shop.db.restored.json"), earlier).unwrap();
        let (mut aside, mut new) = (Aside::default(), Temporary::new(dir.path().join("not there")));
        let died = || {
            let text = fs::read(dir.path().join("shop.db.restored.json")).unwrap();
            let note: Restored = serde_json::from_slice(&text).unwrap();
            let file = |path: &Path| FileId::of(&fs::metadata(path).ok()?);
            (note.instead_of.unwrap(), file(&live), file(&log))
        };
        exchange(&live, &mut new, &note(), "now", &mut aside).unwrap_err();
        let (replaced, database, _) = died();
        assert!(replaced.is_there(database, None));
        // What writes into it, a log of its own included, makes it no other one.
        fs::write(&live, "older").unwrap();
        let file = |path: &Path| FileId::of(&fs::metadata(path).unwrap());
        assert!(replaced.is_there(file(&live), None));
        fs::write(&log, "commits").unwrap();
        assert!(replaced.is_there(file(&live), file(&log)));
        // Its log was taken aside before the end: it lacks commits.
        exchange(&live, &mut new, &note(), "again", &mut aside).unwrap_err();
        let (replaced, database, log) = died();
        assert!(log.is_none() && !replaced.is_there(database, None));
        let mut new = Temporary::new(dir.path().join("new"));
        fs::write(new.path(), "new").unwrap();
        swap(&live, &mut new, &note(), "last").unwrap();
        let (replaced, database, _) = died();
        assert!(!replaced.is_there(database, None));
        assert!(!names(dir.path()).contains(&"shop.db.restored.json.new".to_owned()));
        let kept = dir.path().join("replaced-now/shop.db.restored.json");
        assert_eq!(fs::read_to_string(kept).unwrap(), earlier);
    }

    #[test]
    fn a_swap_that_fails_leaves_everything_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let live = dir.path().join("shop.db");
        fs::write(&live, "old").unwrap();
        fs::write(dir.path().join("shop.db-wal"), "log").unwrap();
        fs::write(dir.path().join("shop.db.restored.json"), "earlier").unwrap();
        let mut missing = Temporary::new(dir.path().join("not there"));
        assert!(swap(&live, &mut missing, &note(), "now").is_err());
        assert_eq!(
            names(dir.path()),
            ["shop.db", "shop.db-wal", "shop.db.restored.json"]
        );
        assert_eq!(
            fs::read_to_string(dir.path().join("shop.db.restored.json")).unwrap(),
            "earlier"
        );
        assert_eq!(fs::read_to_string(&live).unwrap(), "old");
    }
}
