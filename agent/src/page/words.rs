//! The status page's words in both languages.
//! Only the owner reads them.

use protocol::incident::Severity;

use crate::{config::Language, watch::bot_health::BotState};

#[cfg_attr(test, derive(Debug))]
pub(super) struct Words {
    pub lang: &'static str,
    pub title: &'static str,
    pub well: &'static str,
    pub wrong: &'static str,
    pub well_but_reported: &'static str,
    /// What is seen and is no alert yet.
    pub unsure: &'static str,
    pub reported: &'static str,
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
    pub silenced: &'static str,
    pub everything: &'static str,
    pub past: &'static str,
    /// `{count}` is how many more there are.
    pub past_more: &'static str,
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
    pub age: &'static str,
    pub size: &'static str,
    pub taken_at: &'static str,
    pub full: &'static str,
    pub delta: &'static str,
    pub damaged: &'static str,
    /// Under the restore points.
    pub legend: &'static str,
    pub kind: &'static str,
    pub behind: &'static str,
    /// `{commit}` is the last one that can be had.
    pub torn: &'static str,
    pub traffic: &'static str,
    pub day: &'static str,
    pub week: &'static str,
    pub requests: &'static str,
    pub cost: &'static str,
    pub no_cost_yet: &'static str,
    pub no_price: &'static str,
    pub drills: &'static str,
    pub passed: &'static str,
    pub never: &'static str,
    pub last_passed: &'static str,
    pub next_drill: &'static str,
    pub refreshed: &'static str,
    pub not_known: &'static str,
}

const ID: Words = Words {
    lang: "id",
    title: "Status toko",
    well: "Semua baik",
    wrong: "Ada masalah",
    well_but_reported: "Tidak ada peringatan; bot melaporkan sesuatu",
    unsure: "Belum ada peringatan, tetapi belum tentu semua baik",
    reported: "Dilaporkan bot dalam 24 jam",
    shop: "Toko",
    bot: "Bot",
    sales: "Penjualan",
    open: "buka",
    paused: "dijeda",
    orders: "Pesanan 24 jam",
    money: "Uang masuk 24 jam",
    unpaid: "Menunggu pembayaran",
    refunds: "Uang yang harus dikembalikan",
    queue: "Pekerjaan yang menunggu",
    alerts: "Peringatan",
    no_alerts: "Tidak ada yang bermasalah saat ini.",
    since: "sejak",
    taken_on: "sudah ditangani",
    silenced: "Dibisukan",
    everything: "semuanya (pemeliharaan)",
    past: "Selesai dalam 24 jam",
    past_more: "dan {count} lagi; yang terbaru di atas.",
    server: "Server",
    disk: "Disk",
    memory: "Memori",
    processor: "Prosesor",
    unknown: "Tidak diawasi saat ini",
    waiting: "Pesan yang belum sampai kepada Anda",
    strangers: "Pesan dari orang asing",
    charts: "Grafik",
    backups: "Cadangan",
    no_backups: "Belum ada cadangan di tempat mana pun.",
    remote: "Tempat",
    age: "Umur",
    size: "Ukuran",
    taken_at: "Diambil",
    full: "penuh",
    delta: "perubahan",
    damaged: "dari database rusak",
    legend: "★ lulus latihan pemulihan",
    kind: "Jenis",
    behind: "Perubahan yang belum di sana",
    torn: "hanya bisa dipulihkan sampai perubahan {commit}: yang sesudahnya hilang atau berubah di sana",
    traffic: "Lalu lintas cadangan per jam",
    day: "24 jam",
    week: "7 hari",
    requests: "permintaan",
    cost: "Perkiraan biaya sebulan",
    no_cost_yet: "setelah perbandingan pertama",
    no_price: "harganya tidak diisi di agent.toml",
    drills: "Latihan pemulihan",
    passed: "lulus",
    never: "belum pernah",
    last_passed: "Terakhir lulus",
    next_drill: "Berikutnya",
    refreshed: "Diperbarui sendiri setiap 30 detik",
    not_known: "belum diketahui",
};

const EN: Words = Words {
    lang: "en",
    title: "The shop's status",
    well: "All is well",
    wrong: "Something is wrong",
    well_but_reported: "No alert; the bot reported something",
    unsure: "No alert yet, but not all may be well",
    reported: "Reported by the bot within 24 hours",
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
    silenced: "Silenced",
    everything: "everything (maintenance)",
    past: "Over within 24 hours",
    past_more: "and {count} more; the newest are above.",
    server: "Server",
    disk: "Disk",
    memory: "Memory",
    processor: "Processor",
    unknown: "Not watched at present",
    waiting: "Messages that have not reached you",
    strangers: "Messages from strangers",
    charts: "Charts",
    backups: "Backups",
    no_backups: "No remote holds a backup yet.",
    remote: "Place",
    age: "Age",
    size: "Size",
    taken_at: "Taken",
    full: "full",
    delta: "changes",
    damaged: "of a damaged database",
    legend: "★ its restore was rehearsed and passed",
    kind: "Kind",
    behind: "Commits not there yet",
    torn: "can be restored to commit {commit} only: what follows is missing or altered there",
    traffic: "Backup traffic per hour",
    day: "24 h",
    week: "7 d",
    requests: "requests",
    cost: "Estimated cost of a month",
    no_cost_yet: "after the first comparison",
    no_price: "agent.toml names no price",
    drills: "Rehearsals of a restore",
    passed: "passed",
    never: "never",
    last_passed: "Last passed",
    next_drill: "Next",
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
        (Language::Id, BotState::Silent) => "berjalan, tetapi tidak menjawab",
        (Language::Id, BotState::Stopped) => "dihentikan dengan sengaja",
        (Language::Id, BotState::Gone) => "mati",
        (Language::En, BotState::Unknown) => "not asked yet",
        (Language::En, BotState::Running) => "running",
        (Language::En, BotState::Ailing) => "running, but not well",
        (Language::En, BotState::Silent) => "running, but does not answer",
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SAME: [&str; 3] = ["bot: \"Bot\",", "disk: \"Disk\",", "server: \"Server\","];

    #[test]
    fn no_word_of_one_language_stands_in_the_other_but_those_that_are_the_same() {
        let told = |language| -> BTreeSet<String> {
            let text = format!("{:#?}", words(language));
            text.lines().map(|line| line.trim().to_owned()).collect()
        };
        let (id, en) = (told(Language::Id), told(Language::En));
        let same: Vec<&String> = id.intersection(&en).filter(|line| line.contains(": ")).collect();
        assert_eq!(same, SAME.iter().collect::<Vec<_>>());
    }
}
