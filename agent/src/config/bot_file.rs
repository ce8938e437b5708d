//! The few keys of the bot's own configuration that the agent goes by, where `[bot] config` names that file and this
//! agent may read it.
//! Its faults are the bot's to tell.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protocol::settings::{self, Faults, LOG_NAME};

/// Where Telegram delivers to.
#[must_use]
pub fn webhook_url(path: &Path) -> Option<String> {
    text(path, "telegram", "webhook_url")
}

/// The log file. `None` as well where the folder is relative: to what, only the bot knows.
#[must_use]
pub fn log(path: &Path) -> Option<PathBuf> {
    let folder = PathBuf::from(text(path, "logs", "dir")?);
    folder.is_absolute().then(|| folder.join(LOG_NAME))
}

fn text(path: &Path, section: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut faults = Faults::default();
    let mut top = settings::parse(&text, &mut faults);
    let mut section = top.section_if_any(section, &mut faults)?;
    section.text_if_any(key, &mut faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_and_certain_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bot.toml");
        assert_eq!((webhook_url(&path), log(&path)), (None, None));
        fs::write(
            &path,
            "[telegram]\nwebhook_url = \"https://a\"\n[logs]\ndir = \"/x\"\n",
        )
        .unwrap();
        assert_eq!(webhook_url(&path).as_deref(), Some("https://a"));
        assert_eq!(log(&path).as_deref(), Some(Path::new("/x/bot.log")));
        fs::write(&path, "[logs]\ndir = \"logs\"\n").unwrap();
        assert_eq!((webhook_url(&path), log(&path)), (None, None));
    }
}
