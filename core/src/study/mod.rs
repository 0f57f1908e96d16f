//! A study: one run file over axes and seeds, always beside the twin that has no teacher.
//!
//! Everything here is a function of values: which cells there are, what their logs say, what may be
//! concluded. Starting processes and drawing figures is the command line's.

use serde::{Deserialize, Serialize};

mod findings;
mod metric;
mod plan;
mod pool;
mod report;
mod statistics;
mod table;

pub use findings::{Comparison, Finding, Findings};
pub use metric::Metric;
pub use plan::{Cell, Plan, Setting};
pub use pool::{Against, Group, Member, Pool};
pub use report::{Account, report, sentence, told};
pub use statistics::{Summary, Verdict, differences, summary, t_quantile, verdict};
pub use table::{Outcome, csv, outcome, outcome_of};

/// A study file: what is varied, and over which seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// A name people recognise the study by; letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The run file that every cell starts from.
    pub base: String,
    /// What the cells are compared by: `accuracy`, `loss`, `agreement`, `rouge_l`, `likelihood_risk`,
    /// `coverage_risk` or `discrepancy`.
    #[serde(default)]
    pub metric: Metric,
    /// Further figures that the report tells of every setting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Metric>,
    /// The seeds of every setting, or how many (1, 2, … are then taken).
    pub seeds: Seeds,
    /// What one cell needs.
    #[serde(default)]
    pub resources: Resources,
    /// What is varied: every point of one axis meets every point of the others.
    #[serde(default)]
    pub axes: Vec<Axis>,
}

/// The seeds of a study.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "seeds are a count or a list of whole numbers")]
pub enum Seeds {
    /// 1, 2, … up to this one.
    Count(u64),
    /// These.
    List(Vec<u64>),
}

impl Seeds {
    /// The seeds themselves.
    pub fn list(&self) -> Vec<u64> {
        match self {
            Self::Count(count) => (1..=*count).collect(),
            Self::List(seeds) => seeds.clone(),
        }
    }
}

/// What one cell needs of a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resources {
    /// Processor cores of a cell; absent: 1 on HyperQueue, here the machine's share of a job.
    pub cores: Option<u32>,
    /// Graphics cards of a cell, asked of HyperQueue as `gpus/nvidia`; not looked at here.
    pub gpus: u32,
}

/// One thing that is varied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// A column of the table.
    pub name: String,
    /// What it can be.
    pub points: Vec<Point>,
}

/// One value of an axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// As tables and figures call it.
    pub name: String,
    /// What it changes in the run file, in the words of `--set`; nothing: the base as it is.
    #[serde(default)]
    pub set: Vec<String>,
}
