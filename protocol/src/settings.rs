//! Reads a TOML text key by key and gathers every fault instead of stopping at the first, so that the owner
//! mends a file once and not seven times.
//! It opens no file and knows no program's keys.

pub mod digest;
mod faults;

use std::time::Duration;

use toml::{Table, Value};

use crate::time::{duration_as_written, parse_duration};
pub use faults::Faults;

/// What the bot calls its log in the folder of its `[logs] dir`.
pub const LOG_NAME: &str = "bot.log";

/// One `[section]` while it is read. Each key is taken out once; what is left at [`Section::finish`] is unknown.
pub struct Section {
    path: String,
    rest: Table,
    /// The text could not be read: that nothing is in it is no second fault.
    unread: bool,
}

/// Parses the whole text into its top section. A text that is not TOML gives one fault and an empty section.
pub fn parse(text: &str, faults: &mut Faults) -> Section {
    let parsed = text.parse::<Table>();
    if let Err(error) = &parsed {
        // Not the error's own picture of the line: a secret may stand there by mistake.
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        faults.add(format!(
            "it is not TOML: line {line}, column {column}: {}",
            error.message().replace('\n', ", ")
        ));
    }
    Section {
        path: String::new(),
        unread: parsed.is_err(),
        rest: parsed.unwrap_or_default(),
    }
}

