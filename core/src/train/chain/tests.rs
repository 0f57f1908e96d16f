use pollster::block_on;

use super::*;
use crate::{
    data::Tokenizer,
    model::{Config, Family, Task},
    platform::{self, DeviceChoice},
    run::Evaluation,
    train::history,
};

/// A folder with sentences that one word decides, and what it takes to run on them.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub opened: Opened,
}

const RUN_FILE: &str = r#"
name = "chain"
control = true
[data]
source = "DATA"
max_length = 16
[teacher]
model = "builtin:rotten-tomatoes"
[[assistants]]
layers = 2
hidden = 16
heads = 4
intermediate = 24
[student]
layers = 1
hidden = 8
heads = 4
intermediate = 16
[[phases]]
objectives = [{ method = "kd" }]
steps = 5
batch = 4
eval_every = 2
log_every = 1
"#;

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (split, count) in [("train", 20), ("dev", 6), ("test", 6)] {
            let rest = ["the film", "a story of people", "this", "an evening at the theatre"];
            let words = [["warm", "1"], ["dull", "0"], ["funny", "1"], ["flat", "0"]];
            let row = |index: usize| {
                let [word, label] = words[index % 4];
                format!("{} is {word}\t{label}\n", rest[(index * 3 + count) % 4])
            };
            let rows: String = (0..count).map(row).collect();
            std::fs::write(folder.path().join(format!("{split}.tsv")), format!("text\tlabel\n{rows}")).unwrap();
        }
        Self { folder, opened: block_on(platform::open(DeviceChoice::Cpu)).unwrap() }
    }

    pub fn at(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn run(&self) -> Run {
        Run::from_toml("chain.toml", &RUN_FILE.replace("DATA", &self.at(""))).unwrap()
    }

    pub async fn open(&self, run: &Run, out: &str, resume: bool) -> Result<Chain> {
        let store = Store::open(&self.at(out)).await?;
        Chain::open(run.clone(), store, self.opened.clone(), resume).await
    }

    /// Runs to the end and gives back every event.
    pub async fn whole(&self, run: &Run, out: &str) -> Vec<Event> {
        let mut chain = self.open(run, out, false).await.unwrap();
        let mut events = vec![];
        while let Some(event) = chain.next().await.unwrap() {
            events.push(event);
        }
        events
    }

    /// The losses that a directory's log tells.
    pub fn losses(&self, dir: &str) -> Vec<(usize, f64, f64)> {
        let log = std::fs::read(self.folder.path().join(dir).join(directory::METRICS)).unwrap();
        history(&log).iter().filter_map(loss).collect()
    }

    /// A masked language model beside the data.
    async fn words(&self) -> String {
        let at = self.at("words");
        let store = Store::open(&at).await.unwrap();
        let files = checkpoint::read_dir("builtin:rotten-tomatoes").await.unwrap();
        let plain = self.opened.device.clone();
        let teacher = checkpoint::load_model("teacher", &files, &plain).unwrap();
        let words = checkpoint::with_task(&teacher, Task::MaskedLm, &[], 7, &plain).unwrap();
        for (name, bytes) in checkpoint::save_model(&words).await.unwrap() {
            store.write(&name, &bytes).await.unwrap();
        }
        at
    }

    /// Gives a run texts, and a decoder that teaches to go on with them; tells its tokenizer.
    pub async fn writes(&self, run: &mut Run) -> Tokenizer {
        let line = |index: usize| format!("the film is {} and the story is {}\n", index % 7, index % 5);
        let text: String = (0..40).map(line).collect();
        let data = &mut run.data;
        data.source = String::new();
        for (split, file) in [("train", &mut data.train), ("dev", &mut data.dev), ("test", &mut data.test)] {
            let at = self.at(&format!("{split}.txt"));
            std::fs::write(&at, &text).unwrap();
            *file = Some(at);
        }
        let tokenizer = crate::data::tokenizer("builtin:rotten-tomatoes").await.unwrap();
        let config = Config::of(Family::Gpt2, tokenizer.vocab_size(), 16, tokenizer.pad_id(), tokenizer.end_id());
        let config = config.with_task(Task::CausalLm, &[]).unwrap().with_shape(2, 16, 4, 32, 0.0);
        let teacher = checkpoint::new_model(&config, 7, &self.opened.device).unwrap();
        let at = self.at("decoder");
        let store = Store::open(&at).await.unwrap();
        for (name, bytes) in checkpoint::save_model(&teacher).await.unwrap() {
            store.write(&name, &bytes).await.unwrap();
        }
        store.write("tokenizer.json", tokenizer.json()).await.unwrap();
        run.teacher.as_mut().unwrap().model = at;
        tokenizer
    }
}

