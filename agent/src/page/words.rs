//! The status page's words in both languages.
//! Only the owner reads them.

use protocol::incident::Severity;

use crate::{config::Language, watch::bot_health::BotState};

pub(super) struct Words {
    pub lang: &'static str,
    pub title: &'static str,
    pub well: &'static str,
    pub wrong: &'static str,
    pub shop: &'static str,
    pub bot: &'static str,
    pub sales: &'static str,
    pub open: &'static str,
    pub paused: &'static str,
    pub orders: &'static str,
    pub money: &'static str,
    pub unpaid: &'static str,
    pub refunds: &'static str,
    pub queue: &'static str,
    pub alerts: &'static str,
    pub no_alerts: &'static str,
    pub since: &'static str,
    pub taken_on: &'static str,
    pub held: &'static str,
    pub silenced: &'static str,
    pub everything: &'static str,
    pub past: &'static str,
    pub server: &'static str,
    pub disk: &'static str,
    pub memory: &'static str,
    pub processor: &'static str,
    pub unknown: &'static str,
    pub waiting: &'static str,
    pub strangers: &'static str,
    pub charts: &'static str,
    pub backups: &'static str,
    pub no_backups: &'static str,
    pub remote: &'static str,
    pub newest: &'static str,
    pub age: &'static str,
    pub size: &'static str,
    pub taken_at: &'static str,
    pub refreshed: &'static str,
    pub not_known: &'static str,
}

const ID: Words = Words {
    lang: "id",
    title: "Status toko",
    well: "Semua baik",
    wrong: "Ada masalah",
    shop: "Toko",
    bot: "Bot",
    sales: "Penjualan",
    open: "buka",
    paused: "dijeda",
    orders: "Pesanan 24 jam",
    money: "Uang masuk 24 jam",
    unpaid: "Menunggu pembayaran",
    refunds: "Refund yang belum dibayar",
    queue: "Pekerjaan yang menunggu",
    alerts: "Peringatan",
    no_alerts: "Tidak ada yang bermasalah saat ini.",
    since: "sejak",
    taken_on: "sudah ditangani",
    held: "ditahan",
    silenced: "Dibisukan",
    everything: "semuanya (pemeliharaan)",
    past: "Selesai dalam 24 jam",
    server: "Server",
    disk: "Disk",
    memory: "Memori",
    processor: "Prosesor",
    unknown: "Tidak dapat diketahui",
    waiting: "Pesan yang belum terkirim",
    strangers: "Pesan dari orang asing",
    charts: "Grafik",
    backups: "Backup",
    no_backups: "Belum ada backup di remote mana pun.",
    remote: "Remote",
    newest: "Titik terbaru",
    age: "Umur",
    size: "Ukuran",
    taken_at: "Diambil",
    refreshed: "Diperbarui sendiri setiap 30 detik",
    not_known: "belum diketahui",
};

const EN: Words = Words {
    lang: "en",
    title: "The shop's status",
    well: "All is well",
    wrong: "Something is wrong",
    shop: "Shop",
    bot: "Bot",
    sales: "Sales",
    open: "open",
    paused: "paused",
    orders: "Orders in 24 hours",
    money: "Money in 24 hours",
    unpaid: "Waiting for payment",
    refunds: "Refunds to be paid",
    queue: "Work that waits",
    alerts: "Alerts",
    no_alerts: "Nothing is wrong at the moment.",
    since: "since",
    taken_on: "taken on",
    held: "held back",
    silenced: "Silenced",
    everything: "everything (maintenance)",
    past: "Over within 24 hours",
    server: "Server",
    disk: "Disk",
    memory: "Memory",
    processor: "Processor",
    unknown: "Cannot be known",
    waiting: "Messages not sent yet",
    strangers: "Messages from strangers",
    charts: "Charts",
    backups: "Backups",
    no_backups: "No remote holds a backup yet.",
    remote: "Remote",
    newest: "Newest point",
    age: "Age",
    size: "Size",
    taken_at: "Taken",
    refreshed: "Refreshes itself every 30 seconds",
    not_known: "not known yet",
};

pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::Id => &ID,
        Language::En => &EN,
    }
}

/// How the bot is, in words.
pub(super) fn bot(language: Language, bot: BotState) -> &'static str {
    match (language, bot) {
        (Language::Id, BotState::Unknown) => "belum ditanya",
        (Language::Id, BotState::Running) => "berjalan",
        (Language::Id, BotState::Ailing) => "berjalan, tetapi tidak sehat",
        (Language::Id, BotState::Stopped) => "dihentikan dengan sengaja",
        (Language::Id, BotState::Gone) => "mati",
        (Language::En, BotState::Unknown) => "not asked yet",
        (Language::En, BotState::Running) => "running",
        (Language::En, BotState::Ailing) => "running, but not well",
        (Language::En, BotState::Stopped) => "stopped on purpose",
        (Language::En, BotState::Gone) => "dead",
    }
}

/// The style's word for how grave something is.
pub(super) fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// How grave, in a word.
pub(super) fn severity(language: Language, severity: Severity) -> &'static str {
    match (language, severity) {
        (Language::Id, Severity::Info) => "informasi",
        (Language::Id, Severity::Warning) => "penting",
        (Language::Id, Severity::Critical) => "gawat",
        (Language::En, Severity::Info) => "information",
        (Language::En, Severity::Warning) => "warning",
        (Language::En, Severity::Critical) => "critical",
    }
}
