//! Attention on the processor: some queries of a head at a time, against all of its keys.

use std::ops::Range;

use burn::backend::{Flex, flex::FlexTensor, tensor::FloatTensor};
use retort_shaders::{attention::Setting, attention::Sizes, dropout};

use super::{AttentionOps, sizes};
use crate::kernel::{
    gemm::{self, View},
    host::{self, exp, sum, vectorised, whole},
    product::host::Matrices,
};

/// Queries that are looked at together.
const BLOCK: usize = 128;

/// What both passes read.
struct Work<'a> {
    q: Matrices<'a>,
    k: Matrices<'a>,
    v: Matrices<'a>,
    mask: &'a [f32],
    strides: [usize; 2],
    sizes: Sizes,
    setting: Setting,
}

/// Some queries of a head.
struct Block {
    text: usize,
    head: usize,
    /// The first of them, and how many.
    first: usize,
    count: usize,
}

impl<'a> Work<'a> {
    fn of([q, k, v, mask]: [&'a FlexTensor; 4], setting: Setting) -> Self {
        let [shape, of_k, of_v, of_mask] = [q, k, v, mask].map(|x| x.layout().shape());
        let (sizes, strides) = sizes(shape, of_k, of_v, of_mask);
        let [q, k, v] = [q, k, v].map(Matrices::of);
        Self { q, k, v, mask: whole(mask), strides, sizes, setting }
    }

    /// Rows of a head's keys or values.
    fn group(&self, matrices: &Matrices<'a>, block: &Block) -> View<'a> {
        matrices.from(block.text, block.head * self.sizes.groups / self.sizes.heads, 0)
    }

    /// The mask from the block's first query on, and numbers from one query's to the next.
    fn hides(&self, block: &Block) -> (&[f32], usize) {
        let [of_text, of_row] = self.strides;
        (&self.mask[block.text * of_text + block.first * of_row..], of_row)
    }

    /// Where the block's probabilities begin among all.
    fn place(&self, block: &Block) -> usize {
        let Sizes { heads, queries, keys, .. } = self.sizes;
        ((block.text * heads + block.head) * queries + block.first) * keys
    }

    /// As many numbers of rows as would take the time of a context.
    fn numbers(&self) -> usize {
        let Sizes { texts, heads, queries, keys, size, .. } = self.sizes;
        texts * heads * queries * keys * (2 * size).div_ceil(AS_ONE)
    }

    fn inverse(&self) -> f32 {
        (1.0 / self.setting.divisor) as f32
    }

    /// The products of the block's queries and all keys.
    fn products(&self, block: &Block, into: &mut [f32]) {
        let Sizes { keys, size, .. } = self.sizes;
        let q = self.q.from(block.text, block.head, block.first);
        gemm::set(into, keys, q, self.group(&self.k, block).transposed(), [block.count, keys, size]);
    }

    /// Every block of some queries of a text, head by head.
    fn blocks(&self, text: usize, queries: Range<usize>) -> impl Iterator<Item = Block> + use<'a> {
        let heads = self.sizes.heads;
        (0..heads).flat_map(move |head| {
            queries.clone().step_by(BLOCK).map({
                let end = queries.end;
                move |first| Block { text, head, first, count: BLOCK.min(end - first) }
            })
        })
    }

    /// Room for the block's numbers by key.
    fn room(&self) -> Vec<f32> {
        vec![0.0; BLOCK.min(self.sizes.queries) * self.sizes.keys]
    }

    /// The contexts and logs of some queries of a text.
    fn contexts(&self, text: usize, queries: Range<usize>, context: &mut [f32], logs: &mut [f32]) {
        let Sizes { heads, keys, size, .. } = self.sizes;
        let (mut probs, start) = (self.room(), queries.start);
        for block in self.blocks(text, queries) {
            let probs = &mut probs[..block.count * keys];
            self.products(&block, probs);
            let at = (block.first - start) * heads + block.head;
            let (mask, of_row) = self.hides(&block);
            softmax_rows(probs, keys, mask, of_row, self.inverse(), &mut logs[at..], heads);
            if self.setting.p > 0.0 {
                drop_some(probs, self.place(&block), self.setting);
            }
            let (probs, v) = (View::rows(probs, keys), self.group(&self.v, &block));
            gemm::set(&mut context[at * size..], heads * size, probs, v, [block.count, size, keys]);
        }
    }

    /// The slopes of a text.
    fn slopes(&self, text: usize, up: &Matrices, logs: &[f32], [of_q, of_k, of_v]: [&mut [f32]; 3]) {
        let Sizes { heads, groups, queries, keys, size, .. } = self.sizes;
        let (mut probs, mut slopes) = (self.room(), self.room());
        for block in self.blocks(text, 0..queries) {
            let count = block.count;
            let [probs, slopes] = [&mut probs, &mut slopes].map(|room| &mut room[..count * keys]);
            self.products(&block, probs);
            let (mask, of_row) = self.hides(&block);
            let at = block.first * heads + block.head;
            let logs = &logs[text * queries * heads + at..];
            again(probs, keys, mask, of_row, self.inverse(), logs, heads);
            let up = up.from(text, block.head, block.first);
            gemm::set(slopes, keys, up, self.group(&self.v, &block).transposed(), [count, keys, size]);
            let drops = self.setting.p > 0.0;
            if drops {
                drop_some(slopes, self.place(&block), self.setting);
            }
            slope_rows(probs, slopes, keys, self.inverse());
            if drops {
                drop_some(probs, self.place(&block), self.setting);
            }
            let [probs, slopes] = [probs, slopes].map(|room| View::rows(room, keys));
            gemm::set(&mut of_q[at * size..], heads * size, slopes, self.group(&self.k, &block), [count, size, keys]);
            let of_group = block.head * groups / heads * size;
            let q = self.q.from(text, block.head, block.first);
            gemm::add(&mut of_k[of_group..], groups * size, slopes.transposed(), q, [keys, size, count]);
            gemm::add(&mut of_v[of_group..], groups * size, probs.transposed(), up, [keys, size, count]);
        }
    }
}

vectorised! {
    /// Makes probabilities of products, and the logs of the sums they come from, which are `of_log` apart.
    fn softmax_rows<'a>(
        x: &'a mut [f32],
        width: usize,
        mask: &'a [f32],
        of_row: usize,
        inverse: f32,
        logs: &'a mut [f32],
        of_log: usize,
    ) {
        for (row, x) in x.chunks_exact_mut(width).enumerate() {
            let mask = &mask[row * of_row..][..width];
            let mut most = f32::MIN;
            for (x, &mask) in x.iter_mut().zip(mask) {
                *x = *x * inverse + mask;
                most = if *x > most { *x } else { most };
            }
            x.iter_mut().for_each(|x| *x = exp(*x - most));
            let all = sum(width, |at| x[at]);
            let scale = 1.0 / all;
            x.iter_mut().for_each(|x| *x *= scale);
            logs[row * of_log] = most + all.ln();
        }
    }
}

