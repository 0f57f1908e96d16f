//! A whole optimiser step of distillation: the teacher's forward pass, the student's forward and
//! backward pass, clipping and AdamW.

use burn::tensor::{Device, Tensor};
use retort_shaders::logit_rows::LEFT_OUT;

use super::Meter;
use crate::{
    Error, Result, checkpoint,
    data::{Batch, HostBatch},
    model::{Config, Family, MemoryEstimate, Model, Task, Wants, Whole, memory_estimate},
    objective::Weighted,
    run::{self, Optimizer},
    train::{Learner, Lesson, TOTAL},
};

/// A named pair of models, what the student learns by, and the batch they see.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// For the table.
    pub name: &'static str,
    /// Of both models, with what they are asked.
    pub family: (Family, Task),
    /// The method, with its defaults.
    pub method: &'static str,
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
    /// Share of the numbers that the student drops.
    pub dropout: f64,
}

const WORDS: (Family, Task) = (Family::Bert, Task::MaskedLm);
/// Of what is measured of a classifier.
pub const CLASSES: (Family, Task) = (Family::Bert, Task::Classification);

/// What other programs are measured at too, without dropout, and the built-in demonstration's longest batch.
pub const SIZES: [Size; 4] = [
    Size {
        name: "tiny",
        family: WORDS,
        method: "kd",
        vocabulary: 64,
        batch: 4,
        length: 16,
        teacher: [2, 32, 2, 64],
        student: [2, 32, 2, 64],
        dropout: 0.0,
    },
    Size {
        name: "demo",
        family: CLASSES,
        method: "kd",
        vocabulary: 4_096,
        batch: 32,
        length: 64,
        teacher: [2, 128, 4, 256],
        student: [1, 32, 2, 64],
        dropout: 0.1,
    },
    Size {
        name: "small",
        family: WORDS,
        method: "kd",
        vocabulary: 256,
        batch: 16,
        length: 64,
        teacher: [2, 128, 4, 512],
        student: [2, 128, 4, 512],
        dropout: 0.0,
    },
    Size {
        name: "base",
        family: (Family::Gpt2, Task::CausalLm),
        method: "atkd",
        vocabulary: 8_192,
        batch: 16,
        length: 128,
        teacher: [4, 256, 8, 1_024],
        student: [2, 128, 4, 512],
        dropout: 0.0,
    },
];

impl Size {
    /// The size of that name.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none.
    pub fn named(name: &str) -> Result<Self> {
        let known = SIZES.map(|size| size.name);
        SIZES
            .into_iter()
            .find(|size| size.name == name)
            .ok_or_else(|| Error::input("the size", run::one_of(name, &known), format!("`{name}`")))
    }

    fn config(&self, [layers, width, heads, wide]: [usize; 4], dropout: f64) -> Result<Config> {
        let (family, task) = self.family;
        let labels = ["0".to_owned(), "1".to_owned()];
        let config = Config::of(family, self.vocabulary, self.length, 0, None).with_task(task, &labels)?;
        Ok(config.with_shape(layers, width, heads, wide, dropout))
    }

    /// What a step is predicted to need.
    ///
    /// # Errors
    /// As building the models.
    pub fn memory(&self) -> Result<MemoryEstimate> {
        let (teacher, student) = (self.config(self.teacher, 0.0)?, self.config(self.student, self.dropout)?);
        Ok(memory_estimate(Some(&teacher), &student, 1, self.batch, self.length, Whole { logits: true, maps: false }))
    }

    /// What both models read.
    pub fn host_batch(&self) -> HostBatch {
        batch(self.family.1, self.vocabulary, [self.batch, self.length])
    }

    /// Multiplications, each with its addition, of matrices in a step: the teacher's forward pass, and the
    /// student's three times, for its backward pass makes two products of every one.
    pub fn operations(&self, step: &Step) -> u64 {
        let of = |model: &Model| model.operations(self.length) * self.batch as u64;
        of(&step.teacher) + 3 * of(&step.student.model)
    }
}

/// Models in the middle of their training.
pub struct Step {
    /// Who teaches.
    pub teacher: Model,
    /// Who learns.
    pub student: Learner,
    batch: Batch,
    wants: Wants,
    noise: u64,
}

impl Step {
    /// Fresh models of that size, teacher and student by seeds of their own.
    ///
    /// # Errors
    /// What building models or objective finds wrong.
    pub fn new(size: &Size, device: &Device) -> Result<Self> {
        let graph = device.clone().autodiff();
        let teacher = checkpoint::new_model(&size.config(size.teacher, 0.0)?, 1, device)?;
        let model = checkpoint::new_model(&size.config(size.student, size.dropout)?, 2, &graph)?;
        let mut student = Learner::new("student", model);
        student.begin(vec![(1.0, Weighted::new(size.method).build("bench")?)], true);
        let wants = student.wants();
        Ok(Self { teacher, student, batch: size.host_batch().to_device(device), wants, noise: 0 })
    }

    /// Takes a step and gives its loss, `[1]`, still on the device.
    ///
    /// # Errors
    /// What the objective finds wrong.
    pub fn take(&mut self) -> Result<Tensor<1>> {
        let teacher = self.teacher.forward(&self.batch, &self.wants, None, None);
        self.noise += 1;
        self.student.learn(&Lesson {
            batch: &self.batch,
            teachers: &[teacher],
            noise: Some(self.noise),
            progress: 0.0,
            share: 1.0,
        })?;
        let settings = Optimizer::default();
        let scalars = self.student.take_step(settings.lr, &settings);
        let total = scalars.names.iter().position(|name| *name == TOTAL).unwrap_or_default();
        Ok(scalars.values.narrow(0, total, 1))
    }
}

/// So many texts of so many words, with their classes, the word to be said at each place, or the next word.
pub fn batch(task: Task, vocabulary: usize, [rows, length]: [usize; 2]) -> HostBatch {
    let cells = rows * length;
    let word = |cell: usize| (cell * 7 % vocabulary) as i32;
    let next = |cell: usize| if (cell + 1).is_multiple_of(length) { LEFT_OUT } else { word(cell + 1) };
    let labels = match task {
        Task::Classification => (0..rows).map(|row| (row % 2) as i32).collect(),
        Task::MaskedLm => (0..cells).map(|cell| word(cell + 3)).collect(),
        Task::CausalLm => (0..cells).map(next).collect(),
    };
    HostBatch {
        ids: (0..cells).map(word).collect(),
        types: vec![0; cells],
        mask: vec![1.0; cells],
        labels,
        rows,
        length,
    }
}

/// Measures the sizes.
pub async fn run(meter: &mut Meter<'_>) -> Result<()> {
    for size in &SIZES[..if meter.quick { 2 } else { SIZES.len() }] {
        let mut step = Step::new(size, meter.device)?;
        let seconds = meter.seconds(&mut || step.take()).await?;
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
