//! Losses worked by hand, and finite differences.

use burn::tensor::{Device, Int, Tensor, TensorData};
use retort_shaders::noise;

use super::*;
use crate::kernel::{Divergence, logit_rows};

fn tensor<const D: usize>(values: &[f32], shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
}

fn integers(values: &[i32]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &Device::flex())
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

#[track_caller]
fn close(got: &[f32], wanted: &[f64]) {
    assert_eq!(got.len(), wanted.len());
    for (got, wanted) in got.iter().zip(wanted) {
        assert!((*got as f64 - wanted).abs() < 1e-6 * (1.0 + wanted.abs()), "{got} is not {wanted}");
    }
}

#[test]
fn padding_counts_in_no_loss_of_states() {
    // Two tokens of width 2 and a padding full of nonsense.
    let t = tensor(&[1.0, 0.0, 0.0, 2.0, 9.0, 9.0], [1, 3, 2]);
    let s = tensor(&[0.0, 1.0, 0.0, 1.0, -5.0, 7.0], [1, 3, 2]);
    let mask = tensor(&[1.0, 1.0, 0.0], [1, 3]);
    // Squares 1, 1, 0, 1 over 2 tokens · 2; cosines 0 and 1.
    close(&host(hidden_mse(t.clone(), s.clone(), &mask)), &[0.75]);
    close(&host(hidden_cosine(t.clone(), s.clone(), &mask)), &[0.5]);
    // Unit vectors (1, 0) and (0, 1): 1 + 1.
    close(&host(first_token_mse(t, s)), &[2.0]);
}

#[test]
fn padding_is_neither_query_nor_key() {
    // One head, one real token of two: its only real key is itself, so both attend alike.
    let t = tensor(&[1.0, 5.0, 2.0, 3.0], [1, 1, 2, 2]);
    let s = tensor(&[3.0, -5.0, 0.0, 1.0], [1, 1, 2, 2]);
    let one = tensor(&[1.0, 0.0], [1, 2]);
    close(&host(scores_mse(t.clone(), s.clone(), &one)), &[4.0]);
    close(&host(attention_kl(t.clone(), s.clone(), &one, false)), &[0.0]);
    // Both real: differences −2, 10, 2, 2 make (4 + 100 + 4 + 4) / 4.
    let both = tensor(&[1.0, 1.0], [1, 2]);
    close(&host(scores_mse(t.clone(), s.clone(), &both)), &[28.0]);
    // Causally the first token sees itself alone, and the second row's scores differ by one in both.
    let wanted = {
        let [p, q] = [[2.0f64, 3.0], [0.0, 1.0]].map(|row| 1.0 / (1.0 + (row[1] - row[0]).exp()));
        (p * (p / q).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln()) / 2.0
    };
    close(&host(attention_kl(t, s, &both, true)), &[wanted]);
}

#[test]
fn relations_regroup_the_heads() {
    // Two heads of size 1, two tokens: (1, 2) and (3, 4) head by head. As one head of size 2:
    // token 0 = (1, 3), token 1 = (2, 4).
    let x = tensor(&[1.0, 2.0, 3.0, 4.0], [1, 2, 2, 1]);
    let scores = host(relations(x, 1));
    let root = 2f64.sqrt();
    close(&scores, &[10.0 / root, 14.0 / root, 14.0 / root, 20.0 / root]);
}

#[test]
fn logits_are_as_sure_as_their_distributions() {
    // p = (1/4, 3/4): variance (1/16 + 1/16) / 2; entropy of a quarter.
    let [variance, entropy] = confidence(tensor(&[0.0, 3f32.ln()], [1, 2]));
    close(&host(variance), &[0.0625]);
    close(&host(entropy), &[-(0.25 * 0.25f64.ln() + 0.75 * 0.75f64.ln())]);
}

#[test]
fn a_teacher_that_errs_weighs_less() {
    // CE ln 2 of an undecided teacher, ln 4 of one that gives the label a quarter.
    let teachers = [tensor(&[0.0, 0.0], [1, 2]), tensor(&[3f32.ln(), 0.0], [1, 2])];
    let student = tensor(&[0.0, 0.0], [1, 2]);
    let [two, four] = [2f64, 4.0].map(f64::ln);
    let (loss, weights) = blended(&teachers, student.clone(), integers(&[1]), 1.0, Blend::Weighted, 1);
    close(&host(Tensor::cat(weights, 0)), &[1.0 / (1.0 + two), 1.0 / (1.0 + four)]);
    // Against an undecided student every soft cross-entropy is ln 2.
    close(&host(loss), &[two / (1.0 + two) + two / (1.0 + four)]);
    for blend in [Blend::Losses, Blend::Logits] {
        let (loss, _) = blended(&teachers, student.clone(), integers(&[1]), 1.0, blend, 1);
        close(&host(loss), &[two]);
    }
}

