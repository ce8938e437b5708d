//! Indonesian. The same table as in `en`, sentence by sentence.
//! No word here is for customers or sellers: only the owner reads it.

mod agent;
mod bot;
mod digest;
mod disk;
mod domain;
mod kept;
mod keys;
mod logs;
mod machine;
mod on_log;
mod reported;
mod trade;

pub(super) use agent::{of_way, of_way_on};
pub(super) use digest::DIGEST;
pub(super) use disk::of_disk;
pub(super) use machine::ON_KILL;
pub(super) use on_log::of_log;
pub(super) use reported::{CODES, reported};
pub(super) use trade::{ACTIVE, ENDS, on_refusal};

use super::{Phrases, Wording};
use crate::alert::rule::Rule;

pub(super) const PHRASES: Phrases = Phrases {
    means: "Artinya",
    done: "Sudah dilakukan",
    todo: "Yang perlu dilakukan",
    only_on_disk: [
        "Bila di disk itu hanya ada data agent",
        "Bila di disk itu hanya ada cadangan",
        "Bila di disk itu hanya ada log",
        "Bila disk itu Anda sebut di [watch] dan di sana tidak ada apa pun dari toko atau agent",
    ],
    restarting: "Agent sedang memulai ulang bot sejak {at} ({count} dari {most} dalam satu jam); hasilnya menyusul di sini.",
    restart_unknown: "Agent mencoba memulai ulang bot pada {at} ({count} dari {most} dalam satu jam); hasilnya tidak diketahui.",
    restarted: "Agent memulai ulang bot ({count} dari {most} dalam satu jam), terakhir pada {at}.",
    restart_failed: "Agent mencoba memulai ulang bot ({count} dari {most} dalam satu jam), terakhir pada {at}; yang gagal: {failed}. Sebabnya: {why}",
    worse: "Memburuk",
    more: "Bertambah",
    reminder: "Masih terjadi, sudah {lasted}",
    again: "Terjadi lagi ({count} kali sejak {since})",
    again_mixed: "Gangguan lagi ({count} kali sejak {since}, tidak selalu ini)",
    times: "(terjadi {count} kali sejak {since})",
    kinds: "Menurut jenisnya: {kinds}.",
    flapping: "Masalah ini hilang timbul. Di Telegram pesan ini berubah setiap kali masalah ini berakhir atau kembali; bila berlangsung lama, Anda mendapat pesan baru.",
    paused: "Masalah ini hilang timbul: {count} kali sejak {since}, terakhir sampai {until}. Di Telegram pesan ini berubah bila masalah ini kembali.",
    calm: "Masalah ini hilang timbul {count} kali, dari {since} sampai {until}, dan sesudah itu tidak kembali.",
    replaced_headline: "Dilanjutkan di pesan berikutnya",
    replaced: "Keadaannya sekarang ada di pesan yang lebih baru tentang masalah ini.",
    told_by: "belum diberitahukan; paling lambat pada {at}",
    queued: "menunggu dikirim sejak {at}",
    press_start: "tekan Start di obrolan dengan bot agent",
    acked: "Anda menanganinya sejak {at}; tidak akan diingatkan lagi.",
    acked_by: "{who} menanganinya sejak {at}; tidak akan diingatkan lagi.",
    take_on: "Saya tangani",
    runbook: "Panduan",
    silence: "Bisukan {hours} jam",
    logs: "Log",
    graph: "Grafik",
    restart: "Mulai ulang bot",
    all_over: "Semua {count} masalah yang termasuk di dalamnya sudah selesai.",
    test: "Warung: uji saluran ini. Tidak ada masalah; Anda tidak perlu berbuat apa-apa.",
    also: "Juga bermasalah",
    mended: "Sudah beres",
    withdrawn_headline: "Tidak diawasi lagi",
    withdrawn: "Hal ini tidak dilihat lagi, karena tidak ada lagi di setelan atau di server, jadi kabar ini ditutup tanpa diperbaiki: {headline}",
    incident: "Bot melapor",
    reported_at: "Bot melaporkannya pada {at}.",
    facts: "Rincian",
    bots_words: "Kata bot sendiri",
    repeated: "(mungkin ulangan)",
    elsewhere: "jalur ini sempat putus; pesan ini dikirim lewat {way} pukul {at}",
    first_seen: "Terlihat pertama kali: {at}.",
    wrong_since: "Bermasalah sejak {at}.",
    late: "dari {at}; baru sekarang dapat dikirim",
    of_then: "dari {at}",
    summary: "{count} kabar sekaligus, dengan waktu aslinya:",
    paused_queues: "Antrean yang dijeda: {queues}.",
    commits_wait: "perubahan yang menunggu: {count}",
    restart_unit: "systemctl restart {writer}",
    restart_program: "mulai ulang {writer}",
    restart_holder: "mulai ulang program yang memegangnya (lsof | grep {object})",
    units: [" hari", " jam", " menit", " detik"],
    an_hour: "/jam",
    never: "belum pernah",
    ends: [
        "berakhir",
        "berakhir dalam {value}",
        "sudah berakhir {value} lalu",
    ],
};

