//! Where a page differs from its earlier image. Pure; both have the same size.
//! It looks for no bytes that moved: zstd finds those in the old image.

use std::ops::Range;

const WORD: usize = 8;

/// The ranges in which `new` differs from `old`, in order. Short stretches of equal bytes between two of them are
/// taken in: naming them would cost more.
pub(super) fn ranges(old: &[u8], new: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for start in (0..new.len()).step_by(WORD) {
        let end = (start + WORD).min(new.len());
        if old[start..end] == new[start..end] {
            continue;
        }
        let differs = |at: &usize| old[*at] != new[*at];
        let first = (start..end).find(differs).unwrap_or(start);
        let last = (start..end).rfind(differs).unwrap_or(end - 1);
        match found.last_mut() {
            Some(range) if first - range.end < WORD => range.end = last + 1,
            _ => found.push(first..last + 1),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_pages_have_no_ranges_and_near_ones_join() {
        let old = [0_u8; 64];
        assert!(ranges(&old, &old).is_empty());
        let mut new = old;
        (new[0], new[3], new[30], new[63]) = (1, 1, 1, 1);
        assert_eq!(ranges(&old, &new), [0..4, 30..31, 63..64]);
        new[10] = 1;
        assert_eq!(ranges(&old, &new), [0..11, 30..31, 63..64]);
    }

    #[test]
    fn laying_the_ranges_upon_the_old_gives_the_new() {
        let mut seed = 7_u64;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize
        };
        for _ in 0..500 {
            let old: Vec<u8> = (0..512).map(|_| next() as u8).collect();
            let mut new = old.clone();
            for _ in 0..next() % 20 {
                let (at, value) = (next() % 512, next() as u8);
                new[at] = value;
            }
            let mut rebuilt = old.clone();
            for range in ranges(&old, &new) {
                rebuilt[range.clone()].copy_from_slice(&new[range]);
            }
            assert_eq!(rebuilt, new);
        }
    }
}
