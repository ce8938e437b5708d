//! The colours of a chart, on light and on dark ground. They can be told apart by who sees no red or green.
//! Nothing is said by colour alone: lines have names, forecasts are dotted, limits are dashed.

use super::canvas::Ink;

/// On which ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark letters on white.
    Light,
    /// Light letters on near black.
    Dark,
}

/// What a colour stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hue {
    /// What the panel is about.
    Main,
    /// Beside it.
    Second,
    /// And further ones, where there are many.
    Third,
    /// The fourth.
    Fourth,
    /// The fifth.
    Fifth,
    /// The sixth.
    Sixth,
}

/// As many lines of one kind as a phone shows apart.
pub(super) const HUES: [Hue; 6] = [
    Hue::Main,
    Hue::Second,
    Hue::Third,
    Hue::Fourth,
    Hue::Fifth,
    Hue::Sixth,
];

impl Theme {
    pub(super) fn ground(self) -> Ink {
        match self {
            Self::Light => Ink(255, 255, 255),
            Self::Dark => Ink(22, 27, 34),
        }
    }

    pub(super) fn letters(self) -> Ink {
        match self {
            Self::Light => Ink(31, 35, 40),
            Self::Dark => Ink(230, 237, 243),
        }
    }

    pub(super) fn quiet_letters(self) -> Ink {
        match self {
            Self::Light => Ink(89, 99, 110),
            Self::Dark => Ink(158, 167, 177),
        }
    }

    pub(super) fn grid(self) -> Ink {
        match self {
            Self::Light => Ink(225, 228, 232),
            Self::Dark => Ink(48, 54, 61),
        }
    }

    pub(super) fn limit(self) -> Ink {
        match self {
            Self::Light => Ink(191, 33, 30),
            Self::Dark => Ink(255, 123, 114),
        }
    }

    pub(super) fn incident(self) -> Ink {
        match self {
            Self::Light => Ink(255, 205, 200),
            Self::Dark => Ink(92, 38, 40),
        }
    }

    pub(super) fn hue(self, hue: Hue) -> Ink {
        match (self, hue) {
            (Self::Light, Hue::Main) => Ink(9, 88, 180),
            (Self::Light, Hue::Second) => Ink(188, 96, 0),
            (Self::Light, Hue::Third) => Ink(0, 130, 96),
            (Self::Light, Hue::Fourth) => Ink(170, 60, 140),
            (Self::Light, Hue::Fifth) => Ink(110, 100, 0),
            (Self::Light, Hue::Sixth) => Ink(70, 70, 78),
            (Self::Dark, Hue::Third) => Ink(60, 200, 150),
            (Self::Dark, Hue::Fourth) => Ink(230, 140, 205),
            (Self::Dark, Hue::Fifth) => Ink(225, 215, 90),
            (Self::Dark, Hue::Sixth) => Ink(190, 195, 205),
            (Self::Dark, Hue::Main) => Ink(88, 166, 255),
            (Self::Dark, Hue::Second) => Ink(240, 160, 60),
        }
    }
}
