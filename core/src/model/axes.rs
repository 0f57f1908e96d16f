//! Which unit of a model each row and column of its matrices belongs to, so that a unit can be found,
//! scored and taken out everywhere at once.

use burn::{
    module::{ModuleVisitor, Param},
    tensor::Tensor,
};

use super::{Config, Family, Model, Path};

/// What a head's numbers are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The query.
    Query,
    /// The key.
    Key,
    /// The value.
    Value,
    /// What the output matrix reads: the head's context.
    Context,
}

impl Part {
    /// Whether it is one of those whose product makes the scores; the others make what the head gives on.
    pub fn scores(self) -> bool {
        matches!(self, Self::Query | Self::Key)
    }
}

/// One row or column of a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// A word, a place, a class: nothing that can be taken out.
    Fixed(usize),
    /// A number of the residual stream.
    Hidden(usize),
    /// A feed-forward neuron.
    Neuron {
        /// Counted from 0.
        layer: usize,
        /// Counted from 0.
        neuron: usize,
    },
    /// A number of a head.
    Head {
        /// Counted from 0.
        layer: usize,
        /// Counted from 0. Of keys and values that several heads share, the first of those.
        head: usize,
        /// What the number is for.
        part: Part,
        /// Which of the head's numbers.
        dim: usize,
    },
}

/// A parameter's Hugging Face name, and what the rows and columns of its shape are.
pub struct Axes {
    /// The name.
    pub name: String,
    /// The shape.
    pub shape: Vec<usize>,
    /// For each dimension its units.
    pub units: Vec<Vec<Unit>>,
}

impl Model {
    /// Every parameter with the units that it has to do with.
    pub fn axes(&self) -> Vec<Axes> {
        let mut visitor = Visit { config: self.config(), path: Path::default(), found: vec![] };
        burn::module::Module::visit(self, &mut visitor);
        visitor.found
    }
}

/// What one dimension is.
#[derive(Clone, Copy)]
enum Axis {
    Fixed,
    Hidden,
    Neurons,
    /// Of all heads, or of those that have keys and values.
    Heads(&'static [Part], Packing),
}

/// How the parts of heads lie beside each other.
#[derive(Clone, Copy)]
enum Packing {
    /// All heads' first part, then all heads' second.
    Parts,
    /// The first head's parts, then the second's.
    Heads,
}

const ALL: &[Part] = &[Part::Query, Part::Key, Part::Value];

struct Visit<'a> {
    config: &'a Config,
    path: Path,
    found: Vec<Axes>,
}

impl Visit<'_> {
    /// The dimensions of the parameter here: the outputs, then of a matrix the inputs.
    fn axes(&self) -> [Axis; 2] {
        let one = |part: &'static [Part]| Axis::Heads(part, Packing::Parts);
        let mut stem = self.path.0.iter().rev();
        let (last, module) = (stem.next().map_or("", String::as_str), stem.next().map_or("", String::as_str));
        match module {
            "query" => [one(&[Part::Query]), Axis::Hidden],
            "key" => [one(&[Part::Key]), Axis::Hidden],
            "value" => [one(&[Part::Value]), Axis::Hidden],
            "qkv" if self.config.family == Family::GptNeox => [Axis::Heads(ALL, Packing::Heads), Axis::Hidden],
            "qkv" => [one(ALL), Axis::Hidden],
            "attended" => [Axis::Hidden, one(&[Part::Context])],
            "wide" | "gate" => [Axis::Neurons, Axis::Hidden],
            "narrow" => [Axis::Hidden, Axis::Neurons],
            "word" | "position" | "kind" | "classes" | "head" => [Axis::Fixed, Axis::Hidden],
            // The bias of every word.
            "MaskedLm" if last == "bias" => [Axis::Fixed, Axis::Fixed],
            // Norms, and the matrices of an encoder's head.
            _ => [Axis::Hidden, Axis::Hidden],
        }
    }

    fn units(&self, axis: Axis, length: usize) -> Vec<Unit> {
        let layer = self.path.0.iter().find_map(|part| part.parse().ok()).unwrap_or(0);
        match axis {
            Axis::Fixed => (0..length).map(Unit::Fixed).collect(),
            Axis::Hidden => (0..length).map(Unit::Hidden).collect(),
            Axis::Neurons => (0..length).map(|neuron| Unit::Neuron { layer, neuron }).collect(),
            Axis::Heads(parts, packing) => {
                let (size, own) = (self.config.size(layer), self.config.head_size());
                let grouped = matches!(parts, [Part::Key] | [Part::Value]);
                let heads = if grouped { size.groups } else { size.heads };
                let shared = if grouped { size.shared() } else { 1 };
                let unit = |head: usize, part: Part, dim: usize| Unit::Head { layer, head: head * shared, part, dim };
                let outer =
                    |part: Part| (0..heads).flat_map(move |head| (0..own).map(move |dim| unit(head, part, dim)));
                match packing {
                    Packing::Parts => parts.iter().flat_map(|&part| outer(part)).collect(),
                    Packing::Heads => (0..heads)
                        .flat_map(|head| {
                            parts.iter().flat_map(move |&part| (0..own).map(move |dim| unit(head, part, dim)))
                        })
                        .collect(),
                }
            }
        }
    }
}

