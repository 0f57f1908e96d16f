//! The cases `logit_loss`: a loss of teacher's and student's logits and its gradient.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use retort_shaders::logit_rows::LEFT_OUT;

use super::{Answer, Answers, Array, Case};
use crate::{
    Error, Result,
    kernel::{RowTerms, logit_rows},
    readback::read_many,
};

type Loss = fn(RowTerms) -> Tensor<1>;

/// What is known: a loss and its numbers per row.
const LOSSES: &[(&str, Loss)] =
    &[("kd", |rows| rows.kd), ("soft_cross_entropy", |rows| rows.soft), ("cross_entropy", |rows| rows.hard)];

/// `loss`, the mean over rows that are not left out, times T²; and `grad`, its gradient with
/// respect to the student's logits.
pub async fn loss(case: &Case, device: &Device) -> Result<Answers> {
    let wanted = case.word("loss")?;
    let Some((_, loss)) = LOSSES.iter().find(|(known, _)| *known == wanted) else {
        return Ok(Answers::Unknown(format!("the loss `{wanted}`")));
    };
    let graph = device.clone().autodiff();
    let student = matrix(case, "student", &graph)?.require_grad();
    let teacher = matrix(case, "teacher", device)?;
    let labels = case.input("labels")?.integers();
    if teacher.dims() != student.dims() || labels.len() != student.dims()[0] {
        return Err(Error::input(&case.name, "teacher, student and labels of one size", "different sizes"));
    }
    let counted = labels.iter().filter(|&&label| label != LEFT_OUT).count().max(1);
    let rows = [labels.len()];
    let labels = Tensor::from_data(TensorData::new(labels, rows), &graph);
    let temperature = case.number("temperature", 1.0);
    let rows = loss(logit_rows(student.clone(), Some(Tensor::from_inner(teacher)), labels, temperature));
    let value = rows.sum() * (temperature * temperature / counted as f64);
    let gradients = value.backward();
    let gradient = student.grad(&gradients).ok_or_else(|| Error::device(&case.name, "the student got no gradient"))?;
    let answers = read_many(vec![value.inner(), gradient.flatten(0, 1)]).await?;
    let named = ["loss", "grad"].map(str::to_owned).into_iter().zip(answers.into_iter().map(Answer::whole));
    Ok(Answers::Known(BTreeMap::from_iter(named)))
}

fn matrix(case: &Case, key: &str, device: &Device) -> Result<Tensor<2>> {
    let array: &Array = case.input(key)?;
    match array.shape[..] {
        [rows, columns] => Ok(Tensor::from_data(TensorData::new(array.floats(), [rows, columns]), device)),
        _ => Err(Error::input(&case.name, format!("in.{key} with rows and columns"), format!("{:?}", array.shape))),
    }
}
