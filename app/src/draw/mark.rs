//! Dashes of lines and marks of points.

/// How a line is broken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dash {
    /// Not at all.
    #[default]
    Solid,
    /// Long strokes.
    Long,
    /// Short strokes.
    Short,
    /// Dots.
    Dotted,
    /// A stroke and a dot in turns.
    Mixed,
}

impl Dash {
    /// Strokes and gaps in pixels, as SVG writes them; nothing for a solid line.
    pub fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Solid => None,
            Self::Long => Some("10 4"),
            Self::Short => Some("5 3"),
            Self::Dotted => Some("1.5 3"),
            Self::Mixed => Some("8 3 1.5 3"),
        }
    }
}

/// The shape of a point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mark {
    /// A filled circle.
    #[default]
    Disc,
    /// A circle's outline.
    Ring,
    /// A filled square.
    Square,
    /// A filled triangle, point upwards.
    Triangle,
    /// A filled square on its corner.
    Diamond,
    /// Two crossing strokes.
    Cross,
    /// An upright stroke.
    Tick,
}

impl Mark {
    /// Is it outlined rather than filled?
    pub fn is_open(self) -> bool {
        matches!(self, Self::Ring | Self::Cross | Self::Tick)
    }
}
