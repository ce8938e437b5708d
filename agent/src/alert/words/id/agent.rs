//! Agent sendiri, dalam bahasa Indonesia.
//! Kalimatnya sama dengan `en::agent`.

use super::Wording;

pub(super) const AGENT_KILLED: Wording = Wording {
    headline: "Kernel mematikan agent karena memori habis",
    happened: "Pada {detail} memori habis dan kernel mengakhiri agent. systemd memberitahukannya saat menyalakannya lagi.",
    means: "toko tidak tersentuh. Sampai agent berjalan lagi tidak ada yang mengawasi; yang terjual selama itu tetap dicadangkan seperti biasa.",
    done: "agent mengawasi dan mencadangkan lagi, dan memeriksa semuanya dari awal.",
    todo: "lihat siapa yang memakai memori: journalctl -k -n 50 | grep -i oom. Bila itu cadangan atau latihan pemulihan, naikkan MemoryMax= di unit agent; bila seluruh server: /runbook memory_low",
    over_headline: "Tadi kernel mematikan agent karena memori habis",
    over: "Itu kejadian sesaat dan selesai sendiri. Bila terulang, Anda dikabari lagi.",
};
