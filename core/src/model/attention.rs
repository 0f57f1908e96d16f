//! What a layer is given beside its input, and the attention that every family shares (Vaswani et
//! al. 2017, "Attention Is All You Need").

use burn::tensor::{Device, Int, Tensor};

use super::{
    cache::Past,
    layers::Noise,
    rotary::Rotation,
    trace::{Gates, LayerTrace, Wants},
};
use crate::kernel::{Form, attention, fuses, masked_softmax, product};

/// Added to the scores of keys that are not to be seen. Softmax makes it exactly 0 beside any key
/// that is, and it is finite, so that a row that may see nothing is merely meaningless and not NaN.
const UNSEEN: f64 = -1e9;

/// What is added to scores so that padding is not seen: `[batch, key]`, 1 for a token and 0 for
/// padding → `[batch, 1, 1, key]`.
pub fn padding(mask: &Tensor<2>) -> Tensor<4> {
    ((mask.clone() - 1.0) * -UNSEEN).unsqueeze_dims::<4>(&[1, 2])
}

/// What is added to scores so that no token sees a later one, `[1, 1, query, key]`. The first query
/// is the token after the `past` first keys.
pub fn causal(queries: usize, keys: usize, past: usize, device: &Device) -> Tensor<4> {
    let places =
        |from: usize, count: usize| Tensor::<1, Int>::arange(from as i64..(from + count) as i64, device).float();
    let (query, key) = (places(past, queries).unsqueeze_dim::<2>(1), places(0, keys).unsqueeze_dim::<2>(0));
    // [query, key]: 1 where the key comes later
    let later = (key - query).clamp(0.0, 1.0);
    (later * UNSEEN).unsqueeze::<4>()
}

/// `[batch, length, heads · head]` → `[batch, heads, length, head]`
pub fn split_heads(x: Tensor<3>, heads: usize) -> Tensor<4> {
    let [batch, length, width] = x.dims();
    x.reshape([batch, length, heads, width / heads]).swap_dims(1, 2)
}

/// What a layer is given beside its input, and what it leaves behind.
pub struct Pass<'a> {
    /// The layer's number.
    pub index: usize,
    /// `[1 or batch, 1, 1 or query, key]`, added to the scores.
    pub mask: &'a Tensor<4>,
    /// What to record.
    pub wants: &'a Wants,
    /// Of the heads `[1 or batch, heads]` and of the neurons `[1 or batch, intermediate]`.
    pub gates: Option<(&'a Tensor<3>, &'a Tensor<3>)>,
    /// The layer's own.
    pub noise: Noise,
    /// How far queries and keys are turned, where the family does that.
    pub rotation: Option<&'a Rotation>,
    /// The layer's keys and values of earlier tokens, which the new ones join.
    pub past: Option<&'a mut Past>,
    /// What was recorded.
    pub trace: LayerTrace,
}

/// Runs `count` layers, one after the other: what the last gives on, and what each left behind.
/// `layer` is given its number, its input, and what goes with it.
pub fn through<'a>(
    count: usize,
    embedded: Tensor<3>,
    pass: impl Fn(usize) -> Pass<'a>,
    mut layer: impl FnMut(usize, Tensor<3>, &mut Pass<'a>) -> Tensor<3>,
) -> (Tensor<3>, Vec<LayerTrace>) {
    let mut hidden = embedded;
    let mut layers = Vec::with_capacity(count);
    for index in 0..count {
        let mut pass = pass(index);
        hidden = layer(index, hidden, &mut pass);
        pass.record(&hidden);
        layers.push(pass.trace);
    }
    (hidden, layers)
}

impl<'a> Pass<'a> {
    /// For the layer `index`. Its places of dropout are unlike those of every other layer.
    pub fn new(index: usize, mask: &'a Tensor<4>, wants: &'a Wants, gates: Option<&'a Gates>, noise: Noise) -> Self {
        Self {
            index,
            mask,
            wants,
            gates: gates.map(|gates| (&gates.heads[index], &gates.neurons[index])),
            noise: noise.at(index as u64 + 2),
            rotation: None,
            past: None,
            trace: LayerTrace::default(),
        }
    }

    /// Queries or keys turned by their places: `[batch, heads, length, head]` → the same
    pub fn turn(&self, x: Tensor<4>) -> Tensor<4> {
        match self.rotation {
            Some(rotation) => rotation.turn(x),
            None => x,
        }
    }

    /// softmax(q kᵀ / divisor + mask) v, the heads side by side: `[batch, query, heads · head]`.
    /// Drops a share `p` of the probabilities. Makes them only where somebody wants to see them, or the device
    /// cannot do without.
    ///
    /// `q` is `[batch, heads, query, head]`, `k` and `v` `[batch, groups, key, head]`: there may be
    /// fewer heads of keys and values, each shared by heads / groups neighbours (Ainslie et al.
    /// 2023, "GQA").
    pub fn attend(&mut self, q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, divisor: f64, p: f64) -> Tensor<3> {
        let (k, v) = match &mut self.past {
            Some(past) => past.join(k, v),
            None => (k, v),
        };
        let ([batch, heads, queries, size], [.., keys, _]) = (q.dims(), k.dims());
        let noise = self.noise.at(0);
        let fused = p < 1.0 && fuses(size, batch * heads * queries * keys, &q.device());
        let seen = self.wants.scores || self.wants.probs || !fused;
        // [batch, query, heads, head]
        let mut context = match seen {
            true => self.attend_seen(q.clone(), k.clone(), v.clone(), divisor, noise, p),
            false => {
                let setting = noise.attending(divisor, p);
                attention(q.clone(), k.clone(), v.clone(), self.mask.clone(), setting)
            }
        };
        if let Some((gates, _)) = self.gates {
            // [batch, length, heads] → [batch, length, heads, 1]
            context = context * gates.clone().unsqueeze_dim::<4>(3);
        }
        if self.wants.qkv {
            self.trace.q = Some(q);
            self.trace.k = Some(repeated(k, heads));
            self.trace.v = Some(repeated(v, heads));
        }
        context.reshape([batch, queries, heads * size])
    }

