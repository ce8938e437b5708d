//! Indonesian. The machine: disk, memory, processor, clock, certificates, and the agent itself. The same table as in `en`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

use crate::alert::words::Wording;

pub(super) const DISK_LOW: Wording = Wording {
    headline: "Sisa ruang disk tinggal sedikit",
    happened: "Sejak {since} ruang disk menipis. Terisi, dan sisanya: {detail}. Peringatan mulai dari {limit}, atau bila ruang untuk cadangan dan pemulihan sudah tidak ada.",
    means: "ini saja tidak menghentikan toko. Bila disk penuh, pesanan tidak dapat dicatat.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "lihat apa yang memakan tempat: du -xh {object} --max-depth=3 | sort -h | tail -20. Biasanya cadangan dan log lama.",
    over_headline: "Disk lapang lagi",
    over: "Disk sudah lapang lagi. Berlangsung {lasted}.",
};

pub(super) const DISK_FULL: Wording = Wording {
    headline: "Ruang disk hampir habis",
    happened: "Sejak {since} ruang disk hampir tidak bersisa. Terisi, dan sisanya: {detail}.",
    means: "pesanan dan pembayaran bisa berhenti tercatat kapan saja, dan cadangan gagal.",
    done: "agent menjaga pesannya sendiri tetap jalan; tidak ada milik Anda yang dihapus.",
    todo: "segera kosongkan: journalctl --vacuum-size=100M; apt-get clean; lalu du -xh {object} --max-depth=3 | sort -h | tail -20",
    over_headline: "Disk lapang lagi",
    over: "Disk sudah lapang lagi. Berlangsung {lasted}.",
};

pub(super) const DISK_FILLING: Wording = Wording {
    headline: "Disk akan penuh",
    happened: "Dengan pertumbuhan sekarang, disk penuh dalam {value}: {detail}. Log dan cadangan, yang menyusut sendiri, tidak dihitung.",
    means: "ini saja tidak menghentikan toko. Pada disk penuh pesanan tidak dapat dicatat.",
    done: "agent mengamati pertumbuhan selama tiga jam sebelum mengabari.",
    todo: "cari apa yang tumbuh: du -xh {object} --max-depth=3 | sort -h | tail -20, lalu ulangi satu jam lagi",
    over_headline: "Disk tidak lagi menuju penuh",
    over: "Pertumbuhannya berhenti. Berlangsung {lasted}.",
};

pub(super) const INODES_LOW: Wording = Wording {
    headline: "Jumlah berkas di disk hampir habis",
    happened: "Sejak {since} {value} dari jumlah berkas yang muat di {detail} sudah terpakai.",
    means: "bila habis, tidak ada yang dapat dicatat walaupun tempat masih luas.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "cari folder dengan berkas sangat banyak: du --inodes -x {object} --max-depth=3 | sort -h | tail -20",
    over_headline: "Disk dapat menampung berkas lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const INODES_FULL: Wording = Wording {
    headline: "Disk hampir tidak dapat menampung berkas lagi",
    happened: "Sejak {since} {value} dari jumlah berkas yang muat di {detail} sudah terpakai.",
    means: "pesanan dan pembayaran bisa berhenti tercatat kapan saja, dan cadangan gagal, walaupun tempat masih luas: bot yang baru dinyalakan membuat ulang jurnal database, dan itu juga berkas.",
    done: "agent terus memeriksa; tidak ada milik Anda yang dihapus.",
    todo: "cari folder dengan berkas sangat banyak lalu kosongkan: du --inodes -x {object} --max-depth=3 | sort -h | tail -20. Biasanya sesi, antrean surat, atau cache.",
    over_headline: "Disk dapat menampung berkas lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const DISK_READ_ONLY: Wording = Wording {
    headline: "Disk tidak dapat ditulis",
    happened: "Sejak {since} sistem berkas {detail} hanya dapat dibaca. Kernel melakukan itu bila disk rusak.",
    means: "pesanan dan pembayaran tidak dapat dicatat.",
    done: "tidak ada: menulis ke disk yang rusak bisa memperparah.",
    todo: "periksa disk: dmesg | tail -50. Tanyakan penyedia; pulihkan di server baru bila disk sekarat.",
    over_headline: "Disk dapat ditulis lagi",
    over: "Hanya dapat dibaca selama {lasted}.",
};

