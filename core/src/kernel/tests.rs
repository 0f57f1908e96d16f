//! Kernels against their twins and against Burn's own operations, on the CPU and on whatever
//! adapter there is.

use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use pollster::block_on;
use retort_shaders::{dropout as dropout_twin, logit_rows::Rows, noise, ranks as ranks_twin};

use super::{Divergence, composed, dropout, fits, logit_rows, ranks};
use crate::platform::{self, Adapter};

/// The CPU, and the GPU if there is one. Its absence is said aloud, and is a failure when
/// `RETORT_REQUIRE_GPU=1` asks for one.
pub fn devices() -> Vec<(&'static str, Device)> {
    let mut devices = vec![("cpu", Device::flex())];
    let adapters = block_on(platform::adapters()).unwrap();
    match adapters.iter().find(|adapter| adapter.api != "cpu") {
        Some(adapter) => {
            let opened = block_on(platform::open(adapter.api.parse().unwrap())).unwrap();
            println!("on {}", opened.adapter.name);
            devices.push(("gpu", opened.device));
        }
        None => {
            let required = std::env::var("RETORT_REQUIRE_GPU").is_ok_and(|value| value == "1");
            assert!(!required, "RETORT_REQUIRE_GPU=1, but there is no adapter");
            println!("SKIPPED on the GPU: no adapter on this machine");
        }
    }
    devices
}

fn random(rows: usize, classes: usize, temperature: f64) -> Rows {
    let logits = |seed| noise(seed, rows * classes).iter().map(|x| x * 3.0).collect();
    let label = |row| if row % 5 == 4 { -100 } else { (row * 7 % classes) as i32 };
    let labels = (0..rows).map(label).collect();
    let divergence = Divergence::Kl;
    Rows { student: logits(1), teacher: Some(logits(2)), labels, classes, temperature, divergence }
}

/// The terms of every row with a gradient, one below the other.
type Terms = fn(Tensor<2>, Option<Tensor<2>>, Tensor<1, Int>, &Rows) -> Vec<Tensor<1>>;

fn fused(student: Tensor<2>, teacher: Option<Tensor<2>>, labels: Tensor<1, Int>, rows: &Rows) -> Vec<Tensor<1>> {
    let terms = logit_rows(student, teacher, labels, rows.temperature, rows.divergence);
    vec![terms.divergence, terms.target, terms.rest, terms.hard]
}

fn plain(student: Tensor<2>, teacher: Option<Tensor<2>>, labels: Tensor<1, Int>, rows: &Rows) -> Vec<Tensor<1>> {
    let terms = composed::terms(student, teacher, labels, rows.temperature, rows.divergence);
    vec![terms.divergence, terms.target, terms.rest, terms.hard]
}

fn matrix(values: &[f32], rows: &Rows, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [rows.labels.len(), rows.classes]), device)
}

pub fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// The four terms of every row, `[4, rows]`, and the gradient of Σ `upstream` · terms.
fn run(terms: Terms, rows: &Rows, upstream: &[f32], device: &Device) -> (Vec<f32>, Vec<f32>) {
    let graph = device.clone().autodiff();
    let student = matrix(&rows.student, rows, &graph).require_grad();
    let teacher = rows.teacher.as_ref().map(|teacher| matrix(teacher, rows, &graph));
    let labels = Tensor::from_data(TensorData::new(rows.labels.clone(), [rows.labels.len()]), &graph);
    let stacked: Tensor<2> = Tensor::stack(terms(student.clone(), teacher, labels, rows), 0);
    let upstream = Tensor::from_data(TensorData::new(upstream.to_vec(), stacked.dims()), &graph);
    let gradients = (stacked.clone() * upstream).sum().backward();
    (host(stacked.inner()), host(student.grad(&gradients).unwrap()))
}

/// Within 2e-5 of each other, absolutely and relatively. NaN is close to nothing.
#[track_caller]
fn close(at: &str, got: &[f32], wanted: &[f64]) {
    assert_eq!(got.len(), wanted.len(), "{at}");
    for (index, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        let off = (*got as f64 - wanted).abs();
        assert!(off <= 2e-5 * (1.0 + wanted.abs()), "{at}, number {index}: {got} is not {wanted}");
    }
}

/// What the kernel and Burn make of `rows` is what the twin makes of them.
fn agree(at: &str, rows: &Rows, device: &Device) {
    let count = rows.labels.len();
    let upstream = noise(3, 4 * count);
    for (who, terms) in [("kernel", fused as Terms), ("composed", plain)] {
        let (terms, gradient) = run(terms, rows, &upstream, device);
        close(&format!("{who}, {at}"), &terms, &rows.stats()[..4 * count]);
        close(&format!("{who}, {at}"), &gradient, &rows.gradient(&upstream));
    }
}

