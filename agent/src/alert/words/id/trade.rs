//! Indonesian. The bot's unit, its trade and its database. The same table as in `en`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

use crate::alert::words::Wording;

pub(super) const BOT_RESTARTING: Wording = Wording {
    headline: "Bot mati berulang kali",
    happened: "Dalam sepuluh menit systemd menyalakan ulang bot {value} kali. Terakhir: {detail}.",
    means: "pelanggan hanya terlayani di sela-selanya. Pesanan tercatat aman.",
    done: "systemd terus menyalakannya tiap dua detik.",
    todo: "cari sebabnya: journalctl -u {unit} -n 100; bot check --config /etc/warung/bot.toml",
    over_headline: "Bot bertahan hidup",
    over: "Gelisah selama {lasted}.",
};

pub(super) const BOT_GIVEN_UP: Wording = Wording {
    headline: "systemd menyerah menyalakan bot",
    happened: "Sejak {since} systemd tidak lagi menyalakan bot: {detail}.",
    means: "pelanggan tidak dilayani. Pesanan tercatat aman.",
    done: "agent terus mengukur dan mengabari bila sudah selesai.",
    todo: "journalctl -u {unit} -n 100, lalu systemctl reset-failed {unit}; systemctl start {unit}",
    over_headline: "Unit bot aktif lagi",
    over: "Lamanya {lasted}.",
};

pub(super) const BOT_UNIT_UNKNOWN: Wording = Wording {
    headline: "systemd tidak mengenal unit {object}",
    happened: "Sejak {since} systemd menjawab {detail} untuk {object}, nama di bawah [bot] unit.",
    means: "toko tetap berjalan. Mulai ulang dan memori bot tidak diawasi; agent tidak dapat memulai ulang bot yang macet, dan /restart tidak berfungsi.",
    done: "apakah bot menjawab tetap diawasi.",
    todo: "cari namanya dengan systemctl list-units --type=service, isikan di [bot] unit dalam agent.toml, lalu: systemctl restart agent",
    over_headline: "systemd mengenal {object}",
    over: "Mulai ulang dan memori bot diawasi. Sebelumnya tidak, selama {lasted}.",
};

pub(super) const BOT_MEMORY_GROWING: Wording = Wording {
    headline: "Memori bot terus tumbuh",
    happened: "Dengan pertumbuhan sekarang, bot mencapai batas memorinya dalam {value}: {detail}.",
    means: "di batas itu bot melambat, lalu kernel mengakhirinya dan systemd menyalakannya lagi.",
    done: "agent mengamati pertumbuhan enam jam sebelum mengabari.",
    todo: "nyalakan ulang pada jam sepi: systemctl restart {unit}. Bila tumbuh lagi, beri tahu pembuatnya.",
    over_headline: "Memori bot tidak tumbuh lagi",
    over: "Lamanya {lasted}.",
};

pub(super) const DELIVERY_LATE: Wording = Wording {
    headline: "Pesanan lunas menunggu barangnya",
    happened: "Satu pesanan sudah dibayar {value} lalu, dan barangnya belum terkirim.",
    means: "pelanggan sudah membayar dan belum menerima apa-apa.",
    done: "bot terus mencoba; agent mengawasinya.",
    todo: "cari sebabnya: journalctl -u {unit} -n 100; sebagai penjual: lihat pesanan dan pesan yang diragukan",
    over_headline: "Semua pesanan lunas sudah menerima barangnya",
    over: "Yang terakhir menunggu {lasted}.",
};

pub(super) const ORDERS_STUCK: Wording = Wording {
    headline: "Pesanan tidak kedaluwarsa",
    happened: "Satu pesanan menunggu pembayaran sudah {value}, dan seluruhnya {detail} pesanan menunggu.",
    means: "barang yang disisihkan untuknya tidak dapat dijual ke orang lain.",
    done: "agent terus mengukur dan mengabari bila sudah selesai.",
    todo: "cari sebabnya: journalctl -u {unit} -n 100",
    over_headline: "Pesanan kedaluwarsa lagi",
    over: "Lamanya {lasted}.",
};

