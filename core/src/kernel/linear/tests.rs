//! The tiles' way against the whole way: the same terms, and the same gradients of any function of
//! them.

use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use retort_shaders::{
    logit_rows::{LEFT_OUT, UNLABELLED},
    noise,
};

use super::*;
use crate::{
    kernel::{
        fits, logit_rows,
        tests::{devices, host},
    },
    loss::Atkd,
};

/// What a pair of heads is made of.
#[derive(Clone, Copy)]
struct Sizes {
    rows: usize,
    vocabulary: usize,
    /// Student's and teacher's.
    widths: [usize; 2],
    /// Whether they have a bias.
    biased: bool,
}

struct Given {
    student: Linear,
    teacher: Linear,
    labels: Tensor<1, Int>,
}

fn matrix(seed: u64, shape: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(noise(seed, shape[0] * shape[1]), shape), device) * 2.0
}

impl Sizes {
    /// Student on the graph and teacher off it; of the labels some are left out and some absent.
    fn given(self, device: &Device) -> Given {
        let graph = device.clone().autodiff();
        let Self { rows, vocabulary, widths, biased } = self;
        let linear = |seed, width, on: &Device| Linear {
            hidden: matrix(seed, [rows, width], on),
            weight: matrix(seed + 1, [vocabulary, width], on),
            bias: biased.then(|| matrix(seed + 2, [1, vocabulary], on).flatten(0, 1)),
        };
        let student = linear(1, widths[0], &graph);
        let student = Linear {
            hidden: student.hidden.require_grad(),
            weight: student.weight.require_grad(),
            bias: student.bias.map(Tensor::require_grad),
        };
        let label = |row: usize| match row % 5 {
            2 => LEFT_OUT,
            4 => UNLABELLED,
            _ => (row * 37 % vocabulary) as i32,
        };
        let labels = TensorData::new((0..rows).map(label).collect::<Vec<_>>(), [rows]);
        Given { student, teacher: linear(5, widths[1], device), labels: Tensor::from_data(labels, &graph) }
    }
}

/// The logits of all rows at once.
fn logits(linear: &Linear) -> Tensor<2> {
    let logits = linear.hidden.clone().matmul(linear.weight.clone().transpose());
    match &linear.bias {
        Some(bias) => logits + bias.clone().unsqueeze_dim(0),
        None => logits,
    }
}

/// Terms that ATKD rearranges, beside each of them alone.
fn combined(terms: &RowTerms, labels: &Tensor<1, Int>) -> Tensor<1> {
    let groups = labels.clone().greater_equal_elem(0).int() - 1;
    let atkd = Atkd::default().of(terms, &groups);
    let weights = |seed| {
        let count = terms.hard.dims()[0];
        Tensor::<1>::from_data(TensorData::new(noise(seed, count), [count]), &terms.hard.device())
    };
    let alone = [&terms.divergence, &terms.target, &terms.rest, &terms.hard];
    let sums = alone.into_iter().zip(20..).map(|(term, seed)| (term.clone() * weights(seed)).sum());
    sums.fold(atkd, |sum, term| sum + term)
}

/// The terms, and the gradients of the student's tensors.
fn outcome(given: &Given, terms: RowTerms) -> Vec<(&'static str, Vec<f32>)> {
    let gradients = combined(&terms, &given.labels).backward();
    let Linear { hidden, weight, bias } = &given.student;
    let mut outcome = vec![
        ("divergence", host(terms.divergence.inner())),
        ("target", host(terms.target.inner())),
        ("rest", host(terms.rest.inner())),
        ("hard", host(terms.hard.inner())),
        ("doubt", host(terms.doubt.inner())),
        ("hidden", host(hidden.grad(&gradients).unwrap())),
        ("weight", host(weight.grad(&gradients).unwrap())),
    ];
    outcome.extend(bias.iter().map(|bias| ("bias", host(bias.grad(&gradients).unwrap()))));
    outcome
}

