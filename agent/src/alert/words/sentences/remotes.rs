//! What is written down about places for backups that take none, in Indonesian.
//! The same kind of table as in `sentences`.

/// As they are written down and as they are told.
pub(super) const SENTENCES: &[(&str, &str)] = &[
    (
        "its folder {} is gone: it was moved or deleted, or its disk is not mounted. Nothing was written in its place. Put it back or mount the disk, or, to begin anew there, run `agent remote test {} --new-disk`",
        "foldernya {} tidak ada: dipindahkan, dihapus, atau disknya tidak terpasang. Tidak ada yang ditulis di tempatnya. Kembalikan folder itu atau pasang disknya; bila memang mulai dari awal di sana, jalankan `agent remote test {} --new-disk`",
    ),
    (
        "its folder {} is not the one that this agent wrote to: its mark {} is missing, so most likely its disk is not mounted. Nothing was written in its place. Mount the disk, or, when it was replaced on purpose, run `agent remote test {} --new-disk`",
        "foldernya {} bukan yang ditulisi agent ini: tandanya {} tidak ada, jadi kemungkinan besar disknya tidak terpasang. Tidak ada yang ditulis di tempatnya. Pasang disknya; bila memang sengaja diganti, jalankan `agent remote test {} --new-disk`",
    ),
    (
        "its folder {} is on another disk than the one that this agent wrote to. Mount the right one, or, when it was replaced on purpose, run `agent remote test {} --new-disk`",
        "foldernya {} ada di disk lain dari yang ditulisi agent ini. Pasang disk yang benar; bila memang sengaja diganti, jalankan `agent remote test {} --new-disk`",
    ),
    (
        "the mark {} in its folder {} is damaged, so that nothing shows that this is the disk which this agent wrote to. What lies there can be restored all the same. When it is the right disk, run `agent remote test {} --new-disk`",
        "tanda {} di foldernya {} rusak, sehingga tidak terlihat apakah ini disk yang ditulisi agent ini. Isinya tetap dapat dipulihkan. Bila disknya benar, jalankan `agent remote test {} --new-disk`",
    ),
    (
        "nothing lies in its folder {}, as when this server was restored: its disk may not be mounted. Nothing was written in its place. Mount the disk, or, when it is new, run `agent remote test {} --new-disk`",
        "foldernya {} kosong, seperti saat server ini dipulihkan: mungkin disknya tidak terpasang. Tidak ada yang ditulis di tempatnya. Pasang disknya; bila disknya memang baru, jalankan `agent remote test {} --new-disk`",
    ),
    (
        "nothing lies where it leads, as when this server was restored: that may not be the right place. Nothing was written there. Correct [remotes.{}] in agent.toml, or, when it is new, run `agent remote test {} --new-disk`",
        "tempatnya kosong, seperti saat server ini dipulihkan: mungkin itu bukan tempat yang benar. Tidak ada yang ditulis di sana. Betulkan [remotes.{}] di agent.toml; bila tempatnya memang baru, jalankan `agent remote test {} --new-disk`",
    ),
    (
        "its folder {} cannot be made: {}",
        "foldernya {} tidak dapat dibuat: {}",
    ),
    (
        "its mark {} cannot be written: {}",
        "tandanya {} tidak dapat ditulis: {}",
    ),
    (
        "the server that this shop was restored from, of the agent {}, goes on writing to {}",
        "server asal pemulihan toko ini, dengan agent {}, masih menulis ke {}",
    ),
    (
        "{} holds commits {} to {} of the chain {} twice, and this server wrote only one of the two",
        "{} menyimpan perubahan {} sampai {} dari rantai {} dua kali, dan hanya satu yang ditulis server ini",
    ),
    (
        "{} holds the restore point {}, which this server did not take",
        "{} menyimpan titik pemulihan {} yang tidak dibuat server ini",
    ),
    (
        "no other agent has a certificate there",
        "tidak ada sertifikat agent lain di sana",
    ),
    (
        "most likely the server that this shop was restored from, of the agent {}, runs again",
        "kemungkinan besar server asal pemulihan toko ini, dengan agent {}, hidup lagi",
    ),
    (
        "the remote {} takes no backup: {}",
        "tujuan {} tidak menerima cadangan: {}",
    ),
    (
        "no backup exists of this moment: {}",
        "tidak ada cadangan dari saat ini: {}",
    ),
    (
        "the remote {} does not hold {}: {}",
        "tujuan {} tidak menyimpan {}: {}",
    ),
    (
        "the shop goes on, and its orders since the last backup are on this server only",
        "toko tetap berjalan, dan pesanan sejak cadangan terakhir hanya ada di server ini",
    ),
    (
        "`agent check` shows how each remote answers",
        "`agent check` menunjukkan jawaban tiap tujuan",
    ),
];
