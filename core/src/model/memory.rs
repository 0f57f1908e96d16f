//! What a training step will need, before anything is allocated.

use burn::tensor::Device;

use super::{Config, Model, Task};
use crate::kernel::{TileSize, attends};

/// Bytes of a number.
const FLOAT: u64 = 4;

/// Bytes in words.
pub fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

/// What a training step needs on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryEstimate {
    /// Weights, gradients, AdamW's two moments, and what the backward pass keeps of the forward
    /// pass.
    pub bytes_total: u64,
    /// The largest single tensor: a device binds each as one piece.
    pub largest_tensor_bytes: u64,
    /// What that tensor is.
    pub largest_tensor: &'static str,
    /// What the total is made of.
    pub parts: MemoryParts,
}

/// What the memory of a step is made of, in bytes; together the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryParts {
    /// The teacher's weights, and what it leaves of a forward pass.
    pub teacher: u64,
    /// Weights, gradients and AdamW's two moments of all learners.
    pub learners: u64,
    /// The new weights of one learner beside the old ones.
    pub update: u64,
    /// What the backward pass keeps of the forward pass, logits and their gradient included.
    pub pass: u64,
    /// Tiles of logits.
    pub tiles: u64,
}

impl MemoryParts {
    /// In the order in which they are told, with what they are.
    pub fn named(self) -> [(&'static str, u64); 5] {
        [
            ("the teacher and what it leaves", self.teacher),
            ("weights, gradients and moments of the learners", self.learners),
            ("new weights of one learner", self.update),
            ("what the backward pass keeps", self.pass),
            ("tiles of logits", self.tiles),
        ]
    }
}

/// What a step makes whole, beside its losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Whole {
    /// Language models' logits, in place of tiles of them.
    pub logits: bool,
    /// Every head's scores and probabilities, for objectives that look at them.
    pub maps: bool,
}

/// Estimates a step of `batch` sentences of `length` tokens: one forward pass of the teacher, then
/// forward and backward of each of `learners` copies of the student, one after the other.
///
/// A rule of thumb, measured with BERT: what a device really reserves depends on its allocator. A
/// configuration that is no model's needs more than there is.
pub fn memory_estimate(
    teacher: Option<&Config>,
    student: &Config,
    learners: usize,
    batch: usize,
    length: usize,
    whole: Whole,
) -> MemoryEstimate {
    let tokens = product(&[batch, length]);
    let logits = |config: &Config| if whole.logits { logits(config, tokens) } else { 0 };
    let maps = |config: &Config| {
        let maps = product(&[batch, config.num_attention_heads, length, length]);
        let avoided = !whole.maps && attends(config.head_size(), usize::try_from(maps).unwrap_or(usize::MAX));
        if avoided { 0 } else { maps }
    };
    let kept = |config: &Config| kept(config, tokens).saturating_add(maps(config).saturating_mul(3));
    // Only what one layer holds at a time is alive, and the trace that the objectives see.
    let taught = teacher.map_or(0, |config| {
        let layers = config.num_hidden_layers as u64;
        let trace = product(&[batch, length, config.hidden_size]).saturating_mul(layers);
        parameters(config).saturating_add(trace)
    });
    let teaches = teacher.map_or(0, kept);
    let layers = student.num_hidden_layers as u64;
    // Weight, gradient, two moments; of one learner at a time the new values beside the old.
    let held = parameters(student).saturating_mul(4).saturating_mul(learners as u64);
    // A layer more for what the backward pass has in hand; both models' logits and their gradient.
    let pass = kept(student).saturating_mul(layers + 1).saturating_add(logits(student).saturating_mul(3));
    let tiles = if whole.logits { 0 } else { tiles(student, teacher, tokens) };
    let bytes = |floats: u64| floats.saturating_mul(FLOAT);
    let parts = MemoryParts {
        teacher: bytes(taught),
        learners: bytes(held),
        update: bytes(parameters(student)),
        pass: bytes(pass.max(teaches)),
        tiles: bytes(tiles),
    };

    let (largest, largest_tensor) = [Some(student), teacher]
        .into_iter()
        .flatten()
        .flat_map(|config| {
            [
                (product(&[config.vocab_size, config.hidden_size]), "the word embeddings"),
                (maps(config), "a layer's attention scores"),
                (product(&[batch, length, config.intermediate_size]), "a feed-forward layer"),
                (product(&[batch, length, config.hidden_size]), "a layer's hidden states"),
                (logits(config), "the logits"),
            ]
        })
        .max_by_key(|(floats, _)| *floats)
        .unwrap_or_default();
    MemoryEstimate {
        bytes_total: parts.named().into_iter().map(|(_, bytes)| bytes).fold(0, u64::saturating_add),
        largest_tensor_bytes: bytes(largest),
        largest_tensor,
        parts,
    }
}

