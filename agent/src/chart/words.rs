//! The few words on a chart, in the owner's language.
//! No sentence of an alert is here.

use crate::config::Language;

/// What stands on charts.
pub(super) struct Words {
    pub language: Language,
    pub resources: &'static str,
    pub disk: &'static str,
    pub memory: &'static str,
    pub processor: &'static str,
    pub iowait: &'static str,
    pub bot_memory: &'static str,
    pub trade: &'static str,
    pub orders: &'static str,
    pub money: &'static str,
    pub now: &'static str,
    pub last_week: &'static str,
    pub backups: &'static str,
    pub size: &'static str,
    pub age: &'static str,
    pub lag: &'static str,
    pub traffic: &'static str,
    pub bytes: &'static str,
    pub requests: &'static str,
    pub cost: &'static str,
    pub full: &'static str,
    pub delta: &'static str,
    pub day: &'static str,
    pub forecast: &'static str,
    pub nothing: &'static str,
    /// What the shades are: alerts about what the chart shows, or the grave ones on that of the day.
    pub shaded: &'static str,
    pub shaded_grave: &'static str,
}

const ID: Words = Words {
    language: Language::Id,
    resources: "Server",
    disk: "Disk",
    memory: "Memori",
    processor: "Prosesor",
    iowait: "menunggu disk",
    bot_memory: "Memori bot",
    trade: "Toko",
    orders: "Pesanan per jam",
    money: "Uang per jam",
    now: "kali ini",
    last_week: "minggu lalu",
    backups: "Cadangan",
    size: "Ukuran tiap cadangan",
    age: "Umur cadangan terbaru",
    lag: "Ketertinggalan tiap tempat",
    traffic: "Lalu lintas cadangan",
    bytes: "Byte per jam",
    requests: "Permintaan per jam",
    cost: "Perkiraan biaya sebulan",
    full: "penuh",
    delta: "perubahan",
    day: "Hari ini",
    forecast: "perkiraan",
    nothing: "belum ada data",
    shaded: "ada peringatan tentang ini",
    shaded_grave: "ada peringatan gawat",
};

const EN: Words = Words {
    language: Language::En,
    resources: "Server",
    disk: "Disk",
    memory: "Memory",
    processor: "Processor",
    iowait: "waiting for the disk",
    bot_memory: "The bot's memory",
    trade: "Shop",
    orders: "Orders per hour",
    money: "Money per hour",
    now: "this time",
    last_week: "last week",
    backups: "Backups",
    size: "Size of each backup",
    age: "Age of the newest backup",
    lag: "How far each remote is behind",
    traffic: "Backup traffic",
    bytes: "Bytes per hour",
    requests: "Requests per hour",
    cost: "Estimated cost of a month",
    full: "full",
    delta: "changes",
    day: "The day",
    forecast: "forecast",
    nothing: "nothing known yet",
    shaded: "an alert about it stood",
    shaded_grave: "a critical alert stood",
};

pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::Id => &ID,
        Language::En => &EN,
    }
}
