//! Shapes at which kernels must compute what the twin computes.

use super::{Form, Product, Sizes, aligned, info, product};
use crate::{Case, noise, words};

const SHAPES: [Sizes; 8] = [
    Sizes { batch: 1, m: 1, n: 1, k: 1 },
    Sizes { batch: 1, m: 5, n: 7, k: 3 },
    Sizes { batch: 2, m: 17, n: 2, k: 13 },
    Sizes { batch: 1, m: 66, n: 129, k: 37 },
    Sizes { batch: 1, m: 4, n: 4, k: 4 },
    Sizes { batch: 3, m: 36, n: 12, k: 8 },
    Sizes { batch: 1, m: 64, n: 100, k: 32 },
    Sizes { batch: 1, m: 132, n: 260, k: 68 },
];

/// The cases of one kernel.
pub fn of(kernel: Product) -> Vec<Case> {
    let shapes = SHAPES.into_iter().filter(|&sizes| !kernel.aligned || aligned(kernel.form, sizes));
    shapes.flat_map(|sizes| [case(kernel, sizes, false), case(kernel, sizes, true)]).collect()
}

/// With a bias, one B serves the whole batch.
fn case(kernel: Product, sizes: Sizes, bias: bool) -> Case {
    let Sizes { batch, m, n, k } = sizes;
    let a = noise(1, batch * m * k);
    let b = noise(2, if bias { k * n } else { batch * k * n });
    let with = noise(3, n);
    let mut wanted = vec![];
    for at in 0..batch {
        let b = if bias { &b[..] } else { &b[at * k * n..(at + 1) * k * n] };
        wanted.extend(product(kernel.form, &a[at * m * k..(at + 1) * m * k], b, bias.then_some(&with), sizes));
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
            info(sizes, [false, bias], bias).to_vec(),
        ],
        output: 3,
        groups: kernel.groups(sizes),
        wanted,
        // A sum of at most 68 products of numbers below 1, each off by 6e-8 of itself.
        allowance: [4e-6, 1e-6],
    }
}
