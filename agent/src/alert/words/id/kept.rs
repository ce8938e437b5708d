//! Indonesian. The capture of commits and the rehearsals of restores. The same table as in `en`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

use crate::alert::words::Wording;

pub(super) const CAPTURE_STOPPED: Wording = Wording {
    headline: "Pesanan tidak keluar dari server",
    happened: "Sejak {since} agent tidak dapat mengikuti database toko: {detail}",
    means: "ini saja tidak menghentikan toko, tetapi yang terjual mulai sekarang ikut hilang bila server hilang, sampai cadangan berikutnya.",
    done: "agent mencoba lagi dua kali semenit, dan cadangan terjadwal tetap berjalan.",
    todo: "agent status menyebut sebabnya; mode jurnal yang berubah pulih dengan systemctl restart bot",
    over_headline: "Pesanan keluar dari server lagi",
    over: "Semua yang terjadi selama {lasted} itu sedang dikirim.",
};

pub(super) const CAPTURE_STUCK: Wording = Wording {
    headline: "Pesanan tidak keluar dari server, dan menunggu tidak menolong",
    happened: "Pada {since} agent tidak dapat lagi mengikuti database toko: {detail}",
    means: "yang terjual mulai sekarang, bila bot masih berjualan, hanya ada di server ini dan dapat hilang. Semua yang terjual sebelumnya ada di tempat cadangan.",
    done: "agent melihat lagi tiap beberapa detik, dan melanjutkan begitu bisa.",
    todo: "lakukan yang disebut di sana. Berkas yang hilang: kembalikan bersama -wal-nya, lalu semua berlanjut. Hanya bila memang hilang selamanya: systemctl stop {unit}, lalu agent restore --latest mengembalikan semua yang sudah keluar dari server",
    over_headline: "Pesanan keluar dari server lagi",
    over: "Berlangsung {lasted}; apa yang terjadi selama itu ada di agent status.",
};

pub(super) const DATABASE_REPLACED: Wording = Wording {
    headline: "Berkas database toko diganti",
    happened: "Pada {since} di tempat database toko ada berkas lain, atau keadaan lain: {detail}.",
    means: "bila Anda memulihkan atau menggantinya, semua beres. Bila bukan, bot mungkin berjualan dari database yang salah.",
    done: "agent memulai rantai baru dan membuat cadangan penuh; rantai lama utuh dan dapat dipulihkan.",
    todo: "bukan Anda? systemctl stop bot, lalu agent list menunjukkan titik terakhir sebelumnya",
    over_headline: "Database yang baru sudah diikuti",
    over: "Diganti {lasted} yang lalu; rantai baru berjalan.",
};

pub(super) const CHAIN_BROKEN: Wording = Wording {
    headline: "Rantai cadangan baru dimulai",
    happened: "Pada {since} rantai perubahan tidak dapat dilanjutkan: {detail}",
    means: "tidak ada yang hilang: rantai lama dapat dipulihkan sampai saat itu, yang baru sejak cadangan pertamanya.",
    done: "agent langsung membuat cadangan penuh.",
    todo: "tidak ada, bila Anda sendiri yang mengubah database (misalnya VACUUM). Bila bukan: agent status",
    over_headline: "Rantai cadangan baru sudah berdiri",
    over: "Dimulai {lasted} yang lalu.",
};

pub(super) const DATABASE_REDEFINED: Wording = Wording {
    headline: "Database toko diubah dengan tangan, atau diganti isinya dengan yang lama",
    happened: "Pada {since} agent menyusul toko, dan tabelnya sudah didefinisikan ulang, yang oleh bot hanya dilakukan pada rilis baru: {detail}",
    means: "setelah VACUUM atau perubahan dengan tangan tidak ada yang hilang. Bila salinan lama yang dimasukkan, penjualan sejak salinan itu hilang, dan sebuah akun bisa terjual dua kali.",
    done: "semua perubahan dikirim sekaligus; isi toko sebelumnya tetap ada di cadangan.",
    todo: "bila memang disengaja, tidak ada. Bila tidak, hentikan bot dan lihat apa yang hilang: agent list menyebut nomor perubahan itu, dan agent restore --before-commit N --to FOLDER menunjukkan isi toko sebelumnya.",
    over_headline: "Perubahan pada database sudah lewat",
    over: "Terjadi {lasted} yang lalu.",
};

