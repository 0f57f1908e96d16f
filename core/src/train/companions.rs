//! Teachers fine-tuned together under one head: the first half of MT-BERT.
//!
//! Wu, Wu, Huang 2021, "One Teacher is Enough? Pre-trained Language Model Distillation from Multiple
//! Teachers": L = Σ over models i of CE(y, ŷ_i), with one pooling and one prediction layer for
//! all of them, so that what they say can be compared and averaged.
//!
//! Every companion is a learner like the student, with its own copy of the head. The copies begin equal.
//! Before a step each gets the sum of what all of them received, ∂L/∂head, and the norm that is clipped is
//! that of ∂L over everything, the head counted once. Equal weights, gradients and moments make equal
//! updates, so the copies stay equal to the last bit, and nothing else knows that they are one: AdamW,
//! checkpoints and exported directories are those of separate models. The best weights are those of one
//! step for all, by mean accuracy, then by mean loss: one model's best alone would bring another's head.

use super::{
    adamw::{Flat, norm},
    directory::Best,
    event::Eval,
    learner::Learner,
    teaching::TUTOR,
};
use crate::run::Run;

/// What the companion at a place, counted from 0, is called.
pub fn name(place: usize) -> String {
    format!("companion-{}", place + 1)
}

/// Those whom a run trains beside the student for their own sake: companions, and the teacher that learns.
pub fn beside(run: &Run) -> Vec<String> {
    let tutor = run.phases.iter().any(|phase| phase.teaching.is_some()).then(|| TUTOR.to_owned());
    (0..run.companions.len()).map(name).chain(tutor).collect()
}

/// Whether a learner is one.
pub fn is_companion(who: &str) -> bool {
    who.starts_with("companion-")
}

/// Gives every copy of the head the sum of their gradients, and every model the norm over all of them.
/// Without companions nothing happens.
pub fn share(learners: &mut [Learner]) {
    if !learners.iter().any(|learner| is_companion(&learner.who)) {
        return;
    }
    let mut head = Flat::new();
    for learner in learners.iter_mut() {
        let family = learner.model.config().family;
        let (own, body): (Flat, Flat) =
            std::mem::take(&mut learner.gradients).into_iter().partition(|(name, _)| family.is_head(name));
        learner.gradients = body;
        for (name, gradient) in own {
            let sum = match head.remove(&name) {
                Some(sum) => sum + gradient,
                None => gradient,
            };
            head.insert(name, sum);
        }
    }
    let norm = norm(learners.iter().flat_map(|learner| learner.gradients.values()).chain(head.values()));
    for learner in learners {
        learner.gradients.extend(head.clone());
        learner.norm = Some(norm.clone());
    }
}

/// Where each learner stands after an evaluation; companions and the student all where their mean is.
pub fn standing(evals: &[Eval]) -> Vec<Best> {
    let own = |eval: &Eval| Best { accuracy: eval.accuracy, loss: eval.loss, step: eval.step };
    let all: Vec<Best> = evals.iter().map(own).collect();
    if !evals.iter().any(|eval| is_companion(&eval.who)) {
        return all;
    }
    let mean = |value: fn(&Best) -> f64| all.iter().map(value).sum::<f64>() / all.len() as f64;
    let joint = |best: &Best| Best { accuracy: mean(|best| best.accuracy), loss: mean(|best| best.loss), ..*best };
    all.iter().map(joint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(who: &str, accuracy: f64, loss: f64) -> Eval {
        Eval { who: who.into(), accuracy, loss, step: 7, ..Eval::default() }
    }

    #[test]
    fn companions_stand_where_their_mean_is() {
        let apart = [eval("student", 0.5, 1.0), eval("control", 0.75, 0.5)];
        let stands = |evals: &[Eval]| -> Vec<(f64, f64)> {
            standing(evals).iter().map(|best| (best.accuracy, best.loss)).collect()
        };
        assert_eq!(stands(&apart), [(0.5, 1.0), (0.75, 0.5)]);
        let together = [eval("student", 0.5, 1.0), eval("companion-1", 0.75, 0.5)];
        assert_eq!(stands(&together), [(0.625, 0.75); 2]);
        assert!(standing(&together).iter().all(|best| best.step == 7));
    }
}
