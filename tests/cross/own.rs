//! Runs that readers start in a figure: the core runs them, and the figure shows what the core tells.

use std::{fs, path::Path};

use retort_app::{
    draw::{Cell, Table},
    exhibits::{Exhibit, Knobs, Recorded, Shown, written},
};
use retort_core::{
    run::Run,
    train::{Apart, Eval, Event, Told, apart::LineOf},
};

use crate::{
    cli::{bench, events},
    program::{retort, root},
};

/// A figure, what it shows, and what is chosen.
struct Case {
    exhibit: &'static Exhibit,
    recorded: Recorded,
    chosen: Knobs,
}

impl Case {
    fn new(name: &str, choices: &[(&str, usize)]) -> Self {
        let exhibit = Exhibit::find(name).unwrap();
        let read = |file: &&str| {
            let at = if *file == "results.md" { "RESULTS.md".into() } else { format!("www/recorded/{file}") };
            ((*file).to_owned(), fs::read_to_string(root().join(at)).unwrap())
        };
        let recorded = exhibit.recorded.iter().map(read).collect();
        let knobs = (exhibit.knobs)(&recorded).unwrap();
        let mut chosen = Knobs::start(&knobs);
        for (key, value) in choices {
            let knob = knobs.iter().find(|knob| knob.key == *key);
            chosen.set(knob.unwrap_or_else(|| panic!("{name}: nothing called {key} can be chosen")), *value as f64);
        }
        Self { exhibit, recorded, chosen }
    }

    /// Writes the run file of the choice, with the data of the folder and as few steps as there can be.
    fn lay(&self, at: &Path) {
        let [companion, _] = self.exhibit.parts();
        let article = fs::read_to_string(root().join(format!("www/companions/{companion}.md"))).unwrap();
        let base = article.split("```run\n").nth(1).unwrap().split("```").next().unwrap();
        let run = (self.exhibit.run.unwrap())(base, &self.chosen).unwrap();
        let mut run = Run::from_toml("run.toml", &run).unwrap().set("data.source=data").unwrap();
        (run.evaluation.samples, run.evaluation.max_new) = (2, 4);
        for phase in &mut run.phases {
            (phase.steps, phase.batch, phase.eval_every, phase.log_every) = (Some(2), 8, 1, 1);
        }
        fs::write(at.join("run.toml"), run.to_toml().unwrap()).unwrap();
    }

    /// What is shown without a reader's run.
    fn first(&self) -> Shown {
        (self.exhibit.show)(&self.recorded, &self.chosen).unwrap()
    }

    /// What is shown with a file of the reader's beside what is recorded.
    fn with(&self, own: String) -> Shown {
        let mut recorded = self.recorded.clone();
        recorded.insert(self.exhibit.own[0].file.to_owned(), own);
        // What can be chosen then is another list, perhaps.
        (self.exhibit.knobs)(&recorded).unwrap();
        let shown = (self.exhibit.show)(&recorded, &self.chosen).unwrap();
        let all: Vec<String> =
            shown.pictures.iter().map(|figure| figure.print(600.0)).chain(shown.told.clone()).collect();
        assert!(!all.iter().any(|part| part.contains("NaN")), "{}: {:?}", self.exhibit.name, shown.told);
        shown
    }

    /// Distils, and shows the run; with the evaluations on test of its last hop.
    fn distilled(&self, at: &Path) -> (Shown, Vec<Eval>) {
        self.lay(at);
        let _ = fs::remove_dir_all(at.join("out"));
        let log = retort(at, &["distil", "run.toml", "--device", "cpu", "--json", "--out", "out"]).fine();
        let all = events(&log);
        let last = all.iter().rposition(|event| matches!(event, Event::Started(_))).unwrap();
        let tests = all[last..].iter().filter_map(|event| match event {
            Event::Eval(eval) if eval.split == "test" => Some(eval.clone()),
            _ => None,
        });
        (self.with(written(&self.chosen, &log).unwrap()), tests.collect())
    }
}

