//! What taking units out is worth in time: a forward pass and a training step of a model before and after.

use burn::tensor::{Device, Tensor};

use super::{Meter, step::batch};
use crate::{
    Result, checkpoint,
    data::Batch,
    model::{Config, Model, Task, Wants},
    objective::Weighted,
    prune::{Share, select},
    run::Optimizer,
    score::random,
    train::{Learner, Lesson},
};

/// Layers, width, heads, feed-forward width; sentences of a batch, tokens of each.
pub const MODEL: [usize; 4] = [4, 128, 4, 256];
pub const TEXTS: [usize; 2] = [32, 64];
/// Tokens there are.
pub const VOCABULARY: usize = 4_096;

/// Per cent of the heads and of the neurons that are gone.
const GONE: [f64; 4] = [0.0, 30.0, 60.0, 90.0];

/// Measures the model at each sparsity.
pub async fn run(meter: &mut Meter<'_>) -> Result<()> {
    let [layers, width, ..] = MODEL;
    let whole = model(meter.device)?;
    let config = whole.config().clone();
    let batch = batch(Task::Classification, VOCABULARY, TEXTS).to_device(meter.device);
    let scores = random(&config, 1).units;
    let mut first: Option<[f64; 2]> = None;
    for gone in &GONE[..if meter.quick { 2 } else { GONE.len() }] {
        let small = select("bench", &config, &scores, Share::of_both(*gone))?.apply("bench", &whole, meter.device)?;
        let forward = {
            let small = small.clone();
            let batch = &batch;
            meter.seconds(&mut || Ok(small.forward(batch, &Wants::default(), None, None).logits().sum())).await?
        };
        let mut step = step(&small, &batch, meter.device)?;
        let step = meter.seconds(&mut step).await?;
        let before = *first.get_or_insert([forward, step]);
        for (what, seconds, before) in [("forward pass", forward, before[0]), ("training step", step, before[1])] {
            let name = format!(
                "{what}, {layers} × {width} without {gone} % of heads and neurons, batch {} × {}",
                TEXTS[0], TEXTS[1]
            );
            let note =
                format!("{:.2} times the whole model's speed, {} parameters", before / seconds, small.parameters());
            meter.note(name, seconds * 1e3, "ms", note);
        }
    }
    Ok(())
}

/// The whole model.
pub fn model(device: &Device) -> Result<Model> {
    let labels = ["0".to_owned(), "1".to_owned()];
    let [layers, width, heads, wide] = MODEL;
    let config = Config::classifier(VOCABULARY, TEXTS[1], &labels).with_shape(layers, width, heads, wide, 0.0);
    checkpoint::new_model(&config, 1, device)
}

/// A step by the labels alone.
fn step<'a>(model: &Model, batch: &'a Batch, device: &Device) -> Result<impl FnMut() -> Result<Tensor<1>> + use<'a>> {
    let graph = device.clone().autodiff();
    let mut learner = Learner::new("student", checkpoint::copied(model, &graph)?);
    learner.begin(vec![(1.0, Weighted::new("cross_entropy").build("bench")?)], true);
    let settings = Optimizer::default();
    Ok(move || {
        learner.learn(&Lesson { batch, teachers: &[], noise: None, progress: 0.0, share: 1.0 })?;
        Ok(learner.take_step(settings.lr, &settings).values.narrow(0, 0, 1))
    })
}
