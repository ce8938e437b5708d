//! Indonesian. The bot's unit, its trade and its database. The same table as in `en`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

use crate::alert::words::Wording;

/// How a unit is, by systemd's word for it.
pub(in crate::alert::words) const ACTIVE: &[(&str, &str)] = &[
    ("active", "aktif"),
    ("reloading", "aktif"),
    ("activating", "sedang dinyalakan"),
    ("deactivating", "sedang dihentikan"),
    ("inactive", "tidak berjalan"),
    ("failed", "gagal"),
];

/// How a unit ended, by systemd's word for it; `{exit}` is filled in.
pub(in crate::alert::words) const ENDS: &[(&str, &str)] = &[
    ("oom-kill", "kernel mematikannya karena memori habis"),
    ("watchdog", "macet, lalu dihentikan pengawas systemd"),
    ("core-dump", "program rusak saat berjalan (core dump)"),
    ("signal", "dihentikan dari luar dengan sinyal"),
    ("timeout", "terlalu lama untuk mulai atau berhenti"),
    ("start-limit-hit", "terlalu sering berhenti dalam waktu singkat"),
    ("exit-code", "program berhenti karena galat (kode {exit})"),
    ("running", "sekarang berjalan; sebabnya ada di jurnal"),
    ("success", "program berhenti tanpa galat"),
];

pub(super) const BOT_RESTARTING: Wording = Wording {
    headline: "Bot mati berulang kali",
    happened: "Dalam sepuluh menit systemd menyalakan ulang bot {value} kali. Terakhir: {detail}.",
    means: "pembeli hanya terlayani di sela-selanya. Pesanan tercatat aman.",
    done: "systemd menyalakannya tiap dua detik, kecuali bila ia menyerah; itu pun dikabarkan.",
    todo: "cari sebabnya: journalctl -u {unit} -n 100; bot check --config /etc/warung/bot.toml",
    over_headline: "Bot sudah stabil",
    over: "Bot tidak mati lagi. Sempat mati berulang kali selama {lasted}.",
};

pub(super) const BOT_GIVEN_UP: Wording = Wording {
    headline: "systemd menyerah menyalakan bot",
    happened: "Sejak {since} systemd tidak lagi menyalakan bot: {detail}.",
    means: "pembeli tidak dilayani. Pesanan tercatat aman.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "journalctl -u {unit} -n 100, lalu systemctl reset-failed {unit}; systemctl start {unit}",
    over_headline: "Unit bot aktif lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const BOT_UNIT_UNKNOWN: Wording = Wording {
    headline: "systemd tidak mengenal unit {object}",
    happened: "Sejak {since} systemd tidak mengenal {object} ({detail}), nama di bawah [bot] unit.",
    means: "ini saja tidak menghentikan toko. Berapa kali bot dinyalakan ulang dan memorinya tidak diawasi; agent tidak dapat memulai ulang bot yang macet, dan /restart tidak berfungsi.",
    done: "apakah bot menjawab tetap diawasi.",
    todo: "cari namanya dengan systemctl list-units --type=service, isikan di [bot] unit dalam agent.toml, lalu: systemctl restart agent",
    over_headline: "systemd mengenal {object}",
    over: "Bot diawasi penuh lagi. Sebelumnya tidak, selama {lasted}.",
};

pub(super) const BOT_MEMORY_GROWING: Wording = Wording {
    headline: "Memori bot terus tumbuh",
    happened: "Dengan pertumbuhan sekarang, bot mencapai batas memorinya dalam {value}: {detail}.",
    means: "di batas itu bot melambat, lalu kernel mengakhirinya dan systemd menyalakannya lagi.",
    done: "agent mengamati pertumbuhan enam jam sebelum mengabari.",
    todo: "mulai ulang pada jam sepi: systemctl restart {unit}. Bila tumbuh lagi, beri tahu pembuatnya.",
    over_headline: "Memori bot tidak tumbuh lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const DELIVERY_LATE: Wording = Wording {
    headline: "Pesanan lunas menunggu barangnya",
    happened: "Satu pesanan sudah dibayar {value} lalu, dan barangnya belum terkirim.",
    means: "pembeli sudah membayar dan belum menerima apa-apa.",
    done: "selama berjalan, bot terus mencoba; agent mengawasinya.",
    todo: "cari sebabnya: journalctl -u {unit} -n 100; sebagai penjual: lihat pesanan dan pesan yang diragukan",
    over_headline: "Tidak ada lagi pesanan lunas yang terlalu lama menunggu barangnya",
    over: "Yang tadi terlambat menunggu lebih dari {value}.",
};

