//! Distillation straight from hidden states and vocabulary matrices: no logits of all rows, and none
//! of a whole row, ever exist.
//!
//! The logits of a tile, of some rows and some of the vocabulary, are computed, reduced to what the
//! losses need to know of them, and dropped. What is known of two sets of classes merges into what is
//! known of both ("online softmax", Milakov and Gimelshein 2018), so a row's statistics grow tile by
//! tile. It takes
//!
//! 1. one sweep over all tiles for the normalisers, and with them KL, soft cross-entropy, reverse KL,
//!    the pair's terms, the cross-entropy and the teacher's uncertainty;
//! 2. for JS, the skewed divergences and total variation, whose terms want normalised p and q, another;
//! 3. in the backward pass, where the rows' weights are known (ATKD's split, say, needs all rows), one
//!    that makes a tile's gradient and multiplies it at once into those of hidden states and matrix.
//!
//! Each sweep computes both models' logits again: 4 to 6 matrix products forwards and backwards where
//! the unfused way needs 4 (2 for the logits, 2 for the gradients), in exchange for
//! [`TileSize::bytes`] of memory beyond the gradients instead of bytes by rows × vocabulary.
//!
//! Vocabulary matrices are one tensor each, as are their gradients, because a parameter is: the
//! embedding's lookup and the optimiser bind it whole. Tiles take slices of it, so nothing here binds
//! more than the matrix; but a matrix larger than what a device binds (128 MiB by WebGPU's default
//! limits; 50,257 × 768 numbers are 147 MiB) does not work on that device, here or elsewhere.

use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, ExtensionType,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    backend_extension,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::{FloatDType, Int, IntDType, Tensor};
use retort_shaders::{divergence::Divergence, logit_rows::STATS, logit_tile::STATE};

use super::{RowTerms, Setting, Weights, affine};

#[cfg(feature = "gpu")]
mod cube;
mod host;
mod tiles;

/// A model's last step, which makes logits of hidden states: hidden · weightᵀ + bias.
#[derive(Debug, Clone)]
pub struct Linear {
    /// `[rows, width]`
    pub hidden: Tensor<2>,
    /// `[vocabulary, width]`
    pub weight: Tensor<2>,
    /// `[vocabulary]`: BERT has one, GPT-2 none.
    pub bias: Option<Tensor<1>>,
}

/// How many logits of a model exist at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileSize {
    /// Rows.
    pub rows: usize,
    /// Classes of the vocabulary.
    pub classes: usize,
}

impl Default for TileSize {
    /// 16 MiB of logits.
    fn default() -> Self {
        Self { rows: 1_024, classes: 4_096 }
    }
}

impl TileSize {
    /// What exists at once beside the models' tensors and the student's gradients, at most, in bytes,
    /// for a student and a teacher of these widths: both models' logits and their gradient, and one
    /// more while a bias is added; slices of both matrices and hidden states, and the student's
    /// gradients of those; the gradient of all hidden states before it is joined; and of every row
    /// what is known of it, 14 numbers, its statistics and their gradient, 15 each, in pieces and
    /// joined.
    pub fn bytes(self, rows: usize, vocabulary: usize, [student, teacher]: [usize; 2]) -> usize {
        let (r, c) = (self.rows.min(rows), self.classes.min(vocabulary));
        let slices = (3 * student + teacher) * (r + c);
        4 * (4 * r * c + slices + student * rows + (STATE + 4 * STATS) * rows)
    }
}

/// The terms of every row, as [`super::logit_rows`] gives them for the logits of `student` and
/// `teacher`, on the graph: any function of them can be differentiated with respect to the student's
/// hidden states, matrix and bias. The teacher is a constant.
///
/// # Panics
/// When the shapes do not fit together or there are no rows, as Burn's own operations do.
pub fn linear_rows(
    student: &Linear,
    teacher: Option<&Linear>,
    labels: Tensor<1, Int>,
    temperature: f64,
    divergence: Divergence,
) -> RowTerms {
    linear_rows_in(TileSize::default(), student, teacher, labels, temperature, divergence)
}

/// As [`linear_rows`], in tiles of that size.
///
/// # Panics
/// As [`linear_rows`].
pub fn linear_rows_in(
    tile: TileSize,
    student: &Linear,
    teacher: Option<&Linear>,
    labels: Tensor<1, Int>,
    temperature: f64,
    divergence: Divergence,
) -> RowTerms {
    let ([rows, vocabulary], labelled) = (student.check("student"), labels.dims()[0]);
    assert!(rows > 0 && labelled == rows, "linear_rows: {labelled} labels for {rows} rows");
    if let Some(teacher) = teacher {
        let taught = teacher.check("teacher");
        assert_eq!(taught, [rows, vocabulary], "linear_rows: teacher's rows and vocabulary");
    }
    let plan = Plan {
        setting: Setting { teaches: teacher.is_some(), temperature, divergence },
        biased: [student.bias.is_some(), teacher.is_some_and(|teacher| teacher.bias.is_some())],
        tile: TileSize { rows: tile.rows.clamp(1, rows), classes: tile.classes.clamp(1, vocabulary) },
    };
    // Without a teacher nothing reads the placeholders.
    let nobody =
        Linear { hidden: student.hidden.clone().detach(), weight: student.weight.clone().detach(), bias: None };
    let teacher = teacher.unwrap_or(&nobody);
    let float = |x: &Tensor<2>| x.clone().cast(FloatDType::F32).into_dispatch();
    let bias = |linear: &Linear| {
        let none = || Tensor::zeros([1], &linear.weight.device());
        linear.bias.clone().unwrap_or_else(none).cast(FloatDType::F32).into_dispatch()
    };
    let heads = Heads {
        student_hidden: float(&student.hidden),
        student_weight: float(&student.weight),
        student_bias: bias(student),
        teacher_hidden: float(&teacher.hidden),
        teacher_weight: float(&teacher.weight),
        teacher_bias: bias(teacher),
        labels: labels.cast(IntDType::I32).into_dispatch(),
    };
    RowTerms::of(&Tensor::from_dispatch(<Dispatch as LinearRowsOps>::linear_rows(heads, plan)))
}

