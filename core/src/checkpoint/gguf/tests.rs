//! Files that Python's `gguf` wrote (`tests/gguf/make.py`), and what Python makes of them.

use burn::tensor::Device;

use super::{file::File, *};
use crate::{
    checkpoint::{load_model, read_dir, safetensors_read, save_model, tensors as weights},
    data::Tokenizer,
    generate::{Generation, generate},
    model::{
        Model, Wants,
        tests::{Rows, devices, values},
    },
};

const BLOCKS: &[u8] = include_bytes!("../../../../tests/gguf/blocks.gguf");
const TINY: &[u8] = include_bytes!("../../../../tests/gguf/tiny.gguf");
const LOGITS: &[u8] = include_bytes!("../../../../tests/gguf/tiny.safetensors");

/// The prompt of the expected logits, and what greedy generation adds.
const PROMPT: [u32; 7] = [258, 269, 274, 32, 1, 260, 90];
const MORE: [u32; 10] = [232, 9, 37, 16, 52, 68, 0, 135, 226, 47];

fn tiny(device: &Device) -> Model {
    load_model("tiny.gguf", &gguf_files("tiny.gguf", TINY.to_vec()).unwrap(), device).unwrap()
}

/// The file with the first of these bytes replaced by as many others.
fn with(from: &[u8], to: &[u8]) -> Vec<u8> {
    let place = TINY.windows(from.len()).position(|bytes| bytes == from).unwrap();
    patched(place, to)
}

fn patched(place: usize, to: &[u8]) -> Vec<u8> {
    let mut bytes = TINY.to_vec();
    bytes[place..place + to.len()].copy_from_slice(to);
    bytes
}

/// The byte after a name.
fn after(name: &str) -> usize {
    TINY.windows(name.len()).position(|bytes| bytes == name.as_bytes()).unwrap() + name.len()
}

fn refused(bytes: Vec<u8>) -> String {
    let loaded = gguf_files("m.gguf", bytes).and_then(|files| load_model("m.gguf", &files, &Device::flex()));
    loaded.unwrap_err().to_string()
}

#[test]
fn every_kind_of_number_is_read_as_the_reference_reads_it() {
    let file = File::read("blocks.gguf", BLOCKS).unwrap();
    let kinds: Vec<&String> = file.tensors.keys().filter(|name| !name.ends_with(".values")).collect();
    assert_eq!(kinds, ["BF16", "F16", "F32", "Q4_0", "Q4_1", "Q4_K", "Q5_0", "Q5_1", "Q5_K", "Q6_K", "Q8_0"]);
    for name in kinds {
        let (tensor, wanted) = (&file.tensors[name], &file.tensors[&format!("{name}.values")]);
        assert_eq!(tensor.kind.name, name);
        assert_eq!(tensor.shape, wanted.shape, "{name}");
        let (got, wanted) = (tensor.kind.read(tensor.bytes), wanted.kind.read(wanted.bytes));
        assert_eq!(got, wanted, "{name}");
        assert!(got.iter().any(|value| *value != got[0]), "{name}");
    }
}

#[test]
fn a_model_is_the_one_that_transformers_reads() {
    let (mut expected, _) = safetensors_read("tiny.safetensors", LOGITS).unwrap();
    let expected = expected.remove("logits").unwrap();
    assert_eq!(expected.shape, [7, 276]);
    for device in devices() {
        let model = tiny(&device);
        let ids = PROMPT.map(|id| id as i32);
        let rows = Rows::new(&[&ids], ids.len(), &device);
        let logits = values(model.forward(rows.inputs(), &Wants::default(), None, None).logits());
        let far = logits.iter().zip(&expected.data).map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max);
        assert!(far < 1e-3, "{far} on {device:?}");
        let settings = Generation { max_new: 10, stop: Some(vec![]), ..Generation::default() };
        let more = pollster::block_on(generate(&model, &[PROMPT.to_vec()], &settings, &mut |_, _| ())).unwrap();
        assert_eq!(more, [MORE], "{device:?}");
    }
}

