//! Attention on a GPU: `shaders/src/attention/*.wgsl`.

use burn::{backend::tensor::FloatTensor, tensor::Shape};
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use retort_shaders::attention::{self as twin, Kernels, Lie, Setting, Sizes};

use super::{AttentionOps, sizes};
use crate::{
    kernel::{cube, work},
    platform,
};

/// The tensor and where it lies; in a piece of its own, text by text, if its rows cannot be read in fours.
fn laid(x: FloatTensor<CubeBackend>) -> (FloatTensor<CubeBackend>, Lie) {
    let lie = |x: &FloatTensor<CubeBackend>| match x.meta.strides()[..] {
        [text, head, row, 1] if [text, head, row].iter().all(|stride| stride.is_multiple_of(4)) => {
            Some([text, head, row])
        }
        _ => None,
    };
    if let Some(lie) = lie(&x) {
        return (x, lie);
    }
    let x = into_contiguous(x);
    let lie = lie(&x).expect("rows of heads that there are kernels for");
    (x, lie)
}

fn kernels(sizes: Sizes) -> &'static Kernels {
    let found = twin::choose(sizes.size, platform::imitates());
    found.unwrap_or_else(|| panic!("no attention for heads of {} numbers", sizes.size))
}

impl AttentionOps for CubeBackend {
    fn attend(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        setting: Setting,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (sizes, strides) = sizes(q.meta.shape(), k.meta.shape(), v.meta.shape(), mask.meta.shape());
        let Sizes { texts, heads, queries, keys, size, .. } = sizes;
        let (q, of_q) = laid(q);
        let (k, of_k) = laid(cube::unlike(k, &q));
        let (v, of_v) = laid(cube::unlike(cube::unlike(v, &q), &k));
        let mask = into_contiguous(mask);
        let context = cube::empty(&q, Shape::from(vec![texts, queries, heads, size]));
        let logs = cube::empty(&q, Shape::from(vec![texts, queries, heads]));
        let buffers = [&q, &k, &v, &mask, &context, &logs].map(|tensor| &tensor.handle);
        let Kernels { plan, forward, .. } = kernels(sizes);
        let info = twin::info(sizes, setting, strides, [of_q, of_k, of_v, of_q]);
        work::computes(forward.name, 2 * texts * heads * queries * keys * size);
        cube::launch(forward, plan.groups(queries, texts * heads), &q, &buffers, &info);
        (context, logs)
    }

    fn attend_grad(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        context: FloatTensor<Self>,
        logs: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        setting: Setting,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (sizes, strides) = sizes(q.meta.shape(), k.meta.shape(), v.meta.shape(), mask.meta.shape());
        let Sizes { texts, heads, groups, queries, keys, size } = sizes;
        let (q, of_q) = laid(q);
        let (k, of_k) = laid(cube::unlike(k, &q));
        let (v, of_v) = laid(cube::unlike(cube::unlike(v, &q), &k));
        let (mask, context) = (into_contiguous(mask), into_contiguous(context));
        let mut upstream = upstream;
        upstream.meta.swap(1, 2);
        let (up, of_up) = laid([&q, &k, &v, &context].into_iter().fold(upstream, cube::unlike));

        let norms = cube::empty(&q, Shape::from(vec![texts, queries, heads, 2]));
        let buffers = [&context, &up, &logs, &norms].map(|tensor| &tensor.handle);
        cube::launch(&twin::MEANS, twin::groups_means(sizes), &q, &buffers, &twin::info_means(sizes, of_up));

        let slope = |rows: usize, heads: usize| cube::empty(&q, Shape::from(vec![texts, rows, heads, size]));
        let slopes = [slope(queries, heads), slope(keys, groups), slope(keys, groups)];
        let info = twin::info(sizes, setting, strides, [of_q, of_k, of_v, of_up]);
        let Kernels { plan, query, key, value, .. } = kernels(sizes);
        let [by_query, by_key] = [plan.groups(queries, texts * heads), plan.groups(keys, texts * groups)];
        let products = texts * heads * queries * keys * size;
        let all = [&q, &k, &v, &mask, &norms, &up];
        let without = [&q, &k, &mask, &norms, &up];
        let launches: [(_, _, _, &[&FloatTensor<Self>]); 3] =
            [(query, by_query, 3, &all), (key, by_key, 3, &all), (value, by_key, 2, &without)];
        for ((kernel, workgroups, each, reads), slope) in launches.into_iter().zip(&slopes) {
            let buffers: Vec<_> = reads.iter().copied().chain([slope]).map(|tensor| &tensor.handle).collect();
            work::computes(kernel.name, each * products);
            cube::launch(kernel, workgroups, &q, &buffers, &info);
        }
        let [of_q, of_k, of_v] = slopes.map(|mut slope| {
            slope.meta.swap(1, 2);
            slope
        });
        (of_q, of_k, of_v)
    }
}
