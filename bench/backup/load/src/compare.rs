//! Whether two databases are the same, page by page, but for the counters in the header that SQLite's own backup
//! rewrites.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use anyhow::{Context, bail, ensure};

const PAGE: usize = 4096;
/// File change counter, schema cookie's neighbour and version-valid-for: SQLite's file format, section 1.3.
const COUNTERS: [std::ops::Range<usize>; 3] = [24..28, 40..44, 92..100];

/// Says `same`, or fails with the first page that differs.
pub fn pages(one: &Path, other: &Path) -> anyhow::Result<()> {
    let (mut left, mut right) = (open(one)?, open(other)?);
    ensure!(
        std::fs::metadata(one)?.len() == std::fs::metadata(other)?.len(),
        "the sizes differ"
    );
    let (mut a, mut b) = (vec![0; PAGE], vec![0; PAGE]);
    let pages = std::fs::metadata(one)?.len() / PAGE as u64;
    for page in 1..=pages {
        left.read_exact(&mut a)?;
        right.read_exact(&mut b)?;
        if page == 1 {
            for range in COUNTERS {
                b[range.clone()].copy_from_slice(&a[range]);
            }
        }
        if a != b {
            bail!("page {page} differs");
        }
    }
    println!("same {pages}");
    Ok(())
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    Ok(BufReader::with_capacity(1 << 20, file))
}
