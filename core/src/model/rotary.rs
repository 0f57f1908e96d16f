//! Rotary positions (Su et al. 2021, "RoFormer"): queries and keys are turned by angles that grow
//! with the token's place, so that their product depends on the distance alone.
//!
//! ```text
//! angle = place · theta^(−2i / turned)          i = 0 … turned / 2
//! (x_i, x_j) ← (x_i cos − x_j sin, x_j cos + x_i sin)          j = i + turned / 2
//! ```
//!
//! Sine and cosine are computed on the host: those of a graphics device may be coarse.

use burn::tensor::{Device, Tensor, TensorData};
use serde_json::{Map, Value};

use super::{Config, decoder::Places};
use crate::{Error, Result};

/// `theta` where the configuration names none.
const THETA: f64 = 10_000.0;

/// How a family turns its heads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotary {
    /// The slowest angle is about one radian in this many places.
    pub theta: f64,
    /// How many of a head's numbers are turned; they come first, and are even in number.
    pub turned: usize,
}

/// Where the keys of `config.json` lie that older files have on top.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// Of theta.
    pub theta: &'static str,
    /// Of the share of each head that is turned, and that share when the key is absent. `None`: all
    /// of it, whatever the file says.
    pub share: Option<(&'static str, f64)>,
}

impl Rotary {
    /// Reads `rope_parameters`, or the older `rope_scaling` and the `keys` on top.
    ///
    /// # Errors
    /// [`Error::Input`] when the angles are scaled, which Retort does not do, or cannot be.
    pub fn read(at: &str, config: &Config, keys: Keys) -> Result<Self> {
        let none = Map::new();
        let place = ["rope_scaling", "rope_parameters"].into_iter().find(|key| config.other(key).is_some());
        let place = place.unwrap_or("rope_parameters");
        let given = match config.other(place) {
            None => &none,
            Some(Value::Object(given)) => given,
            Some(other) => return Err(Error::input(format!("{at}: {place}"), "named values", other.to_string())),
        };
        if let Some((layer, _)) = given.iter().find(|(_, value)| value.is_object()) {
            return Err(Error::input(format!("{at}: {place}"), "the same for every layer", format!("`{layer}`")));
        }
        let kind = given.get("rope_type").or(given.get("type")).and_then(Value::as_str).unwrap_or("default");
        if kind != "default" {
            return Err(Error::input(format!("{at}: {place}.rope_type"), "`default`", format!("`{kind}`")));
        }
        let number = |inner: &str, outer: &str, default: f64| match given.get(inner).or(config.other(outer)) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value
                .as_f64()
                .filter(|value| value.is_finite() && *value > 0.0)
                .ok_or_else(|| Error::input(format!("{at}: {inner}"), "a positive number", value.to_string())),
        };
        let theta = number("rope_theta", keys.theta, THETA)?;
        let share = match keys.share {
            Some((key, default)) => number("partial_rotary_factor", key, default)?,
            None => 1.0,
        };
        let turned = (config.head_size() as f64 * share) as usize;
        if turned == 0 || !turned.is_multiple_of(2) || turned > config.head_size() {
            let wanted = format!("an even number of the {} numbers of a head, turned", config.head_size());
            return Err(Error::input(format!("{at}: {place}"), wanted, turned.to_string()));
        }
        Ok(Self { theta, turned })
    }

    /// The angles of `length` tokens at `places`.
    pub fn rotation(&self, places: &Places, length: usize, device: &Device) -> Rotation {
        let half = self.turned / 2;
        let speeds: Vec<f64> =
            (0..half).map(|i| libm::pow(self.theta, -(2.0 * i as f64) / self.turned as f64)).collect();
        let straight: Vec<Vec<usize>>;
        let rows: &[Vec<usize>] = match places {
            Places::Start(_) => {
                straight = vec![(0..length).collect()];
                &straight[..]
            }
            Places::Given(rows) => rows,
        };
        let table = |of: fn(f64) -> f64| {
            let angle = |place: usize| speeds.iter().map(move |speed| of(place as f64 * speed) as f32);
            let values: Vec<f32> = rows.iter().flatten().flat_map(|&place| angle(place)).collect();
            Tensor::<4>::from_data(TensorData::new(values, [rows.len(), 1, length, half]), device)
        };
        Rotation { cos: table(libm::cos), sin: table(libm::sin) }
    }
}

/// Cosines and sines of one batch's places, `[1 or batch, 1, length, turned / 2]`.
#[derive(Debug, Clone)]
pub struct Rotation {
    cos: Tensor<4>,
    sin: Tensor<4>,
}

impl Rotation {
    /// Turns `[batch, heads, length, head]`.
    pub fn turn(&self, x: Tensor<4>) -> Tensor<4> {
        let (half, size) = (self.cos.dims()[3], x.dims()[3]);
        let (first, second) = (x.clone().narrow(3, 0, half), x.clone().narrow(3, half, half));
        let (cos, sin) = (&self.cos, &self.sin);
        let mut parts = vec![
            first.clone() * cos.clone() - second.clone() * sin.clone(),
            second * cos.clone() + first * sin.clone(),
        ];
        if size > 2 * half {
            parts.push(x.narrow(3, 2 * half, size - 2 * half));
        }
        Tensor::cat(parts, 3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_turns_by_its_angle() {
        let device = Device::flex();
        // Two numbers are turned by one radian a place; the third stays.
        let rotary = Rotary { theta: 7.0, turned: 2 };
        let x = Tensor::<4>::from_floats([[[[1.0, 0.0, 5.0], [1.0, 0.0, 5.0], [0.0, 1.0, 5.0]]]], &device);
        let rows = [vec![0, 1, 2]];
        let turned = rotary.rotation(&Places::Given(&rows), 3, &device).turn(x);
        let got: Vec<f32> = turned.into_data().try_to_vec().unwrap();
        // (cos 1, sin 1); (−sin 2, cos 2)
        let want = [1.0, 0.0, 5.0, 0.540_302_3, 0.841_471, 5.0, -0.909_297_4, -0.416_146_84, 5.0];
        assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-6), "{got:?}");
    }

    #[test]
    fn the_product_depends_on_the_distance_alone() {
        let device = Device::flex();
        let rotary = Rotary { theta: THETA, turned: 4 };
        let x = Tensor::<4>::from_floats([[[[0.3, -1.0, 2.0, 0.7]]]], &device);
        let at = |place| {
            let rows = [vec![place]];
            rotary.rotation(&Places::Given(&rows), 1, &device).turn(x.clone())
        };
        let product = |a, b| (at(a) * at(b)).sum().into_scalar::<f32>();
        assert!((product(3, 10) - product(103, 110)).abs() < 1e-4);
        assert!((product(3, 10) - product(3, 11)).abs() > 1e-2);
    }
}
