//! Sentences that the agent's own parts write down with what they did, in Indonesian: for an owner who reads no English.
//! What SQLite, the system or a storage said itself is not in here: [`fault`] knows it by its kind.

mod died;
mod drills;
mod holes;
mod put_back;
mod remotes;

use super::faults::fault;
use crate::config::Language;

/// Between two sentences of one line, and before each line of a list.
const BETWEEN: &str = "; ";
const LISTED: &str = "• ";

/// As they are written down and as they are told; a pair of braces is whatever stands there, a figure or a name.
const SENTENCES: &[(&str, &str)] = &[
    (
        "nobody followed the shop for a while, and its log does not lead back to where this agent stopped",
        "toko sempat tidak diikuti, dan lognya tidak sampai ke tempat agent ini berhenti",
    ),
    (
        "the log was started anew by somebody else",
        "log perubahan dimulai ulang oleh pihak lain",
    ),
    (
        "the log's file was deleted or replaced under the running shop",
        "berkas log perubahan dihapus atau diganti selagi toko berjalan",
    ),
    (
        "the log (-wal) was emptied or cut short under the running bot, and with it what was not in the database's file yet: systemctl stop bot, and agent restore --latest",
        "log perubahan (-wal) dikosongkan atau dipotong selagi bot berjalan, beserta isi yang belum ada di berkas database: systemctl stop bot, lalu agent restore --latest",
    ),
    (
        "the newest sound state known here: agent restore {} --full-check",
        "keadaan baik terbaru yang dikenal di sini: agent restore {} --full-check",
    ),
    (
        "no sound restore point is known here",
        "di sini tidak dikenal titik pemulihan yang baik",
    ),
    ("the database's file was replaced", "berkas database diganti"),
    ("{} does not read: {}", "{} tidak terbaca: {}"),
    (
        "what was committed while nobody followed does not go on from what was followed",
        "perubahan yang terjadi selagi tidak diikuti tidak menyambung dari yang diikuti",
    ),
    (
        "but for SQLite's counter the database holds the same as after {}",
        "kecuali penghitung SQLite, isi database sama seperti sesudah {}",
    ),
    (
        "the database's file was replaced under a running program, process {}, which has the one before open still, and the log (-wal) that lies here with it: put that file back",
        "berkas database diganti selagi sebuah program berjalan, proses {}, yang masih membuka berkas sebelumnya beserta log perubahan (-wal) di sini: kembalikan berkas itu",
    ),
    (
        "the database's file is another one than before, and goes on where that one stood: it was moved or copied here",
        "berkas database bukan berkas yang sebelumnya, dan menyambung tepat dari sana: berkas itu dipindah atau disalin ke sini",
    ),
    (
        "the database's file lies on another device than before, and does not lead on from what was followed",
        "berkas database ada di perangkat lain dari sebelumnya, dan isinya tidak menyambung dari yang diikuti",
    ),
    (
        "commit {} of the chain {}, which was followed last",
        "perubahan {} dari rantai {}, yang terakhir diikuti",
    ),
    (
        "{} holds commits {} to {} of the chain {}, which this server does not know of: the whole server was put back to an earlier state, or the agent's own folder alone was, or a copy of it runs elsewhere",
        "{} menyimpan perubahan {} sampai {} dari rantai {} yang tidak dikenal server ini: seluruh server dikembalikan ke keadaan lebih lama, atau hanya folder agent, atau salinannya berjalan di tempat lain",
    ),
    (
        "unless it was the agent's folder alone, what was sold in them is missing in this shop",
        "kecuali hanya folder agent, yang terjual di dalamnya tidak ada di toko ini",
    ),
    (
        "with --to and a folder that only shows them, to compare first",
        "dengan --to dan sebuah folder, itu hanya memperlihatkannya, untuk dibandingkan dulu",
    ),
    (
        "what was sold after that is missing in this file",
        "yang terjual sesudahnya tidak ada di berkas ini",
    ),
    (
        "everything until then is in the backups: agent restore --latest --chain {} once the bot is stopped",
        "semua sampai saat itu ada di cadangan: agent restore --latest --chain {} setelah bot dihentikan",
    ),
    (
        "the database's path became a link meanwhile: systemctl restart agent, so that it is followed",
        "jalur database sekarang menjadi tautan: systemctl restart agent, supaya diikuti",
    ),
    (
        "the link at the database's path leads to another file now: systemctl restart agent, so that it is followed",
        "tautan di jalur database sekarang menuju berkas lain: systemctl restart agent, supaya diikuti",
    ),
    (
        "no backup of that chain was finished",
        "belum ada cadangan rantai itu yang selesai",
    ),
    (
        "the newest from before it: agent restore --latest --chain {} once the bot is stopped",
        "yang terbaru sebelumnya: agent restore --latest --chain {} setelah bot dihentikan",
    ),
    (
        "no backup was finished before that",
        "sebelum itu belum ada cadangan yang selesai",
    ),
    (
        "the database's file was written to past SQLite, or by a slow checkpoint, and still holds what was followed",
        "berkas database ditulis tanpa lewat SQLite, atau oleh checkpoint yang lambat, dan isinya masih seperti yang diikuti",
    ),
    (
        "something was written over the database's file past SQLite, under the running shop",
        "ada yang menimpa berkas database tanpa lewat SQLite, selagi toko berjalan",
    ),
    (
        "the database is empty: either the bot has never opened it, or somebody emptied it. If there was a shop, keep the bot stopped, and bring it back with `agent restore --latest`",
        "database kosong: bot belum pernah membukanya, atau ada yang mengosongkannya. Bila dulu ada toko di dalamnya, biarkan bot berhenti, dan kembalikan dengan `agent restore --latest`",
    ),
    (
        "the page size changed from {} to {} bytes: somebody ran VACUUM with another one, or this is another database. If nobody did that on purpose, see with `bot check` what it holds",
        "ukuran halaman berubah dari {} menjadi {} byte: ada yang menjalankan VACUUM dengan ukuran lain, atau ini database lain. Bila tidak ada yang sengaja melakukannya, lihat isinya dengan `bot check`",
    ),
    (
        "the page size changed from {} to {} bytes",
        "ukuran halaman berubah dari {} menjadi {} byte",
    ),
    (
        "one transaction changed {} pages, more than a segment may hold ({}), as VACUUM does",
        "satu transaksi mengubah {} halaman, lebih dari yang muat ({}), seperti VACUUM",
    ),
    (
        "frame {} of the log does not follow the one before it",
        "bingkai {} dalam log tidak menyambung dengan yang sebelumnya",
    ),
    (
        "the table of pages was lost or altered",
        "daftar halaman hilang atau berubah",
    ),
    (
        "a backup read something else than was followed",
        "sebuah cadangan membaca sesuatu yang lain dari yang diikuti",
    ),
    (
        "the bot kept the write lock for too long",
        "bot terlalu lama menahan kunci tulis",
    ),
    ("{} of {} pages differ", "{} dari {} halaman berbeda"),
    (
        "chat {} of the {} in [owner] chat_ids: {}",
        "obrolan ke-{} dari {} di [owner] chat_ids: {}",
    ),
    (
        "{} bytes waited for {}: the older half was dropped, and until their next restore point single commits through {} cannot be restored from there",
        "{} byte menunggu {}: separuh yang lebih lama dibuang, dan sampai titik pemulihan berikutnya perubahan satu per satu sampai {} tidak dapat dipulihkan dari sana",
    ),
    (
        "{} is altered: its SHA-256 differs",
        "{} berubah: SHA-256-nya lain",
    ),
    ("{} is missing", "{} tidak ada"),
    ("{} is a copy of {}", "{} adalah salinan {}"),
    ("and {} more", "dan {} lagi"),
    ("{} cannot be read: {}", "{} tidak dapat dibaca: {}"),
    ("{} could not be compared: {}", "{} tidak dapat dibandingkan: {}"),
    (
        "{} is no part of its point: a copy, or somebody else wrote it",
        "{} bukan bagian dari titiknya: salinan, atau ditulis pihak lain",
    ),
    (
        "the summary names {}, and its bytes are others: somebody wrote another history",
        "ringkasan menyebut {}, dan isinya lain: ada yang menulis riwayat lain",
    ),
    (
        "another agent follows {}: its commits are captured there and not here. Stop one of the two agents",
        "agent lain mengikuti {}: perubahannya diambil di sana dan bukan di sini. Hentikan salah satu dari keduanya",
    ),
    (
        "it does not hold {} whole, the full backup that this delta stands on",
        "di sana tidak ada {} yang utuh, cadangan penuh yang menjadi dasarnya",
    ),
    (
        "the next full backup goes there again",
        "cadangan penuh berikutnya dikirim ke sana lagi",
    ),
    ("the capture stands still", "pengiriman perubahan berhenti"),
    (
        "{} is not what was written there: the disk may be failing",
        "isi {} bukan yang ditulis: disk mungkin mulai rusak",
    ),
    (
        "it was emptied, or is another place: the summary names {}, and there is no restore point at all",
        "tempat itu dikosongkan, atau memang tempat lain: ringkasan menyebut {}, dan tidak ada titik pemulihan sama sekali",
    ),
    (
        "the summary names {}, and another manifest of that point lies here: somebody wrote another history",
        "ringkasan menyebut {}, dan di sini ada manifes lain untuk titik itu: ada yang menulis riwayat lain",
    ),
    (
        "it was put back to an older state, or somebody deleted there: the summary names {}, which is gone, and the list ends with {}",
        "dikembalikan ke keadaan lama, atau ada yang menghapus di sana: ringkasan menyebut {}, yang sudah hilang, dan daftarnya berakhir dengan {}",
    ),
    (
        "it was put back to an older state, or somebody deleted there: {} was read back there and is gone, and its list ends with {}",
        "dikembalikan ke keadaan lama, atau ada yang menghapus di sana: {} pernah dibaca ulang dan sudah hilang, dan daftarnya berakhir dengan {}",
    ),
    (
        "it was put back to an older state, or somebody deleted there: commits until {} of the chain {} were sent there, and its list ends with {}",
        "dikembalikan ke keadaan lama, atau ada yang menghapus di sana: perubahan sampai {} dari rantai {} sudah dikirim, dan daftarnya berakhir dengan {}",
    ),
    ("{} has {} of {} bytes", "{} berukuran {} dari {} byte"),
    ("{} is no log", "{} bukan berkas log"),
    ("{} is no file", "{} bukan berkas"),
    (
        "it did not answer ({}), and was not rehearsed: nothing is known about its backups",
        "tujuan itu tidak menjawab ({}) dan tidak dilatih: tidak ada yang diketahui tentang cadangannya",
    ),
    (
        "it holds no point of the last six days that was read back: there is nothing to rehearse",
        "di sana tidak ada titik enam hari terakhir yang sudah dibaca ulang: tidak ada yang dapat dilatih",
    ),
    ("the manifest of {} is gone again", "manifes {} sudah hilang lagi"),
    (
        "the manifest of {} there is not the one that this agent wrote",
        "manifes {} di sana bukan yang ditulis agent ini",
    ),
    (
        "systemctl restart {} ended with {}: without the polkit rule of scripts/install the agent may not do that, and the owner must",
        "systemctl restart {} berakhir dengan {}: tanpa aturan polkit dari scripts/install agent tidak boleh melakukannya, dan harus pemilik sendiri",
    ),
    (
        "systemctl restart {} took longer than {} s",
        "systemctl restart {} makan waktu lebih dari {} detik",
    ),
    ("{} lies too deep", "{} terlalu dalam di dalam folder"),
    (
        "{} is a symbolic link, which is not followed",
        "{} adalah tautan simbolis, yang tidak diikuti",
    ),
    ("{} does not fit ({} bytes)", "{} tidak muat ({} byte)"),
    ("{}: no address", "{}: alamatnya tidak ditemukan"),
    (
        "{}: its certificate cannot be read",
        "{}: sertifikatnya tidak dapat dibaca",
    ),
    (
        "the agent's loop {} stands still for {} s",
        "bagian agent {} diam selama {} detik",
    ),
    ("the agent is not well", "agent tidak sehat"),
    (
        "the agent's database cannot be read",
        "database agent tidak dapat dibaca",
    ),
    (
        "messages to the owner do not arrive: {}",
        "pesan untuk pemilik tidak sampai: {}",
    ),
    (
        "how the bot is has not been seen for a while",
        "keadaan bot sudah lama tidak terlihat",
    ),
    ("how the bot is was not seen yet", "keadaan bot belum terlihat"),
    (
        "the bot answers and is not well",
        "bot menjawab tetapi tidak sehat",
    ),
    ("the bot does not answer", "bot tidak menjawab"),
    ("the bot does not run", "bot tidak berjalan"),
    ("the backup did not get to: {}", "cadangan tidak sampai ke: {}"),
    (
        "the rehearsed restore from {} did not pass",
        "latihan pemulihan dari {} tidak lulus",
    ),
    ("`agent status` tells why", "sebabnya: `agent status`"),
    (
        "no backup could be taken",
        "tidak ada cadangan yang dapat diambil",
    ),
    (
        "the command that was to take one by hand told why",
        "sebabnya disebut oleh perintah yang mestinya mengambilnya",
    ),
    ("the agent's alert tells why", "sebabnya ada di peringatan agent"),
];

