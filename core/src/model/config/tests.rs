//! What is read from `config.json`, refused, and written back.

use super::*;

fn json(changes: &[(&str, Value)]) -> Vec<u8> {
    let mut map = Map::new();
    for (key, value) in [
        ("model_type", Value::from("bert")),
        ("architectures", serde_json::json!(["BertForSequenceClassification"])),
        ("vocab_size", 30.into()),
        ("hidden_size", 8.into()),
        ("num_hidden_layers", 1.into()),
        ("num_attention_heads", 2.into()),
        ("intermediate_size", 12.into()),
        ("max_position_embeddings", 16.into()),
        ("gradient_checkpointing", false.into()),
    ] {
        map.insert(key.into(), value);
    }
    for (key, value) in changes {
        map.insert((*key).into(), value.clone());
    }
    serde_json::to_vec(&map).unwrap()
}

fn read(text: &str) -> Config {
    Config::from_json("c", text.as_bytes()).unwrap()
}

fn refused(text: &str) -> String {
    Config::from_json("c", text.as_bytes()).unwrap_err().to_string()
}

fn written(config: &Config) -> Value {
    serde_json::from_slice(&config.to_json().unwrap()).unwrap()
}

#[test]
fn absent_keys_take_the_defaults_of_transformers_and_unknown_ones_are_kept() {
    let config = Config::from_json("config.json", &json(&[("dtype", "float16".into())])).unwrap();
    assert_eq!((config.layer_norm_eps, config.type_vocab_size, config.pad_token_id), (1e-12, 2, Some(0)));
    assert_eq!(config.labels(), ["LABEL_0", "LABEL_1"]);
    let written = written(&config);
    assert_eq!(written["gradient_checkpointing"], false);
    assert_eq!(written["dtype"], "float32");
    assert_eq!(written["label2id"], serde_json::json!({"LABEL_0": 0, "LABEL_1": 1}));
}

