//! Ten steps of distillation against the same ten steps in PyTorch (`tests/golden/make.py`).

use std::collections::BTreeMap;

use burn::tensor::Device;
use retort_shaders::logit_rows::LEFT_OUT;
use safetensors::SafeTensors;

use super::{
    companions,
    learner::{Learner, Lesson, NORM, Scalars, TOTAL},
    schedule,
};
use crate::{
    checkpoint::{self, HostTensor},
    data::{Batch, HostBatch},
    model::{Config, Model, Wants},
    objective::Weighted,
    platform::{self, DeviceChoice},
    readback::read,
    run::Optimizer,
};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests");

struct Golden {
    name: &'static str,
    bytes: Vec<u8>,
    settings: serde_json::Value,
}

impl Golden {
    fn read(name: &'static str) -> Self {
        let path = format!("{TESTS}/golden/{name}.safetensors");
        let bytes = std::fs::read(&path).expect(&path);
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let settings = metadata.metadata().clone().unwrap()["settings"].clone();
        Self { name, bytes, settings: serde_json::from_str(&settings).unwrap() }
    }

    fn ints(&self, name: &str) -> Vec<i32> {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let data = file.tensor(name).unwrap().data().to_vec();
        data.as_chunks::<8>().0.iter().map(|&bytes| i64::from_le_bytes(bytes) as i32).collect()
    }

    fn floats(&self, name: &str) -> HostTensor {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let view = file.tensor(name).unwrap();
        let data = view.data().as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        HostTensor { shape: view.shape().to_vec(), data }
    }

    fn model(&self, who: &str, device: &Device) -> Model {
        let path = format!("{TESTS}/conformance/checkpoints/{}/config.json", self.name);
        let config = Config::from_json(&path, &std::fs::read(&path).expect(&path)).unwrap();
        let model = checkpoint::new_model(&config, 0, device).unwrap();
        let prefix = format!("{who}.");
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let weights: BTreeMap<String, HostTensor> = file
            .names()
            .into_iter()
            .filter_map(|name| Some((name.strip_prefix(&prefix)?.to_owned(), self.floats(name))))
            .collect();
        checkpoint::assign("golden", model, weights).unwrap()
    }

    fn number(&self, key: &str) -> f64 {
        self.settings[key].as_f64().unwrap()
    }

    fn optimizer(&self) -> Optimizer {
        Optimizer {
            lr: self.number("lr"),
            weight_decay: self.number("decay"),
            warmup: self.number("warmup") / self.number("steps"),
            clip: self.number("clip"),
            ..Optimizer::default()
        }
    }

    /// The batch of every step.
    fn batches(&self, device: &Device) -> Vec<Batch> {
        let (ids, mask, labels) = (self.ints("ids"), self.ints("mask"), self.ints("labels"));
        let (steps, rows, length) = (self.number("steps") as usize, 6, 12);
        // A class for each text, or a token for each of its places but the last.
        let asked = labels.len() / (steps * rows);
        let labels: Vec<i32> = match asked {
            1 => labels,
            _ => labels.chunks(asked).flat_map(|text| text.iter().copied().chain([LEFT_OUT])).collect(),
        };
        let answers = labels.len() / steps;
        let batch = |step: usize| {
            let here = step * rows * length..(step + 1) * rows * length;
            let host = HostBatch {
                ids: ids[here.clone()].to_vec(),
                types: vec![0; rows * length],
                mask: mask[here].iter().map(|&real| real as f32).collect(),
                labels: labels[step * answers..(step + 1) * answers].to_vec(),
                rows,
                length,
            };
            host.to_device(device)
        };
        (0..steps).map(batch).collect()
    }
}

/// The scalars of a step, by name.
async fn scalars(of: Scalars) -> impl Fn(&str) -> f32 {
    let Scalars { names, values, .. } = of;
    let values = read(values).await.unwrap();
    move |wanted: &str| values[names.iter().position(|&name| name == wanted).unwrap()]
}

