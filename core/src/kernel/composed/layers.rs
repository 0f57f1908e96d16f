//! What layers are made of, and the optimiser.

use burn::tensor::{Tensor, activation as burns, module};

use super::super::{Bend, Form, Step, Stepped, Weights};

/// As [`super::super::affine`].
pub fn affine(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>, lie: Weights) -> Tensor<2> {
    let product = x.matmul(if lie == Weights::OutIn { weight.transpose() } else { weight });
    match bias {
        Some(bias) => product + bias.unsqueeze(),
        None => product,
    }
}

/// As [`super::super::product`].
pub fn product(a: Tensor<4>, b: Tensor<4>, form: Form) -> Tensor<4> {
    match form {
        Form::Nn => a.matmul(b),
        Form::Nt => a.matmul(b.transpose()),
        Form::Tn => a.transpose().matmul(b),
    }
}

/// As [`super::super::layer_norm`].
pub fn layer_norm(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, eps: f64) -> Tensor<2> {
    module::layer_norm(x, weight, Some(bias), eps)
}

/// As [`super::super::masked_softmax`].
pub fn masked_softmax(scores: Tensor<4>, mask: Tensor<4>, divisor: f64) -> Tensor<4> {
    burns::softmax(scores / divisor + mask, 3)
}

/// As [`super::super::activation`].
pub fn activation(x: Tensor<1>, bend: Bend) -> Tensor<1> {
    match bend {
        Bend::Gelu => x.clone() * ((x / std::f64::consts::SQRT_2).erf() + 1.0) * 0.5,
        Bend::GeluNew => {
            let cubed = x.clone() * x.clone() * x.clone();
            let u = (x.clone() + cubed * 0.044715) * (8.0 / std::f64::consts::PI).sqrt();
            x * burns::sigmoid(u)
        }
        Bend::Silu => burns::silu(x),
        Bend::Relu => burns::relu(x),
    }
}

/// As [`super::super::length`], of one part at least.
pub fn length(parts: &[&Tensor<1>]) -> Tensor<1> {
    let squares: Vec<Tensor<1>> = parts.iter().map(|&part| part.clone().square().sum()).collect();
    Tensor::cat(squares, 0).sum().sqrt()
}

/// As [`super::super::adamw`]; Loshchilov and Hutter 2019, algorithm 2.
pub fn adamw(
    weights: Tensor<1>,
    gradient: Tensor<1>,
    [first, second]: [Tensor<1>; 2],
    length: Tensor<1>,
    step: Step,
) -> Stepped {
    let [of_first, of_second] = step.betas;
    let gradient = match step.clip > 0.0 {
        true => gradient * (length + 1e-6).recip().mul_scalar(step.clip).clamp_max(1.0),
        false => gradient,
    };
    let first = first * of_first + gradient.clone() * (1.0 - of_first);
    let second = second * of_second + gradient.square() * (1.0 - of_second);
    let unbiased = |moment: &Tensor<1>, beta: f64| moment.clone() / (1.0 - beta.powi(step.steps as i32));
    let direction = unbiased(&first, of_first) / (unbiased(&second, of_second).sqrt() + step.eps);
    let weights = weights * (1.0 - step.lr * step.decay) - direction * step.lr;
    Stepped { weights, first, second }
}
