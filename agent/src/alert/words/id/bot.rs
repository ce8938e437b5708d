//! What became of a bot that does not serve, in Indonesian.
//! The same sentences as in `en::bot`.

use super::{BOT_BACK, Wording};

pub(super) const BOT_GONE: Wording = Wording {
    headline: "Bot toko mati mendadak",
    happened: "Program bot berhenti tanpa pamit pada {since}.",
    means: "pembeli tidak dilayani sampai bot berjalan lagi. Pesanan dan pembayaran yang sudah tercatat tidak hilang dan dilanjutkan saat itu.",
    done: "agent langsung memeriksa ulang: bot memang tidak ada. Di bawah systemd bot dinyalakan lagi dalam beberapa detik. {detail}",
    todo: "bila satu menit lagi bot belum berjalan: systemctl status {unit}, lalu journalctl -u {unit} -n 50",
    over_headline: BOT_BACK,
    over: "Bot berjalan lagi. Ia tidak menjawab selama {lasted}; pesanan yang tertunda sedang dilanjutkan. {detail}",
};

pub(super) const BOT_DIED_UNSEEN: Wording = Wording {
    headline: "Bot toko tadi mati mendadak",
    happened: "Selagi agent tidak melihat, program bot berhenti tanpa pamit. Bot dinyalakan lagi pada {detail}.",
    means: "pembeli tidak dilayani sampai saat itu. Pesanan dan pembayaran yang sudah tercatat tidak hilang dan dilanjutkan.",
    done: "tidak ada yang perlu dilakukan: bot berjalan lagi.",
    todo: "bila bukan Anda yang mengakhirinya: journalctl -u {unit} -n 100 memberi tahu mengapa bot berhenti",
    over_headline: "Bot toko tadi mati mendadak",
    over: "Itu kejadian sesaat dan selesai sendiri. Bila terulang, Anda dikabari lagi.",
};

pub(super) const BOT_RESTARTS_SPENT: Wording = Wording {
    headline: "Bot macet dan tidak ada lagi yang memulai ulang",
    happened: "Bot tidak menjawab, dan sejak {since} tidak ada lagi yang memulainya ulang. {detail}",
    means: "pembeli menunggu tanpa jawaban. Pesanan dan pembayaran yang sudah tercatat tetap aman.",
    done: "jatah agent untuk memulai ulang, tiga kali dalam satu jam, sudah habis; sekarang agent hanya mengabari.",
    todo: "mulai ulang sendiri: /restart atau tombol di bawah, atau systemctl restart {unit}. Lalu cari sebabnya: journalctl -u {unit} -n 200",
    over_headline: "Bot tidak macet lagi",
    over: "Bot menjawab lagi, {lasted} setelah agent berhenti memulainya ulang.",
};
