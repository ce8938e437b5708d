//! The one type that charts are written in: DejaVu Sans, cut down to Latin and built into the program.
//! It asks the system for no font, and lays out single lines only.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

const FILE: &[u8] = include_bytes!("font/dejavu-sans-subset.ttf");

/// How wide a line is, in pixels.
#[must_use]
pub(super) fn width(text: &str, size_px: f32) -> f32 {
    let font = font().as_scaled(PxScale::from(size_px));
    text.chars()
        .map(|char| font.h_advance(font.scaled_glyph(char).id))
        .sum()
}

/// Hands each pixel that the line touches, and how much of it is covered, 0 to 1. The line begins at `x` and stands on
/// `baseline`.
pub(super) fn draw(text: &str, size_px: f32, x: f32, baseline: f32, mut dot: impl FnMut(i32, i32, f32)) {
    let font = font();
    let scaled = font.as_scaled(PxScale::from(size_px));
    let mut caret = x;
    for char in text.chars() {
        let mut glyph: Glyph = scaled.scaled_glyph(char);
        glyph.position = point(caret, baseline);
        caret += scaled.h_advance(glyph.id);
        // Blanks have no outline.
        let Some(outline) = font.outline_glyph(glyph) else {
            continue;
        };
        let corner = outline.px_bounds().min;
        outline.draw(|column, row, covered| {
            let at = |from: f32, step: u32| pixel(from).saturating_add(i32::try_from(step).unwrap_or(0));
            dot(at(corner.x, column), at(corner.y, row), covered);
        });
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a place on a picture")]
fn pixel(at: f32) -> i32 {
    at as i32
}

fn font() -> &'static FontRef<'static> {
    static FONT: OnceLock<FontRef<'static>> = OnceLock::new();
    FONT.get_or_init(|| FontRef::try_from_slice(FILE).expect("the font is a part of the program"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_both_languages_has_a_shape() {
        for char in "AZaz09%·–…→≥é".chars() {
            assert_ne!(font().glyph_id(char).0, 0, "{char}");
        }
        assert!(width("mm", 20.0) > width("il", 20.0));
    }
}
