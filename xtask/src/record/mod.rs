//! The recordings that the live figures show before a reader runs anything: the program runs with fixed run files, and
//! what it told is kept in few digits.

mod terms;
mod trim;

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use self::trim::{Losses, events, rounded};
use crate::shell::{Shop, output, run};

/// Run what the live figures show, and write `www/recorded`.
#[derive(Args)]
pub struct Record {
    /// Where to compute: auto, vulkan, metal, dx12 or cpu.
    #[arg(long, default_value = "cpu")]
    device: String,
}

/// Where runs are kept; what is there is not run again.
const ROOM: &str = "runs/recorded";
/// Teachers of film reviews, the smaller one first.
const TEACHERS: [&str; 2] = ["builtin:rotten-tomatoes", "builtin:rotten-tomatoes-deep"];
/// Sizes of the students that shrink: name, share, width, neurons.
const SIZES: [(&str, &str, &str, &str); 3] =
    [("half", "0.5", "64", "128"), ("quarter", "0.25", "32", "64"), ("eighth", "0.125", "16", "32")];
/// Every so many test reviews one is shown, and how many are.
const REVIEWS: [usize; 2] = [20, 24];
/// Steps after which one is taken apart.
const STEPS: [&str; 6] = ["0", "5", "10", "40", "80", "160"];
/// How many of them are taken apart.
const APART: usize = 8;
/// The sentence that language models read, the first words of another, and what is asked of a classifier.
const SENTENCE: &str = "A day or two passed, and there was great activity aboard the Pequod. Not only were the old sails \
    being mended, but new sails were coming on board.";
const BEGINNING: &str = "A day or two passed, and there was";
const REVIEW: &str = "a smart , funny film that runs out of breath before the end";
/// Words of the next word's answer that are named.
const NAMED: usize = 10;

impl Record {
    /// Runs and writes.
    ///
    /// # Errors
    /// When a run fails, or tells something else than is wanted.
    pub fn run(self, shop: &Shop) -> Result<ExitCode> {
        shop.build()?;
        let desk = Desk { shop, device: &self.device };
        desk.stark()?;
        desk.narrow()?;
        desk.answers()?;
        desk.words()?;
        desk.films()?;
        desk.apart()?;
        desk.write("terms.json", &terms::record(&desk)?)?;
        desk.provenance()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What every recording needs.
pub struct Desk<'a> {
    shop: &'a Shop,
    device: &'a str,
}

impl Desk<'_> {
    fn room(&self, name: &str) -> PathBuf {
        self.shop.root.join(ROOM).join(name)
    }

    /// Runs the program, its output going to the terminal, unless `made` is there already.
    pub fn make(&self, made: &str, words: &[&str]) -> Result<()> {
        if self.room(made).exists() {
            return Ok(());
        }
        run(self.shop.command(self.shop.retort()).args(words).args(["--device", self.device]))
    }

    /// Distils into a folder, or goes on there.
    pub fn distil(&self, name: &str, file: &str, sets: &[&str]) -> Result<()> {
        let out = format!("{ROOM}/{name}");
        let words = [&["distil", file, "--continue", "--out", &out], sets].concat();
        self.make(&format!("{name}/student/config.json"), &words)
    }

    /// What the program prints.
    pub fn told(&self, words: &[&str]) -> Result<String> {
        let mut command = self.shop.command(self.shop.retort());
        output(command.args(words).args(["--device", self.device]))
            .with_context(|| format!("`retort {}` failed", words.join(" ")))
    }

    /// What the program prints of itself, without a device.
    pub fn plain(&self, words: &[&str]) -> Result<String> {
        output(self.shop.command(self.shop.retort()).args(words))
            .with_context(|| format!("`retort {}` failed", words.join(" ")))
    }

