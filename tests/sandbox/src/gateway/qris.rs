//! The text of a QRIS picture: EMVCo merchant-presented fields with the transaction id as reference.
//! It looks and parses like a real one; no bank knows its merchant.

/// The text for a transaction. `total` is in whole rupiah.
pub fn text(txn_id: &str, project: &str, total: i64) -> String {
    let merchant =
        field("00", "ID.CO.SANDBOX.WWW") + &field("01", "936000000000000000") + &field("03", "UMI");
    let name: String = project.chars().filter(char::is_ascii).take(25).collect();
    let body = [
        field("00", "01"),
        field("01", "12"),
        field("26", &merchant),
        field("52", "5816"),
        field("53", "360"),
        field("54", &total.to_string()),
        field("58", "ID"),
        field("59", &name),
        field("60", "JAKARTA"),
        field("62", &field("05", txn_id)),
        // The checksum covers its own tag and length.
        "6304".to_owned(),
    ]
    .concat();
    let checksum = crc(body.as_bytes());
    format!("{body}{checksum:04X}")
}

/// The transaction id in a QRIS text that [`text`] made.
pub fn txn_id(text: &str) -> Option<&str> {
    value(value(text, "62")?, "05")
}

fn field(tag: &str, value: &str) -> String {
    format!("{tag}{:02}{value}", value.len())
}

fn value<'a>(fields: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = fields;
    loop {
        let tag = rest.get(..2)?;
        let length: usize = rest.get(2..4)?.parse().ok()?;
        let value = rest.get(4..4 + length)?;
        if tag == wanted {
            return Some(value);
        }
        rest = rest.get(4 + length..)?;
    }
}

/// CRC-16/CCITT-FALSE, as EMVCo asks for.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scanned_text_leads_back_to_the_transaction() {
        let text = text("vwiqpcriq", "warung", 99_000 + 1_003);
        assert_eq!(txn_id(&text), Some("vwiqpcriq"));
        assert!(text.starts_with("000201010212"));
        assert!(text.contains("5406100003"));
    }

    #[test]
    fn the_checksum_is_the_published_check_value() {
        assert_eq!(crc(b"123456789"), 0x29b1);
    }

    #[test]
    fn a_text_that_is_no_qris_has_no_transaction() {
        for text in ["", "62", "6299x", "hello world", "é¡"] {
            assert_eq!(txn_id(text), None, "{text}");
        }
    }
}
