//! What does not fit together is one clear sentence, before any work and with nothing written.

use std::{fs, path::Path};

use crate::{cli::taught, program::retort};

/// Runs `student.toml` with one value replaced and returns the sentence it is refused with.
fn refused(at: &Path, assignment: &str) -> String {
    let words = ["distil", "student.toml", "--device", "cpu", "--out", "refused", "--set", assignment];
    let error = retort(at, &words).refused(2);
    assert!(!at.join("refused/run.toml").exists(), "something was written for `{assignment}`");
    assert_eq!(error.lines().count(), 1, "more than a sentence: {error}");
    error
}

#[test]
fn a_batch_that_cannot_fit_is_refused_with_an_estimate() {
    let folder = taught();
    let error = refused(folder.path(), "phases.0.batch=2000000000");
    assert!(
        error.contains("batch 2000000000 on ") && error.contains("MiB") && error.contains("smaller batch"),
        "{error}"
    );
}

#[test]
fn sentences_longer_than_the_model_are_refused() {
    let folder = taught();
    let error = refused(folder.path(), "data.max_length=99");
    assert!(error.contains("data.max_length: wanted at most the model's 24 positions, found 99"), "{error}");
}

#[test]
fn a_student_with_more_layers_than_its_teacher_cannot_start_from_them() {
    let folder = taught();
    let error = refused(folder.path(), "student.init={ layers = [0, 7] }");
    assert_eq!(error, "retort: student.init: wanted layers of the teacher, 0 to 1, found 7");
}

#[test]
fn a_vocabulary_that_does_not_fit_the_teacher_is_refused() {
    let folder = taught();
    let error = refused(folder.path(), "data.tokenizer=builtin:rotten-tomatoes");
    assert!(error.contains("wanted token ids below "), "{error}");
}

#[test]
fn a_teacher_of_other_classes_is_refused() {
    let folder = taught();
    let at = folder.path();
    for split in ["train", "dev", "test"] {
        let path = at.join(format!("data/{split}.tsv"));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text + "a film\tneutral\n").unwrap();
    }
    let error = refused(at, "seed=1");
    assert!(error.contains("wanted a model with 3 classes (negative, neutral, positive), found 2 classes"), "{error}");
}

#[test]
fn a_damaged_teacher_is_refused_by_the_tensor_that_is_wrong() {
    let folder = taught();
    let at = folder.path();
    let path = at.join("runs/teacher/student/model.safetensors");
    let whole = fs::read(&path).unwrap();

    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = refused(at, "seed=1");
    assert!(error.contains("model.safetensors"), "{error}");

    let mut with_nan = whole.clone();
    let last = with_nan.len() - 4;
    with_nan[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&path, with_nan).unwrap();
    let error = refused(at, "seed=1");
    assert!(error.contains("NaN") && error.contains("weight") || error.contains("bias"), "{error}");

    let mut hostile = whole;
    hostile[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    fs::write(&path, hostile).unwrap();
    let error = refused(at, "seed=1");
    assert!(error.contains("model.safetensors"), "{error}");
}

#[test]
fn an_objective_that_needs_a_teacher_is_refused_without_one() {
    let folder = taught();
    let words = ["train", "teacher.toml", "--device", "cpu", "--out", "refused", "--set"];
    let error =
        retort(folder.path(), &[&words[..], &["phases.0.objectives=[{ method = \"kd\" }]"]].concat()).refused(2);
    assert_eq!(error, "retort: phases.0: kd: wanted a teacher, found none: the run file has no [teacher]");
}
