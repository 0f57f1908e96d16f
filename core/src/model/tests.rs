//! What must hold of any model, on the CPU device and on a graphics device.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{Config, Gates, Inputs, Model, Trace, Wants};
use crate::{checkpoint::new_model, platform};

/// The CPU device, and the graphics device if there is one.
pub fn devices() -> Vec<Device> {
    let mut devices = vec![Device::flex()];
    let adapters = pollster::block_on(platform::adapters()).unwrap();
    match adapters.iter().find(|adapter| adapter.api != "cpu") {
        Some(adapter) => {
            let opened = pollster::block_on(platform::open(adapter.api.parse().unwrap())).unwrap();
            devices.push(opened.device);
        }
        None => {
            let required = std::env::var("RETORT_REQUIRE_GPU").is_ok_and(|value| value == "1");
            assert!(!required, "RETORT_REQUIRE_GPU=1, but there is no adapter");
            println!("SKIPPED on a graphics device: no adapter on this machine");
        }
    }
    devices
}

/// A small classifier with two layers.
pub fn config() -> Config {
    Config::classifier(40, 16, &["a".into(), "b".into(), "c".into()]).with_shape(2, 16, 4, 24, 0.2)
}

/// A small model whose weights are large enough that everything matters.
pub fn model(device: &Device) -> Model {
    let mut config = config();
    config.initializer_range = 0.4;
    new_model(&config, 5, device).unwrap()
}

pub struct Rows {
    ids: Tensor<2, Int>,
    types: Tensor<2, Int>,
    mask: Tensor<2>,
}

impl Rows {
    /// Sentences, padded on the right to `length`.
    pub fn new(sentences: &[&[i32]], length: usize, device: &Device) -> Self {
        let padded = |fill: &dyn Fn(&[i32], usize) -> i32| -> Vec<i32> {
            sentences.iter().flat_map(|ids| (0..length).map(move |place| fill(ids, place))).collect()
        };
        let shape = [sentences.len(), length];
        let ids = padded(&|ids, place| ids.get(place).copied().unwrap_or(0));
        let types = padded(&|ids, place| i32::from(place >= 2 && place < ids.len()));
        let mask: Vec<f32> = padded(&|ids, place| i32::from(place < ids.len())).iter().map(|&one| one as f32).collect();
        Self {
            ids: Tensor::from_data(TensorData::new(ids, shape), device),
            types: Tensor::from_data(TensorData::new(types, shape), device),
            mask: Tensor::from_data(TensorData::new(mask, shape), device),
        }
    }

    pub fn inputs(&self) -> Inputs<'_> {
        Inputs { ids: &self.ids, types: &self.types, mask: &self.mask }
    }
}

pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

fn look(model: &Model, rows: &Rows, gates: Option<&Gates>, noise: Option<u64>) -> Trace {
    model.forward(rows.inputs(), &Wants::ALL, gates, noise)
}

fn apart(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max)
}

const SHORT: &[i32] = &[1, 7, 9];
const LONG: &[i32] = &[1, 5, 6, 30, 31, 32, 33, 2];
const OTHER: &[i32] = &[1, 12, 2, 21, 2];

#[test]
fn a_sentence_alone_and_padded_among_others_has_the_same_logits() {
    for device in devices() {
        let model = model(&device);
        let of = |sentences: &[&[i32]], length| {
            values(look(&model, &Rows::new(sentences, length, &device), None, None).logits())
        };
        let together = of(&[LONG, SHORT, OTHER], 12);
        let turned = of(&[OTHER, LONG, SHORT], 8);
        for (sentence, here, there) in [(LONG, 0, 1), (SHORT, 1, 2), (OTHER, 2, 0)] {
            let alone = of(&[sentence], sentence.len());
            assert!(apart(&alone, &together[3 * here..][..3]) < 1e-5, "{device:?}");
            assert!(apart(&alone, &turned[3 * there..][..3]) < 1e-5, "{device:?}");
        }
        assert!(apart(&together[..3], &together[3..6]) > 1e-2, "the sentences differ");
    }
}

