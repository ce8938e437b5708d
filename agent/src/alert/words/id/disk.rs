//! Indonesian. What a disk's trouble means where the disk is not the shop's own. The same as in `en`, sentence by sentence.
//! Nothing here is for customers or sellers.

use crate::alert::{
    role::Role,
    rule::Rule,
    words::{Nearness, OnDisk},
};

pub(in crate::alert::words) fn of_disk(role: Role, rule: Rule) -> Option<OnDisk> {
    let nearness = Nearness::of(rule)?;
    let means = match (role, nearness) {
        (Role::Shop, _) => return None,
        // Of one that the owner named that is `disk_missing`.
        (Role::Named, _) if rule == Rule::DiskGone => return None,
        (Role::State, Nearness::Coming) => {
            "ini saja tidak menghentikan toko. Bila tidak muat lagi, agent tidak dapat menyimpan peringatan maupun cadangan."
        }
        (Role::State, Nearness::Near) => {
            "ini saja tidak menghentikan toko. Peringatan dan cadangan bisa tidak tersimpan lagi kapan saja."
        }
        (Role::State, Nearness::Now) => {
            "ini saja tidak menghentikan toko. Agent tidak dapat menyimpan peringatan maupun cadangan."
        }
        (Role::Remote, Nearness::Coming) => {
            "ini saja tidak menghentikan toko. Bila tidak muat lagi, cadangan tidak sampai ke sana."
        }
        (Role::Remote, Nearness::Near) => {
            "ini saja tidak menghentikan toko. Cadangan bisa berhenti sampai ke sana kapan saja."
        }
        (Role::Remote, Nearness::Now) => "ini saja tidak menghentikan toko. Cadangan tidak sampai ke sana.",
        (Role::Logs, Nearness::Coming) => {
            "ini saja tidak menghentikan toko. Bila tidak muat lagi, baris log hilang."
        }
        (Role::Logs, Nearness::Near) => "ini saja tidak menghentikan toko. Baris log bisa hilang kapan saja.",
        (Role::Logs, Nearness::Now) => "ini saja tidak menghentikan toko. Baris log hilang.",
        (Role::Named, Nearness::Coming) => {
            "ini saja tidak menghentikan toko. Bila tidak muat lagi, yang disimpan di sana tidak dapat ditulis lagi; Anda yang paling tahu apa isinya."
        }
        (Role::Named, Nearness::Near) => {
            "ini saja tidak menghentikan toko. Yang disimpan di sana bisa tidak dapat ditulis lagi kapan saja; Anda yang paling tahu apa isinya."
        }
        (Role::Named, Nearness::Now) => {
            "ini saja tidak menghentikan toko. Yang disimpan di sana tidak dapat ditulis; Anda yang paling tahu apa isinya."
        }
    };
    let todo = match nearness {
        // What grows there is none of the usual causes.
        Nearness::Coming if role == Role::Named && rule == Rule::DiskLow => {
            Some("lihat apa yang bertambah di sana: du -xh {object} --max-depth=3 | sort -h | tail -20")
        }
        Nearness::Coming => None,
        // What takes the files is no question of room.
        Nearness::Near if rule == Rule::InodesFull => None,
        Nearness::Near => {
            Some("kosongkan tempat di sana: du -xh {object} --max-depth=3 | sort -h | tail -20")
        }
        Nearness::Now if rule == Rule::DiskGone => None,
        Nearness::Now if role == Role::Named => Some(
            "lihat mengapa hanya bisa dibaca: findmnt {object}; dmesg | tail -50. Ganti disk bila sekarat. Bila memang disengaja, hapus dari disks pada [watch] lalu mulai ulang agent",
        ),
        Nearness::Now => Some("periksa disk: dmesg | tail -50; findmnt {object}. Ganti disk bila sekarat."),
    };
    Some(OnDisk { means, todo })
}
