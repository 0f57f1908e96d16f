//! What encoders end in.

use burn::{
    module::{Module, Param},
    tensor::{Device, Tensor},
};

use super::{
    Answer, Config, Task, Wants,
    layers::{Embedding, LayerNorm, Linear, Noise, parameter},
};
use crate::{Result, kernel};

/// An encoder's head.
#[derive(Module, Debug)]
pub enum Head {
    /// Classes of the whole text.
    Classifier(Classifier),
    /// A token for every place.
    MaskedLm(MaskedLm),
}

/// The first token's state through a matrix, a squashing function, dropout, and a matrix.
#[derive(Module, Debug)]
pub struct Classifier {
    pooler: Linear,
    classes: Linear,
}

/// Every token's state against the word embeddings, which are the decoder's weights too.
#[derive(Module, Debug)]
pub struct MaskedLm {
    dense: Linear,
    norm: LayerNorm,
    bias: Param<Tensor<1>>,
}

impl Head {
    /// The head that `config` names, its parameters still without values.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when Retort has no such head.
    pub fn new(at: &str, config: &Config, device: &Device) -> Result<Self> {
        let width = config.hidden_size;
        Ok(match config.task(at)? {
            Task::Classification => Self::Classifier(Classifier {
                pooler: Linear::new(width, width, device),
                classes: Linear::new(width, config.labels().len(), device),
            }),
            Task::MaskedLm | Task::CausalLm => Self::MaskedLm(MaskedLm {
                dense: Linear::new(width, width, device),
                norm: LayerNorm::new(width, config.layer_norm_eps, device),
                bias: parameter([config.vocab_size], device),
            }),
        })
    }

    /// `[batch, length, hidden]` → logits `[batch, classes]` and what a classifier made of the first
    /// token `[batch, hidden]`; or those of a language model, as `wants` has it.
    pub fn forward(
        &self,
        x: Tensor<3>,
        word: &Embedding,
        config: &Config,
        wants: &Wants,
        squash: fn(Tensor<2>) -> Tensor<2>,
        noise: Noise,
    ) -> (Answer, Option<Tensor<2>>) {
        match self {
            Self::Classifier(head) => {
                let first = x.narrow(1, 0, 1).squeeze_dim::<2>(1);
                let pooled = squash(head.pooler.forward(first));
                let logits = head.classes.forward(noise.dropout(pooled.clone(), config.head_dropout()));
                (Answer::Logits(logits), Some(pooled).filter(|_| wants.pooled))
            }
            Self::MaskedLm(head) => {
                let x = head.norm.forward(config.hidden_act.apply(head.dense.forward(x)));
                let last =
                    kernel::Linear { hidden: x.flatten(0, 1), weight: word.weight.val(), bias: Some(head.bias.val()) };
                (Answer::of(last, wants), None)
            }
        }
    }
}
