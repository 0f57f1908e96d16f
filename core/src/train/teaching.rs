//! A teacher that learns to teach: its step before each of the student's.
//!
//! Zhou, Xu, McAuley 2022, "BERT Learns to Teach: Knowledge Distillation with Meta Learning",
//! algorithm 1. θ is the student, φ the teacher, η the pilot's rate:
//!
//! ```text
//! θ' = θ − η · ∇θ L(θ, φ)                        the pilot: what the student would become
//! φ ← φ − step along ∇φ CE(θ', quiz)            through θ', on texts that nobody learns from
//! θ ← θ − step along ∇θ L(θ, φ)                  the real student, taught by the teacher as it is now
//! ```
//!
//! The teacher's gradient is −η · ∂²L/∂φ∂θ · v with v = ∇θ' CE(θ', quiz). Nothing here differentiates
//! twice; in its place stands a central difference along v, as in Liu, Simonyan, Yang 2019, "DARTS",
//! equation 8:
//!
//! ```text
//! −η · [∇φ L(θ + r v, φ) − ∇φ L(θ − r v, φ)] / 2r,    r = 0.01 / ‖v‖
//! ```
//!
//! It is off by r²·‖v‖³ of L's fourth derivatives and by the rounding of two gradients. Neither model
//! drops anything out here, so that the difference is that of the weights.

use burn::{
    module::{Module, ModuleMapper, Param},
    tensor::Tensor,
};

use super::{
    adamw::{self, Flat, collect},
    learner::{Learner, Lesson},
};
use crate::{
    Result,
    data::{Batch, first},
    loss::cross_entropy,
    model::{Model, Path, Wants},
    run::Teaching,
};

/// What the teacher that learns is called.
pub const TUTOR: &str = "tutor";

/// What the student makes of the quiz, among a step's scalars.
pub const QUIZ: &str = "quiz";

/// How far along v both sides of the difference lie.
const STEP: f64 = 0.01;

/// Gives `tutor` the gradient of what the student would make of `quiz` after a step on `batch`.
///
/// # Errors
/// What the student's objectives find wrong.
pub fn teach(
    student: &Learner,
    tutor: &mut Learner,
    [batch, quiz]: [&Batch; 2],
    teaching: &Teaching,
    progress: f64,
) -> Result<()> {
    let wants = student.wants();
    let taught = |model: &Model| {
        let teachers = [tutor.model.forward(batch, &wants, None, None)];
        student.loss(model, &Lesson { batch, teachers: &teachers, noise: None, progress, share: 1.0 })
    };
    let mut slope = Flat::new();
    collect(&student.model, &mut taught(&student.model)?.backward(), 1.0, &mut slope);
    let pilot = moved(&student.model, &slope, |slope| slope * -teaching.pilot);

    let answered = pilot.forward(quiz, &Wants::default(), None, None).logits();
    let quizzed = cross_entropy(answered, quiz.labels.clone(), quiz.labelled);
    let mut along = Flat::new();
    collect(&pilot, &mut quizzed.clone().backward(), 1.0, &mut along);
    let length = adamw::norm(along.values()).clamp_min(1e-12);

    let mut gradient = Flat::new();
    for side in [1.0, -1.0] {
        let there = moved(&student.model, &along, |v| v / length.clone() * (side * STEP));
        collect(&tutor.model, &mut taught(&there)?.backward(), side, &mut gradient);
    }
    let scale = length * (-teaching.pilot / (2.0 * STEP));
    tutor.gradients = gradient.into_iter().map(|(name, slope)| (name, slope * scale.clone())).collect();
    tutor.note(QUIZ, quizzed.inner());
    Ok(())
}

/// The texts of `count` that are learned from, and those of the quiz, by the run's seed.
pub fn parted(count: usize, teaching: &Teaching, seed: u64) -> [Vec<usize>; 2] {
    let quiz = first(count, ((count as f64 * teaching.quiz).round() as usize).max(1), seed);
    let learned = (0..count).filter(|row| quiz.binary_search(row).is_err());
    [learned.collect(), quiz]
}

/// `model` with `change` of each direction added to the weight of that name.
fn moved(model: &Model, along: &Flat, change: impl Fn(Tensor<1>) -> Tensor<1>) -> Model {
    model.clone().map(&mut Move { along, change, path: Path::default() })
}

struct Move<'a, F> {
    along: &'a Flat,
    change: F,
    path: Path,
}

