//! Several teachers, each weighed on every sample by how well it knows it.
//!
//! Wu, Wu, Huang 2021, "One Teacher is Enough? Pre-trained Language Model Distillation from Multiple
//! Teachers" (MT-BERT).
//!
//! ```text
//! L = T² · Σ over teachers i of mean over rows of CE(softmax(z_i/T), softmax(s/T)) / (1 + CE(y, z_i))
//! ```
//!
//! The weight is a constant. Alternatives by name: the mean of the teachers' losses, or the loss of
//! their mean logits. With `hidden` the student's layers also learn from those of every teacher:
//!
//! ```text
//! L_hidden = Σ over teachers i, Σ over pairs (m, n) of mean over tokens and width of (H^S_m − H^i_n W_i)²
//! ```
//!
//! W_i, from a teacher's width to the student's, is learned: one for each teacher, the same for all layers.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{LayerMap, Method, Objective, Pair, Projection, Seen, Term, add, positive};
use crate::{
    Result,
    loss::{Blend, blended, hidden_mse},
    model::Wants,
    recipe::Column,
};

/// The settings of distillation from several teachers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MultiTeacher {
    /// `weighted`, `losses` or `logits`.
    pub blend: Blend,
    /// T: divides all logits.
    pub temperature: f64,
    /// Match hidden states too.
    pub hidden: bool,
    /// Which layers, if so.
    pub map: LayerMap,
}

impl Default for MultiTeacher {
    fn default() -> Self {
        Self { blend: Blend::Weighted, temperature: 1.0, hidden: false, map: LayerMap::default() }
    }
}

impl Method for MultiTeacher {
    const NAME: &'static str = "multi_teacher";
    const FORMULA: &'static str = "T²·Σ_i CE(softmax(z_i/T), softmax(s/T)) / (1 + CE(y, z_i)) [+ Σ_i Σ_layers MSE(H^S_m, H^i_n W_i)]";
    const PAPER: &'static str = "Wu, Wu, Huang 2021";

    fn check(&self, at: &str) -> Result<()> {
        positive(at, "temperature", self.temperature)
    }
}

impl Objective for MultiTeacher {
    fn cells(&self) -> Vec<(Column, &'static str)> {
        let hidden = self.hidden.then_some((Column::Layers, "MSE"));
        hidden.into_iter().chain([(Column::Soft, "CE")]).collect()
    }

    fn wants(&self) -> Wants {
        Wants { hidden: self.hidden, ..Wants::default() }
    }

    fn heeds_all(&self) -> bool {
        self.hidden
    }

    fn fits(&self, at: &str, pair: &Pair) -> Result<()> {
        match self.hidden {
            true => self.map.pairs(at, pair.student.num_hidden_layers, pair.teacher.num_hidden_layers).map(drop),
            false => Ok(()),
        }
    }

    fn projections(&self, pair: &Pair) -> Vec<Projection> {
        let (from, to) = (pair.teacher.hidden_size, pair.student.hidden_size);
        self.hidden.then_some(Projection { name: matrix(pair.place), from, to, identity: false }).into_iter().collect()
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        seen.teacher(Self::NAME)?;
        let labels = seen.batch.labels.clone();
        let student = seen.student.logits();
        let teachers: Vec<_> = seen.teachers.iter().map(|trace| trace.answer.beside(&student)).collect();
        let (value, _) = blended(&teachers, student, labels, self.temperature, self.blend, seen.counted);
        let hidden = if self.hidden { self.matched(seen)? } else { None };
        let mut terms = Term::named("multi_teacher", Some(value));
        terms.extend(Term::named("multi_teacher_hidden", hidden));
        Ok(terms)
    }
}

impl MultiTeacher {
    /// How far the student's layers are from what W_i makes of each teacher's.
    fn matched(&self, seen: &Seen) -> Result<Option<Tensor<1>>> {
        let mask = seen.mask(false);
        let mut sum = None;
        for (place, teacher) in seen.teachers.iter().enumerate() {
            for [m, n] in self.map.pairs(Self::NAME, seen.student.layers.len(), teacher.layers.len())? {
                let wanted = seen.project(Some(&matrix(place)), teacher.hidden(n)?)?;
                sum = add(sum, hidden_mse(wanted, seen.student.hidden(m)?, &mask));
            }
        }
        Ok(sum)
    }
}

