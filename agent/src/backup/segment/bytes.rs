//! Numbers and slices from untrusted bytes, and numbers into bytes. Pure.
//! It never reads past the end, and never makes room for what it was only told of.

use super::decode::SegmentError;

/// Bytes that are left to read.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], SegmentError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(SegmentError::Malformed("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], SegmentError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u32(&mut self) -> Result<u32, SegmentError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, SegmentError> {
        self.array().map(u64::from_be_bytes)
    }

    /// A LEB128 number of at most 64 bits.
    pub(super) fn number(&mut self) -> Result<u64, SegmentError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(SegmentError::Malformed("a number has more than 64 bits"))
    }

    /// A LEB128 number that is at most `most`.
    pub(super) fn number_up_to(&mut self, most: usize) -> Result<usize, SegmentError> {
        usize::try_from(self.number()?)
            .ok()
            .filter(|number| *number <= most)
            .ok_or(SegmentError::Malformed("a number is larger than it may be"))
    }
}

/// Appends a LEB128 number.
pub(super) fn put_number(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            let mut cursor = Cursor(&bytes);
            assert_eq!(cursor.number().unwrap(), number);
            assert!(cursor.0.is_empty());
        }
    }

    #[test]
    fn numbers_that_end_too_early_or_never_are_refused() {
        assert!(Cursor(&[]).number().is_err());
        assert!(Cursor(&[0x80]).number().is_err());
        assert!(Cursor(&[0xff; 11]).number().is_err());
        assert!(
            Cursor(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2])
                .number()
                .is_err()
        );
        assert!(Cursor(&[5]).number_up_to(4).is_err());
        assert!(Cursor(&[0; 3]).u32().is_err());
    }
}
