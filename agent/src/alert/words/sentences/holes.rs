//! What is written down about commits that a place for backups lacks, in Indonesian.
//! The same kind of table as in `sentences`.

/// As they are written down and as they are told.
pub(super) const SENTENCES: &[(&str, &str)] = &[
    (
        "commit {} of the chain {} cannot be restored from this remote",
        "perubahan {} dari rantai {} tidak dapat dipulihkan dari tempat ini",
    ),
    (
        "commits {} to {} of the chain {} cannot be restored from this remote",
        "perubahan {} sampai {} dari rantai {} tidak dapat dipulihkan dari tempat ini",
    ),
    (
        "all of that begins right after the point {}",
        "semua itu mulai tepat sesudah titik {}",
    ),
    (
        "nor can what follows until the point {}",
        "begitu juga kelanjutannya sampai titik {}",
    ),
    (
        "nor can what follows until its next backup (`agent backup`)",
        "begitu juga kelanjutannya sampai cadangan berikutnya di sana (`agent backup`)",
    ),
    (
        "the segment of commit {} is not there",
        "segmen perubahan {} tidak ada di sana",
    ),
    (
        "the segments of commits {} to {} are not there",
        "segmen perubahan {} sampai {} tidak ada di sana",
    ),
    (
        "of the chain {} the segment of commit {} is not there",
        "dari rantai {} segmen perubahan {} tidak ada di sana",
    ),
    (
        "the point {} gives the same state back, and nothing is lost while it is whole",
        "titik {} mengembalikan keadaan yang sama, dan tidak ada yang hilang selama titik itu utuh",
    ),
    (
        "all of it was sent there, and no rule of [retention] lets it go",
        "semuanya sudah dikirim ke sana, dan tidak ada aturan [retention] yang menghapusnya",
    ),
    (
        "either the server that followed this chain has not sent it or could not before its spool was full, which `agent verify` there says, or it was deleted, by no rule of [retention]",
        "server yang mengikuti rantai ini belum mengirimnya atau tidak dapat sebelum antreannya penuh, seperti dikatakan `agent verify` di sana, atau itu dihapus, bukan oleh aturan [retention]",
    ),
    (
        "either the server that followed this chain could not send it before its spool was full, which `agent verify` there says, or it was deleted, by no rule of [retention]",
        "server yang mengikuti rantai ini tidak dapat mengirimnya sebelum antreannya penuh, seperti dikatakan `agent verify` di sana, atau itu dihapus, bukan oleh aturan [retention]",
    ),
    (
        "no other remote that answers holds it",
        "tidak ada tempat lain yang menjawab dan memilikinya",
    ),
    (
        "{} holds commit {} of the chain {}: copy what {} lacks under {} from there",
        "{} memiliki perubahan {} dari rantai {}: yang tidak ada di {} di bawah {}, salin dari sana",
    ),
    (
        "{} holds it: copy what {} lacks under {} from there",
        "{} memilikinya: yang tidak ada di {} di bawah {}, salin dari sana",
    ),
];
