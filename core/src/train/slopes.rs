//! Every objective's gradient against the slope of its own loss, on models small enough for it.
//!
//! The slope at a parameter is (4·D(h) − D(2h))/3 with D(h) = (L(x + h) − L(x − h))/2h (Richardson
//! 1911), h = 1/32, a power of two, so that x ± h hardly rounds. What it is off by:
//!
//! - truncation, 4h⁴/120 · L⁽⁵⁾ = 3e-8 · L⁽⁵⁾, below 3e-5 while the fifth derivative is below 1,000;
//! - rounding. A loss of two layers in f32 is off by about ten roundings of 6e-8 of what it sums:
//!   6e-7 · max(1, L). D(h) is then off by up to 6e-7/h = 2e-5, the whole by (4 · 2e-5 + 1e-5)/3 = 3e-5.
//!
//! Twice the sum, 1.2e-4 · max(1, L), is allowed, and 1e-3 of the slope itself. A wrong sign or factor
//! is seen where the slope is far above that, so a case counts only if some slopes are.

use burn::tensor::{Device, Tensor};
use pollster::block_on;
use retort_shaders::noise;
use serde_json::{Value, json};

use super::{adamw, projections::Projections};
use crate::{
    checkpoint::{self, Tensors},
    data::{Batch, HostBatch},
    model::{Config, Model, Task, Trace, Wants},
    objective::{METHODS, Objective, Pair, Seen, Weighted},
};

/// Who learns from whom, and what.
#[derive(Debug, Clone, Copy, PartialEq)]
enum World {
    /// BERT classifiers.
    Classes,
    /// BERT classifiers, two teachers.
    Teachers,
    /// BERT with hidden words.
    Words,
    /// The same with a teacher of width 12, which the student is not.
    Wide,
    /// GPT-2 and the next word.
    Causal,
}
use World::{Causal, Classes, Teachers, Wide, Words};

/// Every method, with every setting that changes its formula.
fn cases() -> Vec<(World, &'static str, Value)> {
    let mut cases = vec![
        (Classes, "kd", json!({})),
        (Words, "kd", json!({"temperature": 3.0, "alpha": 0.8})),
        (Causal, "kd", json!({})),
        (Classes, "cross_entropy", json!({})),
        (Words, "cross_entropy", json!({})),
        (Causal, "cross_entropy", json!({})),
        (Classes, "logits", json!({"temperature": 2.5})),
        (Words, "logits", json!({"reference_reduction": true, "temperature": 4.0})),
        (Words, "logits", json!({"loss": "js", "beta": 0.2, "temperature": 2.0})),
        (Words, "logits", json!({"loss": "skew_kl", "alpha": 0.6})),
        (Words, "logits", json!({"loss": "skew_reverse_kl", "alpha": 0.6})),
        (Words, "logits", json!({"loss": "dkd", "alpha": 0.5, "beta": 3.0, "temperature": 2.0})),
        (Words, "logits", json!({"tokens": "easy", "k": 0.4})),
        (Causal, "logits", json!({"tokens": "hard", "loss": "reverse_kl", "k": 0.4})),
        (Classes, "dkd", json!({})),
        (Words, "dkd", json!({"warmup": 0.0, "alpha": 2.0, "beta": 0.5, "hard": 0.3, "temperature": 1.5})),
        (Causal, "dkd", json!({"warmup": 0.1})),
        (Words, "atkd", json!({"per_text": true, "lambda": 0.6, "k": 0.3})),
        (Causal, "atkd", json!({"loss": "skew_kl", "alpha": 0.3, "temperature": 2.0})),
        (Causal, "atkd", json!({"per_text": true})),
        (Words, "embeddings", json!({})),
        (Words, "embeddings", json!({"loss": "cosine"})),
        (Words, "embeddings", json!({"reference_reduction": true})),
        (Wide, "embeddings", json!({"projection": true})),
        (Wide, "embeddings", json!({"projection": true, "shared": true, "loss": "cosine"})),
        (Causal, "embeddings", json!({})),
        (Words, "hidden", json!({})),
        (Words, "hidden", json!({"loss": "cosine", "map": "top"})),
        (Words, "hidden", json!({"map": [[0, 1], [1, 0]], "reference_reduction": true})),
        (Wide, "hidden", json!({"projection": true})),
        (Wide, "hidden", json!({"projection": true, "loss": "cosine"})),
        (Causal, "hidden", json!({"map": "last"})),
        (Classes, "pkd", json!({})),
        (Classes, "pkd", json!({"map": "uniform", "reference_reduction": true})),
        (Words, "attention_scores", json!({})),
        (Words, "attention_scores", json!({"reference_reduction": true, "map": "top"})),
        (Wide, "attention_scores", json!({})),
        (Causal, "attention_scores", json!({})),
        (Words, "attention_probs", json!({})),
        (Wide, "attention_probs", json!({"map": "uniform"})),
        (Causal, "attention_probs", json!({})),
        (Words, "relations", json!({})),
        (Words, "relations", json!({"of": ["q"]})),
        (Words, "relations", json!({"of": ["k"], "heads": 4})),
        (Words, "relations", json!({"of": ["v"], "map": "uniform"})),
        (Wide, "relations", json!({"heads": 4})),
        (Causal, "relations", json!({"heads": 1})),
        (Classes, "multi_teacher", json!({})),
        (Teachers, "multi_teacher", json!({"temperature": 2.0})),
        (Teachers, "multi_teacher", json!({"blend": "losses"})),
        (Teachers, "multi_teacher", json!({"blend": "logits"})),
        (Words, "multi_teacher", json!({})),
        (Teachers, "multi_teacher", json!({"hidden": true})),
        (Classes, "metakd", json!({"temperature": 2.0, "beta": 3.0})),
        (Words, "metakd", json!({"temperature": 1.5, "alpha": 0.8, "beta": 0.0})),
    ];
    let both = ["kl", "reverse_kl", "js", "skew_kl", "skew_reverse_kl"];
    let others = ["soft_cross_entropy", "tkd", "dkd_only", "dkd", "mse"];
    for world in [Classes, Words, Causal] {
        // Total variation has a kink wherever p = q. Three rows of three classes have few of them, and
        // no step here crosses one; of a vocabulary some step always does.
        let bent: &[&str] = if world == Classes { &["tvd"] } else { &[] };
        let logits = both.iter().chain(&others).chain(bent).map(|loss| (world, "logits", json!({"loss": loss})));
        let atkd = both.iter().chain(bent).map(|loss| (world, "atkd", json!({"loss": loss})));
        cases.extend(logits.chain(atkd));
    }
    cases
}

