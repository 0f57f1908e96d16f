//! Language models that learn from language models: every recipe for decoders, texts of their own,
//! instructions, and what does not fit.

use std::{fs, path::Path};

use retort_core::{
    recipe::RECIPES,
    train::{Eval, Event},
};

#[cfg(unix)]
use crate::recipes::interrupted;
use crate::{
    cli::{events, log, losses},
    program::{retort, root},
};

/// A small GPT-2 on plain text.
const TEACHER: &str = r#"
name = "teacher"
[data]
source = "data"
tokenizer = "tokenizer.json"
max_length = 24
[student]
layers = 2
hidden = 16
heads = 2
intermediate = 32
[[phases]]
steps = 12
batch = 8
eval_every = 12
"#;

/// A student of it.
const STUDENT: &str = r#"
name = "student"
control = true
[data]
source = "data"
max_length = 24
[teacher]
model = "runs/teacher/student"
[student]
layers = 1
hidden = 8
heads = 2
intermediate = 16
[evaluation]
samples = 3
max_new = 6
"#;

/// A folder with text, a vocabulary of it, and a teacher that has read it.
fn shelf() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let prose = fs::read_to_string(root().join("www/assets/prose/test.txt")).unwrap();
    let part = |from: usize, length: usize| prose.chars().skip(from).take(length).collect::<String>() + "\n";
    fs::create_dir(at.join("data")).unwrap();
    for (name, text) in [("train", part(0, 12_000)), ("dev", part(12_000, 1_500)), ("test", part(13_500, 1_500))] {
        fs::write(at.join(format!("data/{name}.txt")), text).unwrap();
    }
    fs::write(at.join("teacher.toml"), TEACHER).unwrap();
    fs::write(at.join("student.toml"), STUDENT).unwrap();
    retort(at, &["vocabulary", "data", "tokenizer.json", "--kind", "byte-level", "--size", "320"]).fine();
    retort(at, &["train", "teacher.toml", "--device", "cpu"]).fine();
    folder
}

/// `retort distil student.toml` with a recipe cut to a few steps, and more settings.
fn short(recipe: &str, out: &str, steps: usize, more: &[&str]) -> Vec<String> {
    let mut words: Vec<String> =
        ["distil", "student.toml", "--device", "cpu", "--json", "--out", out].map(str::to_owned).to_vec();
    let recipe = format!("recipe={recipe}");
    let steps = format!("phases.0.steps={steps}");
    let usual = [&recipe, &steps, "phases.0.batch=8", "phases.0.eval_every=2", "phases.0.log_every=1"];
    for assignment in usual.into_iter().chain(more.iter().copied()) {
        words.extend(["--set".to_owned(), assignment.to_owned()]);
    }
    words
}

fn run(at: &Path, words: &[String]) -> String {
    retort(at, &words.iter().map(String::as_str).collect::<Vec<_>>()).fine()
}

/// The figures on test, in the order in which they were told.
fn judged(told: &[Event]) -> Vec<&Eval> {
    let evals = told.iter().filter_map(|event| if let Event::Eval(eval) = event { Some(eval) } else { None });
    evals.filter(|eval| eval.split == "test").collect()
}

#[test]
fn every_recipe_for_decoders_runs_to_its_end_with_and_without_adaptive_teaching() {
    let folder = shelf();
    let at = folder.path();
    let recipes = RECIPES.iter().filter(|recipe| recipe.parts().unwrap().0.decoders);
    for (recipe, adaptive) in recipes.flat_map(|recipe| [(recipe.name, false), (recipe.name, true)]) {
        let out = format!("{recipe}-{adaptive}");
        let more: &[&str] = if adaptive { &["phases.0.objectives.0.method=atkd"] } else { &[] };
        let told = events(&run(at, &short(recipe, &out, 3, more)));
        assert!(matches!(told.last(), Some(Event::Done { .. })), "{out}");
        for (step, loss, _) in losses(&told) {
            assert!(loss.is_finite(), "{out}: the loss of step {step} is {loss}");
        }
        let judged = judged(&told);
        assert_eq!(judged.iter().map(|eval| eval.who.as_str()).collect::<Vec<_>>(), ["teacher", "student", "control"]);
        for eval in judged {
            assert_eq!(eval.uncertainty.iter().sum::<usize>(), eval.examples, "{out}");
            let written = eval.written.as_ref().unwrap();
            assert_eq!((written.samples, written.coverage_risk.is_some()), (3, eval.who != "teacher"), "{out}");
        }
        let config = fs::read_to_string(at.join(&out).join("student/config.json")).unwrap();
        assert!(config.contains("GPT2LMHeadModel"), "{out}: {config}");
    }
}

