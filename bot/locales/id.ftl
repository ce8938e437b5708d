# Setiap kata yang dibaca pembeli dan penjual, dalam bahasa Indonesia.
# Kunci yang sama ada di en.ftl.

## Tombol

button-home = 🏠 Menu utama
button-back = ⬅️ Kembali
button-previous = ◀️ Sebelumnya
button-next = Berikutnya ▶️
button-buy = 🛒 Beli
button-my-orders = 🧾 Pesanan saya
button-show-goods = 📦 Lihat barang
button-show-invoice = 🔳 Tampilkan QRIS
button-cancel-order = ❌ Batalkan
button-other-language = 🌐 English
button-indonesian = 🇮🇩 Bahasa Indonesia
button-english = 🇬🇧 English
button-order = 🧾 Lihat pesanan

button-seller-menu = 🏪 Menu penjual
button-seller-products = 📦 Daftar produk
button-new-product = ➕ Produk baru
button-seller-orders = 🧾 Pesanan
button-refunds = 💸 Perlu dikembalikan ({ $count })
button-set-price = 💰 Ubah harga
button-add-stock = 📥 Tambah stok
button-take-out = 📤 Keluarkan stok
button-hide = 🙈 Sembunyikan
button-show = 👁 Tampilkan
button-refund-done = ✅ Sudah dikembalikan
button-keep-amount = 📦 Terima & kirim barang
button-pause-sales = ⏸ Tutup toko sementara
button-open-sales = ▶️ Buka lagi
button-release-and-open = ✅ Ya, lepas stok dan buka
button-release-held = ✅ Lepas barang yang ditahan ({ $count })
button-never-mind = ✖️ Batal
button-finished = ✅ Selesai

## Keadaan pesanan dan alasan pengembalian

state-awaiting-payment = Menunggu pembayaran
state-paid = Sudah dibayar, barang sedang dikirim
state-delivered = Barang sudah dikirim
state-expired = Kedaluwarsa
state-cancelled = Dibatalkan
state-review = Sedang diperiksa penjual
state-refund-due = Uang akan dikembalikan
state-refunded = Uang sudah dikembalikan

reason-late = dibayar terlambat, barangnya sudah habis
reason-second = dibayar dua kali
reason-wrong-amount = jumlahnya tidak sama dengan harga

## Etalase

home-welcome = Selamat datang di
home-how = Pilih barang, bayar dengan QRIS, dan barangnya langsung dikirim ke sini.
home-empty = Belum ada barang yang dijual. Silakan mampir lagi nanti ya 🙏
home-paused = ⏸ Toko sedang istirahat sebentar, nanti bisa pesan lagi ya 🙏 Pesanan yang sudah dibayar tetap dikirim.
sold-out-mark = (habis)

product-price = Harga: { $price }
product-stock = 📦 Sisa { $count }
product-sold-out = 😔 Sedang habis
product-paused = ⏸ Toko sedang istirahat sebentar. Sebentar lagi bisa pesan lagi ya 🙏
product-terms = 📜 Syarat & ketentuan (SNK)

toast-preparing = Menyiapkan QRIS…
toast-again = Pesanan ini sudah ada dan belum dibayar. Bayar QRIS yang tadi, atau tekan “Tampilkan QRIS”.
toast-sold-out = Maaf, barang ini baru saja habis 😔
toast-not-on-sale = Maaf, barang ini sudah tidak dijual.
toast-too-many-open = Masih ada { $count } pesanan yang belum dibayar. Bayar atau batalkan dulu ya.
toast-paused = Toko sedang istirahat sebentar. Sebentar lagi bisa pesan lagi ya 🙏
toast-old-button = Tombol ini sudah lama, ketik /start

## Pesanan saya

orders-title = 🧾 Pesanan saya
orders-empty = Belum ada pesanan. Yuk pilih barang dulu 🛒
order-code = 🧾 Pesanan
order-product = Barang: { $product }
order-price = Harga: { $price }
order-state = Keadaan: { $state }
order-placed-at = Dipesan: { $time }
order-time-left = ⏳ Sisa waktu bayar: { $minutes } menit (sampai { $time }). QRIS-nya ada di chat ini; tekan “Tampilkan QRIS” untuk melihatnya lagi.
order-time-up = ⌛ Waktu bayar sudah habis. Jangan bayar QRIS-nya lagi.
order-not-found = Pesanan tidak ditemukan.
toast-goods-coming = Barangnya dikirim di bawah ⬇️
toast-goods-not-there = Barangnya belum ada: pesanan ini belum dibayar atau uangnya dikembalikan.
toast-cancelled = Pesanan dibatalkan. QRIS-nya jangan dibayar lagi ya.
toast-cannot-cancel = Pesanan ini tidak bisa dibatalkan lagi.

