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
