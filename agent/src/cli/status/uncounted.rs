//! Restore points that are there and count for nothing, in a sentence: dated in the future, or of a damaged database.
//! It only puts into words.

use crate::store::damaged::Sound;

pub(super) fn ahead(points: &[String]) -> Option<String> {
    let first = points.first()?;
    let (what, are) = named(first, points.len(), "is", "are");
    Some(format!(
        "Backup:   {what} {are} dated in the future, and passed over: this server's clock ran ahead then, or stands back \
         now (`timedatectl`)"
    ))
}

pub(super) fn damaged(points: &[String], sound: Option<&Sound>) -> Option<String> {
    let first = points.first()?;
    let (what, hold) = named(first, points.len(), "holds", "hold");
    let sound = sound.map_or_else(
        || "no sound restore point is known here".to_owned(),
        |sound| format!("the newest sound state known here: agent restore {sound} --full-check"),
    );
    Some(format!(
        "Backup:   {what} {hold} a database that SQLite found damaged, which counts for nothing: {sound}"
    ))
}

/// One, or so many, with the verb that fits.
fn named<'a>(first: &str, count: usize, one: &'a str, more: &'a str) -> (String, &'a str) {
    match count {
        1 => (first.to_owned(), one),
        count => (format!("{count} restore points, from {first} on,"), more),
    }
}