## Bahasa, bantuan, dan kata singkat

language-question = Pilih bahasa:
toast-language = Sekarang kita pakai bahasa Indonesia 🇮🇩
help =
    Cara belanja:
    1. Ketik /start dan pilih barang.
    2. Tekan “Beli”, lalu pindai QRIS yang muncul.
    3. Begitu dibayar, barangnya langsung dikirim ke chat ini.

    /orders – pesanan saya
    /language – ganti bahasa
    /terms – syarat dan ketentuan
    /paysupport – masalah pembayaran
terms =
    📜 Syarat dan ketentuan (SNK)

    Ketentuan tiap barang tertulis di halaman barangnya dan dikirim lagi bersama barangnya.
    Satu pesanan berisi satu barang. QRIS hanya berlaku sampai waktu yang tertulis; setelah itu jangan dibayar lagi.
    Uang yang masuk tanpa barang dikembalikan oleh penjual.
pay-support =
    💳 Ada masalah pembayaran?

    Pembayaran diperiksa otomatis langsung ke penyedia QRIS, biasanya dalam beberapa detik. Keadaannya bisa dilihat di “Pesanan saya”.
    Kalau dibayar terlambat, dua kali, atau jumlahnya salah, pesananmu otomatis masuk daftar penjual, dan penjual yang menyelesaikannya.
    Kalau perlu bicara dengan penjual, hubungi penjual dari tempat kamu menemukan toko ini dan sebutkan kode pesananmu (mulai dengan W). Simpan bukti pembayarannya ya.
hint = Aku hanya mengerti tombol 🙂 Tekan tombol di bawah, atau ketik /help.

## Pemberitahuan untuk pembeli

invoice-title = Bayar pesanan
invoice-price = Harga: { $price }
invoice-fee = Biaya QRIS: { $fee }
invoice-total = Total: { $total }
invoice-deadline = ⏳ Bayar sebelum { $time }
invoice-how = Pindai QR ini dengan aplikasi bank atau dompet digital mana pun. Barangnya dikirim ke sini begitu dibayar.
invoice-paid = ✅ Sudah dibayar. Terima kasih!
invoice-expired = ⌛ Waktunya habis. Jangan bayar QR ini lagi! Kalau masih mau, pesan baru ya.
invoice-cancelled = 🚫 Pesanan dibatalkan. Jangan bayar QR ini lagi!
invoice-review = 🔎 Pembayaran diterima dan sedang diperiksa penjual. Jangan bayar QR ini lagi ya.
invoice-refund = 💸 Pembayaran diterima tanpa barang; uangnya dikembalikan penjual. Jangan bayar QR ini lagi ya.
invoice-refused = 😔 QRIS untuk pesanan ini tidak bisa dibuat, jadi pesanannya dibatalkan dan tidak ada yang perlu dibayar. Coba pesan lagi nanti ya.
goods-on-the-way = sudah dibayar ✅
goods-sending = Barang sedang dikirim…
goods-title = 📦 Ini barangnya. Terima kasih sudah belanja!
goods-copy = Ketuk untuk menyalin:
goods-continue = ↪️ Sambungan langsung dari bagian sebelumnya, tanpa baris baru.
goods-refused = ⚠️ Barangnya belum bisa dikirim. Penjual sudah diberi tahu; pembayaranmu aman.
review-notice = 🔎 Uang masuk { $amount }, padahal harganya { $price }. Penjual memeriksanya dulu: barangnya dikirim atau uangnya dikembalikan. Tidak perlu membayar lagi.
refund-due-notice = 💸 Uang masuk { $amount }, tetapi barangnya tidak bisa dikirim ({ $reason }). Uangmu tercatat dan akan dikembalikan penjual.
second-payment-notice = 💸 Pesanan ini dibayar lagi sebesar { $amount }. Pembayaran kedua tercatat dan akan dikembalikan penjual; barangnya tetap milikmu.
sent-again = (Dikirim ulang: mungkin pesan ini sudah sampai sebelumnya.)
refunded-notice = ↩️ Penjual mencatat bahwa uang pesanan ini sudah dikembalikan.
second-refunded-notice = ↩️ Penjual mencatat bahwa pembayaran kedua sebesar { $amount } sudah dikembalikan.

