//! The framing of OpenPGP packets (RFC 4880, 4.2): where a packet begins and ends, and where the pieces of its body lie.
//! Sequoia reads what is inside of the small ones. Of those that hold an object's bytes it would copy every byte several
//! times and hash it once more on its way, which is a tenth of a restore's work.
//! It believes no length: a packet that says it is longer than what there is, is an error.

use std::ops::Range;

use anyhow::{Context, bail, ensure};
use openpgp::packet::Tag;
use sequoia_openpgp as openpgp;

/// Every first byte of a packet has it.
const IS_PACKET: u8 = 0x80;
/// Of a packet in the format that every program has written since 1998.
const IS_NEW_FORMAT: u8 = 0x40;

/// The first packet of some bytes.
#[derive(Debug)]
pub(super) struct Frame {
    /// What it is.
    pub tag: Tag,
    /// How many bytes it takes, with its head.
    pub end: usize,
    /// Where its body lies among those bytes, in their order.
    pieces: Vec<Range<usize>>,
}

impl Frame {
    /// Looks for the first packet.
    ///
    /// # Errors
    /// When no packet begins there, or less is there than it says.
    pub(super) fn first(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut reader = Reader { bytes, at: 0 };
        let head = reader.byte()?;
        ensure!(head & IS_PACKET != 0, "it is no OpenPGP message");
        let mut pieces = Vec::new();
        let tag = if head & IS_NEW_FORMAT != 0 {
            while reader.new_piece(&mut pieces)? {}
            head & 0x3F
        } else {
            pieces.push(reader.old_body(head & 0x03)?);
            (head >> 2) & 0x0F
        };
        Ok(Self {
            tag: Tag::from(tag),
            end: reader.at,
            pieces,
        })
    }

    /// Its body, taken out of the bytes that it was found in.
    pub(super) fn body(&self, bytes: &[u8]) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.end);
        for piece in &self.pieces {
            body.extend_from_slice(&bytes[piece.clone()]);
        }
        body
    }

    /// Moves its body together where it lies, over the lengths between its pieces, and says where it is.
    pub(super) fn close_up(&self, bytes: &mut [u8]) -> Range<usize> {
        let start = self.pieces.first().map_or(0, |first| first.start);
        let mut end = start;
        for piece in &self.pieces {
            bytes.copy_within(piece.clone(), end);
            end += piece.len();
        }
        start..end
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    /// The next piece of a body in the new format; `false` when it was the last one.
    fn new_piece(&mut self, pieces: &mut Vec<Range<usize>>) -> anyhow::Result<bool> {
        let (length, more_follow) = match self.byte()? {
            first @ 0..192 => (u32::from(first), false),
            first @ 192..224 => {
                let second = u32::from(self.byte()?);
                (((u32::from(first) - 192) << 8) + second + 192, false)
            }
            first @ 224..255 => (1_u32 << (first & 0x1F), true),
            255 => (self.number(4)?, false),
        };
        pieces.push(self.piece(length)?);
        Ok(more_follow)
    }

    /// The body in the old format.
    fn old_body(&mut self, kind: u8) -> anyhow::Result<Range<usize>> {
        let length = match kind {
            0 => self.number(1)?,
            1 => self.number(2)?,
            2 => self.number(4)?,
            // Until the end of everything.
            _ => u32::try_from(self.bytes.len() - self.at).context("it is too long")?,
        };
        self.piece(length)
    }

    fn piece(&mut self, length: u32) -> anyhow::Result<Range<usize>> {
        let end = self.at.checked_add(usize::try_from(length)?);
        match end.filter(|end| *end <= self.bytes.len()) {
            Some(end) => Ok(std::mem::replace(&mut self.at, end)..end),
            None => bail!("it is cut short"),
        }
    }

    fn number(&mut self, octets: u32) -> anyhow::Result<u32> {
        (0..octets).try_fold(0, |number, _| Ok(number << 8 | u32::from(self.byte()?)))
    }

    fn byte(&mut self) -> anyhow::Result<u8> {
        let byte = *self.bytes.get(self.at).context("it is cut short")?;
        self.at += 1;
        Ok(byte)
    }
}

