use super::*;
use pollster::block_on;

use crate::{
    model::Config,
    objective::Pair,
    platform::{self, DeviceChoice, Store},
    run::{Init, Stage},
    train::Chain,
};

#[test]
fn every_recipe_is_a_run() {
    for recipe in RECIPES {
        let (about, _) = recipe.parts().unwrap_or_else(|error| panic!("{}: {error}", recipe.name));
        assert!(!about.title.is_empty() && !about.paper.is_empty(), "{}", recipe.name);
        let run = recipe.run().unwrap_or_else(|error| panic!("{}: {error}", recipe.name));
        assert_eq!(run.recipe.as_deref(), Some(recipe.name));
        // What was executed reads back to the same run.
        assert_eq!(Run::from_toml("run.toml", &run.to_toml().unwrap()).unwrap(), run, "{}", recipe.name);
    }
}

#[test]
fn every_example_can_be_run_as_it_is() {
    let opened = block_on(platform::open(DeviceChoice::Cpu)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for recipe in RECIPES {
        let run = recipe.example().unwrap();
        let again = Run::from_toml("run.toml", &run.to_toml().unwrap()).unwrap();
        assert_eq!(again, run, "{}", recipe.name);
        block_on(async {
            let store = Store::open(&folder.path().join(recipe.name).display().to_string()).await.unwrap();
            let opening = Chain::open(again, store, opened.clone(), false).await;
            opening.unwrap_or_else(|error| panic!("{}: {error}", recipe.name));
        });
    }
}

#[test]
fn a_run_file_replaces_what_it_names() {
    let text = "recipe = \"pkd_skip\"\n[student]\nlayers = 3\n";
    let run = Run::from_toml("run.toml", text).unwrap();
    assert_eq!((run.student.layers, &run.student.init), (3, &Init::FirstLayers));
    let methods: Vec<&str> = run.phases[0].objectives.iter().map(|weighted| weighted.method.as_str()).collect();
    assert_eq!(methods, ["kd", "pkd"]);
    let alone = format!("{text}[[phases]]\nobjectives = [{{ method = \"kd\" }}]\n");
    assert_eq!(Run::from_toml("run.toml", &alone).unwrap().phases[0].objectives.len(), 1);
}

#[test]
fn setting_a_recipe_replaces_the_phases() {
    let run = Run::default().set("recipe=tinybert").unwrap();
    let stages: Vec<Stage> = run.phases.iter().map(|phase| phase.stage).collect();
    assert_eq!(stages, [Stage::Text, Stage::Task, Stage::Task]);
    assert_eq!(run.phases[0].objectives.len(), 3);
}

#[test]
fn an_unknown_recipe_is_answered_with_the_nearest() {
    let error = Run::from_toml("run.toml", "recipe = \"tinybirt\"").unwrap_err().to_string();
    assert!(error.starts_with("run.toml: recipe: wanted `tinybert` (or "), "{error}");
}

/// Whether every objective of a recipe accepts this student beside a teacher of width 32, 4 heads
/// and 4 layers.
fn accepts(recipe: &Recipe, width: usize, heads: usize) -> bool {
    let labels = ["a".to_owned(), "b".to_owned()];
    let shape = |layers, width, heads| Config::classifier(99, 16, &labels).with_shape(layers, width, heads, 64, 0.1);
    let (teacher, student) = (shape(4, 32, 4), shape(2, width, heads));
    let pair = Pair { student: &student, teacher: &teacher, place: 0 };
    let run = recipe.run().unwrap();
    run.phases.iter().flat_map(|phase| &phase.objectives).all(|weighted| {
        let objective = weighted.build("here").unwrap();
        objective.fits("here", &pair).is_ok()
    })
}

#[test]
fn a_recipe_constrains_what_it_says() {
    for recipe in RECIPES {
        let (about, _) = recipe.parts().unwrap();
        assert!(accepts(recipe, 32, 4), "{} refuses a student of the teacher's width and heads", recipe.name);
        assert_eq!(accepts(recipe, 16, 4), about.constraint != Constraint::Width, "{}: another width", recipe.name);
        assert_eq!(accepts(recipe, 32, 2), about.constraint != Constraint::Heads, "{}: other heads", recipe.name);
    }
}

#[test]
fn the_table_is_the_survey_s() {
    let rows = rows().unwrap();
    let line = |name: &str| rows.iter().find(|row| row.name == name).unwrap();
    let cells = |name: &str| -> Vec<(Column, &str)> {
        line(name).cells.iter().map(|(column, losses)| (*column, losses.as_str())).collect()
    };
    assert_eq!(cells("kd"), [(Column::Soft, "KL"), (Column::Hard, "CE")]);
    assert_eq!(cells("pkd_skip"), [(Column::Layers, "MSE"), (Column::Soft, "KL"), (Column::Hard, "CE")]);
    assert_eq!(cells("distilbert"), [(Column::Last, "cos"), (Column::Words, "KL"), (Column::MaskedWords, "CE")]);
    assert_eq!(cells("minilm"), [(Column::Probs, "KL"), (Column::Values, "KL")]);
    assert_eq!(
        cells("tinybert"),
        [(Column::Embeddings, "MSE"), (Column::Scores, "MSE"), (Column::Layers, "MSE"), (Column::Soft, "CE")]
    );
    assert_eq!((line("tinybert").distillations, line("tinybert").stage), (3, "both"));
    assert_eq!(cells("soft_only"), [(Column::Words, "KL"), (Column::Soft, "CE")]);
    assert_eq!(line("mixbaseline").cells.len(), 11);
}

#[test]
fn a_run_without_a_term_lacks_its_cell() {
    let mut run = Recipe::find("here", "pkd_skip").unwrap().run().unwrap();
    run.phases[0].objectives.retain(|weighted| weighted.method != "pkd");
    let owned =
        |list: &[(Column, &str)]| list.iter().map(|(column, loss)| (*column, (*loss).into())).collect::<Vec<_>>();
    assert_eq!(cells(&run, false).unwrap(), owned(&[(Column::Soft, "KL"), (Column::Hard, "CE")]));
    assert_eq!(cells(&run, true).unwrap(), owned(&[(Column::Words, "KL"), (Column::MaskedWords, "CE")]));
}

#[test]
fn the_readme_has_this_table() {
    let readme = include_str!("../../../README.md");
    let table = markdown().unwrap();
    assert!(readme.contains(&table), "README.md lacks this table:\n{table}");
}

#[test]
fn decoders_match_words() {
    for recipe in RECIPES {
        let (about, _) = recipe.parts().unwrap();
        let row = rows().unwrap().into_iter().find(|row| row.name == recipe.name).unwrap();
        if about.decoders {
            assert!(row.cells.iter().any(|(column, _)| *column == Column::Words), "{row:?}");
            assert!(row.cells.iter().all(|(column, _)| ![Column::Soft, Column::Hard].contains(column)), "{row:?}");
            assert_eq!(row.stage.ends_with("on-policy"), recipe.run().unwrap().phases[0].writing.is_some());
        }
    }
}
