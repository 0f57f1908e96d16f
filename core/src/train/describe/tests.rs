use pollster::block_on;

use super::*;
use crate::train::chain::Bench;

fn run(bench: &Bench) -> Run {
    let mut run = bench.run();
    run.name = "described".into();
    run.data.max_length = 8;
    let phase = &mut run.phases[0];
    (phase.steps, phase.epochs, phase.batch) = (None, 2.0, 8);
    run
}

fn told(bench: &Bench, run: &Run) -> Description {
    block_on(describe(run, &bench.opened))
}

#[test]
fn a_chain_is_described_as_it_will_run() {
    let bench = Bench::new();
    let before = std::fs::read_dir(bench.folder.path()).unwrap().count();
    let told = told(&bench, &run(&bench));
    assert_eq!(told.problems, [""; 0]);
    let texts = told.texts.as_ref().unwrap();
    let counts: Vec<(usize, &[usize])> = texts.splits.iter().map(|of| (of.examples, &of.classes[..])).collect();
    assert_eq!(counts, [(20, &[10, 10][..]), (6, &[3, 3]), (6, &[3, 3])]);
    assert_eq!(texts.files[0].columns, ["text", "label"]);
    let train = &texts.splits[0];
    assert_eq!((train.counted, train.lengths.iter().map(|bin| bin.count).sum::<usize>()), (20, 20));
    // "an evening at the theatre is warm" has 7 words and two special tokens: more than 8.
    assert!(train.longest >= 9 && train.cut > 0.0 && train.cut < 1.0, "{train:?}");
    assert_eq!(train.samples[0].label.as_deref(), Some("1"));
    // 20 sentences in batches of 8, twice: 6 steps in each hop.
    assert_eq!((told.phases[0].steps, told.steps), (Some(6), Some(12)));
    let hops: Vec<[&str; 2]> = told.hops.iter().map(|hop| [&*hop.teacher, &*hop.learner]).collect();
    assert_eq!(hops, [["teacher", "assistant-1"], ["assistant-1", "student"]]);
    let models: Vec<&str> = told.hops[1].models.iter().map(|model| model.who.as_str()).collect();
    assert_eq!(models, ["assistant-1", "student", "control"]);
    for hop in &told.hops {
        let parts: u64 = hop.memory.parts.iter().map(|part| part.bytes).sum();
        assert_eq!(parts, hop.memory.total_bytes);
        assert!(hop.memory.fits && hop.memory.knobs.is_empty());
    }
    assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().count(), before);
    let json = serde_json::to_string(&told).unwrap();
    assert!(serde_json::from_str::<Description>(&json).is_ok(), "{json}");
}

#[test]
fn it_is_the_run_that_starts() {
    let bench = Bench::new();
    let run = Run { assistants: None, ..run(&bench) };
    let told = told(&bench, &run);
    block_on(async {
        let store = crate::platform::Store::open(&bench.at("out")).await.unwrap();
        let mut chain = crate::train::Chain::open(run, store, bench.opened.clone(), false).await.unwrap();
        let Some(crate::train::Event::Started(started)) = chain.next().await.unwrap() else { panic!("no start") };
        assert_eq!(told.steps, Some(started.steps));
        assert_eq!(told.hops[0].memory.total_bytes, started.memory_bytes);
        let parameters = |who: &str| told.hops[0].models.iter().find(|model| model.who == who).unwrap().parameters;
        assert_eq!([parameters("teacher"), parameters("student")], started.parameters.map(|count| count as u64));
        assert_eq!(told.texts.unwrap().splits.iter().map(|of| of.examples).collect::<Vec<_>>(), started.examples);
    });
}

#[test]
fn every_mistake_that_can_be_seen_is_told_at_once() {
    let bench = Bench::new();
    let mut run = run(&bench);
    run.data.source = bench.at("nowhere");
    run.teacher.as_mut().unwrap().model = bench.at("no-teacher");
    run.student.model = Some(bench.at("no-student"));
    run.student.heads = 3;
    let told = told(&bench, &run);
    let found = |text: &str| told.problems.iter().any(|problem| problem.contains(text));
    for text in ["student.heads", "nowhere", "no-teacher", "no-student"] {
        assert!(found(text), "{text}: {:?}", told.problems);
    }
    assert!(told.hops.is_empty() && told.steps.is_none());
}

#[test]
fn where_it_does_not_fit_a_knob_is_found_that_fits() {
    let bench = Bench::new();
    let whole = Run { assistants: None, ..run(&bench) };
    let run = whole.set("phases.0.batch=512").unwrap().set("data.max_length=32").unwrap();
    let free = told(&bench, &run).hops[0].memory.clone();
    let mut small = Bench::new();
    // Two thirds of what it takes.
    small.opened.adapter.memory_bytes = Some(free.total_bytes * 2 / 3);
    let tight = block_on(describe(&run, &small.opened));
    let memory = &tight.hops[0].memory;
    assert!(!memory.fits && (memory.strain - 1.5).abs() < 1e-3, "{}", memory.strain);
    assert_eq!(tight.problems.len(), 1);
    assert!(tight.problems[0].contains("; with phases.0.batch="), "{:?}", tight.problems);
    let error = block_on(async {
        let store = crate::platform::Store::open(&small.at("out")).await.unwrap();
        crate::train::Chain::open(run.clone(), store, small.opened.clone(), false).await.err().unwrap().to_string()
    });
    assert!(error.contains("of memory"), "{error}");
    for knob in &memory.knobs {
        let sets = knob.sets.iter().map(|(key, value)| format!("{key}={value}"));
        let changed = sets.fold(run.clone(), |run, assignment| run.set(&assignment).unwrap());
        let told = block_on(describe(&changed, &small.opened));
        assert_eq!(told.problems, [""; 0], "{knob:?}");
        assert!((told.hops[0].memory.strain - knob.strain).abs() < 1e-9 && knob.strain <= 0.8);
    }
    let keys: Vec<&str> = memory.knobs.iter().map(|knob| knob.sets[0].0.as_str()).collect();
    assert_eq!(keys, ["phases.0.batch", "data.max_length"]);
}

#[test]
fn a_teacher_that_does_not_fit_the_data_is_found_too() {
    let bench = Bench::new();
    let run = run(&bench).set("phases.0.objectives=[{ method = \"attention_probs\" }]").unwrap();
    let told = told(&bench, &run.set("student.heads=2").unwrap());
    let wanted = "student after assistants.0: phases.0: attention_probs: wanted a student with as many heads as its \
                  teacher, 4, found 2";
    assert_eq!(told.problems, [wanted]);
}