wordings! {
    AgentBlind => AGENT_BLIND,
    ChannelBroken => CHANNEL_BROKEN,
    HeartbeatRefused => HEARTBEAT_REFUSED,
    HeartbeatUnreached => agent::HEARTBEAT_UNREACHED,
    BotStopped => BOT_STOPPED,
    BotUnhealthy => BOT_UNHEALTHY,
    BotHung => BOT_HUNG,
    BotNotRunning => BOT_NOT_RUNNING,
    BotGone => bot::BOT_GONE,
    BotDiedUnseen => bot::BOT_DIED_UNSEEN,
    BotRestartsSpent => bot::BOT_RESTARTS_SPENT,
    BotPortTaken => BOT_PORT_TAKEN,
    BackupNotTaken => BACKUP_NOT_TAKEN,
    BackupWithoutRoom => NO_ROOM_FOR_BACKUP,
    BackupFailed => BACKUP_FAILED,
    BackupIncomplete => BACKUP_INCOMPLETE,
    BackupOld => BACKUP_OLD,
    DatabaseDamaged => DATABASE_DAMAGED,
    RecipientsChanged => keys::RECIPIENTS_CHANGED,
    RecipientsUnread => keys::RECIPIENTS_UNREAD,
    ConfigUnread => keys::CONFIG_UNREAD,
    RecipientExpiring => keys::RECIPIENT_EXPIRING,
    RecipientExpired => keys::RECIPIENT_EXPIRED,
    DiskLow => machine::DISK_LOW,
    DiskFull => machine::DISK_FULL,
    DiskFilling => machine::DISK_FILLING,
    InodesLow => machine::INODES_LOW,
    InodesFull => machine::INODES_FULL,
    DiskReadOnly => machine::DISK_READ_ONLY,
    DiskMissing => machine::DISK_MISSING,
    DiskGone => machine::DISK_GONE,
    MemoryLow => machine::MEMORY_LOW,
    MemoryStalls => machine::MEMORY_STALLS,
    MemoryKill => machine::MEMORY_KILL,
    MemoryLimitKill => machine::MEMORY_LIMIT_KILL,
    MemorySwapping => machine::MEMORY_SWAPPING,
    CpuStolen => machine::CPU_STOLEN,
    DiskSlow => machine::DISK_SLOW,
    CpuOverloaded => machine::CPU_OVERLOADED,
    ClockUnsynchronised => machine::CLOCK_UNSYNCHRONISED,
    ClockJumped => machine::CLOCK_JUMPED,
    CertificateExpiring => machine::CERTIFICATE_EXPIRING,
    CertificateExpired => machine::CERTIFICATE_EXPIRED,
    DomainExpiring => domain::EXPIRING,
    DomainExpired => domain::EXPIRED,
    DomainUnreachable => machine::DOMAIN_UNREACHABLE,
    CredentialOld => machine::CREDENTIAL_OLD,
    AgentSlow => machine::AGENT_SLOW,
    AgentKilled => agent::AGENT_KILLED,
    AgentStateReplaced => agent::AGENT_STATE_REPLACED,
    ServerWentDown => machine::SERVER_WENT_DOWN,
    OwnerBotShared => agent::OWNER_BOT_SHARED,
    BotRestarting => trade::BOT_RESTARTING,
    BotGivenUp => trade::BOT_GIVEN_UP,
    BotUnitUnknown => trade::BOT_UNIT_UNKNOWN,
    BotMemoryGrowing => trade::BOT_MEMORY_GROWING,
    DeliveryLate => trade::DELIVERY_LATE,
    OrdersStuck => trade::ORDERS_STUCK,
    QueueLagging => trade::QUEUE_LAGGING,
    PaymentsFailing => trade::PAYMENTS_FAILING,
    TelegramLagging => trade::TELEGRAM_LAGGING,
    TelegramShared => trade::TELEGRAM_SHARED,
    TelegramRefuses => trade::TELEGRAM_REFUSES,
    GatewayRefuses => trade::GATEWAY_REFUSES,
    DatabaseRefuses => trade::DATABASE_REFUSES,
    WalLarge => trade::WAL_LARGE,
    WalHuge => trade::WAL_HUGE,
    CaptureStopped => kept::CAPTURE_STOPPED,
    CaptureStuck => kept::CAPTURE_STUCK,
    DatabaseReplaced => kept::DATABASE_REPLACED,
    ChainBroken => kept::CHAIN_BROKEN,
    DatabaseRedefined => kept::DATABASE_REDEFINED,
    CaptureResynced => kept::CAPTURE_RESYNCED,
    DatabaseTouched => kept::DATABASE_TOUCHED,
    SpoolOverflowed => kept::SPOOL_OVERFLOWED,
    RemoteBehind => kept::REMOTE_BEHIND,
    LogGrowing => logs::LOG_GROWING,
    LogNotRotated => logs::LOG_NOT_ROTATED,
    LogWriterLost => logs::LOG_WRITER_LOST,
    LogDeletedOpen => logs::LOG_DELETED_OPEN,
    LogTruncated => logs::LOG_TRUNCATED,
    LogHole => logs::LOG_HOLE,
    LogOldKept => logs::LOG_OLD_KEPT,
    LogSilent => logs::LOG_SILENT,
    RemoteDamaged => kept::REMOTE_DAMAGED,
    RemoteContradicts => kept::REMOTE_CONTRADICTS,
    ShopRunsTwice => kept::SHOP_RUNS_TWICE,
    DrillFailed => kept::DRILL_FAILED,
    DrillOld => kept::DRILL_OLD,
    DrillUncounted => kept::DRILL_UNCOUNTED,
    DrillWithoutRoom => kept::DRILL_WITHOUT_ROOM,
}