/// How far apart numbers of two ways are, as a share of what is allowed. Terms are differences of
/// logarithms of about 10, each rounded by up to 5e-7: 5e-6, and 2e-5 of their own size, as the row
/// kernel has against its twin. Gradients are sums over rows or the vocabulary in another order: 3e-5
/// of the largest.
fn apart(name: &str, got: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(got.len(), wanted.len(), "{name}");
    let largest = wanted.iter().fold(0.0f32, |max, x| max.max(x.abs()));
    let slopes = ["hidden", "weight", "bias"].contains(&name);
    let allowed = |wanted: f32| if slopes { 3e-5 * largest } else { 5e-6 + 2e-5 * wanted.abs() };
    // Not by `max`, which would drop a NaN.
    got.iter().zip(wanted).map(|(x, y)| (x - y).abs() / allowed(*y)).fold(0.0, |max, x| if x <= max { max } else { x })
}

#[track_caller]
fn agree(at: &str, tile: TileSize, sizes: Sizes, teaches: bool, divergence: Divergence, device: &Device) {
    let given = sizes.given(device);
    let (t, labels) = (1.5, || given.labels.clone());
    let teacher = teaches.then_some(&given.teacher);
    let got = linear_rows_in(tile, &given.student, teacher, labels(), t, divergence);
    let got = outcome(&given, got);
    let given = sizes.given(device);
    let taught = teaches.then(|| logits(&given.teacher));
    let wanted = outcome(&given, logit_rows(logits(&given.student), taught, labels(), t, divergence));
    for ((name, got), (_, wanted)) in got.iter().zip(&wanted) {
        let apart = apart(name, got, wanted);
        assert!(apart <= 1.0, "{at}, {name}: {apart} times what is allowed");
    }
}

const ODD: Sizes = Sizes { rows: 11, vocabulary: 101, widths: [5, 7], biased: true };

#[test]
fn every_divergence_is_the_one_of_all_logits_at_once() {
    for (name, device) in devices() {
        for divergence in Divergence::ALL {
            let tile = TileSize { rows: 4, classes: 17 };
            agree(&format!("{name} {divergence:?}"), tile, ODD, true, divergence, &device);
        }
    }
}

#[test]
fn any_tile_does() {
    let small = Sizes { rows: 5, vocabulary: 23, ..ODD };
    for (name, device) in devices() {
        for (rows, classes) in [(1, 1), (5, 23), (1, 23), (5, 1), (3, 16), (4, 22), (usize::MAX, usize::MAX)] {
            for divergence in [Divergence::Kl, Divergence::Js(0.4)] {
                let at = format!("{name}, {rows} × {classes}, {divergence:?}");
                agree(&at, TileSize { rows, classes }, small, true, divergence, &device);
            }
        }
    }
}

#[test]
fn odd_sizes_with_and_without_bias_and_teacher() {
    for (name, device) in devices() {
        for (rows, vocabulary, widths) in [(1, 2, [1, 1]), (7, 31, [3, 2]), (65, 1_058, [16, 24]), (6, 5_003, [8, 4])] {
            for (biased, teaches) in [(true, true), (false, true), (true, false), (false, false)] {
                let sizes = Sizes { rows, vocabulary, widths, biased };
                let at = format!("{name}, {rows} × {vocabulary}, bias: {biased}, teacher: {teaches}");
                agree(&at, TileSize { rows: 30, classes: 700 }, sizes, teaches, Divergence::SkewKl(0.1), &device);
            }
        }
    }
}

