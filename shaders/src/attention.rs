//! Twins of `attention/*.wgsl`: softmax(q·kᵀ / divisor + mask)·v of every head, and its slopes, none of which ever holds
//! a matrix `[query, key]`.
//!
//! Heads of queries may share keys and values (Ainslie et al. 2023, "GQA"). Dropout of the probabilities is that of
//! `dropout.wgsl`, by their places among `[text, head, query, key]`.

use crate::{Kernel, dropout, import::resolve, softmax::Rows, unroll::unroll};

mod cases;

/// How many there are of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Texts.
    pub texts: usize,
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and values: as many, or a divisor of it.
    pub groups: usize,
    /// Queries of a text.
    pub queries: usize,
    /// Keys of a text.
    pub keys: usize,
    /// Numbers of a head's row.
    pub size: usize,
}

/// What goes with queries, keys and values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// What products are divided by.
    pub divisor: f64,
    /// The share of probabilities that is dropped, below 1.
    pub p: f64,
    /// Which ones.
    pub seed: u64,
}

/// Numbers from one text to the next, from one head to the next, and from one row to the next.
pub type Lie = [usize; 3];

impl Sizes {
    /// How `[text, rows, heads, size]` lies, as a layer's projections do.
    pub fn turns(self, rows: usize, heads: usize) -> Lie {
        [rows * heads * self.size, self.size, heads * self.size]
    }

    /// Rows of the mask `[1 or text, 1 or query, key]`: numbers from one text's to the next, and from one query's.
    pub fn mask(self, by_text: bool, by_row: bool) -> [usize; 2] {
        Rows { inner: self.queries, outer: self.heads * self.queries, by_text, by_row }.strides(self.keys)
    }
}

/// The info buffer of all but the means.
pub fn info(sizes: Sizes, setting: Setting, mask: [usize; 2], lies: [Lie; 4]) -> Vec<u32> {
    let Sizes { heads, groups, queries, keys, .. } = sizes;
    let key = dropout::key(setting.seed);
    let [mask_text, mask_row] = mask.map(|stride| stride as u32);
    let counts = [heads, heads / groups, queries, keys].map(|count| count as u32);
    let drops = [key[0], key[1], dropout::threshold(setting.p), dropout::scale(setting.p).to_bits()];
    let lies = lies.into_iter().flatten().map(|stride| stride as u32);
    let inverse = ((1.0 / setting.divisor) as f32).to_bits();
    counts.into_iter().chain([inverse, mask_text, mask_row]).chain(drops).chain(lies).collect()
}

/// The info buffer of the means.
pub fn info_means(sizes: Sizes, up: Lie) -> [u32; 6] {
    let [text, head, row] = up;
    [sizes.heads, sizes.queries, sizes.size / 4, text, head, row].map(|number| number as u32)
}

/// Numbers with where they lie.
#[derive(Clone, Copy)]
pub struct Placed<'a>(pub &'a [f32], pub Lie);

impl Placed<'_> {
    fn row(&self, text: usize, head: usize, row: usize, size: usize) -> impl Iterator<Item = f64> {
        let Self(numbers, [of_text, of_head, of_row]) = *self;
        numbers[text * of_text + head * of_head + row * of_row..][..size].iter().map(|&x| f64::from(x))
    }
}

/// Queries, keys, values and the mask.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// `[text, head, query, size]`
    pub q: Placed<'a>,
    /// `[text, group, key, size]`
    pub k: Placed<'a>,
    /// `[text, group, key, size]`
    pub v: Placed<'a>,
    /// `[1 or text, 1 or query, key]`
    pub mask: &'a [f32],
    /// Numbers from one text's mask to the next, and from one query's.
    pub strides: [usize; 2],
}

fn dot(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>) -> f64 {
    a.zip(b).map(|(a, b)| a * b).sum()
}

/// A head's probabilities of one query, what dropout multiplies each with, and the log of the sum they come from.
fn probabilities(
    inputs: Inputs,
    sizes: Sizes,
    setting: Setting,
    [text, head, query]: [usize; 3],
) -> (Vec<f64>, Vec<f64>, f64) {
    let Sizes { heads, groups, queries, keys, size, .. } = sizes;
    let mask = &inputs.mask[text * inputs.strides[0] + query * inputs.strides[1]..];
    let score = |key: usize| {
        let k = inputs.k.row(text, head * groups / heads, key, size);
        dot(inputs.q.row(text, head, query, size), k) / setting.divisor + f64::from(mask[key])
    };
    let scores: Vec<f64> = (0..keys).map(score).collect();
    let most = scores.iter().copied().fold(f64::MIN, f64::max);
    let log = most + scores.iter().map(|score| (score - most).exp()).sum::<f64>().ln();
    let place = ((text * heads + head) * queries + query) * keys;
    let (bits, threshold) = (dropout::key(setting.seed), dropout::threshold(setting.p));
    let kept = |key: usize| match dropout::bits((place + key) as u32, bits) >= threshold {
        true => 1.0 / (1.0 - setting.p),
        false => 0.0,
    };
    (scores.iter().map(|score| (score - log).exp()).collect(), (0..keys).map(kept).collect(), log)
}

