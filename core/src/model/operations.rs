//! How much a model computes.

use super::{Model, Task, Unit};

impl Model {
    /// Multiplications, each with its addition, of one text of `length` tokens: every matrix by every token,
    /// scores and contexts of every head, and the head of a classifier once. What is no product of matrices is
    /// left out.
    pub fn operations(&self, length: usize) -> u64 {
        let config = self.config();
        let classifies = config.task("").is_ok_and(|task| task == Task::Classification);
        let looked_up =
            |units: &[Vec<Unit>]| matches!(units, [rows, _] if matches!(rows.first(), Some(Unit::Fixed(_))));
        let layer = config.family.facts().layer;
        let [mut inside, mut outside] = [0u64; 2];
        for axes in self.axes().into_iter().filter(|axes| axes.shape.len() == 2) {
            let count: usize = axes.shape.iter().product();
            match axes.name.starts_with(layer) {
                true => inside += count as u64,
                // Tables of words and places are not multiplied with.
                false if looked_up(&axes.units) && !config.family.is_head(&axes.name) => {}
                false => outside += count as u64,
            }
        }
        if !classifies && config.tied() {
            outside += (config.vocab_size * config.hidden_size) as u64;
        }
        let heads: usize = config.sizes().iter().map(|size| size.heads).sum();
        let attention = 2 * (heads * config.head_size() * length * length) as u64;
        inside * length as u64 + attention + outside * if classifies { 1 } else { length as u64 }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::model::{Config, Family, tests::model};

    #[test]
    fn by_hand() {
        // Two layers of 4 · 16 · 16 and 2 · 16 · 24; 4 heads of 4; pooler 16 · 16, classes 3 · 16.
        let layers = 2 * (4 * 256 + 2 * 384) * 8;
        let attention = 2 * 2 * (16 * 64);
        assert_eq!(model(&Device::flex()).operations(8), layers + attention + 256 + 48);
        let mut config = Config::of(Family::Gpt2, 40, 16, 0, Some(1)).with_shape(1, 8, 2, 12, 0.0);
        config.architectures = vec!["GPT2LMHeadModel".into()];
        let gpt2 = Model::empty("", &config, &Device::flex()).unwrap();
        // 4 · 8 · 8 + 2 · 8 · 12 of every token, 40 words by 8; 2 heads of 4.
        assert_eq!(gpt2.operations(5), (256 + 192 + 320) * 5 + 2 * 8 * 25);
    }
}