impl Section {
    /// Whether there was nothing to read: what is missing in it is no fault of its own.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.unread
    }

    /// A section that the file must have.
    pub fn section(&mut self, name: &str, faults: &mut Faults) -> Self {
        self.section_if_any(name, faults).unwrap_or_else(|| {
            if !self.unread {
                faults.add(format!("[{}] is missing", self.name(name)));
            }
            self.unread_section(name)
        })
    }

    /// A section that the file may have. One of a wrong type is a fault, and counts as empty.
    pub fn section_if_any(&mut self, name: &str, faults: &mut Faults) -> Option<Self> {
        Some(match self.take(name)? {
            Value::Table(rest) => Self {
                path: self.name(name),
                rest,
                unread: false,
            },
            other => {
                faults.add(format!(
                    "{} must be a section, not {}",
                    self.name(name),
                    kind(&other)
                ));
                self.unread_section(name)
            }
        })
    }

    /// A section in the place of one that is not there: its keys are not missed one by one.
    fn unread_section(&self, name: &str) -> Self {
        Self {
            path: self.name(name),
            rest: Table::new(),
            unread: true,
        }
    }

    /// Every sub-section that is left, with its name: for `[remotes.<name>]`.
    pub fn sections(&mut self, faults: &mut Faults) -> Vec<(String, Self)> {
        let names: Vec<String> = self.rest.keys().cloned().collect();
        names
            .into_iter()
            .filter_map(|name| self.section_if_any(&name, faults).map(|found| (name, found)))
            .collect()
    }

    /// Every `[[name]]` of the file, in order, at most `most`; absent is none.
    pub fn tables(&mut self, name: &str, most: usize, faults: &mut Faults) -> Vec<Self> {
        let path = self.name(name);
        let items = match self.take(name) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                return self
                    .wrong(name, "a list of sections", &other, faults)
                    .unwrap_or_default();
            }
        };
        if items.len() > most {
            faults.add(format!(
                "{path} stands {} times; at most {most} are read",
                items.len()
            ));
        }
        let mut found = Vec::new();
        for (position, item) in (1..=most).zip(items) {
            let path = format!("{path}[{position}]");
            match item {
                Value::Table(rest) => found.push(Self {
                    path,
                    rest,
                    unread: false,
                }),
                other => faults.add(format!("{path} must be a section, not {}", kind(&other))),
            }
        }
        found
    }

    /// Every key that is left and holds a string, number or boolean, as text: for keys that a library defines.
    pub fn scalars(&mut self, faults: &mut Faults) -> Vec<(String, String)> {
        let rest = std::mem::take(&mut self.rest);
        let mut found = Vec::new();
        for (name, value) in rest {
            match value {
                Value::String(text) => found.push((name, text)),
                Value::Integer(number) => found.push((name, number.to_string())),
                Value::Boolean(yes) => found.push((name, yes.to_string())),
                other => faults.add(format!(
                    "{} must be one value, not {}",
                    self.name(&name),
                    kind(&other)
                )),
            }
        }
        found
    }

    /// A text that must be there and not be empty. After a fault an empty text stands in.
    pub fn text(&mut self, name: &str, faults: &mut Faults) -> String {
        self.miss(name, faults);
        self.text_if_any(name, faults).unwrap_or_default()
    }

    /// A text that may be absent; an empty one is a fault.
    pub fn text_if_any(&mut self, name: &str, faults: &mut Faults) -> Option<String> {
        match self.take(name)? {
            Value::String(text) if text.trim().is_empty() => {
                faults.add(format!("{} is empty", self.name(name)));
                Some(text)
            }
            Value::String(text) => Some(text),
            other => self.wrong(name, "text in quotes", &other, faults),
        }
    }

    /// A text that may be absent or empty.
    pub fn text_or_empty(&mut self, name: &str, faults: &mut Faults) -> String {
        match self.take(name) {
            None => String::new(),
            Some(Value::String(text)) => text,
            Some(other) => self
                .wrong(name, "text in quotes", &other, faults)
                .unwrap_or_default(),
        }
    }

    /// A list of texts; absent is empty.
    pub fn texts(&mut self, name: &str, faults: &mut Faults) -> Vec<String> {
        self.list(name, "a list of texts", faults, |value| {
            value.as_str().map(str::to_owned)
        })
    }

    /// A list of whole numbers; absent is empty.
    pub fn integers(&mut self, name: &str, faults: &mut Faults) -> Vec<i64> {
        self.list(name, "a list of whole numbers", faults, Value::as_integer)
    }

    /// A whole number that must be there. After a fault a zero stands in.
    pub fn integer(&mut self, name: &str, faults: &mut Faults) -> i64 {
        self.miss(name, faults);
        self.integer_if_any(name, i64::MIN, i64::MAX, faults)
            .unwrap_or_default()
    }

    /// A whole number within bounds that may be absent.
    pub fn integer_if_any(&mut self, name: &str, least: i64, most: i64, faults: &mut Faults) -> Option<i64> {
        match self.take(name)? {
            Value::Integer(number) if (least..=most).contains(&number) => Some(number),
            Value::Integer(number) => {
                faults.add(format!(
                    "{} is {number}; it must be from {least} to {most}",
                    self.name(name)
                ));
                None
            }
            other => self.wrong(name, "a whole number", &other, faults),
        }
    }

    /// A yes or no that may be absent.
    pub fn boolean_if_any(&mut self, name: &str, faults: &mut Faults) -> Option<bool> {
        match self.take(name)? {
            Value::Boolean(yes) => Some(yes),
            other => self.wrong(name, "true or false", &other, faults),
        }
    }

    /// A duration such as `15m` within bounds that may be absent.
    pub fn duration_if_any(
        &mut self,
        name: &str,
        least: Duration,
        most: Duration,
        faults: &mut Faults,
    ) -> Option<Duration> {
        let text = match self.take(name)? {
            Value::String(text) => text,
            other => return self.wrong(name, "a duration in quotes such as \"15m\"", &other, faults),
        };
        match parse_duration(&text) {
            Ok(found) if (least..=most).contains(&found) => Some(found),
            Ok(_) => {
                let (name, least) = (self.name(name), duration_as_written(least));
                let most = duration_as_written(most);
                faults.add(format!("{name} is {text}; it must be from {least} to {most}"));
                None
            }
            Err(error) => {
                faults.add(format!("{}: {error}", self.name(name)));
                None
            }
        }
    }

    /// One of a few words that may be absent.
    pub fn choice_if_any<T: Copy>(
        &mut self,
        name: &str,
        choices: &[(&str, T)],
        faults: &mut Faults,
    ) -> Option<T> {
        let text = self.text_if_any(name, faults)?;
        let found = choices
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, choice)| *choice);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            faults.add(format!(
                "{} is \"{text}\"; it must be one of: {}",
                self.name(name),
                words.join(", ")
            ));
        }
        found
    }

    /// Reports whatever was not asked for.
    pub fn finish(self, faults: &mut Faults) {
        for name in self.rest.keys() {
            let name = self.name(name);
            faults.add(format!(
                "{name} is not a key that this program knows (a typing error?)"
            ));
        }
    }

    /// The full name of a key here, as a person would look for it: `payments.pakasir.project`.
    #[must_use]
    pub fn name(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn miss(&self, name: &str, faults: &mut Faults) {
        if !self.unread && !self.rest.contains_key(name) {
            faults.add(format!("{} is missing", self.name(name)));
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.rest.remove(name)
    }

    fn wrong<T>(&self, name: &str, wanted: &str, found: &Value, faults: &mut Faults) -> Option<T> {
        faults.add(format!(
            "{} must be {wanted}, not {}",
            self.name(name),
            kind(found)
        ));
        None
    }

    fn list<T>(
        &mut self,
        name: &str,
        wanted: &str,
        faults: &mut Faults,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.take(name) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            return self.wrong(name, wanted, &value, faults).unwrap_or_default();
        };
        if let Some(other) = items.iter().find(|item| read(item).is_none()) {
            faults.add(format!(
                "{} must be {wanted}; {} is in it",
                self.name(name),
                kind(other)
            ));
            return Vec::new();
        }
        items.iter().filter_map(read).collect()
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_in_one_message() {
        let mut faults = Faults::default();
        let mut top = parse(
            "[shop]\nname = 3\nowners = [\"x\"]\nnmae = \"y\"\nwindow = \"soon\"\n",
            &mut faults,
        );
        let mut shop = top.section("shop", &mut faults);
        shop.text("name", &mut faults);
        shop.text("currency", &mut faults);
        shop.integers("owners", &mut faults);
        shop.duration_if_any("window", Duration::ZERO, Duration::MAX, &mut faults);
        shop.finish(&mut faults);
        top.section("telegram", &mut faults);
        top.finish(&mut faults);
        let text = faults.to_string();
        for part in [
            "shop.name",
            "shop.currency",
            "shop.owners",
            "shop.nmae",
            "shop.window",
            "[telegram]",
        ] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }

    #[test]
    fn a_text_that_is_not_toml_is_one_fault() {
        let mut faults = Faults::default();
        parse("[shop]\nname = x\ntoken = \"s3cret", &mut faults).finish(&mut faults);
        assert_eq!(faults.sentences().len(), 1);
        let text = faults.to_string();
        assert!(text.contains("line 2") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn a_section_that_is_not_there_is_one_fault() {
        let mut faults = Faults::default();
        let mut top = parse("http = 3\n", &mut faults);
        for name in ["shop", "http"] {
            top.section(name, &mut faults).text("name", &mut faults);
        }
        assert_eq!(faults.sentences().len(), 2, "{faults}");
    }
}