/// The context `[text, query, head, size]`, and log Σ exp of the scores of `[text, query, head]`.
pub fn forward(inputs: Inputs, sizes: Sizes, setting: Setting) -> [Vec<f64>; 2] {
    let Sizes { texts, heads, groups, queries, size, .. } = sizes;
    let mut context = vec![0.0; texts * queries * heads * size];
    let mut logs = vec![];
    for [text, query, head] in places([texts, queries, heads]) {
        let (probs, kept, log) = probabilities(inputs, sizes, setting, [text, head, query]);
        logs.push(log);
        let to = &mut context[((text * queries + query) * heads + head) * size..][..size];
        for (key, (p, kept)) in probs.iter().zip(kept).enumerate() {
            let v = inputs.v.row(text, head * groups / heads, key, size);
            to.iter_mut().zip(v).for_each(|(to, v)| *to += p * kept * v);
        }
    }
    [context, logs]
}

/// Σ context · slope of `[text, query, head]`.
pub fn means(context: &[f32], up: Placed, sizes: Sizes) -> Vec<f64> {
    let Sizes { texts, heads, queries, size, .. } = sizes;
    let context = Placed(context, sizes.turns(queries, heads));
    let mean =
        |[text, query, head]: [usize; 3]| dot(context.row(text, head, query, size), up.row(text, head, query, size));
    places([texts, queries, heads]).map(mean).collect()
}

/// The slopes in q `[text, query, head, size]`, and in k and v `[text, key, group, size]`, given that of the context.
pub fn slopes(inputs: Inputs, up: Placed, sizes: Sizes, setting: Setting) -> [Vec<f64>; 3] {
    let Sizes { texts, heads, groups, queries, keys, size } = sizes;
    let mut of_q = vec![0.0; texts * queries * heads * size];
    let [mut of_k, mut of_v] = [(); 2].map(|()| vec![0.0; texts * keys * groups * size]);
    for [text, head, query] in places([texts, heads, queries]) {
        let group = head * groups / heads;
        let (probs, kept, _) = probabilities(inputs, sizes, setting, [text, head, query]);
        let up = || up.row(text, head, query, size);
        let slopes: Vec<f64> =
            (0..keys).map(|key| dot(up(), inputs.v.row(text, group, key, size)) * kept[key]).collect();
        let mean = dot(probs.iter().copied(), slopes.iter().copied());
        let to_q = &mut of_q[((text * queries + query) * heads + head) * size..][..size];
        for key in 0..keys {
            let weight = probs[key] * (slopes[key] - mean) / setting.divisor;
            let (q, k) = (inputs.q.row(text, head, query, size), inputs.k.row(text, group, key, size));
            let to = ((text * keys + key) * groups + group) * size;
            to_q.iter_mut().zip(k).for_each(|(to, k)| *to += weight * k);
            of_k[to..][..size].iter_mut().zip(q).for_each(|(to, q)| *to += weight * q);
            of_v[to..][..size].iter_mut().zip(up()).for_each(|(to, up)| *to += probs[key] * kept[key] * up);
        }
    }
    [of_q, of_k, of_v]
}

/// Every place in three dimensions, the last first.
fn places([a, b, c]: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..a * b * c).map(move |at| [at / (b * c), at / c % b, at % c])
}

/// Rows of an invocation, and invocations of a workgroup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    rows: usize,
    group: usize,
}

impl Plan {
    /// Workgroups for so many rows of every head.
    pub fn groups(self, rows: usize, heads: usize) -> [u32; 3] {
        [rows.div_ceil(self.rows * self.group) as u32, 1, heads as u32]
    }
}

/// On adapters that imitate a graphics device an invocation has as many rows as it compiles in reasonable time, and a
/// workgroup is as wide as a vector; what they all read is then read once.
const fn plan(size: usize, imitated: bool) -> Plan {
    match (imitated, size) {
        (false, _) => Plan { rows: 1, group: 64 },
        (true, ..=32) => Plan { rows: 4, group: 8 },
        (true, ..=64) => Plan { rows: 2, group: 8 },
        (true, _) => Plan { rows: 1, group: 8 },
    }
}

fn write(wgsl: &str, size: usize, plan: Plan) -> String {
    unroll(&resolve(wgsl), &[("ROWS", plan.rows), ("PARTS", size / 4), ("GROUP", plan.group)])
}

/// The kernels for heads of one size.
pub struct Kernels {
    /// Of a head's row.
    pub size: usize,
    /// Whether for an adapter that imitates a graphics device.
    pub imitated: bool,
    /// How the work is shared out.
    pub plan: Plan,
    /// The context.
    pub forward: Kernel,
    /// Its slope in q.
    pub query: Kernel,
    /// In k.
    pub key: Kernel,
    /// In v.
    pub value: Kernel,
}

impl Kernels {
    /// All four.
    pub fn all(&self) -> [&Kernel; 4] {
        [&self.forward, &self.query, &self.key, &self.value]
    }
}

