//! Where a line goes on and where it breaks: what nobody measured is not drawn.
//! Pure; it draws nothing.

use super::{Dot, Marks, Shape};

/// A figure may come so much later than the one before it usually does, and in any case so soon after it.
const LATE_MS: i64 = 12_000;
const SOON_MS: i64 = 20_000;

/// The stretches through which one line goes, in their order.
pub(super) fn runs(marks: &Marks) -> Vec<&[Dot]> {
    let longest_ms = match marks.shape {
        Shape::Forecast | Shape::Steps => i64::MAX,
        Shape::Line | Shape::Outline | Shape::Bars | Shape::Stems => longest_ms(&marks.dots),
    };
    let measured = marks.dots.split(|dot| dot.1.is_nan());
    let together = |before: &Dot, after: &Dot| distance_ms(before, after) <= longest_ms;
    measured.flat_map(|dots| dots.chunk_by(together)).collect()
}

fn distance_ms(before: &Dot, after: &Dot) -> i64 {
    after.0.0.saturating_sub(before.0.0)
}

/// The longest time between two figures across which a line is drawn, by how often they usually come.
fn longest_ms(dots: &[Dot]) -> i64 {
    let pairs = dots
        .windows(2)
        .filter(|pair| !pair[0].1.is_nan() && !pair[1].1.is_nan());
    let mut distances: Vec<i64> = pairs.map(|pair| distance_ms(&pair[0], &pair[1])).collect();
    if distances.is_empty() {
        return SOON_MS;
    }
    let middle = distances.len() / 2;
    let (_, usual, _) = distances.select_nth_unstable(middle);
    usual.saturating_add(LATE_MS.max(*usual / 50)).max(SOON_MS)
}

#[cfg(test)]
mod tests {
    use protocol::time::UnixMillis;

    use super::*;
    use crate::chart::{BREAK, Hue};

    fn lengths(shape: Shape, dots: Vec<Dot>) -> Vec<usize> {
        let marks = Marks {
            name: String::new(),
            hue: Hue::Main,
            shape,
            number: None,
            range: None,
            dots,
        };
        runs(&marks).into_iter().map(<[Dot]>::len).collect()
    }

    fn at(seconds: &[i64]) -> Vec<Dot> {
        seconds.iter().map(|at| (UnixMillis(at * 1000), 1.0)).collect()
    }

    #[test]
    fn no_line_is_drawn_across_a_time_in_which_nothing_was_measured() {
        let every_five: Vec<i64> = (0..100).map(|look| look * 5).collect();
        assert_eq!(lengths(Shape::Line, at(&every_five)), [100]);
        assert_eq!(lengths(Shape::Line, at(&[0, 5, 10, 20, 60, 65, 70])), [4, 3]);
        // Means of five minutes, of which one is missing.
        let coarse = [0, 300, 600, 900, 1500, 1800];
        assert_eq!(lengths(Shape::Outline, at(&coarse)), [4, 2]);
        assert_eq!(lengths(Shape::Steps, at(&coarse)), [6]);
        assert_eq!(lengths(Shape::Line, Vec::new()), [] as [usize; 0]);
    }

    #[test]
    fn an_agent_that_began_anew_breaks_the_line_however_few_figures_there_are() {
        let dots = [at(&[276]), vec![(UnixMillis(457_000), BREAK)], at(&[457, 480])].concat();
        assert_eq!(lengths(Shape::Line, dots), [1, 2]);
    }
}