pub(super) const ORDERS_STUCK: Wording = Wording {
    headline: "Pesanan yang tidak dibayar tidak ditutup",
    happened: "Satu pesanan sudah {value} menunggu pembayaran; seluruhnya {detail} pesanan menunggu.",
    means: "barang yang disisihkan untuknya tidak dapat dijual ke orang lain.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "cari sebabnya: journalctl -u {unit} -n 100",
    over_headline: "Pesanan yang tidak dibayar ditutup lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const QUEUE_LAGGING: Wording = Wording {
    headline: "Pekerjaan bot menumpuk",
    happened: "Pekerjaan bot yang terlama sudah menunggu {value}. {detail}",
    means: "tagihan, pengiriman atau pengumuman terlambat.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "journalctl -u {unit} -n 100; top",
    over_headline: "Pekerjaan bot tidak menumpuk lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const PAYMENTS_FAILING: Wording = Wording {
    headline: "Gerbang pembayaran gagal ({object})",
    happened: "Panggilan ke gerbang gagal {value} kali berturut-turut: {detail}.",
    means: "pembeli tidak mendapat tagihan, dan pembayaran terlambat diketahui. Tidak ada yang hilang.",
    done: "selama berjalan, bot terus mencoba.",
    todo: "lihat halaman status dan dasbor gerbang; apakah kunci API masih berlaku? journalctl -u {unit} -n 100",
    over_headline: "Gerbang pembayaran tidak gagal lagi ({object})",
    over: "Saat ini tidak ada panggilan yang gagal. Sebelumnya gagal sedikitnya selama {lasted}.",
};

pub(super) const TELEGRAM_LAGGING: Wording = Wording {
    headline: "Pesan tidak sampai ke Telegram",
    happened: "{value} panggilan bot ke Telegram gagal berturut-turut.",
    means: "pembeli menunggu jawaban dan barang; semuanya disimpan dan dikirim nanti.",
    done: "selama berjalan, bot terus mencoba dengan jeda yang makin panjang.",
    todo: "lihat apakah Telegram sedang mati; journalctl -u {unit} -n 50",
    over_headline: "Pesan sampai ke Telegram lagi",
    over: "Berlangsung sedikitnya {lasted}. Yang menunggu kini terkirim.",
};

pub(super) const TELEGRAM_SHARED: Wording = Wording {
    headline: "Program lain mengambil pesan toko",
    happened: "{value} kali dalam lima menit Telegram memutus permintaan pesan dari bot: program lain memakai BOT_TOKEN yang sama.",
    means: "pesan dan tombol dari pembeli bisa sampai ke program itu, bukan ke toko. Pesanan yang sudah dibayar tetap jalan.",
    done: "selama berjalan, bot terus meminta.",
    todo: "hentikan program itu: server lama, salinan kedua dari bot, atau webhook. Bila tidak ada yang Anda kenal, token ada di \
           tangan orang lain: cabut lewat @BotFather, simpan yang baru sebagai BOT_TOKEN, lalu systemctl restart {unit}",
    over_headline: "Pesan toko hanya sampai ke bot lagi",
    over: "Program lain mengambil sebagian selama {lasted}. Pembeli yang tidak dijawab perlu menulis lagi.",
};

