//! Indonesian. The capture of commits and the rehearsals of restores. The same table as in `en`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

use crate::alert::words::Wording;

pub(super) const CAPTURE_STOPPED: Wording = Wording {
    headline: "Pesanan tidak keluar dari server",
    happened: "Sejak {since} agen tidak dapat mengikuti basis data toko: {detail}",
    means: "toko tetap berjualan, tetapi yang terjual mulai sekarang ikut hilang bila server hilang, sampai cadangan berikutnya.",
    done: "agen mencoba lagi dua kali semenit, dan cadangan terjadwal tetap berjalan.",
    todo: "agent status menyebut sebabnya; mode jurnal yang berubah pulih dengan systemctl restart bot",
    over_headline: "Pesanan keluar dari server lagi",
    over: "Semua yang terjadi selama {lasted} itu sedang dikirim.",
};

pub(super) const DATABASE_REPLACED: Wording = Wording {
    headline: "Basis data toko sudah lain",
    happened: "Pada {since} ada berkas lain, atau keadaan lain, di tempat basis data toko: {detail}.",
    means: "bila Anda memulihkan atau menggantinya, semua beres. Bila bukan, bot mungkin berjualan dari basis data yang salah.",
    done: "agen memulai rantai baru dan membuat cadangan penuh; rantai lama utuh dan dapat dipulihkan.",
    todo: "bukan Anda? systemctl stop bot, lalu agent list menunjukkan titik terakhir sebelumnya",
    over_headline: "Berkas basis data sudah diterima",
    over: "Diganti {lasted} yang lalu; rantai baru berjalan.",
};

pub(super) const CHAIN_BROKEN: Wording = Wording {
    headline: "Rantai cadangan baru dimulai",
    happened: "Pada {since} rantai perubahan tidak dapat dilanjutkan: {detail}",
    means: "tidak ada yang hilang: rantai lama dapat dipulihkan sampai saat itu, yang baru sejak cadangan pertamanya.",
    done: "agen langsung membuat cadangan penuh.",
    todo: "tidak perlu apa-apa bila itu Anda: VACUUM atau ukuran halaman lain berakibat begitu. Bila bukan: agent status",
    over_headline: "Rantai cadangan baru sudah berdiri",
    over: "Dimulai {lasted} yang lalu.",
};

pub(super) const CAPTURE_RESYNCED: Wording = Wording {
    headline: "Perubahan satu per satu selama beberapa saat tidak diketahui",
    happened: "Pada {since} agen menyusul toko: {detail}",
    means: "toko utuh di setiap tempat; hanya saat di dalam celah itu yang tidak dapat dipulihkan sendiri.",
    done: "halaman yang berbeda dikirim sebagai satu langkah.",
    todo: "tidak perlu apa-apa setelah agen dinyalakan ulang; bila berulang: siapa lagi yang membukanya? lsof {database}",
    over_headline: "Celah itu sudah lewat",
    over: "Terjadi {lasted} yang lalu.",
};

pub(super) const SPOOL_OVERFLOWED: Wording = Wording {
    headline: "Perubahan dibuang sebelum sebuah tempat menerimanya",
    happened: "Pada {since}: {detail}",
    means: "toko tetap berjualan; tempat itu berlubang sampai cadangan berikutnya, tempat lain punya semuanya.",
    done: "agen menyimpan separuh yang lebih baru dan terus mengirim.",
    todo: "agent remote test NAMA untuk tempat yang disebut; lalu agent backup menutup lubangnya",
    over_headline: "Antrean kirim punya ruang lagi",
    over: "Meluap {lasted} yang lalu.",
};

pub(super) const REMOTE_BEHIND: Wording = Wording {
    headline: "{object} tertinggal",
    happened: "Pesanan tertua sudah menunggu {value} untuk {object}: {detail}.",
    means: "bila server hilang sekarang dan hanya {object} yang tersisa, sebanyak itu yang kurang.",
    done: "agen mencoba lagi paling lambat tiap menit; tempat lain tidak tertahan.",
    todo: "agent remote test {object}",
    over_headline: "{object} sudah menyusul",
    over: "Tertinggal selama {lasted}.",
};

pub(super) const REMOTE_DAMAGED: Wording = Wording {
    headline: "Cadangan di {object} rusak",
    happened: "Pada {since} isi {object} tidak sama dengan yang ditulis: {detail}",
    means: "toko tetap berjualan, tetapi sebagian titik pemulihan tidak dapat diambil lagi dari {object}.",
    done: "agen membandingkan nama, ukuran, dan sebagian isi; tempat lain tidak terkena.",
    todo: "lihat seberapa banyak: agent verify --remote {object} --all, lalu cadangkan lagi: agent backup",
    over_headline: "Cadangan di {object} utuh kembali",
    over: "Semua isi {object} sama dengan yang ditulis. Sebelumnya tidak selama {lasted}.",
};

pub(super) const REMOTE_CONTRADICTS: Wording = Wording {
    headline: "{object} tidak menyimpan yang disebut ringkasan harian",
    happened: "Pada {since} {object} tidak menyimpan yang disebut ringkasan harian: {detail}",
    means: "toko tetap berjualan, tetapi mungkin ada yang mengembalikan {object} ke keadaan lama atau menghapus isinya.",
    done: "agen mencocokkan dengan baris yang Anda berikan; pemeriksaan harian tanpa baris itu tidak mengakhiri ini.",
    todo: "ganti kredensialnya, cadangkan lagi, lalu berikan baris ringkasan berikutnya: agent verify --remote {object} --anchor 'LINE'",
    over_headline: "{object} menyimpan yang disebut ringkasan harian",
    over: "{object} kembali menyimpan yang disebut ringkasan. Sebelumnya tidak selama {lasted}.",
};

pub(super) const DRILL_FAILED: Wording = Wording {
    headline: "Latihan pemulihan dari {object} gagal",
    happened: "Pada {since} toko tidak dapat dipulihkan dari {object}: {detail}",
    means: "toko tetap berjualan, tetapi bila server hilang sekarang, {object} mungkin tidak dapat memulihkannya.",
    done: "agen berlatih di foldernya sendiri; yang sedang berjalan tidak disentuh.",
    todo: "latih lagi: agent drill --remote {object}, dan cadangkan lagi: agent backup",
    over_headline: "Pemulihan dari {object} berhasil lagi",
    over: "Dalam latihan, toko pulih dari {object}. Gangguan berlangsung {lasted}.",
};

pub(super) const DRILL_OLD: Wording = Wording {
    headline: "Sudah lama tidak ada latihan pemulihan dari {object}",
    happened: "Latihan terakhir yang berhasil: {detail}.",
    means: "cadangan yang belum pernah dipulihkan hanyalah kabar: belum tentu {object} dapat memulihkan toko.",
    done: "agen terus berlatih sesuai jadwal.",
    todo: "latih sekarang: agent drill --remote {object}",
    over_headline: "Pemulihan dari {object} sudah dilatih lagi",
    over: "Dalam latihan, toko pulih dari {object}.",
};
