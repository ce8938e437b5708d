//! What is watched, and why it may not be, in both languages: for the line that names what is not watched at present.
//! Reasons that come from the system are not in here: they are told by their kind.

use crate::config::Language;

/// The words around it.
pub(in crate::alert) struct UnwatchedWords {
    /// Before all of it.
    pub heading: &'static str,
    /// Where the reasons are.
    pub more: &'static str,
    /// How a reason begins, and what is told for it.
    pub whys: &'static [(&'static str, &'static str)],
}

/// In one language.
pub(in crate::alert) fn unwatched_words(language: Language) -> &'static UnwatchedWords {
    match language {
        Language::Id => &ID,
        Language::En => &EN,
    }
}

/// What a question is about, in a few words; the question's own name where a newer one is not in here.
pub(in crate::alert) fn thing(language: Language, question: &str) -> &str {
    let known = THINGS.iter().find(|(name, ..)| *name == question);
    known.map_or(question, |(_, id, en)| match language {
        Language::Id => id,
        Language::En => en,
    })
}

const EN: UnwatchedWords = UnwatchedWords {
    heading: "Not watched at present",
    more: "Details: agent status",
    whys: &[
        ("systemctl:", "no systemd answers"),
        ("timedatectl:", "no systemd answers"),
        ("nobody here tells whether", "nobody tells"),
    ],
};

const ID: UnwatchedWords = UnwatchedWords {
    heading: "Tidak diawasi saat ini",
    more: "Rincian: agent status",
    whys: &[
        ("systemctl:", "systemd tidak menjawab"),
        ("timedatectl:", "systemd tidak menjawab"),
        ("not configured", "belum diatur"),
        ("systemd knows no such unit", "systemd tidak mengenal unit itu"),
        (
            "its memory is not counted",
            "memorinya tidak dihitung cgroup sendiri",
        ),
        (
            "less than six hours",
            "diamati kurang dari enam jam, atau tanpa batas",
        ),
        ("less than three hours", "baru diamati kurang dari tiga jam"),
        ("less than 20 minutes", "baru diamati kurang dari 20 menit"),
        (
            "the agent itself cannot reach",
            "agent sendiri tidak dapat keluar",
        ),
        ("the registry was not asked yet", "registri belum ditanya"),
        ("the registry does not say", "registri tidak memberi tahu"),
        ("the bot does not answer", "bot tidak menjawab"),
        ("who writes it cannot be seen", "penulisnya tidak terlihat"),
        ("nobody was asked for a line yet", "belum ada baris yang diminta"),
        ("this kernel does not", "kernel tidak memberi tahu"),
        ("the system does not tell", "sistem tidak memberi tahu"),
        ("nobody here tells whether", "tidak ada yang memberi tahu"),
        ("no answer in time", "tidak menjawab pada waktunya"),
        ("the shop's database is not open", "database toko tidak terbuka"),
        ("it is no number", "angkanya tidak masuk akal"),
    ],
};

/// The kind of a key before its role, and what it is called in Indonesian and in English.
const THINGS: &[(&str, &str, &str)] = &[
    ("agent", "agent", "the agent"),
    ("capture", "pengiriman perubahan", "the capture"),
    ("certificate", "sertifikat", "the certificate"),
    ("clock", "jam server", "the clock"),
    ("cpu_iowait", "tunggu disk", "waiting for the disk"),
    ("cpu_load", "beban prosesor", "the processor's load"),
    ("cpu_steal", "prosesor yang diambil", "stolen processor"),
    ("credential", "umur rahasia", "the age of secrets"),
    ("database", "database toko", "the shop's database"),
    ("database_wal", "log database", "the database's log"),
    ("disk", "disk", "the disk"),
    ("disk_missing", "disk", "the disk"),
    ("disk_files", "jumlah berkas", "the number of files"),
    ("disk_forecast", "kapan disk penuh", "when the disk is full"),
    ("disk_writes", "penulisan disk", "whether the disk takes writes"),
    ("domain", "domain toko", "the shop's domain"),
    ("heartbeat", "pemantau dari luar", "the agent from outside"),
    ("log_rotation", "rotasi log", "rotation of logs"),
    ("log_silent", "sampainya log", "whether log lines arrive"),
    ("log_writer", "penulis log", "who writes a log"),
    ("memory", "memori server", "the server's memory"),
    (
        "memory_kills",
        "penghentian karena memori",
        "kills for want of memory",
    ),
    ("memory_pressure", "tekanan memori", "pressure on memory"),
    ("memory_swap", "swap", "swapping"),
    ("registration", "pendaftaran domain", "the domain's registration"),
    ("remote", "cadangan di luar", "a place for backups"),
    ("second_way", "jalan kedua ke Anda", "a second way to you"),
    ("trade", "pesanan", "the trade"),
    ("unit", "unit bot", "the bot's unit"),
    ("unit_memory", "memori bot", "the bot's memory"),
    ("unit_name", "unit bot", "the bot's unit"),
    ("unit_restarts", "unit bot", "the bot's unit"),
];
