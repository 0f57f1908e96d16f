//! Products of matrices, by three forms and two plans: `product/registers.wgsl` and `product/shared.wgsl`.
//!
//! ```text
//! nt   C = A·Bᵀ    A [m, k], B [n, k]    x·Wᵀ, what a layer does with weights [out, in]
//! nn   C = A·B     A [m, k], B [k, n]    its gradient for x
//! tn   C = Aᵀ·B    A [k, m], B [k, n]    its gradient for W
//! ```
//!
//! C is `[m, n]`, all are row by row, wherever in a batch they lie ([`Lie`]). A bias `[n]` may be added to
//! every row of C.

use crate::{Kernel, import::resolve, unroll::unroll};

mod cases;

/// Which of A and B is read across.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A·Bᵀ
    Nt,
    /// A·B
    Nn,
    /// Aᵀ·B
    Tn,
}

/// How the work is shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// So many rows and columns of C in every invocation, both multiples of four; nothing is shared.
    Registers(usize, usize),
    /// So many by so many in each of a workgroup's 16 × 16 invocations, which share what they read.
    Shared(usize),
}

/// A kernel for one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// What it computes.
    pub form: Form,
    /// How.
    pub plan: Plan,
    /// Whether it takes only matrices whose rows are multiples of four numbers long, and reads four at a time.
    pub aligned: bool,
}

/// For adapters that imitate a graphics device: as much in registers as they compile in reasonable time.
pub const IMITATED: [Plan; 2] = [Plan::Registers(16, 16), Plan::Registers(8, 8)];
/// For graphics hardware.
pub const GRAPHICS: [Plan; 2] = [Plan::Shared(4), Plan::Shared(2)];

/// Invocations per workgroup, along C's columns and rows: eight in a row, for llvmpipe fills its vectors with
/// neighbours in x alone.
const GROUP: [usize; 2] = [8, 2];

/// The sizes of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Matrices in the batch.
    pub batch: usize,
    /// Matrices of a block of it: the heads of a text, say.
    pub inner: usize,
    /// Rows of C.
    pub m: usize,
    /// Columns of C.
    pub n: usize,
    /// Products of a sum.
    pub k: usize,
}

impl Product {
    /// The WGSL.
    pub fn source(self) -> String {
        let text = match self.plan {
            Plan::Registers(..) => include_str!("product/registers.wgsl"),
            Plan::Shared(_) => include_str!("product/shared.wgsl"),
        };
        let matrices = include_str!("product/matrices.wgsl");
        let access = match (self.plan, self.aligned, self.form) {
            (Plan::Registers(..), true, _) => include_str!("product/aligned.wgsl"),
            (Plan::Registers(..), false, _) => include_str!("product/ragged.wgsl"),
            (Plan::Shared(_), _, Form::Nt) => include_str!("product/shared_nt.wgsl"),
            (Plan::Shared(_), _, Form::Nn) => include_str!("product/shared_nn.wgsl"),
            (Plan::Shared(_), _, Form::Tn) => include_str!("product/shared_tn.wgsl"),
        };
        let sum = match self.form {
            Form::Nt => include_str!("product/nt.wgsl"),
            Form::Nn => include_str!("product/nn.wgsl"),
            Form::Tn => include_str!("product/tn.wgsl"),
        };
        let text = text.replace("// #matrices", &format!("{matrices}\n{access}")).replace("// #sum", sum);
        let sizes = match self.plan {
            Plan::Registers(rows, columns) => {
                vec![("TM", rows), ("TN", columns), ("TP", rows / 4), ("TQ", columns / 4)]
            }
            Plan::Shared(each) => vec![("EACH", each)],
        };
        unroll(&resolve(&text), &sizes)
    }

    /// Workgroups.
    pub fn groups(self, sizes: Sizes) -> [u32; 3] {
        let [columns, rows] = match self.plan {
            Plan::Registers(rows, columns) => [columns * GROUP[0], rows * GROUP[1]],
            Plan::Shared(each) => [16 * each; 2],
        };
        [sizes.n.div_ceil(columns), sizes.m.div_ceil(rows), sizes.batch].map(|count| count as u32)
    }
}

/// Where the matrices of a batch lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lie {
    /// Numbers from one block to the next.
    pub block: usize,
    /// From one matrix of a block to the next.
    pub matrix: usize,
    /// From one row to the next.
    pub row: usize,
}

impl Lie {
    /// One matrix after the other, each row by row.
    pub fn packed(inner: usize, [rows, columns]: [usize; 2]) -> Self {
        Self { block: inner * rows * columns, matrix: rows * columns, row: columns }
    }

    fn numbers(self) -> [usize; 3] {
        [self.block, self.matrix, self.row]
    }
}

impl Sizes {
    /// Rows and columns of A, B and C.
    pub fn shapes(self, form: Form) -> [[usize; 2]; 3] {
        let Sizes { m, n, k, .. } = self;
        match form {
            Form::Nt => [[m, k], [n, k], [m, n]],
            Form::Nn => [[m, k], [k, n], [m, n]],
            Form::Tn => [[k, m], [k, n], [m, n]],
        }
    }
}

/// Whether every row of A, B and C is a multiple of four numbers long, and as far from where it begins.
pub fn aligned(form: Form, sizes: Sizes, lie: [Lie; 3]) -> bool {
    let lengths = sizes.shapes(form).map(|[_, columns]| columns);
    lengths.into_iter().chain(lie.into_iter().flat_map(Lie::numbers)).all(|length| length.is_multiple_of(4))
}

