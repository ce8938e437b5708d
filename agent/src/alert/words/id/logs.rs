//! Indonesian. The eight ways in which rotation fails. The same table as in `en`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

use crate::alert::words::Wording;

pub(super) const LOG_GROWING: Wording = Wording {
    headline: "Log tumbuh terlalu cepat",
    happened: "Log melebihi ukuran wajar satu periode: {detail}.",
    means: "tempat toko terpakai, dan biasanya satu kesalahan dicatat berulang-ulang.",
    done: "tidak ada: agent tidak menyentuh log.",
    todo: "lihat isinya: tail -n 50 {object}; lalu rotasi: logrotate -f dengan berkasnya di /etc/logrotate.d (log bot: warung)",
    over_headline: "Ukuran log wajar lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const LOG_NOT_ROTATED: Wording = Wording {
    headline: "Log tidak dirotasi",
    happened: "Log seharusnya sudah diganti dengan berkas baru (rotasi), tetapi belum: {detail}.",
    means: "log tumbuh sampai disk penuh.",
    done: "tidak ada: agent tidak menyentuh log.",
    todo: "systemctl status logrotate.timer logrotate.service; logrotate -v dengan berkasnya di /etc/logrotate.d (log bot: warung)",
    over_headline: "Log sudah dirotasi",
    over: "Terlambat, dan kini sudah semestinya.",
};

pub(super) const LOG_WRITER_LOST: Wording = Wording {
    headline: "Log ditulis ke berkas yang salah",
    happened: "Catatan program masuk ke berkas yang sudah diganti namanya, bukan ke berkas ini: {detail}.",
    means: "catatan sekarang tidak ada di tempatnya, dan ikut terhapus bersama berkas lama.",
    done: "tidak ada: agent tidak menyentuh log.",
    todo: "bila ini log bot: systemctl restart {unit}. Bila bukan: mulai ulang program yang memegangnya (lsof | grep {object}), dan biarkan postrotate menyuruh program itu membuka log lagi",
    over_headline: "Log ditulis ke berkasnya sendiri lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const LOG_DELETED_OPEN: Wording = Wording {
    headline: "Log yang dihapus masih memakan tempat",
    happened: "Log dihapus selagi ditulis, dan memakan tempat yang tidak tampak di folder: {detail}.",
    means: "disk terisi tanpa sebab yang tampak, dan catatan hilang.",
    done: "tidak ada: agent tidak menyentuh log.",
    todo: "lsof +L1 menampilkan berkas seperti itu dan siapa yang memegangnya; memulai ulang program itu mengembalikan tempatnya. Bila itu bot: systemctl restart {unit}",
    over_headline: "Tempat log yang dihapus sudah kembali",
    over: "Berlangsung {lasted}.",
};

pub(super) const LOG_TRUNCATED: Wording = Wording {
    headline: "Log terpotong",
    happened: "Log menjadi lebih pendek di tempatnya: {detail}. copytruncate melakukannya, atau seseorang mengosongkannya.",
    means: "catatan pada saat itu hilang selamanya.",
    done: "tidak ada: agent tidak menyentuh log.",
    todo: "hapus copytruncate dari /etc/logrotate.d, dan rotasi dengan mengganti nama",
    over_headline: "Log utuh lagi",
    over: "Selama satu jam tidak ada log terpotong.",
};

pub(super) const LOG_HOLE: Wording = Wording {
    headline: "Log berlubang",
    happened: "Log diawali nol saja: {detail} (isi sebenarnya / ukuran tampak). Log dipotong di bawah program yang terus menulis di tempat lamanya.",
    means: "catatan sebelumnya hilang, dan log tampak makin besar dari sebenarnya.",
    done: "tidak ada: agent tidak menyentuh log.",
    todo: "mulai ulang program yang menulisnya; hapus copytruncate dari /etc/logrotate.d",
    over_headline: "Log tidak berlubang lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const LOG_OLD_KEPT: Wording = Wording {
    headline: "Log lama menumpuk",
    happened: "Berkas lama lebih banyak, atau lebih banyak yang tidak dimampatkan, daripada setelan: {detail} (yang ada / yang boleh, yang tidak dimampatkan).",
    means: "tempat toko terpakai, dan data tersimpan lebih lama dari seharusnya.",
    done: "tidak ada: agent tidak menyentuh log.",
    todo: "ls -lt {object}*; logrotate -v dengan berkasnya di /etc/logrotate.d (log bot: warung)",
    over_headline: "Log lama sudah rapi lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const LOG_SILENT: Wording = Wording {
    headline: "Log bot diam",
    happened: "Bot diminta mencatat satu baris, mengatakan sudah, dan baris itu tidak ada di berkas: {detail}.",
    means: "bila ada yang rusak, tidak ada yang dapat membaca sebabnya.",
    done: "agent bertanya lagi dan lagi.",
    todo: "apakah disk penuh (df -h)? bolehkah bot menulis di sana (ls -l)? lalu systemctl restart {unit}; journalctl -u {unit} punya baris yang sama",
    over_headline: "Log bot ditulis lagi",
    over: "Diam selama {lasted}.",
};