const VOCABULARY: usize = 11;
const LENGTH: usize = 5;
const GPT2: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/conformance/checkpoints/gpt2/config.json");

impl World {
    fn config(self, width: usize) -> Config {
        let labels = ["a", "b", "c"].map(str::to_owned);
        let config = match self {
            Causal => {
                let mut config = Config::from_json(GPT2, &std::fs::read(GPT2).unwrap()).unwrap();
                (config.vocab_size, config.max_position_embeddings) = (VOCABULARY, LENGTH);
                config
            }
            _ => Config::classifier(VOCABULARY, LENGTH, &labels),
        };
        let config = config.with_shape(2, width, 2, 2 * width, 0.0);
        match self {
            Words | Wide => config.with_task(Task::MaskedLm, &labels).unwrap(),
            Classes | Teachers | Causal => config,
        }
    }

    /// The teachers' widths.
    fn teachers(self) -> &'static [usize] {
        match self {
            Classes | Words | Causal => &[8],
            Teachers => &[8, 12],
            Wide => &[12],
        }
    }

    /// Three texts, two of them with padding.
    fn batch(self) -> HostBatch {
        let lengths = [5, 3, 4];
        let ids: Vec<i32> = (0..3 * LENGTH as i32).map(|cell| cell * 7 % 10 + 1).collect();
        let real = |cell: usize| cell % LENGTH < lengths[cell / LENGTH];
        let cells = || 0..3 * LENGTH;
        let labels = match self {
            Classes | Teachers => vec![2, 0, 1],
            // Two of three words are asked for, as another one.
            Words | Wide => cells()
                .map(|cell| match (real(cell), cell % 3) {
                    (false, _) => -100,
                    (true, 0) => -1,
                    (true, _) => (cell * 5 % VOCABULARY) as i32,
                })
                .collect(),
            Causal => cells()
                .map(|cell| if real(cell) && real(cell + 1) && (cell + 1) % LENGTH > 0 { ids[cell + 1] } else { -100 })
                .collect(),
        };
        HostBatch {
            types: vec![0; ids.len()],
            mask: cells().map(|cell| if real(cell) { 1.0 } else { 0.0 }).collect(),
            ids,
            labels,
            rows: 3,
            length: LENGTH,
        }
    }
}

/// Weights far enough from their usual beginning that every part of a model matters.
fn weights(config: &Config, seed: u64) -> Tensors {
    let mut tensors =
        block_on(checkpoint::tensors(&checkpoint::new_model(config, seed, &Device::flex()).unwrap())).unwrap();
    for ((name, tensor), seed) in tensors.iter_mut().zip(seed * 1_000..) {
        let moved = noise(seed, tensor.data.len());
        // A norm bends the more the smaller what it is given is, and embeddings go into one.
        let far = if ["embedding", "wte", "wpe"].iter().any(|part| name.contains(part)) { 1.5 } else { 0.4 };
        tensor.data.iter_mut().zip(moved).for_each(|(x, by)| *x += far * by);
    }
    tensors
}

