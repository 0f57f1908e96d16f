//! With what is remembered, every family says what it says when it reads everything anew.

use burn::tensor::Device;

use super::*;
use crate::{
    checkpoint::{load_model, new_model, read_dir},
    model::{
        Wants,
        tests::{Rows, devices, values},
    },
};

const CHECKPOINTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/conformance/checkpoints");

const CAUSAL: [&str; 4] = ["gpt2", "opt", "gpt_neox", "llama"];

fn load(family: &str, device: &Device) -> Model {
    let files = pollster::block_on(read_dir(&format!("{CHECKPOINTS}/{family}"))).unwrap();
    load_model(family, &files, device).unwrap()
}

/// The logits after the last token of a text that is read as a whole.
fn last_logits(model: &Model, text: &[u32], device: &Device) -> Vec<f32> {
    let ids: Vec<i32> = text.iter().map(|&id| id as i32).collect();
    let rows = Rows::new(&[&ids], ids.len(), device);
    let logits = values(model.forward(rows.inputs(), &Wants::default(), None, None).logits());
    logits[logits.len() - model.config().vocab_size..].to_vec()
}

/// What [`generate`] does, reading everything anew for every token.
fn anew(model: &Model, prompts: &[Vec<u32>], settings: &Generation, device: &Device) -> Vec<Vec<u32>> {
    let mut sampler = Sampler::new(settings, prompts.len());
    let stop = settings.stop.clone().unwrap_or_else(|| model.config().end_tokens());
    let go_on = |(text, prompt): (usize, &Vec<u32>)| {
        let mut all = prompt.clone();
        while all.len() < prompt.len() + settings.max_new {
            let token = sampler.choose(text, &last_logits(model, &all, device));
            all.push(token);
            if stop.contains(&token) || all.len() > model.config().max_position_embeddings {
                break;
            }
        }
        all.split_off(prompt.len())
    };
    prompts.iter().enumerate().map(go_on).collect()
}

fn run(model: &Model, prompts: &[Vec<u32>], settings: &Generation) -> Vec<Vec<u32>> {
    pollster::block_on(generate(model, prompts, settings, &mut |_, _| ())).unwrap()
}

fn refused(model: &Model, prompts: &[Vec<u32>], settings: &Generation) -> String {
    pollster::block_on(generate(model, prompts, settings, &mut |_, _| ())).unwrap_err().to_string()
}

fn prompts() -> Vec<Vec<u32>> {
    vec![vec![144, 72, 69, 74, 107, 5], vec![84], vec![92, 78, 22, 55, 84, 36, 82, 137, 12]]
}

fn apart(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max)
}

#[test]
fn remembering_changes_no_token() {
    for device in devices() {
        for family in CAUSAL {
            let model = load(family, &device);
            for temperature in [0.0, 1.5] {
                let settings = Generation { max_new: 8, temperature, top_p: 0.95, seed: 3, ..Generation::default() };
                let texts = run(&model, &prompts(), &settings);
                assert_eq!(texts, anew(&model, &prompts(), &settings, &device), "{family} on {device:?}");
            }
        }
    }
}

#[test]
fn a_text_read_in_pieces_has_the_logits_of_the_whole() {
    for device in devices() {
        for family in CAUSAL {
            let model = load(family, &device);
            let texts = prompts();
            let mut cache = Cache::new(model.config(), 3);
            // Some texts get nothing in some pieces.
            let pieces: [[std::ops::Range<usize>; 3]; 3] = [[0..2, 0..0, 0..5], [2..3, 0..1, 5..6], [3..6, 1..1, 6..9]];
            let mut logits = vec![];
            for piece in pieces {
                let tokens: Vec<Vec<u32>> = texts.iter().zip(piece).map(|(text, piece)| text[piece].to_vec()).collect();
                logits.push(values(model.read(&mut cache, &tokens).unwrap()));
            }
            assert_eq!(cache.lengths(), [6, 1, 9]);
            let size = model.config().vocab_size;
            for (text, piece) in [(0, 2), (1, 1), (2, 2)] {
                let whole = last_logits(&model, &texts[text], &device);
                let error = apart(&logits[piece][text * size..][..size], &whole);
                assert!(error < 1e-4, "{family} on {device:?}: text {text} is {error} off");
            }
        }
    }
}

