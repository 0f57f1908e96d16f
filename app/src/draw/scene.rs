//! What is drawn: plain shapes in pixels, in the order of painting.

use super::{
    geometry::Rect,
    hit::Targets,
    mark::{Dash, Mark},
    role::Role,
    text,
};

/// A drawing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scene {
    /// Pixels from left to right.
    pub width: f64,
    /// Pixels from top to bottom.
    pub height: f64,
    /// What it is called.
    pub title: String,
    /// What it shows, in a sentence or two, for who does not see it.
    pub description: String,
    /// Its shapes; later ones lie above.
    pub items: Vec<Item>,
    /// What can be pointed at.
    pub targets: Targets,
}

/// A shape and its paint.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Where and what.
    pub shape: Shape,
    /// With which colours.
    pub paint: Paint,
    /// What it tells who rests a pointer on it.
    pub tip: Option<String>,
}

/// A shape, in pixels, y downwards.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Lines, each from point to point.
    Lines(Vec<Vec<[f64; 2]>>),
    /// A closed polygon.
    Area(Vec<[f64; 2]>),
    /// A rectangle, its corners rounded by so much.
    Rect(Rect, f64),
    /// Many rectangles of one paint.
    Rects(Vec<Rect>),
    /// Equal marks at many points; the number is half of a mark's width.
    Marks(Mark, f64, Vec<[f64; 2]>),
    /// A line of text.
    Text(Words),
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    /// What is written.
    pub text: String,
    /// Where its anchor is, on the base line.
    pub at: [f64; 2],
    /// Which of its points is the anchor.
    pub anchor: Anchor,
    /// Size in pixels.
    pub size: f64,
    /// In bold?
    pub bold: bool,
    /// Turned about its anchor, in degrees, clockwise.
    pub turn: f64,
    /// Outlined by the ground, so that lines do not run through it.
    pub halo: bool,
}

/// Which point of a text lies at its place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    #[default]
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// The colours of a shape.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Paint {
    /// What fills it, and how much of it: 0 to 1.
    pub fill: Option<(Role, f64)>,
    /// What draws its edge.
    pub pen: Option<Pen>,
}

/// What draws a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pen {
    /// Its colour.
    pub role: Role,
    /// Its width in pixels.
    pub width: f64,
    /// How it is broken.
    pub dash: Dash,
}

impl Paint {
    /// Filled.
    pub fn fill(role: Role) -> Self {
        Self { fill: Some((role, 1.0)), pen: None }
    }

    /// Filled in part: what lies below shines through.
    pub fn tint(role: Role, share: f64) -> Self {
        Self { fill: Some((role, share)), pen: None }
    }

    /// A line.
    pub fn line(role: Role, width: f64, dash: Dash) -> Self {
        Self { fill: None, pen: Some(Pen { role, width, dash }) }
    }

    /// The same, with an unbroken edge one pixel and a half wide.
    pub fn edged(self, role: Role) -> Self {
        Self { pen: Some(Pen { role, width: 1.5, dash: Dash::Solid }), ..self }
    }

    /// The paint of a mark.
    pub fn mark(role: Role, mark: Mark) -> Self {
        match mark {
            Mark::Ring => Self::fill(Role::Ground).edged(role),
            mark if mark.is_open() => Self::line(role, 1.75, Dash::Solid),
            _ => Self::fill(role),
        }
    }
}

impl Words {
    /// Text of the usual size.
    pub fn new(text: impl Into<String>, at: [f64; 2], anchor: Anchor) -> Self {
        Self { text: text.into(), at, anchor, size: text::SIZE, bold: false, turn: 0.0, halo: false }
    }

    /// The same, outlined by the ground.
    pub fn halo(self) -> Self {
        Self { halo: true, ..self }
    }

    /// Its left and its right end, were it not turned.
    pub fn ends(&self) -> [f64; 2] {
        // Bold letters are wider.
        let width = text::width(&self.text, self.size) * if self.bold { 1.12 } else { 1.0 };
        let left = match self.anchor {
            Anchor::Start => self.at[0],
            Anchor::Middle => self.at[0] - width / 2.0,
            Anchor::End => self.at[0] - width,
        };
        [left, left + width]
    }
}

impl Item {
    /// A shape that tells nothing more.
    pub fn new(shape: Shape, paint: Paint) -> Self {
        Self { shape, paint, tip: None }
    }

    /// One line from point to point.
    pub fn line(points: Vec<[f64; 2]>, paint: Paint) -> Self {
        Self::new(Shape::Lines(vec![points]), paint)
    }

    /// Text in the colour of a role.
    pub fn words(words: Words, role: Role) -> Self {
        Self::new(Shape::Text(words), Paint::fill(role))
    }
}