pub(super) const DISK_MISSING: Wording = Wording {
    headline: "Satu disk tidak ada lagi",
    happened: "Sejak {since} {detail} tidak ada, padahal disebut di disks pada [watch] karena punya disk sendiri.",
    means: "isinya hilang dari pandangan, dan yang ditulis di situ masuk ke disk lain.",
    done: "sementara ini agent mengawasi disk di atasnya.",
    todo: "pasang lagi: findmnt {object}; mount -a; dmesg | tail -50. Bila memang sengaja dipindah ke disk lain, hapus dari disks pada [watch] lalu mulai ulang agent",
    over_headline: "Disk itu sudah ada lagi",
    over: "Hilang selama {lasted}.",
};

pub(super) const DISK_GONE: Wording = Wording {
    headline: "Disk tempat toko berada tidak ada lagi",
    happened: "Sejak {since} disk yang memuat {detail} tidak terpasang lagi di {object}.",
    means: "bot yang sedang berjalan tetap menulis di tempat yang tidak terlihat dan tidak dicadangkan; bot yang baru dinyalakan tidak menemukan toko di situ.",
    done: "agent tidak mengabarkan akibat-akibatnya satu per satu, dan tidak mengubah apa pun.",
    todo: "jangan nyalakan bot sebelum disk itu ada. Cari sebabnya lalu pasang lagi: findmnt {object}; dmesg | tail -50; mount -a. Setelah itu systemctl restart {unit}. Bila memang sengaja dipindah: systemctl restart agent",
    over_headline: "Disk itu sudah ada lagi",
    over: "Hilang selama {lasted}.",
};

pub(super) const MEMORY_LOW: Wording = Wording {
    headline: "Memori server menipis",
    happened: "Sejak {since} {value} memori terpakai. Sisa: {detail}.",
    means: "semuanya bisa melambat; akhirnya kernel mematikan satu program.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "lihat siapa yang memakainya: ps aux --sort=-rss | head",
    over_headline: "Memori cukup lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const MEMORY_STALLS: Wording = Wording {
    headline: "Server tersendat karena memori",
    happened: "Selama {value} dari menit terakhir tidak ada yang dapat berjalan karena memori harus dibebaskan dulu.",
    means: "pembeli menunggu, dan kernel bisa mematikan bot.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "hentikan yang tidak perlu: ps aux --sort=-rss | head. Server lebih besar adalah obat tetapnya.",
    over_headline: "Server tidak tersendat lagi",
    over: "Berlangsung {lasted}.",
};

/// Whose memory was used up where the kernel killed for it: the server's, a limit's, nobody knows; and what it hit.
pub(in crate::alert::words) const ON_KILL: [&str; 4] = [
    "Memori server sendiri yang habis.",
    "{group} menghabiskan memori yang boleh dipakainya.",
    "Apakah memori server atau suatu batas yang habis, tidak diketahui di sini.",
    "Programnya: {program}.",
];

pub(super) const MEMORY_KILL: Wording = Wording {
    headline: "Kernel mematikan program karena memori habis",
    happened: "Pada {since} kernel mengakhiri satu program karena kehabisan memori. {detail}",
    means: "bila itu bot, systemd langsung menyalakannya lagi. Pesanan tercatat aman.",
    done: "agent mengawasi apakah bot ada.",
    todo: "lihat siapa yang kena: journalctl -k -n 50 | grep -i oom",
    over_headline: "Tadi kernel mematikan program karena memori habis",
    over: "Itu kejadian sesaat dan selesai sendiri. Bila terulang, Anda dikabari lagi.",
};