/// The numbers of the column whose name begins so.
#[track_caller]
fn column(table: &Table, name: &str) -> Vec<Option<f64>> {
    let at = table.head.iter().position(|head| head == name);
    let at = at.unwrap_or_else(|| panic!("no column {name} in {:?}", table.head));
    let value = |cell: &Cell| if let Cell::Number(value) = cell { Some(*value) } else { None };
    table.rows.iter().map(|row| value(&row[at])).collect()
}

/// Student, twin and teacher stand in `row` of the last picture, and nowhere else, with the figures of `tests`.
#[track_caller]
fn stands(shown: &Shown, tests: &[Eval], row: usize, of: impl Fn(&Eval) -> f64) {
    let table = shown.pictures.last().unwrap().table();
    for (who, name) in [("teacher", "your teacher"), ("student", "your student"), ("control", "your twin")] {
        let eval = tests.iter().find(|eval| eval.who == who).unwrap_or_else(|| panic!("no {who} on test"));
        // A teacher may have a picture of its own.
        let table = if table.head.iter().any(|head| head == name) { table.clone() } else { shown.pictures[0].table() };
        let found = column(&table, name);
        let wanted: Vec<_> = (0..found.len()).map(|at| (at == row).then(|| of(eval))).collect();
        assert_eq!(found, wanted, "{name}");
    }
}

fn accuracy(eval: &Eval) -> f64 {
    100.0 * eval.accuracy
}

#[test]
fn every_recipe_of_the_table_stands_in_its_row() {
    let folder = bench();
    for recipe in 0..13 {
        let figure = Case::new("survey/recipes", &[("recipe", recipe)]);
        let (shown, tests) = figure.distilled(folder.path());
        stands(&shown, &tests, recipe, accuracy);
        assert!(shown.told.iter().any(|told| told.starts_with("Your run, ") && told.contains("on test")));
    }
    for silenced in [0, 10] {
        let (shown, tests) = Case::new("survey/soft", &[("silenced", silenced)]).distilled(folder.path());
        stands(&shown, &tests, 1, accuracy);
        let says = shown.told.iter().any(|told| told == "Your run was without the first 10 columns.");
        assert_eq!(says, silenced == 10, "{:?}", shown.told);
    }
}

#[test]
fn several_teachers_and_chains_stand_beside_what_is_recorded() {
    let folder = bench();
    for (by, student) in [(0, 0), (1, 0), (0, 1)] {
        let (shown, tests) = Case::new("survey/several", &[("by", by), ("student", student)]).distilled(folder.path());
        stands(&shown, &tests, student, accuracy);
        let run = fs::read_to_string(folder.path().join("run.toml")).unwrap();
        assert_eq!(run.contains("blend = \"losses\""), by == 1, "{run}");
        assert_eq!(run.contains("others = ["), student == 0, "{run}");
    }
    for between in [0, 1] {
        let (shown, tests) = Case::new("survey/gap", &[("assistant", between)]).distilled(folder.path());
        assert_eq!(shown.pictures.len(), 2 + between);
        let student = tests.iter().find(|eval| eval.who == "student").unwrap();
        let told = format!("your student has {:.1} % on test", accuracy(student));
        assert!(shown.told.iter().any(|line| line.contains(&told)), "{told}: {:?}", shown.told);
        for (name, place) in [("your student", 1 + between), ("your twin", 1 + between), ("your assistant-1", 1)] {
            if name != "your assistant-1" || between == 1 {
                let found = column(&shown.pictures[place].table(), name);
                // Before the first step, and after each of two.
                assert_eq!(found.iter().flatten().count(), 3, "{name}: {found:?}");
            }
        }
    }
}

