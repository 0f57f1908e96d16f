//! What a forward pass shows of itself, and how it can be interfered with.

use burn::tensor::{Device, Int, Tensor, activation::log_softmax};

use super::{Config, config::Size};
use crate::{data::Batch, kernel::Linear};

/// A batch as a model sees it, each `[batch, length]`.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Token ids.
    pub ids: &'a Tensor<2, Int>,
    /// 0 in the first sentence of a pair, 1 in the second. Only BERT looks at it.
    pub types: &'a Tensor<2, Int>,
    /// 1 for a token, 0 for padding.
    pub mask: &'a Tensor<2>,
}

impl<'a> From<&'a Batch> for Inputs<'a> {
    fn from(batch: &'a Batch) -> Self {
        Self { ids: &batch.ids, types: &batch.types, mask: &batch.mask }
    }
}

/// What to record on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// [`Trace::embeddings`].
    pub embeddings: bool,
    /// Queries, keys and values of every layer.
    pub qkv: bool,
    /// [`LayerTrace::scores`].
    pub scores: bool,
    /// [`LayerTrace::probs`].
    pub probs: bool,
    /// [`LayerTrace::hidden`].
    pub hidden: bool,
    /// [`Trace::pooled`].
    pub pooled: bool,
    /// [`Answer::Head`] of a language model, in place of its logits.
    pub head: bool,
}

impl Wants {
    /// Everything that there is, and the logits.
    pub const ALL: Self =
        Self { embeddings: true, qkv: true, scores: true, probs: true, hidden: true, pooled: true, head: false };

    /// What either wants.
    pub fn union(self, other: &Self) -> Self {
        Self {
            embeddings: self.embeddings | other.embeddings,
            qkv: self.qkv | other.qkv,
            scores: self.scores | other.scores,
            probs: self.probs | other.probs,
            hidden: self.hidden | other.hidden,
            pooled: self.pooled | other.pooled,
            head: self.head | other.head,
        }
    }
}

/// What a model says at last.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "there are a few of them at a time, and most are logits")]
pub enum Answer {
    /// `[batch, classes]`; of a language model `[batch · length, vocabulary]`.
    Logits(Tensor<2>),
    /// What would make a language model's logits, for whoever takes them in tiles.
    Head(Linear),
    /// What was kept of them.
    Likeliest(Likeliest),
}

/// Log-probabilities of the likeliest classes of each row, and in the place of each other one the log of
/// what is left to all of those.
#[derive(Debug, Clone)]
pub struct Likeliest {
    /// `[rows, classes]`
    pub logits: Tensor<2>,
    /// 1 for the likeliest classes, 0 for the others.
    pub known: Tensor<2>,
}

impl Likeliest {
    /// 1 for the classes that are not known.
    fn others(&self) -> Tensor<2> {
        self.known.clone() * -1.0 + 1.0
    }
}

impl Answer {
    /// A language model's answer of its last states `[batch · length, hidden]`, as `wants` has it.
    pub fn of(last: Linear, wants: &Wants) -> Self {
        if wants.head { Self::Head(last) } else { Self::Logits(last.logits()) }
    }

    /// `[rows, classes]`, made now if they are not there. What is left to several classes is spread evenly.
    pub fn logits(&self) -> Tensor<2> {
        match self {
            Self::Logits(logits) => logits.clone(),
            Self::Head(last) => last.logits(),
            Self::Likeliest(kept) => {
                let others = kept.others();
                kept.logits.clone() - others.clone() * others.sum_dim(1).clamp_min(1.0).log()
            }
        }
    }

    /// The logits of a teacher beside those of its student, `[rows, classes]`. What is left to several
    /// classes is spread as the student spreads it, so that a divergence from the student sees how much is
    /// left, and nothing of which no one knows.
    pub fn beside(&self, student: &Tensor<2>) -> Tensor<2> {
        let Self::Likeliest(kept) = self else { return self.logits() };
        let among = log_softmax(student.clone().detach() + kept.known.clone() * HIDDEN, 1);
        kept.logits.clone() + kept.others() * among
    }
}

/// Added to what softmax must not see.
const HIDDEN: f64 = -1e9;

