//! Distillation losses of rows of logits, each logit read once (`shaders/src/logit_rows.wgsl`).

use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    backend_extension,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::{FloatDType, Int, IntDType, Tensor};
use retort_shaders::{divergence::Divergence, logit_rows::Span};

use super::composed::Kind;
use crate::{Error, Result, platform::Adapter};

#[cfg(feature = "gpu")]
pub(super) mod cube;

pub(super) mod host;

/// Loss terms of a teacher's distribution p and a student's q, one number per row, `[rows]`. They
/// carry no T². A row labelled −100 is 0 everywhere and gets no gradient; a row labelled −1 has no
/// label and only the first term; any other label that is no class makes its row NaN.
#[derive(Debug, Clone)]
pub struct RowTerms {
    /// D(p, q) at temperature T; 0 without a teacher, as are the next two and the last.
    pub divergence: Tensor<1>,
    /// D of the pairs (label, all others): target-oriented distillation.
    pub target: Tensor<1>,
    /// D among the other classes: diversity-oriented distillation.
    pub rest: Tensor<1>,
    /// Cross-entropy at the label, at temperature 1.
    pub hard: Tensor<1>,
    /// log (1 − p)/p at the label: the teacher's uncertainty as log-odds, which do not round to one
    /// another where p is tiny. It has no gradient.
    pub doubt: Tensor<1>,
}

/// What is computed of the rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Whether there is a teacher.
    pub teaches: bool,
    /// T.
    pub temperature: f64,
    /// D.
    pub divergence: Divergence,
}

/// The terms of `student` and `teacher`, both `[rows, classes]`, with p = softmax(teacher / T) and
/// q = softmax(student / T). The teacher is a constant: gradients go to the student alone.
///
/// # Panics
/// When the shapes do not fit together, as Burn's own operations do.
pub fn logit_rows(
    student: Tensor<2>,
    teacher: Option<Tensor<2>>,
    labels: Tensor<1, Int>,
    temperature: f64,
    divergence: Divergence,
) -> RowTerms {
    let [rows, classes] = student.dims();
    assert_eq!(labels.dims(), [rows], "logit_rows: labels for {rows} rows");
    if let Some(plain) = Kind::Losses.instead() {
        return (plain.terms)(student, teacher, labels, temperature, divergence);
    }
    let setting = Setting { teaches: teacher.is_some(), temperature, divergence };
    let student = student.cast(FloatDType::F32);
    // Without a teacher nothing reads the second tensor.
    let teacher = teacher.map_or_else(|| student.clone(), |teacher| teacher.cast(FloatDType::F32));
    assert_eq!(teacher.dims(), [rows, classes], "logit_rows: a teacher for {rows} rows of {classes} classes");
    let labels = labels.cast(IntDType::I32).into_dispatch();
    let [student, teacher] = [student, teacher].map(Tensor::into_dispatch);
    let stats = <Dispatch as LogitRowsOps>::logit_rows(student, teacher, labels, setting);
    RowTerms::of(&Tensor::from_dispatch(stats))
}

impl RowTerms {
    /// 1 − p at the label, `[rows]`; of a row without a label a half.
    pub fn uncertainty(&self) -> Tensor<1> {
        burn::tensor::activation::sigmoid(self.doubt.clone())
    }

    /// The first rows of `stats`.
    pub(super) fn of(stats: &Tensor<2>) -> Self {
        let rows = stats.dims()[1];
        let [divergence, target, rest, hard, doubt] =
            [0, 1, 2, 3, 4].map(|at: usize| stats.clone().slice(at..at + 1).reshape([rows]));
        Self { divergence, target, rest, hard, doubt: doubt.detach() }
    }
}

/// Refuses logits that `adapter` cannot bind whole.
///
/// # Errors
/// [`Error::Device`] with what would help.
pub fn fits(adapter: &Adapter, rows: usize, classes: usize) -> Result<()> {
    let bytes = rows as u64 * classes as u64 * 4;
    if bytes <= adapter.max_binding_bytes {
        return Ok(());
    }
    let [wanted, most] = [bytes, adapter.max_binding_bytes].map(|bytes| bytes.div_ceil(1 << 20));
    let reason = format!(
        "the logits of {rows} rows and {classes} classes take {wanted} MiB, and this device takes at most {most} MiB \
         at once; use a smaller batch"
    );
    Err(Error::device(&adapter.name, reason))
}

/// The operation on one backend. `stats` is `[15, rows]` as in `shaders/src/logit_rows.wgsl`; its
/// first rows are the terms.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex, Autodiff)]
pub trait LogitRowsOps: Backend {
    /// `stats` of both models' logits. Without a teacher, the second is not looked at.
    fn logit_rows(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        labels: IntTensor<Self>,
        setting: Setting,
    ) -> FloatTensor<Self>;

    /// The student's gradient, `[rows, classes]`, given `upstream`, the gradient of `stats`.
    fn logit_rows_grad(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        labels: IntTensor<Self>,
        stats: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        setting: Setting,
    ) -> FloatTensor<Self>;
}

#[derive(Debug)]
struct Backwards;

impl<B: LogitRowsOps> Backward<B, 1> for Backwards {
    /// Student, teacher, labels, stats, setting.
    type State = (FloatTensor<B>, FloatTensor<B>, IntTensor<B>, FloatTensor<B>, Setting);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = grads.consume::<B>(&ops.node);
        let (student, teacher, labels, stats, setting) = ops.state;
        if let [Some(parent)] = ops.parents {
            let gradient = B::logit_rows_grad(student, teacher, labels, stats, upstream, setting);
            grads.register::<B>(parent.id, gradient);
        }
    }
}

impl<B: LogitRowsOps, C: CheckpointStrategy> LogitRowsOps for Autodiff<B, C> {
    fn logit_rows(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        labels: IntTensor<Self>,
        setting: Setting,
    ) -> FloatTensor<Self> {
        let (student, node) = student.into_parts();
        let teacher = teacher.into_primitive();
        match Backwards.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let stats = B::logit_rows(student.clone(), teacher.clone(), labels.clone(), setting);
                prepared.finish((student, teacher, labels, stats.clone(), setting), stats)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::logit_rows(student, teacher, labels, setting)),
        }
    }

    fn logit_rows_grad(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        labels: IntTensor<Self>,
        stats: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        setting: Setting,
    ) -> FloatTensor<Self> {
        // First order only: the gradient is a constant of the graph.
        let [student, teacher, stats, upstream] = [student, teacher, stats, upstream].map(|x| x.into_primitive());
        Self::from_inner(B::logit_rows_grad(student, teacher, labels, stats, upstream, setting))
    }
}

/// Both models' logits of some of the classes.
pub(super) struct Tile<B: Backend> {
    /// `[rows, classes]`
    pub student: FloatTensor<B>,
    /// `[rows, classes]`, or anything without a teacher.
    pub teacher: FloatTensor<B>,
    /// `[rows]`
    pub labels: IntTensor<B>,
    /// Which classes.
    pub classes: Span,
}