vectorised! {
    /// Makes the same probabilities again.
    fn again<'a>(
        x: &'a mut [f32],
        width: usize,
        mask: &'a [f32],
        of_row: usize,
        inverse: f32,
        logs: &'a [f32],
        of_log: usize,
    ) {
        for (row, x) in x.chunks_exact_mut(width).enumerate() {
            let log = logs[row * of_log];
            for (x, &mask) in x.iter_mut().zip(&mask[row * of_row..][..width]) {
                *x = exp(*x * inverse + mask - log);
            }
        }
    }
}

vectorised! {
    /// Makes the products' slopes of those of the probabilities.
    fn slope_rows<'a>(probs: &'a [f32], slopes: &'a mut [f32], width: usize, inverse: f32) {
        for (p, slopes) in probs.chunks_exact(width).zip(slopes.chunks_exact_mut(width)) {
            let mean = sum(width, |at| p[at] * slopes[at]);
            for (slope, &p) in slopes.iter_mut().zip(p) {
                *slope = (*slope - mean) * p * inverse;
            }
        }
    }
}

vectorised! {
    /// Dropout of numbers whose first has this place.
    fn drop_some<'a>(x: &'a mut [f32], place: usize, setting: Setting) {
        let (key, threshold) = (dropout::key(setting.seed), dropout::threshold(setting.p));
        let scale = dropout::scale(setting.p);
        for (at, x) in (place as u32..).zip(x.iter_mut()) {
            *x = if dropout::bits(at, key) >= threshold { *x * scale } else { 0.0 };
        }
    }
}

/// Multiplications that take as long as one number of a row that is gone through.
const AS_ONE: usize = 16;

impl AttentionOps for Flex {
    fn attend(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        setting: Setting,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let mask = mask.to_contiguous();
        let work = Work::of([&q, &k, &v, &mask], setting);
        let Sizes { texts, heads, queries, size, .. } = work.sizes;
        let (rows, width) = (texts * queries, heads * size);
        let (mut context, mut logs) = (vec![0.0; rows * width], vec![0.0; rows * heads]);
        let outputs = [(&mut context[..], width), (&mut logs[..], heads)];
        host::rows_of(work.numbers(), rows, outputs, |range, [context, logs]| {
            let mut next = range.start;
            while next < range.end {
                let (text, end) = (next / queries, range.end.min((next / queries + 1) * queries));
                let [from, to] = [next, end].map(|row| row - range.start);
                let (context, logs) = (&mut context[from * width..to * width], &mut logs[from * heads..to * heads]);
                work.contexts(text, next - text * queries..end - text * queries, context, logs);
                next = end;
            }
        });
        (host::tensor(context, [texts, queries, heads, size]), host::tensor(logs, [texts, queries, heads]))
    }

    fn attend_grad(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        _: FloatTensor<Self>,
        logs: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        setting: Setting,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (mask, logs) = (mask.to_contiguous(), logs.to_contiguous());
        let work = Work::of([&q, &k, &v, &mask], setting);
        let Sizes { texts, heads, groups, queries, keys, size } = work.sizes;
        let upstream = upstream.transpose(1, 2);
        let (up, logs) = (Matrices::of(&upstream), whole(&logs));
        let [of_queries, of_keys] = [queries * heads * size, keys * groups * size];
        let [mut of_q, mut of_k, mut of_v] = [of_queries, of_keys, of_keys].map(|width| vec![0.0; texts * width]);
        let outputs = [(&mut of_q[..], of_queries), (&mut of_k[..], of_keys), (&mut of_v[..], of_keys)];
        host::rows_of(2 * work.numbers(), texts, outputs, |range, slopes| {
            let [of_q, of_k, of_v] = slopes;
            let texts = of_q.chunks_mut(of_queries).zip(of_k.chunks_mut(of_keys).zip(of_v.chunks_mut(of_keys)));
            for (text, (of_q, (of_k, of_v))) in range.zip(texts) {
                work.slopes(text, &up, logs, [of_q, of_k, of_v]);
            }
        });
        let of = |slopes: Vec<f32>, rows: usize, heads: usize| {
            host::tensor(slopes, [texts, rows, heads, size]).transpose(1, 2)
        };
        (of(of_q, queries, heads), of(of_k, keys, groups), of(of_v, keys, groups))
    }
}
