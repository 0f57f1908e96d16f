//! Products on the processor: of matrices as they lie, shared out among the cores.

use std::{mem::MaybeUninit, ops::Range};

use burn::backend::{
    Flex, TensorMetadata,
    flex::{FlexTensor, Layout},
    tensor::FloatTensor,
};
use retort_hand::Task;
use retort_shaders::product::{Form, Sizes};

use super::{ProductOps, shape, sizes};
use crate::{
    kernel::{
        gemm::{self, View},
        host::{self, whole},
    },
    platform,
};

impl ProductOps for Flex {
    fn product(a: FloatTensor<Self>, b: FloatTensor<Self>, form: Form) -> FloatTensor<Self> {
        product(&a, &b, None, form)
    }

    fn product_and_bias(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        form: Form,
    ) -> FloatTensor<Self> {
        let bias = bias.to_contiguous();
        product(&a, &b, Some(whole(&bias)), form)
    }

    fn column_sums(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = x.to_contiguous();
        let [_, columns] = x.shape().dims();
        let mut sums = vec![0.0; columns];
        for row in whole(&x).chunks(columns.max(1)) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        host::tensor(sums, [columns])
    }
}

/// Multiplications below which sharing a product out takes longer than computing it.
const ENOUGH: usize = 1 << 19;

/// Rows of a product that are not shared out: as many as `gemm` computes at once.
const TOGETHER: usize = 12;

/// Matrices of a tensor: numbers from one text, head, row and column to the next.
pub struct Matrices<'a> {
    numbers: &'a [f32],
    strides: [usize; 4],
}

impl<'a> Matrices<'a> {
    /// Of a tensor of two to four dimensions.
    ///
    /// # Panics
    /// When there are more, or its layout reaches beyond its numbers or backwards.
    pub fn of(x: &'a FlexTensor) -> Self {
        let layout = x.layout();
        let numbers = &x.storage()[layout.start_offset()..];
        let (dims, mut strides) = (layout.num_dims(), [0; 4]);
        for (to, &from) in strides[4 - dims..].iter_mut().zip(layout.strides()) {
            *to = usize::try_from(from).expect("strides that count upwards");
        }
        let last = |at: usize| (layout.shape()[at] - 1) * strides[4 - dims + at];
        let reach: usize = if layout.num_elements() == 0 { 0 } else { (0..dims).map(last).sum() };
        assert!(layout.num_elements() == 0 || reach < numbers.len(), "a layout stays within its numbers");
        Self { numbers, strides }
    }

    fn transposed(self) -> Self {
        let [text, head, row, column] = self.strides;
        Self { strides: [text, head, column, row], ..self }
    }

    /// From the given row of a head's matrix on.
    pub fn from(&self, text: usize, head: usize, row: usize) -> View<'a> {
        let [of_text, of_head, of_row, column] = self.strides;
        let numbers = &self.numbers[text * of_text + head * of_head + row * of_row..];
        View { numbers, row: of_row, column }
    }
}

/// Some of C: matrices of the batch, or rows of its only one.
struct Piece<'a> {
    places: Range<usize>,
    rows: Range<usize>,
    /// Where it begins in C.
    start: usize,
    numbers: &'a mut [MaybeUninit<f32>],
}

/// A product on its way.
struct Work<'a> {
    a: Matrices<'a>,
    b: Matrices<'a>,
    bias: Option<&'a [f32]>,
    sizes: Sizes,
    /// From one matrix of a text to the next in C, and from one row to the next.
    strides: [usize; 2],
}

