//! Twin of `logit_rows.wgsl` and `logit_rows_grad.wgsl`: distillation losses of rows of logits.

use crate::{Case, Kernel, grid, import::resolve, noise, words};

/// The three terms and the row statistics.
pub const FORWARD: Kernel = Kernel { name: "logit_rows", source, cases };

/// Their gradient with respect to the student.
pub const GRADIENT: Kernel = Kernel { name: "logit_rows_grad", source: source_grad, cases: cases_grad };

/// WGSL of the forward kernel.
pub fn source() -> String {
    resolve(include_str!("logit_rows.wgsl"))
}

/// WGSL of the gradient kernel.
pub fn source_grad() -> String {
    resolve(include_str!("logit_rows_grad.wgsl"))
}

/// Invocations per workgroup.
pub const GROUP: usize = 256;
/// Numbers per row in `stats`: KL, soft cross-entropy, cross-entropy, then what the gradient needs.
pub const STATS: usize = 8;
/// The label of a row that no loss counts (PyTorch's `ignore_index`).
pub const LEFT_OUT: i32 = -100;
/// Logits below this count as this, so that masks keep differences finite.
pub const FLOOR: f32 = -1e30;

/// A mask's logit as the kernels see it. NaN passes through.
#[inline]
pub fn floored(logit: f32) -> f32 {
    if logit < FLOOR { FLOOR } else { logit }
}

/// Invocations that share a row: about one for eight classes, a power of two. More of them would
/// spend longer on merging their parts than on reading logits.
pub fn lanes(classes: usize) -> usize {
    (classes / 8).max(1).next_power_of_two().min(GROUP)
}

/// Rows of logits with their labels.
#[derive(Debug, Clone)]
pub struct Rows {
    /// `[rows, classes]`
    pub student: Vec<f32>,
    /// `[rows, classes]`; without it the first two terms are 0.
    pub teacher: Option<Vec<f32>>,
    /// `[rows]`; −100 leaves a row out.
    pub labels: Vec<i32>,
    /// Classes.
    pub classes: usize,
    /// T.
    pub temperature: f64,
}

impl Rows {
    /// The info buffer for `lanes` invocations a row.
    pub fn info(&self, lanes: usize) -> [u32; 5] {
        info(self.labels.len(), self.classes, lanes, self.teacher.is_some(), self.temperature)
    }

    /// `stats`, `[8, rows]`: per row KL(p ‖ q), −Σ p log q, −log softmax(s)\[label\], max s,
    /// log Σ exp((s − max s)/T), log Σ exp(s − max s), max t, log Σ exp((t − max t)/T).
    pub fn stats(&self) -> Vec<f64> {
        let rows = self.labels.len();
        let mut stats = vec![0.0; STATS * rows];
        for row in 0..rows {
            for (column, number) in self.row_stats(row).into_iter().enumerate() {
                stats[column * rows + row] = number;
            }
        }
        stats
    }

    fn row_stats(&self, row: usize) -> [f64; STATS] {
        let s = self.row(&self.student, row);
        let (max_s, q, log_s) = softmax(&s, self.temperature);
        let (_, q_1, mut log_1) = softmax(&s, 1.0);
        let (mut kd, mut soft, mut max_t, mut log_t) = (0.0, 0.0, 0.0, (self.classes as f64).ln());
        if let Some(teacher) = &self.teacher {
            let p;
            (max_t, p, log_t) = softmax(&self.row(teacher, row), self.temperature);
            kd = p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum();
            soft = p.iter().zip(&q).map(|(p, q)| -p.exp() * q).sum();
        }
        let label = self.labels[row];
        let mut terms = [0.0; 3];
        if (0..self.classes as i32).contains(&label) {
            terms = [kd, soft, -q_1[label as usize]];
        } else if label != LEFT_OUT {
            log_1 = f64::NAN;
            terms = [f64::NAN; 3];
        }
        [terms[0], terms[1], terms[2], max_s, log_s, log_1, max_t, log_t]
    }

    /// `[rows, classes]`: the gradient of Σ upstream · terms with respect to the student, for one
    /// upstream gradient of each term per row, `[3, rows]`.
    pub fn gradient(&self, upstream: &[f32]) -> Vec<f64> {
        let rows = self.labels.len();
        let mut gradient = Vec::with_capacity(rows * self.classes);
        for row in 0..rows {
            let [kd, soft, hard] = [0, 1, 2].map(|term| upstream[term * rows + row] as f64);
            let s = self.row(&self.student, row);
            let (_, q, _) = softmax(&s, self.temperature);
            let (_, q_1, _) = softmax(&s, 1.0);
            let p = match &self.teacher {
                Some(teacher) => softmax(&self.row(teacher, row), self.temperature).1,
                None => q.clone(),
            };
            let label = self.labels[row];
            for class in 0..self.classes {
                let target = if label == class as i32 { 1.0 } else { 0.0 };
                gradient.push(match label {
                    LEFT_OUT => 0.0,
                    label if !(0..self.classes as i32).contains(&label) => f64::NAN,
                    _ => {
                        (kd + soft) * (q[class].exp() - p[class].exp()) / self.temperature
                            + hard * (q_1[class].exp() - target)
                    }
                });
            }
        }
        gradient
    }