/// Each sentence that is known, and each fault of a known kind, in the owner's language.
pub(in crate::alert) fn sentences(language: Language, text: &str) -> String {
    let told_by = |sentence: &str| own(language, sentence).or_else(|| fault(language, sentence));
    let told = |sentence: &str| told_by(sentence).unwrap_or_else(|| sentence.to_owned());
    let line = |line: &str| {
        let (mark, rest) = match line.strip_prefix(LISTED) {
            Some(rest) => (LISTED, rest),
            None => ("", line),
        };
        let rest = rest.split(BETWEEN).map(told).collect::<Vec<_>>();
        format!("{mark}{}", rest.join(BETWEEN))
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn known() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    drills::SENTENCES
        .iter()
        .chain(died::SENTENCES)
        .chain(holes::SENTENCES)
        .chain(put_back::SENTENCES)
        .chain(SENTENCES)
        .chain(remotes::SENTENCES)
}

fn own(language: Language, sentence: &str) -> Option<String> {
    let find = |(written, in_indonesian): &(&str, &str)| {
        let mut told = match language {
            Language::Id => *in_indonesian,
            Language::En => *written,
        }
        .to_owned();
        for place in places(written, sentence)? {
            let known = own(language, place).or_else(|| fault(language, place));
            let place = known.unwrap_or_else(|| place.to_owned());
            told = told.replacen("{}", &place, 1);
        }
        Some(told)
    };
    known().find_map(find)
}

/// What stands in the sentence where the template has braces; `None` when it is another sentence.
fn places<'a>(template: &str, sentence: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = template.split("{}");
    let mut rest = sentence.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = match (part.is_empty(), parts.peek()) {
            (true, None) => rest.len(),
            _ => rest.find(part)?,
        };
        found.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::{
        segment::TooLarge,
        wal::{follow::Lost, reader::ReadError},
    };

    #[test]
    fn what_the_capture_says_of_itself_is_told_in_indonesian_with_its_figures() {
        let written = [
            Lost::Reset.to_string(),
            Lost::LogReplaced.to_string(),
            Lost::Replaced.to_string(),
            Lost::PageSize { from: 4096, to: 512 }.to_string(),
            Lost::Broken(ReadError::Broken(7)).to_string(),
            Lost::TooLarge(TooLarge(70_000)).to_string(),
        ];
        for sentence in written {
            let told = own(Language::Id, &sentence).unwrap_or_else(|| panic!("{sentence}"));
            let figures = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
            assert_eq!(figures(&told), figures(&sentence), "{told}");
            assert_eq!(sentences(Language::En, &sentence), sentence);
        }
        let both = "the log was started anew by somebody else; 3 of 40 pages differ";
        assert_eq!(
            sentences(Language::Id, both),
            "log perubahan dimulai ulang oleh pihak lain; 3 dari 40 halaman berbeda"
        );
        let listed = "\n• /etc/a lies too deep\n• /etc/b cannot be read: Permission denied (os error 13)";
        assert_eq!(
            sentences(Language::Id, listed),
            "\n• /etc/a terlalu dalam di dalam folder\n• /etc/b tidak dapat dibaca: akses ditolak karena tidak ada izin"
        );
    }

    #[test]
    fn a_folder_that_is_gone_is_told_as_what_it_is_with_the_remotes_own_name() {
        let why = "the remote disk takes no backup: its folder /mnt/b is gone: it was moved or deleted, or its disk is not \
                   mounted. Nothing was written in its place. Put it back or mount the disk, or, to begin anew there, run \
                   `agent remote test disk --new-disk`";
        let told = sentences(Language::Id, why);
        let begins = "tujuan disk tidak menerima cadangan: foldernya /mnt/b tidak ada: dipindahkan, dihapus,";
        assert!(told.starts_with(begins), "{told}");
        assert!(
            told.ends_with("jalankan `agent remote test disk --new-disk`"),
            "{told}"
        );
        assert_eq!(sentences(Language::En, why), why);
    }

    #[test]
    fn what_is_not_known_stays_as_it_is_and_every_template_gives_its_places_back() {
        let system = "Tree 5 page 6: btreeInitPage() returns error code 11";
        assert_eq!(sentences(Language::Id, system), system);
        for (written, told) in known() {
            let count = written.matches("{}").count();
            assert_eq!(told.matches("{}").count(), count, "{written}");
            assert_eq!(places(written, written), Some(vec!["{}"; count]));
        }
    }

    /// Everything that is written in this crate, with broken lines whole and the places in texts bare.
    fn source(folder: &std::path::Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("words") {
                source(&path, all);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let lines: Vec<&str> = text.split("\\\n").map(str::trim_start).collect();
                for part in lines.concat().split_inclusive('{') {
                    let place = part.find('}').filter(|end| !part[..*end].contains([' ', '\n']));
                    *all += place.map_or(part, |end| &part[end..]);
                }
            }
        }
    }

    #[test]
    fn every_sentence_is_one_that_this_program_writes() {
        let mut all = String::new();
        source(
            &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut all,
        );
        for (written, _) in known() {
            let parts = written.split("{}").map(|part| part.trim_matches([' ', ':']));
            let lost = parts.filter(|part| !all.contains(part)).collect::<Vec<_>>();
            assert!(lost.is_empty(), "nobody writes: {lost:?} of {written}");
        }
    }
}
