//! What a command begins anew with so that its allocator keeps one heap for all threads, and no more than it needs.
//! glibc otherwise keeps parts of backups of up to 16 MiB for each thread that ever held one, three times what is in use,
//! and in the daemon every picture that was ever drawn.
//! It changes nothing where somebody else has set this already.

use std::{env, ffi::OsStr};

use super::anew::Variable;

/// What a command has to be sparing with.
#[derive(Clone, Copy)]
pub(super) enum Spare {
    /// It runs beside the shop: pieces of 4 MiB and more are given back at once. Smaller ones as well would cost a
    /// second of page faults for each gigabyte, and save nothing more.
    Memory,
    /// The shop stands still: what was given back would be taken again for the next part, which is a third of the time.
    Time,
    /// It lives for months and needs much for moments only: what those took is given back, but not what a busy shop's
    /// commits take again and again, which would cost more than they do.
    Months,
}

/// Whether the variables are ours: a backup that the daemon begins is to be sparing in its own way.
const OURS: &str = "WARUNG_HEAP";
/// glibc's own names: how many heaps there are, how much of a heap's free end is kept, from which size on a piece is
/// mapped by itself, of which it takes no more than 32 MiB, and what each thread keeps for itself.
const NAMES: [&str; 4] = [
    "MALLOC_ARENA_MAX",
    "MALLOC_TRIM_THRESHOLD_",
    MAPPED_FROM,
    TUNABLES,
];
const MAPPED_FROM: &str = "MALLOC_MMAP_THRESHOLD_";
const TUNABLES: &str = "GLIBC_TUNABLES";
/// What a thread keeps of what it gave back, nobody else gets: a mebibyte of holes within an hour.
const NOTHING_KEPT: &str = "glibc.malloc.tcache_count=0";

impl Spare {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Time => "time",
            Self::Months => "months",
        }
    }

    /// What [`NAMES`] are set to.
    fn values(self) -> [&'static str; 4] {
        match self {
            Self::Memory => ["1", "8388608", "4194304", ""],
            Self::Time => ["1", "8388608", "33554432", ""],
            Self::Months => ["1", "1048576", "1048576", NOTHING_KEPT],
        }
    }
}

/// What must be in the environment of a command that is to be sparing like this; nothing when somebody else has set it.
pub(super) fn wanted(spare: Spare) -> Vec<Variable> {
    // Who sets one of these has thought of more than the number of heaps.
    let is_set = [MAPPED_FROM, TUNABLES]
        .iter()
        .any(|name| env::var_os(name).is_some());
    let ours = env::var_os(OURS);
    if is_decided(spare, is_set, ours.as_deref()) {
        return Vec::new();
    }
    let values = NAMES.into_iter().zip(spare.values());
    values
        .chain([(OURS, spare.name())])
        .map(|(name, value)| (name, value.into()))
        .collect()
}

fn is_decided(spare: Spare, is_set: bool, ours: Option<&OsStr>) -> bool {
    ours.map_or(is_set, |ours| ours == spare.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_daemon_begins_is_sparing_in_its_own_way_and_what_somebody_set_stays() {
        assert!(!is_decided(Spare::Months, false, None));
        assert!(is_decided(Spare::Months, true, None), "somebody set it");
        assert!(is_decided(Spare::Months, true, Some(OsStr::new("months"))));
        assert!(!is_decided(Spare::Memory, true, Some(OsStr::new("months"))));
    }
}
