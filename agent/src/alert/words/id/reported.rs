//! Indonesian. What the bot itself reports: what each kind means, what was done, what to do. The same as in `en`, sentence by sentence.
//! Nothing here is for customers or sellers.

use crate::alert::words::Reported;

/// `None` for a kind that a newer bot has.
pub(in crate::alert::words) fn reported(kind: &str) -> Option<Reported> {
    let at = REPORTED.iter().position(|(known, _)| *known == kind)?;
    Some(REPORTED[at].1)
}

/// Facts that are codes.
pub(in crate::alert::words) const CODES: &[(&str, &str)] = &[
    ("too_often", "terlalu sering macet atau menjatuhkan bot"),
    ("failed", "terlalu sering gagal"),
    ("goods", "barang"),
    ("message", "pesan"),
    ("update", "kiriman Telegram"),
    ("late", "dibayar terlambat"),
    ("second", "dibayar dua kali"),
    ("wrong_amount", "jumlahnya bukan harganya"),
    ("unknown_order", "toko tidak mengenal pesanan itu"),
    ("many_orders", "beberapa pesanan"),
    ("not_looked_into", "tidak bisa diperiksa"),
    ("other_order", "jawabannya tentang pesanan lain"),
    (
        "other_mode",
        "mode live dan sandbox tidak cocok (bot.toml dan proyek)",
    ),
    ("full", "disk penuh"),
    ("readonly", "berkas atau disknya tidak dapat ditulis"),
    ("busy", "dipegang program lain"),
    ("damaged", "berkas atau disknya rusak"),
    (
        "moved",
        "berkasnya dihapus, dipindah, atau diganti saat bot berjalan, atau tertutup disk lain",
    ),
    ("other", "gangguan lain"),
    ("no_writes", "database tidak dapat ditulis"),
    ("slow_writes", "menulis ke database terlalu lama"),
    ("unreadable", "database tidak dapat dibaca"),
    (
        "untried",
        "gerbang belum dicoba lagi sejak bot dinyalakan, jadi mungkin sudah beres",
    ),
    (
        "shut",
        "database tidak dapat dibuka: toko tutup dan buka sendiri nanti",
    ),
    ("untold", "bot tidak menyebut sebabnya"),
    ("unreachable", "tidak terjangkau"),
    ("toomany", "minta lebih jarang ditanya"),
    ("refused", "menolak"),
    ("garbled", "jawabannya tidak dapat dipahami"),
    ("not_yet", "agent belum mengeluarkannya dari mesin ini"),
    ("agent_silent", "agent tidak menjawab pada waktunya"),
    ("agent_away", "agent tidak berjalan atau tidak terjangkau"),
    ("agent_strange", "jawaban agent tidak dapat dipahami"),
];