#[test]
fn a_family_alone_has_the_shape_of_its_first_model() {
    for (family, width, layers, heads, wide, vocabulary, positions) in [
        ("bert", 768, 12, 12, 3072, 30_522, 512),
        ("distilbert", 768, 6, 12, 3072, 30_522, 512),
        ("gpt2", 768, 12, 12, 3072, 50_257, 1024),
        ("opt", 768, 12, 12, 3072, 50_272, 2048),
        ("gpt_neox", 6144, 44, 64, 24_576, 50_432, 2048),
        ("llama", 4096, 32, 32, 11_008, 32_000, 2048),
    ] {
        let config = read(&format!(r#"{{"model_type": "{family}"}}"#));
        let shape = (config.hidden_size, config.num_hidden_layers, config.num_attention_heads);
        assert_eq!(shape, (width, layers, heads), "{family}");
        let rest = (config.intermediate_size, config.vocab_size, config.max_position_embeddings);
        assert_eq!(rest, (wide, vocabulary, positions), "{family}");
        let back = Config::from_json("back", &config.to_json().unwrap()).unwrap();
        assert_eq!(written(&back), written(&config), "{family}");
        assert_eq!(written(&config)["model_type"], family);
    }
}

#[test]
fn every_family_writes_its_own_keys() {
    let gpt2 = read(r#"{"model_type": "gpt2", "n_embd": 12, "n_head": 3, "n_inner": null, "pad_token_id": -1}"#);
    assert_eq!((gpt2.intermediate_size, gpt2.head_size(), gpt2.pad_token_id), (48, 4, None));
    assert!(gpt2.tied());
    assert_eq!(gpt2.end_tokens(), [50_256]);
    let small = gpt2.with_shape(2, 6, 2, 10, 0.0);
    let keys = written(&small);
    assert_eq!((&keys["n_embd"], &keys["n_inner"], &keys["embd_pdrop"]), (&6.into(), &10.into(), &0.0.into()));

    let opt = read(r#"{"model_type": "opt", "word_embed_proj_dim": 768, "eos_token_id": [2, 50118]}"#);
    assert_eq!(opt.end_tokens(), [2, 50_118]);
    assert!(opt.with_shape(2, 8, 2, 10, 0.1).check("student").is_ok(), "the projection goes with the width");

    let llama = read(r#"{"model_type": "llama", "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 16}"#);
    assert_eq!((llama.head_size(), llama.key_value_heads()), (16, 2));
    assert!(!llama.tied());
    let small = llama.with_shape(1, 32, 4, 10, 0.3);
    assert_eq!((small.head_size(), small.key_value_heads()), (8, 1), "four heads share one, as before");
    assert_eq!(llama.with_shape(1, 30, 5, 10, 0.3).key_value_heads(), 5);
    assert_eq!((small.hidden_dropout_prob, small.attention_probs_dropout_prob), (0.0, 0.3));

    let distilbert = read(r#"{"model_type": "distilbert"}"#);
    assert_eq!((distilbert.head_dropout(), distilbert.with_dropout(0.0).head_dropout()), (0.2, 0.0));
    assert_eq!(written(&distilbert)["n_heads"], 12);
}

#[test]
fn eleven_classes_keep_their_order() {
    let labels: Vec<String> = (0..11).map(|class| format!("class {class}")).collect();
    let config = Config::classifier(30, 16, &labels);
    let back = Config::from_json("config.json", &config.to_json().unwrap()).unwrap();
    assert_eq!(back.labels(), labels);
    assert_eq!(back.to_json().unwrap(), config.to_json().unwrap());
}

#[test]
fn what_cannot_be_run_is_named() {
    for (key, value, says) in [
        ("hidden_act", Value::from("mish"), "wanted `gelu`, `gelu_new`, `relu` or `silu`, found \"mish\""),
        ("position_embedding_type", "relative_key".into(), "wanted `absolute`, found `relative_key`"),
        ("model_type", "roberta".into(), "`gpt_neox` or `llama`, found `roberta`"),
        ("num_attention_heads", 3.into(), "hidden_size: wanted a multiple of the 3 heads, found 8"),
        ("num_attention_heads", 0.into(), "num_attention_heads: wanted at least 1, found 0"),
        ("num_hidden_layers", 5000.into(), "wanted at most 1024, found 5000"),
        ("vocab_size", 1_000_000_000_000u64.into(), "vocab_size: wanted at most 16777216"),
        ("hidden_dropout_prob", 1.0.into(), "hidden_dropout_prob"),
        ("classifier_dropout", (-0.5).into(), "classifier_dropout"),
        ("layer_norm_eps", 0.0.into(), "layer_norm_eps"),
        ("problem_type", "regression".into(), "problem_type"),
        ("is_decoder", true.into(), "is_decoder: wanted false, for an encoder, found true"),
        ("vocab_size", "many".into(), "vocab_size: wanted a whole number, found \"many\""),
        ("quantization_config", serde_json::json!({"bits": 4}), "quantization_config"),
        ("id2label", serde_json::json!({"0": "a", "2": "b"}), "id2label: wanted the classes 0, 1, 2"),
        ("id2label", serde_json::json!(["a"]), "id2label: wanted the classes' names"),
    ] {
        let error = Config::from_json("dir/config.json", &json(&[(key, value)])).unwrap_err().to_string();
        assert!(error.contains(says) && error.starts_with("dir/config.json"), "{key}: {error}");
    }
    assert!(refused("{").contains("wanted a model's configuration"), "{}", refused("{"));
    let config = Config::from_json("c", &json(&[("architectures", serde_json::json!(["BertModel"]))])).unwrap();
    assert!(config.task("c").unwrap_err().to_string().contains("`BertModel`"));
}

#[test]
fn what_a_family_cannot_run_is_named() {
    for (text, says) in [
        (
            r#""opt", "word_embed_proj_dim": 512"#,
            "c: word_embed_proj_dim: wanted 768, the hidden_size: embeddings are not projected, found 512",
        ),
        (
            r#""opt", "layer_norm_elementwise_affine": false"#,
            "c: layer_norm_elementwise_affine: wanted true, found false",
        ),
        (r#""opt", "layerdrop": 0.1"#, "c: layerdrop: wanted 0: every layer is run, found 0.1"),
        (r#""opt", "do_layer_norm_before": 1"#, "c: do_layer_norm_before: wanted true or false, found 1"),
        (
            r#""llama", "rope_parameters": {"rope_type": "llama3", "factor": 8.0}"#,
            "c: rope_parameters.rope_type: wanted `default`, found `llama3`",
        ),
        (
            r#""llama", "rope_scaling": {"type": "linear", "factor": 2.0}"#,
            "c: rope_scaling.rope_type: wanted `default`, found `linear`",
        ),
        (
            r#""llama", "rope_parameters": {"full_attention": {"rope_type": "default"}}"#,
            "c: rope_parameters: wanted the same for every layer, found `full_attention`",
        ),
        (r#""llama", "rope_theta": "far""#, "c: rope_theta: wanted a positive number, found \"far\""),
        (r#""llama", "sliding_window": 4096"#, "c: sliding_window: wanted none, found 4096"),
        (r#""llama", "num_key_value_heads": 5"#, "c: num_key_value_heads: wanted a divisor of the 32 heads, found 5"),
        (r#""llama", "head_dim": 0"#, "c: head_dim: wanted at least 1, found 0"),
        (
            r#""gpt_neox", "rotary_pct": 0.01"#,
            "c: rope_parameters: wanted an even number of the 96 numbers of a head, turned, found 0",
        ),
        (
            r#""gpt2", "add_cross_attention": true"#,
            "c: add_cross_attention: wanted false, for a model that reads one text, found true",
        ),
        (
            r#""distilbert", "sinusoidal_pos_embds": true"#,
            "c: sinusoidal_pos_embds: wanted false, for learned positions, found true",
        ),
    ] {
        assert_eq!(refused(&format!(r#"{{"model_type": {text}}}"#)), says);
    }
}
