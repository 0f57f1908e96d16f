//! What is saved comes back, and what does not fit is refused by name.

use burn::{
    module::Module,
    tensor::{Device, Tensor},
};

use super::*;
use crate::model::{
    Task, Wants,
    tests::{Rows, config, devices, model, values},
};

fn wait<T>(future: impl Future<Output = Result<T>>) -> T {
    pollster::block_on(future).unwrap()
}

fn logits(model: &Model, device: &Device) -> Vec<f32> {
    let sentences: [&[i32]; 2] = [&[1, 7, 9], &[1, 5, 6, 30, 2]];
    let rows = Rows::new(&sentences, 6, device);
    values(model.forward(rows.inputs(), &Wants::default(), None, None).logits())
}

/// A saved model with its tensors changed.
fn changed(model: &Model, change: impl FnOnce(&mut Tensors)) -> Files {
    let mut files = wait(save_model(model));
    let (mut tensors, _) = safetensors_read("m", &files["model.safetensors"]).unwrap();
    change(&mut tensors);
    files.insert("model.safetensors".into(), safetensors_write(&tensors, Metadata::new()).unwrap());
    files
}

fn masked() -> Model {
    let mut config = config();
    config.architectures = vec!["BertForMaskedLM".into()];
    new_model(&config, 5, &Device::flex()).unwrap()
}

#[test]
fn a_saved_model_comes_back_to_the_bit() {
    for device in devices() {
        let model = model(&device);
        let files = wait(save_model(&model));
        for device in [device.clone(), device.clone().autodiff()] {
            let back = load_model("saved", &files, &device).unwrap();
            assert_eq!(logits(&back, &device), logits(&model, &device));
            assert_eq!(wait(save_model(&back)), files);
        }
    }
}

#[test]
fn a_masked_language_model_comes_back_with_or_without_its_copy_of_the_embeddings() {
    let model = masked();
    assert_eq!(model.config().task("").unwrap(), Task::MaskedLm);
    let device = Device::flex();
    let copied = |tensors: &mut Tensors| {
        let word = tensors["bert.embeddings.word_embeddings.weight"].clone();
        tensors.insert("cls.predictions.decoder.weight".into(), word);
        let bias = tensors["cls.predictions.bias"].clone();
        tensors.insert("cls.predictions.decoder.bias".into(), bias);
        tensors.insert("bert.pooler.dense.bias".into(), HostTensor { shape: vec![16], data: vec![0.0; 16] });
    };
    let back = load_model("copied", &changed(&model, copied), &device).unwrap();
    assert_eq!(logits(&back, &device), logits(&model, &device));

    let other = |tensors: &mut Tensors| {
        copied(tensors);
        tensors.get_mut("cls.predictions.decoder.weight").unwrap().data[0] += 1.0;
    };
    let error = load_model("other", &changed(&model, other), &device).unwrap_err().to_string();
    assert!(error.contains("cls.predictions.decoder.weight: wanted the numbers of bert.embeddings"), "{error}");
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    let device = Device::flex();
    let model = model(&device);
    let one = || HostTensor { shape: vec![1], data: vec![0.0] };
    let bias = "bert.pooler.dense.bias";
    let refused =
        |change: &dyn Fn(&mut Tensors)| load_model("dir", &changed(&model, change), &device).unwrap_err().to_string();
    assert_eq!(
        refused(&|tensors| drop(tensors.remove(bias))),
        "dir/model.safetensors: wanted bert.pooler.dense.bias, found no such tensor"
    );
    assert_eq!(
        refused(&|tensors| drop(tensors.insert("extra".into(), one()))),
        "dir/model.safetensors: wanted the model's tensors and no others, found also extra"
    );
    assert_eq!(
        refused(&|tensors| {
            tensors.insert(bias.into(), one());
        }),
        "dir/model.safetensors: bert.pooler.dense.bias: wanted shape [16], found [1]"
    );
    let renamed = refused(&|tensors| {
        *tensors = tensors.iter().map(|(name, tensor)| (format!("model.{name}"), tensor.clone())).collect();
    });
    assert!(renamed.contains("40 more") && renamed.contains("instead"), "{renamed}");
    let transposed = refused(&|tensors| {
        tensors.get_mut("bert.encoder.layer.0.intermediate.dense.weight").unwrap().shape.reverse();
    });
    assert!(transposed.ends_with("intermediate.dense.weight: wanted shape [24, 16], found [16, 24]"), "{transposed}");
}

