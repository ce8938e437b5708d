//! The files of this repository as text, and where each one stands.
//! It leaves out build output, hidden folders and whatever a demo left behind.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::lexer::blank_comments_and_texts;

/// One text file.
pub struct Source {
    /// Relative to the repository, with `/`.
    pub path: String,
    /// As it lies there.
    pub text: String,
}

impl Source {
    /// A file that exists only in a test.
    pub fn planted(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The lines before the unit tests, which come last by the house rules.
    pub fn before_tests(&self) -> &str {
        let end = self
            .text
            .find("\n#[cfg(test)]\nmod ")
            .map_or(self.text.len(), |at| at + 1);
        &self.text[..end]
    }

    /// [`Source::before_tests`] with comments and quoted texts blanked out.
    pub fn code(&self) -> String {
        blank_comments_and_texts(self.before_tests())
    }

    /// Whether the whole file is test code: in a `tests` folder or module, or one of these rules.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.starts_with("tests/tidy/")
    }
}

/// The repository's top folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies in the repository")
        .to_owned()
}

/// Every file whose relative path is `wanted`, in the order of paths.
pub fn files(wanted: impl Fn(&str) -> bool) -> Vec<Source> {
    let root = root();
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    let relative = |path: &PathBuf| {
        path.strip_prefix(&root)
            .expect("found below the root")
            .to_string_lossy()
            .into_owned()
    };
    let mut found: Vec<String> = paths.iter().map(relative).filter(|path| wanted(path)).collect();
    found.sort();
    let read = |path: String| match fs::read_to_string(root.join(&path)) {
        Ok(text) => Source { path, text },
        Err(error) => panic!("reading {path}: {error}"),
    };
    found.into_iter().map(read).collect()
}

/// Every Rust file.
pub fn rust() -> Vec<Source> {
    files(|path| path.ends_with(".rs"))
}

/// The Rust files of one program, without its own integration tests.
pub fn rust_of(program: &str) -> Vec<Source> {
    let folder = format!("{program}/src/");
    files(|path| path.starts_with(&folder) && path.ends_with(".rs"))
}

/// Fails with every offence in one message.
#[track_caller]
pub fn refuse(offences: &[String]) {
    assert!(
        offences.is_empty(),
        "{} offences:\n  {}",
        offences.len(),
        offences.join("\n  ")
    );
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("listing {}: {error}", folder.display()))
    {
        let path = entry.expect("a folder that lists").path();
        let name = path
            .file_name()
            .expect("an entry has a name")
            .to_string_lossy()
            .into_owned();
        if !path.is_dir() {
            found.push(path);
        } else if name != "target" && (!name.starts_with('.') || name == ".ci") {
            collect(&path, found);
        }
    }
}