/// Numbers that a step keeps of one layer: for each token 10 of the width and 2 of the feed-forward
/// layer; and 3 maps of the attention where they are made. With these a Vulkan device had reserved 77 to 88 % of the estimate
/// after steps of the sizes demo, small and base (`retort bench --profile`); the CPU device had 8 to 20 MiB
/// beyond that, its allocator's.
fn kept(config: &Config, tokens: u64) -> u64 {
    let states = tokens.saturating_mul(config.hidden_size as u64).saturating_mul(10);
    let wide = tokens.saturating_mul(config.intermediate_size as u64).saturating_mul(2);
    states.saturating_add(wide)
}

/// Numbers in the logits of `tokens` tokens; a classifier's are few enough to leave out.
fn logits(config: &Config, tokens: u64) -> u64 {
    match config.task("") {
        Ok(Task::MaskedLm | Task::CausalLm) => tokens.saturating_mul(config.vocab_size as u64),
        _ => 0,
    }
}

/// Numbers that tiles of logits need beside the models and their gradients.
fn tiles(student: &Config, teacher: Option<&Config>, tokens: u64) -> u64 {
    let widths = [student.hidden_size, teacher.map_or(0, |config| config.hidden_size)];
    let rows = usize::try_from(tokens).unwrap_or(usize::MAX);
    TileSize::default().bytes(rows, student.vocab_size, widths) as u64 / FLOAT
}

/// Numbers that a model of `config` learns, as [`super::Model::parameters`] counts them. A model
/// without values takes no memory.
pub fn parameters(config: &Config) -> u64 {
    match Model::empty("", config, &Device::flex()) {
        Ok(model) => model.named().iter().fold(0, |sum, (_, shape)| sum.saturating_add(product(shape))),
        Err(_) => u64::MAX,
    }
}

fn product(sizes: &[usize]) -> u64 {
    sizes.iter().fold(1, |product, &size| product.saturating_mul(size as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Whole = Whole { logits: true, maps: true };

    fn config() -> Config {
        Config::classifier(100, 16, &["a".into(), "b".into(), "c".into()]).with_shape(2, 8, 2, 12, 0.1)
    }

    #[test]
    fn parameters_are_counted() {
        // Embeddings 100 + 16 + 2 rows of 8 and a norm; of each of two layers 4 · (64 + 8), 8 · 12 + 12,
        // 12 · 8 + 8 and two norms; pooler 64 + 8, classes 3 · 8 + 3.
        let layer = 4 * 72 + 108 + 104 + 32;
        assert_eq!(parameters(&config()), 118 * 8 + 16 + 2 * layer + 72 + 27);
        let mut masked = config();
        masked.architectures = vec!["BertForMaskedLM".into()];
        // Instead of the classes a norm and a bias.
        assert_eq!(parameters(&masked), 118 * 8 + 16 + 2 * layer + 72 + 16 + 100);
    }

    #[test]
    fn the_largest_tensor_is_named() {
        // 100 · 8 numbers of 4 bytes; 64 · 2 · 16 · 16 of 4 bytes.
        let small = memory_estimate(None, &config(), 1, 1, 4, WHOLE);
        assert_eq!((small.largest_tensor_bytes, small.largest_tensor), (3200, "the word embeddings"));
        let large = memory_estimate(None, &config(), 1, 64, 16, WHOLE);
        assert_eq!((large.largest_tensor_bytes, large.largest_tensor), (131_072, "a layer's attention scores"));
        // Nobody makes them where nobody looks, if there is a kernel for the size of heads.
        let heads_of = |size: usize| {
            let mut config = config();
            config.hidden_size = 2 * size;
            memory_estimate(None, &config, 1, 1_024, 128, Whole { maps: false, ..WHOLE }).largest_tensor
        };
        assert_eq!([4, 8].map(heads_of), ["a layer's attention scores", "a layer's hidden states"]);
    }

    #[test]
    fn the_parts_are_the_whole() {
        let estimate = memory_estimate(Some(&config()), &config(), 2, 8, 16, WHOLE);
        let parameters = parameters(&config());
        // Two learners of four copies of 4 bytes; a teacher with two layers of 8 · 16 states of 8 numbers.
        assert_eq!(estimate.parts.learners, parameters * 2 * 4 * 4);
        assert_eq!(estimate.parts.teacher, (parameters + 2 * 8 * 16 * 8) * 4);
        assert_eq!(estimate.parts.named().map(|(_, bytes)| bytes).iter().sum::<u64>(), estimate.bytes_total);
    }

    #[test]
    fn more_of_anything_needs_more() {
        let base = memory_estimate(None, &config(), 1, 8, 16, WHOLE).bytes_total;
        assert!(memory_estimate(None, &config(), 2, 8, 16, WHOLE).bytes_total > base);
        assert!(memory_estimate(Some(&config()), &config(), 1, 8, 16, WHOLE).bytes_total > base);
        assert!(memory_estimate(None, &config(), 1, 16, 16, WHOLE).bytes_total > base);
        // Absurd sizes are large, not a panic.
        let mut absurd = config();
        absurd.vocab_size = usize::MAX;
        assert_eq!(memory_estimate(None, &absurd, 1, usize::MAX, 16, WHOLE).bytes_total, u64::MAX);
    }
}
