//! Catalogues for the tests, as a seller would write them.

/// The product that most tests sell, in whole rupiah.
pub const PRICE: i64 = 25_000;
/// Its name on the button.
pub const NAME: &str = "Netflix 1 bulan";

/// One product with these lines of stock.
pub fn with_stock(lines: &[String]) -> String {
    let stock: Vec<String> = lines.iter().map(|line| format!("\"{line}\"")).collect();
    format!(
        "[[product]]\nsku = \"netflix-1b\"\nname = \"{NAME}\"\ncategory = \"Streaming\"\nprice = {PRICE}\n\
         description = \"Akun premium, 1 perangkat\"\nterms = \"Kirim screenshot profil dalam 24 jam\"\n\
         stock = [{}]\n",
        stock.join(", ")
    )
}

/// `count` lines that are easy to find again.
pub fn lines(count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("akun{number:03}@mail.example:sandi{number:03}"))
        .collect()
}

/// One product with `count` of them.
pub fn stocked(count: usize) -> String {
    with_stock(&lines(count))
}

/// The name of the product whose items take several messages.
pub const LONG_NAME: &str = "Seratus lisensi";
/// The name of the product whose items are files; its shelf is filled by the seller.
pub const FILE_NAME: &str = "Buku digital";

/// Lines in one long item; they make `4,500` characters, which is two messages.
pub const LONG_LINES: usize = 100;

/// A long item: every line is a word of its own, and the last one looks like a short item.
pub fn long_item(number: usize) -> String {
    let mut lines: Vec<String> = (1..LONG_LINES)
        .map(|line| format!("LISENSI-{number:04}-{line:03}-{}", "x".repeat(28)))
        .collect();
    lines.push(format!("lisensi{number:04}@mail.example:tamat"));
    lines.join("\n")
}

/// A file as the seller sends it: name, content, and the words under it.
pub fn file_item(number: usize) -> (String, String, String) {
    (
        format!("buku{number:03}.pdf"),
        format!("%PDF-1.7 buku {number}"),
        format!("buku{number:03}@mail.example:sandi"),
    )
}

/// Short items, long items, and a product that waits for its files.
pub fn all_kinds(short: usize, long: usize) -> String {
    let long_stock: Vec<String> = (1..=long)
        .map(|number| format!("\"\"\"{}\"\"\"", long_item(number)))
        .collect();
    format!(
        "{}\n[[product]]\nsku = \"lisensi\"\nname = \"{LONG_NAME}\"\nprice = {PRICE}\nstock = [{}]\n\n\
         [[product]]\nsku = \"buku\"\nname = \"{FILE_NAME}\"\nprice = {PRICE}\n",
        stocked(short),
        long_stock.join(",\n")
    )
}
