//! Steps on demand, so that another program can take turns with this one at the very same step, and what it
//! needs to know of that step.

use serde::{Deserialize, Serialize};
use web_time::Instant;

use super::{
    memory::{Memory, Watch},
    step::{Size, Step},
};
use crate::{
    Result,
    checkpoint::{self, Files},
    platform::{self, Opened},
    readback::read,
    run::Optimizer,
};

/// Steps that were taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// Milliseconds of each, until its loss was there.
    pub ms: Vec<f64>,
    /// The losses.
    pub losses: Vec<f64>,
    /// What they need, after the last.
    pub memory: Memory,
}

/// Models that take a step whenever they are asked to.
pub struct Contender {
    step: Step,
    watch: Watch,
}

impl Contender {
    /// Fresh models of a size.
    ///
    /// # Errors
    /// What building them finds wrong.
    pub fn new(size: &Size, opened: &Opened) -> Result<Self> {
        let watch = Watch::begin(size, opened)?;
        Ok(Self { step: Step::new(size, &opened.device)?, watch })
    }

    /// Takes steps, one after the other.
    ///
    /// # Errors
    /// When the device fails.
    pub async fn take(&mut self, steps: usize) -> Result<Taken> {
        let (mut ms, mut losses) = (vec![], vec![]);
        for _ in 0..steps {
            let start = Instant::now();
            let loss = read(self.step.take()?).await?[0];
            ms.push(start.elapsed().as_secs_f64() * 1e3);
            losses.push(f64::from(loss));
            platform::breathe().await;
        }
        Ok(Taken { ms, losses, memory: self.watch.now() })
    }
}

/// Losses that are told, for another program to find out whether it takes the same steps.
const TOLD: usize = 5;

/// What another program needs to take the same steps: both models for `transformers`, and the batch, the
/// optimiser and the first losses as `lesson.json`.
///
/// # Errors
/// As [`Contender::take`].
pub async fn lesson(size: &Size, opened: &Opened) -> Result<Files> {
    #[derive(Serialize)]
    struct Lesson {
        rows: usize,
        length: usize,
        ids: Vec<i32>,
        labels: Vec<i32>,
        lr: f64,
        betas: [f64; 2],
        eps: f64,
        weight_decay: f64,
        clip: f64,
        loss: &'static str,
        losses: Vec<f64>,
    }
    let mut contender = Contender::new(size, opened)?;
    let mut files = Files::new();
    for (who, model) in [("teacher", contender.step.teacher.clone()), ("student", contender.step.student.frozen())] {
        for (name, bytes) in checkpoint::save_model(&model).await? {
            files.insert(format!("{who}/{name}"), bytes);
        }
    }
    let batch = size.host_batch();
    let Optimizer { lr, betas, eps, weight_decay, clip, .. } = Optimizer::default();
    let losses = contender.take(TOLD).await?.losses;
    let lesson = Lesson {
        rows: batch.rows,
        length: batch.length,
        ids: batch.ids,
        labels: batch.labels,
        lr,
        betas,
        eps,
        weight_decay,
        clip,
        loss: size.method,
        losses,
    };
    files.insert("lesson.json".into(), serde_json::to_vec(&lesson).expect("numbers are JSON"));
    Ok(files)
}