const AGENT_BLIND: Wording = Wording {
    headline: "Agent tidak dapat menjangkau dunia luar",
    happened: "Sejak {since} agent tidak dapat menjangkau apa pun di luar server ini: {detail}",
    means: "toko mungkin juga tidak terjangkau, cadangan tidak keluar dari server, dan kabar gangguan di tempat lain mungkin berasal dari jalur ini.",
    done: "kabar lain yang berasal dari sebab ini ditahan, dan setiap pesan menunggu di disk.",
    todo: "periksa jaringan server: ip route, resolvectl status; tanyakan penyedia Anda. Sementara itu tidak ada yang hilang.",
    over_headline: "Agent dapat menjangkau dunia luar lagi",
    over: "Jalurnya kembali setelah {lasted}.",
};

const CHANNEL_BROKEN: Wording = Wording {
    headline: "Satu saluran untuk mengabari Anda rusak ({object})",
    happened: "Saluran {object} tidak menerima pesan pada {since}: {detail}",
    means: "yang hanya dikabari lewat sana tidak mendengar apa-apa tentang toko. Yang lain masih; bila itu pun gagal, tidak ada yang tahu.",
    done: "agent memakai yang masih bekerja, menyimpan pesan yang tidak diterima, dan mencoba lagi.",
    todo: "untuk Telegram: tekan Start di obrolan itu dengan bot agent, buka blokirnya, atau perbaiki chat_ids di [owner] dan OWNER_BOT_TOKEN. Untuk yang lain: perbaiki [channels.{object}] di agent.toml atau rahasianya. Lalu: agent alert test --channel {object}",
    over_headline: "Saluran {object} bekerja lagi",
    over: "Pesan diterima lagi. Rusak selama {lasted}.",
};

const HEARTBEAT_REFUSED: Wording = Wording {
    headline: "Pemantau dari luar tidak menerima kabar agent ({object})",
    happened: "Pemantau di [heartbeat] {object} menjawab, tetapi sejak {since} menolak yang dikabarkan: {detail}",
    means: "pemantau itu tidak mendengar apa pun dari sini. Bila seluruh server hilang, mungkin tidak ada yang tahu dari luar, dan pemantau itu sendiri mungkin memberi kabar yang keliru.",
    done: "agent tetap mengabarinya tiap kali ada kabar untuknya: di url setiap menit.",
    todo: "periksa apakah pemantau itu masih ada di tempat Anda membuatnya, tulis alamatnya di {object} pada [heartbeat] di agent.toml, lalu: agent check",
    over_headline: "Pemantau dari luar menerima kabar agent lagi ({object})",
    over: "Satu kabar sudah diterima. Sebelumnya tidak ada yang diterima selama {lasted}.",
};

