//! Ten steps of distillation against the same ten steps in PyTorch (`tests/golden/make.py`).

use std::collections::BTreeMap;

use burn::tensor::Device;
use retort_shaders::logit_rows::LEFT_OUT;
use safetensors::SafeTensors;

use super::{
    learner::{Learner, Lesson, NORM, Scalars, TOTAL},
    schedule,
};
use crate::{
    checkpoint::{self, HostTensor},
    data::HostBatch,
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
}

async fn ten_steps(name: &'static str, device: Device) {
    let golden = Golden::read(name);
    let steps = golden.number("steps") as usize;
    let settings = Optimizer {
        lr: golden.number("lr"),
        weight_decay: golden.number("decay"),
        warmup: golden.number("warmup") / steps as f64,
        clip: golden.number("clip"),
        ..Optimizer::default()
    };
    let mut kd = Weighted::new("kd");
    kd.settings.insert("temperature".into(), golden.settings["temperature"].clone());
    kd.settings.insert("alpha".into(), golden.settings["alpha"].clone());

    let teacher = golden.model("teacher", &device);
    let mut learner = Learner::new("student", golden.model("student", &device.clone().autodiff()));
    learner.begin(vec![(1.0, kd.build("golden").unwrap())], true);
    let (ids, mask, labels) = (golden.ints("ids"), golden.ints("mask"), golden.ints("labels"));
    let (losses, norms) = (golden.floats("losses").data, golden.floats("norms").data);
    let (rows, length) = (6, 12);
    // A class for each text, or a token for each of its places but the last.
    let asked = labels.len() / (steps * rows);
    let labels: Vec<i32> = match asked {
        1 => labels,
        _ => labels.chunks(asked).flat_map(|text| text.iter().copied().chain([LEFT_OUT])).collect(),
    };
    let answers = labels.len() / steps;
    for step in 0..steps {
        let here = step * rows * length..(step + 1) * rows * length;
        let batch = HostBatch {
            ids: ids[here.clone()].to_vec(),
            types: vec![0; rows * length],
            mask: mask[here].iter().map(|&real| real as f32).collect(),
            labels: labels[step * answers..(step + 1) * answers].to_vec(),
            rows,
            length,
        }
        .to_device(&device);
        let trace = teacher.forward(&batch, &Wants::default(), None, None);
        // Dropout is off: the golden has none.
        learner.learn(&Lesson { batch: &batch, teachers: &[trace], noise: None, progress: 0.0, share: 1.0 }).unwrap();
        let Scalars { names, values, .. } = learner.take_step(schedule::rate(&settings, step, steps), &settings);
        let values = read(values).await.unwrap();
        let value = |wanted: &str| values[names.iter().position(|&name| name == wanted).unwrap()];
        for (name, wanted) in [(TOTAL, losses[step]), (NORM, norms[step])] {
            let error = (value(name) - wanted).abs() / wanted.abs();
            assert!(error < 2e-4, "{}, step {step}: {name} {} against {wanted}", golden.name, value(name));
        }
    }
}

#[test]
fn ten_steps_as_in_pytorch_on_the_cpu() {
    for name in ["bert", "gpt2"] {
        pollster::block_on(ten_steps(name, Device::flex()));
    }
}

#[test]
fn ten_steps_as_in_pytorch_on_wgpu() {
    match pollster::block_on(platform::open(DeviceChoice::Vulkan)) {
        Ok(opened) => ["bert", "gpt2"].map(|name| pollster::block_on(ten_steps(name, opened.device.clone()))),
        Err(error) if std::env::var_os("RETORT_REQUIRE_GPU").is_none() => return println!("skipped: {error}"),
        Err(error) => panic!("{error}"),
    };
}
