//! One-time passwords by time, RFC 6238: SHA-1, six digits, half minutes, as every authenticator makes them.
//! It remembers nothing: that none is used twice is the store's.

use protocol::{secret::Secret, settings::Faults, time::UnixMillis};
use ring::hmac;

const STEP_MS: i64 = 30_000;
/// The owner's phone may be a half minute off, either way.
const STEPS_OFF: [i64; 3] = [0, -1, 1];
/// Shorter ones can be guessed; RFC 4226 asks for 128 bits.
const SECRET_BYTES_MIN: usize = 16;
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Adds the fault of a secret that no authenticator could use: an agent that started without it would ask for less than
/// its owner wants.
pub fn check(secret: Option<&Secret>, faults: &mut Faults) {
    if secret.is_some_and(|secret| Totp::new(secret).is_none()) {
        faults.add(UNUSABLE);
    }
}

/// What is wrong with it, and what to do.
pub const UNUSABLE: &str = "CONSOLE_TOTP_SECRET is no secret of an authenticator: it takes base32 of at least 26 letters, \
    made for example with `head -c 20 /dev/urandom | base32`";

/// Whose passwords are believed.
pub struct Totp {
    key: hmac::Key,
}

impl Totp {
    /// The secret as authenticators take it: base32, blanks and small letters allowed. `None` when it is not base32 or
    /// shorter than 128 bits.
    #[must_use]
    pub fn new(secret: &Secret) -> Option<Self> {
        let bytes = base32(secret.expose()).filter(|bytes| bytes.len() >= SECRET_BYTES_MIN)?;
        Some(Self {
            key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes),
        })
    }

    /// The half minute that these six digits belong to; `None` when they belong to none about now.
    #[must_use]
    pub fn step_of(&self, digits: &str, now: UnixMillis) -> Option<i64> {
        let present = now.0.div_euclid(STEP_MS);
        let mut steps = STEPS_OFF.into_iter().map(|off| present + off);
        steps.find(|step| same(&self.password(*step), digits))
    }

    fn password(&self, step: i64) -> String {
        let tag = hmac::sign(&self.key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let start = usize::from(tag[tag.len() - 1] & 15);
        let word = tag[start..start + 4]
            .iter()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}

/// In a time that does not tell how much of it was right.
pub(super) fn same(expected: &str, given: &str) -> bool {
    let (expected, given) = (expected.as_bytes(), given.as_bytes());
    let differing = expected.iter().zip(given).fold(0, |sum, (a, b)| sum | (a ^ b));
    expected.len() == given.len() && differing == 0
}

fn base32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for char in text
        .bytes()
        .filter(|byte| !matches!(byte, b' ' | b'-' | b'=' | b'\n'))
    {
        let value = BASE32
            .iter()
            .position(|letter| *letter == char.to_ascii_uppercase())?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 255).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `12345678901234567890`, the secret of RFC 6238's appendix B.
    const RFC: &str = "GEZD GNBV GY3T QOJQ gezdgnbvgy3tqojq";

    #[test]
    fn the_examples_of_the_rfc_come_out() {
        let totp = Totp::new(&Secret::new(RFC)).unwrap();
        for (second, digits) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = UnixMillis(second * 1_000);
            assert_eq!(totp.step_of(digits, now), Some(second / 30), "{second}");
            assert!(totp.step_of(digits, UnixMillis(now.0 + 30_000)).is_some());
            assert_eq!(totp.step_of(digits, UnixMillis(now.0 + 90_000)), None);
        }
    }

    #[test]
    fn a_short_or_garbled_secret_is_none() {
        for wrong in ["", "GEZDGNBV", "1189!", "GEZDGNBVGY3TQOJQGEZDGNB1"] {
            assert!(Totp::new(&Secret::new(wrong)).is_none(), "{wrong}");
        }
    }
}
