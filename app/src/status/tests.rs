//! The page, as the messages of its worker make it.

use super::*;

fn opened(run: String) -> FromWorker {
    FromWorker::Opened { id: "calm-flask-07".into(), title: "a".into(), run }
}

#[test]
fn the_stages_follow_the_worker() {
    let mut page = Page::default();
    assert_eq!(page.summary(), "Looking for a device…");
    page.hear(FromWorker::Fetching { bytes: 1_540_000, of: 4_000_000 });
    assert_eq!(page.summary(), "Fetching the trainer: 1.5 of 4.0 MB.");
    page.hear(FromWorker::Fetching { bytes: 4_000_000, of: 4_000_000 });
    assert_eq!(page.summary(), "Looking for a device…");
    page.hear(FromWorker::Ready { adapters: vec![], stored: None });
    assert_eq!((page.stage, page.live), (Stage::Closed, false));
    page.hear(opened(String::new()));
    assert_eq!((page.stage, page.live), (Stage::Paused, true));
    page.hear(FromWorker::Running);
    assert_eq!(page.stage, Stage::Running);
    page.hear(FromWorker::Event { event: Event::Done { steps: 5, seconds: 1.0 } });
    assert_eq!(page.summary(), "Finished after 5 steps.");
    page.hear(FromWorker::Paused);
    assert_eq!(page.stage, Stage::Over);
}

#[test]
fn a_procedure_is_over_with_its_last_run_and_not_before() {
    let mut page = Page::default();
    let demo = crate::preset::PRESETS[0].run().unwrap();
    page.hear(opened(demo.set("stark.levels=[10]").unwrap().to_toml().unwrap()));
    let stage = retort_core::train::stark::Stage::Trial;
    page.hear(FromWorker::Stark { told: Told::Stage { stage, number: 1, of: 4 } });
    assert_eq!(page.summary(), "Ready to train (stage 1 of 4, trial).");
    page.hear(FromWorker::Running);
    page.hear(FromWorker::Event { event: Event::Done { steps: 5, seconds: 1.0 } });
    assert_eq!(page.stage, Stage::Running);
    page.stark.as_mut().unwrap().over = true;
    page.hear(FromWorker::Paused);
    assert_eq!((page.stage, page.summary().as_str()), (Stage::Over, "Finished: 0 students."));
    page.hear(opened(demo.to_toml().unwrap()));
    assert_eq!(page.stark, None);
}

#[test]
fn a_hidden_tab_is_told_of_when_it_comes_back() {
    let mut page = Page { stage: Stage::Running, ..Page::default() };
    page.view.step = 4;
    page.hide(true);
    page.view.step = 9;
    page.hide(false);
    assert!(page.notice.as_deref().unwrap().starts_with("This tab was hidden at step 4;"));
    let mut idle = Page::default();
    idle.hide(true);
    idle.hide(false);
    assert_eq!(idle.notice, None);
}

#[test]
fn what_the_models_said_goes_with_their_run() {
    let mut page = Page { stage: Stage::Paused, ..Page::default() };
    let continued = Continued { text: "a".into(), continuations: vec![], refused: None };
    page.hear(FromWorker::Continued(continued.clone()));
    assert_eq!(page.continued, Some((continued, 0)));
    page.hear(opened(String::new()));
    assert_eq!(page.continued, None);
}

#[test]
fn before_a_run_is_open_its_file_tells_what_is_asked() {
    let prose = Run::default().set("data.source=builtin:prose").unwrap();
    let mut page = Page::default();
    assert!(page.asks_words(&prose) && !page.asks_words(&Run::default()));
    let recorded = include_str!("../../../www/recorded/demo.jsonl");
    let events = retort_core::train::history(recorded.as_bytes());
    page.hear(opened(String::new()));
    page.hear(FromWorker::History { events });
    assert_eq!((page.stage, page.asks_words(&prose)), (Stage::Over, false));
}

#[test]
fn a_refusal_leaves_the_run_open_and_a_crash_closes_it() {
    let mut page = Page { stage: Stage::Paused, ..Page::default() };
    page.hear(FromWorker::Failed { message: "no".into(), closed: false });
    assert_eq!((page.stage, page.trouble.as_deref()), (Stage::Paused, Some("no")));
    page.hear(FromWorker::Failed { message: "the disk is full".into(), closed: true });
    let told = "the disk is full. The last checkpoint is safe; you can go on from it.";
    assert_eq!((page.stage, page.trouble.as_deref()), (Stage::Closed, Some(told)));
    page.hear(FromWorker::Crashed { message: "memory allocation of 9 bytes failed".into() });
    assert_eq!(page.stage, Stage::Closed);
    assert!(page.trouble.unwrap().starts_with("The device ran out of memory."));
}

#[test]
fn a_series_stands_still_when_nothing_is_open_any_more() {
    let mut page = Page { stage: Stage::Running, ..Page::default() };
    let seeds = vec![crate::library::Seeded { seed: 1, ..Default::default() }];
    page.hear(FromWorker::Seeds { seeds: seeds.clone(), going: true });
    page.hear(opened(String::new()));
    assert!(page.series.going, "its next run is no end");
    page.hear(FromWorker::Failed { message: "the disk is full".into(), closed: true });
    assert_eq!((page.series.going, &page.series.seeds), (false, &seeds));
    page.series.going = true;
    page.hear(FromWorker::Ready { adapters: vec![], stored: None });
    assert!(!page.series.going, "it was stopped");
}

#[test]
fn what_a_file_has_is_known_by_its_name_and_the_same_draw_is_one_point() {
    let mut page = Page::default();
    let sheet = Sheet { columns: vec!["text".into()], rows: 2 };
    page.hear(FromWorker::Sheet { name: "a.tsv".into(), sheet: Some(sheet.clone()), refused: None });
    page.hear(FromWorker::Sheet { name: "b.tsv".into(), sheet: None, refused: Some("no".into()) });
    assert_eq!((&page.sheets["a.tsv"], &page.sheets["b.tsv"]), (&Ok(sheet), &Err("no".into())));
    let point = Point { sparsity: 0.1, seed: 1, accuracy: 0.5, confidence: 0.1 };
    for gone in [Gone::Weights, Gone::Units, Gone::Units] {
        page.hear(FromWorker::Sparse { gone, point });
    }
    assert_eq!(page.sparse.len(), 2);
    page.hear(opened(String::new()));
    assert!(page.sparse.is_empty(), "another teacher");
}