const BOT_BACK: &str = "Bot toko berjalan lagi";

const BOT_STOPPED: Wording = Wording {
    headline: "Bot toko belum dinyalakan lagi",
    happened: "Bot dihentikan dengan sengaja pada {since} dan sejak itu belum berjalan lagi.",
    means: "pembeli tidak dilayani selama bot berhenti. Pesanan dan pembayaran yang sudah tercatat tetap aman.",
    done: "agent menunggu sepuluh menit, karena penghentian ini disengaja.",
    todo: "bila pekerjaan Anda sudah selesai, nyalakan bot: systemctl start {unit}",
    over_headline: BOT_BACK,
    over: "Bot dinyalakan lagi setelah berhenti {lasted}. Pesanan yang tertunda sedang dilanjutkan.",
};

const BOT_UNHEALTHY: Wording = Wording {
    headline: "Bot toko tersendat",
    happened: "Sejak {since} bot masih menjawab, tetapi melaporkan ada bagiannya yang macet: {detail}",
    means: "sebagian pesanan, pengiriman, atau pesan dapat tertunda. Yang sudah tercatat tidak hilang.",
    done: "agent bertanya dua kali dengan jeda dan mendapat jawaban yang sama.",
    todo: "lihat sebabnya: journalctl -u {unit} -n 50. Bila tidak pulih: systemctl restart {unit}",
    over_headline: "Bot toko lancar lagi",
    over: "Semua bagian bot bergerak lagi. Gangguan berlangsung {lasted}.",
};

const BOT_HUNG: Wording = Wording {
    headline: "Bot toko tidak menjawab",
    happened: "Sejak {since} proses bot masih ada, tetapi tidak menjawab pertanyaan apa pun.",
    means: "pembeli menunggu tanpa jawaban. Pesanan dan pembayaran yang sudah tercatat tetap aman.",
    done: "agent mencoba berulang kali. Bot yang macet dimulai ulang oleh pengawas systemd setelah setengah menit, atau oleh agent setelah satu menit. {detail}",
    todo: "bila dua menit lagi belum pulih: kirim /restart atau systemctl restart {unit}, lalu journalctl -u {unit} -n 50",
    over_headline: "Bot toko menjawab lagi",
    over: "Bot menjawab lagi setelah {lasted}. Pesanan yang tertunda sedang dilanjutkan. {detail}",
};

const BOT_NOT_RUNNING: Wording = Wording {
    headline: "Bot toko tidak berjalan",
    happened: "Sejak {since} tidak ada bot yang menjawab. {detail}",
    means: "pembeli tidak dilayani. Pesanan dan pembayaran yang sudah tercatat tetap aman di database.",
    done: "agent mencoba berulang kali dan terus mencoba.",
    todo: "nyalakan bot: systemctl start {unit}. Bila gagal: journalctl -u {unit} -n 50",
    over_headline: BOT_BACK,
    over: "Bot menjawab. Ia tidak menjawab selama {lasted}.",
};

const BOT_PORT_TAKEN: Wording = Wording {
    headline: "Program lain menjawab di tempat bot",
    happened: "Sejak {since} yang menjawab di alamat bot bukan bot. {detail}",
    means: "toko kemungkinan besar tutup: selama program lain memakai alamatnya, bot tidak dapat menyala. Pesanan dan pembayaran yang sudah tercatat tetap aman.",
    done: "agent bertanya berulang kali dan terus bertanya.",
    todo: "lihat program apa yang memakainya: ss -ltnp. Hentikan program itu atau beri port lain, lalu systemctl restart {unit}",
    over_headline: BOT_BACK,
    over: "Bot sendiri menjawab lagi. Ia tidak menjawab selama {lasted}.",
};

/// Indonesian. What to do about a backup whose remote can hold no more files.
pub(super) const BACKUP_WITHOUT_FILES: &str = "cari folder dengan berkas sangat banyak di disk remote itu lalu kosongkan: df -i menunjukkan disknya, du --inodes -x FOLDER --max-depth=3 | sort -h | tail -20 foldernya. Lalu cadangkan sekarang: agent backup";

/// What to do about a backup whose process was killed.
pub(super) const BACKUP_KILLED: &str = "periksa apakah memori kurang: free -h; journalctl -k -n 50 menyebut apa yang dimatikan sistem. Agent mencoba lagi sendiri dalam seperempat jam; langsung: agent backup";