#[test]
fn a_text_longer_than_the_first_columns_goes_on() {
    let device = Device::flex();
    for family in CAUSAL {
        let mut config = load(family, &device).config().clone();
        config.max_position_embeddings = 100;
        config.initializer_range = 0.3;
        let model = new_model(&config, 5, &device).unwrap();
        let settings = Generation { max_new: 90, stop: Some(vec![]), ..Generation::default() };
        let texts = run(&model, &[vec![7, 9, 11]], &settings);
        assert_eq!(texts[0].len(), 90);
        let all: Vec<u32> = [7, 9, 11].into_iter().chain(texts[0][..89].iter().copied()).collect();
        let logits = last_logits(&model, &all, &device);
        let chosen = logits[texts[0][89] as usize];
        assert!(logits.iter().all(|logit| *logit <= chosen + 1e-4), "{family}");
    }
}

#[test]
fn a_text_ends_at_its_last_token_or_where_the_model_ends() {
    let device = Device::flex();
    let model = load("gpt2", &device);
    let settings = Generation { max_new: 6, stop: Some(vec![]), ..Generation::default() };
    let free = run(&model, &prompts(), &settings);
    assert!(free.iter().all(|text| text.len() == 6));

    // The third token of the first text ends every text in which it comes.
    let end = free[0][2];
    let ended = run(&model, &prompts(), &Generation { stop: Some(vec![end]), ..settings.clone() });
    for (free, ended) in free.iter().zip(&ended) {
        let length = free.iter().position(|&token| token == end).map_or(6, |place| place + 1);
        assert_eq!(*ended, free[..length]);
    }

    // 32 positions: after 30 tokens there are three more, the last of which is not read.
    let long = vec![vec![5; 30], vec![5; 32]];
    let texts = run(&model, &long, &Generation { max_new: 9, ..settings });
    assert_eq!(texts.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
}

#[test]
fn tokens_are_told_as_they_come() {
    let model = load("llama", &Device::flex());
    let settings = Generation { max_new: 3, stop: Some(vec![]), ..Generation::default() };
    let mut told = vec![vec![]; 3];
    let mut order = vec![];
    let mut tell = |text: usize, token: u32| {
        told[text].push(token);
        order.push(text);
    };
    let texts = pollster::block_on(generate(&model, &prompts(), &settings, &mut tell)).unwrap();
    assert_eq!(told, texts);
    assert_eq!(order, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
    assert_eq!(run(&model, &[], &settings), Vec::<Vec<u32>>::new());
    assert_eq!(run(&model, &prompts(), &Generation { max_new: 0, ..settings }), vec![Vec::<u32>::new(); 3]);
}

#[test]
fn draws_depend_on_the_seed() {
    let model = load("opt", &Device::flex());
    let of = |seed| {
        let settings =
            Generation { max_new: 8, temperature: 2.0, top_k: 50, seed, stop: Some(vec![]), ..Default::default() };
        run(&model, &prompts(), &settings)
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn what_cannot_go_on_is_refused() {
    let device = Device::flex();
    let model = load("gpt2", &device);
    let settings = Generation::default();
    for (prompt, says) in [
        (vec![5; 33], "prompt 1: wanted at most the model's 32 tokens, found 33"),
        (vec![], "prompt 1: wanted at least one token, found 0"),
        (vec![145], "text 1: wanted tokens below the model's 145, found 145"),
    ] {
        assert_eq!(refused(&model, &[vec![5], prompt], &settings), says);
    }
    let one = [vec![5]];
    for (settings, says) in [
        (Generation { temperature: -1.0, ..settings.clone() }, "generation.temperature: wanted 0 or more, found -1"),
        (Generation { top_p: 0.0, ..settings.clone() }, "generation.top_p: wanted a share above 0, at most 1, found 0"),
    ] {
        assert_eq!(refused(&model, &one, &settings), says);
    }
    let encoder = load("bert", &device);
    let error = refused(&encoder, &one, &settings);
    assert_eq!(error, "the model: wanted one that reads from left to right, found `bert`");

    let mut cache = Cache::new(model.config(), 2);
    let error = model.read(&mut cache, &one).unwrap_err().to_string();
    assert_eq!(error, "tokens: wanted tokens for each of the 2 texts, found 1");
    let error = model.read(&mut cache, &[vec![], vec![]]).unwrap_err().to_string();
    assert_eq!(error, "tokens: wanted at least one, found none");
}
