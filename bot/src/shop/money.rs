//! Rupiah: whole, never a fraction, never a float.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whole rupiah.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rupiah(pub i64);

impl fmt::Display for Rupiah {
    /// `Rp25.000`, as it is written in Indonesia.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        let sign = if self.0 < 0 { "-" } else { "" };
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        write!(f, "{sign}Rp{grouped}")
    }
}

/// Reads what a seller types: `25000`, `25.000`, `Rp 25.000`, `25rb` is not understood and refused.
#[must_use]
pub fn parse(text: &str) -> Option<Rupiah> {
    let text = text.trim();
    let text = text
        .strip_prefix("Rp")
        .or_else(|| text.strip_prefix("rp"))
        .unwrap_or(text)
        .trim();
    let grouped = text.contains('.');
    let mut groups = text.split('.');
    let first = groups.next()?;
    let well_grouped =
        (1..=3).contains(&first.len()) && text.split('.').skip(1).all(|group| group.len() == 3);
    if grouped && !well_grouped {
        return None;
    }
    let digits: String = text.split('.').collect();
    let plain = !digits.is_empty() && digits.len() <= 12 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok().map(Rupiah)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_in_indonesia() {
        assert_eq!(Rupiah(0).to_string(), "Rp0");
        assert_eq!(Rupiah(500).to_string(), "Rp500");
        assert_eq!(Rupiah(25_000).to_string(), "Rp25.000");
        assert_eq!(Rupiah(-1_234_567).to_string(), "-Rp1.234.567");
    }

    #[test]
    fn sellers_may_type_dots_but_not_guesses() {
        assert_eq!(parse("25000"), Some(Rupiah(25_000)));
        assert_eq!(parse("Rp 25.000"), Some(Rupiah(25_000)));
        for wrong in [
            "",
            "25.00",
            "25,000",
            "25rb",
            "-5",
            "1e6",
            "2.5000",
            ".000",
            "9999999999999",
        ] {
            assert_eq!(parse(wrong), None, "{wrong} was accepted");
        }
    }
}
