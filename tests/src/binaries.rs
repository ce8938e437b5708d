//! Where cargo put the programs. Cargo names them only to tests of their own package, so they are looked up
//! beside the running test.

use std::path::PathBuf;

/// The path of a program that `cargo build --workspace --bins` made.
///
/// # Panics
/// When it was not built, with the command that builds it.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    // A test lies in target/debug/deps, the demo in target/debug.
    let folders = own.ancestors().skip(1).take(2);
    let found = folders
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not built; run: cargo build --workspace --bins"))
}