pub(super) const MEMORY_LIMIT_KILL: Wording = Wording {
    headline: "Kernel mematikan program karena batas memorinya sendiri",
    happened: "Pada {since} sebuah program di {detail} menghabiskan memori yang boleh dipakainya, dan kernel mengakhirinya.",
    means: "itu bukan bot dan bukan agent, dan memori server sendiri masih ada.",
    done: "untuk toko tidak ada yang perlu dilakukan.",
    todo: "bila toko memerlukan program itu, misalnya proxy dalam kontainer: systemctl status, journalctl -k -n 50 | grep -i oom; naikkan batasnya",
    over_headline: "Tadi kernel mematikan program karena batas memorinya sendiri",
    over: "Itu kejadian sesaat dan selesai sendiri. Bila terulang, Anda dikabari lagi.",
};

pub(super) const SERVER_WENT_DOWN: Wording = Wording {
    headline: "Server mati mendadak, sekarang menyala lagi",
    happened: "Server terakhir terlihat hidup pada {detail}, lalu mati tanpa aba-aba. Sejak {since} agent berjalan lagi.",
    means: "selama itu toko tutup. Pesanan tercatat aman; pembayaran yang masuk selama itu ditanyakan ke gateway.",
    done: "systemd menyalakan bot dan agent; keduanya melanjutkan dari tempat terakhir.",
    todo: "bila Anda sendiri yang mematikannya paksa: tidak ada. Bila bukan: last -x | head dan journalctl -b -1 -n 50, lalu tanyakan penyedia server; apalagi bila terulang",
    over_headline: "Tadi server mati mendadak",
    over: "Itu kejadian sesaat dan selesai sendiri. Bila terulang, Anda dikabari lagi.",
};

pub(super) const MEMORY_SWAPPING: Wording = Wording {
    headline: "Server memakai swap terus-menerus",
    happened: "Sejak {since} server mengambil {value} halaman memori per detik kembali dari disk.",
    means: "semuanya lebih lambat dari seharusnya.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "lihat siapa yang memakai memori: ps aux --sort=-rss | head",
    over_headline: "Server tidak lagi memakai swap",
    over: "Berlangsung {lasted}.",
};

pub(super) const CPU_STOLEN: Wording = Wording {
    headline: "Prosesor diambil oleh host",
    happened: "Selama dua puluh menit host penyedia menahan {value} waktu prosesor dari server ini.",
    means: "jawaban lebih lambat dari seharusnya.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "tulis ke penyedia dengan angka ini: \"steal\" di top. Minta dipindah ke host lain.",
    over_headline: "Prosesor kembali penuh untuk server ini",
    over: "Berlangsung {lasted}.",
};

pub(super) const DISK_SLOW: Wording = Wording {
    headline: "Disk lambat",
    happened: "Selama dua puluh menit prosesor menunggu disk {value} dari waktunya.",
    means: "pesanan lebih lama tercatat.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "lihat siapa yang membaca atau menulis: iotop -o, atau ps aux | awk '$8 ~ /D/'",
    over_headline: "Disk kembali lancar",
    over: "Berlangsung {lasted}.",
};

pub(super) const CPU_OVERLOADED: Wording = Wording {
    headline: "Pekerjaan server melebihi kemampuannya",
    happened: "Selama seperempat jam rata-rata {value} tugas berebut tiap inti prosesor (beban / inti: {detail}).",
    means: "jawaban bisa lebih lambat. Ini sekadar informasi.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "lihat siapa yang bekerja: top",
    over_headline: "Server kembali sanggup",
    over: "Berlangsung {lasted}.",
};