pub(super) const TELEGRAM_REFUSES: Wording = Wording {
    headline: "Telegram menolak token bot",
    happened: "Sejak {since} Telegram tidak menerima BOT_TOKEN toko.",
    means: "tidak ada yang dapat membeli, dan tidak ada pesan yang keluar. Pesanan yang sudah dibayar menunggu dan aman.",
    done: "selama berjalan, bot terus mencoba.",
    todo: "minta token bot ini kepada @BotFather, simpan sebagai BOT_TOKEN, lalu systemctl restart {unit}",
    over_headline: "Telegram menerima token bot",
    over: "Ditolak selama {lasted}. Yang menunggu dikirim sekarang.",
};

pub(super) const GATEWAY_REFUSES: Wording = Wording {
    headline: "Gerbang pembayaran menolak tagihan ({object})",
    happened: "Sejak {since} gerbang tidak membuat tagihan: {detail}.",
    means: "tidak ada yang dapat membeli lewat gerbang itu. Pesanan yang sudah dibayar tetap jalan.",
    done: "bot mencoba lagi dengan setiap pesanan baru; tagihan pertama yang dibuat mengakhiri peringatan ini, memulai ulang bot tidak.",
    todo: "periksa di dasbor gerbang apakah proyek aktif dan kunci API masih berlaku; setelah mengganti kunci: systemctl restart {unit}",
    over_headline: "Gerbang pembayaran tidak menolak lagi ({object})",
    over: "Gerbang menjawab tanpa menolak. Berlangsung {lasted}.",
};

pub(super) const DATABASE_REFUSES: Wording = Wording {
    headline: "Database tidak dapat ditulis",
    happened: "Sejak {since} database toko tidak dapat ditulis: {detail}.",
    means: "pesanan dan pembayaran tidak dapat dicatat.",
    done: "selama berjalan, bot terus mencoba.",
    todo: "disk penuh: kosongkan (df -h). Tidak dapat ditulis atau rusak: dmesg | tail -50. Dipegang program lain: lsof {database}",
    over_headline: "Database dapat ditulis lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const WAL_LARGE: Wording = Wording {
    headline: "Catatan perubahan database menumpuk",
    happened: "Catatan perubahan database toko (WAL) sudah {value} dan belum disalin ke databasenya.",
    means: "belum ada akibatnya. Mulai 1 GiB bot tidak menerima pesanan baru; pembayaran tetap diterima.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "lihat apakah cadangan tersangkut: agent status; siapa yang membukanya: lsof {database}-wal",
    over_headline: "Catatan perubahan database pendek lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const WAL_HUGE: Wording = Wording {
    headline: "Catatan perubahan database terlalu panjang",
    happened: "Catatan perubahan database toko (WAL) sudah {value}.",
    means: "bot tidak menerima pesanan baru sampai menyusut. Pembayaran tetap diterima.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "systemctl restart agent; bila tidak menyusut dalam dua menit: systemctl restart {unit}",
    over_headline: "Catatan perubahan database pendek lagi",
    over: "Berlangsung {lasted}. Pesanan baru diterima lagi.",
};

/// Indonesian. What to do about a database that takes no writes, by the bot's code for why.
pub(in crate::alert::words) fn on_refusal(code: &str) -> Option<&'static str> {
    Some(match code {
        "full" => {
            "kosongkan disk: df -h dan df -i menunjukkan apa yang penuh; journalctl --vacuum-size=200M; apt-get clean. Setelah itu bot lanjut sendiri"
        }
        "readonly" => {
            "lihat mengapa tidak dapat ditulis: ls -l {database}; findmnt -T {database}; dmesg | tail -50"
        }
        "busy" => "lihat siapa yang memegangnya, lalu akhiri: lsof {database}",
        "damaged" => {
            "lihat apakah disk sekarat: dmesg | tail -50. Bila ya, atau berkasnya rusak: systemctl stop {unit}, lalu pulihkan ke disk yang sehat: agent restore --latest"
        }
        "moved" => {
            "Kembalikan berkasnya ke {database} seperti semula, atau pasang lagi disknya: setelah itu bot lanjut sendiri. Bila memang hilang: systemctl stop {unit}, lalu agent restore --latest. Berkas lain hanya boleh menggantikannya selagi bot berhenti, tanpa -wal dan -shm berkas pertama"
        }
        _ => return None,
    })
}
