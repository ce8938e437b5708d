//! A share of the line, as the owner writes it: `2MiB/s`.
//! It measures nothing.

use std::{num::NonZeroU64, time::Duration};

/// Less would keep an object of 16 MiB on its way for more than a quarter of an hour.
const LEAST_BYTES: u64 = 16 * 1024;
const UNITS: [(&str, u64); 3] = [("KiB/s", 1 << 10), ("MiB/s", 1 << 20), ("GiB/s", 1 << 30)];

/// Bytes a second, at least 16 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BytesPerSecond(NonZeroU64);

impl BytesPerSecond {
    /// Reads `2MiB/s`, `500 KiB/s`, `0.5GiB/s`; `None` when it is something else or too little.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit_bytes) = UNITS
            .iter()
            .find_map(|(unit, bytes)| Some((text.trim().strip_suffix(unit)?.trim(), *bytes)))?;
        let number: f64 = number.parse().ok().filter(|number: &f64| number.is_finite())?;
        // A float beyond the integers' range saturates.
        let bytes = (number * unit_bytes as f64) as u64;
        NonZeroU64::new(bytes).filter(|_| bytes >= LEAST_BYTES).map(Self)
    }

    /// How long so many bytes take.
    #[must_use]
    pub fn time_for(self, bytes: u64) -> Duration {
        Duration::from_millis(bytes.saturating_mul(1_000).div_ceil(self.0.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_with_a_unit() {
        let seconds = |text: &str, bytes| BytesPerSecond::parse(text).map(|it| it.time_for(bytes).as_secs());
        assert_eq!(seconds("2MiB/s", 16 << 20), Some(8));
        assert_eq!(seconds("512 KiB/s", 1 << 20), Some(2));
        assert_eq!(seconds("0.5GiB/s", 1 << 30), Some(2));
        for wrong in ["2", "2MB/s", "-1MiB/s", "0MiB/s", "1KiB/s", "NaNMiB/s", "fast"] {
            assert_eq!(BytesPerSecond::parse(wrong), None, "{wrong}");
        }
    }
}
