use burn::tensor::Device;

use super::*;
use crate::{
    checkpoint::{self, load_model, new_model, save_model},
    model::{
        Family, Inputs, Task, Wants,
        tests::{Rows, devices, values},
    },
    score::Units,
};

/// A model of every family and task, its weights large enough that everything matters.
fn models(device: &Device) -> Vec<Model> {
    let labels = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let mut all = vec![];
    for family in Family::ALL {
        for task in [Task::Classification, Task::MaskedLm, Task::CausalLm] {
            if family.architecture(task).is_none() {
                continue;
            }
            let mut config = Config::of(family, 40, 16, 0, Some(1)).with_shape(3, 32, 4, 24, 0.0);
            if family == Family::Llama {
                config.num_key_value_heads = Some(2);
            }
            config.initializer_range = 0.2;
            all.push(new_model(&config.with_task(task, &labels).unwrap(), 5, device).unwrap());
        }
    }
    all
}

fn rows(device: &Device) -> Rows {
    Rows::new(&[&[1, 7, 9, 2, 3], &[1, 5, 6, 30, 31, 32, 33, 2]], 8, device)
}

fn logits(model: &Model, inputs: Inputs, gates: Option<&Gates>) -> Vec<f32> {
    values(model.forward(inputs, &Wants::default(), gates, None).logits())
}

fn apart(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    assert!(left.iter().all(|value| value.is_finite()));
    left.iter().zip(right).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max)
}

/// Some heads and neurons of each layer: of the first none, of the second no heads, of the third no neurons.
fn uneven(config: &Config) -> Cut {
    let mut cut = Cut::nothing(config);
    cut.layers[0].heads.drain(0..2);
    cut.layers[0].neurons.retain(|neuron| neuron % 3 != 1);
    cut.layers[1].heads.clear();
    cut.layers[2].neurons.clear();
    cut
}

#[test]
fn what_is_left_computes_what_the_whole_computes_without_the_rest() {
    for device in devices() {
        let rows = rows(&device);
        for model in models(&device) {
            let config = model.config();
            let name = config.architectures.join("");
            let cut = uneven(config);
            let small = cut.apply("cut", &model, &device).unwrap();
            let whole = logits(&model, rows.inputs(), None);
            let masked = logits(&model, rows.inputs(), Some(&cut.gates(config, &device)));
            let compact = logits(&small, rows.inputs(), None);
            assert!(apart(&masked, &compact) < 1e-5, "{name}: {}", apart(&masked, &compact));
            assert!(apart(&whole, &compact) > 1e-2, "{name}: the cut changes nothing");
            assert!(small.parameters() < model.parameters());
            // The same with zeros in the gaps, which `transformers` has words for.
            let dense = padded(&small, &device).unwrap();
            assert!(apart(&compact, &logits(&dense, rows.inputs(), None)) < 1e-5, "{name}");
            assert!(dense.config().is_stock() && dense.config().layers.is_empty(), "{name}");
            // And through a file.
            let files = pollster::block_on(save_model(&small)).unwrap();
            let again = load_model("small", &files, &device).unwrap();
            assert_eq!(logits(&again, rows.inputs(), None), compact, "{name}");
        }
    }
}

#[test]
fn a_cut_of_nothing_is_the_model() {
    let device = Device::flex();
    for model in models(&device) {
        let cut = Cut::nothing(model.config());
        let same = cut.apply("cut", &model, &device).unwrap();
        assert_eq!(same.config(), model.config());
        let [before, after] = [&model, &same].map(|model| pollster::block_on(checkpoint::tensors(model)).unwrap());
        assert_eq!(before, after);
    }
}

/// Numbers of the residual stream that nothing writes to: without them the norms see others, so that the
/// smaller model is another function; but each matrix is the old one's rows and columns.
#[test]
fn a_narrower_model_has_the_rows_and_columns_that_are_left() {
    let device = Device::flex();
    for model in models(&device) {
        let config = model.config();
        let mut cut = Cut::nothing(config);
        cut.hidden.retain(|number| number % 4 != 1);
        let small = cut.apply("cut", &model, &device).unwrap();
        assert_eq!(small.config().hidden_size, 24);
        let [before, after] = [&model, &small].map(|model| pollster::block_on(checkpoint::tensors(model)).unwrap());
        let name = model.axes().into_iter().find(|axes| axes.units[0].len() == 40).unwrap().name;
        for word in 0..40 {
            let row: Vec<f32> = cut.hidden.iter().map(|number| before[&name].data[word * 32 + number]).collect();
            assert_eq!(after[&name].data[word * 24..(word + 1) * 24], row, "{name}");
        }
        logits(&small, rows(&device).inputs(), None).iter().for_each(|value| assert!(value.is_finite()));
    }
}