#[test]
fn a_teacher_of_words_teaches_words() {
    let folder = shelf();
    let at = folder.path();
    let more = ["phases.0.optimizer.lr=0.01", "phases.0.eval_every=40"];
    let told = events(&run(at, &short("supervised_kd", "out", 40, &more)));
    let steps = losses(&told);
    // Divergence from a teacher that is hardly trained itself: far less at the end than at the start.
    assert!(steps[39].1 < 0.5 * steps[0].1, "{} {}", steps[0].1, steps[39].1);
    let student = judged(&told)[1];
    assert!(student.agreement.unwrap() > 0.2, "{student:?}");
    // Perplexity is the exponential of the loss; a vocabulary of 320 guessed blindly has 320.
    assert!(student.perplexity().unwrap() < 320.0);
}

#[test]
fn logits_in_tiles_teach_the_same() {
    let folder = shelf();
    let at = folder.path();
    for method in ["logits", "atkd"] {
        let method = format!("phases.0.objectives.0.method={method}");
        let told = |logits: &str| {
            let out = format!("{method}-{logits}").replace('=', "-");
            let logits = format!("phases.0.logits={logits}");
            events(&run(at, &short("supervised_kd", &out, 10, &[&method, &logits])))
        };
        let (whole, tiles) = (told("whole"), told("tiles"));
        for ((step, whole, _), (_, tiles, _)) in losses(&whole).iter().zip(losses(&tiles)) {
            assert!((whole - tiles).abs() < 1e-3 * whole.abs(), "step {step}: {whole} whole, {tiles} in tiles");
        }
    }
}

#[cfg(unix)]
#[test]
fn texts_of_its_own_are_the_same_after_a_stop() {
    let folder = shelf();
    let at = folder.path();
    let whole = losses(&events(&run(at, &short("imitkd", "whole", 40, &[]))));
    let mut words = short("imitkd", "cut", 40, &[]);
    interrupted(at, &words, 5);
    let stopped = losses(&log(at, "cut")).last().unwrap().0;
    words.push("--resume".into());
    let told = events(&run(at, &words));
    let Some(Event::Started(started)) = told.first() else { panic!("no start") };
    assert_eq!(started.resumed_at, stopped);
    assert_eq!(losses(&log(at, "cut")), whole);
}

#[test]
fn instructions_are_learned_by_their_responses() {
    let folder = shelf();
    let at = folder.path();
    let row = |number: usize| {
        let prompt = format!("What comes after {number}?");
        format!("{{\"instruction\": \"{prompt}\", \"response\": \"After {number} comes {}.\"}}\n", number + 1)
    };
    fs::write(at.join("numbers.jsonl"), (0..40).map(row).collect::<String>()).unwrap();
    let shared = ["data.source=numbers.jsonl", "data.template={prompt} ", "phases.0.writing.max_new=5"];
    let told = events(&run(at, &short("gkd", "numbers", 3, &shared)));
    let Some(Event::Started(started)) = told.first() else { panic!("no start") };
    assert_eq!(started.examples, [32, 4, 4]);
    assert!(started.notes[0].contains("numbers.jsonl is one file: 32 rows train"), "{:?}", started.notes);
    let student = judged(&told)[1];
    // Four responses of the test, each with an end token; the prompts are not asked for.
    let tokenizer =
        retort_core::data::Tokenizer::from_bytes("tokenizer.json", &fs::read(at.join("tokenizer.json")).unwrap())
            .unwrap();
    let longest = tokenizer.raw("After 39 comes 40.").unwrap().len() + 1;
    assert!((4 * 5..=4 * longest).contains(&student.examples), "{} words", student.examples);
}

