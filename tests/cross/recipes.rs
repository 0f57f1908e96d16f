//! Recipes: every one to its end, stopped and continued between its stages, and refused where the
//! models do not fit.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use retort_core::{
    recipe::{RECIPES, Recipe},
    train::Event,
};

use crate::{
    cli::{events, log, losses, taught},
    program::{path, retort, said},
};

/// A masked language model of the teacher's shape, briefly trained on the same sentences.
const WORDS: &str = r#"
name = "words"
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
stage = "text"
steps = 6
batch = 8
eval_every = 6
objectives = [{ method = "cross_entropy" }]
"#;

/// A run that follows a recipe, with a student that any of them accepts.
fn following(recipe: &str) -> String {
    format!(
        r#"
name = "{recipe}"
recipe = "{recipe}"
control = true
[data]
source = "data"
max_length = 24
[teacher]
model = "runs/teacher/student"
pretrained = "runs/words/student"
others = ["runs/teacher/student"]
[student]
layers = 1
hidden = 16
heads = 2
intermediate = 32
"#
    )
}

/// The recipes that a classifier can follow.
fn for_encoders() -> impl Iterator<Item = &'static Recipe> {
    RECIPES.iter().filter(|recipe| !recipe.parts().unwrap().0.decoders)
}

/// A folder with a teacher, a masked language model, and a run file for every recipe.
fn shelf() -> tempfile::TempDir {
    let folder = taught();
    let at = folder.path();
    fs::write(at.join("words.toml"), WORDS).unwrap();
    retort(at, &["train", "words.toml", "--device", "cpu"]).fine();
    for recipe in for_encoders() {
        fs::write(at.join(format!("{}.toml", recipe.name)), following(recipe.name)).unwrap();
    }
    folder
}

/// `retort distil` with every phase cut to a few steps.
fn short(recipe: &str, out: &str, steps: usize) -> Vec<String> {
    let run = RECIPES.iter().find(|known| known.name == recipe).unwrap().run().unwrap();
    let mut words: Vec<String> =
        ["distil", &format!("{recipe}.toml"), "--device", "cpu", "--json", "--out", out].map(str::to_owned).to_vec();
    for phase in 0..run.phases.len() {
        for (key, value) in [("steps", steps), ("batch", 8), ("eval_every", 2), ("log_every", 1)] {
            words.extend(["--set".to_owned(), format!("phases.{phase}.{key}={value}")]);
        }
        for (position, weighted) in run.phases[phase].objectives.iter().enumerate() {
            if weighted.method == "relations" && weighted.settings.contains_key("heads") {
                words.extend(["--set".to_owned(), format!("phases.{phase}.objectives.{position}.heads=4")]);
            }
        }
    }
    words
}

fn run(at: &Path, words: &[String]) -> String {
    retort(at, &words.iter().map(String::as_str).collect::<Vec<_>>()).fine()
}

#[test]
fn every_recipe_runs_to_its_end_and_leaves_a_classifier() {
    let folder = shelf();
    let at = folder.path();
    for recipe in for_encoders() {
        let told = events(&run(at, &short(recipe.name, recipe.name, 3)));
        assert!(matches!(told.last(), Some(Event::Done { .. })), "{}", recipe.name);
        for (step, loss, _) in losses(&told) {
            assert!(loss.is_finite(), "{}: the loss of step {step} is {loss}", recipe.name);
        }
        // Of a chain the last hop.
        let last = told.iter().rposition(|event| matches!(event, Event::Started(_))).unwrap();
        let judged: Vec<&str> = told[last..]
            .iter()
            .filter_map(|event| if let Event::Eval(eval) = event { Some(eval) } else { None })
            .filter(|eval| eval.split == "test")
            .map(|eval| eval.who.as_str())
            .collect();
        let assistant: &[&str] = if recipe.name == "assistants" { &["assistant-1"] } else { &[] };
        let tutor: &[&str] = if recipe.name == "metakd" { &["tutor"] } else { &[] };
        assert_eq!(judged, [&["teacher"], assistant, &["student", "control"], tutor].concat(), "{}", recipe.name);
        let config = fs::read_to_string(at.join(recipe.name).join("student/config.json")).unwrap();
        assert!(config.contains("BertForSequenceClassification"), "{}: {config}", recipe.name);
    }
}