#[test]
fn shape_and_vocabulary_come_from_the_header() {
    let files = gguf_files("tiny.gguf", TINY.to_vec()).unwrap();
    let model = tiny(&Device::flex());
    let config = model.config();
    assert_eq!((config.hidden_size, config.intermediate_size, config.num_hidden_layers), (64, 96, 2));
    assert_eq!((config.num_attention_heads, config.key_value_heads(), config.head_size()), (4, 2, 16));
    assert_eq!((config.vocab_size, config.max_position_embeddings), (276, 32));
    assert_eq!((config.layer_norm_eps, config.tied(), config.end_tokens()), (1e-5, false, vec![0]));
    let json: Value = serde_json::from_slice(&files["config.json"]).unwrap();
    assert_eq!(json["rope_theta"], 1234.5);

    let ours = Tokenizer::from_bytes("t", &files["tokenizer.json"]).unwrap();
    let theirs = Tokenizer::from_bytes("t", include_bytes!("../../../../tests/tokenizers/byte_level.json")).unwrap();
    for text in ["the crab 🦀’s café", "\n\n the   café<|endoftext|>", "it's 3 o'clock"] {
        assert_eq!(ours.raw(text).unwrap(), theirs.raw(text).unwrap(), "{text:?}");
        assert_eq!(ours.encode(text, None, 99).unwrap().ids, theirs.raw(text).unwrap());
    }
    // Digits stand alone here, and 12 is a piece there.
    assert_eq!(theirs.raw("12").unwrap(), [271]);
    assert_eq!(ours.tokens(&ours.raw("a 12").unwrap()), ["a", "Ġ", "1", "2"]);
    assert_eq!((ours.vocab_size(), ours.pad_id()), (276, 0));
}

#[test]
fn a_file_and_a_directory_with_one_are_read_by_their_path() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("model.gguf"), TINY).unwrap();
    let files = pollster::block_on(read_dir(&path("model.gguf"))).unwrap();
    assert_eq!(pollster::block_on(read_dir(&path(""))).unwrap(), files);
    assert_eq!(files.keys().collect::<Vec<_>>(), ["config.json", "model.gguf", "tokenizer.json"]);
    // Saved, it is a directory as any other.
    let model = tiny(&Device::flex());
    let saved = pollster::block_on(save_model(&model)).unwrap();
    let again = load_model("dir", &saved, &Device::flex()).unwrap();
    let weights = |model: &Model| pollster::block_on(weights(model)).unwrap();
    assert_eq!(weights(&again), weights(&model));
    let error = pollster::block_on(read_dir(&path("other.gguf"))).unwrap_err().to_string();
    assert!(error.contains("other.gguf: wanted a readable file"), "{error}");
}

