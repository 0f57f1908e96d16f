//! What a transformer is made of. Weights are stored as Hugging Face stores them: `[out, in]`.

use burn::{
    module::{Module, Param, ParamId},
    tensor::{Device, Int, Shape, Tensor, module::embedding},
};

use super::config::Activation;
use crate::kernel::{self, Bend, Weights};

/// A parameter that takes no memory until it is given its values.
pub fn parameter<const D: usize>(shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    Param::uninitialized(
        ParamId::new(),
        move |device, _| Tensor::zeros(shape, device),
        device.clone(),
        true,
        Shape::from(shape.to_vec()),
    )
}

/// x Wᵀ + b.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[out, in]`.
    pub weight: Param<Tensor<2>>,
    /// `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// From `inputs` to `outputs` numbers, still without values.
    pub fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        Self::with_bias(true, inputs, outputs, device)
    }

    /// The same with or without b.
    pub fn with_bias(bias: bool, inputs: usize, outputs: usize, device: &Device) -> Self {
        Self { weight: parameter([outputs, inputs], device), bias: bias.then(|| parameter([outputs], device)) }
    }

    /// What it makes of no inputs: b everywhere, in the shape of `like`, `[…, out]`.
    pub fn of_nothing(&self, like: &Tensor<3>) -> Tensor<3> {
        everywhere(self.bias.as_ref(), like)
    }

    /// `[…, in]` → `[…, out]`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        kernel::affine(x, self.weight.val(), self.bias.as_ref().map(|bias| bias.val()), Weights::OutIn)
    }
}

/// `[out]`, if there is one, in the shape of `like`, `[…, out]`.
pub fn everywhere(bias: Option<&Param<Tensor<1>>>, like: &Tensor<3>) -> Tensor<3> {
    match bias {
        Some(bias) => bias.val().unsqueeze::<3>().expand(like.dims()),
        None => like.zeros_like(),
    }
}

/// (x − mean) / √(variance + ε) · w + b over the last dimension.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[width]`.
    pub weight: Param<Tensor<1>>,
    /// `[width]`.
    pub bias: Param<Tensor<1>>,
    /// ε.
    #[module(skip)]
    pub eps: f64,
}

impl LayerNorm {
    /// Over `width` numbers, still without values.
    pub fn new(width: usize, eps: f64, device: &Device) -> Self {
        Self { weight: parameter([width], device), bias: parameter([width], device), eps }
    }

    /// `[…, width]` → `[…, width]`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        kernel::layer_norm(x, self.weight.val(), self.bias.val(), self.eps)
    }
}

/// x / √(mean of squares + ε) · w over the last dimension (Zhang and Sennrich 2019, "Root Mean Square
/// Layer Normalization").
#[derive(Module, Debug)]
pub struct RmsNorm {
    /// `[width]`.
    pub weight: Param<Tensor<1>>,
    /// ε.
    #[module(skip)]
    pub eps: f64,
}

impl RmsNorm {
    /// Over `width` numbers, still without values.
    pub fn new(width: usize, eps: f64, device: &Device) -> Self {
        Self { weight: parameter([width], device), eps }
    }

    /// `[…, width]` → `[…, width]`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let size = (x.clone().square().mean_dim(D - 1) + self.eps).sqrt();
        x / size * self.weight.val().unsqueeze()
    }
}

/// A row for every id.
#[derive(Module, Debug)]
pub struct Embedding {
    /// `[ids, width]`.
    pub weight: Param<Tensor<2>>,
}

impl Embedding {
    /// `ids` rows of `width` numbers, still without values.
    pub fn new(ids: usize, width: usize, device: &Device) -> Self {
        Self { weight: parameter([ids, width], device) }
    }

    /// `[batch, length]` ids → `[batch, length, width]`.
    pub fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        embedding(self.weight.val(), ids)
    }
}

impl Activation {
    /// Applies it to every number.
    pub fn apply<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        let bend = match self {
            Self::Gelu => Bend::Gelu,
            Self::GeluNew => Bend::GeluNew,
            Self::Relu => Bend::Relu,
            Self::Silu => Bend::Silu,
        };
        kernel::activation(x, bend)
    }
}