/// Of a matrix that is used elsewhere too the gradients add up; what is frozen gets none.
#[test]
fn only_what_asks_for_a_gradient_gets_one() {
    for (name, device) in devices() {
        let given = ODD.given(&device);
        let weight = given.student.weight.clone();
        let frozen =
            Linear { hidden: given.student.hidden.clone().set_require_grad(false), bias: None, ..given.student };
        let terms = linear_rows(&frozen, Some(&given.teacher), given.labels.clone(), 1.0, Divergence::Kl);
        let gradients = (terms.divergence.sum() + weight.clone().sum()).backward();
        assert!(frozen.hidden.grad(&gradients).is_none(), "{name}");
        let slopes = host(weight.grad(&gradients).unwrap());
        // Adding the same to every logit of a row changes nothing, so a column's slopes sum to 0,
        // and the other function's are 1 each.
        let sum: f32 = slopes.iter().step_by(5).sum();
        assert!((sum - 101.0).abs() < 1e-3 && slopes.iter().any(|x| (x - 1.0).abs() > 1e-2), "{name}: {sum}");
    }
}

#[test]
fn a_label_that_is_no_class_shows() {
    for (name, device) in devices() {
        let given = ODD.given(&device);
        let labels = Tensor::<1, Int>::from_data(TensorData::new([[101i32, -2], [0, 100]].concat(), [4]), &device);
        let rows = |x: &Linear| Linear { hidden: x.hidden.clone().narrow(0, 0, 4), ..x.clone() };
        let tile = TileSize { rows: 3, classes: 40 };
        let terms =
            linear_rows_in(tile, &rows(&given.student), Some(&rows(&given.teacher)), labels, 1.0, Divergence::Kl);
        let shows: Vec<bool> = host(terms.hard.inner()).iter().map(|x| x.is_nan()).collect();
        assert_eq!(shows, [true, true, false, false], "{name}");
    }
}

/// GPT-2's vocabulary, in matrices that fit a binding; the logits of all rows would not.
#[test]
fn logits_that_no_binding_takes_are_not_needed() {
    let sizes = Sizes { rows: 700, vocabulary: 50_257, widths: [8, 8], biased: false };
    let found = devices();
    let Some((_, gpu)) = found.iter().find(|(name, _)| *name == "gpu") else { return };
    let adapter = pollster::block_on(crate::platform::adapters()).unwrap();
    let adapter = adapter.iter().find(|adapter| adapter.api != "cpu").unwrap();
    if adapter.max_binding_bytes == 128 << 20 {
        assert!(fits(adapter, sizes.rows, sizes.vocabulary).is_err());
    }
    let run = |device: &Device| {
        let given = sizes.given(device);
        let terms = linear_rows(&given.student, Some(&given.teacher), given.labels.clone(), 2.0, Divergence::Kl);
        outcome(&given, terms)
    };
    let (got, wanted) = (run(gpu), run(&Device::flex()));
    for ((name, got), (_, wanted)) in got.iter().zip(&wanted) {
        let apart = apart(name, got, wanted);
        assert!(apart <= 1.0, "{name}: {apart} times what is allowed");
        assert!(wanted.iter().any(|&x| x != 0.0), "{name}");
    }
}

#[test]
fn memory_does_not_grow_with_rows_times_vocabulary() {
    let tile = TileSize { rows: 1_024, classes: 4_096 };
    let bytes = |rows, vocabulary| tile.bytes(rows, vocabulary, [64, 64]);
    // 4 tiles of 16 MiB, 256 numbers for each row and class of a tile, 64 + 74 for each row.
    assert_eq!(bytes(4_096, 50_257), 4 * ((4 << 22) + 256 * 5_120 + 138 * 4_096));
    assert_eq!(bytes(4_096, 50_257), bytes(4_096, 500_000));
    assert_eq!(bytes(8_192, 50_257) - bytes(4_096, 50_257), 4 * 138 * 4_096);
    // A tile is no larger than what there is: 2 × 3.
    assert_eq!(tile.bytes(2, 3, [1, 1]), 4 * (4 * 6 + 4 * 5 + 75 * 2));
}

#[test]
#[should_panic(expected = "the teacher's width")]
fn a_matrix_of_another_width_is_refused() {
    let given = ODD.given(&Device::flex());
    let weight = Tensor::random([101, 6], Distribution::Default, &Device::flex());
    let teacher = Linear { weight, ..given.teacher };
    linear_rows(&given.student, Some(&teacher), given.labels, 1.0, Divergence::Kl);
}
