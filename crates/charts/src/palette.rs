//! Colours by their role, and markers. A colour is written into the SVG as a class, so that the page decides, in light,
//! in dark and in print, what it looks like.

use plotters::style::RGBColor;

/// What a colour stands for. Plotters only knows red, green and blue, so each role travels through it as a reserved
/// colour that the backend turns into a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Text that is read first.
    Text,
    /// Text and lines that are read second.
    Muted,
    /// Lines of the grid.
    Grid,
    /// The line that figures are held against.
    Reference,
    /// A band behind the figures.
    Band,
    /// What cannot be trusted.
    Alarm,
    /// One of eight colours, which repeat.
    Series(u8),
    /// One of the [`STEPS`] of a scale from low to high.
    Step(u8),
}

/// How many series colours there are: those of Okabe and Ito.
pub(crate) const SERIES: u8 = 8;

/// How many steps a scale of colours has; the middle one is neutral.
pub const STEPS: u8 = 9;

/// The red and green of every reserved colour: a pair that nothing else uses.
const RESERVED: (u8, u8) = (0xC0, 0xBE);

impl Ink {
    /// The step of a ratio that should be 1 and does harm above: up to 1 that of the middle, and one more for each doubling.
    pub fn of_increase(ratio: f64) -> Self {
        let neutral = STEPS / 2;
        Self::Step(neutral + ratio.log2().clamp(0.0, f64::from(neutral)) as u8)
    }

    /// The colour that carries this role through plotters.
    pub(crate) fn rgb(self) -> RGBColor {
        let code = match self {
            Self::Text => 0,
            Self::Muted => 1,
            Self::Grid => 2,
            Self::Reference => 3,
            Self::Band => 4,
            Self::Alarm => 5,
            Self::Series(n) => 0x40 + n % SERIES,
            Self::Step(n) => 0x80 + n.min(STEPS - 1),
        };
        RGBColor(RESERVED.0, RESERVED.1, code)
    }

    /// The role that a colour carries, if it is a reserved one.
    pub(crate) fn of(rgb: (u8, u8, u8)) -> Option<Self> {
        if (rgb.0, rgb.1) != RESERVED {
            return None;
        }
        Some(match rgb.2 {
            0 => Self::Text,
            1 => Self::Muted,
            2 => Self::Grid,
            3 => Self::Reference,
            4 => Self::Band,
            5 => Self::Alarm,
            n @ 0x40..0x80 => Self::Series(n - 0x40),
            n @ 0x80.. => Self::Step(n - 0x80),
            _ => return None,
        })
    }

    /// The end of the class names `f-..` (fill) and `s-..` (stroke).
    pub fn class(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Muted => "muted".into(),
            Self::Grid => "grid".into(),
            Self::Reference => "ref".into(),
            Self::Band => "band".into(),
            Self::Alarm => "alarm".into(),
            Self::Series(n) => n.to_string(),
            Self::Step(n) => format!("q{n}"),
        }
    }
}

/// The shape of a marker. It alone tells apart what shares a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker(u8);

/// The outlines, each around the origin for a radius of 1; those of index 7 and above repeat them hollow.
const OUTLINES: [&[(f64, f64)]; 6] = [
    &[(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
    &[(0.0, -1.2), (1.2, 0.0), (0.0, 1.2), (-1.2, 0.0)],
    &[(0.0, -1.15), (1.1, 0.85), (-1.1, 0.85)],
    &[(0.0, 1.15), (1.1, -0.85), (-1.1, -0.85)],
    &[
        (-0.4, -1.1),
        (0.4, -1.1),
        (0.4, -0.4),
        (1.1, -0.4),
        (1.1, 0.4),
        (0.4, 0.4),
        (0.4, 1.1),
        (-0.4, 1.1),
        (-0.4, 0.4),
        (-1.1, 0.4),
        (-1.1, -0.4),
        (-0.4, -0.4),
    ],
    &[
        (0.0, -0.5),
        (0.6, -1.1),
        (1.1, -0.6),
        (0.5, 0.0),
        (1.1, 0.6),
        (0.6, 1.1),
        (0.0, 0.5),
        (-0.6, 1.1),
        (-1.1, 0.6),
        (-0.5, 0.0),
        (-1.1, -0.6),
        (-0.6, -1.1),
    ],
];

impl Marker {
    /// The marker of the `n`-th of those that share a colour; after 14 they repeat.
    pub fn nth(n: usize) -> Self {
        Self((n % 14) as u8)
    }

    /// Whether only its outline is drawn.
    pub fn hollow(self) -> bool {
        self.0 >= 7
    }

    /// The data of an SVG path for this marker, around `(x, y)`.
    pub fn path(self, x: f64, y: f64, radius: f64) -> String {
        let shape = usize::from(self.0 % 7);
        if shape == 0 {
            let r = short(radius);
            return format!(
                "M{} {}a{r} {r} 0 1 0 {} 0a{r} {r} 0 1 0-{} 0",
                short(x - radius),
                short(y),
                short(radius * 2.0),
                short(radius * 2.0)
            );
        }
        let outline = OUTLINES[shape - 1];
        let (first_x, first_y) = outline[0];
        let mut path = format!("M{} {}l", short(x + first_x * radius), short(y + first_y * radius));
        for pair in outline.windows(2) {
            let [(from_x, from_y), (to_x, to_y)] = [pair[0], pair[1]];
            for step in [(to_x - from_x) * radius, (to_y - from_y) * radius] {
                let step = short(step);
                // A minus parts two numbers as well as a space does.
                if !path.ends_with('l') && !step.starts_with('-') {
                    path.push(' ');
                }
                path += &step;
            }
        }
        path.push('z');
        path
    }
}

/// A coordinate with one decimal, none where it is whole.
pub(crate) fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".into(),
        Some(whole) => whole.into(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_role_survives_the_way_through_plotters() {
        let roles = [Ink::Text, Ink::Muted, Ink::Grid, Ink::Reference, Ink::Band, Ink::Alarm];
        let series = (0..SERIES).map(Ink::Series).chain((0..STEPS).map(Ink::Step));
        for ink in roles.into_iter().chain(series) {
            let RGBColor(r, g, b) = ink.rgb();
            assert_eq!(Ink::of((r, g, b)), Some(ink));
        }
        assert_eq!(Ink::of((0, 0, 0)), None);
    }

    #[test]
    fn each_doubling_is_a_step_and_what_does_no_harm_is_neutral() {
        let steps = [0.1, 1.0, 1.9, 2.0, 4.0, 1e9].map(Ink::of_increase);
        assert_eq!(steps, [4, 4, 4, 5, 6, 8].map(Ink::Step));
    }

    #[test]
    fn fourteen_markers_differ() {
        let looks: BTreeSet<_> =
            (0..14).map(Marker::nth).map(|m| (m.path(0.0, 0.0, 4.0), m.hollow())).collect();
        assert_eq!(looks.len(), 14);
    }
}