#[test]
fn an_encoder_gets_a_classifier() {
    let device = Device::flex();
    let model = model(&device);
    // As sentence encoders are shipped: no `bert.`, no classifier, the letters of the paper.
    let plain = |tensors: &mut Tensors| {
        let rename = |name: &str| {
            let name = name.strip_prefix("bert.")?;
            Some(name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"))
        };
        *tensors = tensors.iter().filter_map(|(name, tensor)| Some((rename(name)?, tensor.clone()))).collect();
    };
    let mut files = changed(&model, plain);
    let json = String::from_utf8(files["config.json"].clone()).unwrap();
    files.insert("config.json".into(), json.replace("BertForSequenceClassification", "BertModel").into_bytes());
    assert!(!has_classifier("dir", &files).unwrap());
    let error = load_model("dir", &files, &device).unwrap_err().to_string();
    assert!(error.contains("architectures") && error.contains("`BertModel`"), "{error}");

    let labels = ["no".to_owned(), "yes".to_owned()];
    let load = |seed| load_encoder("dir", &files, &labels, seed, &device).unwrap();
    let first = wait(tensors(&load(1)));
    let theirs = wait(tensors(&model));
    assert_eq!(first["bert.pooler.dense.weight"], theirs["bert.pooler.dense.weight"]);
    assert_eq!(
        first["bert.encoder.layer.1.output.LayerNorm.weight"],
        theirs["bert.encoder.layer.1.output.LayerNorm.weight"]
    );
    assert_eq!(first["classifier.weight"].shape, [2, 16]);
    assert_ne!(first["classifier.weight"], wait(tensors(&load(2)))["classifier.weight"]);
    assert_eq!(load(1).config().labels(), labels);
    assert!(has_classifier("out", &wait(save_model(&load(1)))).unwrap());

    files.insert("model.safetensors".into(), changed(&model, |tensors| tensors.clear())["model.safetensors"].clone());
    let error = load_encoder("dir", &files, &labels, 1, &device).unwrap_err().to_string();
    assert!(error.contains("wanted bert.embeddings.LayerNorm.bias and "), "{error}");
}

#[test]
fn a_student_of_all_layers_is_its_teacher_and_of_one_layer_is_that_layer() {
    for device in devices() {
        let teacher = model(&device);
        let graph = device.clone().autodiff();
        let all = from_layers(&teacher, &[0, 1], 0.2, &graph).unwrap();
        assert_eq!(logits(&all.valid(), &device), logits(&teacher, &device));
        let second = from_layers(&teacher, &[1], 0.0, &graph).unwrap();
        let (theirs, ours) = (wait(tensors(&teacher)), wait(tensors(&second)));
        assert_eq!(ours.len(), theirs.len() - 16);
        let key = |layer| format!("bert.encoder.layer.{layer}.attention.self.key.weight");
        assert_eq!(ours[&key(0)], theirs[&key(1)]);
        assert_eq!(ours["classifier.weight"], theirs["classifier.weight"]);
        assert_eq!(second.config().head_dropout(), 0.0);
    }
    let teacher = model(&Device::flex());
    let error = from_layers(&teacher, &[0, 2], 0.1, &Device::flex()).unwrap_err().to_string();
    assert_eq!(error, "student.init: wanted layers of the teacher, 0 to 1, found 2");
    let error = from_layers(&teacher, &[], 0.1, &Device::flex()).unwrap_err().to_string();
    assert_eq!(error, "student.init: num_hidden_layers: wanted at least 1, found 0");
}

#[test]
fn first_weights_are_the_same_everywhere_and_their_hash_says_so() {
    let hashes: Vec<String> =
        devices().iter().map(|device| wait(hash(&new_model(&config(), 9, device).unwrap()))).collect();
    assert!(hashes.iter().all(|hash| *hash == hashes[0] && hash.len() == 64), "{hashes:?}");
    assert_ne!(wait(hash(&new_model(&config(), 10, &Device::flex()).unwrap())), hashes[0]);
}

#[test]
fn assigned_weights_are_learned_on_the_graph_and_only_there() {
    let graph = Device::flex().autodiff();
    let fresh = new_model(&config(), 1, &graph).unwrap();
    let placed = assign("test", fresh, wait(tensors(&model(&Device::flex())))).unwrap();
    let student = from_layers(&placed.valid(), &[0], 0.1, &graph).unwrap();
    for model in [placed, student] {
        let rows = Rows::new(&[&[1, 7, 9]], 4, &graph);
        let loss = model.forward(rows.inputs(), &Wants::default(), None, None).logits().square().sum();
        let gradients = loss.backward();
        let mut count = Count { gradients: &gradients, with: 0, without: 0 };
        model.visit(&mut count);
        assert_eq!((count.with, count.without), (model.named().len(), 0));
        assert!(!model.valid().devices()[0].is_autodiff());
    }
}

struct Count<'a> {
    gradients: &'a burn::tensor::Gradients,
    with: usize,
    without: usize,
}

