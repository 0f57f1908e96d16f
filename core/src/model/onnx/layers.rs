//! The layers of an ONNX graph: attention and feed-forward of every family.

use super::{Setting, Writer};
use crate::{
    Result,
    checkpoint::HostTensor,
    model::{Family, Size},
};

/// Rows as columns.
pub fn transposed(matrix: &HostTensor) -> HostTensor {
    let &[rows, columns] = matrix.shape.as_slice() else { return matrix.clone() };
    let data = (0..columns).flat_map(|column| (0..rows).map(move |row| matrix.data[row * columns + column])).collect();
    HostTensor { shape: vec![columns, rows], data }
}

impl Writer<'_> {
    /// One layer: `[batch, length, hidden]` → the same.
    pub fn layer(&mut self, layer: usize, x: String, seen: &str, angles: Option<&[String; 2]>) -> Result<String> {
        let at = |name: &str| format!("layers.{layer}.{name}");
        let config = self.config;
        let plus = |writer: &mut Self, a: &str, b: &str| writer.graph.op("Add", &[a, b], &[]);
        // Norms come before attention and feed-forward, or after their sums with what goes around them.
        let first = match config.family {
            Family::Bert | Family::DistilBert => false,
            Family::Opt => config.flag("model.onnx", "do_layer_norm_before", true)?,
            Family::Gpt2 | Family::GptNeox | Family::Llama => true,
        };
        let encoder = config.family.is_encoder();
        let norms = if encoder { ["attended_norm", "narrow_norm"] } else { ["attend_norm", "wide_norm"] };

        let read = if first { self.norm(&x, &at(norms[0])) } else { x.clone() };
        let attended = self.attended(layer, &read, seen, angles);
        if config.family == Family::GptNeox {
            let sum = plus(self, &x, &attended);
            let parallel = config.flag("model.onnx", "use_parallel_residual", true)?;
            let read = self.norm(if parallel { &x } else { &sum }, &at(norms[1]));
            let narrow = self.fed(layer, &read);
            return Ok(plus(self, &sum, &narrow));
        }
        let x = plus(self, &x, &attended);
        let x = if first { x } else { self.norm(&x, &at(norms[0])) };
        let read = if first { self.norm(&x, &at(norms[1])) } else { x.clone() };
        let narrow = self.fed(layer, &read);
        let x = plus(self, &x, &narrow);
        Ok(if first { x } else { self.norm(&x, &at(norms[1])) })
    }

    /// What attention adds.
    fn attended(&mut self, layer: usize, x: &str, seen: &str, angles: Option<&[String; 2]>) -> String {
        let Size { heads, groups, .. } = self.config.size(layer);
        let out = format!("layers.{layer}.attended");
        if heads == 0 {
            return self.nothing(&out);
        }
        let size = self.config.head_size() as i64;
        let [q, k, v] = self.parts(layer, x, heads);
        let shape = self.graph.ints(&[0, 0, -1, size]);
        let [mut q, mut k, v] = [q, k, v].map(|part| {
            let heads = self.graph.op("Reshape", &[&part, &shape], &[]);
            self.graph.op("Transpose", &[&heads], &[("perm", Setting::Ints(&[0, 2, 1, 3]))])
        });
        if let Some(angles) = angles {
            [q, k] = [q, k].map(|part| self.turned(&part, angles));
        }
        let [k, v] = [k, v].map(|part| match heads == groups {
            true => part,
            // Every head its copy of what it shares.
            false => {
                let shared: Vec<i64> = (0..heads).map(|head| (head / (heads / groups)) as i64).collect();
                let shared = self.graph.ints(&shared);
                self.graph.op("Gather", &[&part, &shared], &[("axis", Setting::Int(1))])
            }
        });
        let k = self.graph.op("Transpose", &[&k], &[("perm", Setting::Ints(&[0, 1, 3, 2]))]);
        let scores = self.graph.op("MatMul", &[&q, &k], &[]);
        let divisor = self.graph.number(self.config.divisor(layer) as f32);
        let scores = self.graph.op("Div", &[&scores, &divisor], &[]);
        let scores = self.graph.op("Add", &[&scores, seen], &[]);
        let probs = self.graph.op("Softmax", &[&scores], &[("axis", Setting::Int(-1))]);
        let context = self.graph.op("MatMul", &[&probs, &v], &[]);
        let context = self.graph.op("Transpose", &[&context], &[("perm", Setting::Ints(&[0, 2, 1, 3]))]);
        let shape = self.graph.ints(&[0, 0, heads as i64 * size]);
        let context = self.graph.op("Reshape", &[&context, &shape], &[]);
        self.linear(&context, &out)
    }

    /// Queries, keys and values, `[batch, length, heads · head]`.
    fn parts(&mut self, layer: usize, x: &str, heads: usize) -> [String; 3] {
        let names = ["query", "key", "value"].map(|name| format!("layers.{layer}.{name}"));
        if let Some(whole) = self.weights.get(&format!("layers.{layer}.qkv.weight")).cloned() {
            let bias = self.weights.get(&format!("layers.{layer}.qkv.bias")).cloned();
            let (own, neox) = (self.config.head_size(), self.config.family == Family::GptNeox);
            // Where each number of a part lies among the outputs.
            let place = |part: usize, number: usize| match neox {
                true => (number / own) * 3 * own + part * own + number % own,
                false => part * heads * own + number,
            };
            let outputs = if neox { transposed(&whole) } else { whole };
            let (inputs, width) = (outputs.shape[0], outputs.shape[1]);
            for (part, name) in names.iter().enumerate() {
                let row = |row: usize| {
                    let outputs = &outputs;
                    (0..heads * own).map(move |number| outputs.data[row * width + place(part, number)])
                };
                let data: Vec<f32> = (0..inputs).flat_map(row).collect();
                let matrix = HostTensor { shape: vec![inputs, heads * own], data };
                let matrix = if neox { transposed(&matrix) } else { matrix };
                self.weights.insert(format!("{name}.weight"), matrix);
                if let Some(bias) = &bias {
                    let data = (0..heads * own).map(|number| bias.data[place(part, number)]).collect();
                    self.weights.insert(format!("{name}.bias"), HostTensor { shape: vec![heads * own], data });
                }
            }
        }
        names.map(|name| self.linear(x, &name))
    }

    /// Queries or keys turned by their places, `[batch, heads, length, head]`.
    fn turned(&mut self, x: &str, [cos, sin]: &[String; 2]) -> String {
        let half = self.rotary.map_or(0, |rotary| rotary.turned as i64 / 2);
        let own = self.config.head_size() as i64;
        let mut slice = |from: i64, to: i64| {
            let (from, to, axis) = (self.graph.ints(&[from]), self.graph.ints(&[to]), self.graph.ints(&[3]));
            self.graph.op("Slice", &[x, &from, &to, &axis], &[])
        };
        let (first, second, rest) = (slice(0, half), slice(half, 2 * half), slice(2 * half, own));
        let mut times = |a: &str, b: &str| self.graph.op("Mul", &[a, b], &[]);
        let [ac, bs, bc, as_] = [times(&first, cos), times(&second, sin), times(&second, cos), times(&first, sin)];
        let first = self.graph.op("Sub", &[&ac, &bs], &[]);
        let second = self.graph.op("Add", &[&bc, &as_], &[]);
        let parts: &[&str] = if 2 * half < own { &[&first, &second, &rest] } else { &[&first, &second] };
        self.graph.op("Concat", parts, &[("axis", Setting::Int(3))])
    }

    /// What the feed-forward layer adds.
    fn fed(&mut self, layer: usize, x: &str) -> String {
        let out = format!("layers.{layer}.narrow");
        if self.config.size(layer).neurons == 0 {
            return self.nothing(&out);
        }
        let wide = self.linear(x, &format!("layers.{layer}.wide"));
        let wide = match self.config.family {
            Family::Llama => {
                let gate = self.linear(x, &format!("layers.{layer}.gate"));
                let gate = self.activated(&gate);
                self.graph.op("Mul", &[&gate, &wide], &[])
            }
            _ => self.activated(&wide),
        };
        self.linear(&wide, &out)
    }

    /// What a matrix of no inputs adds: its bias, or nothing.
    fn nothing(&mut self, field: &str) -> String {
        match self.weights.contains_key(&format!("{field}.bias")) {
            true => self.bias(&format!("{field}.bias")),
            false => self.graph.number(0.0),
        }
    }
}