## Pemberitahuan untuk penjual

seller-sold-notice = 🎉 Terjual: { $product } · { $price }
seller-review-notice = 🔎 Uang masuk { $amount }, padahal harganya { $price }. Barang belum dikirim: putuskan di “Perlu dikembalikan”.
seller-refund-due-notice = 💸 Perlu dikembalikan: { $amount } ({ $reason }).
seller-unknown-order-notice = 💸 Uang masuk { $amount } untuk pesanan yang tidak dikenal toko, mungkin dari waktu sebelum data toko kembali. Cari pesanan ini di dasbor pembayaran lalu kembalikan uangnya di sana, atau selesaikan dengan pembelinya ya.
seller-unreachable-notice = 📵 Barang tidak sampai: pembeli memblokir bot atau keluar dari Telegram. Barangnya disimpan dan dikirim begitu pembeli kembali.
seller-goods-refused-notice = ⚠️ Barang tidak bisa dikirim: Telegram menolaknya. Kalau barangnya berkas, kirim berkas yang sama sekali lagi lewat “Tambah stok” produk ini, lalu pembeli menerimanya.
seller-buyer = Pembeli: { $buyer }

## Menu penjual

seller-title = 🏪 Menu penjual
seller-open = 🟢 Toko buka
seller-paused = ⏸ Toko tutup sementara
seller-resting = ⏳ Toko sebentar tidak menerima pesanan baru, nanti lanjut sendiri. Pembayaran tetap diterima dan barang tetap dikirim.
seller-held = ⚠️ Toko tutup karena datanya kembali ke waktu sebelumnya. { $count } barang ditahan.
seller-held-later = ⚠️ { $count } barang ditahan: pesanannya batal sesudah data toko kembali ke waktu sebelumnya, jadi mungkin sudah terjual.
seller-withheld = 🔒 { $count } barang sudah keluar sesudah waktu itu, terjual atau dikeluarkan. Barang itu tidak dijual lagi: { $products }
seller-none-withheld = 🔎 Data yang diganti sudah diperiksa: tidak ada barang di stok ini yang keluar sesudah waktu itu.
seller-not-looked-into = ⚠️ Data yang diganti tidak bisa diperiksa semuanya, jadi barang yang terjual sesudah waktu itu mungkin masih ada di stok.
seller-doubtful = ⏳ { $count } barang lagi disimpan untuk pesanan yang belum dibayar; kalau pesanannya batal, barangnya ditahan.
seller-confirm-open =
    ⚠️ Ada { $count } barang yang ditahan.

    Data toko kembali ke waktu sebelumnya. Barang yang terjual sesudah waktu itu masih tercatat di stok dan bisa terjual dua kali. Keluarkan dulu barang itu dari stok sebelum toko dibuka.

    Lepas semua barang yang ditahan dan buka toko?
seller-confirm-open-known =
    ⚠️ Ada { $count } barang yang ditahan.

    Data toko kembali ke waktu sebelumnya. Menurut data yang diganti, barang ini tidak ada yang keluar sesudah waktu itu.

    Lepas barang itu dan buka toko?
toast-sales-paused = Toko tutup sementara. Pesanan yang sudah ada tetap dilayani.
toast-sales-open = Toko buka lagi 🟢
toast-released = Toko buka lagi. { $count } barang dilepas.

seller-products-title = 📦 Daftar produk
seller-products-empty = Belum ada produk. Tekan “Produk baru” untuk membuat yang pertama.
seller-product-row = { $name } · { $price } · stok { $count }
seller-stock = Stok: { $count }
seller-stock-withheld = 🔒 Tidak dijual lagi: { $count } (sudah keluar di waktu yang tidak ada lagi di data)
seller-shown = 👁 Tampil untuk pembeli
seller-hidden = 🙈 Disembunyikan dari pembeli
toast-hidden = Produk disembunyikan.
toast-shown = Produk tampil untuk pembeli.
toast-no-product = Produk tidak ditemukan.

