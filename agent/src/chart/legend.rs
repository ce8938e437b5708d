//! The names above a panel: which stand there, and in which row.
//! It draws nothing.

use super::{
    Marks, Panel,
    draw::{LETTERS, width},
    font,
};

/// Where a panel's name begins.
pub(super) const TITLE_X: f32 = 24.0;
/// What a name's line takes before it.
pub(super) const SAMPLE: f32 = 32.0;

/// One name above a panel, and where it stands; without marks it is text alone.
pub(super) struct Entry<'a> {
    pub name: String,
    pub marks: Option<&'a Marks>,
    pub x: f32,
    pub row: f32,
}

/// The names above a panel, wrapped where the picture ends.
pub(super) fn entries(panel: &Panel) -> Vec<Entry<'_>> {
    let known = panel
        .marks
        .iter()
        .filter(|marks| !marks.dots.is_empty() && !marks.name.is_empty());
    let named = known.map(|marks| {
        let number = marks.number.map_or(String::new(), |number| format!("{number}  "));
        (format!("{number}{}", marks.name), Some(marks))
    });
    let rest = panel.rest.iter().map(|rest| (rest.clone(), None));
    let mut x = TITLE_X + font::width(&panel.title, LETTERS + 1.0) + 26.0;
    let mut row = 0.0;
    let mut found: Vec<Entry<'_>> = Vec::new();
    for (name, marks) in named.chain(rest) {
        let sample = if marks.is_some() { SAMPLE } else { 0.0 };
        let wide = sample + font::width(&name, LETTERS);
        if x + wide > width() - 8.0 && !found.is_empty() {
            x = TITLE_X;
            row += 1.0;
        }
        found.push(Entry { name, marks, x, row });
        x += wide + 22.0;
    }
    found
}

pub(super) fn extra_rows(panel: &Panel) -> f32 {
    entries(panel).last().map_or(0.0, |entry| entry.row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{Figure, Hue, Shape, Subject};

    #[test]
    fn names_that_do_not_fit_begin_another_row_within_the_picture() {
        let marks = |number: u8| Marks {
            name: format!("/mnt/of/a/disk/{number} 74 %"),
            hue: Hue::Main,
            shape: Shape::Outline,
            number: Some(number),
            range: None,
            dots: vec![(protocol::time::UnixMillis(0), 74.0)],
        };
        let mut panel = Panel {
            about: Subject::Disk,
            incidents: Vec::new(),
            title: "Disk".to_owned(),
            figure: Figure::Percent,
            at_least: 100.0,
            marks: vec![marks(1)],
            limits: Vec::new(),
            rest: None,
        };
        assert!(
            extra_rows(&panel).abs() < f32::EPSILON,
            "one name takes no room of its own"
        );
        panel.marks = (1..=6).map(marks).collect();
        panel.rest = Some("+ /mnt/other 40 %".to_owned());
        let found = entries(&panel);
        assert_eq!(found.len(), 7);
        for entry in &found {
            let end = entry.x + SAMPLE + font::width(&entry.name, LETTERS);
            assert!(end < width() + SAMPLE, "{}", entry.name);
        }
        assert!((1.0..=4.0).contains(&extra_rows(&panel)));
        assert_eq!(found[5].name, "6  /mnt/of/a/disk/6 74 %");
    }
}