    fn read(&self, name: &str) -> Result<String> {
        let path = self.room(name);
        fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.shop.root.join("www/recorded").join(name);
        fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))?;
        println!("{name}: {} bytes", text.len());
        Ok(())
    }

    /// A trial and one level of STARK, the scores between them, and the teacher without its units.
    fn stark(&self) -> Result<()> {
        let out = format!("{ROOM}/stark");
        let one = ["stark.levels=[30.0]", "stark.unstructured=false", "stark.auto=false", "stark.random=false"];
        let sets: Vec<&str> = one.iter().flat_map(|set| ["--set", set]).collect();
        self.make("stark/report.json", &[&["stark", "www/studies/sparse.toml", "--out", &out], &sets[..]].concat())?;
        self.write("stark-trial.jsonl", &events(&self.read("stark/trial/metrics.jsonl")?, Losses::None)?)?;
        self.write("stark-30.jsonl", &events(&self.read("stark/lambda-0.5-30/metrics.jsonl")?, Losses::None)?)?;
        let trial = format!("{ROOM}/stark/trial");
        let scores = self.told(&["score", TEACHERS[1], "--student", &trial, "--json"])?;
        let mut scores: Value = serde_json::from_str(&scores)?;
        // They follow from what was felt.
        for kind in ["heads", "neurons"] {
            scores[kind]["score"] = json!([]);
        }
        scores["student"] = json!("the trial's student");
        self.write("scores.json", &rounded(scores).to_string())?;
        for level in 1..10 {
            let (percent, name) = ((10 * level).to_string(), format!("sparse/{}", 10 * level));
            let out = format!("{ROOM}/{name}");
            let words = ["prune", TEACHERS[1], "--student", &trial, "--percent", &percent, "--out", &out];
            self.make(&format!("{name}/config.json"), &words)?;
        }
        Ok(())
    }

    /// Students that shrink, and students that begin small.
    fn narrow(&self) -> Result<()> {
        for (name, share, width, neurons) in SIZES {
            let [keep, hidden, inner] = [
                format!("phases.0.shrinking.keep={share}"),
                format!("student.hidden={width}"),
                format!("student.intermediate={neurons}"),
            ];
            let small = ["student.layers=4", &hidden, "student.heads=4", &inner];
            let ways: [(&str, Vec<&str>); 2] =
                [("platon", vec![&keep]), ("random-start", vec!["student.init=random", "phases.0.shrinking.keep=1.0"])];
            for (way, own) in ways {
                let sets: Vec<&str> = own.iter().chain(&small).flat_map(|set| ["--set", set]).collect();
                self.distil(&format!("{name}-{way}"), "www/studies/narrow.toml", &sets)?;
                let log = self.read(&format!("{name}-{way}/metrics.jsonl"))?;
                self.write(&format!("{name}-{way}.jsonl"), &events(&log, Losses::Distance)?)?;
            }
        }
        Ok(())
    }

    /// What classifiers make of test reviews.
    fn answers(&self) -> Result<()> {
        let tsv = fs::read_to_string(self.shop.root.join("www/assets/rotten-tomatoes/test.tsv"))?;
        let all: Vec<(&str, &str)> = tsv.lines().skip(1).filter_map(|line| line.split_once('\t')).collect();
        let chosen: Vec<(&str, &str)> = all.into_iter().step_by(REVIEWS[0]).take(REVIEWS[1]).collect();
        let both =
            ["smaller teacher", "larger teacher"].into_iter().zip(TEACHERS.map(String::from)).collect::<Vec<_>>();
        self.write("reviews.json", &self.reviews(&chosen, &both)?)?;
        let level = |level: usize| {
            (
                format!("{} % gone", 10 * level),
                if level == 0 { TEACHERS[1].into() } else { format!("{ROOM}/sparse/{}", 10 * level) },
            )
        };
        let levels: Vec<(String, String)> = (0..10).map(level).collect();
        let students =
            [("at its first step", format!("{ROOM}/stark/init")), ("after its trial", format!("{ROOM}/stark/trial"))];
        let models: Vec<(&str, String)> =
            students.into_iter().chain(levels.iter().map(|(name, model)| (name.as_str(), model.clone()))).collect();
        self.write("answers.json", &self.reviews(&chosen[..APART], &models)?)?;
        let trial = format!("{ROOM}/stark/trial");
        let told = self.told(&["predict", &trial, REVIEW, "--teacher", TEACHERS[1], "--json"])?;
        let told: Value = serde_json::from_str(&told)?;
        let answer =
            |model: usize| -> Result<(Vec<String>, Vec<f64>)> { classes(&told["models"][model]["probabilities"]) };
        let ((labels, student), (_, teacher)) = (answer(0)?, answer(1)?);
        let models = json!([["teacher", teacher], ["student", student]]);
        let prediction = json!({ "labels": labels, "models": models, "tokens": [] });
        self.write("sentence.json", &rounded(json!({ "text": REVIEW, "prediction": prediction })).to_string())
    }

    /// Answers of models to reviews.
    fn reviews(&self, chosen: &[(&str, &str)], models: &[(&str, String)]) -> Result<String> {
        let mut answers: Vec<Vec<Vec<f64>>> = vec![];
        let mut labels = vec![];
        for (_, model) in models {
            let texts: Vec<&str> = chosen.iter().map(|(_, text)| *text).collect();
            let told = self.told(&[&["predict", model, "--json"], &texts[..]].concat())?;
            let mut of = vec![];
            for line in told.lines() {
                let line: Value = serde_json::from_str(line)?;
                let (names, values) = classes(&line["models"][0]["probabilities"])?;
                labels = names;
                of.push(values);
            }
            answers.push(of);
        }
        let review = |(place, (label, text)): (usize, &(&str, &str))| -> Result<Value> {
            let label = labels.iter().position(|name| name == label).context("a label that no model knows")?;
            let of: Vec<&Vec<f64>> = answers.iter().filter_map(|model| model.get(place)).collect();
            Ok(json!({ "text": text, "label": label, "answers": of }))
        };
        let reviews = chosen.iter().enumerate().map(review).collect::<Result<Vec<_>>>()?;
        let names: Vec<&str> = models.iter().map(|(name, _)| *name).collect();
        Ok(rounded(json!({ "models": names, "labels": labels, "reviews": reviews })).to_string())
    }

    /// What language models make of words.
    fn words(&self) -> Result<()> {
        let models = ["builtin:prose-student", "--teacher", "builtin:prose-large", "--max-new", "1", "--json"];
        let look = |text: &'static str, most: &'static str| {
            [&["generate", models[0], text], &models[1..], &["--look", most]].concat()
        };
        let mut told: Value = serde_json::from_str(&self.told(&look(SENTENCE, "8"))?)?;
        // The sentence alone, without the word that was added.
        let teacher = told["continuations"][0].clone();
        told["continuations"] = json!([{ "who": teacher["who"], "prompt": teacher["prompt"], "text": [] }]);
        self.write("prose.json", &rounded(told).to_string())?;
        let told: Value = serde_json::from_str(&self.told(&look(BEGINNING, "100000"))?)?;
        let likely = told["continuations"][0]["text"][0]["likely"].as_array().context("the likeliest words")?;
        let words: Vec<&Value> = likely.iter().take(NAMED).map(|word| &word["text"]).collect();
        let logs: Vec<f64> =
            likely.iter().filter_map(|word| word["teacher"].as_f64()).map(|p| p.max(1e-30).ln()).collect();
        self.write("next-word.json", &rounded(json!({ "text": BEGINNING, "words": words, "logs": logs })).to_string())?;
        for size in ["small", "large"] {
            let teacher = format!("teacher.model=builtin:prose-{size}");
            let sets = ["--set", &teacher, "--set", "phases.0.epochs=0.02"];
            self.distil(&format!("unsure-{size}"), "www/studies/texts.toml", &sets)?;
            let log = events(&self.read(&format!("unsure-{size}/metrics.jsonl"))?, Losses::None)?;
            let teacher = |line: &&str| line.contains("\"started\"") || line.contains("\"who\":\"teacher\"");
            let lines: Vec<&str> = log.lines().filter(teacher).collect();
            self.write(&format!("unsure-{size}.jsonl"), &format!("{}\n", lines.join("\n")))?;
        }
        Ok(())
    }

    /// A student with an assistant and one without.
    fn films(&self) -> Result<()> {
        let long = ["--set", "phases.0.epochs=10", "--set", "phases.0.optimizer.lr=5e-4"];
        let assistant = "assistants=[{ layers = 3, hidden = 128, heads = 4, intermediate = 256 }]";
        for (name, own) in [("kd", vec!["recipe=kd"]), ("assistant", vec!["recipe=assistants", assistant])] {
            let sets: Vec<&str> = own.iter().flat_map(|set| ["--set", set]).chain(long).collect();
            self.distil(name, "www/studies/films.toml", &sets)?;
            let mut log = String::new();
            if own.len() > 1 {
                log = self.read("assistant/assistant-1/metrics.jsonl")?;
            }
            log += &self.read(&format!("{name}/metrics.jsonl"))?;
            self.write(&format!("gap-{name}.jsonl"), &events(&log, Losses::None)?)?;
        }
        Ok(())
    }

    /// Steps on the way of a student that shrinks, each on the same sentence.
    fn apart(&self) -> Result<()> {
        let mut steps = vec![];
        for after in STEPS {
            let words = ["step", "www/studies/narrow.toml", "--example", "3", "--after", after, "--json"];
            steps.push(serde_json::from_str::<Value>(&self.told(&words)?)?);
        }
        self.write("apart.json", &rounded(json!(steps)).to_string())
    }

    /// Where the recordings come from, below the line of the README that says so.
    fn provenance(&self) -> Result<()> {
        let path = self.shop.root.join("www/recorded/README.md");
        let text = fs::read_to_string(&path).context("could not read www/recorded/README.md")?;
        let Some((before, _)) = text.split_once(MADE) else { bail!("www/recorded/README.md: wanted a line `{MADE}`") };
        let run: Value = serde_json::from_str(&self.read("half-platon/run.json")?)?;
        let word = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
        let [trained, name, api] = [&run["source_commit"], &run["adapter"]["name"], &run["adapter"]["api"]].map(word);
        let mut git = std::process::Command::new("git");
        let asked =
            output(git.current_dir(&self.shop.root).args(["rev-parse", "HEAD"])).unwrap_or_else(|| "unknown".into());
        let text = format!(
            "{before}{MADE} {trained}; answers were asked for with that of commit {asked}. On {name} ({api}).\n"
        );
        fs::write(&path, text).context("could not write www/recorded/README.md")
    }
}

/// What comes before commits and device.
const MADE: &str = "Runs were made by the program built from commit";

/// Names and values of an answer, in the order in which they are told.
fn classes(answer: &Value) -> Result<(Vec<String>, Vec<f64>)> {
    let all = answer.as_object().context("probabilities by class")?;
    Ok((all.keys().cloned().collect(), all.values().filter_map(Value::as_f64).collect()))
}
