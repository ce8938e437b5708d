//! The HTTP status in what is said.
//! Pure.

/// Where a status stands in what is said.
const STATUS: &[&str] = &["status code ", "status: ", "status "];

/// The HTTP status in it, where it is called that or stands first.
pub(super) fn status(said: &str) -> Option<u16> {
    let behind = STATUS.iter().find_map(|word| Some(said.split_once(word)?.1));
    let number: String = behind
        .unwrap_or(said)
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    number.parse().ok().filter(|status| (400..600).contains(status))
}
