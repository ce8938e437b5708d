//! A picture of pixels: rectangles, lines and text with soft edges, and the PNG of it.
//! It knows nothing of figures and axes.

use std::{cmp::Reverse, collections::HashMap};

use anyhow::Context;

use super::font;

/// Red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink(pub u8, pub u8, pub u8);

/// A place, in pixels from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spot {
    pub x: f32,
    pub y: f32,
}

/// A rectangle, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

/// How finely an edge is drawn. Tints are multiples of this.
const EDGE_STEPS: f32 = 8.0;

/// As many colours as one byte names.
const PALETTE_MAX: usize = 256;

/// The picture.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

/// Where a line of text stands to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

impl Canvas {
    /// A picture of one colour.
    pub(super) fn new(width: usize, height: usize, ground: Ink) -> Self {
        let pixels = [ground.0, ground.1, ground.2].repeat(width * height);
        Self {
            width,
            height,
            pixels,
        }
    }

    /// Covers a rectangle; `share` of 1 hides what was there.
    pub(super) fn fill(&mut self, area: Area, ink: Ink, share: f32) {
        let (left, right) = (pixel(area.left), pixel(area.right).max(pixel(area.left) + 1));
        let (top, bottom) = (pixel(area.top), pixel(area.bottom));
        for y in top..bottom {
            for x in left..right {
                self.dot(x, y, ink, share);
            }
        }
    }

    /// A straight line with soft edges.
    pub(super) fn line(&mut self, from: Spot, to: Spot, width: f32, ink: Ink) {
        let reach = width / 2.0 + 1.0;
        let (left, right) = (from.x.min(to.x) - reach, from.x.max(to.x) + reach);
        let (top, bottom) = (from.y.min(to.y) - reach, from.y.max(to.y) + reach);
        let edge = width / 2.0 + 0.5;
        for y in pixel(top)..=pixel(bottom) {
            for x in pixel(left)..=pixel(right) {
                let away_squared = distance_squared(center(x, y), from, to);
                // Most of what lies around a steep line is not on it.
                if away_squared < edge * edge {
                    self.dot(x, y, ink, (edge - away_squared.sqrt()).min(1.0));
                }
            }
        }
    }

    /// A straight line in pieces of `dash` pixels, with as much room between them.
    pub(super) fn dashes(&mut self, from: Spot, to: Spot, width: f32, dash: f32, ink: Ink) {
        let length = (to.x - from.x).hypot(to.y - from.y);
        let at = |along: f32| {
            let share = (along / length).min(1.0);
            Spot {
                x: from.x + (to.x - from.x) * share,
                y: from.y + (to.y - from.y) * share,
            }
        };
        let mut along = 0.0;
        while along < length {
            self.line(at(along), at(along + dash), width, ink);
            along += 2.0 * dash;
        }
    }

    /// One line of text.
    pub(super) fn text(&mut self, text: &str, size_px: f32, spot: Spot, align: Align, ink: Ink) {
        let left = match align {
            Align::Left => spot.x,
            Align::Middle => spot.x - font::width(text, size_px) / 2.0,
            Align::Right => spot.x - font::width(text, size_px),
        };
        font::draw(text, size_px, left, spot.y, |x, y, covered| {
            self.dot(x, y, ink, covered);
        });
    }

    /// The picture as a PNG file with a palette: a third of the bytes to pack.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(super) fn png(&self) -> anyhow::Result<Vec<u8>> {
        let side = |pixels: usize| u32::try_from(pixels).context("a picture of that size");
        let (palette, pixels) = self.indexed();
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, side(self.width)?, side(self.height)?);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(palette);
        encoder.set_filter(png::Filter::NoFilter);
        encoder.set_compression(png::Compression::Balanced);
        let mut writer = encoder.write_header().context("beginning a PNG")?;
        writer.write_image_data(&pixels).context("writing a PNG")?;
        writer.finish().context("ending a PNG")?;
        Ok(file)
    }

    /// Its colours, and each pixel's place among them. Of more than a byte can name those that fewest pixels have, which lie
    /// where soft edges cross, become the nearest of the others.
    fn indexed(&self) -> (Vec<u8>, Vec<u8>) {
        let runs = || self.pixels.as_chunks::<3>().0.chunk_by(<[u8; 3]>::eq);
        let mut counts: HashMap<[u8; 3], usize> = HashMap::new();
        for run in runs() {
            *counts.entry(run[0]).or_default() += run.len();
        }
        let mut colours: Vec<([u8; 3], usize)> = counts.into_iter().collect();
        colours.sort_unstable_by_key(|(colour, count)| (Reverse(*count), *colour));
        let kept = &colours[..colours.len().min(PALETTE_MAX)];
        let place = |colour: [u8; 3]| {
            let nearest = (0_u8..=u8::MAX)
                .zip(kept)
                .min_by_key(|(_, (other, _))| apart(*other, colour));
            nearest.map_or(0, |(place, _)| place)
        };
        let places: HashMap<[u8; 3], u8> = colours
            .iter()
            .map(|(colour, _)| (*colour, place(*colour)))
            .collect();
        let mut pixels = Vec::with_capacity(self.width * self.height);
        for run in runs() {
            pixels.resize(pixels.len() + run.len(), places[&run[0]]);
        }
        (kept.iter().flat_map(|(colour, _)| *colour).collect(), pixels)
    }

    fn dot(&mut self, x: i32, y: i32, ink: Ink, share: f32) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        if x >= self.width || y >= self.height || share <= 0.0 {
            return;
        }
        let start = (y * self.width + x) * 3;
        for (part, wanted) in self.pixels[start..start + 3]
            .iter_mut()
            .zip([ink.0, ink.1, ink.2])
        {
            *part = mixed(*part, wanted, share.min(1.0));
        }
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between two colours"
)]
fn mixed(before: u8, wanted: u8, share: f32) -> u8 {
    // Eight steps of a soft edge look like a hundred, and the file is a quarter smaller.
    let share = (share * EDGE_STEPS).round() / EDGE_STEPS;
    (f32::from(before) + (f32::from(wanted) - f32::from(before)) * share).round() as u8
}

/// How different two colours are, squared.
fn apart(one: [u8; 3], other: [u8; 3]) -> u32 {
    let parts = one.into_iter().zip(other);
    parts
        .map(|(one, other)| u32::from(one.abs_diff(other)).pow(2))
        .sum()
}

#[allow(clippy::cast_possible_truncation, reason = "a place on a picture")]
fn pixel(at: f32) -> i32 {
    at.round() as i32
}

#[allow(clippy::cast_precision_loss, reason = "a place on a picture")]
fn center(x: i32, y: i32) -> Spot {
    Spot {
        x: x as f32,
        y: y as f32,
    }
}

fn distance_squared(spot: Spot, from: Spot, to: Spot) -> f32 {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let squared = dx * dx + dy * dy;
    let along = if squared > 0.0 {
        (((spot.x - from.x) * dx + (spot.y - from.y) * dy) / squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (x, y) = (spot.x - from.x - along * dx, spot.y - from.y - along * dy);
    x * x + y * y
}
