//! Indonesian. The keys that backups are sealed to. The same table as in `en`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

use crate::alert::words::Wording;

pub(super) const RECIPIENTS_CHANGED: Wording = Wording {
    headline: "Cadangan belum terbuka dengan kunci yang sekarang",
    happened: "[backup] recipients menyebut kunci lain daripada sebelumnya: {detail}.",
    means: "sampai ada cadangan penuh yang baru, kunci baru belum membuka apa pun, dan bila tidak ada kunci lama yang tetap, /durable menjawab tidak.",
    done: "cadangan penuh langsung dimulai, dan dicoba lagi tiap 15 menit bila gagal.",
    todo: "simpan kunci rahasia yang lama. Bila ini lebih lama daripada satu cadangan penuh: agent check, agent status",
    over_headline: "Cadangan terbuka dengan kunci yang sekarang",
    over: "Mulai sekarang yang dicadangkan terbuka dengan kunci di [backup] recipients. Yang dicadangkan sebelumnya terbuka dengan kunci saat itu: simpan selama cadangan itu disimpan. Keadaan ini berlangsung {lasted}.",
};

pub(super) const RECIPIENTS_UNREAD: Wording = Wording {
    headline: "Kunci cadangan tidak terbaca",
    happened: "{detail}.",
    means: "commit dan cadangan terjadwal tetap berjalan, dienkripsi untuk kunci seperti yang terakhir terbaca. Sampai semua berkas terbaca, cadangan dengan tangan ditolak, dan agen yang dimulai ulang tidak mau mulai.",
    done: "berkas dibaca lagi tiap lima detik.",
    todo: "kembalikan sertifikat publik ke tempat berkas itu disebut, atau hapus namanya dari [backup] recipients: agent check",
    over_headline: "Semua kunci cadangan terbaca lagi",
    over: "Commit dan cadangan dienkripsi untuk kunci yang disebut [backup] recipients. Keadaan ini berlangsung {lasted}.",
};

pub(super) const CONFIG_UNREAD: Wording = Wording {
    headline: "Konfigurasi agent tidak terbaca",
    happened: "{detail}.",
    means: "commit tetap keluar dari server, dengan setelan seperti yang terakhir terbaca. Tetapi tidak ada cadangan yang dibuat, tidak ada latihan pemulihan, dan agent yang dimulai ulang tidak mau mulai.",
    done: "berkas itu dibaca lagi tiap lima detik.",
    todo: "perbaiki berkas itu sampai pemeriksaan ini tidak menemukan kesalahan: agent check",
    over_headline: "Konfigurasi agent terbaca lagi",
    over: "Cadangan dan latihan berjalan lagi. Keadaan ini berlangsung {lasted}.",
};

pub(super) const RECIPIENT_EXPIRING: Wording = Wording {
    headline: "Kunci cadangan segera kedaluwarsa",
    happened: "Sertifikat {detail} kedaluwarsa dalam 60 hari.",
    means: "belum ada akibatnya. Cadangan tetap dibuat sesudah hari itu dan kunci rahasianya tetap membukanya; program lain mungkin menolak.",
    done: "cadangan tetap dienkripsi dengan kunci itu.",
    todo: "perpanjang kunci di komputer Anda sendiri (gpg --quick-set-expire), taruh sertifikat baru di tempatnya, lalu: agent check",
    over_headline: "Kunci cadangan berlaku lagi",
    over: "Sertifikat itu tidak lagi segera kedaluwarsa.",
};

pub(super) const RECIPIENT_EXPIRED: Wording = Wording {
    headline: "Kunci cadangan sudah kedaluwarsa",
    happened: "Sertifikat {detail} sudah kedaluwarsa.",
    means: "cadangan tetap dibuat dan kunci rahasianya tetap membukanya, tetapi kunci itu mungkin sudah Anda lupakan.",
    done: "cadangan tetap dienkripsi dengan kunci itu: cadangan untuk kunci lama lebih baik daripada tanpa cadangan.",
    todo: "pastikan kunci rahasia dan frasa sandinya masih ada; perpanjang (gpg --quick-set-expire) atau buat yang baru (agent key new), taruh sertifikatnya di tempatnya, lalu: agent check",
    over_headline: "Kunci cadangan berlaku lagi",
    over: "Sertifikat itu berlaku lagi.",
};
