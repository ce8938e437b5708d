//! The last moment of an X.509 certificate, read from its DER: five fields in, and nothing else of it.
//! Pure. It verifies nothing; bytes that are not laid out as RFC 5280 says give nothing.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use protocol::time::UnixMillis;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When the certificate ends.
#[must_use]
pub fn not_after(der: &[u8]) -> Option<UnixMillis> {
    let (certificate, _) = value_of(der, SEQUENCE)?;
    let (mut fields, _) = value_of(certificate, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        fields = skip(fields)?;
    }
    // Serial number, algorithm of the signature, issuer.
    for _ in 0..3 {
        fields = skip(fields)?;
    }
    let (validity, _) = value_of(fields, SEQUENCE)?;
    moment(skip(validity)?)
}

fn moment(field: &[u8]) -> Option<UnixMillis> {
    let (tag, text, _) = element(field)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match tag {
        GENERALIZED_TIME => text.to_owned(),
        // Two digits of the year: from 50 on they are of the last century.
        UTC_TIME if text.get(..2)? >= "50" => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        _ => return None,
    };
    let at = DateTime::strptime("%Y%m%d%H%M%S", &text).ok()?;
    let at: Timestamp = at.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(UnixMillis(at.as_millisecond()))
}

fn value_of(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, value, rest) = element(bytes)?;
    (tag == wanted).then_some((value, rest))
}

fn skip(bytes: &[u8]) -> Option<&[u8]> {
    element(bytes).map(|(_, _, rest)| rest)
}

/// Tag, value and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        // A certificate is far below what four bytes count.
        let count = usize::from(first & 0x7f);
        if !(1..=4).contains(&count) || rest.len() < count {
            return None;
        }
        let (digits, rest) = rest.split_at(count);
        let length = digits
            .iter()
            .fold(0_usize, |length, digit| (length << 8) | usize::from(*digit));
        (length, rest)
    };
    (rest.len() >= length).then(|| {
        let (value, rest) = rest.split_at(length);
        (tag, value, rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(tag: u8, inner: &[u8]) -> Vec<u8> {
        let length = u16::try_from(inner.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], length.as_slice(), inner].concat()
    }

    fn certificate(tag: u8, time: &str) -> Vec<u8> {
        let validity = [wrap(UTC_TIME, b"260101000000Z"), wrap(tag, time.as_bytes())].concat();
        let fields = [
            wrap(VERSION, &[2, 1, 2]),
            wrap(2, &[7]),
            wrap(SEQUENCE, &[]),
            wrap(SEQUENCE, &[]),
            wrap(SEQUENCE, &validity),
        ]
        .concat();
        wrap(SEQUENCE, &wrap(SEQUENCE, &fields))
    }

    #[test]
    fn both_forms_of_time_are_read() {
        let expected = Some(UnixMillis(1_795_338_000_000));
        assert_eq!(not_after(&certificate(UTC_TIME, "261122090000Z")), expected);
        assert_eq!(
            not_after(&certificate(GENERALIZED_TIME, "20261122090000Z")),
            expected
        );
    }

    #[test]
    fn bytes_that_are_no_certificate_give_nothing() {
        let whole = certificate(UTC_TIME, "261122090000Z");
        for length in 0..whole.len() {
            assert_eq!(not_after(&whole[..length]), None, "{length} bytes of it");
        }
        assert_eq!(not_after(&certificate(UTC_TIME, "269922090000Z")), None);
        assert_eq!(not_after(b"-----BEGIN CERTIFICATE-----"), None);
    }
}
