//! The same on the CPU, row by row.

use burn::backend::{
    Flex,
    flex::FlexTensor,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::TensorData;
use retort_shaders::{
    divergence::Divergence,
    logit_rows::{LEFT_OUT, STATS, Span, TERMS, UNLABELLED, floored},
};

pub use self::sums::Room;
use self::sums::{Sums, term};
use super::{LogitRowsOps, Setting, Tile};
use crate::kernel::host::{self, exp, vectorised, whole};

mod sums;
/// What a row's losses are computed from, beside its logits.
#[derive(Clone, Copy)]
pub struct Job {
    pub teaches: bool,
    inverse: f64,
    pub divergence: Divergence,
}

/// What was seen of a row so far, tile by tile.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Of all classes but the label's.
    rest: Sums,
    /// Student's and teacher's logit at the label.
    own: Option<(f32, f32)>,
    /// Terms and slopes of a divergence of a mixture, among all classes and among the others.
    mixed: [f64; 4],
}

impl Seen {
    /// No tile yet.
    pub const NOTHING: Self = Self { rest: Sums::NOTHING, own: None, mixed: [0.0; 4] };
}

/// What normalises a row, as in `shared/norms.wgsl`.
struct Norms {
    whole: Sums,
    log_s: f64,
    log_t: f64,
    rest_s: f64,
    rest_t: f64,
}

impl Job {
    pub fn new(setting: Setting) -> Self {
        let Setting { teaches, temperature, divergence } = setting;
        Self { teaches, inverse: ((1.0 / temperature) as f32) as f64, divergence }
    }

    /// The statistics of one row, in the order of `stats`.
    fn stats(self, s: &[f32], t: &[f32], label: i32, room: &mut Room) -> [f64; STATS] {
        let mut seen = Seen::NOTHING;
        self.absorb(&mut seen, [s, t], label, Span::whole(s.len()), room);
        if self.teaches && self.divergence.mixes() {
            self.mix(&mut seen, room);
        }
        self.finish(seen, label, s.len())
    }

    /// Adds a tile of a row's classes to what was seen of it. It stays in `room`.
    pub fn absorb(self, seen: &mut Seen, [s, t]: [&[f32]; 2], label: i32, classes: Span, room: &mut Room) {
        let class = classes.place(label);
        room.take(s, t, class);
        let mut sums = Sums::NOTHING;
        sums_of(room, self.inverse as f32, &mut sums);
        seen.rest = if classes.first == 0 { sums } else { seen.rest.and(sums, self.inverse) };
        if let Some(class) = class {
            seen.own = Some((floored(s[class]), if self.teaches { floored(t[class]) } else { 0.0 }));
        }
    }

    /// Adds the terms of the tile in `room`, once all tiles were absorbed: for divergences of a mixture.
    pub fn mix(self, seen: &mut Seen, room: &Room) {
        let norms = self.norms(seen);
        let Norms { whole, log_s, log_t, rest_s, rest_t } = norms;
        let shift_s = [log_s, rest_s].map(|log| whole.max_s * self.inverse + log);
        let shift_t = [log_t, rest_t].map(|log| whole.max_t * self.inverse + log);
        for (&s, &t) in room.s.iter().zip(&room.t) {
            let (b, a) = (s as f64 * self.inverse, t as f64 * self.inverse);
            let [all, slope] = term(self.divergence, (a - shift_t[0]) as f32, (b - shift_s[0]) as f32);
            let [apart, apart_slope] = term(self.divergence, (a - shift_t[1]) as f32, (b - shift_s[1]) as f32);
            for (sum, term) in seen.mixed.iter_mut().zip([all, slope, apart, apart_slope]) {
                *sum += term as f64;
            }
        }
    }

    fn norms(self, seen: &Seen) -> Norms {
        let rest = seen.rest;
        let whole = seen.own.map_or(rest, |(s, t)| rest.and(Sums::one(s, t), self.inverse));
        Norms {
            whole,
            log_s: whole.sum_s.ln(),
            log_t: whole.sum_t.ln(),
            rest_s: (rest.max_s - whole.max_s) * self.inverse + rest.sum_s.ln(),
            rest_t: (rest.max_t - whole.max_t) * self.inverse + rest.sum_t.ln(),
        }
    }

