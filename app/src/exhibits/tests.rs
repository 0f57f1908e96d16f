//! Every figure of every article is there, shows what is recorded, and moves when something is chosen.

use std::{collections::BTreeSet, fs, path::PathBuf};

use retort_core::run::Run;

use super::{
    numbers::{kl, softmax},
    split, *,
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn recorded() -> Recorded {
    let names: BTreeSet<&str> = EXHIBITS.iter().flat_map(|exhibit| exhibit.recorded).copied().collect();
    let read = |name: &str| {
        let path =
            if name == "results.md" { root().join("RESULTS.md") } else { root().join("www/recorded").join(name) };
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    names.into_iter().map(|name| (name.to_owned(), read(name))).collect()
}

/// Everything that is seen and heard of an exhibit.
fn seen(shown: &Shown) -> String {
    let pictures = shown.pictures.iter().map(|figure| figure.print(600.0));
    let words = shown.told.iter().chain(&shown.equation).cloned();
    pictures.chain(words).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_figure_of_every_article_is_an_exhibit() {
    let mut figures = vec![];
    for file in fs::read_dir(root().join("www/companions")).unwrap().flatten() {
        let name = file.file_name().into_string().unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        let blocks = text.split("```figure\n").skip(1);
        let id = |block: &str| block.lines().next().unwrap().trim_start_matches("id = ").trim_matches('"').to_owned();
        figures.extend(blocks.map(|block| format!("{}/{}", name.trim_end_matches(".md"), id(block))));
    }
    figures.sort();
    let mut exhibits: Vec<&str> = EXHIBITS.iter().map(|exhibit| exhibit.name).collect();
    exhibits.sort_unstable();
    assert_eq!(exhibits, figures);
}

#[test]
fn every_exhibit_shows_what_is_recorded() {
    let recorded = recorded();
    for exhibit in EXHIBITS {
        let shown = exhibit.first(&recorded).unwrap_or_else(|error| panic!("{}: {error}", exhibit.name));
        assert!(!shown.pictures.is_empty() && !shown.told.is_empty(), "{}", exhibit.name);
        let all = seen(&shown);
        assert!(!all.contains("NaN"), "{}: {:?} {:?}", exhibit.name, shown.told, shown.equation);
        assert!(sheet(&shown).starts_with("<svg"), "{}", exhibit.name);
    }
}

#[test]
fn whatever_is_chosen_changes_what_is_seen() {
    let recorded = recorded();
    for exhibit in EXHIBITS {
        let knobs = (exhibit.knobs)(&recorded).unwrap();
        let first = seen(&exhibit.first(&recorded).unwrap());
        for knob in &knobs {
            let ends = match &knob.kind {
                Kind::Range { ends, .. } => ends.to_vec(),
                Kind::Choice { options, .. } => (0..options.len()).map(|place| place as f64).collect(),
                Kind::Word { words, .. } => vec![1.0, words.len() as f64 - 1.0],
                Kind::Switch { .. } => vec![0.0, 1.0],
            };
            let other = ends.iter().any(|end| {
                let mut chosen = Knobs::start(&knobs);
                chosen.set(knob, *end);
                let shown = (exhibit.show)(&recorded, &chosen);
                seen(&shown.unwrap_or_else(|error| panic!("{}, {}: {error}", exhibit.name, knob.key))) != first
            });
            // A switch of a column that the first recipe does not have changes nothing of it.
            assert!(other || exhibit.name == "survey/recipes", "{}: {} changes nothing", exhibit.name, knob.key);
        }
    }
}

#[test]
fn the_pictures_of_the_articles_are_those_of_the_exhibits() {
    let recorded = recorded();
    for exhibit in EXHIBITS {
        let name = format!("www/figures/{}.svg", exhibit.parts().join("-"));
        let found = fs::read_to_string(root().join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let wanted = sheet(&exhibit.first(&recorded).unwrap());
        assert!(found == wanted, "{name} is not what is recorded: `retort figures www/figures` draws it anew");
    }
}

#[test]
fn without_its_files_an_exhibit_says_so() {
    for exhibit in EXHIBITS {
        let Err(error) = exhibit.first(&Recorded::new()) else { panic!("{}: shown without files", exhibit.name) };
        assert!(exhibit.recorded.iter().any(|file| error.to_string().contains(file)), "{}: {error}", exhibit.name);
    }
}

#[test]
fn what_a_run_makes_takes_the_place_of_a_file_that_is_shown() {
    for exhibit in EXHIBITS {
        let there = |own: &Own| exhibit.recorded.contains(&own.file) || own.file.starts_with("own-");
        assert!(exhibit.own.iter().all(there), "{}", exhibit.name);
        assert_eq!(exhibit.run.is_some(), !exhibit.own.is_empty(), "{}", exhibit.name);
    }
}

#[test]
fn every_choice_is_a_run_file_with_few_steps() {
    let recorded = recorded();
    for exhibit in EXHIBITS {
        let [companion, _] = exhibit.parts();
        let article = fs::read_to_string(root().join(format!("www/companions/{companion}.md"))).unwrap();
        let base = article.split("```run\n").nth(1).unwrap().split("```").next().unwrap();
        let knobs = (exhibit.knobs)(&recorded).unwrap();
        let run = exhibit.run.unwrap_or_else(|| panic!("{}: no run", exhibit.name));
        let start = Knobs::start(&knobs);
        let mut chosen = vec![start.clone()];
        for knob in &knobs {
            let mut other = start.clone();
            other.set(knob, knob.nearest(if knob.start() == 0.0 { 1.0 } else { 0.0 }));
            chosen.push(other);
        }
        for chosen in chosen {
            let text = run(base, &chosen).unwrap_or_else(|error| panic!("{}: {error}", exhibit.name));
            let steps = Run::from_toml(exhibit.name, &text).unwrap();
            let steps: Option<usize> = steps.phases.iter().map(|phase| phase.steps).sum();
            // The article's own run file counts passes over its texts instead.
            assert!(text == base || steps.is_some_and(|steps| steps <= 96), "{}: {steps:?}", exhibit.name);
        }
    }
}

/// A case of the core's conformance: logits, what the words are, and the loss that PyTorch has.
struct Case {
    settings: serde_json::Value,
    labels: Vec<i64>,
    student: Vec<f64>,
    teacher: Vec<f64>,
    loss: f64,
}

impl Case {
    fn read(file: &str) -> Self {
        let bytes = fs::read(root().join("tests/conformance").join(file)).unwrap();
        let size = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + size]).unwrap();
        let at = |name: &str| {
            let ends = &header[name]["data_offsets"];
            let [from, to] = [0, 1].map(|end: usize| 8 + size + ends[end].as_u64().unwrap() as usize);
            bytes[from..to].to_vec()
        };
        let floats = |name: &str| {
            let four = |part: &[u8]| f64::from(f32::from_le_bytes(part.try_into().unwrap()));
            at(name).chunks(4).map(four).collect::<Vec<f64>>()
        };
        let labels = at("in.labels").chunks(8).map(|part| i64::from_le_bytes(part.try_into().unwrap())).collect();
        let about: serde_json::Value = serde_json::from_str(header["__metadata__"]["case"].as_str().unwrap()).unwrap();
        Self {
            settings: about["params"].clone(),
            labels,
            student: floats("in.student"),
            teacher: floats("in.teacher"),
            loss: floats("out.loss")[0],
        }
    }

    /// UNC, TKD and DKD of every word that counts, at temperature `t`.
    fn words(&self, t: f64) -> Vec<[f64; 3]> {
        let classes = self.student.len() / self.labels.len();
        let of = |(row, label): (usize, &i64)| {
            let target = usize::try_from(*label).ok()?;
            let [p, q] = [&self.teacher, &self.student].map(|logits| softmax(&logits[row * classes..][..classes], t));
            let rest =
                [&p, &q].map(|all| all.iter().enumerate().filter(|(at, _)| *at != target).map(|(_, p)| p).sum::<f64>());
            let others = |all: &[f64], rest: f64| {
                all.iter().enumerate().filter(|(at, _)| *at != target).map(|(_, p)| p / rest).collect::<Vec<f64>>()
            };
            let tkd = kl(&[p[target], rest[0]], &[q[target], rest[1]]);
            Some([rest[0], tkd, kl(&others(&p, rest[0]), &others(&q, rest[1]))])
        };
        self.labels.iter().enumerate().filter_map(of).collect()
    }
}

#[test]
fn the_split_weighs_as_the_core_does() {
    for file in ["0-39x5", "1-39x5", "2-39x5", "0-24x1058"] {
        let case = Case::read(&format!("logit-atkd-{file}.safetensors"));
        let of = |key: &str, usual: f64| case.settings[key].as_f64().unwrap_or(usual);
        let (t, words) = (of("temperature", 1.0), case.words(of("temperature", 1.0)));
        let hard = split::hard(&words.iter().map(|[unc, ..]| *unc).collect::<Vec<_>>(), of("k", 0.5));
        let weights = split::weights(&hard, of("lambda", 0.2));
        let weighed = words.iter().zip(weights).map(|([_, tkd, dkd], [target, rest])| target * tkd + rest * dkd);
        let loss = t * t * weighed.sum::<f64>();
        assert!((loss - case.loss).abs() < 1e-5 * case.loss, "{file}: {loss} {}", case.loss);
    }
}

#[test]
fn a_sheet_holds_every_picture() {
    let recorded = recorded();
    let shown = Exhibit::find("sparse-teachers/stages").unwrap().first(&recorded).unwrap();
    let svg = sheet(&shown);
    assert_eq!(svg.matches("<svg ").count(), 1 + shown.pictures.len());
    assert_eq!(svg.matches("</svg>").count(), 1 + shown.pictures.len());
}