    fn row(&self, logits: &[f32], row: usize) -> Vec<f64> {
        logits[row * self.classes..][..self.classes].iter().map(|&x| floored(x) as f64).collect()
    }
}

/// The info buffer.
pub fn info(rows: usize, classes: usize, lanes: usize, teacher: bool, temperature: f64) -> [u32; 5] {
    let inverse = (1.0 / temperature) as f32;
    [rows as u32, classes as u32, lanes as u32, teacher as u32, inverse.to_bits()]
}

/// The largest logit, log softmax(x / T), and log Σ exp((x − max) / T).
fn softmax(logits: &[f64], temperature: f64) -> (f64, Vec<f64>, f64) {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let scaled: Vec<f64> = logits.iter().map(|x| (x - max) / temperature).collect();
    let log_sum = scaled.iter().map(|x| x.exp()).sum::<f64>().ln();
    (max, scaled.iter().map(|x| x - log_sum).collect(), log_sum)
}

/// What the forward and the gradient kernel are both tried on: a name, the rows, and invocations
/// per row when not the usual.
fn inputs() -> Vec<(String, Rows, usize)> {
    let mut inputs = vec![];
    for (rows, classes, temperature) in [
        (1, 2, 1.0),
        (5, 3, 2.0),
        (257, 2, 4.0),
        (39, 5, 0.5),
        (7, 31, 2.0),
        (3, 64, 1.0),
        (24, 1_058, 2.0),
        (2, 4_097, 3.0),
        (1, 262_144, 1.5),
    ] {
        let rows = random(rows, classes, temperature, 3.0);
        inputs.push((format!("{} × {classes} at {temperature}", rows.labels.len()), rows, lanes(classes)));
    }
    inputs.push(("more rows than workgroups in x".into(), random(70_000, 2, 2.0, 2.0), GROUP));
    inputs.push(("huge logits".into(), random(9, 77, 2.0, 1e4), lanes(77)));

    let mut plain = random(6, 300, 2.0, 2.0);
    plain.teacher = None;
    inputs.push(("no teacher".into(), plain, lanes(300)));

    let mut same = random(6, 300, 2.0, 2.0);
    same.teacher = Some(same.student.clone());
    inputs.push(("the teacher is the student".into(), same, lanes(300)));

    for mask in [-1e4, -1e9, f32::MIN, f32::NEG_INFINITY] {
        let mut masked = random(5, 150, 2.0, 2.0);
        // The same two of three classes are masked for both models; the labels are not among them.
        for (at, student) in masked.student.iter_mut().enumerate() {
            if at % 150 % 3 != 0 {
                *student = mask;
                masked.teacher.as_mut().expect("random rows have a teacher")[at] = mask;
            }
        }
        masked.labels = vec![0, 3, 147, LEFT_OUT, 9];
        inputs.push((format!("masked by {mask:e}"), masked, lanes(150)));
    }

    let mut odd = random(3, 10, 1.0, 1.0);
    odd.student[4] = f32::NAN;
    odd.labels = vec![1, 10, -1];
    inputs.push(("a NaN and labels that are no class".into(), odd, lanes(10)));
    inputs
}

/// Rows whose logits lie between −`spread` and `spread`; every seventh is left out.
fn random(rows: usize, classes: usize, temperature: f64, spread: f32) -> Rows {
    let logits = |seed| noise(seed, rows * classes).into_iter().map(|x| x * spread).collect();
    let label = |row: usize| {
        if row % 7 == 6 { LEFT_OUT } else { (row * 31 % classes) as i32 }
    };
    Rows { student: logits(1), teacher: Some(logits(2)), labels: (0..rows).map(label).collect(), classes, temperature }
}

fn buffers(rows: &Rows) -> Vec<Vec<u32>> {
    let teacher = rows.teacher.as_ref().map_or(vec![0], |teacher| words(teacher));
    vec![words(&rows.student), teacher, rows.labels.iter().map(|&label| label as u32).collect()]
}

fn cases() -> Vec<Case> {
    let case = |(name, rows, lanes): (String, Rows, usize)| {
        let count = rows.labels.len();
        let mut buffers = buffers(&rows);
        buffers.push(vec![0; STATS * count]);
        buffers.push(rows.info(lanes).to_vec());
        let wanted = rows.stats();
        Case { name, buffers, output: 3, groups: grid(count.div_ceil(GROUP / lanes)), wanted, allowance: [5e-6, 2e-5] }
    };
    inputs().into_iter().map(case).collect()
}

