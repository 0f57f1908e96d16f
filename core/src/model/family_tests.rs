//! What must hold of every family, on checkpoints small enough for it.

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData, activation::log_softmax},
};

use super::{
    Config, Family, Gates, Model, Trace, Wants, Whole, memory_estimate,
    tests::{Rows, devices, values},
};
use crate::checkpoint::{load_model, new_model, read_dir};

const CHECKPOINTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/conformance/checkpoints");

const CAUSAL: [&str; 4] = ["gpt2", "opt", "gpt_neox", "llama"];

const SHORT: &[i32] = &[11, 7, 9];
const LONG: &[i32] = &[11, 5, 6, 30, 31, 32, 33, 12];

fn load(family: &str, device: &Device) -> Model {
    let files = pollster::block_on(read_dir(&format!("{CHECKPOINTS}/{family}"))).unwrap();
    load_model(family, &files, device).unwrap()
}

fn look(model: &Model, rows: &Rows, gates: Option<&Gates>, noise: Option<u64>) -> Trace {
    model.forward(rows.inputs(), &Wants::ALL, gates, noise)
}

fn apart(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max)
}

#[test]
fn a_text_alone_and_padded_beside_another_has_the_same_logits() {
    for device in devices() {
        for family in CAUSAL {
            let model = load(family, &device);
            let size = model.config().vocab_size;
            let of = |texts: &[&[i32]], length| {
                values(look(&model, &Rows::new(texts, length, &device), None, None).logits())
            };
            let together = of(&[LONG, SHORT], 10);
            assert!(apart(&of(&[LONG], 8), &together[..8 * size]) < 1e-5, "{family} on {device:?}");
            assert!(apart(&of(&[SHORT], 3), &together[10 * size..13 * size]) < 1e-5, "{family} on {device:?}");
        }
    }
}

#[test]
fn a_later_token_changes_nothing_before_it() {
    let device = Device::flex();
    for family in CAUSAL {
        let model = load(family, &device);
        let size = model.config().vocab_size;
        let changed: Vec<i32> = LONG[..5].iter().copied().chain([99, 33, 12]).collect();
        let of = |text: &[i32]| values(look(&model, &Rows::new(&[text], 8, &device), None, None).logits());
        let (before, after) = (of(LONG), of(&changed));
        assert!(apart(&before[..5 * size], &after[..5 * size]) < 1e-6, "{family}");
        assert!(apart(&before[5 * size..], &after[5 * size..]) > 1e-3, "{family}");
    }
}

#[test]
fn a_trace_has_the_shapes_and_scores_that_it_promises() {
    let device = Device::flex();
    for family in CAUSAL.into_iter().chain(["distilbert"]) {
        let model = load(family, &device);
        let config = model.config();
        let (heads, size, width) = (config.num_attention_heads, config.head_size(), config.hidden_size);
        let trace = look(&model, &Rows::new(&[SHORT, LONG], 8, &device), None, None);
        assert_eq!(trace.embeddings.unwrap().dims(), [2, 8, width], "{family}");
        assert_eq!(trace.layers.len(), config.num_hidden_layers);
        let layer = &trace.layers[1];
        let [q, k, v] = [&layer.q, &layer.k, &layer.v].map(|x| x.clone().unwrap());
        assert!([&q, &k, &v].iter().all(|x| x.dims() == [2, heads, 8, size]), "{family}");
        let scores = values(q.matmul(k.transpose()) / (size as f64).sqrt());
        assert!(apart(&scores, &values(layer.scores.clone().unwrap())) < 1e-5, "{family}");
        // [batch, heads, query, key]: what is seen of the short text sums to one.
        let probs = values(layer.probs.clone().unwrap());
        let causal = !config.family.is_encoder();
        for (query, row) in probs.chunks(8).take(3).enumerate() {
            let seen = if causal { query + 1 } else { 3 };
            assert!((row[..seen].iter().sum::<f32>() - 1.0).abs() < 1e-5, "{family}: {row:?}");
            assert!(row[seen..].iter().all(|prob| *prob == 0.0), "{family}: {row:?}");
        }
        assert_eq!(layer.hidden.clone().unwrap().dims(), [2, 8, width], "{family}");
        assert_eq!(trace.pooled.is_some(), !causal, "{family}");

        let trace = model.forward(Rows::new(&[SHORT], 3, &device).inputs(), &Wants::default(), None, None);
        let layer = &trace.layers[0];
        assert!(layer.q.is_none() && layer.scores.is_none() && layer.probs.is_none() && layer.hidden.is_none());
    }
}