/// The info buffer.
pub fn info(sizes: Sizes, lie: [Lie; 3], bias: bool) -> [u32; 14] {
    let Sizes { m, n, k, inner, .. } = sizes;
    let mut info = [m as u32; 14];
    let numbers = [n, k, usize::from(bias), inner].into_iter().chain(lie.into_iter().flat_map(Lie::numbers));
    info[1..].iter_mut().zip(numbers).for_each(|(info, number)| *info = number as u32);
    info
}

/// C of one pair of matrices.
pub fn product(form: Form, a: &[f32], b: &[f32], bias: Option<&[f32]>, sizes: Sizes) -> Vec<f64> {
    let Sizes { m, n, k, .. } = sizes;
    let mut c = Vec::with_capacity(m * n);
    for row in 0..m {
        for column in 0..n {
            let pair = |at: usize| match form {
                Form::Nt => (a[row * k + at], b[column * k + at]),
                Form::Nn => (a[row * k + at], b[at * n + column]),
                Form::Tn => (a[at * m + row], b[at * n + column]),
            };
            let sum: f64 = (0..k).map(pair).map(|(a, b)| f64::from(a) * f64::from(b)).sum();
            c.push(sum + bias.map_or(0.0, |bias| f64::from(bias[column])));
        }
    }
    c
}

macro_rules! variants {
    ($($name:literal, $form:ident, $plan:expr, $aligned:literal;)+) => {
        /// Every product that there is a kernel for.
        pub const VARIANTS: &[(Product, Kernel)] = &[$({
            const PRODUCT: Product = Product { form: Form::$form, plan: $plan, aligned: $aligned };
            (PRODUCT, Kernel { name: $name, source: || PRODUCT.source(), cases: || cases::of(PRODUCT) })
        }),+];
    };
}

variants! {
    "product_nt_16x16", Nt, IMITATED[0], true;
    "product_nn_16x16", Nn, IMITATED[0], true;
    "product_tn_16x16", Tn, IMITATED[0], true;
    "product_nt_8x8", Nt, IMITATED[1], true;
    "product_nn_8x8", Nn, IMITATED[1], true;
    "product_tn_8x8", Tn, IMITATED[1], true;
    "product_nt_ragged", Nt, IMITATED[1], false;
    "product_nn_ragged", Nn, IMITATED[1], false;
    "product_tn_ragged", Tn, IMITATED[1], false;
    "product_nt_shared_4", Nt, GRAPHICS[0], false;
    "product_nn_shared_4", Nn, GRAPHICS[0], false;
    "product_tn_shared_4", Tn, GRAPHICS[0], false;
    "product_nt_shared_2", Nt, GRAPHICS[1], false;
    "product_nn_shared_2", Nn, GRAPHICS[1], false;
    "product_tn_shared_2", Tn, GRAPHICS[1], false;
}

/// The kernel for a product: by the adapter's kind, and the larger tile where a row of invocations has enough
/// columns and enough tiles are left to share out.
pub fn choose(form: Form, sizes: Sizes, lie: [Lie; 3], imitated: bool) -> &'static (Product, Kernel) {
    let plans = if imitated { IMITATED } else { GRAPHICS };
    let aligned = imitated && aligned(form, sizes, lie);
    let ragged = imitated && !aligned;
    let tiles = |plan| {
        let [x, y, z] = Product { form, plan, aligned }.groups(sizes);
        x * y * z
    };
    let narrow = matches!(plans[0], Plan::Registers(_, columns) if sizes.n < columns * GROUP[0]);
    let plan = if ragged || narrow || tiles(plans[0]) < ENOUGH { plans[1] } else { plans[0] };
    VARIANTS
        .iter()
        .find(|(product, _)| *product == Product { form, plan, aligned })
        .expect("there is a kernel for every form, plan and alignment")
}

/// Workgroups below which a device has nothing to do for some of its parts.
const ENOUGH: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes { batch: 1, inner: 1, m: 2, n: 2, k: 3 };

    #[test]
    fn by_hand() {
        // [1 2 3; 4 5 6] · [1 0; 0 1; 1 1] = [4 5; 10 11], and (10, 20) on every row.
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        assert_eq!(product(Form::Nn, &a, &b, None, SIZES), [4.0, 5.0, 10.0, 11.0]);
        let across = [1.0, 0.0, 1.0, 0.0, 1.0, 1.0];
        assert_eq!(product(Form::Nt, &a, &across, Some(&[10.0, 20.0]), SIZES), [14.0, 25.0, 20.0, 31.0]);
        let a = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];
        assert_eq!(product(Form::Tn, &a, &b, None, SIZES), [4.0, 5.0, 10.0, 11.0]);
    }

    #[test]
    fn small_and_uneven_products_have_kernels_of_their_own() {
        let named = |sizes: Sizes, imitated| {
            let lie = sizes.shapes(Form::Nt).map(|shape| Lie::packed(1, shape));
            choose(Form::Nt, sizes, lie, imitated).1.name
        };
        let large = Sizes { batch: 1, inner: 1, m: 1_024, n: 512, k: 128 };
        assert_eq!(named(large, true), "product_nt_16x16");
        assert_eq!(named(Sizes { m: 64, n: 32, k: 32, ..large }, true), "product_nt_8x8");
        assert_eq!(named(Sizes { n: 2, ..large }, true), "product_nt_ragged");
        assert_eq!(named(large, false), "product_nt_shared_4");
        assert_eq!(named(SIZES, false), "product_nt_shared_2");
    }
}
