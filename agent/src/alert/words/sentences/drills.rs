//! What a rehearsal writes down of the database that came back, of the shop's own check and of its program, in Indonesian.
//! What the system said with it is told by its kind.

/// As they are written down and as they are told.
pub(super) const SENTENCES: &[(&str, &str)] = &[
    (
        "the shop's program was booted on what came back, and {}",
        "bot dinyalakan di atas hasil pemulihan, dan {}",
    ),
    ("it did not end well ({})", "tidak berhenti dengan baik ({})"),
    ("it did not end within {} s", "tidak berhenti dalam {} detik"),
    ("it ended by itself ({})", "berhenti sendiri ({})"),
    ("it was not well within {} s", "tidak sehat dalam {} detik"),
    (
        "what came back has {} {} and the live shop only {}: the live shop has lost some, or is an older one that was put in its place",
        "hasil pemulihan berisi {} {} dan toko yang berjalan hanya {}: toko yang berjalan kehilangan sebagian, atau diganti dengan yang lebih lama",
    ),
    (
        "what came back has {} {}, and an earlier rehearsal already found {}",
        "hasil pemulihan berisi {} {}, padahal latihan sebelumnya sudah menemukan {}",
    ),
    (
        "the rehearsed database could not be counted because {} cannot be run: {}",
        "database hasil latihan tidak dapat dihitung karena {} tidak dapat dijalankan: {}",
    ),
    ("no database came back", "tidak ada database yang kembali"),
    (
        "the ledger of what came back sums to {} instead of nothing",
        "jumlah buku kas yang kembali {} dan bukan nol",
    ),
    (
        "what came back does not add up: {}",
        "yang kembali tidak cocok hitungannya: {}",
    ),
    (
        "the shop's own check refuses what came back: {}",
        "pemeriksaan toko sendiri menolak yang kembali: {}",
    ),
];
