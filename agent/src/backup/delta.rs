//! How a delta's pages lie in its parts: an index of lines that a shell can read, filled up to whole pages, and then the
//! pages themselves, so that `dd` alone can put them over a base.
//! Pure. What is read is untrusted, and believed only when every number fits every other.
//!
//! ```text
//! warung-delta 1 <bytes of a page> <pages of this index> <pages of the database>
//! <first page> <count>
//! …
//! ```

use protocol::manifest::PART_BYTES;

const MAGIC: &str = "warung-delta 1";
/// Bytes that a page may take in the index at most: two numbers of ten digits, a space and the end of the line.
const LINE_BYTES_MAX: u64 = 22;
/// The first line, and what is needed to fill the last page of the index.
const HEAD_BYTES_MAX: u64 = 66_000;

/// Pages in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The number of the first one, from 1.
    pub first: u32,
    /// How many there are.
    pub count: u32,
}

/// Cuts the numbers of changed pages, in ascending order, into what fits into one part each.
#[must_use]
pub fn cut(changed: &[u32], page_size: u32) -> Vec<&[u32]> {
    let most = (PART_BYTES - HEAD_BYTES_MAX) / (u64::from(page_size) + LINE_BYTES_MAX);
    changed
        .chunks(usize::try_from(most).unwrap_or(usize::MAX).max(1))
        .collect()
}

/// The runs of ascending numbers.
#[must_use]
pub fn runs(pages: &[u32]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for &page in pages {
        match runs.last_mut() {
            Some(last) if last.first + last.count == page => last.count += 1,
            _ => runs.push(Run {
                first: page,
                count: 1,
            }),
        }
    }
    runs
}

/// The index of a part.
#[must_use]
pub fn index(runs: &[Run], page_size: u32, database_pages: u32) -> Vec<u8> {
    let lines: String = runs
        .iter()
        .map(|run| format!("{} {}\n", run.first, run.count))
        .collect();
    let page_bytes = page_size as usize;
    let mut index_pages = 1;
    loop {
        let mut text = format!("{MAGIC} {page_size} {index_pages} {database_pages}\n{lines}").into_bytes();
        let needed = text.len().div_ceil(page_bytes);
        if needed <= index_pages {
            text.resize(index_pages * page_bytes, b'\n');
            return text;
        }
        index_pages = needed;
    }
}

/// A part that was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Which pages it holds, ascending.
    pub runs: Vec<Run>,
    /// The pages, one after the other.
    pub images: &'a [u8],
}

/// Reads a part of a delta over a database of this page size and, in the end, so many pages.
///
/// # Errors
/// What does not fit, as the end of a sentence about the part.
pub fn read(plain: &[u8], page_size: u32, database_pages: u32) -> Result<Part<'_>, String> {
    let wrong = |what: &str| format!("its index {what}");
    let end = plain
        .iter()
        .take(100)
        .position(|byte| *byte == b'\n')
        .ok_or_else(|| wrong("has no first line"))?;
    let head = std::str::from_utf8(&plain[..end]).map_err(|_| wrong("is no text"))?;
    let numbers = head
        .strip_prefix(MAGIC)
        .ok_or_else(|| wrong("is of another kind"))?;
    let numbers = numbers_of(numbers).ok_or_else(|| wrong("begins with something else than numbers"))?;
    let [size, index_pages, pages] = numbers[..] else {
        return Err(wrong("begins with other numbers"));
    };
    if size != page_size || pages != database_pages {
        return Err(wrong("describes another database"));
    }
    let index_bytes = index_pages as usize * page_size as usize;
    if index_bytes <= end || index_bytes > plain.len() {
        return Err(wrong("is longer than the part, or has no room"));
    }
    let (index, images) = plain.split_at(index_bytes);
    let lines = std::str::from_utf8(&index[end + 1..]).map_err(|_| wrong("is no text"))?;
    let runs = read_runs(lines, database_pages).ok_or_else(|| wrong("names pages that cannot be"))?;
    let held: u64 = runs.iter().map(|run| u64::from(run.count)).sum();
    if held * u64::from(page_size) != images.len() as u64 {
        return Err(wrong("names more or fewer pages than there are"));
    }
    Ok(Part { runs, images })
}

fn read_runs(lines: &str, database_pages: u32) -> Option<Vec<Run>> {
    let (mut runs, mut next) = (Vec::new(), 1);
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let [first, count] = numbers_of(line)?[..] else {
            return None;
        };
        let last = first.checked_add(count)?.checked_sub(1)?;
        if first < next || count == 0 || last > database_pages {
            return None;
        }
        next = last.checked_add(1)?;
        runs.push(Run { first, count });
    }
    Some(runs)
}

/// At most three numbers, each of digits alone.
fn numbers_of(text: &str) -> Option<Vec<u32>> {
    let words = text.split(' ').filter(|word| !word.is_empty()).take(4);
    words
        .map(|word| {
            word.bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| word.parse().ok())?
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let changed = [1, 2, 3, 7, 9, 10];
        let found = runs(&changed);
        assert_eq!(found.len(), 3);
        let mut part = index(&found, 512, 10);
        assert_eq!(part.len(), 512);
        part.extend((0..6_u8).flat_map(|page| vec![page; 512]));
        let read = read(&part, 512, 10).unwrap();
        assert_eq!(read.runs, found);
        assert_eq!(read.images[5 * 512], 5);
    }

    #[test]
    fn an_index_of_many_lines_takes_whole_pages_and_every_part_fits() {
        let scattered: Vec<u32> = (0..200_000).map(|at| 4_000_000_000 + at * 2).collect();
        for page_size in [512, 4_096, 65_536] {
            for pages in cut(&scattered, page_size) {
                let index = index(&runs(pages), page_size, u32::MAX);
                assert_eq!(index.len() % page_size as usize, 0);
                let bytes = index.len() as u64 + pages.len() as u64 * u64::from(page_size);
                assert!(bytes <= PART_BYTES, "{bytes} bytes with pages of {page_size}");
            }
        }
    }

    #[test]
    fn an_index_that_contradicts_itself_is_refused() {
        let whole = |head: &str, pages: usize| {
            let mut part = head.as_bytes().to_vec();
            part.resize(512, b'\n');
            part.resize(512 * (1 + pages), 7);
            part
        };
        let good = "warung-delta 1 512 1 10\n3 2\n";
        assert!(read(&whole(good, 2), 512, 10).is_ok());
        for (what, part) in [
            ("too few pages", whole(good, 1)),
            ("half a page", whole(good, 2)[..1_500].to_vec()),
            ("nothing", Vec::new()),
            ("another magic", whole("warung-delta 2 512 1 10\n3 2\n", 2)),
            ("another page size", whole("warung-delta 1 1024 1 10\n3 2\n", 2)),
            ("another database", whole("warung-delta 1 512 1 11\n3 2\n", 2)),
            (
                "a page after the end",
                whole("warung-delta 1 512 1 10\n10 2\n", 2),
            ),
            ("page 0", whole("warung-delta 1 512 1 10\n0 2\n", 2)),
            ("a page twice", whole("warung-delta 1 512 1 10\n3 1\n3 1\n", 2)),
            ("an overflow", whole("warung-delta 1 512 1 10\n4294967295 2\n", 2)),
            ("a sign", whole("warung-delta 1 512 1 10\n+3 2\n", 2)),
            ("an index over all", whole("warung-delta 1 512 9 10\n3 2\n", 2)),
            ("no index", whole("warung-delta 1 512 0 10\n3 2\n", 2)),
        ] {
            assert!(read(&part, 512, 10).is_err(), "{what} was accepted");
        }
    }
}
