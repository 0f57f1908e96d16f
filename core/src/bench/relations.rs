//! What relations of queries, keys and values cost: their KL and its gradient as tensor operations,
//! beside the whole step that they are part of (Wang et al. 2021, "MiniLMv2").

use burn::tensor::{Distribution, Tensor};

use super::{
    Meter, first,
    linear::mebibytes,
    step::{CLASSES, Size, Step},
};
use crate::{Result, loss::relation_kl};

/// As in MiniLM's students: 12 heads, width 384.
const SIZE: Size = Size {
    name: "relations",
    family: CLASSES,
    method: "relations",
    dropout: 0.1,
    vocabulary: 30_522,
    batch: 16,
    length: 128,
    teacher: [3, 384, 12, 1_536],
    student: [3, 384, 12, 1_536],
};

const QUICK: Size =
    Size { vocabulary: 64, batch: 2, length: 16, teacher: [1, 24, 12, 48], student: [1, 24, 12, 48], ..SIZE };

/// Runs that a median is of.
const RUNS: usize = 3;

/// Measures the three relations' losses and gradients, and a step with them alone.
pub async fn run(meter: &mut Meter<'_>) -> Result<()> {
    let size = if meter.quick { QUICK } else { SIZE };
    let Size { batch, length, student: [_, width, heads, _], .. } = size;
    let name = format!("relations of q, k and v, {heads} heads, batch {batch} × {length}, width {width}");
    let take = |_| Tensor::<4>::random([batch, heads, length, width / heads], Distribution::Default, meter.device);
    let (student, teacher) = ([0, 1, 2].map(take), [0, 1, 2].map(take));
    let mask = Tensor::<2>::ones([batch, length], meter.device);
    let graph = meter.device.clone().autodiff();
    let mask = Tensor::from_inner(mask).to_device(&graph);
    let mut alone = || {
        let student = student.clone().map(|x| Tensor::from_inner(x).require_grad());
        let pairs = student.iter().zip(teacher.clone());
        let losses = pairs.map(|(s, t)| relation_kl(Tensor::from_inner(t), s.clone(), &mask, heads, false));
        let loss = losses.reduce(|sum, loss| sum + loss).expect("three losses");
        let gradients = loss.backward();
        let slopes = student.iter().map(|x| x.grad(&gradients).expect("the loss depends on the student"));
        Ok(slopes.map(|x| first(x.reshape([batch * length, width]))).reduce(|sum, x| sum + x).expect("three"))
    };
    let extra = meter.extra_bytes(&mut alone).await?;
    let seconds = meter.seconds_of(RUNS, &mut alone).await?;
    let mut step = Step::new(&size, meter.device)?;
    let whole_extra = meter.extra_bytes(&mut || step.take()).await?;
    let whole = meter.seconds_of(RUNS, &mut || step.take()).await?;
    meter.note_of(RUNS, name.clone(), seconds * 1e3, "ms", "losses and gradients, tensor operations".into());
    meter.note_of(
        RUNS,
        format!("{name}, step"),
        whole * 1e3,
        "ms",
        format!("{} layers teach as many", size.student[0]),
    );
    let note = "of the step's time".to_owned();
    meter.note_of(RUNS, format!("{name}, share"), 100.0 * seconds / whole, "%", note);
    for (what, extra) in [("", extra), (", step", whole_extra)] {
        if let Some(extra) = extra {
            meter.note_of(1, format!("{name}{what}, memory"), mebibytes(extra), "MiB", "beyond what was there".into());
        }
    }
    Ok(())
}