pub(super) const CLOCK_UNSYNCHRONISED: Wording = Wording {
    headline: "Jam server tidak dicocokkan",
    happened: "Sejak {since} jam server tidak dibandingkan dengan jam lain.",
    means: "jam akan melenceng: batas bayar, masa berlaku dan waktu yang Anda baca menjadi salah.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "timedatectl set-ntp true, lalu timedatectl status",
    over_headline: "Jam server dicocokkan lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const CLOCK_JUMPED: Wording = Wording {
    headline: "Jam server melompat",
    happened: "Pada {since} jam server bergeser tiba-tiba: {detail}.",
    means: "pesanan yang menunggu pembayaran bisa berakhir terlalu cepat atau terlambat.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "lihat siapa yang mengubahnya: journalctl -n 50 -u systemd-timesyncd; timedatectl status",
    over_headline: "Tadi jam server melompat",
    over: "Itu kejadian sesaat dan selesai sendiri. Bila terulang, Anda dikabari lagi.",
};

pub(super) const CERTIFICATE_EXPIRING: Wording = Wording {
    headline: "Sertifikat toko segera berakhir",
    happened: "Sertifikat TLS {detail} {ends}. Biasanya diperbarui sendiri tiga puluh hari sebelumnya.",
    means: "belum ada akibatnya. Bila berakhir, Telegram dan gerbang pembayaran tidak mengirim apa pun ke alamat ini.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "cari mengapa tidak diperbarui: journalctl -u caddy -n 50, atau certbot renew --dry-run",
    over_headline: "Sertifikat toko sudah diperbarui",
    over: "Diperbarui setelah {lasted}.",
};

pub(super) const CERTIFICATE_EXPIRED: Wording = Wording {
    headline: "Sertifikat toko {ends}",
    happened: "Sertifikat TLS {detail} {ends}.",
    means: "begitu berakhir, Telegram dan gerbang pembayaran berhenti mengirim ke alamat ini. Dengan mode = \"auto\" bot bertanya sendiri; pembayaran ditanyakan berkala.",
    done: "agent terus memeriksa dan mengabari bila sudah beres.",
    todo: "perbarui sekarang: certbot renew, atau systemctl restart caddy",
    over_headline: "Sertifikat toko sudah diperbarui",
    over: "Diperbarui setelah {lasted}.",
};

pub(super) const DOMAIN_UNREACHABLE: Wording = Wording {
    headline: "Alamat toko tidak menjawab",
    happened: "Sejak {since} alamatnya tidak menjawab, padahal server ini dapat menjangkau luar: {detail}",
    means: "Telegram dan gerbang pembayaran tidak dapat mengirim. Dengan mode = \"auto\" bot bertanya sendiri, pembayaran ditanyakan berkala.",
    done: "agent mencoba tiga kali dalam dua menit.",
    todo: "periksa reverse proxy: systemctl status caddy nginx; dan namanya: getent hosts {host}",
    over_headline: "Alamat toko menjawab lagi",
    over: "Berlangsung {lasted}.",
};

pub(super) const CREDENTIAL_OLD: Wording = Wording {
    headline: "Sebuah rahasia perlu diperbarui ({object})",
    happened: "Rahasia ini lama tidak diperbarui: {detail}.",
    means: "belum ada akibatnya. Makin lama dipakai, makin banyak tempat yang mungkin mengetahuinya.",
    done: "tidak ada: hanya Anda yang dapat membuat yang baru.",
    todo: "perbarui di penerbitnya, tulis ke berkasnya di /etc/warung/credentials, lalu mulai ulang bot atau agent",
    over_headline: "Rahasia {object} sudah diperbarui",
    over: "Terima kasih.",
};

pub(super) const AGENT_SLOW: Wording = Wording {
    headline: "Agent lambat",
    happened: "Sejak {since} pekerjaan agent sendiri terlambat {value}.",
    means: "kabarnya datang terlambat. Toko sendiri tidak terpengaruh.",
    done: "agent terus bekerja secepat mungkin.",
    todo: "lihat apa yang membuat server sibuk: top",
    over_headline: "Agent kembali tepat waktu",
    over: "Berlangsung {lasted}.",
};
