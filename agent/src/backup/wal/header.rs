//! The first 32 bytes of a write-ahead log. Pure; described in <https://www.sqlite.org/fileformat2.html#walformat>.
//! A header that is not whole, or whose checksum does not fit, is none.

use serde::{Deserialize, Serialize};

use super::frame::{Checksum, Order};

/// Bytes of the header.
pub const HEADER_BYTES: usize = 32;

const MAGIC_LITTLE: u32 = 0x377f_0682;
const MAGIC_BIG: u32 = 0x377f_0683;
const FORMAT_VERSION: u32 = 3_007_000;

/// One generation of the log, from one reset to the next. The first salt grows by exactly one at a reset, the second
/// is random: together they tell frames of this generation from older ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salts {
    /// The one that counts.
    pub first: u32,
    /// The random one.
    pub second: u32,
}

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes in a page.
    pub page_size: u32,
    /// The generation.
    pub salts: Salts,
    /// In which order the checksums of this log read their words.
    pub order: Order,
    /// Where the checksums of the frames go on from.
    pub checksum: Checksum,
}

impl Salts {
    /// Whether these are the salts of the generation right after `earlier`.
    #[must_use]
    pub fn follow(self, earlier: Self) -> bool {
        self.first == earlier.first.wrapping_add(1)
    }
}

impl Header {
    /// Reads a header; `None` for anything that is not exactly one.
    #[must_use]
    pub fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let order = match word(0) {
            MAGIC_LITTLE => Order::Little,
            MAGIC_BIG => Order::Big,
            _ => return None,
        };
        let page_size = word(8);
        let is_page_size = page_size.is_power_of_two() && (512..=65_536).contains(&page_size);
        let checksum = Checksum::default().over(order, &bytes[..24]);
        let is_whole = checksum == Checksum(word(24), word(28));
        (word(4) == FORMAT_VERSION && is_page_size && is_whole).then_some(Self {
            page_size,
            salts: Salts {
                first: word(16),
                second: word(20),
            },
            order,
            checksum,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header as SQLite writes it.
    fn written(order: Order, page_size: u32, salts: Salts) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let magic = match order {
            Order::Little => MAGIC_LITTLE,
            Order::Big => MAGIC_BIG,
        };
        for (at, word) in [magic, FORMAT_VERSION, page_size, 7, salts.first, salts.second]
            .iter()
            .enumerate()
        {
            bytes[at * 4..at * 4 + 4].copy_from_slice(&word.to_be_bytes());
        }
        let Checksum(first, second) = Checksum::default().over(order, &bytes[..24]);
        bytes[24..28].copy_from_slice(&first.to_be_bytes());
        bytes[28..].copy_from_slice(&second.to_be_bytes());
        bytes
    }

    const SALTS: Salts = Salts {
        first: u32::MAX,
        second: 9,
    };

    #[test]
    fn a_header_in_either_order_reads_back() {
        for order in [Order::Little, Order::Big] {
            let header = Header::parse(&written(order, 4_096, SALTS)).unwrap();
            assert_eq!(
                (header.page_size, header.salts, header.order),
                (4_096, SALTS, order)
            );
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let good = written(Order::Little, 4_096, SALTS);
        for bit in 0..HEADER_BYTES * 8 {
            let mut bytes = good;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::parse(&bytes), None, "bit {bit}");
        }
        assert_eq!(Header::parse(&[0; HEADER_BYTES]), None);
    }

    #[test]
    fn sizes_that_are_no_page_sizes_are_refused() {
        for page_size in [0, 256, 4_097, 131_072] {
            assert_eq!(
                Header::parse(&written(Order::Big, page_size, SALTS)),
                None,
                "{page_size}"
            );
        }
    }

    #[test]
    fn the_first_salt_counts_past_its_end() {
        let next = Salts { first: 0, second: 3 };
        assert!(next.follow(SALTS));
        assert!(!SALTS.follow(next) && !SALTS.follow(SALTS));
    }
}