/// The seed from which every dropout of one forward pass takes its own; none when only looking.
#[derive(Debug, Clone, Copy)]
pub struct Noise(pub Option<u64>);

impl Noise {
    /// The seed of one place in the model, unlike that of every other place.
    pub fn at(self, place: u64) -> Self {
        Self(self.0.map(|seed| mix(seed.wrapping_add(place.wrapping_mul(0x9E37_79B9_7F4A_7C15)))))
    }

    /// Drops a share `p` of the numbers and scales the rest by 1 / (1 − p).
    pub fn dropout<const D: usize>(self, x: Tensor<D>, p: f64) -> Tensor<D> {
        match self.0 {
            Some(seed) if p > 0.0 => kernel::dropout(x, p, seed),
            _ => x,
        }
    }

    /// The same of attention's probabilities.
    pub fn attending(self, divisor: f64, p: f64) -> kernel::Attending {
        match self.0 {
            Some(seed) => kernel::Attending { divisor, p, seed },
            None => kernel::Attending { divisor, p: 0.0, seed: 0 },
        }
    }
}

/// SplitMix64's finaliser: every bit of the result depends on every bit given (Steele, Lea and
/// Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gelu_is_exact_and_so_is_its_slope() {
        // x Φ(x) and Φ(x) + x φ(x) from tables of the normal distribution.
        let device = Device::flex().autodiff();
        let x = Tensor::<1>::from_floats([-1.0, 0.0, 1.0, 2.0], &device).require_grad();
        let y = Activation::Gelu.apply(x.clone());
        let slope = x.grad(&y.clone().sum().backward()).unwrap();
        let near = |got: Vec<f32>, want: [f32; 4]| {
            assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 2e-6), "{got:?} {want:?}");
        };
        near(y.into_data().try_to_vec().unwrap(), [-0.158_655_26, 0.0, 0.841_344_7, 1.954_499_7]);
        near(slope.into_data().try_to_vec().unwrap(), [-0.083_315_47, 0.5, 1.083_315_5, 1.085_231_8]);
    }

    #[test]
    fn the_other_activations_are_those_of_their_formulas() {
        let device = Device::flex();
        let x = Tensor::<1>::from_floats([-100.0, -1.0, 1.0, 100.0], &device);
        let near = |activation: Activation, want: [f32; 4]| {
            let got: Vec<f32> = activation.apply(x.clone()).into_data().try_to_vec().unwrap();
            assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 2e-6), "{got:?} {want:?}");
        };
        // 0.5 (1 ± tanh(√(2/π) · 1.044715)); σ(±1).
        near(Activation::GeluNew, [0.0, -0.158_808, 0.841_192, 100.0]);
        near(Activation::Silu, [0.0, -0.268_941_43, 0.731_058_6, 100.0]);
        near(Activation::Relu, [0.0, 0.0, 1.0, 100.0]);
    }

    #[test]
    fn the_root_of_the_mean_square_becomes_one() {
        let device = Device::flex();
        let mut norm = RmsNorm::new(2, 0.5, &device);
        norm.weight = Param::from_tensor(Tensor::from_floats([1.0, 10.0], &device));
        // √((3² + 4²) / 2 + 0.5) = √13
        let got: Vec<f32> =
            norm.forward(Tensor::<2>::from_floats([[3.0, 4.0]], &device)).into_data().try_to_vec().unwrap();
        assert!((got[0] - 0.832_050_3).abs() < 1e-6 && (got[1] - 11.094_004).abs() < 1e-5, "{got:?}");
    }

    #[test]
    fn every_place_has_a_seed_of_its_own() {
        let seeds: std::collections::BTreeSet<u64> = (0..1000).filter_map(|place| Noise(Some(7)).at(place).0).collect();
        assert_eq!(seeds.len(), 1000);
        assert_eq!(Noise(None).at(3).0, None);
    }
}
