//! The cases `logit_loss`, `linear_logit_loss`, `multi_teacher` and `confidence`: losses of logits
//! and their gradients.

use std::collections::BTreeMap;

use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use retort_shaders::logit_rows::LEFT_OUT;
use serde_json::{Map, Value, json};

use super::{Answer, Answers, Array, Case};
use crate::{
    Error, Result,
    kernel::{Divergence, Linear, RowTerms, Setting, TileSize, linear_rows_in, logit_rows},
    loss::{Atkd, Blend, LogitLoss, blended, confidence},
    readback::read_many,
};

/// What a case asks for.
enum Asked {
    CrossEntropy,
    Loss(LogitLoss),
    Atkd(Atkd, f64),
}

impl Asked {
    fn read(case: &Case) -> Result<Option<Self>> {
        let name = match case.word("loss")? {
            "cross_entropy" => return Ok(Some(Self::CrossEntropy)),
            "atkd" => {
                let atkd = Atkd { lambda: case.number("lambda", 0.2), k: case.number("k", 0.5) };
                atkd.check(&case.name)?;
                return Ok(Some(Self::Atkd(atkd, case.number("temperature", 1.0))));
            }
            "kd" => "kl",
            other => other,
        };
        let constants = ["temperature", "alpha", "beta"];
        let given = constants.iter().filter_map(|&key| Some((key.to_owned(), json!(case.given(key)?))));
        let mut settings: Map<String, Value> = given.collect();
        settings.insert("loss".into(), name.into());
        let Ok(loss) = serde_json::from_value::<LogitLoss>(settings.into()) else { return Ok(None) };
        loss.check(&case.name)?;
        Ok(Some(Self::Loss(loss)))
    }

    fn setting(&self) -> Setting {
        match self {
            Self::CrossEntropy => Setting { teaches: true, temperature: 1.0, divergence: Divergence::Kl },
            Self::Loss(loss) => Setting { teaches: true, temperature: loss.temperature, divergence: loss.divergence() },
            Self::Atkd(_, temperature) => {
                Setting { teaches: true, temperature: *temperature, divergence: Divergence::Kl }
            }
        }
    }

    fn of(&self, terms: &RowTerms, labels: &[i32]) -> Tensor<1> {
        let counted = labels.iter().filter(|&&label| label != LEFT_OUT).count().max(1);
        match self {
            Self::CrossEntropy => terms.hard.clone().sum() / counted as f64,
            Self::Loss(loss) => loss.of(terms, counted, counted),
            Self::Atkd(atkd, temperature) => {
                let groups: Vec<i32> = labels.iter().map(|&label| if label == LEFT_OUT { -1 } else { 0 }).collect();
                let groups = integers(&groups, &terms.hard.device());
                atkd.of(terms, &groups) * (temperature * temperature)
            }
        }
    }
}

/// `loss`, the mean over rows that are not left out, times T²; and `grad`, its gradient with
/// respect to the student's logits.
pub async fn loss(case: &Case, device: &Device) -> Result<Answers> {
    let Some(asked) = Asked::read(case)? else { return unknown(case) };
    let graph = device.clone().autodiff();
    let student = matrix(case, "student", &graph)?.require_grad();
    let teacher = matrix(case, "teacher", &graph)?;
    let labels = labels(case, student.dims()[0])?;
    if teacher.dims() != student.dims() {
        return Err(Error::input(&case.name, "teacher and student of one size", "different sizes"));
    }
    let Setting { temperature, divergence, .. } = asked.setting();
    let terms = logit_rows(student.clone(), Some(teacher), integers(&labels, &graph), temperature, divergence);
    let value = asked.of(&terms, &labels);
    let gradients = value.backward();
    answers(case, value, &gradients, vec![("grad", student)]).await
}