#[test]
fn terms_and_gradients_are_the_twins_and_the_composed_ones() {
    for (name, device) in devices() {
        for (count, classes, temperature) in
            [(1, 2, 1.0), (5, 3, 2.0), (257, 2, 4.0), (39, 5, 0.5), (24, 1_058, 2.0), (3, 4_097, 1.0), (70_000, 2, 2.0)]
        {
            for teaches in [true, false] {
                let mut rows = random(count, classes, temperature);
                rows.teacher = rows.teacher.filter(|_| teaches);
                agree(&format!("{name}, {count} × {classes} at {temperature}, teacher: {teaches}"), &rows, &device);
            }
        }
    }
}

#[test]
fn every_divergence_is_the_twins_and_the_composed_one() {
    for (name, device) in devices() {
        for divergence in Divergence::ALL {
            for (count, classes, temperature) in [(30, 2, 1.0), (12, 7, 2.0), (9, 1_058, 1.0)] {
                let rows = Rows { divergence, ..random(count, classes, temperature) };
                agree(&format!("{name}, {divergence:?}, {count} × {classes}"), &rows, &device);
            }
        }
    }
}

#[test]
fn a_row_without_a_label_still_learns_from_its_teacher() {
    for (name, device) in devices() {
        let mut rows = random(3, 6, 2.0);
        rows.labels = vec![-1; 3];
        let upstream = noise(3, 12);
        let (terms, gradient) = run(fused, &rows, &upstream, &device);
        close(name, &terms, &rows.stats()[..12]);
        close(name, &gradient, &rows.gradient(&upstream));
        assert!(terms[..3].iter().all(|&x| x > 0.0) && terms[3..].iter().all(|&x| x == 0.0), "{name}: {terms:?}");
    }
}

#[test]
fn the_uncertainty_is_the_teachers_probability_of_every_other_class() {
    for (name, device) in devices() {
        let rows = random(20, 7, 2.0);
        let student = matrix(&rows.student, &rows, &device);
        let teacher = matrix(rows.teacher.as_ref().unwrap(), &rows, &device);
        let labels = Tensor::from_data(TensorData::new(rows.labels.clone(), [20]), &device);
        let terms = logit_rows(student.clone(), Some(teacher.clone()), labels.clone(), 2.0, Divergence::Kl);
        let [_, _, wanted] = composed::split(student, teacher, labels, 2.0, Divergence::Kl);
        close(name, &host(terms.doubt.clone()), &rows.stats()[80..100]);
        let counted = |values: Vec<f32>| -> Vec<f32> {
            values.into_iter().zip(&rows.labels).filter(|(_, label)| **label != -100).map(|(x, _)| x).collect()
        };
        let wanted: Vec<f64> = counted(host(wanted)).iter().map(|&x| x as f64).collect();
        close(name, &counted(host(terms.uncertainty())), &wanted);
    }
}

#[test]
fn masks_huge_logits_and_left_out_rows_stay_finite() {
    for (name, device) in devices() {
        for mask in [-1e4, f32::MIN, f32::NEG_INFINITY] {
            let mut rows = random(10, 40, 2.0);
            for at in (0..400).filter(|at| at % 40 >= 38) {
                rows.student[at] = mask;
                rows.teacher.as_mut().unwrap()[at] = mask;
            }
            rows.student[41] = 1e4;
            rows.labels = vec![3, -100, 5, 0, -100, 1, 2, 3, 4, 37];
            let upstream = [1.0; 40];
            let (terms, gradient) = run(fused, &rows, &upstream, &device);
            close(&format!("{name} {mask:e}"), &terms, &rows.stats()[..40]);
            close(&format!("{name} {mask:e}"), &gradient, &rows.gradient(&upstream));
            assert!(gradient[40..80].iter().all(|&x| x == 0.0), "{name}: row 1 is left out");
        }
    }
}

#[test]
fn what_diverged_shows() {
    for (name, device) in devices() {
        let mut rows = random(3, 4, 1.0);
        rows.student[1] = f32::NAN;
        rows.labels = vec![0, 4, 2]; // 4 is no class
        let (terms, gradient) = run(fused, &rows, &[1.0; 12], &device);
        let nan = |row: usize| [0, 3, 6, 9].iter().all(|term| terms[term + row].is_nan());
        assert_eq!([nan(0), nan(1), nan(2)], [true, true, false], "{name}: {terms:?}");
        assert!(gradient[..8].iter().all(|x| x.is_nan()), "{name}: {gradient:?}");
        assert!(gradient[8..].iter().all(|x| x.is_finite()), "{name}: {gradient:?}");
    }
}

#[test]
fn a_student_that_is_its_own_teacher_is_at_its_goal() {
    for (name, device) in devices() {
        let rows = random(6, 33, 2.0);
        let student = matrix(&rows.student, &rows, &device.clone().autodiff()).require_grad();
        let labels = Tensor::zeros([6], &device.clone().autodiff());
        let terms = logit_rows(student.clone(), Some(student.clone()), labels, 2.0, Divergence::Kl);
        let gradients = terms.divergence.clone().sum().backward();
        assert_eq!(host(terms.divergence.inner()), [0.0; 6], "{name}");
        let gradient = host(student.grad(&gradients).unwrap());
        assert!(gradient.iter().all(|x| x.abs() < 1e-7), "{name}: {gradient:?}");
    }
}