/// What W of a teacher is called.
fn matrix(place: usize) -> String {
    format!("multi_teacher_{place}")
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::{
        data::HostBatch,
        model::{Answer, LayerTrace, Trace},
        readback::read,
    };

    /// One text of two tokens and a padding, two classes.
    fn trace(device: &Device, layers: &[&[f32]]) -> Trace {
        let hidden = |states: &&[f32]| {
            let width = states.len() / 3;
            let states = Tensor::from_data(TensorData::new(states.to_vec(), [1, 3, width]), device);
            LayerTrace { hidden: Some(states), ..LayerTrace::default() }
        };
        Trace {
            answer: Answer::Logits(Tensor::zeros([1, 2], device)),
            embeddings: None,
            layers: layers.iter().map(hidden).collect(),
            pooled: None,
        }
    }

    #[test]
    fn every_teacher_s_layers_pass_through_its_own_matrix() {
        let (plain, graph) = (Device::flex(), Device::flex().autodiff());
        let batch = HostBatch {
            ids: vec![0; 3],
            types: vec![0; 3],
            mask: vec![1.0, 1.0, 0.0],
            labels: vec![1],
            rows: 1,
            length: 3,
        };
        let batch = batch.to_device(&plain);
        // The padding, last, must not count.
        let student = trace(&graph, &[&[1.0, 2.0, 9.0]]);
        let wide: &[f32] = &[1.0, 0.0, 0.0, 1.0, 7.0, 7.0];
        let teachers = [trace(&plain, &[&[5.0, 5.0, 5.0], &[3.0, 1.0, 8.0]]), trace(&plain, &[wide])];
        let w = |values: Vec<f32>| {
            let length = values.len();
            Tensor::<3>::from_data(TensorData::new(values, [1, length, 1]), &graph).require_grad()
        };
        let matrices = [w(vec![2.0]), w(vec![1.0, 4.0])];
        let project = |name: &str, x: Tensor<3>| {
            let place = ["multi_teacher_0", "multi_teacher_1"].iter().position(|known| *known == name).unwrap();
            Ok(x.matmul(matrices[place].clone()))
        };
        let seen = Seen {
            student: &student,
            teachers: &teachers,
            project: &project,
            batch: &batch,
            counted: 1,
            labelled: 1,
            causal: false,
            progress: 0.0,
        };
        let objective = MultiTeacher { hidden: true, ..MultiTeacher::default() };
        let terms = objective.terms(&seen).unwrap();
        assert_eq!(terms.iter().map(|term| term.name).collect::<Vec<_>>(), ["multi_teacher", "multi_teacher_hidden"]);
        let value = |at: usize| pollster::block_on(read(terms[at].value.clone().inner())).unwrap()[0];
        // Uniform logits: ln 2 / (1 + ln 2) of each.
        let ln2 = 2f32.ln();
        assert!((value(0) - 2.0 * ln2 / (1.0 + ln2)).abs() < 1e-6, "{}", value(0));
        // The last of two layers: 2·3 − 1, 2·1 − 2; the other teacher: 1 − 1, 4 − 2. Means of the squares over two tokens.
        assert!((value(1) - (25.0 / 2.0 + 4.0 / 2.0)).abs() < 1e-6, "{}", value(1));
        // ∂/∂W: mean over tokens of 2 (W h − s) h: (5·3 + 0) of the first; (0, 2) of the second.
        let gradients = terms[1].value.clone().backward();
        for (matrix, wanted) in matrices.iter().zip([vec![15.0], vec![0.0, 2.0]]) {
            let gradient = matrix.grad(&gradients).unwrap().flatten::<1>(0, 2);
            assert_eq!(pollster::block_on(read(gradient)).unwrap(), wanted);
        }
    }
}
