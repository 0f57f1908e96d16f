//! Twin of `logit_tile.wgsl`, `logit_tile_mix.wgsl` and `logit_tile_stats.wgsl`: the statistics of
//! [`crate::logit_rows`] from tiles of the vocabulary, one after the other.

use crate::{
    Kernel,
    import::resolve,
    logit_rows::{FLOOR, Rows},
};

mod cases;

/// The first sweep: sums.
pub const SUMS: Kernel = Kernel { name: "logit_tile", source, cases: cases::sums };

/// The second sweep, for divergences of a mixture: terms.
pub const MIXTURES: Kernel = Kernel { name: "logit_tile_mix", source: source_mix, cases: cases::mixtures };

/// The end: statistics.
pub const STATISTICS: Kernel = Kernel { name: "logit_tile_stats", source: source_stats, cases: cases::statistics };

/// WGSL of the first sweep.
pub fn source() -> String {
    resolve(include_str!("logit_tile.wgsl"))
}

/// WGSL of the second sweep.
pub fn source_mix() -> String {
    resolve(include_str!("logit_tile_mix.wgsl"))
}

/// WGSL that ends it.
pub fn source_stats() -> String {
    resolve(include_str!("logit_tile_stats.wgsl"))
}

/// Numbers per row in `state`.
pub const STATE: usize = 14;

/// `state`, `[14, rows]`, once the first `seen` classes were swept the first time and the first
/// `mixed` of them the second time.
pub fn state(rows: &Rows, seen: usize, mixed: usize) -> Vec<f64> {
    let count = rows.labels.len();
    let mut state = vec![0.0; STATE * count];
    for row in 0..count {
        let numbers = sums(rows, row, seen).into_iter().chain(terms(rows, row, mixed));
        for (number, value) in numbers.enumerate() {
            state[number * count + row] = value;
        }
    }
    state
}

/// Sums over the first `seen` classes but the label's, and the label's logits if it is one of them.
fn sums(rows: &Rows, row: usize, seen: usize) -> [f64; 10] {
    let [s, t] = rows.logits(row);
    let label = usize::try_from(rows.labels[row]).ok();
    let inverse = 1.0 / rows.temperature;
    let others: Vec<usize> = (0..seen).filter(|&class| Some(class) != label).collect();
    let largest = |logits: &[f64]| others.iter().map(|&class| logits[class]).fold(FLOOR as f64, f64::max);
    let (max_s, max_t) = (largest(&s), largest(&t));
    let over = |term: &dyn Fn(f64, f64) -> f64| {
        others.iter().map(|&class| term((s[class] - max_s) * inverse, (t[class] - max_t) * inverse)).sum::<f64>()
    };
    let own = label.filter(|&class| class < seen).map_or([0.0; 2], |class| [s[class], t[class]]);
    [
        max_s,
        over(&|b, _| b.exp()),
        over(&|b, _| (b * rows.temperature).exp()),
        max_t,
        over(&|_, a| a.exp()),
        over(&|b, a| a.exp() * (a - b)),
        over(&|b, a| a.exp() * b),
        over(&|b, a| b.exp() * (b - a)),
        own[0],
        own[1],
    ]
}

/// Terms and slopes of the first `mixed` classes, among all and among those but the label's.
fn terms(rows: &Rows, row: usize, mixed: usize) -> [f64; 4] {
    if mixed == 0 || !rows.divergence.mixes() {
        return [0.0; 4];
    }
    let row = rows.row(row);
    let [all, slope] = rows.divergence.of(&row.log_p[..mixed], &row.log_q[..mixed]);
    let rest = row.label.map_or([0.0; 2], |label| {
        let kept = (0..mixed).filter(|&class| class != label.class);
        kept.map(|class| rows.divergence.term(label.log_p[class], label.log_q[class]))
            .fold([0.0; 2], |[x, y], [a, b]| [x + a, y + b])
    });
    [all, slope, rest[0], rest[1]]
}

#[cfg(test)]
mod tests;
