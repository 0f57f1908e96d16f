//! Figures: data go in, a scene of plain shapes comes out, and the scene is written as SVG.
//!
//! Every figure is a struct of plain fields that implements [`Figure`]. Nothing here knows a browser, a file or a
//! model, so the page and the command line draw the same pictures and all of it is tested without either. Colours
//! are [`Role`]s: the page gives them theirs by classes, a file on its own has them written in.

mod axis;
mod bars;
mod block;
mod boxes;
mod cut;
mod decimate;
mod dots;
mod ends;
mod figure;
mod frame;
mod geometry;
mod heat;
mod histogram;
mod hit;
mod legend;
mod lines;
mod mark;
mod nested;
mod number;
mod path;
mod place;
mod plane;
mod reference;
mod role;
mod ruler;
mod scale;
mod scene;
mod sentence;
mod series;
mod svg;
mod table;
mod text;
mod ticks;

pub use axis::{Axis, Reference};
pub use bars::{Bars, Column, Value};
pub use boxes::{Boxes, Stage};
pub use cut::Cut;
pub use dots::{Dots, Lane, Mean};
pub use figure::{Caption, Figure};
pub use geometry::Rect;
pub use heat::{Heat, Shade};
pub use histogram::{Counts, Histogram};
pub use hit::{Hit, Targets};
pub use lines::Lines;
pub use mark::{Dash, Mark};
pub use nested::{Inner, Nested};
pub use number::short;
pub use plane::{Class, Dot, Plane};
pub use role::Role;
pub use scene::{Anchor, Item, Paint, Pen, Scene, Shape, Words};
pub use sentence::Sentence;
pub use series::{Point, Series, Spread};
pub use svg::Look;
pub use table::{Cell, Table};