fn model(config: &Config, tensors: &Tensors, device: &Device) -> Model {
    checkpoint::assign("slopes", Model::empty("slopes", config, device).unwrap(), tensors.clone()).unwrap()
}

/// What is differentiated: a student's weights and its matrices'.
#[derive(Clone)]
struct Point {
    model: Tensors,
    matrices: Tensors,
}

impl Point {
    /// Moves a number of a tensor.
    fn moved(&self, name: &str, index: usize, by: f32) -> Self {
        let mut moved = self.clone();
        let tensors = if moved.model.contains_key(name) { &mut moved.model } else { &mut moved.matrices };
        tensors.get_mut(name).unwrap().data[index] += by;
        moved
    }
}

struct Setting {
    world: World,
    objective: Box<dyn Objective>,
    config: Config,
    teachers: Vec<Model>,
    batch: Batch,
    tiled: bool,
}

impl Setting {
    fn new(world: World, method: &str, settings: &Value) -> (Self, Point) {
        let Value::Object(settings) = settings.clone() else { panic!("settings are a map") };
        let objective = Weighted { settings, ..Weighted::new(method) }.build(method).unwrap();
        let device = Device::flex();
        let batch = world.batch().to_device(&device);
        let config = world.config(8);
        let configs: Vec<Config> = world.teachers().iter().map(|&width| world.config(width)).collect();
        let mut matrices = Projections::default();
        for (place, teacher) in configs.iter().enumerate() {
            let pair = Pair { student: &config, teacher, place };
            objective.fits(method, &pair).unwrap();
            matrices = matrices.with(&objective.projections(&pair), &config, 7, &device).unwrap();
        }
        let mut point = Point { model: weights(&config, 1), matrices: block_on(matrices.tensors()).unwrap() };
        for (tensor, seed) in point.matrices.values_mut().zip(50..) {
            let moved = noise(seed, tensor.data.len());
            tensor.data.iter_mut().zip(moved).for_each(|(x, by)| *x += 0.4 * by);
        }
        let teachers =
            configs.iter().zip(2..).map(|(config, seed)| model(config, &weights(config, seed), &device)).collect();
        (Self { world, objective, config, teachers, batch, tiled: false }, point)
    }

    /// The weighted sum of the terms.
    fn loss(&self, student: &Model, matrices: &Projections) -> Tensor<1> {
        let wants = Wants { head: self.tiled, ..self.objective.wants() };
        let trace = student.forward(&self.batch, &wants, None, None);
        let ask = |teacher: &Model| teacher.forward(&self.batch, &wants, None, None);
        let teachers: Vec<Trace> = self.teachers.iter().map(ask).collect();
        let seen = Seen {
            student: &trace,
            teachers: &teachers,
            project: &|name, x| matrices.apply(name, x),
            batch: &self.batch,
            counted: self.batch.counted,
            labelled: self.batch.labelled,
            causal: self.world == Causal,
            progress: 0.05,
        };
        let terms = self.objective.terms(&seen).unwrap();
        terms.into_iter().map(|term| term.value * term.weight).reduce(|sum, term| sum + term).unwrap()
    }

    fn value(&self, point: &Point) -> f64 {
        let device = Device::flex();
        let matrices = Projections::from_tensors(point.matrices.clone(), &device);
        let loss = self.loss(&model(&self.config, &point.model, &device), &matrices);
        loss.into_scalar::<f32>() as f64
    }

    /// The gradient of every tensor by name; of one that the loss does not depend on, zeros.
    fn gradient(&self, point: &Point) -> Vec<(String, Vec<f32>)> {
        let graph = Device::flex().autodiff();
        let student = model(&self.config, &point.model, &graph);
        let matrices = Projections::from_tensors(point.matrices.clone(), &graph);
        let mut gradients = self.loss(&student, &matrices).backward();
        let mut flat = adamw::Flat::new();
        adamw::collect(&student, &mut gradients, 1.0, &mut flat);
        let mut beside = adamw::Flat::new();
        adamw::collect(&matrices, &mut gradients, 1.0, &mut beside);
        // Matrices are collected in their order, as they are named: bias before weight.
        let named = point.matrices.keys().cloned().zip(beside.into_values());
        let mut found: adamw::Flat = flat.into_iter().chain(named).collect();
        let all = point.model.iter().chain(&point.matrices);
        all.map(|(name, tensor)| {
            let zeros = || vec![0.0; tensor.data.len()];
            let slopes = found.remove(name).map_or_else(zeros, |slopes| slopes.into_data().try_to_vec().unwrap());
            assert_eq!(slopes.len(), tensor.data.len(), "{name}");
            (name.clone(), slopes)
        })
        .collect()
    }