/// What a forward pass left behind.
#[derive(Debug, Clone)]
pub struct Trace {
    /// What the model says.
    pub answer: Answer,
    /// `[batch, length, hidden]`: what goes into the first layer.
    pub embeddings: Option<Tensor<3>>,
    /// One for every layer.
    pub layers: Vec<LayerTrace>,
    /// `[batch, hidden]`: what a classifier makes of the first token, squashed, before its dropout. A
    /// language model has none.
    pub pooled: Option<Tensor<2>>,
}

impl Trace {
    /// Only an answer.
    pub fn of(answer: Answer) -> Self {
        Self { answer, embeddings: None, layers: vec![], pooled: None }
    }

    /// `[batch, classes]`; of a language model `[batch · length, vocabulary]`. See [`Answer::logits`].
    pub fn logits(&self) -> Tensor<2> {
        self.answer.logits()
    }

    /// Columns of the logits.
    pub fn classes(&self) -> usize {
        match &self.answer {
            Answer::Logits(logits) => logits.dims()[1],
            Answer::Likeliest(kept) => kept.logits.dims()[1],
            Answer::Head(last) => last.weight.dims()[0],
        }
    }

    /// What layer `layer` (from 0) gave on, `[batch, length, hidden]`.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when it was not recorded.
    pub fn hidden(&self, layer: usize) -> crate::Result<Tensor<3>> {
        let hidden = self.layers.get(layer).and_then(|layer| layer.hidden.clone());
        hidden.ok_or_else(|| crate::Error::input(format!("layer {layer}"), "its hidden states", "none recorded"))
    }

    /// The attention scores of layer `layer` (from 0), `[batch, heads, query, key]`.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when they were not recorded.
    pub fn scores(&self, layer: usize) -> crate::Result<Tensor<4>> {
        let scores = self.layers.get(layer).and_then(|layer| layer.scores.clone());
        scores.ok_or_else(|| crate::Error::input(format!("layer {layer}"), "its attention scores", "none recorded"))
    }
}

/// What one layer left behind.
#[derive(Debug, Clone, Default)]
pub struct LayerTrace {
    /// `[batch, heads, length, head]`, turned by its place where the family does that.
    pub q: Option<Tensor<4>>,
    /// `[batch, heads, length, head]`, turned like `q`. Where heads share keys, each has its copy.
    pub k: Option<Tensor<4>>,
    /// `[batch, heads, length, head]`. Where heads share values, each has its copy.
    pub v: Option<Tensor<4>>,
    /// `[batch, heads, query, key]`: q kᵀ / √head, before softmax and before anything is masked.
    /// Columns of padded keys, and of a causal model those of later keys, hold ordinary numbers: leave
    /// them out.
    pub scores: Option<Tensor<4>>,
    /// `[batch, heads, query, key]`: softmax over the keys that are seen, before dropout. The others
    /// have 0; rows of padded queries are to be left out by the batch's mask.
    pub probs: Option<Tensor<4>>,
    /// `[batch, length, hidden]`: what the layer gives on; of a causal model's last layer, what the
    /// norm after it makes of that, as in `transformers`.
    pub hidden: Option<Tensor<3>>,
}

/// A factor on every attention head and every feed-forward neuron. At one they change nothing;
/// the slope of a loss in them says what each unit matters.
#[derive(Debug, Clone)]
pub struct Gates {
    /// For each layer `[1 or batch, 1 or length, heads]`: multiplies a head's context before the output
    /// matrix.
    pub heads: Vec<Tensor<3>>,
    /// For each layer `[1 or batch, 1 or length, intermediate]`: multiplies a neuron after its activation,
    /// and in Llama after its gate.
    pub neurons: Vec<Tensor<3>>,
}

impl Gates {
    /// All ones. `rows` is 1 when all texts share them, or the batch's own; `length` likewise of tokens.
    pub fn ones(config: &Config, [rows, length]: [usize; 2], device: &Device) -> Self {
        let of = |count: fn(Size) -> usize| {
            let width = |layer| count(config.size(layer));
            (0..config.num_hidden_layers).map(|layer| Tensor::ones([rows, length, width(layer)], device)).collect()
        };
        Self { heads: of(|size| size.heads), neurons: of(|size| size.neurons) }
    }

    /// The same factors as leaves of the autodiff graph, so that their gradients are kept.
    pub fn require_grad(self) -> Self {
        let on = |tensors: Vec<Tensor<3>>| tensors.into_iter().map(|gate| gate.autodiff().require_grad()).collect();
        Self { heads: on(self.heads), neurons: on(self.neurons) }
    }
}
