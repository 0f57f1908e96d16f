//! What layers are made of, against the same in Burn's own operations, differentiated by Burn: on the CPU and
//! on whatever adapter there is.

use burn::tensor::{Device, Tensor, TensorData};
use retort_shaders::noise;

use super::{
    Attending, Bend, Form, Step, Weights, activation, adamw, affine, attends, attention, composed, dropout, layer_norm,
    length, masked_softmax, product,
    tests::{devices, host},
};

/// Numbers between −1 and 1 on the graph.
fn leaf<const D: usize>(seed: u64, dims: [usize; D], graph: &Device) -> Tensor<D> {
    let data = TensorData::new(noise(seed, dims.iter().product()), dims);
    Tensor::from_data(data, graph).require_grad()
}

/// Within 3e-5 of each other, absolutely and relatively.
#[track_caller]
fn close(at: &str, got: &[f32], wanted: &[f32]) {
    assert_eq!(got.len(), wanted.len(), "{at}");
    for (index, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        assert!((got - wanted).abs() <= 3e-5 * (1.0 + wanted.abs()), "{at}, number {index}: {got} is not {wanted}");
    }
}

/// Both give the same, and the same slopes in every leaf, weighed by noise.
#[track_caller]
fn agree<const D: usize, const N: usize>(
    at: &str,
    leaves: impl Fn() -> [Tensor<2>; N],
    [ours, burns]: [&dyn Fn([Tensor<2>; N]) -> Tensor<D>; 2],
) {
    let run = |of: &dyn Fn([Tensor<2>; N]) -> Tensor<D>| {
        let leaves = leaves();
        let output = of(leaves.clone());
        let up = TensorData::new(noise(99, output.dims().iter().product()), output.dims());
        let gradients = (output.clone() * Tensor::from_data(up, &output.device())).sum().backward();
        let slopes = leaves.map(|leaf| host(leaf.grad(&gradients).expect("every leaf has a slope")));
        (output.dims(), host(output.inner()), slopes)
    };
    let ((dims, got, slopes), (wanted_dims, wanted, wanted_slopes)) = (run(ours), run(burns));
    assert_eq!(dims, wanted_dims, "{at}");
    close(at, &got, &wanted);
    for (leaf, (got, wanted)) in slopes.iter().zip(&wanted_slopes).enumerate() {
        close(&format!("{at}, slope of leaf {leaf}"), got, wanted);
    }
}

#[test]
fn a_layer_with_weights_either_way() {
    for (name, device) in devices() {
        let graph = device.autodiff();
        for [rows, inputs, outputs] in [[1, 1, 1], [6, 5, 3], [33, 8, 12], [70, 36, 132]] {
            for lie in [Weights::OutIn, Weights::InOut] {
                let at = format!("{name}, {rows} × {inputs} × {outputs}, {lie:?}");
                let shape = if lie == Weights::OutIn { [outputs, inputs] } else { [inputs, outputs] };
                let leaves =
                    || [leaf(1, [rows, inputs], &graph), leaf(2, shape, &graph), leaf(3, [1, outputs], &graph)];
                let matrix = |x: Tensor<2>| x.reshape([1, rows, inputs]);
                let row = |b: Tensor<2>| Some(b.flatten(0, 1));
                agree(
                    &at,
                    leaves,
                    [&|[x, w, b]| affine(matrix(x), w, row(b), lie), &|[x, w, b]| {
                        composed::affine(x, w, row(b), lie).reshape([1, rows, outputs])
                    }],
                );
                let leaves = || [leaf(1, [rows, inputs], &graph), leaf(2, shape, &graph)];
                agree(&at, leaves, [&|[x, w]| affine(x, w, None, lie), &|[x, w]| composed::affine(x, w, None, lie)]);
            }
        }
    }
}

