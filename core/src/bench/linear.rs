//! The loss straight from hidden states and vocabulary matrices, in tiles, against logits of all rows
//! and the row kernel: time, and memory beyond the two models' last steps.

use burn::tensor::{Distribution, Int, Tensor, TensorData};

use super::{Meter, first};
use crate::{
    Result,
    kernel::{Divergence, Linear, RowTerms, TileSize, Weights, affine, fits, linear_rows_in, logit_rows},
    readback::read,
};

/// What is measured: rows, vocabulary, width of both models, tile.
struct Size {
    rows: usize,
    vocabulary: usize,
    width: usize,
    tile: TileSize,
}

/// The second of GPT-2's vocabularies is one whose logits 128 MiB can hold.
fn sizes(quick: bool) -> Vec<Size> {
    let gpt2 = |rows| Size { rows, vocabulary: 50_257, width: 64, tile: TileSize::default() };
    match quick {
        true => vec![Size { rows: 64, vocabulary: 4_001, width: 32, tile: TileSize { rows: 32, classes: 1_024 } }],
        false => vec![gpt2(4_096), gpt2(640)],
    }
}

/// Runs that a median is of: one step of these sizes takes long.
const RUNS: usize = 3;

/// Measures both ways, forwards and backwards, each where the device takes it.
pub async fn run(meter: &mut Meter<'_>) -> Result<()> {
    // The program's own pages and threads are not to count as memory of the first size.
    for size in sizes(true) {
        let case = Case::new(size, meter);
        read(case.step(Way::Tiles)? + case.step(Way::Logits)?).await?;
    }
    for size in sizes(meter.quick) {
        let Size { rows, vocabulary, width, .. } = size;
        let name = format!("loss and gradients of {rows} rows, vocabulary {vocabulary}, width {width}");
        let case = Case::new(size, meter);
        let tiled = measure(meter, &format!("{name}, in tiles"), &case, Way::Tiles).await?;
        let taken = fits(meter.adapter, rows, vocabulary).is_ok();
        let room = meter.adapter.memory_bytes.is_none_or(|bytes| bytes / 2 > case.predicted(Way::Logits));
        if taken && room {
            let plain = measure(meter, &format!("{name}, logits of all rows"), &case, Way::Logits).await?;
            let note = "ratio of the medians".to_owned();
            meter.note_of(RUNS, format!("{name}, tiles / all rows"), tiled / plain, "×", note);
        }
    }
    Ok(())
}

async fn measure(meter: &mut Meter<'_>, name: &str, case: &Case, way: Way) -> Result<f64> {
    let extra = meter.extra_bytes(&mut || case.step(way)).await?;
    let seconds = meter.seconds_of(RUNS, &mut || case.step(way)).await?;
    meter.note_of(RUNS, name.into(), seconds * 1e3, "ms", "forwards and backwards".into());
    if let Some(extra) = extra {
        let note = format!("{:.1} MiB by the formula", mebibytes(case.predicted(way)));
        meter.note_of(1, format!("{name}, memory"), mebibytes(extra), "MiB", note);
    }
    Ok(seconds)
}

pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1u64 << 20) as f64
}

#[derive(Clone, Copy)]
enum Way {
    Tiles,
    Logits,
}

struct Case {
    size: Size,
    student: Linear,
    teacher: Linear,
    labels: Tensor<1, Int>,
}

impl Case {
    fn new(size: Size, meter: &Meter) -> Self {
        let Size { rows, vocabulary, width, .. } = size;
        let graph = meter.device.clone().autodiff();
        let matrix = |rows| Tensor::<2>::random([rows, width], Distribution::Normal(0.0, 0.3), meter.device);
        let linear = || Linear { hidden: matrix(rows), weight: matrix(vocabulary), bias: None };
        let (student, teacher) = (linear(), linear());
        let [hidden, weight] = [student.hidden, student.weight].map(|x| Tensor::from_inner(x).require_grad());
        let labels = Tensor::from_data(TensorData::new(vec![0i32; rows], [rows]), &graph);
        Self { size, student: Linear { hidden, weight, bias: None }, teacher, labels }
    }

    /// Half KL at temperature 2, half cross-entropy, with the gradients of hidden states and matrix.
    fn step(&self, way: Way) -> Result<Tensor<1>> {
        let RowTerms { divergence, hard, .. } = self.terms(way, 2.0, Divergence::Kl);
        let gradients = (divergence.mean() * 2.0 + hard.mean() * 0.5).backward();
        let [hidden, weight] = [&self.student.hidden, &self.student.weight]
            .map(|x| first(x.grad(&gradients).expect("the loss depends on the student")));
        Ok(hidden + weight)
    }

    fn terms(&self, way: Way, temperature: f64, divergence: Divergence) -> RowTerms {
        let (student, teacher, labels) = (&self.student, &self.teacher, self.labels.clone());
        let logits = |linear: &Linear| affine(linear.hidden.clone(), linear.weight.clone(), None, Weights::OutIn);
        match way {
            Way::Tiles => linear_rows_in(self.size.tile, student, Some(teacher), labels, temperature, divergence),
            Way::Logits => logit_rows(logits(student), Some(logits(teacher)), labels, temperature, divergence),
        }
    }

    /// Bytes of the gradients, and of what the way has beside them at once, at most.
    fn predicted(&self, way: Way) -> u64 {
        let Size { rows, vocabulary, width, tile } = self.size;
        let gradients = 4 * width * (rows + vocabulary);
        let beside = match way {
            Way::Tiles => tile.bytes(rows, vocabulary, [width, width]),
            // Both models' logits and the gradient of the student's.
            Way::Logits => 3 * 4 * rows * vocabulary,
        };
        (gradients + beside) as u64
    }
}