#[test]
fn ways_and_teachers_of_language_models_stand_in_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("data")).unwrap();
    let prose = fs::read_to_string(root().join("www/assets/prose/test.txt")).unwrap();
    for name in ["train", "dev", "test"] {
        fs::write(at.join(format!("data/{name}.txt")), prose.lines().take(120).collect::<Vec<_>>().join("\n")).unwrap();
    }
    for way in 0..5 {
        let figure = Case::new("autoregressive/atkd", &[("way", way), ("atkd", way % 2)]);
        let (shown, tests) = figure.distilled(at);
        stands(&shown, &tests, way, |eval| eval.loss);
    }
    let figure = Case::new("autoregressive/atkd", &[("figure", 1), ("way", 0), ("atkd", 1)]);
    let (shown, tests) = figure.distilled(at);
    stands(&shown, &tests, 0, |eval| 100.0 * eval.written.as_ref().unwrap().rouge_l);
    for (teacher, by) in [(0, 0), (1, 1)] {
        let (shown, tests) = Case::new("autoregressive/bigger", &[("teacher", teacher), ("by", by)]).distilled(at);
        stands(&shown, &tests, teacher, |eval| eval.loss);
        let run = fs::read_to_string(at.join("run.toml")).unwrap();
        assert!(run.contains(["builtin:prose-small", "builtin:prose-large"][teacher]), "{run}");
    }
}

/// A step of the chosen run, taken apart.
fn step(figure: &Case, at: &Path) -> Apart {
    figure.lay(at);
    let words = ["step", "run.toml", "--after", "1", "--example", "3", "--device", "cpu", "--json"];
    serde_json::from_str(&retort(at, &words).fine()).unwrap()
}

#[test]
fn a_step_of_every_phase_is_told_line_by_line() {
    let folder = bench();
    // Long enough that some of its words are hidden.
    let train = folder.path().join("data/train.tsv");
    let text = fs::read_to_string(&train).unwrap();
    let long = text.lines().enumerate().map(|(place, line)| match line.split_once('\t') {
        Some((words, label)) if place > 0 => format!("{}\t{label}", [words; 6].join(" ")),
        _ => line.to_owned(),
    });
    fs::write(&train, long.collect::<Vec<_>>().join("\n") + "\n").unwrap();
    for phase in 0..19 {
        let figure = Case::new("survey/step", &[("one", phase)]);
        let apart = step(&figure, folder.path());
        let sum: f64 = apart.lines.iter().map(|line| line.value).sum();
        assert!((sum - apart.total).abs() < 1e-4 * apart.total.abs().max(1.0), "{sum} {}", apart.total);
        if let [line] = &apart.lines[..] {
            let off = (line.slope - apart.gradient_norm).abs();
            assert!(off < 1e-4 * apart.gradient_norm, "{} {}", line.slope, apart.gradient_norm);
        }
        let shown = figure.with(serde_json::to_string(&[&apart]).unwrap());
        let table = shown.pictures[0].table();
        let of = |value: fn(&LineOf) -> f64| apart.lines.iter().map(|line| Some(value(line))).collect::<Vec<_>>();
        assert_eq!(column(&table, "value, weighed"), of(|line| line.value));
        assert_eq!(column(&table, "slope on the weights"), of(|line| line.slope));
        assert_eq!(shown.pictures.len(), 2);
    }
}

#[test]
fn a_step_s_pull_is_the_core_s() {
    let folder = bench();
    let figure = Case::new("sparse-teachers/step", &[]);
    let apart = step(&figure, folder.path());
    let shown = figure.with(serde_json::to_string(&[&apart]).unwrap());
    // T and α are at first those of the run file.
    let equation = shown.equation.unwrap();
    assert!(equation.ends_with(&format!("= {:.3}", apart.total)), "{equation} {}", apart.total);
    let slopes = column(&shown.pictures[3].table(), "both");
    assert_eq!(slopes.len(), 2);
    for (found, class) in slopes.iter().zip(&apart.rows[0].classes) {
        assert!((found.unwrap() - class.gradient).abs() < 1e-5, "{found:?} {}", class.gradient);
    }
}

