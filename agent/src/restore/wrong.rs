//! Why no copy of an object was taken, remote by remote, in a sentence. It fetches nothing.

use std::fmt::Write as _;

/// What is wrong with one object, remote by remote.
#[derive(Default)]
pub(super) struct Wrong(Vec<(String, String)>);

impl Wrong {
    pub(super) fn add(&mut self, remote: &str, what: &str) {
        self.0.push((remote.to_owned(), what.to_owned()));
    }

    pub(super) fn sentence(&self, key: &str) -> String {
        match self.0.as_slice() {
            // One that was asked alone says nothing of the others.
            [(only, what)] => format!("{only} gives no intact copy of {key}: {what}"),
            _ => self.told(format!("no remote gives an intact copy of {key}")),
        }
    }

    /// The same of what is there and is not taken.
    pub(super) fn whole_sentence(&self, key: &str) -> String {
        self.told(format!("{key} is there and is not taken"))
    }

    fn told(&self, mut text: String) -> String {
        // What is the same on several remotes is said once.
        let mut told: Vec<(Vec<&str>, &str)> = Vec::new();
        for (remote, what) in &self.0 {
            match told.iter_mut().find(|(_, said)| said == what) {
                Some((remotes, _)) => remotes.push(remote),
                None => told.push((vec![remote], what)),
            }
        }
        for (at, (remotes, what)) in told.iter().enumerate() {
            let mark = if at == 0 { ":" } else { ";" };
            write!(text, "{mark} on {} {what}", remotes.join(" and ")).expect("a String takes every write");
        }
        text
    }

    pub(super) fn as_note(&self, key: &str, taken_from: &str) -> Option<String> {
        let (remote, what) = self.0.first()?;
        Some(format!(
            "{key} could not be taken from {remote} ({what}) and was taken from {taken_from}"
        ))
    }
}