impl Work<'_> {
    /// C in as many pieces as there are hands for it.
    fn pieces<'c>(&self, mut c: &'c mut [MaybeUninit<f32>]) -> Vec<Piece<'c>> {
        let Sizes { batch, inner, m, n, k } = self.sizes;
        let parts = platform::hands().min((batch * m * n * k).div_ceil(ENOUGH)).max(1);
        let rows = |rows: Range<usize>| (0..1, rows.clone(), rows.len() * n);
        let places = |places: Range<usize>| (places.clone(), 0..m, places.len() * m * n);
        let shares: Vec<_> = if batch == 1 {
            shares(m, m.div_ceil(parts).next_multiple_of(TOGETHER)).map(rows).collect()
        } else {
            let whole = if self.strides[1] == n { 1 } else { inner };
            shares(batch, batch.div_ceil(parts).next_multiple_of(whole)).map(places).collect()
        };
        let (mut start, mut pieces) = (0, vec![]);
        for (places, rows, count) in shares {
            let (numbers, rest) = c.split_at_mut(count);
            pieces.push(Piece { places, rows, start, numbers });
            (c, start) = (rest, start + count);
        }
        pieces
    }

    /// Writes every number of the piece.
    fn fill(&self, piece: Piece) {
        let Sizes { inner, m, n, k, .. } = self.sizes;
        let Piece { places, rows, start, numbers } = piece;
        if let Some(bias) = self.bias {
            for row in numbers.chunks_exact_mut(bias.len().max(1)) {
                for (x, &bias) in row.iter_mut().zip(bias) {
                    x.write(bias);
                }
            }
        }
        let [of_head, of_row] = self.strides;
        let task = Task {
            a: self.a.from(0, 0, rows.start).numbers.as_ptr(),
            b: self.b.from(0, 0, 0).numbers.as_ptr(),
            c: numbers.as_mut_ptr().cast::<f32>().wrapping_add(rows.start * of_row).wrapping_sub(start),
            reach: [0; 3],
            add: usize::from(self.bias.is_some()),
            places: [places.start, places.end],
            inner,
            sizes: [rows.len(), n, k],
            a_strides: self.a.strides,
            b_strides: self.b.strides,
            c_strides: [inner * m * n, of_head, of_row],
        };
        #[allow(unsafe_code, reason = "a task has pointers")]
        // SAFETY: A and B reach no further than their numbers (`Matrices::of`), the rows of C lie in this piece,
        // and C is read only where the bias was written.
        unsafe {
            gemm::work(&task);
        }
    }
}

/// The numbers below `count`, so many at a time.
fn shares(count: usize, each: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(each.max(1)).map(move |first| first..count.min(first + each))
}

/// C, of A's batch of matrices, with `bias` added to every row. Where B has the rows of a text's heads take
/// turns, so does C: what joins the heads again then has nothing to move.
fn product(a: &FlexTensor, b: &FlexTensor, bias: Option<&[f32]>, form: Form) -> FlexTensor {
    let sizes = sizes(&a.shape(), &b.shape(), form);
    let shape = shape(&a.shape(), sizes);
    let Sizes { batch, inner, m, n, .. } = sizes;
    let (a, b) = (Matrices::of(a), Matrices::of(b));
    let [.., head, row, _] = b.strides;
    let turns = form != Form::Nt && shape.num_dims() == 4 && head < row && batch / inner >= platform::hands();
    let strides = if turns { [n, inner * n] } else { [m * n, n] };
    let a = if form == Form::Tn { a.transposed() } else { a };
    let b = if form == Form::Nt { b.transposed() } else { b };
    let work = Work { a, b, bias, sizes, strides };
    let count = batch * m * n;
    let mut values = Vec::with_capacity(count);
    platform::share(work.pieces(&mut values.spare_capacity_mut()[..count]), &|piece| work.fill(piece));
    #[allow(unsafe_code, reason = "writing zeros first takes as long as a small product")]
    // SAFETY: the pieces are all there is, and each was filled.
    unsafe {
        values.set_len(count);
    }
    let c = host::tensor(values, shape.clone());
    if !turns {
        return c;
    }
    let strides = [inner * m * n, strides[0], strides[1], 1].map(|stride| stride as isize);
    c.with_layout(Layout::new(shape, strides.to_vec(), 0))
}