fn loss(event: &Event) -> Option<(usize, f64, f64)> {
    match event {
        Event::Step(step) => step.losses.as_ref().map(|losses| (step.step, losses.total, losses.grad_norm)),
        _ => None,
    }
}

/// Every hop's events, its name first.
fn by_hop(events: &[Event]) -> Vec<(Hop, Vec<Event>)> {
    let mut hops: Vec<(Hop, Vec<Event>)> = vec![];
    for event in events {
        if let Event::Started(started) = event {
            hops.push((started.hop.clone().unwrap(), vec![]));
        }
        hops.last_mut().unwrap().1.push(event.clone());
    }
    hops
}

fn losses(events: &[Event]) -> Vec<(usize, f64, f64)> {
    events.iter().filter_map(loss).collect()
}

#[test]
fn every_hop_is_the_run_that_it_stands_for() {
    let bench = Bench::new();
    block_on(async {
        let run = bench.run();
        let hops = by_hop(&bench.whole(&run, "chain").await);
        let names: Vec<[&str; 2]> = hops.iter().map(|(hop, _)| [&*hop.teacher, &*hop.learner]).collect();
        assert_eq!(names, [["teacher", "assistant-1"], ["assistant-1", "student"]]);
        for (_, events) in &hops {
            assert!(matches!(events.last(), Some(Event::Done { steps: 5, .. })));
        }

        // The same by hand: one run after the other.
        let alone = |teacher: &str, student| {
            let mut run = Run { assistants: None, student, ..bench.run() };
            run.teacher.as_mut().unwrap().model = teacher.to_owned();
            run
        };
        let first = alone("builtin:rotten-tomatoes", run.assistants()[0].clone());
        let first = bench.whole(&Run { control: false, ..first }, "first").await;
        assert_eq!(losses(&first), losses(&hops[0].1));
        let second = bench.whole(&alone(&bench.at("first/student"), run.student.clone()), "second").await;
        assert_eq!(losses(&second), losses(&hops[1].1));
        let same = |file: &str| {
            let read = |dir: &str| std::fs::read(bench.folder.path().join(dir).join(file)).unwrap();
            read("chain") == read("second")
        };
        assert!(same("student/model.safetensors") && same("student/config.json"));

        // At the end there is everyone, with the figures that the hops had; only agreement is with
        // the teacher of all instead of one's own.
        let on_test = |events: &[Event], who: &str| {
            events.iter().find_map(|event| match event {
                Event::Eval(eval) if eval.who == who && eval.split == "test" => Some((eval.accuracy, eval.loss)),
                _ => None,
            })
        };
        let agreement = |events: &[Event], who: &str| {
            events.iter().rev().find_map(|event| match event {
                Event::Eval(eval) if eval.who == who => eval.agreement,
                _ => None,
            })
        };
        assert_eq!(agreement(&hops[1].1, "assistant-1"), agreement(&first, "student"));
        let last = &hops[1].1;
        for (who, there, name) in [
            ("teacher", &first, "teacher"),
            ("assistant-1", &first, "student"),
            ("student", &second, "student"),
            ("control", &second, "control"),
        ] {
            assert!(on_test(there, name).is_some(), "{name}");
            assert_eq!(on_test(last, who), on_test(there, name), "{who}");
        }
        let Event::Started(started) = &last[0] else { panic!("no start") };
        let Event::Started(before) = &first[0] else { panic!("no start") };
        assert_eq!(started.parameters_of("teacher"), before.parameters[0]);
        assert_eq!(started.parameters_of("assistant-1"), before.parameters[1]);
    });
}