pub(super) const CAPTURE_RESYNCED: Wording = Wording {
    headline: "Riwayat toko terlewat beberapa saat",
    happened: "Pada {since} agent menyusul toko: {detail}",
    means: "tidak ada yang hilang: toko utuh di setiap tempat. Hanya saat-saat di dalam celah itu yang tidak dapat dipilih bila nanti memulihkan.",
    done: "semua yang berubah dalam celah itu dikirim sekaligus.",
    todo: "tidak ada, bila agent baru dimulai ulang. Bila berulang, lihat siapa lagi yang membuka database: lsof {database}",
    over_headline: "Celah itu sudah lewat",
    over: "Terjadi {lasted} yang lalu.",
};

pub(super) const DATABASE_TOUCHED: Wording = Wording {
    headline: "Berkas database dipindah atau disentuh",
    happened: "Terlihat pada {since}: {detail}",
    means: "semua yang sudah diikuti agent ada di dalamnya. Hanya yang terjual di berkas lain setelah disalin, selagi agent tidak berjalan, yang tidak ada.",
    done: "cadangan berlanjut dalam rantainya.",
    todo: "tidak ada, bila Anda memindah foldernya dan bot berhenti sejak penyalinan. Bila bukan, lihat siapa yang melakukannya: hanya bot yang boleh menulis ke {database}",
    over_headline: "Berkas database tidak disentuh lagi",
    over: "Terjadi {lasted} yang lalu.",
};

pub(super) const SPOOL_OVERFLOWED: Wording = Wording {
    headline: "Antrean kirim ke tempat cadangan meluap",
    happened: "Pada {since}: {detail}",
    means: "ini saja tidak menghentikan toko. Di tempat itu riwayatnya berlubang sampai cadangan berikutnya; tempat lain punya semuanya.",
    done: "agent menyimpan separuh yang lebih baru dan terus mengirim.",
    todo: "lihat jawaban tempat itu: agent check; lalu agent backup menutup lubangnya",
    over_headline: "Antrean kirim lapang lagi",
    over: "Meluap {lasted} yang lalu.",
};

pub(super) const REMOTE_BEHIND: Wording = Wording {
    headline: "Cadangan di {object} tertinggal",
    happened: "Yang terjadi di toko sudah menunggu {value} untuk sampai ke {object}; {detail}.",
    means: "ini saja tidak menghentikan toko. Bila server hilang sekarang dan hanya {object} yang tersisa, yang menunggu itu ikut hilang.",
    done: "agent mencoba lagi paling lambat tiap menit; tempat lain tidak tertahan.",
    todo: "agent remote test {object}",
    over_headline: "Cadangan di {object} sudah menyusul",
    over: "Tertinggal selama {lasted}.",
};

pub(super) const REMOTE_DAMAGED: Wording = Wording {
    headline: "Cadangan di {object} rusak",
    happened: "Pada {since} isi {object} tidak sama dengan yang ditulis: {detail}",
    means: "ini saja tidak menghentikan toko, tetapi {object} bukan salinan yang utuh lagi, dan pemulihan dari sana saja mungkin kurang sesuatu.",
    done: "agent membandingkan nama, ukuran, dan sebagian isi; tempat lain tidak terkena.",
    todo: "lihat seberapa banyak: agent verify --remote {object} --all, lalu cadangkan lagi: agent backup",
    over_headline: "Cadangan di {object} utuh kembali",
    over: "Semua isi {object} sama dengan yang ditulis. Sebelumnya tidak selama {lasted}.",
};

pub(super) const REMOTE_CONTRADICTS: Wording = Wording {
    headline: "{object} tidak menyimpan yang disebut ringkasan harian",
    happened: "Pada {since} {object} tidak menyimpan yang disebut ringkasan harian: {detail}",
    means: "ini saja tidak menghentikan toko, tetapi mungkin ada yang mengembalikan {object} ke keadaan lama atau menghapus isinya.",
    done: "agent mencocokkan dengan baris yang Anda berikan; pemeriksaan harian tanpa baris itu tidak mengakhiri ini.",
    todo: "ganti kredensialnya, cadangkan lagi, lalu berikan baris ringkasan berikutnya: agent verify --remote {object} --anchor 'LINE'",
    over_headline: "{object} menyimpan yang disebut ringkasan harian",
    over: "{object} kembali menyimpan yang disebut ringkasan. Sebelumnya tidak selama {lasted}.",
};

