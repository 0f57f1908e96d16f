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
        let fused = meter.seconds(&mut || setting.step(logit_rows)).await?;
        let plain = meter.seconds(&mut || setting.step(composed::logit_rows)).await?;
        let rate = |seconds: f64| LOSS_BYTES * (rows * classes) as f64 / seconds / 1e9;
        let note = |seconds: f64| format!("{:.2} GB/s at {LOSS_BYTES} bytes per logit", rate(seconds));
        let name = format!("distillation loss and gradient, {rows} × {classes}");
        meter.note(format!("{name}, one kernel each way"), fused * 1e3, "ms", note(fused));
        meter.note(format!("{name}, composed of Burn's operations"), plain * 1e3, "ms", note(plain));
        meter.note(format!("{name}, composed / kernel"), plain / fused, "×", "ratio of the medians".into());
    }
    Ok(())
}

/// What a distillation loss is measured on.
struct Setting {
    student: Tensor<2>,
    teacher: Tensor<2>,
    labels: Tensor<1, Int>,
}

type Terms = fn(Tensor<2>, Option<Tensor<2>>, Tensor<1, Int>, f64) -> RowTerms;

impl Setting {
    /// Half KL at temperature 2, half cross-entropy, forward and backward.
    fn step(&self, terms: Terms) -> Result<Tensor<1>> {
        let student = self.student.clone().detach().require_grad();
        let terms = terms(student.clone(), Some(self.teacher.clone()), self.labels.clone(), 2.0);
        let gradients = (terms.kd.mean() * 2.0 + terms.hard.mean() * 0.5).backward();
        Ok(first(student.grad(&gradients).expect("the loss depends on the student")))
    }
}
