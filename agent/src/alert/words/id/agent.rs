//! Agent sendiri, dalam bahasa Indonesia.
//! Kalimatnya sama dengan `en::agent`.

use super::Wording;
use crate::alert::{ladder::TELEGRAM, words::advice::OnTheWay};

pub(super) const AGENT_KILLED: Wording = Wording {
    headline: "Kernel mematikan agent karena memori habis",
    happened: "Pada {detail} memori habis dan kernel mengakhiri agent. systemd memberitahukannya saat menyalakannya lagi.",
    means: "toko tidak tersentuh. Sampai agent berjalan lagi tidak ada yang mengawasi; yang terjual selama itu tetap dicadangkan seperti biasa.",
    done: "agent mengawasi dan mencadangkan lagi, dan memeriksa semuanya dari awal.",
    todo: "lihat siapa yang memakai memori: journalctl -k -n 50 | grep -i oom. Bila itu cadangan atau latihan pemulihan, naikkan MemoryMax= di unit agent; bila seluruh server: /runbook memory_low",
    over_headline: "Tadi kernel mematikan agent karena memori habis",
    over: "Itu kejadian sesaat dan selesai sendiri. Bila terulang, Anda dikabari lagi.",
};

pub(super) const AGENT_STATE_REPLACED: Wording = Wording {
    headline: "Ingatan agent ditukar selagi berjalan",
    happened: "Pada {detail} folder state agent, atau isinya, dihapus atau ditukar selagi agent berjalan.",
    means: "ini saja tidak menghentikan toko. Tentang peringatan dan cadangan agent hanya mengetahui isi yang ada di sana saat itu, dan penjualan berikutnya masuk ke rantai cadangan baru.",
    done: "agent berhenti, lalu mulai lagi dengan isi yang ada di sana.",
    todo: "bila Anda tidak sengaja menaruh salinan di sana: /runbook agent_state_replaced",
    over_headline: "Tadi ingatan agent ditukar selagi berjalan",
    over: "Itu kejadian sesaat dan selesai sendiri. Bila terulang, Anda dikabari lagi.",
};

pub(super) const OWNER_BOT_SHARED: Wording = Wording {
    headline: "Program lain memakai bot agent",
    happened: "{value} kali dalam lima menit Telegram memutus permintaan pesan dari agent: program lain memakai OWNER_BOT_TOKEN \
               yang sama.",
    means: "kabar tetap sampai kepada Anda, dan ini saja tidak menghentikan toko. Yang Anda tulis atau tekan di sini bisa sampai ke program itu, bukan ke agent.",
    done: "agent tetap meminta setiap setengah menit.",
    todo: "hentikan program itu: agent di server lama, agent kedua di server ini, atau webhook. Bila tidak ada yang Anda kenal, token \
           ada di tangan orang lain: cabut lewat @BotFather, simpan yang baru sebagai OWNER_BOT_TOKEN, lalu systemctl restart agent",
    over_headline: "Perintah Anda hanya sampai ke agent lagi",
    over: "Program lain mengambil sebagian selama {lasted}. Kirim ulang yang tidak dijawab.",
};

pub(super) const HEARTBEAT_UNREACHED: Wording = Wording {
    headline: "Pemantau dari luar tidak terjangkau ({object})",
    happened: "Pemantau di [heartbeat] {object} tidak menerima apa pun sejak {since}: {detail}",
    means: "pemantau itu tidak mendengar apa pun dari sini. Bila seluruh server hilang, mungkin tidak ada yang tahu dari luar, dan pemantau itu sendiri mungkin memberi kabar yang keliru.",
    done: "di url agent mencoba lagi setiap 15 detik; di backup_url dan drill_url juga sesudah pekerjaannya sendiri, tetapi sesudah cadangan dengan tangan atau agent dimulai ulang baru pada pekerjaan berikutnya. Pesan seperti ini lewat jalan lain dan tetap sampai.",
    todo: "periksa apakah layanannya sedang terganggu; bila tidak, apakah alamatnya di {object} pada [heartbeat] benar: agent check",
    over_headline: "Pemantau dari luar menerima kabar agent lagi ({object})",
    over: "Satu kabar sudah diterima. Sebelumnya tidak ada yang diterima selama {lasted}.",
};

/// What to do about a way that does not work: the owner's own Telegram has no section of its name.
pub(in crate::alert::words) fn of_way(name: &str) -> &'static str {
    match name {
        TELEGRAM => {
            "tekan Start di obrolan itu dengan bot agent, buka blokirnya, atau perbaiki chat_ids pada [owner] di agent.toml atau rahasia OWNER_BOT_TOKEN, lalu: agent alert test --channel {object}"
        }
        _ => {
            "perbaiki [channels.{object}] di agent.toml atau rahasianya, lalu: agent alert test --channel {object}"
        }
    }
}

/// The same where what it said is no matter of its settings.
pub(in crate::alert::words) fn of_way_on(name: &str, cause: OnTheWay) -> &'static str {
    match (name, cause) {
        (TELEGRAM, OnTheWay::Nobody | OnTheWay::Line) => {
            "periksa jaringan dari server ini ke Telegram, bukan obrolan Anda: curl -sSI https://api.telegram.org; resolvectl query api.telegram.org; mungkin ada firewall di antaranya. Agent mencoba lagi sendiri; langsung: agent alert test --channel {object}"
        }
        (_, OnTheWay::Nobody) => {
            "periksa apakah layanan yang disebut [channels.{object}] di agent.toml berjalan, dan apakah ada firewall di antaranya; bila sudah pindah, perbaiki alamatnya di sana. Lalu: agent alert test --channel {object}"
        }
        (_, OnTheWay::Line) => {
            "periksa jaringan dari server ini ke host yang disebut [channels.{object}] di agent.toml: resolvectl query HOST menunjukkan apakah namanya ditemukan, curl -sSI atau ping apakah ia menjawab; perbaiki alamatnya hanya bila memang lain. Lalu: agent alert test --channel {object}"
        }
        (TELEGRAM, OnTheWay::Tls) => {
            "periksa siapa yang menjawab sebagai ganti Telegram, misalnya proxy, dan apakah jam serta sertifikat server ini benar: timedatectl; openssl s_client -connect api.telegram.org:443. Lalu: agent alert test --channel {object}"
        }
        (_, OnTheWay::Tls) => {
            "periksa sertifikat layanan yang disebut [channels.{object}] di agent.toml, dan jam server ini: openssl s_client -connect HOST:PORT; timedatectl. Perbarui di sana, atau perbaiki portnya. Lalu: agent alert test --channel {object}"
        }
        (TELEGRAM, OnTheWay::Secret) => {
            "Telegram menolak token, bukan obrolan Anda: simpan token yang ditunjukkan @BotFather untuk bot agent sebagai OWNER_BOT_TOKEN, lalu: systemctl restart agent; agent alert test --channel {object}"
        }
        (_, OnTheWay::Secret) => {
            "perbaiki kunci atau kata sandi [channels.{object}] di rahasianya, buat yang baru bila layanan itu mencabutnya, lalu: systemctl restart agent; agent alert test --channel {object}. Alamatnya menjawab"
        }
        (_, OnTheWay::Service) => {
            "untuk sekarang tidak ada: layanan itu sendiri sedang terganggu, dan agent mencoba lagi sendiri. Bila berlangsung lama, lihat halaman status layanannya, atau layanannya bila milik Anda sendiri. Langsung: agent alert test --channel {object}"
        }
    }
}