    /// The same with scores and probabilities, which it records: `[batch, query, heads, head]`.
    fn attend_seen(
        &mut self,
        q: Tensor<4>,
        k: Tensor<4>,
        v: Tensor<4>,
        divisor: f64,
        noise: Noise,
        p: f64,
    ) -> Tensor<4> {
        let [batch, heads, queries, size] = q.dims();
        let [_, groups, keys, _] = k.dims();
        // The queries of the heads that share a key head, one below the other.
        let stacked = |x: Tensor<4>, width| shaped(x, [batch, groups, heads / groups * queries, width]);
        let apart = |x: Tensor<4>, width| shaped(x, [batch, heads, queries, width]);

        // [batch, heads, query, key]
        let products = apart(product(stacked(q, size), k, Form::Nt), keys);
        let (scores, probs) = match self.wants.scores {
            true => {
                let scores = products / divisor;
                (Some(scores.clone()), masked_softmax(scores, self.mask.clone(), 1.0))
            }
            false => (None, masked_softmax(products, self.mask.clone(), divisor)),
        };
        let kept = noise.dropout(probs.clone(), p);
        self.trace.scores = scores;
        self.trace.probs = self.wants.probs.then_some(probs);
        apart(product(stacked(kept, keys), v, Form::Nn), size).swap_dims(1, 2)
    }

    /// The feed-forward neurons times their gates: `[batch, length, intermediate]` → the same
    pub fn gated(&self, wide: Tensor<3>) -> Tensor<3> {
        match self.gates {
            Some((_, neurons)) => wide * neurons.clone(),
            None => wide,
        }
    }

    /// Records what the layer gives on.
    pub fn record(&mut self, hidden: &Tensor<3>) {
        self.trace.hidden = self.wants.hidden.then(|| hidden.clone());
    }
}

/// Keys or values of every head, where some share theirs: `[batch, groups, key, head]` → `[batch, heads, key, head]`
fn repeated(x: Tensor<4>, heads: usize) -> Tensor<4> {
    let [batch, groups, keys, size] = x.dims();
    match heads / groups {
        1 => x,
        shared => {
            x.unsqueeze_dim::<5>(2).expand([batch, groups, shared, keys, size]).reshape([batch, heads, keys, size])
        }
    }
}

/// `x` in another shape, untouched if it has it.
fn shaped(x: Tensor<4>, shape: [usize; 4]) -> Tensor<4> {
    if x.dims() == shape { x } else { x.reshape(shape) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn no_token_sees_a_later_one() {
        let device = Device::flex();
        // Two queries after one earlier key: the first sees two keys, the second three.
        let mask = causal(2, 4, 1, &device);
        assert_eq!(mask.dims(), [1, 1, 2, 4]);
        let far = UNSEEN as f32;
        assert_eq!(values(mask), [0.0, 0.0, far, far, 0.0, 0.0, 0.0, far]);
        let padded = padding(&Tensor::from_floats([[1.0, 0.0]], &device));
        assert_eq!(values(padded), [0.0, far]);
    }

    #[test]
    fn heads_that_share_keys_see_what_repeated_keys_would_show() {
        let device = Device::flex();
        let wants = Wants { qkv: true, probs: true, ..Wants::default() };
        let mask = Tensor::<4>::zeros([1, 1, 1, 2], &device);
        // Four heads of one number, two of keys and values; one query, two keys.
        let q = Tensor::<4>::from_floats([[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]], &device);
        let k = Tensor::<4>::from_floats([[[[0.0], [0.5]], [[0.0], [-0.5]]]], &device);
        let v = Tensor::<4>::from_floats([[[[1.0], [0.0]], [[0.0], [1.0]]]], &device);
        let mut shared = Pass::new(0, &mask, &wants, None, Noise(None));
        let context = values(shared.attend(q.clone(), k.clone(), v.clone(), 1.0, 0.0));
        // Each is the share of one key: 1 / (1 + exp(±q / 2)).
        for (head, got) in context.iter().enumerate() {
            let want = 1.0 / (1.0 + (0.5 * (head as f32 + 1.0)).exp());
            assert!((got - want).abs() < 1e-6, "{context:?}");
        }
        let repeated = shared.trace.k.unwrap();
        assert_eq!(values(repeated.clone()), [0.0, 0.5, 0.0, 0.5, 0.0, -0.5, 0.0, -0.5]);
        let mut whole = Pass::new(0, &mask, &wants, None, Noise(None));
        assert_eq!(values(whole.attend(q, repeated, shared.trace.v.unwrap(), 1.0, 0.0)), context);
    }
}