/// Numbers of a head that its matrices leave at zero can go, and the scores stay as they were.
#[test]
fn narrower_heads_divide_their_scores_as_before() {
    let device = Device::flex();
    for model in models(&device) {
        let config = model.config().clone();
        let mut cut = Cut::nothing(&config);
        for layer in &mut cut.layers {
            for (place, head) in layer.heads.iter_mut().enumerate() {
                head.scores = vec![place % 3, 3, 5, 6, 7];
                head.values = vec![0, 1, 2, 4, 7];
            }
        }
        if config.turns() {
            let error = cut.config("cut", &config).unwrap_err().to_string();
            assert_eq!(error, "cut: wanted whole heads, found 5 of 8 in a model that turns its heads or shares them");
            continue;
        }
        let gone = |unit: &Unit| match unit {
            Unit::Head { layer, head, part, dim } => {
                let head = &cut.layers[*layer].heads[*head];
                !(if part.scores() { &head.scores } else { &head.values }).contains(dim)
            }
            _ => false,
        };
        let mut tensors = pollster::block_on(checkpoint::tensors(&model)).unwrap();
        for axes in model.axes() {
            let width = axes.shape.get(1).copied().unwrap_or(1);
            for (place, value) in tensors.get_mut(&axes.name).unwrap().data.iter_mut().enumerate() {
                let column = axes.units.get(1).is_some_and(|units| gone(&units[place % width]));
                if gone(&axes.units[0][place / width]) || column {
                    *value = 0.0;
                }
            }
        }
        let sparse = checkpoint::assign("sparse", Model::empty("", &config, &device).unwrap(), tensors).unwrap();
        let small = cut.apply("cut", &sparse, &device).unwrap();
        assert_eq!(small.config().head_size(), 5);
        let rows = rows(&device);
        let far = apart(&logits(&sparse, rows.inputs(), None), &logits(&small, rows.inputs(), None));
        assert!(far < 1e-5, "{}: {far}", config.architectures.join(""));
    }
}

#[test]
fn the_lowest_go_and_heads_that_share_keys_go_together() {
    let device = Device::flex();
    let llama = models(&device).pop().unwrap();
    let heads = vec![vec![0.1, 0.9, 0.3, 0.3], vec![1.0; 4], vec![2.0; 4]];
    let neurons: Vec<Vec<f64>> =
        (0..3).map(|layer| (0..24).map(|neuron| f64::from(layer * 24 + neuron)).collect()).collect();
    let share = |heads, neurons, spread| Share { heads, neurons, spread, multiple: 1 };
    let scores = Units { heads, neurons };
    // One group of six; a third of 72 neurons.
    let cut = select("cut", llama.config(), &scores, share(17.0, 100.0 / 3.0, Spread::Model)).unwrap();
    let left: Vec<Vec<usize>> =
        cut.layers.iter().map(|layer| layer.heads.iter().map(|head| head.head).collect()).collect();
    assert_eq!(left, [vec![0, 1], vec![0, 1, 2, 3], vec![0, 1, 2, 3]]);
    assert_eq!(cut.layers.iter().map(|layer| layer.neurons.len()).collect::<Vec<_>>(), [0, 24, 24]);
    // Of each layer half of its groups and neurons: all alike, so that Llama has words for it.
    let even = select("cut", llama.config(), &scores, share(50.0, 50.0, Spread::Layer)).unwrap();
    let config = even.config("cut", llama.config()).unwrap();
    assert!(config.is_stock() && config.num_attention_heads == 2 && config.key_value_heads() == 1);
    assert_eq!(Target::of(&config).map(|(_, why)| why.is_none()), [true, true, true]);
    let bert = models(&device).swap_remove(0);
    let config = even.config("cut", bert.config()).unwrap();
    let why = Target::of(&config).map(|(_, why)| why);
    assert_eq!(why[0].as_deref(), Some("in `bert` all heads together are as wide as the model, and 2 x 8 is not 32"));
    assert_eq!(why[1..], [None, None]);
    let config = cut.config("cut", bert.config()).unwrap();
    assert_eq!(Target::of(&config)[0].1.as_deref(), Some("its layers have different numbers of heads and neurons"));
}

#[test]
fn what_cannot_be_cut_is_refused() {
    let device = Device::flex();
    let bert = models(&device).swap_remove(0);
    let scores = Units { heads: vec![vec![1.0; 4]; 3], neurons: vec![vec![1.0; 24]; 3] };
    let error = |scores: &Units<Vec<Vec<f64>>>, share: Share| {
        select("cut", bert.config(), scores, share).unwrap_err().to_string()
    };
    assert_eq!(
        error(&scores, Share::of_both(100.0)),
        "cut: heads: wanted something that is left of the model, found nothing"
    );
    assert_eq!(error(&scores, Share::of_both(-1.0)), "cut: heads: wanted per cent, 0 to 100, found -1");
    let mut others = scores.clone();
    others.heads.pop();
    let wanted = "cut: wanted scores of [4, 4, 4] heads, as the model has, found [4, 4]";
    assert_eq!(error(&others, Share::of_both(10.0)), wanted);
    let mut broken = scores.clone();
    broken.neurons[1][3] = f64::NAN;
    assert_eq!(error(&broken, Share::of_both(10.0)), "cut: wanted numbers as scores of the neurons, found NaN");
    // Rounding can take what the share left.
    let rounded = Share { heads: 100.0, neurons: 90.0, spread: Spread::Model, multiple: 64 };
    assert_eq!(error(&scores, rounded), "cut: wanted something that is left of the model, found nothing");
}
