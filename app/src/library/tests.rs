use pollster::block_on;
use retort_core::{
    archive::pack,
    checkpoint::{Files, HostTensor, safetensors_write},
    run::Run,
    train::{METRICS, uploads},
};

use super::*;
use crate::state::tests::{eval, started};

struct Shelf {
    dir: tempfile::TempDir,
    library: Library,
}

impl Shelf {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let library = Library::open(dir.path().join("retort").to_str().unwrap()).await.unwrap();
        Self { dir, library }
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.dir.path().join("retort").join(path)
    }

    /// A run that was stopped after three steps of nine.
    async fn keep(&self, name: &str) -> Open {
        let mut open = self.library.begin().await.unwrap();
        fill(&open.store, name).await;
        self.library.finish(&mut open, name, None).await.unwrap();
        open
    }
}

async fn fill(store: &Store, name: &str) {
    let events = [started(0), eval(2, "student", "dev", 0.5), eval(3, "student", "dev", 0.75)];
    let log: String = events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect();
    store.write(METRICS, log.as_bytes()).await.unwrap();
    let metadata = [("state".to_owned(), r#"{"position":{"step":3}}"#.to_owned())];
    let tensors = [("w".to_owned(), HostTensor { shape: vec![1], data: vec![0.5] })];
    let last = safetensors_write(&tensors.into(), metadata.into()).unwrap();
    store.write("checkpoints/last.safetensors", &last).await.unwrap();
    let run = Run { name: name.into(), ..Run::default() };
    store.write(RUN, run.to_toml().unwrap().as_bytes()).await.unwrap();
}

#[test]
fn a_run_counts_once_it_is_complete_and_tells_where_it_stands() {
    block_on(async {
        let shelf = Shelf::new().await;
        let mut open = shelf.library.begin().await.unwrap();
        fill(&open.store, "one").await;
        assert_eq!(shelf.library.list().await.unwrap(), vec![], "not before it says so");
        shelf.library.finish(&mut open, "  My run ", None).await.unwrap();
        let id = open.id.clone();
        let [stored] = &shelf.library.list().await.unwrap()[..] else { panic!("one run") };
        assert!(stored.open && stored.changed >= stored.created && stored.bytes > 100, "{stored:?}");
        assert_eq!((stored.id.as_str(), stored.title.as_str()), (id.as_str(), "My run"));
        assert_eq!((stored.step, stored.steps, stored.done, stored.hop.as_deref()), (3, 9, false, None));
        assert_eq!(stored.figures.len(), 1, "the last on dev");
        assert_eq!(stored.figures[0].accuracy, 0.75);
        drop(open);
        assert!(!shelf.library.list().await.unwrap()[0].open);
        shelf.library.rename(&id, "Other").await.unwrap();
        assert_eq!(shelf.library.list().await.unwrap()[0].title, "Other");
        for title in ["", " \n ", "a\nb", &"x".repeat(121)] {
            assert!(shelf.library.rename(&id, title).await.is_err(), "{title}");
        }
    });
}

#[test]
fn what_a_closed_tab_left_half_made_is_swept_and_what_is_being_made_is_not() {
    block_on(async {
        let shelf = Shelf::new().await;
        let left = shelf.library.begin().await.unwrap();
        fill(&left.store, "left").await;
        let left_id = left.id.clone();
        drop(left);
        let making = shelf.library.begin().await.unwrap();
        fill(&making.store, "making").await;
        assert!(!shelf.at(&format!("runs/{left_id}")).exists());
        let other = shelf.library.begin().await.unwrap();
        assert!(shelf.at(&format!("runs/{}/run.toml", making.id)).exists());
        let id = other.id.clone();
        shelf.library.give_up(&other).await;
        assert!(!shelf.at(&format!("runs/{id}")).exists());
    });
}

#[test]
fn a_run_has_one_writer_and_any_number_of_readers() {
    block_on(async {
        let shelf = Shelf::new().await;
        let open = shelf.keep("one").await;
        let error = shelf.library.take(&open.id).await.unwrap_err().to_string();
        assert_eq!(
            error,
            format!("{}: wanted a run that nobody else has open, found one that is open in another tab", open.id)
        );
        let error = shelf.library.delete(&open.id).await.unwrap_err().to_string();
        assert!(error.contains("open in another tab"), "{error}");
        let (store, title) = shelf.library.read(&open.id).await.unwrap();
        assert!(store.read(RUN).await.unwrap().is_some());
        assert_eq!(title, "one");
        let id = open.id.clone();
        drop(open);
        drop(shelf.library.take(&id).await.unwrap());
        shelf.library.delete(&id).await.unwrap();
        assert!(!shelf.at(&format!("runs/{id}")).exists());
        for id in [id.as_str(), "../a", ""] {
            let error = shelf.library.read(id).await.unwrap_err().to_string();
            assert!(error.starts_with("runs: wanted one of those that are kept here"), "{error}");
        }
    });
}

#[test]
fn the_run_of_an_earlier_version_is_one_of_them_where_it_lies() {
    block_on(async {
        let shelf = Shelf::new().await;
        let home = Store::open(shelf.at("").to_str().unwrap()).await.unwrap();
        fill(&home.below("b").await.unwrap(), "old").await;
        home.write("b/uploads/own.tsv", b"text").await.unwrap();
        home.write("a/run.toml", b"what had been replaced").await.unwrap();
        home.write("current", b"b").await.unwrap();
        let library = Library::open(home.root()).await.unwrap();
        let [stored] = &library.list().await.unwrap()[..] else { panic!("one run") };
        assert_eq!((stored.title.as_str(), stored.step, &stored.trouble), ("old", 3, &None));
        assert!(home.read("current").await.unwrap().is_none() && home.list("a").await.unwrap().is_empty());
        // As if it had been cut short before the end.
        home.write("current", b"b").await.unwrap();
        let library = Library::open(home.root()).await.unwrap();
        assert_eq!(library.list().await.unwrap().len(), 1);
        let (store, _) = library.read(&stored.id).await.unwrap();
        assert_eq!(store.read("uploads/own.tsv").await.unwrap().unwrap(), b"text");
        // Removed half-way, it is gone with whatever begins next.
        let about = home.read(&format!("runs/{}/about.json", stored.id)).await.unwrap().unwrap();
        home.remove(&format!("runs/{}/about.json", stored.id)).await.unwrap();
        assert!(library.list().await.unwrap().is_empty() && !home.list("b").await.unwrap().is_empty());
        let begun = library.begin().await.unwrap();
        assert!(home.list("b").await.unwrap().is_empty());
        library.give_up(&begun).await;
        drop(begun);
        // Removed at once, it leaves nothing either.
        fill(&home.below("b").await.unwrap(), "old").await;
        home.write(&format!("runs/{}/about.json", stored.id), &about).await.unwrap();
        library.delete(&stored.id).await.unwrap();
        assert!(home.list("b").await.unwrap().is_empty() && library.list().await.unwrap().is_empty());
    });
}

#[test]
fn an_archive_becomes_a_run_or_leaves_nothing() {
    block_on(async {
        let shelf = Shelf::new().await;
        let open = shelf.keep("one").await;
        uploads::keep(&open.store, &Files::from([("a.tsv".to_owned(), b"x".to_vec())])).await.unwrap();
        let bytes = pack(&open.store, &Files::new(), Some("Called so")).await.unwrap();
        let id = shelf.library.import("one.retort.zip", &bytes).await.unwrap();
        assert_ne!(id, open.id);
        let (store, title) = shelf.library.read(&id).await.unwrap();
        assert_eq!((store.read("uploads/a.tsv").await.unwrap().unwrap(), title.as_str()), (b"x".to_vec(), "Called so"));
        assert_eq!(shelf.library.list().await.unwrap().len(), 2);
        let error = shelf.library.import("half.retort.zip", &bytes[..bytes.len() / 2]).await.unwrap_err().to_string();
        assert!(error.starts_with("half.retort.zip: wanted a whole ZIP file"), "{error}");
        assert_eq!(std::fs::read_dir(shelf.at("runs")).unwrap().count(), 2);
    });
}

#[test]
fn a_run_that_cannot_be_read_is_listed_with_the_reason() {
    block_on(async {
        let shelf = Shelf::new().await;
        let open = shelf.keep("one").await;
        open.store.write(RUN, b"sead = 1").await.unwrap();
        let [stored] = &shelf.library.list().await.unwrap()[..] else { panic!("one run") };
        let trouble = stored.trouble.as_deref().unwrap();
        assert!(trouble.starts_with("the stored run, line 1: wanted `seed`"), "{trouble}");
        assert!(stored.bytes > 0 && stored.title == "one");
    });
}

#[test]
fn seeds_of_one_configuration_are_found_again_with_their_own_files() {
    block_on(async {
        let shelf = Shelf::new().await;
        let base = Run { name: "a".into(), seed: 7, ..Run::default() }.set("data.train=own.tsv").unwrap();
        let keep = async |run: &Run, text: &str, done: bool| {
            let mut open = shelf.library.begin().await.unwrap();
            fill(&open.store, &run.name).await;
            open.store.write(RUN, run.to_toml().unwrap().as_bytes()).await.unwrap();
            let files = Files::from([("own.tsv".to_owned(), text.as_bytes().to_vec())]);
            uploads::keep(&open.store, &files).await.unwrap();
            if done {
                let end = serde_json::to_string(&retort_core::train::Event::Done { steps: 9, seconds: 1.0 }).unwrap();
                open.store.append(METRICS, format!("{end}\n").as_bytes()).await.unwrap();
            }
            shelf.library.finish(&mut open, &series::of_seed(run, run.seed).1, None).await.unwrap();
            open.id.clone()
        };
        let of = |seed| series::of_seed(&base, seed).0;
        let first = keep(&of(1), "mine", true).await;
        let half = keep(&of(2), "mine", false).await;
        keep(&of(3), "another's", true).await;
        keep(&of(3).set("phases.0.steps=9").unwrap(), "mine", true).await;
        let mine = Files::from([("own.tsv".to_owned(), b"mine".to_vec())]);
        let found = shelf.library.seeded(&base, 3, &mine).await.unwrap();
        let told: Vec<_> = found.iter().map(|one| (one.seed, one.id.clone(), one.step, one.done)).collect();
        assert_eq!(told, [(1, Some(first), 3, true), (2, Some(half), 3, false), (3, None, 0, false)]);
        // Who brings no file, after a reload, takes what is there.
        let found = shelf.library.seeded(&base, 3, &Files::new()).await.unwrap();
        assert!(found[2].done, "{found:?}");
        assert_eq!(series::of_seed(&base, 2).1, "a, seed 2");
    });
}

#[test]
fn a_series_is_of_single_distillations() {
    let refused = |run: &Run, count| series::check(run, count).unwrap_err().to_string();
    assert_eq!(refused(&Run::default(), 1), "seeds: wanted from 2 to 20 of them, found 1");
    let stark = crate::preset::PRESETS[0].run().unwrap().set("stark.levels=[10]").unwrap();
    assert_eq!(refused(&stark, 3), "seeds: wanted a single distillation, found STARK, a procedure of many");
    assert!(series::check(&Run::default(), 20).is_ok());
}
