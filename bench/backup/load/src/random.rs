//! Numbers that look random and are the same in every run: what is measured must not differ between turns.
//! Not for secrets.

/// A linear congruential generator, by Knuth's constants.
pub struct Random(pub u64);

impl Random {
    /// Below `most`, which is not 0.
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    /// So many hexadecimal digits: what no compressor makes smaller than half.
    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .map(|_| char::from(b"0123456789abcdef"[self.below(16) as usize]))
            .collect()
    }
}