macro_rules! kernels {
    ($($size:literal)+) => {
        /// For every size of heads that there are kernels for, and both kinds of adapters.
        pub const KERNELS: &[Kernels] = &[$(
            kernels!(@ $size, false),
            kernels!(@ $size, true),
        )+];
    };
    (@ $size:literal, $imitated:literal) => {
        Kernels {
            size: $size,
            imitated: $imitated,
            plan: plan($size, $imitated),
            forward: kernels!(@ "attention", "attention/forward.wgsl", $size, $imitated, cases::forward),
            query: kernels!(@ "attention_query", "attention/query.wgsl", $size, $imitated, cases::query),
            key: kernels!(@ "attention_key", "attention/key.wgsl", $size, $imitated, cases::key),
            value: kernels!(@ "attention_value", "attention/value.wgsl", $size, $imitated, cases::value),
        }
    };
    (@ $name:literal, $file:literal, $size:literal, $imitated:literal, $cases:expr) => {
        Kernel {
            name: if $imitated { concat!($name, "_", $size, "_imitated") } else { concat!($name, "_", $size) },
            source: || write(include_str!($file), $size, plan($size, $imitated)),
            cases: || $cases($size, plan($size, $imitated)),
        }
    };
}

kernels! { 8 16 32 64 128 }

/// Both halves of what the slopes need of every query.
pub const MEANS: Kernel =
    Kernel { name: "attention_means", source: || include_str!("attention/means.wgsl").to_owned(), cases: cases::means };

/// Workgroups of the means.
pub fn groups_means(sizes: Sizes) -> [u32; 3] {
    [sizes.queries.div_ceil(64) as u32, 1, (sizes.texts * sizes.heads) as u32]
}

/// The kernels for heads of this size, if there are any.
pub fn choose(size: usize, imitated: bool) -> Option<&'static Kernels> {
    KERNELS.iter().find(|kernels| kernels.size == size && kernels.imitated == imitated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise;

    const SIZES: Sizes = Sizes { texts: 1, heads: 1, groups: 1, queries: 1, keys: 2, size: 1 };
    const PLAIN: Setting = Setting { divisor: 1.0, p: 0.0, seed: 0 };

    #[test]
    fn by_hand() {
        // Scores ln 3 and 0: three parts of the first value, one of the second; the sum is 4.
        let (q, k, v) = ([3f32.ln()], [1.0, 0.0], [8.0, 4.0]);
        let lie = SIZES.turns(1, 1);
        let inputs = |mask| Inputs {
            q: Placed(&q, lie),
            k: Placed(&k, SIZES.turns(2, 1)),
            v: Placed(&v, SIZES.turns(2, 1)),
            mask,
            strides: [0, 0],
        };
        let [context, logs] = forward(inputs(&[0.0, 0.0]), SIZES, PLAIN);
        assert!((context[0] - 7.0).abs() < 1e-6 && (logs[0] - 4f64.ln()).abs() < 1e-6, "{context:?} {logs:?}");
        let [context, _] = forward(inputs(&[-1e9, 0.0]), SIZES, PLAIN);
        assert_eq!(context, [4.0]);
        assert_eq!(means(&[7.0], Placed(&[2.0], lie), SIZES), [14.0]);
    }

    #[test]
    fn slopes_by_differences() {
        let sizes = Sizes { texts: 2, heads: 4, groups: 2, queries: 3, keys: 5, size: 4 };
        let setting = Setting { divisor: 2.0, p: 0.3, seed: 5 };
        let Sizes { texts, heads, groups, queries, keys, size } = sizes;
        let counts = [queries * heads, keys * groups, keys * groups].map(|rows| texts * rows * size);
        let numbers: [Vec<f32>; 3] = std::array::from_fn(|at| noise(at as u64, counts[at]));
        let up = noise(9, counts[0]);
        let mask: Vec<f32> = noise(4, texts * keys).iter().map(|&x| if x > 0.6 { -1e9 } else { 0.0 }).collect();
        let lies = [sizes.turns(queries, heads), sizes.turns(keys, groups), sizes.turns(keys, groups)];
        let inputs = |numbers: &[Vec<f32>; 3]| -> [Vec<f64>; 4] {
            let [q, k, v] = std::array::from_fn(|at| Placed(&numbers[at], lies[at]));
            let inputs = Inputs { q, k, v, mask: &mask, strides: [keys, 0] };
            let [context, _] = forward(inputs, sizes, setting);
            let [of_q, of_k, of_v] = slopes(inputs, Placed(&up, lies[0]), sizes, setting);
            [context, of_q, of_k, of_v]
        };
        let [_, found @ ..] = inputs(&numbers);
        let loss = |numbers: &[Vec<f32>; 3]| dot(inputs(numbers)[0].iter().copied(), up.iter().map(|&x| x.into()));
        for (which, slopes) in found.iter().enumerate() {
            for (at, slope) in slopes.iter().enumerate() {
                let moved = |by: f32| {
                    let mut numbers = numbers.clone();
                    numbers[which][at] += by;
                    loss(&numbers)
                };
                let wanted = (moved(1.0 / 512.0) - moved(-1.0 / 512.0)) * 256.0;
                assert!((slope - wanted).abs() < 1e-5, "{which} {at}: {slope} {wanted}");
            }
        }
    }
}