#[cfg(test)]
mod tests {
    use openpgp::{
        Packet,
        packet::{Literal, Marker},
        parse::{PacketParser, PacketParserResult, Parse},
        serialize::{
            SerializeInto,
            stream::{LiteralWriter, Message},
        },
    };

    use super::*;

    /// What Sequoia finds: each packet's tag and body, and what lies inside of those that hold content.
    fn by_sequoia(bytes: &[u8]) -> Vec<(Tag, Vec<u8>)> {
        let (mut found, mut packets) = (Vec::new(), PacketParser::from_bytes(bytes).unwrap());
        while let PacketParserResult::Some(mut packet) = packets {
            let mut body = Vec::new();
            std::io::Read::read_to_end(&mut packet, &mut body).unwrap();
            found.push((packet.packet.tag(), body));
            packets = packet.next().unwrap().1;
        }
        found
    }

    fn by_us(mut bytes: &[u8]) -> Vec<(Tag, Vec<u8>)> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let frame = Frame::first(bytes).unwrap();
            let body = frame.body(bytes);
            let mut moved = bytes.to_vec();
            let range = frame.close_up(&mut moved);
            assert_eq!(moved[range], body[..]);
            found.push((frame.tag, body));
            bytes = &bytes[frame.end..];
        }
        found
    }

    fn literal(content: &[u8], in_pieces: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        if in_pieces {
            let mut writer = LiteralWriter::new(Message::new(&mut bytes)).build().unwrap();
            std::io::Write::write_all(&mut writer, content).unwrap();
            writer.finalize().unwrap();
        } else {
            let mut packet = Literal::default();
            packet.set_body(content.to_vec());
            bytes = Packet::from(packet).to_vec().unwrap();
        }
        bytes
    }

    /// A literal packet's content comes after its format, an empty name and a date.
    const LITERAL_HEAD_BYTES: usize = 6;

    #[test]
    fn packets_of_every_length_are_found_as_sequoia_finds_them() {
        for size in [0, 1, 185, 186, 187, 300, 8_377, 8_378, 65_536, 70_000, 4_200_000] {
            let content: Vec<u8> = (0..size).map(|at: u32| (at * 7 % 251) as u8).collect();
            for in_pieces in [false, true] {
                let mut bytes = Packet::from(Marker::default()).to_vec().unwrap();
                bytes.extend(literal(&content, in_pieces));
                bytes.extend(literal(b"behind it", false));
                let (ours, theirs) = (by_us(&bytes), by_sequoia(&bytes));
                assert_eq!(ours.len(), 3);
                for ((tag, body), (their_tag, their_body)) in ours.iter().zip(&theirs).skip(1) {
                    assert_eq!(tag, their_tag);
                    assert_eq!(body[LITERAL_HEAD_BYTES..], their_body[..]);
                }
                assert_eq!(ours[0].0, Tag::Marker);
            }
        }
    }

    #[test]
    fn the_old_format_is_read_too() {
        let body = [b"b\0\0\0\0\0".as_slice(), &[5; 300]].concat();
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        let two_octets = [&[0xAD][..], &length, &body].concat();
        let four_octets = [&[0xAE, 0, 0][..], &length, &body].concat();
        let until_the_end = [&[0xAF][..], &body].concat();
        for bytes in [two_octets, four_octets, until_the_end] {
            assert_eq!(by_us(&bytes), [(Tag::Literal, body.clone())]);
            assert_eq!(by_sequoia(&bytes), [(Tag::Literal, vec![5; 300])]);
        }
    }

    #[test]
    fn what_is_cut_short_or_no_packet_is_refused() {
        let bytes = literal(&[9; 70_000], true);
        for end in (0..bytes.len()).step_by(997).chain([1, 2, 3]) {
            assert!(Frame::first(&bytes[..end]).is_err(), "{end} bytes passed");
        }
        assert!(Frame::first(b"plain text").is_err());
        assert!(Frame::first(&[0xCB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0]).is_err());
    }
}