impl ModuleVisitor for Count<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        match param.val().grad(self.gradients) {
            Some(_) => self.with += 1,
            None => self.without += 1,
        }
    }
}

#[test]
fn a_directory_says_what_it_lacks() {
    let files = wait(save_model(&model(&Device::flex())));
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().to_str().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    let refused = || pollster::block_on(read_dir(at)).unwrap_err().to_string();

    assert!(refused().contains("config.json"), "{}", refused());
    put("config.json", &files["config.json"]);
    assert!(refused().contains("model.safetensors"), "{}", refused());
    put("pytorch_model.bin", b"pickle");
    assert!(
        refused().contains("pickled weights can run code and are not read, found pytorch_model.bin"),
        "{}",
        refused()
    );
    put("model.safetensors.index.json", b"{}");
    assert!(refused().contains("split over several files"), "{}", refused());
    put("model.safetensors", &files["model.safetensors"]);
    assert_eq!(wait(read_dir(at)), files);
    put("tokenizer.json", b"{}");
    assert_eq!(wait(read_dir(at)).len(), 3);

    let error = pollster::block_on(read_dir("builtin:other")).unwrap_err().to_string();
    assert!(error.starts_with("builtin:other: wanted builtin:rotten-tomatoes or builtin:"), "{error}");
    assert!(error.ends_with(" or builtin:prose-student, found `builtin:other`"), "{error}");
}

/// A checkpoint of the conformance cases.
fn checkpoint(name: &str) -> Files {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/conformance/checkpoints");
    wait(read_dir(&format!("{cases}/{name}")))
}

fn read_tensors(files: &Files) -> Tensors {
    safetensors_read("m", &files["model.safetensors"]).unwrap().0
}

#[test]
fn every_family_is_written_as_it_was_read() {
    let device = Device::flex();
    for name in ["bert", "bert_mlm", "distilbert", "gpt2", "opt", "gpt_neox", "llama"] {
        let files = checkpoint(name);
        let model = load_model(name, &files, &device).unwrap();
        let back = wait(save_model(&model));
        assert_eq!(read_tensors(&back), read_tensors(&files), "{name}");
        let json = |files: &Files| serde_json::from_slice::<serde_json::Map<_, _>>(&files["config.json"]).unwrap();
        let (ours, mut theirs) = (json(&back), json(&files));
        // Said by every model of a task; those of another come with their defaults.
        for key in ["problem_type", "id2label", "label2id"] {
            theirs.remove(key);
        }
        // The feed-forward width is written out.
        theirs.remove("n_inner");
        for (key, value) in theirs {
            assert_eq!(ours[&key], value, "{name}: {key}");
        }
    }
}

