//! A whole optimiser step of distillation: the teacher's forward pass, the student's forward and
//! backward pass, clipping and AdamW.

use burn::tensor::{Device, Tensor};

use super::Meter;
use crate::{
    Result, checkpoint,
    data::{Batch, HostBatch},
    model::Config,
    objective::Weighted,
    run::Optimizer,
    train::{Learner, Lesson},
};

/// A named pair of models and the batch they see.
pub struct Size {
    /// For the table.
    pub name: &'static str,
    /// Tokens there are.
    pub vocabulary: usize,
    /// Sentences.
    pub batch: usize,
    /// Tokens of each.
    pub length: usize,
    /// Layers, width, heads, feed-forward width.
    pub teacher: [usize; 4],
    /// As the teacher's.
    pub student: [usize; 4],
}

const SIZES: [Size; 3] = [
    Size { name: "tiny", vocabulary: 64, batch: 4, length: 16, teacher: [2, 32, 2, 64], student: [1, 32, 2, 64] },
    // The embedded teacher and the demo's student on its longest batch.
    Size { name: "demo", vocabulary: 4_096, batch: 32, length: 64, teacher: [2, 128, 4, 256], student: [1, 32, 2, 64] },
    Size {
        name: "small",
        vocabulary: 256,
        batch: 16,
        length: 64,
        teacher: [4, 128, 4, 512],
        student: [2, 128, 4, 512],
    },
];

/// Measures the sizes.
pub async fn run(meter: &mut Meter<'_>) -> Result<()> {
    for size in &SIZES[..if meter.quick { 2 } else { 3 }] {
        let mut step = step(size, "kd", meter.device)?;
        let seconds = meter.seconds(&mut step).await?;
        let name = format!(
            "distillation step, {} (teacher {}, student {}, batch {} × {})",
            size.name,
            shape(size.teacher),
            shape(size.student),
            size.batch,
            size.length
        );
        meter.note(name, 1.0 / seconds, "steps/s", format!("{:.2} ms", seconds * 1e3));
    }
    Ok(())
}

fn shape([layers, width, ..]: [usize; 4]) -> String {
    format!("{layers} × {width}")
}

/// Takes one step of a method and gives its losses.
///
/// # Errors
/// What building models or objective finds wrong.
pub fn step(size: &Size, method: &str, device: &Device) -> Result<impl FnMut() -> Result<Tensor<1>> + use<>> {
    let labels = ["0".to_owned(), "1".to_owned()];
    let config = |[layers, width, heads, wide]: [usize; 4]| {
        Config::classifier(size.vocabulary, size.length, &labels).with_shape(layers, width, heads, wide, 0.1)
    };
    let graph = device.clone().autodiff();
    let teacher = checkpoint::new_model(&config(size.teacher), 1, device)?;
    let mut student = Learner::new("student", checkpoint::new_model(&config(size.student), 2, &graph)?);
    student.begin(vec![(1.0, Weighted::new(method).build("bench")?)], true);

    let batch = batch(size.vocabulary, [size.batch, size.length], device);
    let settings = Optimizer::default();
    let wants = student.wants();
    let mut noise = 0;
    Ok(move || {
        let teacher = teacher.forward(&batch, &wants, None, None);
        noise += 1;
        student.learn(&Lesson {
            batch: &batch,
            teachers: &[teacher],
            noise: Some(noise),
            progress: 0.0,
            share: 1.0,
        })?;
        Ok(student.take_step(settings.lr, &settings).values.narrow(0, 0, 1))
    })
}

/// Texts of two classes, so many of so many tokens.
pub fn batch(vocabulary: usize, [rows, length]: [usize; 2], device: &Device) -> Batch {
    let cells = rows * length;
    let host = HostBatch {
        ids: (0..cells).map(|cell| (cell * 7 % vocabulary) as i32).collect(),
        types: vec![0; cells],
        mask: vec![1.0; cells],
        labels: (0..rows).map(|row| (row % 2) as i32).collect(),
        rows,
        length,
    };
    host.to_device(device)
}