ask-name = ➕ Produk baru. Siapa namanya? Kirim satu baris, paling banyak { $max } huruf.
wrong-name = Namanya harus satu baris, 1 sampai { $max } huruf. Kirim lagi ya.
ask-product-price = Berapa harganya? Kirim angka rupiah, misalnya 25000 atau 25.000.
ask-description = Tulis keterangannya, paling banyak { $max } huruf. Kirim - kalau tidak ada.
wrong-description = Keterangannya paling banyak { $max } huruf. Kirim yang lebih pendek, atau - kalau tidak ada.
product-made = ✅ Produk dibuat dan tampil untuk pembeli.
ask-price = Berapa harga barunya? Kirim angka rupiah, misalnya 25000 atau 25.000. Harga sekarang: { $price }.
wrong-price = Harganya harus angka dari { $min } sampai { $max }, misalnya 25000. Kirim lagi ya.
price-set = ✅ Harga sekarang { $price }. Pesanan yang sudah ada memakai harga lama.
ask-stock = 📥 Kirim stoknya: satu baris satu barang, paling banyak { $max } baris sekali kirim. Barang berupa berkas dikirim sebagai berkas (dokumen), satu berkas satu barang; tulisan di bawahnya ikut sampai ke pembeli. Boleh beberapa pesan; tekan “Selesai” kalau sudah.
wrong-stock = Paling banyak { $max } baris sekali kirim. Kirim dalam beberapa pesan ya.
stock-added = ✅ { $count } barang masuk. Stok sekarang: { $total }.
stock-known = 🔁 Ditolak karena pernah ada di toko, baris: { $lines }
stock-long = 📏 Ditolak karena terlalu panjang, baris: { $lines }
stock-more = Kirim lagi, atau tekan “Selesai”.
stock-not-a-file = Ini bukan teks dan bukan berkas. Kalau barangnya foto atau video, kirim sebagai berkas (dokumen) supaya sampai utuh.
file-unnamed = berkas tanpa nama
file-added = ✅ Berkas { $name } masuk. Stok sekarang: { $total }.
file-known = 🔁 Berkas { $name } ditolak karena pernah ada di toko.
file-renewed = ✅ Berkas { $name } sudah terjual dan sedang ditunggu pembelinya: sekarang dikirim.
file-words-long = 📏 Tulisan di bawah berkas paling banyak { $max } huruf. Kirim lagi dengan tulisan yang lebih pendek.
ask-take-out = 📤 Kirim barang yang tidak boleh dijual lagi: satu baris satu barang, persis seperti waktu dimasukkan, paling banyak { $max } baris sekali kirim; berkas dikirim sekali lagi sebagai berkas. Tekan “Selesai” kalau sudah.
taken-out = ✅ { $count } barang dikeluarkan.
take-out-taken = 🧾 Sudah terjual atau sedang dipesan, baris: { $lines }
take-out-unknown = ❔ Tidak ada di stok produk ini, baris: { $lines }
file-taken-out = ✅ Berkas itu dikeluarkan.
file-take-out-taken = 🧾 Berkas itu sudah terjual atau sedang dipesan.
file-take-out-unknown = ❔ Berkas itu tidak ada di stok produk ini.
lines-more = { $lines } dan { $count } lagi
dialogue-needs-text = Jawab dengan teks ya, atau tekan “Batal”.
never-mind = Baik, tidak jadi.

seller-orders-title = 🧾 Pesanan
seller-orders-empty = Belum ada pesanan.
order-paid-at = Dibayar: { $time }
order-delivered-at = Dikirim: { $time }
order-pay-before = Batas bayar: { $time }

refunds-title = 💸 Perlu dikembalikan
refunds-empty = Tidak ada uang yang perlu dikembalikan. 👍
refund-amount = Jumlah: { $amount }
refund-price = Harga barang: { $price }
refund-reason = Alasan: { $reason }
refund-since = Sejak: { $time }
refund-how = Kembalikan uangnya ke pembeli dulu, lalu tekan “Sudah dikembalikan”. Bot tidak bisa mengirim uang sendiri.
toast-refund-done = Dicatat: uang sudah dikembalikan.
toast-amount-kept = Diterima. Barangnya sedang dikirim.
toast-refund-settled = Ini sudah diselesaikan sebelumnya.
toast-no-item-to-keep = Stoknya kosong: tambah stok dulu, atau kembalikan uangnya.

## Pengumuman

button-broadcasts = 📣 Kirim pengumuman
button-new-broadcast = ✏️ Tulis pengumuman
button-preview = 👁 Lihat dulu
button-broadcast-products = 🛒 Tombol produk
button-send-now = 🚀 Kirim sekarang ke { $count } orang
button-schedule = 🕒 Jadwalkan
button-pause-broadcast = ⏸ Jeda
button-resume-broadcast = ▶️ Lanjutkan
button-open-broadcast = 📣 Buka pengumuman
button-retry-unknown = 🔁 Kirim lagi ke { $count } orang yang belum pasti
button-cancel-broadcast = ✖️ Batalkan pengumuman
button-really-cancel = ✖️ Ya, batalkan

