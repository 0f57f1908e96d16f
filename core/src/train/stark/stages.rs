//! What is done, in order.

use super::{Settings, Stage, Teacher};

/// How many students are taught.
pub fn runs(settings: &Settings) -> usize {
    stages(settings).iter().filter(|stage| **stage != Stage::Scores).count()
}

/// Everything in order: level by level, so that the sweeps grow side by side.
pub fn stages(settings: &Settings) -> Vec<Stage> {
    let mut stages = vec![Stage::Trial, Stage::Scores];
    if settings.auto {
        stages
            .extend(settings.lambdas.iter().map(|&lambda| Stage::Level { arm: Teacher::auto(lambda), percent: None }));
    }
    for &percent in &settings.levels {
        let arms = settings.lambdas.iter().map(|&lambda| Teacher::units(lambda));
        let single = settings.lambdas.iter().filter(|_| settings.unstructured).map(|&lambda| Teacher::weights(lambda));
        let random = settings.random.then(Teacher::random);
        let all = arms.chain(single).chain(random);
        stages.extend(all.map(|arm| Stage::Level { arm, percent: Some(percent) }));
    }
    stages
}