/// The same losses of hidden states times matrices: `grad_hidden` and `grad_weight` are the student's.
pub async fn linear(case: &Case, device: &Device) -> Result<Answers> {
    let Some(asked) = Asked::read(case)? else { return unknown(case) };
    let graph = device.clone().autodiff();
    let [hidden, weight] = ["student_hidden", "student_weight"].map(|key| matrix(case, key, &graph));
    let student = Linear { hidden: hidden?.require_grad(), weight: weight?.require_grad(), bias: None };
    let [hidden, weight] = ["teacher_hidden", "teacher_weight"].map(|key| matrix(case, key, device));
    let teacher = Linear { hidden: hidden?, weight: weight?, bias: None };
    let rows = student.hidden.dims()[0];
    let labels = labels(case, rows)?;
    let sizes = |x: &Linear| (x.hidden.dims()[0], x.weight.dims()[0], x.hidden.dims()[1] == x.weight.dims()[1]);
    if sizes(&student) != sizes(&teacher) || !sizes(&student).2 {
        return Err(Error::input(&case.name, "hidden states and matrices that fit together", "other sizes"));
    }
    // So that a case has several tiles and, both ways, one that is not whole.
    let tile = TileSize { rows: 3, classes: 130 };
    let Setting { temperature, divergence, .. } = asked.setting();
    let labelled = integers(&labels, &graph);
    let terms = linear_rows_in(tile, &student, Some(&teacher), labelled, temperature, divergence);
    let value = asked.of(&terms, &labels);
    let gradients = value.backward();
    answers(case, value, &gradients, vec![("grad_hidden", student.hidden), ("grad_weight", student.weight)]).await
}

/// `weights`, `loss` and `grad` of a student of several teachers.
pub async fn teachers(case: &Case, device: &Device) -> Result<Answers> {
    let graph = device.clone().autodiff();
    let student = matrix(case, "student", &graph)?.require_grad();
    let [rows, classes] = student.dims();
    let array = case.input("teachers")?;
    let count = match array.shape[..] {
        [count, given, wide] if (given, wide) == (rows, classes) => count,
        _ => return Err(Error::input(&case.name, "in.teachers as large as in.student", format!("{:?}", array.shape))),
    };
    let all = Tensor::<3>::from_data(TensorData::new(array.floats(), [count, rows, classes]), &graph);
    let teachers: Vec<Tensor<2>> = (0..count).map(|at| all.clone().narrow(0, at, 1).squeeze_dim(0)).collect();
    let labels = labels(case, rows)?;
    let counted = labels.iter().filter(|&&label| label != LEFT_OUT).count();
    let (value, weights) =
        blended(&teachers, student.clone(), integers(&labels, &graph), 1.0, Blend::Weighted, counted);
    let gradients = value.backward();
    let mut known = match answers(case, value, &gradients, vec![("grad", student)]).await? {
        Answers::Known(known) => known,
        unknown => return Ok(unknown),
    };
    let weights = read_many(vec![Tensor::cat(weights, 0).inner()]).await?.remove(0);
    known.insert("weights".into(), Answer::whole(weights));
    Ok(Answers::Known(known))
}

/// `variance` and `entropy` of rows of logits.
pub async fn sureness(case: &Case, device: &Device) -> Result<Answers> {
    let figures = read_many(confidence(matrix(case, "logits", device)?).to_vec()).await?;
    let named = ["variance", "entropy"].map(str::to_owned).into_iter().zip(figures.into_iter().map(Answer::whole));
    Ok(Answers::Known(BTreeMap::from_iter(named)))
}

fn unknown(case: &Case) -> Result<Answers> {
    Ok(Answers::Unknown(format!("the loss `{}`", case.word("loss")?)))
}

/// `loss`, and the gradients of `leaves` under their names.
pub(super) async fn answers<const D: usize>(
    case: &Case,
    value: Tensor<1>,
    gradients: &Gradients,
    leaves: Vec<(&str, Tensor<D>)>,
) -> Result<Answers> {
    let mut names = vec!["loss".to_owned()];
    let mut tensors = vec![value.inner()];
    for (name, leaf) in leaves {
        let lost = || Error::device(&case.name, format!("the student got no {name}"));
        let gradient = leaf.grad(gradients).ok_or_else(lost)?;
        let count = gradient.shape().num_elements();
        names.push(name.to_owned());
        tensors.push(gradient.reshape([count]));
    }
    let numbers = read_many(tensors).await?;
    Ok(Answers::Known(names.into_iter().zip(numbers.into_iter().map(Answer::whole)).collect()))
}

fn labels(case: &Case, rows: usize) -> Result<Vec<i32>> {
    let labels = case.input("labels")?.integers();
    if labels.len() != rows {
        return Err(Error::input(&case.name, format!("{rows} labels"), labels.len().to_string()));
    }
    Ok(labels)
}

fn integers(values: &[i32], device: &Device) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

fn matrix(case: &Case, key: &str, device: &Device) -> Result<Tensor<2>> {
    let array: &Array = case.input(key)?;
    match array.shape[..] {
        [rows, columns] => Ok(Tensor::from_data(TensorData::new(array.floats(), [rows, columns]), device)),
        _ => Err(Error::input(&case.name, format!("in.{key} with rows and columns"), format!("{:?}", array.shape))),
    }
}