    /// The statistics of a row whose `vocabulary` classes were all seen, in the order of `stats`.
    pub fn finish(self, seen: Seen, label: i32, vocabulary: usize) -> [f64; STATS] {
        let (d, inverse) = (self.divergence, self.inverse);
        let Norms { whole, log_s, log_t, rest_s, rest_t } = self.norms(&seen);
        let mut log_1 = whole.sum_1.ln();
        let [mut value, mut mean, others, mut rest_mean] = match (self.teaches, d.mixes()) {
            (false, _) => [0.0; 4],
            (true, true) => seen.mixed,
            (true, false) => {
                let ([value, mean], [others, rest_mean]) = (whole.divergence(d), seen.rest.divergence(d));
                [value, mean, others, rest_mean]
            }
        };
        let [mut target, mut rest, mut hard, mut doubt, mut pair] = [0.0; 5];
        if let Some((s, t)) = seen.own {
            let b = (s as f64 - whole.max_s) * inverse - log_s;
            hard = log_1 - (s as f64 - whole.max_s);
            if self.teaches {
                let a = (t as f64 - whole.max_t) * inverse - log_t;
                let hit = d.term(a, b);
                let miss = d.term(rest_t - log_t, rest_s - log_s);
                if d.mixes() {
                    value += hit[0];
                    mean += hit[1];
                }
                target = hit[0] + miss[0];
                rest = others;
                doubt = rest_t - log_t - a;
                pair = hit[1] - b.exp() * (hit[1] + miss[1]);
            }
        } else {
            rest_mean = 0.0;
        }
        match label {
            LEFT_OUT => [value, target, rest, hard, doubt] = [0.0; 5],
            UNLABELLED => {}
            _ if Span::whole(vocabulary).place(label).is_some() => {}
            _ => [value, target, rest, hard, doubt, log_1] = [f64::NAN; 6],
        }
        let norms = [whole.max_s, log_s, log_1, whole.max_t, log_t, rest_s, rest_t];
        let mut stats = [0.0; STATS];
        stats[..5].copy_from_slice(&[value, target, rest, hard, doubt]);
        stats[5..12].copy_from_slice(&norms);
        stats[12..].copy_from_slice(&[mean, pair, rest_mean]);
        stats
    }

    /// The gradient of one row into `output`; for [`gradient`]. `stats` and `upstream` are the row's; `s` and `t` may be
    /// a tile of it, where the label's class is `class`, if it is in there.
    #[inline(always)]
    fn gradient(
        self,
        [s, t]: [&[f32]; 2],
        label: i32,
        class: Option<usize>,
        stats: [f32; STATS],
        upstream: [f32; TERMS],
        output: &mut [f32],
    ) {
        let [_, _, _, _, _, max_s, log_s, log_1, max_t, log_t, rest_s, rest_t, mean, pair, rest_mean] = stats;
        let [all, target, rest, hard] = match label {
            UNLABELLED => [upstream[0], 0.0, 0.0, 0.0],
            _ => upstream,
        };
        for (output, &s) in output.iter_mut().zip(s) {
            *output = hard * exp(floored(s) - max_s - log_1);
        }
        if let Some(class) = class {
            output[class] -= hard;
        }
        if !self.teaches {
            return;
        }
        let (d, inverse) = (self.divergence, self.inverse as f32);
        let logits = |s: f32, t: f32| ((floored(s) - max_s) * inverse, (floored(t) - max_t) * inverse);
        let all = all * inverse;
        if all != 0.0 {
            for ((output, &s), &t) in output.iter_mut().zip(s).zip(t) {
                let (b, a) = logits(s, t);
                *output += all
                    * match d {
                        Divergence::Kl | Divergence::SoftCrossEntropy => exp(b - log_s) - exp(a - log_t),
                        _ => term(d, a - log_t, b - log_s)[1] - exp(b - log_s) * mean,
                    };
            }
        }
        if target == 0.0 && rest == 0.0 {
            return;
        }
        let (target, rest) = (target * inverse * pair, rest * inverse);
        // The label's class goes along, so that the loops have no branch, and is put right after them.
        let own = class.map(|class| output[class] + target);
        match d {
            Divergence::Kl | Divergence::SoftCrossEntropy => {
                for ((output, &s), &t) in output.iter_mut().zip(s).zip(t) {
                    let (b, a) = logits(s, t);
                    let q = exp(b - rest_s);
                    *output += rest * (q - exp(a - rest_t)) - target * q;
                }
            }
            _ => {
                for ((output, &s), &t) in output.iter_mut().zip(s).zip(t) {
                    let (b, a) = logits(s, t);
                    let q = exp(b - rest_s);
                    *output += rest * (term(d, a - rest_t, b - rest_s)[1] - q * rest_mean) - target * q;
                }
            }
        }
        if let (Some(class), Some(own)) = (class, own) {
            output[class] = own;
        }
    }
}

