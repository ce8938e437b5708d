//! Whether two TOML texts say the same: comments, blanks and the order of keys say nothing.
//! It gives nothing of the text away.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use toml::{Table, Value};

/// SHA-256 of what a TOML text says, in hex; `None` for a text that is not TOML.
#[must_use]
pub fn of(text: &str) -> Option<String> {
    let mut said = String::new();
    of_table(&text.parse().ok()?, &mut said);
    let mut hex = String::new();
    for byte in Sha256::digest(said) {
        write!(hex, "{byte:02x}").expect("writing to memory");
    }
    Some(hex)
}

fn of_table(table: &Table, said: &mut String) {
    let mut keys: Vec<&String> = table.keys().collect();
    keys.sort();
    said.push('{');
    for key in keys {
        write!(said, "{key:?}:").expect("writing to memory");
        of_value(&table[key.as_str()], said);
    }
    said.push('}');
}

fn of_value(value: &Value, said: &mut String) {
    match value {
        Value::Table(table) => of_table(table, said),
        Value::Array(items) => {
            said.push('[');
            items.iter().for_each(|item| of_value(item, said));
            said.push(']');
        }
        // With its type: a text is no number.
        one => write!(said, "{one:?},").expect("writing to memory"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_text_says_counts_and_not_how_it_is_written() {
        let said = |text| of(text).unwrap();
        let told = said("a = 1\nb = [1, \"x\"]\n[c]\nd = \"e\"\nf = true");
        let same = "# A word.\nc = { f = true, d = 'e' } # Another.\nb = [ 1,\n 'x' ]\na = 1";
        assert_eq!(said(same), told);
        for other in [
            "a = 2\nb = [1, \"x\"]\n[c]\nd = \"e\"\nf = true",
            "a = 1\nb = [\"x\", 1]\n[c]\nd = \"e\"\nf = true",
            "a = 1\nb = [1, \"x\"]\n[c]\nd = \"e\"",
            "a = \"1\"\nb = [1, \"x\"]\n[c]\nd = \"e\"\nf = true",
            "a = 1\nb = [1, \"x\"]\nd = \"e\"\nf = true\n[c]",
        ] {
            assert_ne!(said(other), told, "{other}");
        }
        assert_eq!(of("a = "), None);
    }
}