#[test]
fn products_of_heads_however_they_lie() {
    for (name, device) in devices() {
        let graph = device.autodiff();
        let [texts, heads, a, b, size] = [2, 3, 10, 12, 8];
        for apart in [true, false] {
            let heads_of = |x: Tensor<2>, length: usize| match apart {
                true => x.reshape([texts, heads, length, size]),
                false => x.reshape([texts, length, heads, size]).swap_dims(1, 2),
            };
            let at = format!("{name}, heads apart: {apart}");
            let leaves = || [leaf(1, [texts * a, heads * size], &graph), leaf(2, [texts * b, heads * size], &graph)];
            agree(
                &format!("{at}, nt"),
                leaves,
                [&|[q, k]| product(heads_of(q, a), heads_of(k, b), Form::Nt), &|[q, k]| {
                    composed::product(heads_of(q, a), heads_of(k, b), Form::Nt)
                }],
            );
            let leaves = || [leaf(1, [texts * heads * a, b], &graph), leaf(2, [texts * b, heads * size], &graph)];
            let probs = |p: Tensor<2>| p.reshape([texts, heads, a, b]);
            agree(
                &format!("{at}, nn"),
                leaves,
                [&|[p, v]| product(probs(p), heads_of(v, b), Form::Nn), &|[p, v]| {
                    composed::product(probs(p), heads_of(v, b), Form::Nn)
                }],
            );
            let leaves = || [leaf(1, [texts * heads * b, a], &graph), leaf(2, [texts * b, heads * size], &graph)];
            let probs = |p: Tensor<2>| p.reshape([texts, heads, b, a]);
            agree(
                &format!("{at}, tn"),
                leaves,
                [&|[p, v]| product(probs(p), heads_of(v, b), Form::Tn), &|[p, v]| {
                    composed::product(probs(p), heads_of(v, b), Form::Tn)
                }],
            );
        }
    }
}

#[test]
fn norms_and_activations() {
    for (name, device) in devices() {
        let graph = device.autodiff();
        for [rows, width] in [[1, 2], [5, 7], [300, 64]] {
            let leaves = || [leaf(1, [rows, width], &graph), leaf(2, [1, width], &graph), leaf(3, [1, width], &graph)];
            agree(
                &format!("{name}, norm of {rows} × {width}"),
                leaves,
                [&|[x, w, b]| layer_norm(x, w.flatten(0, 1), b.flatten(0, 1), 1e-3), &|[x, w, b]| {
                    composed::layer_norm(x, w.flatten(0, 1), b.flatten(0, 1), 1e-3)
                }],
            );
        }
        for bend in [Bend::Gelu, Bend::GeluNew, Bend::Silu, Bend::Relu] {
            let leaves = || [leaf(1, [37, 11], &graph)];
            agree(
                &format!("{name}, {bend:?}"),
                leaves,
                [&|[x]| activation(x * 4.0, bend), &|[x]| {
                    composed::activation((x * 4.0).flatten(0, 1), bend).reshape([37, 11])
                }],
            );
        }
    }
}

#[test]
fn softmax_under_masks_of_every_form() {
    for (name, device) in devices() {
        let graph = device.autodiff();
        let [texts, heads, queries, keys] = [2, 3, 5, 70];
        for dims in [[texts, 1, 1, keys], [1, 1, queries, keys], [texts, 1, queries, keys]] {
            let hides = noise(4, dims.iter().product()).into_iter().map(|x| if x > 0.6 { -1e9 } else { 0.0 });
            let mask = TensorData::new(hides.collect::<Vec<f32>>(), dims);
            let mask = Tensor::<4>::from_data(mask, &graph);
            let leaves = || [leaf(1, [texts * heads * queries, keys], &graph)];
            let scores = |x: Tensor<2>| x.reshape([texts, heads, queries, keys]) * 3.0;
            agree(
                &format!("{name}, mask {dims:?}"),
                leaves,
                [&|[x]| masked_softmax(scores(x), mask.clone(), 2.5), &|[x]| {
                    composed::masked_softmax(scores(x), mask.clone(), 2.5)
                }],
            );
        }
    }
}

/// Of each text's heads; `groups` of them for keys and values.
struct Attends {
    texts: usize,
    heads: usize,
    groups: usize,
    queries: usize,
    keys: usize,
    size: usize,
    mask: [usize; 4],
    p: f64,
}

/// Rows of heads `[texts · rows · heads, size]` as a layer's projections have them, or head by head.
fn heads_of(x: Tensor<2>, [texts, rows, heads, size]: [usize; 4], turns: bool) -> Tensor<4> {
    match turns {
        true => x.reshape([texts, rows, heads, size]).swap_dims(1, 2),
        false => x.reshape([texts, heads, rows, size]),
    }
}

