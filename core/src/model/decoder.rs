//! What the causal families share: a token sees those before it, and every place is asked for the
//! next token.

use burn::tensor::{Int, Tensor, TensorData};

use super::{
    Config,
    attention::{Pass, causal, padding, through},
    cache::Past,
    layers::{Embedding, Linear, Noise},
    rotary::Rotary,
    trace::{Answer, Gates, Inputs, LayerTrace, Trace, Wants},
};
use crate::kernel;

/// Which place in its text each token of a batch has.
#[derive(Debug, Clone, Copy)]
pub enum Places<'a> {
    /// The first, the second, and so on, in every row. With the batch's mask `[batch, length]`, from
    /// which some families count.
    Start(&'a Tensor<2>),
    /// Counted from 0, `[batch][length]`.
    Given(&'a [Vec<usize>]),
}

impl Places<'_> {
    /// The rows of `table` for `length` tokens: `[1 or batch, length, hidden]`
    pub fn embed(&self, table: &Embedding, length: usize) -> Tensor<3> {
        match self {
            Self::Start(_) => table.weight.val().narrow(0, 0, length).unsqueeze::<3>(),
            Self::Given(rows) => table.forward(self.ids(rows, 0, table)),
        }
    }

    /// Places as ids of `table`, `offset` further on: `[batch, length]`
    pub fn ids(&self, rows: &[Vec<usize>], offset: usize, table: &Embedding) -> Tensor<2, Int> {
        let shape = [rows.len(), rows.first().map_or(0, Vec::len)];
        let ids: Vec<i32> = rows.iter().flatten().map(|place| (place + offset) as i32).collect();
        Tensor::from_data(TensorData::new(ids, shape), &table.weight.val().device())
    }
}

/// A causal family, as far as the others differ.
pub trait Decoder {
    /// Shape and vocabulary.
    fn config(&self) -> &Config;

    /// The word embeddings.
    fn word(&self) -> &Embedding;

    /// The head, unless it shares the word embeddings.
    fn head(&self) -> Option<&Linear>;

    /// How it turns queries and keys, if it does.
    fn rotary(&self) -> Option<&Rotary> {
        None
    }

    /// What goes into the first layer: `[batch, length]` ids → `[batch, length, hidden]`
    fn embed(&self, ids: &Tensor<2, Int>, places: &Places, noise: Noise) -> Tensor<3>;

    /// The layer `index`: `[batch, length, hidden]` → the same
    fn layer(&self, index: usize, x: Tensor<3>, pass: &mut Pass) -> Tensor<3>;

    /// The norm after the last layer, if there is one.
    fn norm(&self, x: Tensor<3>) -> Tensor<3>;

    /// What makes logits `[tokens, vocabulary]` of `[tokens, hidden]`
    fn last(&self, hidden: Tensor<2>) -> kernel::Linear {
        let (weight, bias) = match self.head() {
            Some(head) => (&head.weight, head.bias.as_ref().map(|bias| bias.val())),
            None => (&self.word().weight, None),
        };
        kernel::Linear { hidden, weight: weight.val(), bias }
    }
}

/// A stretch of tokens that is read in one go.
pub struct Reading<'a> {
    /// `[batch, length]`
    pub ids: &'a Tensor<2, Int>,
    /// Of the tokens.
    pub places: Places<'a>,
    /// `[batch, 1, query, key]`, added to the scores.
    pub mask: &'a Tensor<4>,
    /// What to record.
    pub wants: &'a Wants,
    /// Factors on heads and neurons.
    pub gates: Option<&'a Gates>,
    /// Seed of dropout.
    pub noise: Noise,
}

/// Runs `model` over a batch. See [`super::Model::forward`].
pub fn forward(model: &dyn Decoder, inputs: Inputs, wants: &Wants, gates: Option<&Gates>, noise: Noise) -> Trace {
    let [_, length] = inputs.ids.dims();
    let mask = padding(inputs.mask) + causal(length, length, 0, &inputs.ids.device());
    let places = Places::Start(inputs.mask);
    let (states, embedded, layers) =
        read(model, &Reading { ids: inputs.ids, places, mask: &mask, wants, gates, noise }, &mut []);
    Trace {
        answer: Answer::of(model.last(states.flatten(0, 1)), wants),
        embeddings: wants.embeddings.then_some(embedded),
        layers,
        pooled: None,
    }
}

/// Reads tokens: what the head is given, what the first layer was given, and what the layers left
/// behind. `past` has one entry for every layer, or none when nothing is to be remembered.
pub fn read(model: &dyn Decoder, reading: &Reading, past: &mut [Past]) -> (Tensor<3>, Tensor<3>, Vec<LayerTrace>) {
    let &Reading { ids, places, mask, wants, gates, noise } = reading;
    let [_, length] = ids.dims();
    let embedded = model.embed(ids, &places, noise.at(0));
    let rotation = model.rotary().map(|rotary| rotary.rotation(&places, length, &ids.device()));

    let mut past = past.iter_mut();
    let pass = |index| Pass::new(index, mask, wants, gates, noise);
    let (hidden, mut layers) = through(model.config().num_hidden_layers, embedded.clone(), pass, |index, x, pass| {
        pass.rotation = rotation.as_ref();
        pass.past = past.next();
        model.layer(index, x, pass)
    });
    let hidden = model.norm(hidden);
    // As in `transformers`, the last layer's states are shown as the head sees them.
    if let Some(last) = layers.last_mut().filter(|_| wants.hidden) {
        last.hidden = Some(hidden.clone());
    }
    (hidden, embedded, layers)
}