    /// The slope of the loss at one number.
    fn slope(&self, point: &Point, name: &str, index: usize) -> f64 {
        let h = 1.0 / 32.0;
        let central = |h: f32| {
            let [above, below] = [h, -h].map(|by| self.value(&point.moved(name, index, by)));
            (above - below) / (2.0 * h as f64)
        };
        (4.0 * central(h) - central(2.0 * h)) / 3.0
    }
}

/// Numbers to look at: 4 drawn, the 6 with the largest gradients of 200 drawn, and of every matrix
/// the one with the largest.
fn chosen(gradient: &[(String, Vec<f32>)], point: &Point, seed: u64) -> Vec<(usize, usize)> {
    let draw = |at: f32, count: usize| ((at as f64 + 1.0) / 2.0 * count as f64) as usize % count;
    let draws = noise(seed, 400);
    let mut drawn: Vec<(usize, usize)> = draws
        .chunks(2)
        .map(|pair| {
            let tensor = draw(pair[0], gradient.len());
            (tensor, draw(pair[1], gradient[tensor].1.len()))
        })
        .collect();
    let size = |&(tensor, index): &(usize, usize)| gradient[tensor].1[index].abs();
    let mut chosen: Vec<(usize, usize)> = drawn.drain(..4).collect();
    drawn.sort_by(|x, y| size(y).total_cmp(&size(x)));
    drawn.dedup();
    chosen.extend(&drawn[..6]);
    for (tensor, (_, slopes)) in gradient.iter().enumerate().filter(|(_, (name, _))| point.matrices.contains_key(name))
    {
        let places = (0..slopes.len()).map(|index| (tensor, index));
        chosen.extend(places.max_by(|x, y| size(x).total_cmp(&size(y))));
    }
    chosen
}

#[test]
fn gradients_are_the_slopes_of_the_losses() {
    let mut wrong = vec![];
    for ((world, method, settings), seed) in cases().into_iter().zip(100..) {
        let (setting, point) = Setting::new(world, method, &settings);
        let at = format!("{world:?} {method} {settings}");
        let allowance = 1.2e-4 * setting.value(&point).abs().max(1.0);
        let gradient = setting.gradient(&point);
        let mut clear = 0;
        for (tensor, index) in chosen(&gradient, &point, seed) {
            let (name, slopes) = &gradient[tensor];
            let (got, wanted) = (slopes[index] as f64, setting.slope(&point, name, index));
            clear += usize::from(wanted.abs() > 20.0 * allowance);
            if (got - wanted).abs() > allowance + 1e-3 * wanted.abs() {
                wrong.push(format!("{at}: {name}[{index}] is {got}, the slope {wanted}"));
            }
        }
        if clear < 3 {
            wrong.push(format!("{at}: only {clear} slopes are clear"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Logits in tiles are the same numbers summed in another order.
#[test]
fn tiles_have_the_same_losses_and_gradients() {
    let of_words = cases().into_iter().filter(|(world, method, _)| {
        [Words, Causal].contains(world) && ["kd", "cross_entropy", "logits", "dkd", "atkd"].contains(method)
    });
    for (world, method, settings) in of_words {
        let (mut setting, point) = Setting::new(world, method, &settings);
        let whole = (setting.value(&point), setting.gradient(&point));
        setting.tiled = true;
        let tiles = (setting.value(&point), setting.gradient(&point));
        let at = format!("{world:?} {method} {settings}");
        assert!((whole.0 - tiles.0).abs() < 1e-5 * whole.0.abs().max(1.0), "{at}: {} {}", whole.0, tiles.0);
        for ((name, whole), (_, tiles)) in whole.1.iter().zip(&tiles.1) {
            let apart = whole.iter().zip(tiles).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
            let most = whole.iter().fold(1.0, |most: f32, x| most.max(x.abs()));
            assert!(apart < 2e-5 * most, "{at}: {name} is {apart} apart");
        }
    }
}

#[test]
fn every_method_and_every_matrix_is_looked_at() {
    for entry in METHODS {
        assert!(cases().iter().any(|(_, method, _)| *method == entry.name), "{} has no case", entry.name);
    }
    let wanted = cases().into_iter().filter(|(_, _, settings)| settings["projection"] == true);
    for (world, method, settings) in wanted {
        let (_, point) = Setting::new(world, method, &settings);
        assert_eq!(point.matrices.len(), 2, "{method} {settings}: a weight and a bias");
    }
}