#[test]
fn attention_without_its_matrices() {
    let all = [
        Attends { texts: 2, heads: 2, groups: 2, queries: 5, keys: 7, size: 8, mask: [2, 1, 1, 7], p: 0.0 },
        Attends { texts: 1, heads: 4, groups: 2, queries: 70, keys: 70, size: 16, mask: [1, 1, 70, 70], p: 0.1 },
        Attends { texts: 3, heads: 4, groups: 1, queries: 130, keys: 9, size: 32, mask: [3, 1, 130, 9], p: 0.3 },
        Attends { texts: 1, heads: 1, groups: 1, queries: 1, keys: 3, size: 5, mask: [1, 1, 1, 3], p: 0.0 },
    ];
    for (name, device) in devices() {
        let graph = device.autodiff();
        for Attends { texts, heads, groups, queries, keys, size, mask, p } in &all {
            let [texts, heads, groups, queries, keys, size] = [texts, heads, groups, queries, keys, size].map(|&n| n);
            if name == "gpu" && !attends(size, usize::MAX) {
                assert_eq!(size, 5, "heads without a kernel");
                continue;
            }
            // Every query sees its first key.
            let hides = noise(4, mask.iter().product()).into_iter().enumerate();
            let hides: Vec<f32> = hides.map(|(at, x)| if at % keys > 0 && x > 0.6 { -1e9 } else { 0.0 }).collect();
            let mask = Tensor::<4>::from_data(TensorData::new(hides, *mask), &graph);
            let setting = Attending { divisor: 2.5, p: *p, seed: 3 };
            for turns in [true, false] {
                let leaves = || {
                    let rows = [(1, queries * heads), (2, keys * groups), (3, keys * groups)];
                    rows.map(|(seed, rows)| leaf(seed, [texts * rows, size], &graph))
                };
                let of_heads = |[q, k, v]: [Tensor<2>; 3]| {
                    let keys = [texts, keys, groups, size];
                    (
                        heads_of(q, [texts, queries, heads, size], turns),
                        heads_of(k, keys, turns),
                        heads_of(v, keys, turns),
                    )
                };
                let repeated = |x: Tensor<4>| {
                    let x: Tensor<5> = x.unsqueeze_dim(2);
                    x.expand([texts, groups, heads / groups, keys, size]).reshape([texts, heads, keys, size])
                };
                agree(
                    &format!("{name}, {heads} / {groups} heads of {queries} × {keys} × {size}, turns: {turns}"),
                    leaves,
                    [
                        &|all| {
                            let (q, k, v) = of_heads(all);
                            attention(q * 2.0, k, v, mask.clone(), setting)
                        },
                        &|all| {
                            let (q, k, v) = of_heads(all);
                            let scores = composed::product(q * 2.0, repeated(k), Form::Nt);
                            let probs = composed::masked_softmax(scores, mask.clone(), 2.5);
                            composed::product(dropout(probs, *p, 3), repeated(v), Form::Nn).swap_dims(1, 2)
                        },
                    ],
                );
            }
        }
    }
}

#[test]
fn adamw_takes_the_twins_step() {
    for (name, device) in devices() {
        let of =
            |seed: u64, count: usize| Tensor::<1>::from_data(TensorData::new(noise(seed, count), [count]), &device);
        let parts = [of(1, 3), of(2, 9_000), of(3, 1)];
        let wanted: f64 = [(1, 3), (2, 9_000), (3, 1)]
            .into_iter()
            .flat_map(|(seed, count)| noise(seed, count))
            .map(|x| f64::from(x).powi(2))
            .sum::<f64>()
            .sqrt();
        let whole = length(parts.iter()).unwrap();
        assert!((f64::from(host(whole.clone())[0]) - wanted).abs() < 1e-5 * wanted, "{name}");

        let count = 9_000;
        let step = Step { betas: [0.9, 0.999], lr: 0.01, steps: 4, eps: 1e-8, decay: 0.1, clip: 1.0 };
        let second = of(7, count).square();
        let moments = [of(6, count), second.clone()];
        // What others hold must stay as it was.
        let held = moments.clone();
        let plain = composed::adamw(of(5, count), of(2, count), moments.clone(), whole.clone(), step);
        let stepped = adamw(of(5, count), of(2, count), moments, whole, step);
        let [weights, gradient, first] = [5, 2, 6].map(|seed| noise(seed, count));
        let second = host(second);
        let after: Vec<[f64; 3]> = (0..count)
            .map(|at| step.take([weights[at], gradient[at], first[at], second[at]].map(f64::from), wanted))
            .collect();
        for (who, stepped) in [("kernel", stepped), ("composed", plain)] {
            for (which, got) in [stepped.weights, stepped.first, stepped.second].into_iter().enumerate() {
                let wanted: Vec<f32> = after.iter().map(|numbers| numbers[which] as f32).collect();
                close(&format!("{name}, {who}, result {which}"), &host(got), &wanted);
            }
        }
        assert_eq!(held.map(host), [first, second], "{name}");
    }
}