/// Runs until `count` steps are told, and interrupts.
#[cfg(unix)]
pub fn interrupted(at: &Path, words: &[String], count: usize) {
    let mut child =
        Command::new(path()).current_dir(at).args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let (mut line, mut seen) = (String::new(), 0);
    while seen < count {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the run ended too early");
        seen += usize::from(line.contains(r#""event":"step""#));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    // Whoever closes the pipe ends the run; so it is read to its end.
    for _ in reader.lines().map_while(Result::ok) {}
    let ended = said(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{}", ended.err);
}

#[cfg(unix)]
#[test]
fn a_recipe_in_stages_goes_on_from_any_of_them_to_the_same_losses() {
    let folder = shelf();
    let at = folder.path();
    let steps = 60;
    let whole = losses(&events(&run(at, &short("tinybert", "whole", steps))));
    assert_eq!(whole.len(), 3 * steps);
    for stage in 0..3 {
        let out = format!("cut-{stage}");
        let mut words = short("tinybert", &out, steps);
        interrupted(at, &words, stage * steps + 5);
        let stopped = losses(&log(at, &out)).last().unwrap().0;
        words.push("--resume".into());
        let told = events(&run(at, &words));
        let Some(Event::Started(started)) = told.first() else { panic!("no start") };
        assert_eq!(started.resumed_at, stopped);
        assert_eq!(losses(&log(at, &out)), whole, "{out}, stopped at step {stopped}");
    }
}

#[cfg(unix)]
#[test]
fn a_teacher_that_learns_goes_on_from_where_it_stopped() {
    let folder = shelf();
    let at = folder.path();
    let words = |out: &str| {
        let more = ["--set", "phases.0.teaching.lr=0.01"].map(str::to_owned);
        [short("metakd", out, 60), more.to_vec()].concat()
    };
    let whole = losses(&events(&run(at, &words("whole"))));
    interrupted(at, &words("cut"), 20);
    run(at, &[words("cut"), vec!["--resume".to_owned()]].concat());
    assert_eq!(losses(&log(at, "cut")), whole);
    let tutor = |out: &str| fs::read(at.join(out).join("tutor/model.safetensors")).unwrap();
    assert_eq!(tutor("cut"), tutor("whole"));
    assert_ne!(tutor("whole"), fs::read(at.join("runs/teacher/student/model.safetensors")).unwrap(), "it learned");
    retort(at, &["export", "whole", "exported"]).fine();
    assert_eq!(fs::read(at.join("exported/tutor/model.safetensors")).unwrap(), tutor("whole"));
}

#[test]
fn a_teacher_s_names_stay_where_the_data_only_number() {
    let folder = shelf();
    let at = folder.path();
    for split in ["train", "dev", "test"] {
        let path = at.join(format!("data/{split}.tsv"));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("\tnegative", "\t0").replace("\tpositive", "\t1")).unwrap();
    }
    for recipe in ["kd", "tinybert"] {
        run(at, &short(recipe, recipe, 2));
        let config = fs::read_to_string(at.join(recipe).join("student/config.json")).unwrap();
        assert!(config.contains(r#""0": "negative""#), "{recipe}: {config}");
    }
}

/// What a run file is refused with after some of its values were replaced.
fn refused(at: &Path, recipe: &str, assignments: &[&str]) -> String {
    let file = format!("{recipe}.toml");
    let mut words = vec!["distil", &file, "--device", "cpu", "--out", "refused"];
    words.extend(assignments.iter().flat_map(|assignment| ["--set", assignment]));
    let error = retort(at, &words).refused(2);
    assert!(!at.join("refused/run.toml").exists(), "something was written for {assignments:?}");
    error
}

#[test]
fn models_that_do_not_fit_a_recipe_are_refused() {
    let folder = shelf();
    let at = folder.path();
    let error = refused(at, "pkd_skip", &["student.init=random", "student.hidden=32"]);
    assert!(error.contains("pkd: wanted a student as wide as its teacher, 16, or a projection"), "{error}");
    let error = refused(at, "minilm", &["student.heads=4"]);
    assert!(
        error.contains("attention_probs: wanted a student with as many heads as its teacher, 2, found 4"),
        "{error}"
    );
    let error = refused(at, "minilmv2", &["phases.0.objectives.0.heads=3"]);
    assert!(error.contains("heads: wanted relation heads that divide the teacher's width of 16, found 3"), "{error}");
    let error = refused(at, "tinybert", &["student.layers=3"]);
    assert!(error.contains("map: wanted a number of student layers that divides the teacher's 2, found 3"), "{error}");
    let error = refused(at, "pkd_skip", &["phases.0.objectives.1.map=[[0, 5]]"]);
    assert!(error.contains("wanted student layers below 1 and teacher layers below 2, found [0, 5]"), "{error}");
    let error = refused(at, "soft_only", &["teacher.pretrained=runs/teacher/student"]);
    assert!(error.contains("wanted a masked language model, found `BertForSequenceClassification`"), "{error}");
    let words = fs::read_to_string(at.join("soft_only.toml")).unwrap();
    fs::write(at.join("soft_only.toml"), words.replace("pretrained = ", "# pretrained = ")).unwrap();
    let error = refused(at, "soft_only", &["seed=1"]);
    assert!(error.contains("wanted a teacher that guesses words (teacher.pretrained"), "{error}");
    let error = refused(at, "kd", &["phases.0.objectives=[{ method = \"atkd\", k = 1.5 }]"]);
    assert!(error.contains("k: wanted a number from 0 to 1, found 1.5"), "{error}");
    let error = refused(at, "kd", &["phases.0.teaching={}"]);
    assert!(
        error.contains("teaching: wanted objectives that the teacher can learn from (`metakd`), found `kd`"),
        "{error}"
    );
    let error = refused(at, "metakd", &["phases.0.teaching.quiz=1.0"]);
    assert!(error.contains("phases.0.teaching.quiz: wanted a share between 0 and 1, found 1"), "{error}");
    let error = refused(at, "kd", &["recipe=tinybrt"]);
    assert!(error.contains("wanted `tinybert` (or "), "{error}");
}