#[test]
fn an_encoder_reads_plain_text_too() {
    let folder = shelf();
    let at = folder.path();
    retort(at, &["vocabulary", "data", "pieces.json", "--size", "200"]).fine();
    let words = ["train", "teacher.toml", "--device", "cpu", "--out", "bert", "--json"];
    let more = ["--set", "student.family=bert", "--set", "data.tokenizer=pieces.json"];
    let told = events(&retort(at, &[&words[..], &more].concat()).fine());
    assert!(judged(&told)[0].perplexity().unwrap() < 200.0);
    let config = fs::read_to_string(at.join("bert/student/config.json")).unwrap();
    assert!(config.contains("BertForMaskedLM"), "{config}");
}

#[test]
fn every_family_of_decoders_learns_from_any_other() {
    let folder = shelf();
    let at = folder.path();
    for family in ["opt", "gpt_neox", "llama"] {
        let family_is = format!("student.family={family}");
        let told = events(&run(at, &short("atkd", family, 3, &[&family_is, "student.hidden=16"])));
        assert!(matches!(told.last(), Some(Event::Done { .. })), "{family}");
        let config = fs::read_to_string(at.join(family).join("student/config.json")).unwrap();
        assert!(config.contains(&format!("\"model_type\": \"{family}\"")), "{family}: {config}");
    }
}

#[test]
fn what_does_not_fit_is_one_sentence() {
    let folder = shelf();
    let at = folder.path();
    let refused = |more: &[&str]| {
        let words = short("gkd", "refused", 2, more);
        let error = retort(at, &words.iter().map(String::as_str).collect::<Vec<_>>()).refused(2);
        assert!(!at.join("refused/run.toml").exists(), "something was written for {more:?}");
        error
    };
    let cases: [(&[&str], &str); 8] = [
        (&["student.family=bert"], "wanted a masked language model, found `GPT2LMHeadModel`"),
        (&["student.family=gpt3"], "student.family: wanted `bert`, `distilbert`, `gpt2`"),
        (&["data.max_length=25"], "data.max_length: wanted at most the model's 24 positions, found 25"),
        (
            &["data.source=builtin:rotten-tomatoes"],
            "wanted a classifier, for labelled sentences, found `GPT2LMHeadModel`",
        ),
        (&["phases.0.writing.student=1.5"], "writing.student: wanted a share from 0 to 1, found 1.5"),
        (&["phases.0.writing.teacher=0.6"], "writing.student: wanted with teacher and mixed at most 1, found 1.1"),
        (&["phases.0.writing.max_new=0"], "writing.max_new: wanted at least 1 token, found 0"),
        (&["data.template=none"], "data.template: wanted a text with {prompt} in it, found `none`"),
    ];
    for (more, says) in cases {
        let error = refused(more);
        assert!(error.contains(says), "{more:?}: {error}");
    }
    let row = |number| {
        format!("{{\"prompt\": \"tell me of whale {number}, of the sea and of the ship\", \"response\": \"no\"}}\n")
    };
    fs::write(at.join("long.jsonl"), (0..20).map(row).collect::<String>()).unwrap();
    let error = refused(&["data.source=long.jsonl"]);
    assert!(error.contains("data.max_length: wanted more than ") && error.contains("found 24"), "{error}");

    // A student of another vocabulary, named with both sizes.
    retort(at, &["vocabulary", "data", "other.json", "--kind", "byte-level", "--size", "300"]).fine();
    let words = ["train", "teacher.toml", "--device", "cpu", "--out", "other"];
    retort(at, &[&words[..], &["--set", "data.tokenizer=other.json", "--set", "phases.0.steps=1"]].concat()).fine();
    let error = refused(&["student.model=other/student"]);
    assert!(error.contains("wanted token ids below 300") || error.contains("vocabulary of 320, found 300"), "{error}");
}