#[test]
fn a_procedure_s_stages_and_levels_are_shown_as_they_come() {
    let folder = bench();
    let at = folder.path();
    for (name, arms) in [("sparse-teachers/stages", vec![]), ("sparse-teachers/arms", vec!["random"])] {
        let figure = Case::new(name, &[]);
        figure.lay(at);
        let _ = fs::remove_dir_all(at.join("out"));
        let text = retort(at, &["stark", "run.toml", "--device", "cpu", "--json", "--out", "out"]).fine();
        let lines: Vec<&str> = text.lines().collect();
        let told: Vec<Told> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let levels = told.iter().filter_map(|told| if let Told::Level { level } = told { Some(level) } else { None });
        let levels: Vec<_> = levels.collect();
        assert_eq!(levels.iter().filter(|level| level.arm == "random").count(), arms.len());
        // It may be looked at whenever something was told.
        let recorded = figure.first();
        let mut seen = vec![];
        for count in 1..=lines.len() {
            seen.push(figure.with(lines[..count].join("\n")));
        }
        let [first, last] = [&seen[0], &seen[seen.len() - 1]];
        assert_eq!(first.told, recorded.told, "before anything was evaluated what is recorded stays");
        let tables: Vec<Table> = last.pictures.iter().map(|figure| figure.table()).collect();
        if name == "sparse-teachers/arms" {
            for (arm, column_of) in
                [("trial", "yours: whole"), ("lambda-0.5", "yours: scored units"), ("random", "yours: random units")]
            {
                let level = levels.iter().find(|level| level.arm == arm).unwrap();
                for (table, figure) in tables.iter().zip([level.teacher[0], level.student[1]]) {
                    let found: Vec<f64> = column(table, column_of).into_iter().flatten().collect();
                    assert_eq!(found, [100.0 * figure.accuracy], "{arm}");
                }
            }
        } else {
            assert_eq!(tables.len(), 3);
            let both = [0, 2].map(|place| column(&tables[place], "student")[0]);
            assert!(both[0].is_some() && both[0] == both[1], "both begin alike: {both:?}");
            assert!(last.told[0].starts_with("Both students begin from the same weights"), "{:?}", last.told);
            assert!(last.told.last().unwrap().starts_with("Your students take 2 steps each;"), "{:?}", last.told);
        }
    }
}

#[test]
fn draws_of_a_pilot_are_means_beside_the_recorded_ones() {
    let folder = bench();
    let at = folder.path();
    let figure = Case::new("sparse-teachers/pilot", &[("sparsity", 3)]);
    figure.lay(at);
    retort(at, &["distil", "run.toml", "--plan", "--device", "cpu"]).fine();
    let words =
        ["pilot", "builtin:rotten-tomatoes-deep", "--data", "data", "--sparsities", "0,3", "--seeds", "2", "--json"];
    let curves: serde_json::Value =
        serde_json::from_str(&retort(at, &[&words[..], &["--device", "cpu"]].concat()).fine()).unwrap();
    let points = &curves[0]["points"];
    let shown = figure.with(points.to_string());
    let of = |key: &str, at: usize| (0..2).map(|draw| points[2 * at + draw][key].as_f64().unwrap()).sum::<f64>() / 2.0;
    for (place, (key, scale)) in [("accuracy", 100.0), ("confidence", 1.0)].into_iter().enumerate() {
        let found: Vec<f64> =
            column(&shown.pictures[place].table(), "your run’s teacher").into_iter().flatten().collect();
        for (found, at) in found.iter().zip([0, 1]) {
            assert!((found - scale * of(key, at)).abs() < 1e-9, "{key}");
        }
        assert_eq!(found.len(), 2);
    }
    assert!(shown.told.last().unwrap().contains(": 2 draws, where"), "{:?}", shown.told);
}
