//! Nama domain toko yang pendaftarannya berakhir. The registration of the shop's name, in Indonesian.
//! Nothing here is for customers or sellers.

use crate::alert::words::Wording;

pub(super) const EXPIRING: Wording = Wording {
    headline: "Nama domain toko segera berakhir",
    happened: "Pendaftaran {detail} {ends}.",
    means: "belum ada akibatnya. Bila berakhir, alamat toko hilang dan orang lain dapat mendaftarkannya.",
    done: "agent bertanya kepada pengelola domain sekali sehari dan mengabari bila sudah diperpanjang.",
    todo: "perpanjang di tempat domain dibeli, dan nyalakan perpanjangan otomatis; pastikan kartu pembayarannya masih berlaku",
    over_headline: "Nama domain toko sudah diperpanjang",
    over: "Diperpanjang setelah {lasted}.",
};

pub(super) const EXPIRED: Wording = Wording {
    headline: "Nama domain toko {ends}",
    happened: "Pendaftaran {detail} {ends}.",
    means: "Telegram dan gerbang pembayaran tidak lagi menemukan toko; orang lain dapat mengambil namanya.",
    done: "agent bertanya kepada pengelola domain sekali sehari.",
    todo: "perpanjang sekarang juga; sementara itu mode = \"polling\" di bot.toml menjaga toko tetap terjangkau",
    over_headline: "Nama domain toko sudah diperpanjang",
    over: "Diperpanjang setelah {lasted}.",
};
