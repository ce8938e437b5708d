//! zstd's frames back to plain bytes, piece by piece and within a bound, so that a forged object cannot fill the memory.
//! What is at hand as a whole is unpacked frame by frame where it lies, which spares a copy of every byte; what comes
//! through a reader, or in frames of somebody else's size, as a stream.

use std::io::{self, Read, Write};

use thiserror::Error;
use zstd::zstd_safe;

use super::seal::FRAME_BYTES;

/// Whole pages of every size that SQLite has, so that a writer may look at them one by one.
pub const PIECE_BYTES: usize = 256 * 1024;

/// Why nothing, or not all, was unpacked.
#[derive(Debug, Error)]
pub(super) enum UnpackError {
    /// It is no zstd, or was altered.
    #[error("{0}")]
    Broken(io::Error),
    /// It would be longer than it may be.
    #[error("it unpacks to more than the {0} bytes that it may")]
    TooLong(u64),
    /// The writer's own.
    #[error("{0}")]
    Writing(io::Error),
}

/// Unpacks what a reader gives; returns how many bytes that were.
///
/// # Errors
/// [`UnpackError`]; what was written by then is of no use.
pub(super) fn unpack(
    from: impl Read,
    plain_bytes_max: u64,
    into: &mut impl Write,
) -> Result<u64, UnpackError> {
    let mut pieces = Pieces::new(into, plain_bytes_max);
    pieces.stream(from)?;
    pieces.end()
}

/// The same of bytes in memory.
///
/// # Errors
/// As [`unpack`].
pub(super) fn unpack_at_hand(
    mut from: &[u8],
    plain_bytes_max: u64,
    into: &mut impl Write,
) -> Result<u64, UnpackError> {
    let mut pieces = Pieces::new(into, plain_bytes_max);
    let mut unzstd = zstd::bulk::Decompressor::new().map_err(UnpackError::Broken)?;
    let mut plain = Vec::with_capacity(FRAME_BYTES);
    while let Some(frame) = first_of_ours(from) {
        plain.clear();
        unzstd
            .decompress_to_buffer(frame, &mut plain)
            .map_err(UnpackError::Broken)?;
        pieces.add(&plain)?;
        from = &from[frame.len()..];
    }
    if !from.is_empty() {
        pieces.stream(from)?;
    }
    pieces.end()
}

/// The first frame, when it says that it holds no more than those that are made here.
fn first_of_ours(bytes: &[u8]) -> Option<&[u8]> {
    let plain_bytes = zstd_safe::get_frame_content_size(bytes).ok()??;
    let end = zstd_safe::find_frame_compressed_size(bytes).ok()?;
    (plain_bytes <= FRAME_BYTES as u64)
        .then(|| bytes.get(..end))
        .flatten()
}

/// Hands plain bytes on in pieces of one size, but for the last.
struct Pieces<'a, W> {
    into: &'a mut W,
    /// What does not fill a piece yet.
    begun: Vec<u8>,
    total_bytes: u64,
    plain_bytes_max: u64,
}

impl<'a, W: Write> Pieces<'a, W> {
    fn new(into: &'a mut W, plain_bytes_max: u64) -> Self {
        Self {
            into,
            begun: Vec::new(),
            total_bytes: 0,
            plain_bytes_max,
        }
    }

    fn stream(&mut self, from: impl Read) -> Result<(), UnpackError> {
        let mut unzstd = zstd::Decoder::new(from).map_err(UnpackError::Broken)?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match unzstd.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => self.add(&piece[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(UnpackError::Broken(error)),
            }
        }
    }