#[test]
fn a_language_model_comes_with_or_without_its_copy_and_the_beginning_of_its_names() {
    let device = Device::flex();
    let files = checkpoint("gpt2");
    let model = load_model("gpt2", &files, &device).unwrap();
    let with = |change: &dyn Fn(&mut Tensors)| {
        let mut tensors = read_tensors(&files);
        change(&mut tensors);
        let weights = safetensors_write(&tensors, Metadata::new()).unwrap();
        Files::from([("config.json".into(), files["config.json"].clone()), ("model.safetensors".into(), weights)])
    };
    let copied = |tensors: &mut Tensors| {
        let word = tensors["transformer.wte.weight"].clone();
        tensors.insert("lm_head.weight".into(), word);
    };
    let plain = |tensors: &mut Tensors| {
        copied(tensors);
        // A mask that old files have.
        tensors.insert("transformer.h.0.attn.bias".into(), HostTensor { shape: vec![1], data: vec![1.0] });
        *tensors = std::mem::take(tensors)
            .into_iter()
            .map(|(name, tensor)| (name.trim_start_matches("transformer.").to_owned(), tensor))
            .collect();
    };
    for change in [&copied as &dyn Fn(&mut Tensors), &plain] {
        let back = load_model("gpt2", &with(change), &device).unwrap();
        assert_eq!(wait(tensors(&back)), wait(tensors(&model)));
    }
    let other = |tensors: &mut Tensors| {
        copied(tensors);
        tensors.get_mut("lm_head.weight").unwrap().data[0] += 1.0;
    };
    let error = load_model("dir", &with(&other), &device).unwrap_err().to_string();
    assert!(error.contains("lm_head.weight: wanted the numbers of transformer.wte.weight"), "{error}");

    // Untied, the head is a matrix of its own.
    let untied = String::from_utf8(files["config.json"].clone()).unwrap();
    let untied = untied.replace(r#""tie_word_embeddings": true"#, r#""tie_word_embeddings": false"#);
    let mut files = with(&other);
    files.insert("config.json".into(), untied.into_bytes());
    let untied = load_model("dir", &files, &device).unwrap();
    assert_eq!(untied.parameters(), model.parameters() + 145 * 32);
    assert_eq!(read_tensors(&wait(save_model(&untied))), read_tensors(&files));
}

#[test]
fn layers_are_taken_from_every_family() {
    let device = Device::flex();
    for (name, key) in [
        ("distilbert", "distilbert.transformer.layer.#.attention.k_lin.weight"),
        ("gpt2", "transformer.h.#.attn.c_attn.weight"),
        ("opt", "model.decoder.layers.#.fc1.bias"),
        ("gpt_neox", "gpt_neox.layers.#.attention.query_key_value.bias"),
        ("llama", "model.layers.#.mlp.gate_proj.weight"),
    ] {
        let teacher = load_model(name, &checkpoint(name), &device).unwrap();
        let student = from_layers(&teacher, &[1], 0.0, &device).unwrap();
        let (theirs, ours) = (wait(tensors(&teacher)), wait(tensors(&student)));
        assert_eq!(ours[&key.replace('#', "0")], theirs[&key.replace('#', "1")], "{name}");
        let outside = |name: &&String| !name.starts_with(teacher.config().family.facts().layer);
        assert!(theirs.keys().filter(outside).all(|name| ours[name] == theirs[name]), "{name}");
    }
}

#[test]
fn an_encoder_of_another_family_gets_a_classifier_and_a_decoder_does_not() {
    let device = Device::flex();
    let labels = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let files = checkpoint("distilbert");
    assert!(has_classifier("dir", &files).unwrap());
    let model = load_encoder("dir", &files, &labels, 1, &device).unwrap();
    let ours = wait(tensors(&model));
    assert_eq!(ours["classifier.weight"].shape, [3, 32]);
    assert_ne!(ours["pre_classifier.weight"], read_tensors(&files)["pre_classifier.weight"]);
    let error = load_encoder("dir", &checkpoint("gpt2"), &labels, 1, &device).unwrap_err().to_string();
    assert_eq!(error, "dir: wanted an encoder, for a classifier, found `gpt2`");
}