#[track_caller]
fn near(at: &str, step: usize, found: f32, wanted: f32) {
    let error = (found - wanted).abs() / wanted.abs();
    assert!(error < 2e-4, "{at}, step {step}: {found} against {wanted}");
}

async fn ten_steps(name: &'static str, device: Device) {
    let golden = Golden::read(name);
    let settings = golden.optimizer();
    let mut kd = Weighted::new("kd");
    kd.settings.insert("temperature".into(), golden.settings["temperature"].clone());
    kd.settings.insert("alpha".into(), golden.settings["alpha"].clone());

    let teacher = golden.model("teacher", &device);
    let mut learner = Learner::new("student", golden.model("student", &device.clone().autodiff()));
    learner.begin(vec![(1.0, kd.build("golden").unwrap())], true);
    let (losses, norms) = (golden.floats("losses").data, golden.floats("norms").data);
    let batches = golden.batches(&device);
    for (step, batch) in batches.iter().enumerate() {
        let trace = teacher.forward(batch, &Wants::default(), None, None);
        // Dropout is off: the golden has none.
        learner.learn(&Lesson { batch, teachers: &[trace], noise: None, progress: 0.0, share: 1.0 }).unwrap();
        let rate = schedule::rate(&settings, step, batches.len());
        let value = scalars(learner.take_step(rate, &settings)).await;
        near(&format!("{name}: {TOTAL}"), step, value(TOTAL), losses[step]);
        near(&format!("{name}: {NORM}"), step, value(NORM), norms[step]);
    }
}

/// Two models under one head (`tests/golden/companions.py`).
async fn ten_steps_together(device: Device) {
    let (golden, wanted) = (Golden::read("bert"), Golden::read("companions"));
    let settings = golden.optimizer();
    let graph = device.clone().autodiff();
    let first = golden.model("student", &graph);
    let second = checkpoint::with_head_of(golden.model("teacher", &graph), &first);
    let mut learners = vec![Learner::new("student", first), Learner::new("companion-1", second)];
    for learner in &mut learners {
        learner.begin(vec![(1.0, Weighted::new("cross_entropy").build("golden").unwrap())], true);
    }
    let (losses, norms) = (wanted.floats("losses").data, wanted.floats("norms").data);
    let batches = golden.batches(&device);
    for (step, batch) in batches.iter().enumerate() {
        for learner in &mut learners {
            learner.learn(&Lesson { batch, teachers: &[], noise: None, progress: 0.0, share: 1.0 }).unwrap();
        }
        companions::share(&mut learners);
        let rate = schedule::rate(&settings, step, batches.len());
        for (index, learner) in learners.iter_mut().enumerate() {
            let value = scalars(learner.take_step(rate, &settings)).await;
            near(&format!("{}: {TOTAL}", learner.who), step, value(TOTAL), losses[2 * step + index]);
            near(&format!("{}: {NORM}", learner.who), step, value(NORM), norms[step]);
        }
    }
    let mut heads = vec![];
    for learner in &learners {
        let mut tensors = checkpoint::tensors(&learner.model).await.unwrap();
        tensors.retain(|name, _| learner.model.config().family.is_head(name));
        heads.push(tensors);
    }
    assert_eq!(heads[0].len(), 4, "weight and bias of pooler and classifier");
    assert!(heads[0] == heads[1], "the copies of the head are not equal to the last bit");
}

#[test]
fn ten_steps_as_in_pytorch_on_the_cpu() {
    for name in ["bert", "gpt2"] {
        pollster::block_on(ten_steps(name, Device::flex()));
    }
    pollster::block_on(ten_steps_together(Device::flex()));
}

#[test]
fn ten_steps_as_in_pytorch_on_wgpu() {
    match pollster::block_on(platform::open(DeviceChoice::Vulkan)) {
        Ok(opened) => {
            for name in ["bert", "gpt2"] {
                pollster::block_on(ten_steps(name, opened.device.clone()));
            }
            pollster::block_on(ten_steps_together(opened.device));
        }
        Err(error) if std::env::var_os("RETORT_REQUIRE_GPU").is_none() => println!("skipped: {error}"),
        Err(error) => panic!("{error}"),
    }
}
