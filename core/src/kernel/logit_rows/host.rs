//! The same on the CPU: loops over slices, sums in f64.

use burn::backend::{
    Flex,
    flex::FlexTensor,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::TensorData;
use retort_shaders::logit_rows::{LEFT_OUT, STATS, floored};

use super::LogitRowsOps;

/// A tensor's numbers in one piece.
fn whole(tensor: &FloatTensor<Flex>) -> &[f32] {
    tensor.as_slice().expect("a contiguous f32 tensor")
}

fn largest(logits: &[f32]) -> f32 {
    logits.iter().copied().map(floored).fold(f32::NEG_INFINITY, f32::max)
}

/// The statistics of one row, in the order of `stats`.
fn row_stats(s: &[f32], t: Option<&[f32]>, label: i32, inverse: f32) -> [f64; STATS] {
    let max_s = largest(s);
    let (mut sum_s, mut sum_1) = (0.0f64, 0.0f64);
    for &s in s {
        let below = floored(s) - max_s;
        sum_s += (below * inverse).exp() as f64;
        if inverse != 1.0 {
            sum_1 += below.exp() as f64;
        }
    }
    if inverse == 1.0 {
        sum_1 = sum_s;
    }
    let (log_s, mut log_1) = (sum_s.ln(), sum_1.ln());
    let (mut max_t, mut log_t, mut kd, mut soft) = (0.0, 0.0, 0.0, 0.0);
    if let Some(t) = t {
        max_t = largest(t);
        let (mut sum, mut gap, mut cross) = (0.0f64, 0.0f64, 0.0f64);
        for (&s, &t) in s.iter().zip(t) {
            let a = (floored(t) - max_t) * inverse;
            let b = (floored(s) - max_s) * inverse;
            let weight = a.exp() as f64;
            sum += weight;
            gap += weight * (a - b) as f64;
            cross += weight * b as f64;
        }
        log_t = sum.ln();
        kd = gap / sum + log_s - log_t;
        soft = log_s - cross / sum;
    }
    let mut terms = [0.0; 3];
    if (0..s.len() as i32).contains(&label) {
        terms = [kd, soft, log_1 - (floored(s[label as usize]) - max_s) as f64];
    } else if label != LEFT_OUT {
        log_1 = f64::NAN;
        terms = [f64::NAN; 3];
    }
    [terms[0], terms[1], terms[2], max_s as f64, log_s, log_1, max_t as f64, log_t]
}

impl LogitRowsOps for Flex {
    fn logit_rows(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        labels: IntTensor<Self>,
        teaches: bool,
        temperature: f64,
    ) -> FloatTensor<Self> {
        let [rows, classes] = student.layout().shape().dims();
        let (student, teacher, labels) = (student.to_contiguous(), teacher.to_contiguous(), labels.to_contiguous());
        let (student, teacher) = (whole(&student), whole(&teacher));
        let labels = labels.as_slice::<i32>().expect("contiguous i32 labels");
        let mut stats = vec![0.0; STATS * rows];
        for (row, &label) in labels.iter().enumerate() {
            let at = row * classes..(row + 1) * classes;
            let t = teaches.then(|| &teacher[at.clone()]);
            let numbers = row_stats(&student[at], t, label, (1.0 / temperature) as f32);
            for (column, number) in numbers.into_iter().enumerate() {
                stats[column * rows + row] = number as f32;
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
        teaches: bool,
        temperature: f64,
    ) -> FloatTensor<Self> {
        let [rows, classes] = student.layout().shape().dims();
        let [student, teacher, stats, upstream] = [student, teacher, stats, upstream].map(|x| x.to_contiguous());
        let [student, teacher, stats, upstream] = [&student, &teacher, &stats, &upstream].map(whole);
        let labels = labels.to_contiguous();
        let labels = labels.as_slice::<i32>().expect("contiguous i32 labels");
        let inverse = (1.0 / temperature) as f32;
        let mut output = vec![0.0; rows * classes];
        for (row, &label) in labels.iter().enumerate().filter(|(_, label)| **label != LEFT_OUT) {
            let [max_s, log_s, log_1, max_t, log_t] = [3, 4, 5, 6, 7].map(|column| stats[column * rows + row]);
            let [kd, soft, hard] = [0, 1, 2].map(|term| upstream[term * rows + row]);
            let soft = (kd + soft) * inverse;
            let at = row * classes..(row + 1) * classes;
            let (s, output) = (&student[at.clone()], &mut output[at.clone()]);
            // A NaN in log_1 must reach the gradient even when `hard` is 0.
            if hard != 0.0 || log_1.is_nan() {
                for (output, &s) in output.iter_mut().zip(s) {
                    *output = hard * (floored(s) - max_s - log_1).exp();
                }
                if let Some(output) = usize::try_from(label).ok().and_then(|label| output.get_mut(label)) {
                    *output -= hard;
                }
            }
            if teaches && soft != 0.0 {
                for ((output, &s), &t) in output.iter_mut().zip(s).zip(&teacher[at]) {
                    let q = ((floored(s) - max_s) * inverse - log_s).exp();
                    let p = ((floored(t) - max_t) * inverse - log_t).exp();
                    *output += soft * (q - p);
                }
            }
        }
        FlexTensor::from_data(TensorData::new(output, [rows, classes]))
    }
}