impl Linear {
    /// All of them: `[rows, vocabulary]`
    pub fn logits(&self) -> Tensor<2> {
        affine(self.hidden.clone(), self.weight.clone(), self.bias.clone(), Weights::OutIn)
    }

    /// Rows and vocabulary.
    fn check(&self, who: &str) -> [usize; 2] {
        let ([rows, wide], [vocabulary, width]) = (self.hidden.dims(), self.weight.dims());
        assert_eq!(wide, width, "linear_rows: the {who}'s width");
        if let Some(bias) = &self.bias {
            assert_eq!(bias.dims(), [vocabulary], "linear_rows: the {who}'s bias");
        }
        [rows, vocabulary]
    }
}

/// Both models' last steps and the labels.
#[derive(Debug, Clone, ExtensionType)]
pub struct Heads<B: Backend> {
    /// `[rows, width]`
    pub student_hidden: FloatTensor<B>,
    /// `[vocabulary, width]`
    pub student_weight: FloatTensor<B>,
    /// `[vocabulary]`, or one number that nobody reads.
    pub student_bias: FloatTensor<B>,
    /// `[rows, width]`
    pub teacher_hidden: FloatTensor<B>,
    /// `[vocabulary, width]`
    pub teacher_weight: FloatTensor<B>,
    /// As the student's.
    pub teacher_bias: FloatTensor<B>,
    /// `[rows]`
    pub labels: IntTensor<B>,
}

/// What is computed, and how.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    setting: Setting,
    /// Whether student and teacher have a bias.
    biased: [bool; 2],
    tile: TileSize,
}

/// Gradients of the student's hidden states, matrix and bias.
type Slopes<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

/// The operation on one backend.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex, Autodiff)]
pub trait LinearRowsOps: Backend {
    /// `stats`, `[15, rows]`, as in `shaders/src/logit_rows.wgsl`.
    fn linear_rows(#[extension_type] heads: Heads<Self>, plan: Plan) -> FloatTensor<Self>;

    /// The gradients of the student's tensors, given `upstream`, the gradient of `stats`.
    fn linear_rows_grad(
        #[extension_type] heads: Heads<Self>,
        stats: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        plan: Plan,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

#[derive(Debug)]
struct Backwards;

impl<B: LinearRowsOps> Backward<B, 3> for Backwards {
    type State = (Heads<B>, FloatTensor<B>, Plan);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = grads.consume::<B>(&ops.node);
        let (heads, stats, plan) = ops.state;
        let (hidden, weight, bias) = B::linear_rows_grad(heads, stats, upstream, plan);
        for (parent, gradient) in ops.parents.into_iter().zip([hidden, weight, bias]) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}

impl<B: LinearRowsOps, C: CheckpointStrategy> LinearRowsOps for Autodiff<B, C> {
    fn linear_rows(heads: Heads<Self>, plan: Plan) -> FloatTensor<Self> {
        let (student_hidden, hidden) = heads.student_hidden.into_parts();
        let (student_weight, weight) = heads.student_weight.into_parts();
        let (student_bias, bias) = heads.student_bias.into_parts();
        let [teacher_hidden, teacher_weight, teacher_bias] =
            [heads.teacher_hidden, heads.teacher_weight, heads.teacher_bias].map(|x| x.into_primitive());
        let labels = heads.labels;
        let heads = Heads {
            student_hidden,
            student_weight,
            student_bias,
            teacher_hidden,
            teacher_weight,
            teacher_bias,
            labels,
        };
        match Backwards.prepare::<C>([hidden, weight, bias]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let stats = B::linear_rows(heads.clone(), plan);
                prepared.finish((heads, stats.clone(), plan), stats)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::linear_rows(heads, plan)),
        }
    }

    fn linear_rows_grad(
        heads: Heads<Self>,
        stats: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        plan: Plan,
    ) -> Slopes<Self> {
        // First order only: the gradient is a constant of the graph.
        let heads = Heads {
            student_hidden: heads.student_hidden.into_primitive(),
            student_weight: heads.student_weight.into_primitive(),
            student_bias: heads.student_bias.into_primitive(),
            teacher_hidden: heads.teacher_hidden.into_primitive(),
            teacher_weight: heads.teacher_weight.into_primitive(),
            teacher_bias: heads.teacher_bias.into_primitive(),
            labels: heads.labels,
        };
        let (hidden, weight, bias) =
            B::linear_rows_grad(heads, stats.into_primitive(), upstream.into_primitive(), plan);
        (Self::from_inner(hidden), Self::from_inner(weight), Self::from_inner(bias))
    }
}

#[cfg(test)]
mod tests;