    fn add(&mut self, mut plain: &[u8]) -> Result<(), UnpackError> {
        self.total_bytes += plain.len() as u64;
        if self.total_bytes > self.plain_bytes_max {
            return Err(UnpackError::TooLong(self.plain_bytes_max));
        }
        if !self.begun.is_empty() {
            let (more, rest) = plain.split_at(plain.len().min(PIECE_BYTES - self.begun.len()));
            self.begun.extend_from_slice(more);
            plain = rest;
            if self.begun.len() == PIECE_BYTES {
                self.into.write_all(&self.begun).map_err(UnpackError::Writing)?;
                self.begun.clear();
            }
        }
        let mut whole = plain.chunks_exact(PIECE_BYTES);
        for piece in &mut whole {
            self.into.write_all(piece).map_err(UnpackError::Writing)?;
        }
        self.begun.extend_from_slice(whole.remainder());
        Ok(())
    }

    fn end(self) -> Result<u64, UnpackError> {
        self.into.write_all(&self.begun).map_err(UnpackError::Writing)?;
        Ok(self.total_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes down how long each piece was.
    #[derive(Default)]
    struct Sizes(Vec<u8>, Vec<usize>);

    impl Write for Sizes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.extend_from_slice(bytes);
            self.1.push(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn plain(size: usize) -> Vec<u8> {
        (0..size).map(|at| (at / 7 % 251) as u8).collect()
    }

    /// Frames as they are made here; as a stream makes them, which say no size; frames of odd sizes; and all in turn.
    fn packed(plain: &[u8]) -> Vec<Vec<u8>> {
        let frames = |size: usize| -> Vec<u8> {
            let frames = plain
                .chunks(size)
                .map(|part| zstd::bulk::compress(part, 1).unwrap());
            frames.collect::<Vec<_>>().concat()
        };
        let streamed = zstd::stream::encode_all(plain, 3).unwrap();
        let (first, second) = plain.split_at(plain.len() / 3);
        let mixed = [
            zstd::bulk::compress(first, 1).unwrap(),
            zstd::stream::encode_all(second, 3).unwrap(),
        ];
        vec![
            frames(FRAME_BYTES),
            frames(12_345),
            frames(3 * FRAME_BYTES),
            streamed,
            mixed.concat(),
        ]
    }

    #[test]
    fn both_ways_give_the_same_bytes_in_pieces_of_one_size() {
        for size in [
            1,
            4_096,
            PIECE_BYTES,
            FRAME_BYTES,
            2 * FRAME_BYTES + 4_096,
            5_000_001,
        ] {
            let plain = plain(size);
            for packed in packed(&plain) {
                let (mut at_hand, mut streamed) = (Sizes::default(), Sizes::default());
                let max = size as u64;
                assert_eq!(unpack_at_hand(&packed, max, &mut at_hand).unwrap(), max);
                assert_eq!(unpack(packed.as_slice(), max, &mut streamed).unwrap(), max);
                assert!(at_hand.0 == plain && streamed.0 == plain);
                assert_eq!(at_hand.1, streamed.1);
                let (last, whole) = at_hand.1.split_last().unwrap();
                assert!(whole.iter().all(|piece| *piece == PIECE_BYTES) && *last <= PIECE_BYTES);
            }
        }
    }

    #[test]
    fn nothing_longer_than_it_may_be_is_kept() {
        let plain = plain(3 * FRAME_BYTES);
        for packed in packed(&plain) {
            let mut kept = Sizes::default();
            let max = plain.len() as u64 - 1;
            let refused = unpack_at_hand(&packed, max, &mut kept);
            assert!(matches!(refused, Err(UnpackError::TooLong(told)) if told == max));
            assert!(kept.0.len() as u64 <= max);
        }
    }

    #[test]
    fn what_is_altered_or_cut_short_does_not_unpack() {
        let packed = zstd::bulk::compress(&plain(300_000), 1).unwrap();
        for end in [1, 5, packed.len() / 2, packed.len() - 1] {
            let refused = unpack_at_hand(&packed[..end], 300_000, &mut io::sink());
            assert!(
                matches!(refused, Err(UnpackError::Broken(_))),
                "{end}: {refused:?}"
            );
        }
        assert!(unpack_at_hand(b"no zstd at all", 100, &mut io::sink()).is_err());
    }
}