fn cases_grad() -> Vec<Case> {
    let case = |(name, rows, lanes): (String, Rows, usize)| {
        let count = rows.labels.len();
        let mut upstream = noise(5, STATS * count);
        let stats: Vec<f32> = rows.stats().into_iter().map(|x| x as f32).collect();
        let mut buffers = buffers(&rows);
        buffers.push(words(&stats));
        buffers.push(words(&upstream));
        buffers.push(vec![0; count * rows.classes]);
        buffers.push(rows.info(lanes).to_vec());
        upstream.truncate(3 * count);
        let wanted = rows.gradient(&upstream);
        Case { name, buffers, output: 5, groups: grid(count.div_ceil(GROUP / lanes)), wanted, allowance: [2e-6, 2e-5] }
    };
    inputs().into_iter().map(case).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Teacher (0, ln 3) has p = (1/4, 3/4); student (0, 0) has q = (1/2, 1/2).
    fn pair(temperature: f64) -> Rows {
        let t = temperature as f32;
        Rows {
            student: vec![0.0, 0.0],
            teacher: Some(vec![0.0, 3f32.ln() * t]),
            labels: vec![1],
            classes: 2,
            temperature,
        }
    }

    fn close(got: &[f64], wanted: &[f64], allowance: f64) {
        assert_eq!(got.len(), wanted.len());
        for (got, wanted) in got.iter().zip(wanted) {
            assert!((got - wanted).abs() < allowance, "{got} is not {wanted}");
        }
    }

    #[test]
    fn two_classes_by_hand() {
        let ln = f64::ln;
        // KL = 1/4 ln(1/2) + 3/4 ln(3/2); soft = ln 2; hard = ln 2; sums are 2 and 1/3 + 1.
        let kl = 0.25 * ln(0.5) + 0.75 * ln(1.5);
        let wanted = [kl, ln(2.0), ln(2.0), 0.0, ln(2.0), ln(2.0), ln(3.0), ln(4.0 / 3.0)];
        close(&pair(1.0).stats(), &wanted, 1e-7);
        // Twice the temperature on twice the logits: the same p, so the same terms.
        close(&pair(2.0).stats()[..3], &wanted[..3], 1e-7);
    }

    #[test]
    fn gradients_by_hand() {
        // q − p = (1/4, −1/4); softmax(s) − onehot = (1/2, −1/2).
        close(&pair(1.0).gradient(&[1.0, 0.0, 0.0]), &[0.25, -0.25], 1e-7);
        close(&pair(1.0).gradient(&[0.0, 1.0, 0.0]), &[0.25, -0.25], 1e-7);
        close(&pair(1.0).gradient(&[0.0, 0.0, 1.0]), &[0.5, -0.5], 1e-7);
        // At T = 2 the soft gradient is halved, the hard one is not.
        close(&pair(2.0).gradient(&[1.0, 1.0, 1.0]), &[0.25 + 0.5, -0.25 - 0.5], 1e-7);
    }

    #[test]
    fn a_row_left_out_counts_nowhere() {
        let rows = Rows { labels: vec![LEFT_OUT], ..pair(1.0) };
        assert_eq!(rows.stats()[..3], [0.0; 3]);
        assert_eq!(rows.gradient(&[1.0, 1.0, 1.0]), [0.0; 2]);
    }

    #[test]
    fn a_label_that_is_no_class_shows() {
        for label in [2, -1] {
            let rows = Rows { labels: vec![label], ..pair(1.0) };
            assert!(rows.stats()[..3].iter().all(|x| x.is_nan()));
            assert!(rows.gradient(&[0.0; 3]).iter().all(|x| x.is_nan()));
        }
    }

    #[test]
    fn slopes_agree_with_the_gradient() {
        let rows = random(4, 5, 2.0, 2.0);
        let upstream = noise(8, 12);
        let value = |rows: &Rows| -> f64 { rows.stats().iter().zip(&upstream).map(|(x, &u)| x * u as f64).sum() };
        let gradient = rows.gradient(&upstream);
        let step = 1.0 / 256.0;
        for (at, wanted) in gradient.into_iter().enumerate() {
            let moved = |by: f32| {
                let mut moved = rows.clone();
                moved.student[at] += by;
                (value(&moved), moved.student[at] as f64)
            };
            let ((above, x_above), (below, x_below)) = (moved(step), moved(-step));
            let slope = (above - below) / (x_above - x_below);
            // The third derivative times step²/6 is below 3e-6 here.
            assert!((slope - wanted).abs() < 1e-5, "{at}: {slope} {wanted}");
        }
    }

    #[test]
    fn invocations_per_row() {
        assert_eq!([2, 4, 9, 64, 1_023, 1_024, 262_144].map(lanes), [1, 1, 1, 8, 128, 128, 256]);
    }
}
