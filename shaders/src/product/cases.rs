//! Shapes at which kernels must compute what the twin computes.

use super::{Form, Lie, Product, Sizes, aligned, info, product};
use crate::{Case, noise, words};

const SHAPES: [Sizes; 8] = [
    Sizes { batch: 1, inner: 1, m: 1, n: 1, k: 1 },
    Sizes { batch: 1, inner: 1, m: 5, n: 7, k: 3 },
    Sizes { batch: 4, inner: 2, m: 17, n: 2, k: 13 },
    Sizes { batch: 1, inner: 1, m: 66, n: 129, k: 37 },
    Sizes { batch: 1, inner: 1, m: 4, n: 4, k: 4 },
    Sizes { batch: 6, inner: 3, m: 36, n: 12, k: 8 },
    Sizes { batch: 1, inner: 1, m: 64, n: 100, k: 32 },
    Sizes { batch: 1, inner: 1, m: 132, n: 260, k: 68 },
];

/// The cases of one kernel.
pub fn of(kernel: Product) -> Vec<Case> {
    let packed = |sizes: Sizes| sizes.shapes(kernel.form).map(|shape| Lie::packed(sizes.inner, shape));
    let shapes = SHAPES.into_iter().filter(|&sizes| !kernel.aligned || aligned(kernel.form, sizes, packed(sizes)));
    shapes.flat_map(|sizes| [case(kernel, sizes, false), case(kernel, sizes, true)]).collect()
}

/// With a bias, one B serves the whole batch, and the rows of C of a block's matrices take turns.
fn case(kernel: Product, sizes: Sizes, bias: bool) -> Case {
    let Sizes { batch, inner, m, n, k } = sizes;
    let a = noise(1, batch * m * k);
    let b = noise(2, if bias { k * n } else { batch * k * n });
    let with = noise(3, n);
    let mut lie = sizes.shapes(kernel.form).map(|shape| Lie::packed(inner, shape));
    if bias {
        lie[1] = Lie { block: 0, matrix: 0, ..lie[1] };
        lie[2] = Lie { block: inner * m * n, matrix: n, row: inner * n };
    }
    let mut wanted = vec![0.0; batch * m * n];
    for at in 0..batch {
        let b = if bias { &b[..] } else { &b[at * k * n..(at + 1) * k * n] };
        let c = product(kernel.form, &a[at * m * k..(at + 1) * m * k], b, bias.then_some(&with), sizes);
        for (row, numbers) in c.chunks(n).enumerate() {
            let start = at / inner * lie[2].block + at % inner * lie[2].matrix + row * lie[2].row;
            wanted[start..start + n].copy_from_slice(numbers);
        }
    }
    let form = match kernel.form {
        Form::Nt => "A·Bᵀ",
        Form::Nn => "A·B",
        Form::Tn => "Aᵀ·B",
    };
    Case {
        name: format!("{form}, {batch} × {m} × {n} × {k}, bias {bias}"),
        buffers: vec![
            words(&a),
            words(&b),
            words(if bias { &with } else { &[0.0; 4] }),
            vec![0; wanted.len()],
            info(sizes, lie, bias).to_vec(),
        ],
        output: 3,
        groups: kernel.groups(sizes),
        wanted,
        // A sum of at most 68 products of numbers below 1, each off by 6e-8 of itself.
        allowance: [4e-6, 1e-6],
    }
}
