//! Folders that take no backup: those in which the agent's and the shop's own files lie, and all that is below the agent's
//! state.
//! It writes nothing, and leaves a folder above them to whoever configured it.

use std::path::{Path, PathBuf};

use crate::backup::same_place::as_known;

/// That the folder of this remote is none of them. The disk tells it, since a link is another name.
pub(super) fn require(name: &str, root: &Path, (own, state): (&[PathBuf], &Path)) -> Result<(), String> {
    let Some(known) = as_known(root) else {
        return Ok(());
    };
    let is_root = |own: &&PathBuf| as_known(own).is_some_and(|own| own == known);
    let (is, own) = match own.iter().find(is_root) {
        Some(own) => ("is", own.as_path()),
        None if as_known(state).is_some_and(|state| known.starts_with(state)) => ("is below", state),
        None => return Ok(()),
    };
    Err(format!(
        "its folder {} {is} {}, where the agent's or the shop's own files lie: nothing was written among them. Write a \
         folder of its own as `root` under [remotes.{name}] in agent.toml",
        root.display(),
        own.display()
    ))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn what_is_the_agents_own_or_below_its_state_takes_no_backup_by_whatever_name() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        fs::create_dir(&state).unwrap();
        symlink(&state, dir.path().join("link")).unwrap();
        let own = [dir.path().to_path_buf(), state.clone()];
        let told = |root: &str| require("local", &dir.path().join(root), (&own, &state));
        for (root, is) in [
            ("", " is "),
            ("state", " is "),
            ("link", " is "),
            ("state/remotes", " is below "),
            ("state/not/there/yet", " is below "),
            ("link/deep", " is below "),
        ] {
            let said = told(root).unwrap_err();
            assert!(
                said.contains(is) && said.contains("[remotes.local]"),
                "{root}: {said}"
            );
        }
        for beside in ["states", "backups", "not/there/yet"] {
            assert_eq!(told(beside), Ok(()), "{beside}");
        }
    }
}
