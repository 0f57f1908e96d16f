//! What a report is made of, before it is written in one form or another.

use crate::draw::Figure;

/// A report.
pub struct Document {
    /// What it is of.
    pub title: String,
    /// What came of it, in sentences.
    pub lead: Vec<String>,
    /// Everything else, in order.
    pub blocks: Vec<Block>,
}

/// A part of a report. All texts are plain: whoever writes them down escapes them.
pub enum Block {
    /// Begins a section.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// Rows under a head; the first cell of each names it.
    Table {
        /// Names of the columns.
        head: Vec<String>,
        /// As long as the head.
        rows: Vec<Vec<String>>,
    },
    /// A figure.
    Figure {
        /// Names its file.
        name: String,
        /// The figure.
        figure: Box<dyn Figure>,
    },
    /// Text as it is, such as a run file.
    Code(String),
}

impl Document {
    /// A report without anything in it.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), lead: vec![], blocks: vec![] }
    }

    /// Begins a section.
    pub fn heading(&mut self, text: &str) {
        self.blocks.push(Block::Heading(text.to_owned()));
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Text(text.into()));
    }

    /// Adds a table.
    pub fn table(&mut self, head: &[&str], rows: Vec<Vec<String>>) {
        self.blocks.push(Block::Table { head: head.iter().map(|name| (*name).to_owned()).collect(), rows });
    }

    /// Adds a figure.
    pub fn figure(&mut self, name: impl Into<String>, figure: impl Figure + 'static) {
        self.blocks.push(Block::Figure { name: name.into(), figure: Box::new(figure) });
    }
}
