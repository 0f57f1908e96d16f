//! What all figures have in common.

use super::{
    hit::Hit,
    role::Role,
    scene::{Anchor, Item, Scene, Words},
    svg::Look,
    table::Table,
    text,
};

/// What a figure is called and what it shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Caption {
    /// A few words.
    pub title: String,
    /// A sentence or two for who does not see it; may be empty.
    pub description: String,
    /// Write the title above the figure, where nothing around it does.
    pub heading: bool,
}

impl Caption {
    /// For a figure whose surroundings write the title.
    pub fn new(title: impl Into<String>, description: impl Into<String>) -> Self {
        Self { title: title.into(), description: description.into(), heading: false }
    }

    /// For a figure that stands alone.
    pub fn headed(self) -> Self {
        Self { heading: true, ..self }
    }

    /// A scene with this caption; and the pixel below its heading.
    pub(super) fn scene(&self, width: f64, height: f64) -> (Scene, f64) {
        let (title, description) = (self.title.clone(), self.description.clone());
        let mut scene = Scene { width, height, title, description, ..Scene::default() };
        let lines = self.heading_lines(width);
        for (place, line) in lines.iter().enumerate() {
            let at = [0.0, 14.0 + 20.0 * place as f64];
            let words = Words { size: text::HEADING, bold: true, ..Words::new(line, at, Anchor::Start) };
            scene.items.push(Item::words(words, Role::Ink));
        }
        (scene, self.heading_height(width))
    }

    /// How much of a figure's height its heading takes.
    pub(super) fn heading_height(&self, width: f64) -> f64 {
        match self.heading_lines(width).len() {
            0 => 0.0,
            lines => 20.0 * lines as f64 + 6.0,
        }
    }

    fn heading_lines(&self, width: f64) -> Vec<String> {
        // Bold letters are wider.
        if self.heading { text::wrap(&self.title, 1.12 * text::HEADING, width, 3) } else { vec![] }
    }
}

/// How high the plot of a figure of this width had best be, in pixels.
pub(super) fn plot_height(width: f64) -> f64 {
    (0.28 * width + 70.0).clamp(150.0, 290.0)
}

/// Something that can be drawn at any width from 280 to 1200 pixels.
pub trait Figure {
    /// What it is called and what it shows.
    fn caption(&self) -> &Caption;

    /// A height in pixels that suits a width.
    fn height(&self, width: f64) -> f64;

    /// The drawing, in pixels.
    fn scene(&self, width: f64, height: f64) -> Scene;

    /// The numbers behind it.
    fn table(&self) -> Table;

    /// Names and values of what a pointer is at.
    fn told(&self, hit: &Hit) -> Vec<[String; 2]> {
        self.table().told(hit.row)
    }

    /// What lies over a scene of it where a pointer is.
    fn marked(&self, hit: &Hit, scene: &Scene) -> Option<Scene> {
        scene.ringed(hit)
    }

    /// An SVG that stands alone, so many pixels wide and as high as suits it.
    fn print(&self, width: f64) -> String {
        self.scene(width, self.height(width)).svg("figure", Look::Print)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_drawn_only_where_it_is_wanted() {
        let caption = Caption::new("Accuracy", "of all");
        let (scene, below) = caption.scene(300.0, 200.0);
        assert_eq!((scene.items.len(), below), (0, 0.0));
        let (scene, below) = caption.headed().scene(300.0, 200.0);
        assert_eq!((scene.items.len(), below), (1, 26.0));
    }
}