vectorised! {
    /// As [`Job::gradient`].
    fn gradient<'a>(
        job: Job,
        s: &'a [f32],
        t: &'a [f32],
        label: i32,
        class: Option<usize>,
        stats: [f32; STATS],
        upstream: [f32; TERMS],
        output: &'a mut [f32],
    ) {
        job.gradient([s, t], label, class, stats, upstream, output)
    }
}

vectorised! {
    /// As [`Room::sums`].
    fn sums_of<'a>(room: &'a mut Room, inverse: f32, sums: &'a mut Sums) {
        *sums = room.sums(inverse);
    }
}

impl LogitRowsOps for Flex {
    fn logit_rows(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        labels: IntTensor<Self>,
        setting: Setting,
    ) -> FloatTensor<Self> {
        let [rows, classes] = student.layout().shape().dims();
        let (student, teacher, labels) = (student.to_contiguous(), teacher.to_contiguous(), labels.to_contiguous());
        let (student, teacher) = (whole(&student), whole(&teacher));
        let labels = labels.as_slice::<i32>().expect("contiguous i32 labels");
        let job = Job::new(setting);
        // [rows, 15]
        let mut by_row = vec![0.0; rows * STATS];
        host::rows_of(rows * classes, rows, [(&mut by_row, STATS)], |range, [stats]| {
            let mut room = Room::default();
            for (row, stats) in range.zip(stats.chunks_mut(STATS)) {
                let at = row * classes..(row + 1) * classes;
                let t = if job.teaches { &teacher[at.clone()] } else { &[] };
                let numbers = job.stats(&student[at], t, labels[row], &mut room);
                stats.iter_mut().zip(numbers).for_each(|(stat, number)| *stat = number as f32);
            }
        });
        let mut stats = vec![0.0; STATS * rows];
        for (row, numbers) in by_row.chunks(STATS).enumerate() {
            for (column, number) in numbers.iter().enumerate() {
                stats[column * rows + row] = *number;
            }
        }
        FlexTensor::from_data(TensorData::new(stats, [STATS, rows]))
    }

    fn logit_rows_grad(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        labels: IntTensor<Self>,
        stats: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        setting: Setting,
    ) -> FloatTensor<Self> {
        let [_, classes] = student.layout().shape().dims();
        let tile = Tile { student, teacher, labels, classes: Span::whole(classes) };
        slopes(tile, stats, upstream, setting)
    }
}

/// As [`LogitRowsOps::logit_rows_grad`], of a tile.
pub fn slopes(
    tile: Tile<Flex>,
    stats: FloatTensor<Flex>,
    upstream: FloatTensor<Flex>,
    setting: Setting,
) -> FloatTensor<Flex> {
    let Tile { student, teacher, labels, classes } = tile;
    let [rows, width] = student.layout().shape().dims();
    let [student, teacher, stats, upstream] = [student, teacher, stats, upstream].map(|x| x.to_contiguous());
    let [student, teacher, stats, upstream] = [&student, &teacher, &stats, &upstream].map(whole);
    let labels = labels.to_contiguous();
    let labels = labels.as_slice::<i32>().expect("contiguous i32 labels");
    let job = Job::new(setting);
    let mut output = vec![0.0; rows * width];
    host::rows(rows, [(&mut output, width)], |range, [output]| {
        for (row, output) in range.zip(output.chunks_mut(width.max(1))).filter(|(row, _)| labels[*row] != LEFT_OUT) {
            let at = row * width..(row + 1) * width;
            let t = if job.teaches { &teacher[at.clone()] } else { &[] };
            let class = classes.place(labels[row]);
            let stats = std::array::from_fn(|column| stats[column * rows + row]);
            let upstream = std::array::from_fn(|term| upstream[term * rows + row]);
            gradient(job, &student[at], t, labels[row], class, stats, upstream, output);
        }
    });
    FlexTensor::from_data(TensorData::new(output, [rows, width]))
}
