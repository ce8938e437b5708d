//! What a command begins anew with so that its allocator keeps one heap for all threads. glibc otherwise keeps parts of
//! backups of up to 16 MiB for each thread that ever held one: three times what is in use.
//! It changes nothing where somebody has set this already, and nothing for the daemon, which holds no parts.

use super::anew::Variable;

/// What a command has to be sparing with.
#[derive(Clone, Copy)]
pub(super) enum Spare {
    /// It runs beside the shop: pieces of 4 MiB and more are given back at once. Smaller ones as well would cost a
    /// second of page faults for each gigabyte, and save nothing more.
    Memory,
    /// The shop stands still: what was given back would be taken again for the next part, which is a third of the time.
    Time,
}

impl Spare {
    /// From which size on a piece is mapped by itself; glibc takes no more than 32 MiB.
    fn mapped_from_bytes(self) -> &'static str {
        match self {
            Self::Memory => "4194304",
            Self::Time => "33554432",
        }
    }
}

/// glibc's own names: how many heaps there are, how much of a heap's free end is kept, and the size above.
const HEAPS: (&str, &str) = ("MALLOC_ARENA_MAX", "1");
const KEPT: (&str, &str) = ("MALLOC_TRIM_THRESHOLD_", "8388608");
const MAPPED_FROM: &str = "MALLOC_MMAP_THRESHOLD_";

/// What must be in the environment of a command that is to be sparing like this; nothing when somebody has set it.
pub(super) fn wanted(spare: Spare) -> Vec<Variable> {
    if std::env::var_os(MAPPED_FROM).is_some() {
        return Vec::new();
    }
    let all = [HEAPS, KEPT, (MAPPED_FROM, spare.mapped_from_bytes())];
    all.map(|(name, value)| (name, value.into())).into()
}