pub(super) const SHOP_RUNS_TWICE: Wording = Wording {
    headline: "Tampaknya dua server menjalankan toko ini",
    happened: "Pada {since} pemeriksaan cadangan menemukan server lain yang menulis seperti server ini: {detail}",
    means: "dua bot mungkin menjual satu stok: sebuah akun bisa terjual dua kali, dan masing-masing tidak mengenal pesanan dan pembayaran yang lain.",
    done: "agent tetap mencadangkan server ini, dan tidak menghapus apa pun yang mungkin hanya ditulis server lain itu.",
    todo: "hentikan bot dan agent di server yang tidak seharusnya jalan: server lama yang hidup lagi, salinan, atau server cadangan. Lalu cari pesanan yang hanya ada di sana.",
    over_headline: "Tidak terlihat lagi server lain di {object}",
    over: "Pemeriksaan terakhir {object} tidak menemukan tulisan server lain dari sehari terakhir. Sebelumnya berlangsung {lasted}.",
};

pub(super) const DRILL_FAILED: Wording = Wording {
    headline: "Latihan pemulihan dari {object} gagal",
    happened: "Pada {since} toko tidak dapat dipulihkan dari {object}: {detail}",
    means: "ini saja tidak menghentikan toko, tetapi bila server hilang sekarang, {object} mungkin tidak dapat memulihkannya.",
    done: "agent berlatih di foldernya sendiri; yang sedang berjalan tidak disentuh.",
    todo: "latih lagi: agent drill --remote {object}, dan cadangkan lagi: agent backup",
    over_headline: "Pemulihan dari {object} berhasil lagi",
    over: "Dalam latihan, toko pulih dari {object}. Gangguan berlangsung {lasted}.",
};

pub(super) const DRILL_OLD: Wording = Wording {
    headline: "Sudah lama tidak ada latihan pemulihan dari {object}",
    happened: "Latihan terakhir yang berhasil: {detail}.",
    means: "cadangan baru terbukti bila pernah dipulihkan: belum tentu {object} dapat mengembalikan toko.",
    done: "agent terus berlatih sesuai jadwal.",
    todo: "latih sekarang: agent drill --remote {object}",
    over_headline: "Pemulihan dari {object} sudah dilatih lagi",
    over: "Dalam latihan, toko pulih dari {object}.",
};

pub(super) const DRILL_WITHOUT_ROOM: Wording = Wording {
    headline: "Tidak ada ruang untuk latihan pemulihan",
    happened: "Pada {since} latihan pemulihan tidak dapat dijalankan: disk tempat agent menyimpan datanya tidak punya ruang untuk toko sekali lagi.",
    means: "ini saja tidak menghentikan toko, dan cadangannya tidak terbukti rusak. Tetapi selama begini tidak ada latihan yang membuktikan bahwa toko dapat kembali darinya.",
    done: "agent terus berlatih sesuai jadwal; yang sedang berjalan tidak disentuh.",
    todo: "kosongkan disk: df -h menunjukkan apa yang penuh; journalctl --vacuum-size=200M; apt-get clean; lalu: agent drill",
    over_headline: "Ada ruang lagi untuk latihan pemulihan",
    over: "Latihan berikutnya berjalan sesuai jadwal; langsung: agent drill",
};

pub(super) const DRILL_UNCOUNTED: Wording = Wording {
    headline: "Hasil latihan pemulihan tidak dapat dihitung",
    happened: "Pada {since} toko kembali dalam latihan, tetapi tidak ada yang dapat menghitungnya: {detail}",
    means: "ini saja tidak menghentikan toko, dan cadangannya tidak terbukti rusak. Tetapi selama begini tidak ada latihan yang membuktikan bahwa toko dapat kembali darinya.",
    done: "agent terus berlatih sesuai jadwal; yang sedang berjalan tidak disentuh.",
    todo: "perbaiki binary di bawah [bot] dalam agent.toml sampai agent check menyebutnya ok, lalu: agent drill",
    over_headline: "Hasil latihan pemulihan dapat dihitung lagi",
    over: "Program toko sendiri sudah menghitung hasil latihan.",
};
