//! The run files in the articles of `www/companions`: they are run files, as they stand, of models and data that
//! come with the program.

use std::fs;

use retort_core::run::Run;

use crate::program::root;

/// The run files of the articles, by the name of the article.
fn run_files() -> Vec<(String, String)> {
    let mut found = vec![];
    for entry in fs::read_dir(root().join("www/companions")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "md") {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let blocks =
            text.split("\n```run\n").skip(1).map(|after| after.split("\n```").next().unwrap().to_owned() + "\n");
        found.extend(blocks.map(|block| (name.clone(), block)));
    }
    found.sort();
    found
}

fn run_of(name: &str) -> Run {
    let (_, text) = run_files().into_iter().find(|(article, _)| article == name).expect(name);
    Run::from_toml(&format!("{name}.toml"), &text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_article_has_one_run_file_and_it_is_read() {
    let names: Vec<String> = run_files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["autoregressive", "homotopic", "sparse-teachers", "survey"]);
    for name in names {
        let run = run_of(&name);
        assert_eq!(run.name, name, "the run is called as its article");
        assert!(run.control, "{name}: beside the student learns its twin");
        assert!(!run.phases[0].objectives.is_empty(), "{name}: something is learned");
        // Nothing has to be fetched.
        let models = run.teacher.iter().flat_map(|teacher| teacher.models().chain(&teacher.pretrained));
        for place in models.chain([&run.data.source]) {
            assert!(place.starts_with("builtin:"), "{name}: `{place}`");
        }
        // What is written back is the same run.
        assert_eq!(Run::from_toml(&name, &run.to_toml().unwrap()).unwrap(), run, "{name}");
    }
}

#[test]
fn each_run_file_is_of_its_articles_method() {
    let methods = |name: &str| -> Vec<String> {
        run_of(name).phases[0].objectives.iter().map(|weighted| weighted.method.clone()).collect()
    };
    assert_eq!(methods("sparse-teachers"), ["kd"]);
    assert_eq!(run_of("sparse-teachers").stark.expect("[stark]").levels, [30.0, 60.0]);
    assert_eq!(methods("homotopic"), ["cross_entropy", "logits", "hidden", "attention_scores", "embeddings"]);
    assert_eq!(run_of("homotopic").phases[0].shrinking.as_ref().expect("[phases.shrinking]").keep, Some(0.5));
    assert_eq!(methods("survey"), ["kd", "pkd"]);
    assert_eq!(methods("autoregressive"), ["atkd"]);
}

/// What the articles' commands change in them.
#[test]
fn the_commands_of_the_articles_set_what_there_is() {
    let changed = [
        ("homotopic", "phases.0.shrinking.by=magnitude"),
        ("survey", "recipe=tinybert"),
        ("autoregressive", "phases.0.objectives=[{ method = 'logits', loss = 'kl' }]"),
    ];
    for (name, assignment) in changed {
        let text = fs::read_to_string(root().join(format!("www/companions/{name}.md"))).unwrap();
        assert!(text.contains(assignment), "{name}: a command says `{assignment}`");
        run_of(name).set(assignment).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