#[test]
fn padding_gets_no_attention_and_an_empty_sentence_is_no_nan() {
    for device in devices() {
        let model = model(&device);
        let trace = look(&model, &Rows::new(&[SHORT, &[]], 4, &device), None, None);
        // [batch, heads, query, key]
        let probs = values(trace.layers[1].probs.clone().unwrap());
        for row in probs.chunks(4).take(4 * 4) {
            assert_eq!(row[3], 0.0);
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        assert!(values(trace.logits()).iter().all(|logit| logit.is_finite()), "{device:?}");
    }
}

#[test]
fn a_trace_records_what_is_wanted_and_nothing_else() {
    let device = Device::flex();
    let model = model(&device);
    let rows = Rows::new(&[SHORT, LONG], 8, &device);
    let trace = look(&model, &rows, None, None);
    let layer = &trace.layers[0];
    assert_eq!(trace.logits().dims(), [2, 3]);
    assert_eq!(trace.embeddings.unwrap().dims(), [2, 8, 16]);
    assert_eq!(layer.q.as_ref().unwrap().dims(), [2, 4, 8, 4]);
    assert_eq!(layer.hidden.as_ref().unwrap().dims(), [2, 8, 16]);
    assert_eq!(trace.pooled.unwrap().dims(), [2, 16]);
    // scores = q kᵀ / √head, with head = 4.
    let (q, k) = (layer.q.clone().unwrap(), layer.k.clone().unwrap());
    let scores = values(q.matmul(k.transpose()) / 2.0);
    assert!(apart(&scores, &values(layer.scores.clone().unwrap())) < 1e-5);

    let trace = model.forward(rows.inputs(), &Wants::default(), None, None);
    assert!(trace.embeddings.is_none() && trace.pooled.is_none() && trace.layers.len() == 2);
    let layer = &trace.layers[1];
    assert!(layer.q.is_none() && layer.k.is_none() && layer.v.is_none());
    assert!(layer.scores.is_none() && layer.probs.is_none() && layer.hidden.is_none());
}

#[test]
fn dropout_follows_its_seed_and_is_off_when_only_looking() {
    for device in devices() {
        let model = model(&device);
        let rows = Rows::new(&[SHORT, LONG], 8, &device);
        let of = |noise| values(look(&model, &rows, None, noise).logits());
        assert_eq!(of(None), of(None), "{device:?}");
        assert_eq!(of(Some(1)), of(Some(1)), "{device:?}");
        assert!(apart(&of(Some(1)), &of(Some(2))) > 1e-3, "{device:?}");
        assert!(apart(&of(Some(1)), &of(None)) > 1e-3, "{device:?}");
    }
}

#[test]
fn dropout_drops_the_same_everywhere() {
    let [here, there] = &devices()[..] else { return };
    let of =
        |device: &Device| values(look(&model(device), &Rows::new(&[SHORT, LONG], 8, device), None, Some(3)).logits());
    assert!(apart(&of(here), &of(there)) < 1e-4);
}

#[test]
fn gates_at_one_change_nothing_and_at_zero_they_do() {
    for device in devices() {
        let model = model(&device);
        let rows = Rows::new(&[SHORT, LONG], 8, &device);
        let free = values(look(&model, &rows, None, None).logits());
        for count in [1, 2] {
            let mut gates = Gates::ones(model.config(), [count, 1], &device);
            assert!(apart(&free, &values(look(&model, &rows, Some(&gates), None).logits())) < 1e-6, "{device:?}");
            gates.heads[1] = Tensor::zeros([count, 1, 4], &device);
            assert!(apart(&free, &values(look(&model, &rows, Some(&gates), None).logits())) > 1e-3, "{device:?}");
        }
        // Closing one example's neurons leaves the other example alone.
        let mut gates = Gates::ones(model.config(), [2, 1], &device);
        gates.neurons[0] = Tensor::cat(vec![Tensor::ones([1, 1, 24], &device), Tensor::zeros([1, 1, 24], &device)], 0);
        let half = values(look(&model, &rows, Some(&gates), None).logits());
        assert!(apart(&free[..3], &half[..3]) < 1e-6 && apart(&free[3..], &half[3..]) > 1e-3, "{device:?}");
    }
}

#[test]
fn slopes_of_gates_are_finite_differences() {
    let device = Device::flex().autodiff();
    let model = model(&device);
    let rows = Rows::new(&[SHORT, LONG], 8, &device);
    let loss = |gates: &Gates| {
        let logits = look(&model, &rows, Some(gates), None).logits();
        burn::tensor::activation::log_softmax(logits, 1).narrow(1, 0, 1).sum()
    };
    let gates = Gates::ones(model.config(), [1, 1], &device).require_grad();
    let gradients = loss(&gates).backward();
    for layer in 0..2 {
        for (what, of, width) in [("head", 0, 4), ("neuron", 1, 24)] {
            let pick = |gates: &Gates| [gates.heads[layer].clone(), gates.neurons[layer].clone()][of].clone();
            let slopes = values(pick(&gates).grad(&gradients).unwrap());
            assert!(slopes.iter().any(|slope| slope.abs() > 1e-3), "{what} {layer}");
            for unit in [0, 1, width - 1] {
                let at = |step: f32| {
                    let mut shifted = Gates::ones(model.config(), [1, 1], &device);
                    let mut gate = vec![1.0; width];
                    gate[unit] += step;
                    let gate = Tensor::from_data(TensorData::new(gate, [1, 1, width]), &device);
                    [&mut shifted.heads, &mut shifted.neurons][of][layer] = gate;
                    f64::from(loss(&shifted).into_scalar::<f32>())
                };
                let slope = (at(0.01) - at(-0.01)) / 0.02;
                let error = (slope - f64::from(slopes[unit])).abs();
                assert!(error < 2e-3 + 1e-2 * slope.abs(), "{what} {unit} of layer {layer}: {slope} {}", slopes[unit]);
            }
        }
    }
}

#[test]
fn every_parameter_answers_to_a_name_of_hugging_face() {
    let named: Vec<String> = model(&Device::flex()).named().into_iter().map(|(name, _)| name).collect();
    assert_eq!(named.len(), 4 + 1 + 2 * 16 + 4);
    assert_eq!(named[0], "bert.embeddings.word_embeddings.weight");
    assert!(named.contains(&"bert.encoder.layer.1.attention.output.LayerNorm.bias".to_owned()));
    assert!(named.contains(&"classifier.weight".to_owned()));
    assert!(named.iter().all(|name| name.starts_with("bert.") || name.starts_with("classifier.")), "{named:?}");
}