#[test]
fn a_chain_goes_on_from_wherever_it_was_killed() {
    let bench = Bench::new();
    block_on(async {
        let run = bench.run();
        let events = bench.whole(&run, "whole").await;
        let over = events.iter().position(|event| matches!(event, Event::Done { .. })).unwrap() + 1;
        // In each hop, at both ends of the first one, and after the end.
        for cut in [1, over / 2, over - 1, over, over + 1, over + over / 2, events.len() - 1, events.len()] {
            let out = format!("cut-{cut}");
            let mut chain = bench.open(&run, &out, false).await.unwrap();
            for _ in 0..cut {
                chain.next().await.unwrap();
            }
            if cut % 2 == 0 {
                chain.save().await.unwrap();
            }
            drop(chain);
            let mut chain = bench.open(&run, &out, true).await.unwrap();
            while chain.next().await.unwrap().is_some() {}
            for dir in ["assistant-1", ""] {
                let path = |out: &str| format!("{out}/{dir}");
                assert_eq!(bench.losses(&path(&out)), bench.losses(&path("whole")), "{cut} events, {dir}");
            }
            let student = |out: &str| std::fs::read(bench.at(&format!("{out}/student/model.safetensors"))).unwrap();
            assert_eq!(student(&out), student("whole"), "{cut} events");
        }
    });
}

#[test]
fn an_assistant_teaches_words_as_it_was_before_the_task() {
    let bench = Bench::new();
    block_on(async {
        let mut run = bench.run().set("phases=[{ stage = \"text\", steps = 4, batch = 4, eval_every = 2, log_every = 1, objectives = [{ method = \"logits\" }] }, { steps = 3, batch = 4, log_every = 1, objectives = [{ method = \"kd\" }] }]").unwrap();
        run.teacher.as_mut().unwrap().pretrained = Some(bench.words().await);
        let hops = by_hop(&bench.whole(&run, "chain").await);
        let mut second = Run { assistants: None, ..run.clone() };
        let teacher = second.teacher.as_mut().unwrap();
        teacher.model = bench.at("chain/assistant-1/student");
        teacher.pretrained = Some(bench.at("chain/assistant-1/pretrained"));
        assert_eq!(losses(&bench.whole(&second, "second").await), losses(&hops[1].1));
        assert_eq!(hops[1].0.teacher, "assistant-1");

        // Killed where it goes from words to the task.
        let mut chain = bench.open(&run, "cut", false).await.unwrap();
        let mut phases = 0;
        while phases < 2 {
            phases += usize::from(matches!(chain.next().await.unwrap(), Some(Event::Phase { .. })));
        }
        drop(chain);
        let mut chain = bench.open(&run, "cut", true).await.unwrap();
        while chain.next().await.unwrap().is_some() {}
        assert_eq!(bench.losses("cut"), losses(&hops[1].1));
    });
}

#[test]
fn an_assistant_that_ends_with_words_teaches_words() {
    let bench = Bench::new();
    block_on(async {
        let mut run = bench.run().set("phases=[{ stage = \"text\", steps = 4, batch = 4, eval_every = 2, log_every = 1, objectives = [{ method = \"logits\" }] }]").unwrap();
        run.teacher.as_mut().unwrap().pretrained = Some(bench.words().await);
        let hops = by_hop(&bench.whole(&run, "chain").await);
        let mut second = Run { assistants: None, ..run.clone() };
        second.teacher.as_mut().unwrap().pretrained = Some(bench.at("chain/assistant-1/student"));
        assert_eq!(losses(&bench.whole(&second, "second").await), losses(&hops[1].1));
        // Whoever guesses classes is still the run's own teacher.
        assert_eq!(hops[1].0.teacher, "teacher");
        let Event::Started(started) = &hops[1].1[0] else { panic!("no start") };
        assert_eq!(started.others.iter().map(|(who, _)| who.as_str()).collect::<Vec<_>>(), ["assistant-1"]);
    });
}