impl ModuleVisitor for Visit<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let shape = param.lazy_shape().to_vec();
        let [outputs, inputs] = self.axes();
        // GPT-2's matrices lie the other way round.
        let turned = self.config.family == Family::Gpt2 && self.path.0.iter().any(|part| part == "layers");
        let axes = match (shape.len(), turned) {
            (2, true) => vec![inputs, outputs],
            (2, false) => vec![outputs, inputs],
            _ => vec![outputs],
        };
        let units = axes.into_iter().zip(&shape).map(|(axis, &length)| self.units(axis, length)).collect();
        self.found.push(Axes { name: self.path.name(), shape, units });
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::model::Task;

    #[test]
    fn every_row_and_column_of_every_family_is_one_unit() {
        for family in Family::ALL {
            let tasks = [Task::Classification, Task::MaskedLm, Task::CausalLm];
            for task in tasks.into_iter().filter(|&task| family.architecture(task).is_some()) {
                let labels = ["a".to_owned(), "b".to_owned()];
                let config = Config::of(family, 40, 16, 0, Some(1)).with_shape(2, 32, 4, 24, 0.0);
                let config = config.with_task(task, &labels).unwrap();
                let model = Model::empty("", &config, &Device::flex()).unwrap();
                for axes in model.axes() {
                    assert_eq!(axes.units.iter().map(Vec::len).collect::<Vec<_>>(), axes.shape, "{}", axes.name);
                    for units in &axes.units {
                        let known: std::collections::BTreeSet<&Unit> = units.iter().collect();
                        assert_eq!(known.len(), units.len(), "{}", axes.name);
                    }
                    let hidden = axes.shape.iter().zip(&axes.units).filter(|(_, units)| units[0] == Unit::Hidden(0));
                    assert!(hidden.into_iter().all(|(&length, _)| length == 32), "{}", axes.name);
                }
            }
        }
    }

    #[test]
    fn shared_keys_belong_to_the_first_of_their_heads() {
        let mut config = Config::of(Family::Llama, 40, 16, 0, Some(1)).with_shape(1, 16, 4, 24, 0.0);
        config.architectures = vec!["LlamaForCausalLM".into()];
        config.num_key_value_heads = Some(2);
        let model = Model::empty("", &config, &Device::flex()).unwrap();
        let all = model.axes();
        let key = all.iter().find(|axes| axes.name.ends_with("k_proj.weight")).unwrap();
        assert_eq!(key.shape, [8, 16]);
        assert_eq!(key.units[0][4], Unit::Head { layer: 0, head: 2, part: Part::Key, dim: 0 });
    }
}
