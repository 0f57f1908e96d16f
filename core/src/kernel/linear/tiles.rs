//! The sweeps over tiles, for any backend that can reduce one.

use burn::backend::{
    Backend, TensorMetadata,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::{Shape, Slice};
use retort_shaders::logit_rows::Span;

use super::{Heads, Plan, Setting, Slopes};
use crate::kernel::{Form, logit_rows::Tile, product::ProductOps};

/// What a backend does with the logits of a tile.
pub trait Tiles: ProductOps {
    /// What is known of some rows.
    type Seen;

    /// The first sweep: adds a tile to what is known, which before the first tile is nothing.
    fn absorb(seen: Option<Self::Seen>, tile: Tile<Self>, setting: Setting) -> Self::Seen;

    /// The second sweep, for divergences of a mixture.
    fn mix(seen: Self::Seen, tile: Tile<Self>, setting: Setting) -> Self::Seen;

    /// `stats`, `[15, rows]`, of rows all of whose `vocabulary` was swept.
    fn finish(seen: Self::Seen, labels: IntTensor<Self>, vocabulary: usize, setting: Setting) -> FloatTensor<Self>;

    /// The gradient with respect to the student's logits, `[rows, classes]`.
    fn slopes(
        tile: Tile<Self>,
        stats: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        setting: Setting,
    ) -> FloatTensor<Self>;
}

/// From a first to before a last.
type Range = (usize, usize);

/// A model's part of the vocabulary: rows of its matrix, and of its bias.
struct Words<B: Backend> {
    weight: FloatTensor<B>,
    bias: Option<FloatTensor<B>>,
}

impl<B: ProductOps> Words<B> {
    fn of(weight: &FloatTensor<B>, bias: Option<&FloatTensor<B>>, words: Range) -> Self {
        let row = |bias| B::float_reshape(rows::<B>(bias, words), Shape::from(vec![1, words.1 - words.0]));
        Self { weight: rows::<B>(weight, words), bias: bias.map(row) }
    }

    fn logits(&self, hidden: FloatTensor<B>) -> FloatTensor<B> {
        let logits = B::product(hidden, self.weight.clone(), Form::Nt);
        match &self.bias {
            Some(bias) => B::float_add(logits, bias.clone()),
            None => logits,
        }
    }
}

/// How rows and vocabulary are cut.
struct Cut<'a, B: Backend> {
    heads: &'a Heads<B>,
    plan: Plan,
    rows: Vec<Range>,
    words: Vec<Range>,
}

impl<'a, B: Tiles> Cut<'a, B> {
    fn new(heads: &'a Heads<B>, plan: Plan) -> Self {
        let pieces = |all: usize, size: usize| (0..all).step_by(size).map(|at| (at, all.min(at + size))).collect();
        let [count, _] = heads.student_hidden.shape().dims();
        let rows = pieces(count, plan.tile.rows);
        Self { heads, plan, rows, words: pieces(vocabulary(heads), plan.tile.classes) }
    }

    /// The student's and the teacher's part of the vocabulary.
    fn words(&self, words: Range) -> (Words<B>, Option<Words<B>>) {
        let (heads, [student, teacher]) = (self.heads, self.plan.biased);
        let taught = || Words::of(&heads.teacher_weight, teacher.then_some(&heads.teacher_bias), words);
        (
            Words::of(&heads.student_weight, student.then_some(&heads.student_bias), words),
            self.plan.setting.teaches.then(taught),
        )
    }

    fn tile(&self, (student, teacher): &(Words<B>, Option<Words<B>>), piece: Range, words: Range) -> Tile<B> {
        let student = student.logits(rows::<B>(&self.heads.student_hidden, piece));
        let teacher = match teacher {
            Some(teacher) => teacher.logits(rows::<B>(&self.heads.teacher_hidden, piece)),
            None => student.clone(),
        };
        let classes = Span { first: words.0, count: words.1 - words.0, vocabulary: vocabulary(self.heads) };
        Tile { student, teacher, labels: self.labels(piece), classes }
    }

    fn labels(&self, (start, end): Range) -> IntTensor<B> {
        B::int_slice(self.heads.labels.clone(), &[Slice::from(start..end)])
    }
}

