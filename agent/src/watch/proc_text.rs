//! Reads what the kernel tells as text, below /proc: in two steps, where a reader that asks for a file's size first is
//! told none, and then takes it in small pieces.
//! It interprets nothing.

use std::{
    fs::File,
    io::{self, Read},
};

/// More than most of these texts take.
const PIECE: usize = 8 * 1024;
/// More than any of them is.
const BYTES_MAX: usize = 4 << 20;

/// The text under this path.
///
/// # Errors
/// What the kernel answers instead; or that it is no text, or without end.
pub fn text(path: &str) -> io::Result<String> {
    let mut file = File::open(path)?;
    let (mut bytes, mut read) = (vec![0; PIECE], 0);
    loop {
        match file.read(&mut bytes[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if read == bytes.len() {
            if read >= BYTES_MAX {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            bytes.resize(2 * read, 0);
        }
    }
    bytes.truncate(read);
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_length_is_read_to_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("text");
        let read = |length: usize| {
            std::fs::write(&path, "x".repeat(length)).unwrap();
            text(path.to_str().unwrap()).map(|text| text.len()).ok()
        };
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE] {
            assert_eq!(read(length), Some(length));
        }
        assert_eq!(read(BYTES_MAX + 1), None);
        assert!(text("/proc/stat").unwrap().starts_with("cpu "));
        assert!(text("/proc/none").is_err());
    }
}