#[test]
fn decoders_teach_in_a_chain_too() {
    let bench = Bench::new();
    block_on(async {
        let mut run = bench.run();
        bench.writes(&mut run).await;
        run.evaluation = Evaluation { samples: 2, max_new: 4, prompt: 4 };
        let hops = by_hop(&bench.whole(&run, "chain").await);
        let mut second = Run { assistants: None, ..run.clone() };
        second.teacher.as_mut().unwrap().model = bench.at("chain/assistant-1/student");
        assert_eq!(losses(&bench.whole(&second, "second").await), losses(&hops[1].1));
        assert_eq!(hops[1].0.teacher, "assistant-1");
        // At the end everyone has written.
        let written: Vec<&str> = hops[1]
            .1
            .iter()
            .filter_map(
                |event| if let Event::Eval(eval) = event { eval.written.as_ref().map(|_| &*eval.who) } else { None },
            )
            .collect();
        assert_eq!(written, ["teacher", "assistant-1", "student", "control"]);
    });
}

#[test]
fn what_does_not_fit_in_any_hop_is_found_before_the_first() {
    let bench = Bench::new();
    let refused = |run: Run| {
        let error = block_on(bench.open(&run, "refused", false)).err().unwrap().to_string();
        let left = std::fs::read_dir(bench.at("refused")).unwrap().count();
        assert_eq!(left, 0, "something was written before: {error}");
        error
    };
    let maps = bench.run().set("phases.0.objectives=[{ method = \"attention_probs\" }]").unwrap();
    assert_eq!(
        refused(maps.set("assistants.0.heads=2").unwrap()),
        "assistants.0: phases.0: attention_probs: wanted a student with as many heads as its teacher, 4, found 2"
    );
    assert_eq!(
        refused(maps.set("student.heads=2").unwrap()),
        "student after assistants.0: phases.0: attention_probs: wanted a student with as many heads as its teacher, \
         4, found 2"
    );
    assert_eq!(
        refused(bench.run().set("assistants.0.init={ layers = [0, 2] }").unwrap()),
        "assistants.0.init: wanted layers of the teacher, 0 to 1, found 2"
    );
    assert_eq!(
        refused(bench.run().set("student.init={ layers = [2] }").unwrap()),
        "student.init: wanted layers of the teacher, 0 to 1, found 2"
    );
    assert_eq!(
        refused(Run { teacher: None, ..bench.run() }),
        "assistants: wanted a [teacher] for the first of them, found none"
    );
}

#[test]
fn a_run_file_of_a_hop_is_the_chain_up_to_it() {
    let bench = Bench::new();
    block_on(async {
        let run = Run { recipe: Some("assistants".into()), ..bench.run() };
        bench.whole(&run, "chain").await;
        let store = Store::open(&bench.at("chain")).await.unwrap();
        assert_eq!(directory::run_of(&store).await.unwrap().unwrap(), run);
        let below = Store::open(&bench.at("chain/assistant-1")).await.unwrap();
        let hop = directory::run_of(&below).await.unwrap().unwrap();
        assert_eq!((hop.assistants(), &hop.student), (&[][..], &run.assistants()[0]));
        assert_eq!(hop.name, "chain-assistant-1");
        let error = bench.open(&run, "chain", false).await.err().unwrap().to_string();
        assert!(error.ends_with("wanted a directory without a run, or --resume, found a run"), "{error}");
    });
}