const REPORTED: &[(&str, Reported)] = &[
    (
        "dead_job",
        Reported {
            headline: "Satu pekerjaan bot tidak dicoba lagi",
            facts: "pekerjaan {1}, {2}|: {3}",
            means: "seorang pembeli mungkin belum menerima barangnya.",
            done: "bot mencobanya berkali-kali; yang menyangkut uang dan barang dicoba lagi tiap jam selama sehari.",
            todo: "periksa pesanan itu sebagai penjual dan selesaikan dengan pembeli; galat lengkapnya: journalctl -u {unit} -n 100",
        },
    ),
    (
        "poison_update",
        Reported {
            headline: "Satu kiriman Telegram tidak dapat diolah",
            facts: "kiriman {1}",
            means: "seorang pembeli mungkin menunggu jawaban.",
            done: "bot mencobanya lima kali, lalu menyisihkannya; yang lain tetap dilayani.",
            todo: "lihat journalctl -u {unit} -n 100, dan bila terus berulang simpan baris itu untuk pembuat program.",
        },
    ),
    (
        "send_unknown",
        Reported {
            headline: "Tidak jelas apakah sebuah pesan sampai",
            facts: "{1} pesan",
            means: "seorang pembeli mungkin belum membaca pesannya, atau sudah.",
            done: "sambungan putus saat pesan dikirim, dan bot tidak mengirim ulang dengan menebak.",
            todo: "bila seorang pembeli menunggu jawaban: semuanya ada di \"pesanan saya\", dan selebihnya dikirim penjual sendiri.",
        },
    ),
    (
        "send_refused",
        Reported {
            headline: "Telegram menolak sebuah pesan",
            facts: "{1}, pesanan {2}; kata Telegram: {3}",
            means: "pesan itu tidak akan sampai.",
            done: "bot tidak mencobanya lagi, sebab Telegram menolaknya untuk seterusnya.",
            todo: "bila seorang pembeli menunggunya, penjual memberi tahu sendiri; alasannya ada di journalctl -u {unit} -n 100",
        },
    ),
    (
        "customer_unreachable",
        Reported {
            headline: "Pembeli tidak dapat dihubungi",
            facts: "pesanan {1}",
            means: "barang sudah dibayar, tetapi pembeli memblokir bot atau menghapus akunnya.",
            done: "barang disimpan untuk pesanan itu dan dapat diambil di \"pesanan saya\" begitu ia membuka blokir.",
            todo: "tidak ada yang perlu dilakukan.",
        },
    ),
    (
        "payment_mismatch",
        Reported {
            headline: "Pembayaran tidak cocok dengan tagihan",
            facts: "{1}, pesanan {2}: {3}|, {4}",
            means: "uang mungkin masuk, dan barang tidak dikirim.",
            done: "bot hanya percaya jawaban gerbang, dan jawaban itu tidak cocok.",
            todo: "cari pembayaran itu di dasbor gerbang, lalu selesaikan dengan pembeli: dikembalikan atau diserahkan sendiri.",
        },
    ),
    (
        "gateway_refuses",
        Reported {
            headline: "Gerbang pembayaran menolak tagihan",
            facts: "{1}, pesanan {2}: {3}",
            means: "tidak ada yang dapat membeli lewat gerbang itu.",
            done: "bot tetap mencoba; pesanan yang sudah dibayar tetap jalan.",
            todo: "periksa di dasbor gerbang apakah proyek aktif dan kunci API masih berlaku; setelah mengganti kunci: systemctl restart {unit}",
        },
    ),
    (
        "not_durable",
        Reported {
            headline: "Pembayaran diterima sebelum cadangannya keluar",
            facts: "menunggu paling lama {1} detik|: {2}",
            means: "toko tetap berjalan; pesanan terakhir baru hilang bila mesin ini hilang sekarang juga.",
            done: "bot menunggu dua detik, lalu melayani pembeli.",
            todo: "lihat tujuan cadangan mana yang tertinggal: agent status",
        },
    ),
    (
        "money_owed",
        Reported {
            headline: "Ada uang yang harus dikembalikan",
            facts: "{1}, pesanan {2}: {3}",
            means: "uang masuk yang tidak menjadi barang harus dikembalikan atau diperiksa orang.",
            done: "penjual sudah diberi tahu dan punya daftarnya.",
            todo: "penjual mengembalikannya sendiri, sebab gerbang tidak dapat melakukannya.",
        },
    ),
    (
        "restored_sales_paused",
        Reported {
            headline: "Toko dipulihkan dan penjualan dijeda",
            facts: "titik pemulihan {1}; {2} barang ditahan, {3} lagi dipesan|; keluar sejak itu menurut database yang diganti: {4}",
            means: "database berdiri di saat yang lebih awal: pesanan sesudahnya tidak dikenal toko.",
            done: "penjualan dijeda supaya tidak ada barang terjual dua kali; yang menurut database yang diganti sudah keluar tidak dijual lagi.",
            todo: "cocokkan dasbor gerbang dengan pesanan sejak saat itu; bila tidak diketahui apa yang keluar, keluarkan stok yang sudah terjual; lalu minta penjual membuka penjualan lagi.",
        },
    ),
    (
        "telegram_refuses",
        Reported {
            headline: "Telegram menolak token bot",
            facts: "{1}",
            means: "tidak ada yang dapat membeli.",
            done: "pesanan yang sudah dibayar menunggu dan tetap aman.",
            todo: "minta token bot ini kepada @BotFather, simpan sebagai BOT_TOKEN, lalu systemctl restart {unit}",
        },
    ),
    (
        "database_refuses",
        Reported {
            headline: "Database toko tidak dapat ditulis",
            facts: "{1}",
            means: "tidak ada yang baru diterima, dan tidak ada yang hilang.",
            done: "bot bertanya tiap detik dan melanjutkan sendiri.",
            todo: "kosongkan ruang (df -h /var/lib/warung), atau lihat dengan dmesg apakah disk rusak.",
        },
    ),
    (
        "handler_stuck",
        Reported {
            headline: "Satu pekerjaan macet dan dihentikan",
            facts: "{1}, diam {2} detik",
            means: "satu pembeli menunggu lebih lama; yang lain dilayani.",
            done: "pekerjaan itu diulang dan dikerjakan sekali saja.",
            todo: "sekali saja: tidak ada. Bila terulang: systemctl restart {unit}, dan simpan journalctl -u {unit} -n 100 untuk pembuat program.",
        },
    ),
    (
        "wal_too_long",
        Reported {
            headline: "Perubahan tidak disalin ke database",
            facts: "{1} MiB",
            means: "disk terisi karenanya; toko tetap berjualan.",
            done: "bot mengukurnya terus, dan berhenti menerima pesanan baru sebelum disk penuh.",
            todo: "lihat dengan agent status apakah ada cadangan yang macet, lalu systemctl restart agent",
        },
    ),
    (
        "wal_stops_sales",
        Reported {
            headline: "Toko tidak menerima pesanan baru",
            facts: "{1} MiB",
            means: "berkas perubahan terlalu panjang; pembayaran dan pengiriman tetap jalan.",
            done: "bot menutup penjualan supaya disk tidak penuh, dan membukanya sendiri.",
            todo: "systemctl restart agent, dan kosongkan ruang.",
        },
    ),
];
