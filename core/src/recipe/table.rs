//! The table of methods: what is matched, with which loss, at which stage. Made of the recipes.

use super::{Constraint, RECIPES, Recipe};
use crate::{
    Result,
    objective::Weighted,
    run::{Run, Stage},
};

/// What can be matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// What goes into the first layer.
    Embeddings,
    /// Attention before the softmax.
    Scores,
    /// Attention after the softmax.
    Probs,
    /// Relations of keys.
    Keys,
    /// Relations of queries.
    Queries,
    /// Relations of values.
    Values,
    /// Hidden states of several layers.
    Layers,
    /// Hidden states of the last layer.
    Last,
    /// The teacher's word probabilities.
    Words,
    /// The words themselves.
    MaskedWords,
    /// The teacher's class probabilities.
    Soft,
    /// The labels.
    Hard,
}

impl Column {
    /// All of them, in order.
    pub const ALL: [Self; 12] = [
        Self::Embeddings,
        Self::Scores,
        Self::Probs,
        Self::Keys,
        Self::Queries,
        Self::Values,
        Self::Layers,
        Self::Last,
        Self::Words,
        Self::MaskedWords,
        Self::Soft,
        Self::Hard,
    ];

    /// As the table's head has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embeddings => "emb",
            Self::Scores => "att. scores",
            Self::Probs => "att. probs",
            Self::Keys => "K",
            Self::Queries => "Q",
            Self::Values => "V",
            Self::Layers => "layers",
            Self::Last => "last layer",
            Self::Words => "logits",
            Self::MaskedWords => "MLM",
            Self::Soft => "soft",
            Self::Hard => "hard",
        }
    }

    /// What the student's own outputs are matched with: words of text, or classes.
    fn of(self, words: bool) -> Self {
        match self {
            Self::Soft if words => Self::Words,
            Self::Hard if words => Self::MaskedWords,
            column => column,
        }
    }
}

/// What is matched, by which losses.
pub type Cells = Vec<(Column, String)>;

/// A recipe's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The recipe.
    pub name: &'static str,
    /// What people call it.
    pub title: String,
    /// Phases in which something is learned from the teacher.
    pub distillations: usize,
    /// `pre-train`, `task`, `task, on-policy` where the models write what they learn, or `both`.
    pub stage: &'static str,
    /// What is matched, by which losses.
    pub cells: Cells,
    /// What the student must share with its teacher.
    pub constraint: Constraint,
}

impl Row {
    /// The losses of a column; empty when it is not matched.
    pub fn cell(&self, column: Column) -> &str {
        self.cells.iter().find(|(known, _)| *known == column).map_or("", |(_, losses)| losses)
    }
}

/// A line for every recipe.
///
/// # Errors
/// [`crate::Error::Input`] when a recipe cannot be read; a test reads them all.
pub fn rows() -> Result<Vec<Row>> {
    RECIPES.iter().map(row).collect()
}

fn row(recipe: &Recipe) -> Result<Row> {
    let (about, _) = recipe.parts()?;
    let (distillations, stage, cells) = matched(&recipe.run()?, about.decoders)?;
    Ok(Row { name: recipe.name, title: about.title, distillations, stage, cells, constraint: about.constraint })
}

/// What a run matches, by which losses: its cells in the table. `words`: its task is words, not classes.
///
/// # Errors
/// [`crate::Error::Input`] when one of its objectives cannot be built.
pub fn cells(run: &Run, words: bool) -> Result<Cells> {
    matched(run, words).map(|(_, _, cells)| cells)
}

/// How many phases learn from the teacher, in which stages, and what every phase matches.
fn matched(run: &Run, words: bool) -> Result<(usize, &'static str, Cells)> {
    let mut taught = vec![];
    let mut cells: Vec<(Column, Vec<&str>)> = vec![];
    for (index, phase) in run.phases.iter().enumerate() {
        let about = |weighted: &Weighted| weighted.about(&format!("phases.{index}"));
        let objectives = phase.objectives.iter().map(about).collect::<Result<Vec<_>>>()?;
        if !objectives.iter().any(|objective| objective.needs_teacher) {
            continue; // ordinary training after the distillation
        }
        taught.push(phase.stage == Stage::Task);
        for &(column, loss) in objectives.iter().flat_map(|objective| &objective.cells) {
            let column = column.of(words || phase.stage != Stage::Task);
            match cells.iter_mut().find(|(known, _)| *known == column) {
                Some((_, losses)) if losses.contains(&loss) => {}
                Some((_, losses)) => losses.push(loss),
                None => cells.push((column, vec![loss])),
            }
        }
    }
    let own = run.phases.iter().any(|phase| phase.writing.is_some());
    let stage = match (taught.contains(&false), taught.contains(&true)) {
        (true, true) => "both",
        (true, false) => "pre-train",
        _ if own => "task, on-policy",
        _ => "task",
    };
    cells.sort();
    let cells = cells.into_iter().map(|(column, losses)| (column, losses.join(", "))).collect();
    Ok((taught.len(), stage, cells))
}

/// The table as Markdown, for the README; a test compares.
///
/// # Errors
/// As [`rows`].
pub fn markdown() -> Result<String> {
    let head: Vec<&str> = ["recipe", "phases", "stage"]
        .into_iter()
        .chain(Column::ALL.iter().map(|column| column.name()))
        .chain(["constraint"])
        .collect();
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows()? {
        let cells: Vec<&str> = Column::ALL.iter().map(|&column| row.cell(column)).collect();
        let name = format!("`{}`", row.name);
        let phases = row.distillations.to_string();
        let line: Vec<&str> =
            [name.as_str(), &phases, row.stage].into_iter().chain(cells).chain([row.constraint.name()]).collect();
        text.push_str(&format!("| {} |\n", line.join(" | ")));
    }
    Ok(text)
}
