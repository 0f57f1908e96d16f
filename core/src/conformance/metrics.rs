//! The cases `metric_*`: figures of merit, computed on the host.

use std::collections::BTreeMap;

use super::{Answer, Answers, Case};
use crate::{Result, train::metrics};

/// `accuracy`, `f1`, `mcc`.
pub fn classification(case: &Case) -> Result<Answers> {
    let (choices, labels) = (case.input("predictions")?.classes(), case.input("labels")?.classes());
    Ok(answers([
        ("accuracy", metrics::accuracy(&choices, &labels)),
        ("f1", metrics::f1(&choices, &labels)),
        ("mcc", metrics::matthews(&choices, &labels)),
    ]))
}

/// `pearson`, `spearman`.
pub fn regression(case: &Case) -> Result<Answers> {
    let (got, wanted) = (&case.input("predictions")?.values, &case.input("targets")?.values);
    Ok(answers([("pearson", metrics::pearson(got, wanted)), ("spearman", metrics::spearman(got, wanted))]))
}

fn answers<const N: usize>(figures: [(&str, f64); N]) -> Answers {
    let named = figures.map(|(name, figure)| (name.to_owned(), Answer::whole(vec![figure as f32])));
    Answers::Known(BTreeMap::from(named))
}
