//! Kata-kata ringkasan harian. The daily digest in Indonesian.
//! Nothing here is for customers or sellers.

use crate::alert::words::DigestPhrases;

pub(in crate::alert::words) const DIGEST: DigestPhrases = DigestPhrases {
    headline: "☀️ Ringkasan toko,",
    open: "Masih bermasalah",
    nothing_open: "✅ Tidak ada masalah.",
    reported: "📋 Dilaporkan bot dalam 24 jam",
    trade: "\n\n24 jam: {orders} pesanan, uang masuk {money}.",
    past: "Terjadi dan selesai sejak {since}",
    silences: "Dibisukan sampai",
    everything: "semuanya (pemeliharaan)",
    backups: "Umur cadangan terbaru",
    no_backup: "🟡 Agent ini belum pernah membuat cadangan.",
    anchor: "Simpan baris ini: dengannya ketahuan bila isi penyimpanan jauh dikembalikan ke keadaan lama",
    drills: "Latihan pemulihan terakhir yang lulus",
    no_drill: "🟡 Belum ada latihan pemulihan.",
    drill_next: "Latihan berikutnya: {at}",
    ways: "Saluran untuk mengabari Anda",
    no_test: "Saluran untuk mengabari Anda belum diuji.",
    strange: "menerima pesan tetapi jawabannya tidak biasa; periksa apakah pesannya sampai",
    broken: "rusak",
    unanswered: "uji hari ini belum ada hasilnya",
    failed_once: "uji hari ini gagal sekali, sedang dicoba sekali lagi",
    no_service: "\n\nTidak ada kabar untuk Anda sejak {since}.",
    service: "\n\nKabar untuk Anda sejak {since}: {count}; yang paling lambat {slowest}.",
};