/// `stats`, `[15, rows]`.
pub fn statistics<B: Tiles>(heads: &Heads<B>, plan: Plan) -> FloatTensor<B> {
    let cut = Cut::new(heads, plan);
    let setting = plan.setting;
    let mut seen: Vec<Option<B::Seen>> = cut.rows.iter().map(|_| None).collect();
    let mixes = setting.teaches && setting.divergence.mixes();
    for second in if mixes { &[false, true][..] } else { &[false] } {
        for &range in &cut.words {
            let words = cut.words(range);
            for (seen, &piece) in seen.iter_mut().zip(&cut.rows) {
                let tile = cut.tile(&words, piece, range);
                *seen = Some(match (second, seen.take()) {
                    (true, Some(seen)) => B::mix(seen, tile, setting),
                    (_, seen) => B::absorb(seen, tile, setting),
                });
            }
        }
    }
    let finish = |(seen, &piece)| B::finish(seen, cut.labels(piece), vocabulary(heads), setting);
    joined::<B>(seen.into_iter().flatten().zip(&cut.rows).map(finish).collect(), 1)
}

/// The gradients, given `stats` and their gradient, `[15, rows]` each.
pub fn gradients<B: Tiles>(heads: &Heads<B>, stats: FloatTensor<B>, upstream: FloatTensor<B>, plan: Plan) -> Slopes<B> {
    let cut = Cut::new(heads, plan);
    let columns = |all: &FloatTensor<B>| -> Vec<FloatTensor<B>> {
        let part = |&(start, end): &Range| B::float_slice(all.clone(), &[Slice::full(), Slice::from(start..end)]);
        cut.rows.iter().map(part).collect()
    };
    let (stats, upstream) = (columns(&stats), columns(&upstream));
    let mut hidden: Vec<Option<FloatTensor<B>>> = cut.rows.iter().map(|_| None).collect();
    let (mut weight, mut bias) = (zeros::<B>(&heads.student_weight), zeros::<B>(&heads.student_bias));
    for &range in &cut.words {
        let words = cut.words(range);
        let (mut of_weight, mut of_bias) = (None, None);
        for (at, &piece) in cut.rows.iter().enumerate() {
            let tile = cut.tile(&words, piece, range);
            let slopes = B::slopes(tile, stats[at].clone(), upstream[at].clone(), plan.setting);
            add::<B>(&mut hidden[at], B::product(slopes.clone(), words.0.weight.clone(), Form::Nn));
            if plan.biased[0] {
                let sum = B::float_sum_dim(slopes.clone(), 0);
                add::<B>(&mut of_bias, B::float_reshape(sum, Shape::from(vec![range.1 - range.0])));
            }
            let inputs = rows::<B>(&heads.student_hidden, piece);
            add::<B>(&mut of_weight, B::product(slopes, inputs, Form::Tn));
        }
        weight = filled::<B>(weight, range, of_weight);
        bias = filled::<B>(bias, range, of_bias);
    }
    (joined::<B>(hidden.into_iter().flatten().collect(), 0), weight, bias)
}

/// Zeros of a tensor's shape.
fn zeros<B: Backend>(like: &FloatTensor<B>) -> FloatTensor<B> {
    B::float_zeros(like.shape(), &like.device(), like.dtype().into())
}

/// `all` with `part` in it; written in place, for nobody else holds `all`.
fn filled<B: Backend>(all: FloatTensor<B>, (start, end): Range, part: Option<FloatTensor<B>>) -> FloatTensor<B> {
    match part {
        Some(part) => B::float_slice_assign(all, &[Slice::from(start..end)], part),
        None => all,
    }
}

fn add<B: Backend>(sum: &mut Option<FloatTensor<B>>, term: FloatTensor<B>) {
    *sum = Some(match sum.take() {
        Some(sum) => B::float_add(sum, term),
        None => term,
    });
}

fn vocabulary<B: Backend>(heads: &Heads<B>) -> usize {
    let [vocabulary, _] = heads.student_weight.shape().dims();
    vocabulary
}

/// Some of a tensor's rows, or of a list's numbers.
fn rows<B: Backend>(tensor: &FloatTensor<B>, (start, end): Range) -> FloatTensor<B> {
    B::float_slice(tensor.clone(), &[Slice::from(start..end)])
}

fn joined<B: Backend>(mut parts: Vec<FloatTensor<B>>, dim: usize) -> FloatTensor<B> {
    if parts.len() == 1 { parts.remove(0) } else { B::float_cat(parts, dim) }
}
