use pollster::block_on;

use super::{super::chain::Bench, *};
use crate::train::{Chain, history, provenance_of};

/// A run without assistants whose rate is always the same, so that a longer budget changes no step.
fn plain(bench: &Bench) -> Run {
    let run = Run { assistants: None, name: "plain".into(), ..bench.run() };
    let set = ["phases.0.optimizer.decay=constant", "phases.0.optimizer.warmup=0.0", "phases.0.keep_best=false"];
    set.iter().fold(run, |run, assignment| run.set(assignment).unwrap())
}

impl Bench {
    async fn store(&self, name: &str) -> Store {
        Store::open(&self.at(name)).await.unwrap()
    }

    async fn branched(&self, from: &str, start: Start, run: &Run, to: &str) -> Result<()> {
        branch(&self.store(from).await, start, run, &self.store(to).await, &self.opened).await
    }

    async fn go_on(&self, run: &Run, to: &str) -> Vec<Event> {
        let mut chain = Chain::open(run.clone(), self.store(to).await, self.opened.clone(), true).await.unwrap();
        let mut events = vec![];
        while let Some(event) = chain.next().await.unwrap() {
            events.push(event);
        }
        events
    }
}

#[test]
fn a_longer_budget_goes_on_as_if_it_had_always_been_longer() {
    let bench = Bench::new();
    block_on(async {
        let (short, long) = (plain(&bench), plain(&bench).set("phases.0.steps=9").unwrap());
        bench.whole(&short, "short").await;
        bench.whole(&long, "long").await;
        let named = long.set("name=further").unwrap();
        bench.branched("short", Start::Last, &named, "branch").await.unwrap();
        bench.go_on(&named, "branch").await;
        assert_eq!(bench.losses("branch"), bench.losses("long"));
        let about = provenance_of(&bench.store("branch").await).await.unwrap().unwrap();
        assert_eq!(about.branched_from, Some(Origin { name: "plain".into(), step: 5, start: Start::Last }));
        // The other run is as it was.
        assert_eq!(bench.losses("short").len(), 5);
    });
}

#[test]
fn a_phase_more_follows_what_was_over() {
    let bench = Bench::new();
    block_on(async {
        let run = plain(&bench);
        bench.whole(&run, "one").await;
        let mut more = run.clone();
        more.phases.push(crate::run::Phase { name: "more".into(), steps: Some(3), ..run.phases[0].clone() });
        bench.branched("one", Start::Last, &more, "two").await.unwrap();
        let events = bench.go_on(&more, "two").await;
        assert!(matches!(events.last(), Some(Event::Done { steps: 8, .. })), "{:?}", events.last());
        assert_eq!(bench.losses("two")[..5], bench.losses("one"));
    });
}

#[test]
fn the_best_weights_are_taken_from_where_they_were_best() {
    let bench = Bench::new();
    block_on(async {
        let run = plain(&bench);
        let mut chain = bench.open(&run, "one", false).await.unwrap();
        // Evaluated at 2 and 4, stopped after 4.
        while let Some(event) = chain.next().await.unwrap() {
            if matches!(event, Event::Saved { step: 4, ref which } if which == "last") {
                break;
            }
        }
        let log = std::fs::read(bench.folder.path().join("one/metrics.jsonl")).unwrap();
        let best = history(&log).iter().rev().find_map(|event| match event {
            Event::Saved { step, which } if which == "best" => Some(*step),
            _ => None,
        });
        bench.branched("one", Start::Best, &run, "two").await.unwrap();
        let events = bench.go_on(&run, "two").await;
        let Some(Event::Started(started)) = events.first() else { panic!("no start") };
        assert_eq!(Some(started.resumed_at), best);
        // Another optimiser: the next step is the first of its moments.
        let hot = run.set("phases.0.optimizer.lr=0.01").unwrap();
        bench.branched("one", Start::Last, &hot, "three").await.unwrap();
        let steps = bench.go_on(&hot, "three").await;
        assert!(steps.iter().any(|event| matches!(event, Event::Step(step) if step.step == 5 && step.lr == 0.01)));
    });
}

#[test]
fn what_must_be_alike_is_refused_by_its_key_and_nothing_is_written() {
    let bench = Bench::new();
    block_on(async {
        let run = Run { control: false, ..plain(&bench) };
        let empty = bench.branched("none", Start::Last, &run, "to").await.unwrap_err().to_string();
        assert!(empty.contains("wanted a run to start from, found none"), "{empty}");
        bench.whole(&run, "one").await;
        for (assignment, wanted) in [
            ("data.max_length=12", "data.max_length: wanted 16, as in the run that it starts from"),
            ("student.hidden=16", "student.hidden: wanted 8, as"),
            ("teacher.model=elsewhere", "teacher.model: wanted \"builtin:rotten-tomatoes\", as"),
            ("control=true", "control: wanted false, found true"),
            ("phases.0.steps=5", "phases.0.steps: wanted more than the 5 that were taken, found 5"),
            ("phases.0.stage=text", "phases.0.stage: wanted \"task\", as"),
        ] {
            let other = run.set(assignment).unwrap();
            let error = bench.branched("one", Start::Last, &other, "to").await.unwrap_err().to_string();
            assert!(error.starts_with(wanted), "{error}");
        }
        assert_eq!(bench.store("to").await.list("").await.unwrap(), Vec::<String>::new());
        // The first sentences of the order are the data.
        let limited = run.set("data.limit=16").unwrap();
        bench.whole(&limited, "limited").await;
        let other = limited.set("seed=7").unwrap();
        let error = bench.branched("limited", Start::Last, &other, "to").await.unwrap_err().to_string();
        assert!(error.starts_with("seed: wanted 1, as"), "{error}");
        let longer = run.set("phases.0.steps=7").unwrap().set("seed=7").unwrap();
        bench.branched("one", Start::Last, &longer, "to").await.unwrap();
        let error = bench.branched("one", Start::Last, &longer, "to").await.unwrap_err().to_string();
        assert!(error.contains("a directory without a run"), "{error}");
    });
}
