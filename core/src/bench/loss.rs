//! The fused row kernel against the same loss composed of Burn's operations.

use burn::tensor::{Distribution, Int, Tensor, TensorData};

use super::{Meter, first};
use crate::{
    Result,
    kernel::{Divergence, composed, logit_rows},
};

/// Bytes that a distillation loss must move per logit: the forward pass reads both models' logits,
/// the backward pass reads them again and writes the gradient, 4 bytes each.
const LOSS_BYTES: f64 = 20.0;

/// Measures both, forward and backward.
pub async fn run(meter: &mut Meter<'_>) -> Result<()> {
    let sizes = [(4_096, 2), (512, 1_024), (256, 30_522)];
    for &(rows, classes) in &sizes[..if meter.quick { 2 } else { 3 }] {
        let logits = || Tensor::<2>::random([rows, classes], Distribution::Normal(0.0, 2.0), meter.device);
        let labels = TensorData::new(vec![0i32; rows], [rows]);
        let graph = meter.device.clone().autodiff();
        let setting = Setting {
            student: Tensor::from_inner(logits()),
            teacher: Tensor::from_inner(logits()),
            labels: Tensor::from_data(labels, &graph),
        };
        let kernel = meter.seconds(&mut || setting.step(fused)).await?;
        let plain = meter.seconds(&mut || setting.step(composed::losses)).await?;
        let rate = |seconds: f64| LOSS_BYTES * (rows * classes) as f64 / seconds / 1e9;
        let note = |seconds: f64| format!("{:.2} GB/s at {LOSS_BYTES} bytes per logit", rate(seconds));
        let name = format!("distillation loss and gradient, {rows} × {classes}");
        meter.note(format!("{name}, one kernel each way"), kernel * 1e3, "ms", note(kernel));
        meter.note(format!("{name}, composed of Burn's operations"), plain * 1e3, "ms", note(plain));
        meter.note(format!("{name}, composed / kernel"), plain / kernel, "×", "ratio of the medians".into());
    }
    Ok(())
}

/// What a distillation loss is measured on.
struct Setting {
    student: Tensor<2>,
    teacher: Tensor<2>,
    labels: Tensor<1, Int>,
}

/// The divergence and the cross-entropy of every row.
type Terms = fn(Tensor<2>, Option<Tensor<2>>, Tensor<1, Int>, f64, Divergence) -> [Tensor<1>; 2];

fn fused(
    s: Tensor<2>,
    t: Option<Tensor<2>>,
    labels: Tensor<1, Int>,
    temperature: f64,
    d: Divergence,
) -> [Tensor<1>; 2] {
    let terms = logit_rows(s, t, labels, temperature, d);
    [terms.divergence, terms.hard]
}

impl Setting {
    /// Half KL at temperature 2, half cross-entropy, forward and backward.
    fn step(&self, terms: Terms) -> Result<Tensor<1>> {
        let student = self.student.clone().detach().require_grad();
        let [soft, hard] = terms(student.clone(), Some(self.teacher.clone()), self.labels.clone(), 2.0, Divergence::Kl);
        let gradients = (soft.mean() * 2.0 + hard.mean() * 0.5).backward();
        Ok(first(student.grad(&gradients).expect("the loss depends on the student")))
    }
}