/// What to do about a rehearsal whose process was killed.
pub(super) const DRILL_KILLED: &str = "periksa apakah memori kurang: free -h; journalctl -k -n 50 menyebut apa yang dimatikan sistem. Lalu latih lagi: agent drill --remote {object}";

/// Indonesian. What to do about a backup that found no room on the disk.
pub(super) const BACKUP_WITHOUT_ROOM: &str = "kosongkan disk dulu: df -h dan df -i menunjukkan apa yang penuh; journalctl --vacuum-size=200M; apt-get clean. Agent mencoba lagi sendiri dalam seperempat jam; langsung: agent backup";

const BACKUP_NOT_TAKEN: Wording = Wording {
    headline: "Cadangan tidak dapat dibuat",
    happened: "Cadangan pada {since} gagal dan tidak ada di tempat mana pun. Sebab: {detail}",
    means: "ini saja tidak menghentikan toko, tetapi bila server hilang sekarang, hanya cadangan yang lebih lama yang ada.",
    done: "agent mencoba lagi tiap seperempat jam.",
    todo: "periksa setelan dan tempatnya: agent check, lalu cadangkan sekarang: agent backup",
    over_headline: "Cadangan berhasil lagi",
    over: "Ada cadangan baru yang lengkap. Gangguan berlangsung {lasted}.",
};

const NO_ROOM_FOR_BACKUP: Wording = Wording {
    headline: "Tidak ada ruang untuk membuat cadangan",
    done: "agent mencoba lagi tiap seperempat jam, dan dalam setengah menit begitu ada ruang.",
    todo: BACKUP_WITHOUT_ROOM,
    ..BACKUP_NOT_TAKEN
};

const BACKUP_FAILED: Wording = Wording {
    headline: "Cadangan gagal ({object})",
    happened: "Cadangan pada {since} tidak sampai ke {object}. Sebab: {detail}",
    means: "ini saja tidak menghentikan toko, tetapi bila server hilang sekarang, {object} hanya punya cadangan yang lebih lama.",
    done: "agent mencoba lagi pada jadwal berikutnya, dan tempat lain tetap diisi.",
    todo: "periksa penyimpanannya: agent check, lalu cadangkan sekarang: agent backup",
    over_headline: "Cadangan berhasil lagi ({object})",
    over: "Cadangan kembali sampai ke {object}. Gangguan berlangsung {lasted}.",
};

const BACKUP_INCOMPLETE: Wording = Wording {
    headline: "Cadangan tanpa sebagian berkas",
    happened: "Database sudah dicadangkan, tetapi berkas ini tidak ikut sejak {since}: {detail}",
    means: "pesanan dapat dipulihkan, tetapi setelan, kunci, atau log itu tidak.",
    done: "sisanya sudah dicadangkan dan dibaca ulang.",
    todo: "beri agent izin membaca berkas itu, atau perbaiki [backup] files di agent.toml, lalu: agent backup",
    over_headline: "Cadangan lengkap lagi",
    over: "Semua berkas ikut dicadangkan lagi. Gangguan berlangsung {lasted}.",
};

const BACKUP_OLD: Wording = Wording {
    headline: "Cadangan terlalu tua",
    happened: "Sejak {detail} tidak ada cadangan baru yang lengkap. Itu lebih lama dari dua kali jarak jadwal.",
    means: "bila server hilang sekarang, semua yang terjadi sesudah cadangan itu ikut hilang.",
    done: "agent tetap mencadangkan pada setiap jadwal.",
    todo: "cadangkan sekarang dan baca jawabannya: agent backup. Lalu periksa tempatnya: agent check",
    over_headline: "Cadangan baru lagi",
    over: "Ada cadangan baru yang lengkap. Sebelumnya tidak ada sejak {detail}.",
};

const DATABASE_DAMAGED: Wording = Wording {
    headline: "Database toko rusak",
    happened: "Saat mencadangkan pada {since}, SQLite menemukan kerusakan pada database yang sedang dipakai: {detail}",
    means: "pesanan dan pembayaran dapat salah atau hilang, dan cadangan baru ikut rusak.",
    done: "cadangan ini tetap disimpan dan cadangan lama tidak disentuh.",
    todo: "hentikan bot: systemctl stop {unit}. Lalu pulihkan keadaan terbaru sebelum rusak dengan perintah itu; bila ditolak, ia menyebut yang terbaik berikutnya. agent backup menyebut cara lain",
    over_headline: "Database toko baik lagi",
    over: "SQLite tidak lagi menemukan kerusakan. Gangguan berlangsung {lasted}.",
};
