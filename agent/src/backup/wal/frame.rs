//! One frame of a write-ahead log: 24 bytes and a page, with a checksum that goes on from frame to frame. Pure.
//! A frame that does not continue the chain of checksums of its own generation is no frame.

use serde::{Deserialize, Serialize};

use super::header::{Header, Salts};

/// Bytes before the page.
pub const FRAME_HEADER_BYTES: usize = 24;

/// The order in which a log's checksums read their words; that of the machine that began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The least byte first.
    Little,
    /// The greatest byte first.
    Big,
}

/// The running checksum of a log: over its header, then over each frame in turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum(pub u32, pub u32);

impl Checksum {
    /// Goes on over bytes of which there are a multiple of eight; what is beyond is left out.
    #[must_use]
    pub fn over(self, order: Order, bytes: &[u8]) -> Self {
        let (mut first, mut second) = (self.0, self.1);
        let word = match order {
            Order::Little => u32::from_le_bytes,
            Order::Big => u32::from_be_bytes,
        };
        for pair in bytes.as_chunks::<8>().0 {
            let [a, b, c, d, e, f, g, h] = *pair;
            first = first.wrapping_add(word([a, b, c, d])).wrapping_add(second);
            second = second.wrapping_add(word([e, f, g, h])).wrapping_add(first);
        }
        Self(first, second)
    }
}

/// What a frame says of its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The page's number, from 1.
    pub page: u32,
    /// The database's size in pages after the commit that this frame ends; `None` when it ends none.
    pub commit_pages: Option<u32>,
    /// The running checksum after this frame.
    pub checksum: Checksum,
}

impl Frame {
    /// Reads the frame that follows `running` in the log of this header; `None` when these bytes do not.
    #[must_use]
    pub fn parse(bytes: &[u8], header: &Header, running: Checksum) -> Option<Self> {
        let page_size = usize::try_from(header.page_size).ok()?;
        if bytes.len() != FRAME_HEADER_BYTES + page_size {
            return None;
        }
        let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let salts = Salts {
            first: word(8),
            second: word(12),
        };
        let checksum = running
            .over(header.order, &bytes[..8])
            .over(header.order, &bytes[FRAME_HEADER_BYTES..]);
        let is_next = salts == header.salts && checksum == Checksum(word(16), word(20));
        (is_next && word(0) > 0).then_some(Self {
            page: word(0),
            commit_pages: Some(word(4)).filter(|pages| *pages > 0),
            checksum,
        })
    }
}

impl Frame {
    /// Whether this is the header of the frame of that generation after which the checksum is this.
    #[must_use]
    pub fn ends_with(header: &[u8; FRAME_HEADER_BYTES], salts: Salts, checksum: Checksum) -> bool {
        let words = [salts.first, salts.second, checksum.0, checksum.1];
        header[8..] == *words.map(u32::to_be_bytes).as_flattened()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(order: Order) -> Header {
        Header {
            page_size: 512,
            salts: Salts {
                first: 5,
                second: 0xdead_beef,
            },
            order,
            checksum: Checksum(3, 4),
        }
    }

    fn frame(header: &Header, running: Checksum, page: u32, commit_pages: u32, fill: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(page.to_be_bytes());
        bytes.extend(commit_pages.to_be_bytes());
        let body = vec![fill; 512];
        let checksum = running.over(header.order, &bytes).over(header.order, &body);
        let words = [header.salts.first, header.salts.second, checksum.0, checksum.1];
        bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        bytes.extend(body);
        bytes
    }

    #[test]
    fn frames_follow_one_another_in_either_order() {
        for order in [Order::Little, Order::Big] {
            let header = header(order);
            let first = frame(&header, header.checksum, 1, 0, 7);
            let one = Frame::parse(&first, &header, header.checksum).unwrap();
            assert_eq!((one.page, one.commit_pages), (1, None));
            let second = frame(&header, one.checksum, 2, 9, 8);
            let two = Frame::parse(&second, &header, one.checksum).unwrap();
            assert_eq!((two.page, two.commit_pages), (2, Some(9)));
            assert_eq!(
                Frame::parse(&second, &header, header.checksum),
                None,
                "out of its order"
            );
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let header = header(Order::Little);
        let good = frame(&header, header.checksum, 3, 4, 0);
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Frame::parse(&bytes, &header, header.checksum), None, "bit {bit}");
        }
    }

    #[test]
    fn what_is_cut_short_or_empty_is_no_frame() {
        let header = header(Order::Little);
        let good = frame(&header, header.checksum, 3, 4, 1);
        for length in [0, 1, 23, 24, good.len() - 1] {
            assert_eq!(Frame::parse(&good[..length], &header, header.checksum), None);
        }
        let zeros = vec![0; good.len()];
        assert_eq!(Frame::parse(&zeros, &header, header.checksum), None);
        let page_zero = frame(&header, header.checksum, 0, 4, 1);
        assert_eq!(Frame::parse(&page_zero, &header, header.checksum), None);
    }
}