#[test]
fn dropout_follows_its_seed() {
    for device in devices() {
        for family in ["distilbert", "gpt2", "opt", "gpt_neox", "llama"] {
            let config = load(family, &device).config().with_dropout(0.3);
            let model = new_model(&config, 5, &device).unwrap();
            let rows = Rows::new(&[SHORT, LONG], 8, &device);
            let of = |noise| values(look(&model, &rows, None, noise).logits());
            assert_eq!(of(Some(1)), of(Some(1)), "{family} on {device:?}");
            assert!(apart(&of(Some(1)), &of(Some(2))) > 1e-4, "{family} on {device:?}");
            assert!(apart(&of(Some(1)), &of(None)) > 1e-4, "{family} on {device:?}");
        }
    }
}

#[test]
fn gates_at_one_change_nothing_and_their_slopes_are_finite_differences() {
    let device = Device::flex().autodiff();
    for family in CAUSAL.into_iter().chain(["distilbert"]) {
        let model = load(family, &device);
        let rows = Rows::new(&[SHORT, LONG], 8, &device);
        let free = values(look(&model, &rows, None, None).logits());
        let ones = || Gates::ones(model.config(), [1, 1], &device);
        assert!(apart(&free, &values(look(&model, &rows, Some(&ones()), None).logits())) < 1e-6, "{family}");
        let loss =
            |gates: &Gates| log_softmax(look(&model, &rows, Some(gates), None).logits(), 1).narrow(1, 0, 1).sum();
        let gates = ones().require_grad();
        let gradients = loss(&gates).backward();
        for (of, width) in [(0, model.config().num_attention_heads), (1, model.config().intermediate_size)] {
            let pick = |gates: &Gates| [gates.heads[1].clone(), gates.neurons[1].clone()][of].clone();
            let slopes = values(pick(&gates).grad(&gradients).unwrap());
            assert_eq!(slopes.len(), width, "{family}");
            for unit in [0, width - 1] {
                let at = |step: f32| {
                    let mut gate = vec![1.0; width];
                    gate[unit] += step;
                    let mut shifted = ones();
                    let gate = Tensor::from_data(TensorData::new(gate, [1, 1, width]), &device);
                    [&mut shifted.heads, &mut shifted.neurons][of][1] = gate;
                    f64::from(loss(&shifted).into_scalar::<f32>())
                };
                let slope = (at(0.05) - at(-0.05)) / 0.1;
                let error = (slope - f64::from(slopes[unit])).abs();
                assert!(error < 5e-3 + 2e-2 * slope.abs(), "{family}: {slope} {}", slopes[unit]);
            }
        }
    }
}

#[test]
fn every_parameter_has_its_name_and_counts_in_the_estimate() {
    for family in Family::ALL {
        let facts = family.facts();
        let config = load(facts.model_type, &Device::flex()).config().clone();
        let model = Model::empty("test", &config, &Device::flex()).unwrap();
        let names: Vec<String> = model.named().into_iter().map(|(name, _)| name).collect();
        let head = ["lm_head.weight", "classifier.", "pre_classifier."];
        for name in &names {
            assert!(name.starts_with(facts.prefix) || head.iter().any(|head| name.starts_with(head)), "{name}");
        }
        assert!(names.iter().any(|name| name.starts_with(&format!("{}1.", facts.layer))), "{names:?}");
        // Four numbers of four bytes for each that is learned, and more.
        let estimate = memory_estimate(None, &config, 1, 2, 8, Whole { logits: true, maps: true });
        assert!(estimate.bytes_total > 16 * model.num_params() as u64, "{family:?}");
    }
}

#[test]
fn a_student_of_another_shape_runs() {
    let device = Device::flex();
    for family in CAUSAL.into_iter().chain(["distilbert"]) {
        let teacher = load(family, &device);
        let config: Config = teacher.config().with_shape(1, 16, 2, 20, 0.1);
        let student = new_model(&config, 1, &device).unwrap();
        let trace = look(&student, &Rows::new(&[SHORT], 3, &device), None, None);
        assert_eq!(trace.layers.len(), 1, "{family}");
        assert_eq!(trace.layers[0].hidden.as_ref().unwrap().dims(), [1, 3, 16], "{family}");
        let theirs = look(&teacher, &Rows::new(&[SHORT], 3, &device), None, None);
        assert_eq!(trace.logits().dims(), theirs.logits().dims(), "{family}");
    }
}