impl<F: Fn(Tensor<1>) -> Tensor<1>> ModuleMapper for Move<'_, F> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(direction) = self.along.get(&self.path.name()).cloned() else { return param };
        param.map(|weight| {
            let weight = weight.inner();
            let change = (self.change)(direction).reshape(weight.shape());
            Tensor::from_inner(weight + change).require_grad()
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use pollster::block_on;

    use super::*;
    use crate::{
        checkpoint::{self, Tensors},
        data::HostBatch,
        model::Config,
        objective::Weighted,
        readback::read,
    };

    fn model(seed: u64) -> (Config, Tensors) {
        let config = Config::classifier(11, 4, &["a".into(), "b".into()]).with_shape(1, 8, 2, 16, 0.0);
        let model = checkpoint::new_model(&config, seed, &Device::flex()).unwrap();
        let mut tensors = block_on(checkpoint::tensors(&model)).unwrap();
        for tensor in tensors.values_mut() {
            let moved = retort_shaders::noise(seed + tensor.data.len() as u64, tensor.data.len());
            tensor.data.iter_mut().zip(moved).for_each(|(x, by)| *x += 0.4 * by);
        }
        (config, tensors)
    }

    fn learner(who: &str, (config, tensors): &(Config, Tensors)) -> Learner {
        let empty = Model::empty(who, config, &Device::flex().autodiff()).unwrap();
        Learner::new(who, checkpoint::assign(who, empty, tensors.clone()).unwrap())
    }

    fn batch(shift: i32, labels: [i32; 3]) -> Batch {
        let host = HostBatch {
            ids: (0..12).map(|cell| (cell * 7 + shift) % 10 + 1).collect(),
            types: vec![0; 12],
            mask: vec![1.0; 12],
            labels: labels.to_vec(),
            rows: 3,
            length: 4,
        };
        host.to_device(&Device::flex())
    }

    /// A student, a rate of the pilot at which the quiz feels it, and what is read.
    fn scene() -> (Learner, [Batch; 2], Teaching) {
        let mut student = learner("student", &model(1));
        let mut objective = Weighted::new("metakd");
        objective.settings.insert("beta".into(), 2.0.into());
        objective.settings.insert("temperature".into(), 2.0.into());
        student.begin(vec![(1.0, objective.build("here").unwrap())], true);
        (student, [batch(0, [0, 1, 1]), batch(3, [1, 0, 1])], Teaching { pilot: 0.5, ..Teaching::default() })
    }

    /// The quiz after a pilot taught by a teacher moved by `by` along `along`.
    fn after(student: &Learner, tutor: &Learner, along: &Flat, by: f64, [batch, quiz]: &[Batch; 2], rate: f64) -> f64 {
        let teachers = [moved(&tutor.model, along, |x| x * by).forward(batch, &student.wants(), None, None)];
        let lesson = Lesson { batch, teachers: &teachers, noise: None, progress: 0.0, share: 1.0 };
        let mut slope = Flat::new();
        collect(&student.model, &mut student.loss(&student.model, &lesson).unwrap().backward(), 1.0, &mut slope);
        let pilot = moved(&student.model, &slope, |slope| slope * -rate);
        let logits = pilot.forward(quiz, &Wants::default(), None, None).logits();
        block_on(read(cross_entropy(logits, quiz.labels.clone(), quiz.labelled).inner())).unwrap()[0] as f64
    }

    /// Both sides: the surrogate's slope along itself, ‖g‖², and that of the quiz itself, moving the
    /// teacher. By the header the first is off by 1e-4 of the loss's fourth derivatives.
    #[test]
    fn the_teachers_gradient_is_the_slope_of_the_quiz_after_the_pilot() {
        let (student, texts, teaching) = scene();
        let mut tutor = learner(TUTOR, &model(2));
        teach(&student, &mut tutor, [&texts[0], &texts[1]], &teaching, 0.0).unwrap();
        let gradient = std::mem::take(&mut tutor.gradients);
        let length = block_on(read(adamw::norm(gradient.values()))).unwrap()[0] as f64;
        assert!(length > 1e-3, "{length}: the quiz feels the teacher");
        let unit = gradient.into_iter().map(|(name, slope)| (name, slope / length)).collect();
        let at = |by: f64| after(&student, &tutor, &unit, by, &texts, teaching.pilot);
        let central = |h: f64| (at(h) - at(-h)) / (2.0 * h);
        let slope = (4.0 * central(0.05) - central(0.1)) / 3.0;
        assert!((slope - length).abs() < 0.02 * length, "the quiz's slope is {slope}, the surrogate's {length}");
    }

    #[test]
    fn a_step_along_it_teaches_better() {
        let (student, texts, teaching) = scene();
        let mut tutor = learner(TUTOR, &model(2));
        let before = after(&student, &tutor, &Flat::new(), 0.0, &texts, teaching.pilot);
        teach(&student, &mut tutor, [&texts[0], &texts[1]], &teaching, 0.0).unwrap();
        tutor.take_step(0.01, &crate::run::Optimizer::default());
        let now = after(&student, &tutor, &Flat::new(), 0.0, &texts, teaching.pilot);
        assert!(now < before, "the quiz went from {before} to {now}");
    }

    #[test]
    fn nobody_learns_from_the_quiz() {
        let [learned, quiz] = parted(50, &Teaching { quiz: 0.1, ..Teaching::default() }, 3);
        assert_eq!((learned.len(), quiz.len()), (45, 5));
        assert!(quiz.iter().all(|row| !learned.contains(row)));
    }
}