#[test]
fn inputs_may_be_views_and_in_the_middle_of_a_graph() {
    for (name, device) in devices() {
        // Logits 2x + 1 of a transposed x; the teacher comes from the plain device.
        let rows = random(7, 12, 2.0);
        let doubled = |values: &[f32]| values.iter().map(|x| 2.0 * x + 1.0).collect::<Vec<f32>>();
        let graph = device.clone().autodiff();
        let x = matrix(&rows.student, &rows, &graph).transpose();
        let x = Tensor::<2>::from_data(x.into_data(), &graph).require_grad();
        let teacher = matrix(rows.teacher.as_ref().unwrap(), &rows, &device) * 2.0 + 1.0;
        let labels = Tensor::from_data(TensorData::new(rows.labels.clone(), [7]), &graph);
        let student = x.clone().transpose() * 2.0 + 1.0;
        let terms = logit_rows(student, Some(Tensor::from_inner(teacher)), labels, 2.0, Divergence::Kl);
        let gradients = (terms.divergence.clone() * 3.0).sum().backward();

        let mut wanted = rows.clone();
        wanted.student = doubled(&rows.student);
        wanted.teacher = Some(doubled(rows.teacher.as_ref().unwrap()));
        close(name, &host(terms.divergence.inner()), &wanted.stats()[..7]);
        let upstream = [[3.0f32; 7], [0.0; 7], [0.0; 7], [0.0; 7]].concat();
        let slopes: Vec<f64> = wanted.gradient(&upstream).iter().map(|slope| 2.0 * slope).collect();
        close(name, &host(x.grad(&gradients).unwrap().transpose()), &slopes);
    }
}

#[test]
fn ranks_are_the_twins() {
    for (name, device) in devices() {
        let groups: Vec<i32> = (0..900).map(|at| at * 7 % 5 - 1).collect();
        let mut values = noise(6, 900);
        values[300..350].fill(0.5);
        let at = Tensor::<1>::from_data(TensorData::new(values.clone(), [900]), &device);
        let members = Tensor::<1, Int>::from_data(TensorData::new(groups.clone(), [900]), &device);
        let got = ranks(at, members).map(host).concat();
        assert_eq!(got, ranks_twin::ranks(&values, &groups), "{name}");
    }
}

#[test]
fn logits_that_do_not_fit_are_refused_in_words() {
    let adapter = Adapter {
        name: "Small".into(),
        api: "vulkan".into(),
        kind: "integrated".into(),
        max_binding_bytes: 128 << 20,
        ..block_on(platform::open(platform::DeviceChoice::Cpu)).unwrap().adapter
    };
    // 1,024 rows of 32,768 classes are 2²⁵ numbers, 128 MiB: exactly what fits.
    fits(&adapter, 1_024, 32_768).unwrap();
    let refused = fits(&adapter, 1_025, 32_768).unwrap_err().to_string();
    assert!(refused.contains("Small: the logits of 1025 rows and 32768 classes take 129 MiB"), "{refused}");
}

#[test]
fn dropout_draws_the_same_mask_everywhere_and_backwards() {
    for (name, device) in devices() {
        for count in [1, 1_000, 16_777_217] {
            let x = noise(4, count);
            let wanted = dropout_twin::dropout(&x, 0.1, 11);
            let graph = device.clone().autodiff();
            let x = Tensor::<1>::from_data(TensorData::new(x, [count]), &graph).require_grad();
            let y = dropout(x.clone(), 0.1, 11);
            let gradients = (y.clone() * 2.0).sum().backward();
            assert!(host(y.inner()) == wanted, "{name}: {count} numbers are not the twin's");
            let slopes = dropout_twin::dropout(&vec![2.0; count], 0.1, 11);
            assert!(host(x.grad(&gradients).unwrap()) == slopes, "{name}: the backward mask of {count} differs");
        }
    }
}

#[test]
fn dropout_keeps_the_share_and_the_place_of_numbers() {
    for (name, device) in devices() {
        let x = Tensor::<3>::ones([10, 100, 100], &device);
        let kept = host(dropout(x.clone(), 0.3, 5));
        // Five standard deviations: 5 · √(0.3 · 0.7 / 100,000) = 0.0072.
        let share = kept.iter().filter(|&&x| x > 0.0).count() as f64 / 1e5;
        assert!((share - 0.7).abs() < 0.0072, "{name}: {share}");
        // A view counts positions in its own order.
        let turned = host(dropout(x.swap_dims(0, 2), 0.3, 5));
        assert_eq!(kept, turned, "{name}");
    }
}

#[test]
fn no_dropout_is_the_tensor_itself_and_full_dropout_is_zero() {
    for (name, device) in devices() {
        let x = Tensor::<2>::random([3, 5], Distribution::Default, &device);
        assert_eq!(host(dropout(x.clone(), 0.0, 1)), host(x.clone()), "{name}");
        assert_eq!(host(dropout(x, 1.0, 1)), [0.0; 15], "{name}");
    }
}