#[test]
fn rows_of_a_head_go_back_where_they_were() {
    // Two heads of four rows with one number each. llama.cpp writes row 0, 2, 1, 3 of each.
    let there = [0.0, 2.0, 1.0, 3.0, 10.0, 12.0, 11.0, 13.0];
    assert_eq!(unturned(&there, 8, 2), [0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0]);
    // One head of two rows with two numbers each stays.
    assert_eq!(unturned(&[1.0, 2.0, 3.0, 4.0], 2, 1), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn what_is_no_whole_file_says_so() {
    assert_eq!(refused(b"GGML....".to_vec()), "m.gguf: wanted a GGUF file, version 2 or 3, found another file");
    assert_eq!(refused(vec![]), "m.gguf: wanted a GGUF file, version 2 or 3, found another file");
    assert_eq!(refused(patched(4, &[1])), "m.gguf: wanted a GGUF file, version 2 or 3, found version 1");
    assert_eq!(
        refused(patched(4, &[0, 0, 0, 3])),
        "m.gguf: wanted a GGUF file, version 2 or 3, found a big-endian one"
    );
    assert!(File::read("m.gguf", &patched(4, &[2])).is_ok());
    // Cut anywhere, it is refused and nothing else.
    for length in (4..TINY.len()).step_by(97) {
        let error = refused(TINY[..length].to_vec());
        assert!(error.contains("found one of ") || error.ends_with("found a file that ends before"), "{error}");
    }
    // 2^63 values, or as many characters of the first name.
    for place in [16, 24] {
        let error = refused(patched(place, &(1u64 << 63).to_le_bytes()));
        assert!(error.starts_with("m.gguf: wanted a whole GGUF file"), "{error}");
    }
    let kind = after("llama.block_count");
    assert_eq!(refused(patched(kind, &[13])), "m.gguf: llama.block_count: wanted a kind of value, 0 to 12, found 13");
    let list = after("tokenizer.ggml.tokens") + 4;
    assert_eq!(
        refused(patched(list, &[9])),
        "m.gguf: tokenizer.ggml.tokens: wanted a list of values, found a list of lists"
    );
}

#[test]
fn tensors_that_cannot_be_read_are_named() {
    // After the name: how many sizes, the sizes, the kind, the place.
    let name = "blk.0.attn_q.weight";
    let (sizes, kind) = (after(name), after(name) + 20);
    assert_eq!(refused(patched(sizes, &[5])), format!("m.gguf: {name}: wanted 1 to 4 dimensions, found 5"));
    assert_eq!(refused(patched(sizes + 4, &[0])), format!("m.gguf: {name}: wanted sizes of a tensor, found [0, 64]"));
    let error = refused(patched(kind, &[10]));
    assert!(error.starts_with(&format!("m.gguf: {name}: wanted one of F32, F16, BF16, Q4_0")), "{error}");
    assert!(error.ends_with("found Q2_K"), "{error}");
    assert_eq!(
        refused(patched(kind, &[14])),
        format!("m.gguf: {name}: wanted rows of whole blocks of 256, as Q6_K has them, found rows of 64")
    );
    assert_eq!(
        refused(with(b"blk.1.attn_q.weight", b"blk.0.attn_q.weight")),
        format!("m.gguf: {name}: wanted one tensor of this name, found two")
    );
    let error = refused(with(b"blk.1.attn_q.weight", b"blk.1.attn_z.weight"));
    assert!(error.contains("wanted model.layers.1.self_attn.q_proj.weight"), "{error}");
    assert!(error.contains("blk.1.attn_z.weight"), "{error}");

    let file = File::read("m.gguf", TINY).unwrap();
    let place = file.tensors["blk.0.attn_norm.weight"].bytes.as_ptr() as usize - TINY.as_ptr() as usize;
    assert_eq!(
        refused(patched(place + 8, &f32::NAN.to_le_bytes())),
        "m.gguf: blk.0.attn_norm.weight: wanted finite numbers, found NaN at 2"
    );
}

/// What is said of the header with one value changed.
fn changed(key: &str, value: Option<Value>) -> Result<[Vec<u8>; 2]> {
    let mut file = File::read("m.gguf", TINY).unwrap();
    match value {
        Some(value) => file.metadata.insert(key.into(), value),
        None => file.metadata.remove(key),
    };
    Ok([config(&file)?, tokenizer::json(&file)?])
}

#[test]
fn models_that_retort_cannot_run_are_named() {
    for (key, value, says) in [
        ("general.architecture", Some(json!("gemma")), "wanted `llama`, found `gemma`"),
        ("general.architecture", None, "wanted a value, found none"),
        ("general.alignment", Some(json!(32)), ""),
        ("llama.block_count", None, "wanted a value, found none"),
        ("llama.block_count", Some(json!("two")), "wanted a size, found \"two\""),
        ("llama.embedding_length", Some(json!([64, 64])), "wanted a size, found a list of 2"),
        ("llama.expert_count", Some(json!(0)), ""),
        ("llama.expert_count", Some(json!(8)), "wanted a model without experts, found 8"),
        ("llama.rope.scale_linear", Some(json!(2.0)), "wanted plain rotary positions, found 2.0"),
        ("llama.rope.dimension_count", Some(json!(8)), "wanted all 16 numbers of a head turned, found 8"),
        ("tokenizer.ggml.tokens", None, "wanted a value, found none"),
        ("tokenizer.ggml.tokens", Some(json!(["a", 1])), "wanted a list of words, found 1"),
        ("tokenizer.ggml.tokens", Some(json!(["a", "a"])), "wanted tokens that differ, found 1 of 2"),
        ("tokenizer.ggml.token_type", Some(json!([1])), "wanted a kind for every token, found 1 for 276 tokens"),
        ("tokenizer.ggml.model", Some(json!("llama")), "wanted a byte-level vocabulary (`gpt2`), found `llama`"),
        ("tokenizer.ggml.merges", Some(json!(["he"])), "wanted two tokens with a blank between, found \"he\""),
        ("tokenizer.ggml.merges", Some(json!(["h e l"])), "wanted two tokens with a blank between, found \"h e l\""),
    ] {
        match changed(key, value) {
            Ok(_) => assert_eq!(says, "", "{key}"),
            Err(error) => assert_eq!(error.to_string(), format!("m.gguf: {key}: {says}")),
        }
    }
    let error = changed("tokenizer.ggml.pre", Some(json!("viking"))).unwrap_err().to_string();
    assert!(error.starts_with("m.gguf: tokenizer.ggml.pre: wanted `gpt-2`, `smollm`"), "{error}");
    assert!(error.ends_with("found `viking`"), "{error}");
    let scaled = "m.gguf: wanted plain rotary positions, found scaled ones (`linear`)";
    assert_eq!(changed("llama.rope.scaling.type", Some(json!("linear"))).unwrap_err().to_string(), scaled);
    let mut file = File::read("m.gguf", TINY).unwrap();
    let speeds = file.tensors.remove("output_norm.weight").unwrap();
    file.tensors.insert("rope_freqs.weight".into(), speeds);
    assert_eq!(
        config(&file).unwrap_err().to_string(),
        "m.gguf: wanted plain rotary positions, found scaled ones (`rope_freqs.weight`)"
    );
}

#[test]
fn a_text_is_split_and_begun_as_the_file_says() {
    let tokenizer = |changes: &[(&str, Value)]| {
        let mut file = File::read("m.gguf", TINY).unwrap();
        // This file says that nothing comes before a text.
        file.metadata.remove("tokenizer.ggml.add_bos_token");
        file.metadata.extend(changes.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        Tokenizer::from_bytes("t", &tokenizer::json(&file).unwrap()).unwrap()
    };
    let pieces = |tokenizer: &Tokenizer, text: &str| tokenizer.tokens(&tokenizer.encode(text, None, 99).unwrap().ids);
    // Llama 3 begins with a token, and takes digits by threes.
    let llama = tokenizer(&[("tokenizer.ggml.pre", json!("llama-bpe"))]);
    assert_eq!(pieces(&llama, "the 12"), ["<|endoftext|>", "the", "Ġ", "12"]);
    assert!(matches!(llama.encode("the", Some("the"), 99).unwrap().ids[..], [0, 258, 0, 258]));
    let gpt2 = tokenizer(&[("tokenizer.ggml.pre", json!("gpt-2"))]);
    assert_eq!(pieces(&gpt2, "the 12"), ["the", "Ġ", "12"]);
    let ended = tokenizer(&[("tokenizer.ggml.add_eos_token", json!(true))]);
    assert_eq!(pieces(&ended, "the 12"), ["the", "Ġ", "1", "2", "<|endoftext|>"]);
    let error = changed("tokenizer.ggml.add_bos_token", Some(json!("yes"))).unwrap_err().to_string();
    assert_eq!(error, "m.gguf: tokenizer.ggml.add_bos_token: wanted true or false, found \"yes\"");
}