pub(super) const QUEUE_LAGGING: Wording = Wording {
    headline: "Bot tertinggal dengan pekerjaannya",
    happened: "Pekerjaan bot yang terlama sudah menunggu {value}. {detail}",
    means: "tagihan, pengiriman atau pengumuman terlambat.",
    done: "agent terus mengukur dan mengabari bila sudah selesai.",
    todo: "journalctl -u {unit} -n 100; top",
    over_headline: "Bot kembali mengejar pekerjaannya",
    over: "Lamanya {lasted}.",
};

pub(super) const PAYMENTS_FAILING: Wording = Wording {
    headline: "Gerbang pembayaran gagal ({object})",
    happened: "Panggilan ke gerbang gagal {value} kali berturut-turut: {detail}.",
    means: "pelanggan tidak mendapat tagihan, dan pembayaran terlambat diketahui. Tidak ada yang hilang.",
    done: "bot terus mencoba.",
    todo: "lihat halaman status dan dasbor gerbang; apakah kunci API masih berlaku? journalctl -u {unit} -n 100",
    over_headline: "Gerbang pembayaran bekerja lagi ({object})",
    over: "Gagal selama {lasted}.",
};

pub(super) const TELEGRAM_LAGGING: Wording = Wording {
    headline: "Pesan tidak sampai ke Telegram",
    happened: "{value} panggilan bot ke Telegram gagal berturut-turut.",
    means: "pelanggan menunggu jawaban dan barang; semuanya disimpan dan dikirim nanti.",
    done: "bot terus mencoba dengan jeda yang makin panjang.",
    todo: "lihat apakah Telegram sedang mati; journalctl -u {unit} -n 50",
    over_headline: "Pesan sampai ke Telegram lagi",
    over: "Lamanya {lasted}. Yang menunggu kini terkirim.",
};

pub(super) const TELEGRAM_REFUSES: Wording = Wording {
    headline: "Telegram menolak token bot",
    happened: "Sejak {since} Telegram tidak menerima BOT_TOKEN toko.",
    means: "tidak ada yang dapat membeli, dan tidak ada pesan yang keluar. Pesanan yang sudah dibayar menunggu dan aman.",
    done: "bot terus mencoba.",
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
    over: "Sebuah tagihan dibuat. Lamanya {lasted}.",
};

pub(super) const DATABASE_REFUSES: Wording = Wording {
    headline: "Basis data tidak dapat ditulis",
    happened: "Sejak {since} basis data toko tidak dapat ditulis: {detail}.",
    means: "pesanan dan pembayaran tidak dapat dicatat.",
    done: "bot terus mencoba.",
    todo: "disk penuh: kosongkan (df -h). Tidak dapat ditulis atau rusak: dmesg | tail -50. Dipegang program lain: lsof {database}",
    over_headline: "Basis data dapat ditulis lagi",
    over: "Lamanya {lasted}.",
};

pub(super) const WAL_LARGE: Wording = Wording {
    headline: "Log basis data tumbuh",
    happened: "Catatan tulis basis data toko sudah {value} dan tidak dikembalikan ke basis data.",
    means: "belum apa-apa. Mulai 1 GiB bot tidak menerima pesanan baru; pembayaran tetap diterima.",
    done: "agent terus mengukur dan mengabari bila sudah selesai.",
    todo: "lihat apakah cadangan tersangkut: agent status; siapa yang membukanya: lsof {database}-wal",
    over_headline: "Log basis data pendek lagi",
    over: "Lamanya {lasted}.",
};

pub(super) const WAL_HUGE: Wording = Wording {
    headline: "Log basis data terlalu panjang",
    happened: "Catatan tulis basis data toko sudah {value}.",
    means: "bot tidak menerima pesanan baru sampai menyusut. Pembayaran tetap diterima.",
    done: "agent terus mengukur dan mengabari bila sudah selesai.",
    todo: "systemctl restart agent; bila tidak menyusut dalam dua menit: systemctl restart {unit}",
    over_headline: "Log basis data pendek lagi",
    over: "Lamanya {lasted}. Pesanan baru diterima lagi.",
};