#[test]
fn tokens_are_split_by_the_teachers_uncertainty() {
    let split = |k: f64, values: &[f32], groups: &[i32]| {
        let groups = integers(groups);
        let atkd = Atkd { lambda: 0.2, k };
        atkd.split(tensor(values, [values.len()]), &groups).map(host)
    };
    // Of 0.1, 0.3, 0.4, 0.9 (the 0.7 does not count) the threshold is number ⌊0.5 · 3⌋ = 1: 0.3.
    let [hard, easy] = split(0.5, &[0.4, 0.1, 0.7, 0.3, 0.9], &[0, 0, -1, 0, 0]);
    assert_eq!((hard, easy), (vec![1.0, 0.0, 0.0, 1.0, 1.0], vec![0.0, 1.0, 0.0, 0.0, 0.0]));
    // All are hard at k = 1; only the largest at k = 0; ties go to the hard ones.
    assert_eq!(split(1.0, &[0.4, 0.1], &[0, 0])[0], [1.0, 1.0]);
    assert_eq!(split(0.0, &[0.4, 0.1, 0.4], &[0, 0, 0])[0], [1.0, 0.0, 1.0]);
    // Two texts, each for itself; a text of one token has a hard one.
    assert_eq!(split(0.5, &[0.9, 0.8, 0.1, 0.2, 0.3], &[0, 0, 1, 1, 2])[0], [1.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(split(0.3, &[0.9, 0.8, 0.1, 0.2, 0.3], &[0, 0, 1, 1, 1])[0], [1.0, 1.0, 0.0, 1.0, 1.0]);
}

#[test]
fn one_step_against_the_gradient_of_atkd_reduces_it() {
    let graph = Device::flex().autodiff();
    let student = Tensor::<2>::from_data(TensorData::new(noise(1, 60), [10, 6]), &graph).require_grad();
    let teacher = Tensor::<2>::from_data(TensorData::new(noise(2, 60), [10, 6]), &graph) * 3.0;
    let labels =
        Tensor::<1, Int>::from_data(TensorData::new((0..10).map(|x| x % 6).collect::<Vec<i32>>(), [10]), &graph);
    let groups = labels.zeros_like();
    let loss = |student: Tensor<2>| {
        let terms = logit_rows(student, Some(teacher.clone()), labels.clone(), 1.0, Divergence::Kl);
        Atkd::default().of(&terms, &groups)
    };
    let before = loss(student.clone());
    let gradient = student.grad(&before.backward()).unwrap();
    let after = loss(student.clone() - Tensor::from_inner(gradient) * 0.1);
    let [before, after] = [before, after].map(|loss| host(loss.inner())[0]);
    assert!(after < before && before > 0.0, "{before} {after}");
}

#[test]
fn constants_out_of_range_are_refused() {
    let refused = |loss: LogitLoss| loss.check("objectives.0").unwrap_err().to_string();
    let base = LogitLoss::default();
    assert_eq!(
        refused(LogitLoss { loss: Named::Js, beta: Some(1.5), ..base }),
        "objectives.0.beta: wanted a number from 0 to 1, found 1.5"
    );
    assert!(refused(LogitLoss { loss: Named::SkewKl, alpha: Some(1.0), ..base }).contains("below 1, found 1"));
    assert!(refused(LogitLoss { loss: Named::Tvd, alpha: Some(0.1), ..base }).contains("no such constant"));
    assert!(refused(LogitLoss { temperature: 0.0, ..base }).contains("a number above 0, found 0"));
    let atkd = |lambda, k| Atkd { lambda, k }.check("objectives.0").unwrap_err().to_string();
    assert_eq!(atkd(0.2, 1.1), "objectives.0.k: wanted a number from 0 to 1, found 1.1");
    assert_eq!(atkd(-0.1, 0.5), "objectives.0.lambda: wanted a number from 0 to 1, found -0.1");
}

#[test]
fn a_mixture_without_one_of_its_parts_is_the_other() {
    let js = |beta| LogitLoss { loss: Named::Js, beta: Some(beta), ..LogitLoss::default() }.divergence();
    assert_eq!([js(0.0), js(1.0), js(0.5)], [Divergence::Kl, Divergence::ReverseKl, Divergence::Js(0.5)]);
}
