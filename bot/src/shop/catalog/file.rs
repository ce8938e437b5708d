//! The catalogue file: products and stock as TOML, for `bot catalog import`.
//! The same file twice changes nothing; a flawed file changes nothing at all and every flaw is named.

use protocol::settings::{Faults, Section, parse};

use super::{Draft, Flaw};
use crate::shop::{
    money::Rupiah,
    stock::{LINES_MAX, TEXT_BYTES_MAX, fits},
};

/// One product of the file with the stock lines to take in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The product.
    pub draft: Draft,
    /// Its stock lines.
    pub stock: Vec<String>,
}

/// Products in one file.
const ENTRIES_MAX: usize = 1_000;

/// Reads a catalogue file.
///
/// # Errors
/// Every flaw, one sentence each.
pub fn read(text: &str) -> Result<Vec<Entry>, Faults> {
    let mut faults = Faults::default();
    let mut top = parse(text, &mut faults);
    let products = top.tables("product", ENTRIES_MAX, &mut faults);
    top.finish(&mut faults);
    if products.is_empty() && faults.is_empty() {
        faults.add("there is no [[product]] in it");
    }
    let entries: Vec<Entry> = products
        .into_iter()
        .map(|section| entry(section, &mut faults))
        .collect();
    for (at, later) in entries.iter().enumerate() {
        if entries[..at]
            .iter()
            .any(|earlier| earlier.draft.sku == later.draft.sku)
        {
            faults.add(format!("the sku '{}' stands twice in the file", later.draft.sku));
        }
    }
    if faults.is_empty() {
        Ok(entries)
    } else {
        Err(faults)
    }
}

fn entry(mut section: Section, faults: &mut Faults) -> Entry {
    let mut optional = |name: &str, faults: &mut Faults| section.text_or_empty(name, faults);
    let (category, description, terms) = (
        optional("category", faults),
        optional("description", faults),
        optional("terms", faults),
    );
    let draft = Draft {
        sku: section.text("sku", faults),
        name: section.text("name", faults),
        category,
        description,
        terms,
        price: Rupiah(section.integer("price", faults)),
    };
    let stock = section.texts("stock", faults);
    // An empty sku or name has been reported already.
    let reported = draft.sku.is_empty() || draft.name.is_empty() || draft.price == Rupiah(0);
    if let (false, Err(flaw)) = (reported, draft.check()) {
        faults.add(format!("{}: {flaw}", section.name(&flawed_key(flaw))));
    }
    if stock.len() > LINES_MAX {
        faults.add(format!(
            "{} has more than {LINES_MAX} lines; import them in several files",
            section.name("stock")
        ));
    }
    if let Some(at) = stock
        .iter()
        .position(|line| line.trim().is_empty() || !fits(line))
    {
        let key = section.name("stock");
        faults.add(format!(
            "{key}: line {} is empty or larger than {} KiB",
            at + 1,
            TEXT_BYTES_MAX / 1024
        ));
    }
    section.finish(faults);
    Entry { draft, stock }
}

fn flawed_key(flaw: Flaw) -> String {
    match flaw {
        Flaw::Sku => "sku",
        Flaw::Name => "name",
        Flaw::Category => "category",
        Flaw::Text => "description",
        Flaw::Price => "price",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[[product]]
sku = "netflix-1b"
name = "Netflix 1 bulan"
category = "Streaming"
price = 25000
description = "Akun premium, 1 perangkat"
terms = "Kirim screenshot profil dalam 24 jam"
stock = ["user1@mail:pass1", "user2@mail:pass2"]
"#;

    #[test]
    fn a_good_file_reads_whole() {
        let entries = read(GOOD).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].draft.price, Rupiah(25_000));
        assert_eq!(entries[0].stock.len(), 2);
    }

    #[test]
    fn every_flaw_is_named_with_its_product() {
        let bad = format!(
            "{GOOD}\n{GOOD}\n[[product]]\nsku = \"x y\"\nname = \"N\"\nprice = \"cheap\"\ncolour = 1\n"
        );
        let text = read(&bad).unwrap_err().to_string();
        for part in ["stands twice", "product[3].price", "product[3].colour"] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
}
