//! The cases `feature_loss`: losses of hidden states, scores and relations, and their gradients.

use burn::tensor::{Device, Tensor, TensorData};

use super::{Answers, Case, logits::answers};
use crate::{Error, Result, loss};

/// `loss` and `grad`, its gradient with respect to the student's tensor.
pub async fn run(case: &Case, device: &Device) -> Result<Answers> {
    let graph = device.clone().autodiff();
    let mask = tensor::<2>(case, "mask", &graph)?;
    match case.word("loss")? {
        "hidden_mse" => states(case, &graph, |t, s| loss::hidden_mse(t, s, &mask)).await,
        "hidden_cosine" => states(case, &graph, |t, s| loss::hidden_cosine(t, s, &mask)).await,
        "pkd" => states(case, &graph, loss::first_token_mse).await,
        "attention_scores_mse" => maps(case, &graph, |t, s| Ok(loss::scores_mse(t, s, &mask))).await,
        "attention_kl" => maps(case, &graph, |t, s| Ok(loss::attention_kl(t, s, &mask, false))).await,
        "relation_kl" => {
            let heads = case.number("relation_heads", 1.0) as usize;
            let related = |t: Tensor<4>, s: Tensor<4>| {
                for x in [&t, &s] {
                    let [_, theirs, _, size] = x.dims();
                    if heads == 0 || theirs * size % heads != 0 {
                        let wanted = format!("relation_heads that divide {}", theirs * size);
                        return Err(Error::input(&case.name, wanted, heads.to_string()));
                    }
                }
                Ok(loss::relation_kl(t, s, &mask, heads, false))
            };
            maps(case, &graph, related).await
        }
        other => Ok(Answers::Unknown(format!("the loss `{other}`"))),
    }
}

async fn states(case: &Case, graph: &Device, loss: impl FnOnce(Tensor<3>, Tensor<3>) -> Tensor<1>) -> Result<Answers> {
    let (teacher, student) = (tensor(case, "teacher", graph)?, tensor(case, "student", graph)?.require_grad());
    let value = loss(teacher, student.clone());
    let gradients = value.backward();
    answers(case, value, &gradients, vec![("grad", student)]).await
}

async fn maps(
    case: &Case,
    graph: &Device,
    loss: impl FnOnce(Tensor<4>, Tensor<4>) -> Result<Tensor<1>>,
) -> Result<Answers> {
    let (teacher, student) = (tensor(case, "teacher", graph)?, tensor(case, "student", graph)?.require_grad());
    let value = loss(teacher, student.clone())?;
    let gradients = value.backward();
    answers(case, value, &gradients, vec![("grad", student)]).await
}

fn tensor<const D: usize>(case: &Case, key: &str, device: &Device) -> Result<Tensor<D>> {
    let array = case.input(key)?;
    if array.shape.len() != D {
        return Err(Error::input(&case.name, format!("in.{key} with {D} dimensions"), format!("{:?}", array.shape)));
    }
    Ok(Tensor::from_data(TensorData::new(array.floats(), array.shape.clone()), device))
}
