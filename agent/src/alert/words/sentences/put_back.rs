//! What is written down about a database in whose place an older or another state was put, in Indonesian.
//! The same kind of table as in `sentences`.

/// As they are written down and as they are told.
pub(super) const SENTENCES: &[(&str, &str)] = &[
    (
        "an older state of the shop was put in its place: the database holds what it held after commit {}, and not {}",
        "keadaan toko yang lebih lama diletakkan di tempatnya: isi database seperti setelah perubahan {}, dan bukan {}",
    ),
    (
        "an older state of the shop was put in its place: the database holds what the restore point {} holds, and not {}",
        "keadaan toko yang lebih lama diletakkan di tempatnya: isi database seperti titik pemulihan {}, dan bukan {}",
    ),
    (
        "an older copy of the shop, or another database, was put in its place: {} pages differ from {}",
        "salinan toko yang lebih lama, atau database lain, diletakkan di tempatnya: {} halaman berbeda dari {}",
    ),
    (
        "SQLite had counted further than it counts now",
        "hitungan SQLite sudah lebih jauh dari sekarang",
    ),
    (
        "its tables are of an earlier release",
        "tabelnya dari rilis sebelumnya",
    ),
    (
        "an older copy of the shop, or another database, was put in its place, or what only its log held is gone: rows of the table {} were numbered up to {}, and are up to {} now",
        "salinan toko yang lebih lama, atau database lain, diletakkan di tempatnya, atau isi yang hanya ada di log hilang: nomor baris tabel {} sudah sampai {}, dan sekarang sampai {}",
    ),
    (
        "another database was put in its place, or a copy of the shop that went on by itself: row {} of the table {} is not the one that was there",
        "database lain diletakkan di tempatnya, atau salinan toko yang berjalan sendiri: baris {} dari tabel {} bukan baris yang dulu ada di sana",
    ),
    (
        "another database was put in its place: none of the tables that number their rows is in it",
        "database lain diletakkan di tempatnya: tabel toko yang barisnya bernomor tidak ada satu pun di dalamnya",
    ),
    ("it does not lead on from {}", "isinya tidak menyambung dari {}"),
    (
        "SQLite counts changes to the definitions, as after VACUUM, a change by hand, or another state that was put in by `.restore`: if nobody did that on purpose, see with `bot check` what it holds",
        "SQLite menghitung perubahan definisi, seperti sesudah VACUUM, perubahan dengan tangan, atau keadaan lain yang dimasukkan lewat `.restore`: bila tidak ada yang sengaja melakukannya, lihat isinya dengan `bot check`",
    ),
    (
        "it held then what it had held after commit {}",
        "isinya waktu itu sama seperti sesudah perubahan {}",
    ),
    (
        "another state was put into the database through SQLite, as by `.restore`",
        "keadaan lain dimasukkan ke database lewat SQLite, seperti dengan `.restore`",
    ),
    (
        "an older or another state was put in its place, or what only the log held is gone: {} pages differ from {}",
        "keadaan lama atau lain diletakkan di tempatnya, atau isi yang hanya ada di log hilang: {} halaman berbeda dari {}",
    ),
];
