//! Which part of a model a parameter belongs to, by its Hugging Face name.

use crate::model::Family;

/// What the names of attention's parameters begin with inside a layer, in every family; the others there are the
/// feed-forward part's.
const ATTENTION: [&str; 6] = ["attention.", "attn.", "self_attn", "sa_layer_norm", "ln_1.", "input_layernorm"];
/// What the names of embeddings contain; all else outside of the layers is the head's.
const EMBEDDINGS: [&str; 5] = ["embeddings.", "wte", "wpe", "embed_", "project_in"];
/// GPT-NeoX's head.
const HEAD: &str = "embed_out";

/// `embeddings`, `layer 1 attention`, `layer 1 feed-forward`, …, or `head`; layers are counted from 1. A head that
/// shares the word embeddings is among those.
pub fn group_of(family: Family, name: &str) -> String {
    let within = name.strip_prefix(family.facts().layer).and_then(|rest| rest.split_once('.'));
    if let Some((number, rest)) = within
        && let Ok(layer) = number.parse::<usize>()
    {
        let attention = ATTENTION.iter().any(|start| rest.starts_with(start));
        return format!("layer {} {}", layer + 1, if attention { "attention" } else { "feed-forward" });
    }
    let embeds = EMBEDDINGS.iter().any(|part| name.contains(part)) && !name.starts_with(HEAD);
    if embeds { "embeddings".into() } else { "head".into() }
}

/// Where a group stands: embeddings, layers, head, and what lies beside the model.
pub fn rank(group: &str) -> (usize, usize, bool) {
    let layer = group.strip_prefix("layer ").and_then(|rest| rest.split(' ').next()?.parse().ok());
    match (group, layer) {
        ("embeddings", _) => (0, 0, false),
        (_, Some(layer)) => (1, layer, group.ends_with("feed-forward")),
        ("head", _) => (2, 0, false),
        _ => (3, 0, false),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use burn::tensor::Device;

    use super::*;
    use crate::model::{Config, Model, Task, Unit};

    #[test]
    fn heads_are_attention_s_and_neurons_feed_forward_in_every_family() {
        for family in Family::ALL {
            let task = if family.is_encoder() { Task::Classification } else { Task::CausalLm };
            let config = Config::of(family, 40, 16, 0, Some(1)).with_shape(2, 32, 4, 24, 0.0);
            let config = config.with_task(task, &["a".to_owned(), "b".to_owned()]).unwrap();
            let model = Model::empty("", &config, &Device::flex()).unwrap();
            let mut found = BTreeSet::new();
            for axes in model.axes() {
                let group = group_of(family, &axes.name);
                for unit in axes.units.iter().flatten() {
                    let wanted = match unit {
                        Unit::Head { layer, .. } => format!("layer {} attention", layer + 1),
                        Unit::Neuron { layer, .. } => format!("layer {} feed-forward", layer + 1),
                        Unit::Fixed(_) | Unit::Hidden(_) => continue,
                    };
                    assert_eq!(group, wanted, "{}", axes.name);
                }
                found.insert(group);
            }
            let mut groups: Vec<&str> = found.iter().map(String::as_str).collect();
            groups.sort_by_key(|group| rank(group));
            let wanted = [
                "embeddings",
                "layer 1 attention",
                "layer 1 feed-forward",
                "layer 2 attention",
                "layer 2 feed-forward",
                "head",
            ];
            assert_eq!(groups, wanted, "{family:?}");
        }
    }
}