broadcasts-title = 📣 Pengumuman
broadcasts-empty = Belum ada pengumuman. Tekan “Tulis pengumuman” untuk membuat yang pertama.
broadcast-title = 📣 Pengumuman { $number }
broadcast-draft = 📝 Draf
broadcast-scheduled = 🕒 Terjadwal
broadcast-running = 🚀 Sedang dikirim
broadcast-paused = ⏸ Dijeda
broadcast-done = ✅ Selesai
broadcast-cancelled = 🚫 Dibatalkan
broadcast-begins = Mulai: { $time }
broadcast-audience = 👥 Penerima: { $count } orang. Yang memblokir bot tidak dihitung; pelanggan yang datang setelah ini tidak ikut menerima.
broadcast-trouble = ⚠️ Berhenti sendiri karena banyak pesan berturut-turut tidak sampai. Periksa dulu, lalu lanjutkan.
broadcast-went-back = ⚠️ Data toko kembali ke waktu sebelumnya. Mungkin lebih banyak orang sudah menerima daripada yang tercatat; kalau dilanjutkan, mereka bisa menerima dua kali.
broadcast-stopped = ⏸ Pengumuman { $number } berhenti
broadcast-stopped-left = 👥 Belum dikirimi: { $count } orang.
broadcast-sent = ✅ Terkirim: { $count }
broadcast-blocked = 📵 Memblokir bot: { $count }
broadcast-unknown = ❓ Belum pasti: { $count }
broadcast-failed = ⛔ Ditolak Telegram: { $count }
broadcast-left = ⏳ Sisa waktu: sekitar { $time }
broadcast-unknown-means = ❓ berarti tidak ada yang tahu apakah pesannya sampai. Bot tidak mengirimnya lagi sendiri; kalau dikirim lagi, sebagian orang bisa menerima dua kali.
broadcast-products-how = 🛒 Pilih produk yang dapat tombol di bawah pengumuman, paling banyak { $max }.
broadcast-ask-cancel = Batalkan pengumuman ini? { $count } orang tidak akan menerimanya. Yang sudah terkirim tidak bisa ditarik.
length-minutes = { $large } menit { $small } detik
length-hours = { $large } jam { $small } menit

ask-announcement = 📣 Kirim isi pengumumannya: satu pesan teks, atau satu foto dengan keterangan.
wrong-announcement = Kirim satu pesan teks (paling banyak { $text } huruf) atau satu foto dengan keterangan (paling banyak { $caption } huruf).
ask-time = 🕒 Kapan dikirim? Tulis tanggal dan jam, misalnya 22-11-2026 19:30. Sekarang { $now }.
wrong-time = Tulis tanggal dan jam yang akan datang, paling lama setahun lagi, misalnya 22-11-2026 19:30. Sekarang { $now }.
toast-no-broadcast = Pengumuman tidak ditemukan.
toast-preview = Begini tampilannya ⬇️
toast-broadcast-begins = Pengumuman mulai dikirim 🚀
toast-broadcast-paused = Dijeda.
toast-broadcast-resumes = Dilanjutkan.
toast-broadcast-cancelled = Dibatalkan.
toast-broadcast-cannot = Itu tidak bisa dilakukan lagi: lihat keadaannya sekarang.
toast-another-broadcast = Pengumuman lain sedang dikirim. Tunggu sampai selesai, atau jeda dulu.
toast-buttons-enough = Paling banyak { $max } tombol.

button-doubts = ❓ Belum pasti sampai ({ $count })
button-send-again = 🔁 Kirim lagi
button-let-be = 👌 Biarkan
doubts-title = ❓ Belum pasti sampai
doubts-what = Pesan-pesan ini mungkin sampai, mungkin tidak. Bot tidak mengirimnya lagi sendiri; pilih satu untuk memutuskan.
doubts-empty = Semua pesan jelas statusnya. 👍
doubt-qr = gambar QRIS
doubt-notice = pemberitahuan
doubt-to = Kepada: { $buyer }
doubt-how = “Kirim lagi” mengirimnya sekali lagi dan bilang bahwa itu kiriman ulang.
toast-doubt-again = Dikirim lagi.
toast-doubt-let-be = Dibiarkan.
