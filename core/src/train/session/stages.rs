//! What happens at each stage of a run: its opening, a phase's beginning, a step, the judgement of
//! dev, and the end.

use burn::tensor::Tensor;
use web_time::Instant;

use super::{
    super::{
        companions::{self, is_companion},
        directory,
        evaluate::{Answers, judge},
        event::{Eval, Event, Losses, Started, Step, Written},
        held::Held,
        learner::{Learner, NORM, Scalars, TOTAL},
        schedule,
        shrink::{Felt, Shrink, Sizes},
        teaching::{QUIZ, TUTOR, parted},
    },
    Session, Stage,
};
use crate::{
    Result,
    data::{Masking, Order},
    model::{Model, Task},
    readback::read,
    run::{Phase, Stage as Reading},
};

impl Session {
    pub(super) async fn start(&mut self) -> Result<()> {
        let setup = &self.setup;
        let parameters = |model: &Model| model.parameters();
        self.pending.push_back(Event::Started(Started {
            name: self.run.name.clone(),
            seed: self.run.seed,
            adapter: self.opened.adapter.clone(),
            steps: self.plan.iter().sum(),
            resumed_at: self.position.step,
            examples: [0, 1, 2].map(|split| setup.encodings[split].len()),
            labels: setup.dataset.labels.clone(),
            parameters: [setup.teachers.first().map_or(0, parameters), parameters(&setup.learners[0].model)],
            init_hash: setup.init_hash.clone(),
            data_hash: setup.dataset.hash.clone(),
            memory_bytes: setup.memory_bytes,
            notes: setup.dataset.notes.clone(),
            hop: self.hop.clone(),
            others: self.others(),
        }));
        if let Some(teacher) = self.measure().await? {
            for split in 1..=self.reported() {
                self.taught[split - 1] = Some(self.answers(&teacher, split).await?);
            }
            self.measure_mentor().await?;
            self.report_teacher(1, None);
        }
        if self.position.step == 0 && !self.position.done {
            for who in 0..self.setup.learners.len() {
                let eval = self.evaluate(who, 1).await?;
                self.pending.push_back(Event::Eval(eval));
            }
        }
        self.stage = match self.position.phase < self.plan.len() {
            _ if self.position.done => Stage::Over,
            true => Stage::Phase,
            false => Stage::Ending,
        };
        Ok(())
    }

    pub(super) async fn begin_phase(&mut self) -> Result<()> {
        let index = self.position.phase;
        let phase = self.run.phases[index].clone();
        self.pending.push_back(Event::Phase { index, name: phase.name.clone(), steps: self.plan[index] });
        let device = self.opened.device.clone().autodiff();
        self.setup.answer(phase.stage, &self.run, &device)?;
        self.masking = match self.setup.task(phase.stage) {
            Task::MaskedLm => Some(Masking::new(&self.setup.tokenizer, phase.masking)?),
            Task::Classification | Task::CausalLm => None,
        };
        let lengths = self.setup.train(phase.stage).lengths();
        let order = Order::new(&lengths, phase.batch, self.run.seed.wrapping_add(index as u64));
        (self.order, self.quiz) = match &phase.teaching {
            Some(teaching) => {
                let [learned, quiz] = parted(lengths.len(), teaching, self.run.seed);
                (Some(order.clone().among(learned)), Some(order.among(quiz)))
            }
            None => (Some(order), None),
        };
        if self.position.phase_step == 0 {
            self.assign_objectives(true)?;
        }
        self.kept = self.keep(&phase).await?;
        self.logged = (self.clock(), self.position.step);
        self.stage = Stage::Training;
        Ok(())
    }

    /// The phase that the session is in, or ended with.
    pub(super) fn phase_now(&self) -> &Phase {
        let last = self.run.phases.len() - 1;
        &self.run.phases[self.position.phase.min(last)]
    }

    /// Gives every learner the objectives of the current phase; `fresh` also resets its optimiser.
    pub(super) fn assign_objectives(&mut self, fresh: bool) -> Result<()> {
        let phase = self.run.phases[self.position.phase].clone();
        let mut given = vec![];
        for learner in &self.setup.learners {
            given.push(self.setup.objectives(&phase, &learner.who)?);
        }
        let wanted = self.setup.projections(&phase)?;
        let device = self.opened.device.clone().autodiff();
        let tiled = self.setup.tiled(&phase, self.run.data.max_length);
        let (steps, seed) = (self.plan[self.position.phase], self.run.seed);
        let at = format!("phases.{}", self.position.phase);
        for (learner, objectives) in self.setup.learners.iter_mut().zip(given) {
            if learner.who == "student" {
                let config = learner.model.config();
                learner.projections = learner.projections.with(&wanted, config, self.run.seed, &device)?;
            }
            learner.shrink = match &phase.shrinking {
                Some(shrinking) => {
                    let now = Sizes::of(learner.model.config());
                    let felt = learner.felt.take().unwrap_or_else(|| Felt::nothing(now));
                    let config = learner.model.config();
                    let target = Sizes::target(&at, &felt.from.config(config), shrinking)?;
                    Some(Shrink::new(shrinking, config, steps, target, seed, felt))
                }
                None => None,
            };
            learner.begin(objectives, fresh);
            learner.tile(tiled);
        }
        Ok(())
    }

    pub(super) async fn step(&mut self) -> Result<()> {
        let phase = self.run.phases[self.position.phase].clone();
        let steps = self.plan[self.position.phase];
        let lr = schedule::rate(&phase.optimizer, self.position.phase_step, steps);
        let quizzed = self.teach(&phase, lr, steps)?;
        let [examples, tokens] = self.learn(&phase, steps).await?;
        companions::share(&mut self.setup.learners);
        let mut scalars = vec![];
        for learner in self.setup.learners.iter_mut().filter(|learner| learner.who != TUTOR) {
            scalars.push((learner.who.clone(), learner.take_step(lr, &phase.optimizer)));
        }
        scalars.extend(quizzed);
        self.position.phase_step += 1;
        self.position.step += 1;
        self.shrink().await?;
        let last = self.position.phase_step >= steps;
        let due = last || self.position.phase_step.is_multiple_of(phase.eval_every);
        let logs = due || self.position.phase_step == 1 || self.position.phase_step.is_multiple_of(phase.log_every);
        let losses = match logs {
            true => Some(Losses { kept: self.setup.learners[0].kept(), ..losses(scalars).await? }),
            false => None,
        };
        let seconds = if logs { self.seconds_per_step() } else { 0.0 };
        let (step, phase_index) = (self.position.step, self.position.phase);
        self.pending.push_back(Event::Step(Step { step, phase: phase_index, lr, losses, seconds, examples, tokens }));
        if due {
            self.judge(&phase, last).await?;
        }
        Ok(())
    }

    /// Cuts down whoever is due. What was best before was larger, and does not count any more.
    async fn shrink(&mut self) -> Result<()> {
        let device = self.opened.device.clone().autodiff();
        for learner in &mut self.setup.learners {
            if let Some([from, sizes]) = learner.shrink(self.position.phase_step, &device).await? {
                let (who, parameters) = (learner.who.clone(), learner.model.parameters());
                self.position.best.remove(&who);
                if who == "student" {
                    self.position.waited = 0;
                }
                self.pending.push_back(Event::Shrunk { step: self.position.step, who, from, sizes, parameters });
            }
        }
        Ok(())
    }

    /// Seconds spent inside [`Session::next`], over all sittings.
    pub(super) fn clock(&mut self) -> f64 {
        self.position.seconds += self.since.elapsed().as_secs_f64();
        self.since = Instant::now();
        self.position.seconds
    }

    /// Seconds per step since the last time losses were read back.
    fn seconds_per_step(&mut self) -> f64 {
        let (then, step) = self.logged;
        self.logged = (self.clock(), self.position.step);
        (self.logged.0 - then) / (self.position.step - step).max(1) as f64
    }

    /// Evaluates on dev, keeps the best, saves, and decides whether the phase is over.
    async fn judge(&mut self, phase: &Phase, last: bool) -> Result<()> {
        let mut improved = false;
        let mut evals = vec![];
        for who in 0..self.setup.learners.len() {
            evals.push(self.evaluate(who, 1).await?);
        }
        for (who, (now, eval)) in companions::standing(&evals).into_iter().zip(evals).enumerate() {
            let learner = &self.setup.learners[who];
            let words = self.setup.task(phase.stage) != Task::Classification;
            if now.beats(self.position.best.get(&learner.who), words) {
                directory::save_best(&self.store, learner).await?;
                self.position.best.insert(learner.who.clone(), now);
                improved |= who == 0;
            }
            self.pending.push_back(Event::Eval(eval));
        }
        self.position.waited = if improved { 0 } else { self.position.waited + 1 };
        let step = self.position.step;
        let stopped = !last && phase.patience.is_some_and(|patience| self.position.waited >= patience);
        if stopped {
            let best_step = self.position.best.get("student").map_or(step, |best| best.step);
            self.pending.push_back(Event::EarlyStop { step, best_step });
        }
        if last || stopped {
            self.close_phase(phase).await?;
        }
        self.save().await?;
        if improved {
            self.pending.push_back(Event::Saved { step, which: "best".into() });
        }
        self.pending.push_back(Event::Saved { step, which: "last".into() });
        self.logged = (self.clock(), step);
        Ok(())
    }

    async fn close_phase(&mut self, phase: &Phase) -> Result<()> {
        if phase.keep_best {
            for learner in &mut self.setup.learners {
                directory::restore_best(&self.store, learner).await?;
            }
        }
        self.hand_on(phase).await?;
        self.position.best.clear();
        self.position.waited = 0;
        self.position.phase_step = 0;
        self.position.phase += 1;
        let more = self.position.phase < self.run.phases.len();
        self.stage = if more { Stage::Phase } else { Stage::Ending };
        Ok(())
    }

    pub(super) async fn end(&mut self) -> Result<()> {
        let split = self.reported();
        let mut written = self.write(split).await?.into_iter();
        if self.taught[split - 1].is_some() {
            let own = written.next().flatten();
            self.report_teacher(split, own);
        }
        for who in 0..self.setup.learners.len() {
            let eval = Eval { written: written.next().flatten(), ..self.evaluate(who, split).await? };
            self.results.push(eval.clone());
            self.pending.push_back(Event::Eval(eval));
        }
        for (name, bytes) in self.export().await? {
            // A companion's files have its name before theirs.
            let path = if name.contains('/') { name } else { format!("student/{name}") };
            self.store.write(&path, &bytes).await?;
        }
        self.position.done = true;
        self.clock();
        self.save().await?;
        self.pending.push_back(Event::Done { steps: self.position.step, seconds: self.position.seconds });
        self.stage = Stage::Over;
        Ok(())
    }

    /// The split whose figures are the run's result: test (2), or dev (1) where there is no test.
    pub(super) fn reported(&self) -> usize {
        if self.setup.dataset.test.is_empty() { 1 } else { 2 }
    }

    /// What the teacher, if there is one, and every learner write from held-out prompts.
    async fn write(&self, split: usize) -> Result<Vec<Option<Written>>> {
        let mut models: Vec<Model> = self.measure().await?.into_iter().collect();
        models.extend(self.setup.learners.iter().map(Learner::frozen));
        if self.setup.task(Reading::Task) != Task::CausalLm || self.phase_now().stage != Reading::Task {
            return Ok(vec![None; models.len()]);
        }
        let taught = !self.setup.teachers.is_empty();
        let held = Held {
            settings: &self.run.evaluation,
            data: &self.setup.encodings[split],
            tokenizer: &self.setup.tokenizer,
            device: &self.opened.device,
        };
        held.write(&models, taught).await
    }

    /// Reports the teacher on dev (1) or test (2).
    fn report_teacher(&mut self, split: usize, written: Option<Written>) {
        let Some(answers) = &self.taught[split - 1] else { return };
        let eval = self.named(answers.figures(&self.setup.dataset.labels_of(split), None), "teacher", split);
        let mut evals = vec![Eval { written, ..eval }];
        evals.extend(self.elders_on(split));
        if self.stage == Stage::Ending {
            self.results.extend(evals.iter().cloned());
        }
        self.pending.extend(evals.into_iter().map(Event::Eval));
    }

    async fn evaluate(&self, who: usize, split: usize) -> Result<Eval> {
        let learner: &Learner = &self.setup.learners[who];
        let answers = self.answers(&learner.frozen(), split).await?;
        let (asked, usual) = (self.setup.task(self.phase_now().stage), self.setup.task(Reading::Task));
        let taught = self.taught[split - 1].as_ref().filter(|_| asked == usual);
        let eval = self.named(answers.figures(&self.setup.dataset.labels_of(split), taught), &learner.who, split);
        Ok(match asked == usual {
            true => eval,
            false => Eval { split: format!("{} words", eval.split), ..eval },
        })
    }

    /// What a model off the graph answers to a split; words are hidden from those that guess them.
    pub(super) async fn answers(&self, model: &Model, split: usize) -> Result<Answers> {
        let masking = match model.config().task("the model")? {
            Task::MaskedLm => Some(Masking::new(&self.setup.tokenizer, WORDS)?),
            Task::Classification | Task::CausalLm => None,
        };
        judge(model, &self.setup.encodings[split], masking.as_ref(), &self.opened.device).await
    }

    pub(super) fn named(&self, eval: Eval, who: &str, split: usize) -> Eval {
        Eval { step: self.position.step, who: who.to_owned(), split: SPLITS[split].to_owned(), ..eval }
    }
}

/// The splits as evaluations call them.
pub(super) const SPLITS: [&str; 3] = ["train", "dev", "test"];

/// Share of the words that is hidden from a model that is judged by them.
pub(super) const WORDS: f64 = 0.15;

/// Reads back the scalars of a step: the student's, the control's cross-entropy, the tutor's quiz,
/// and of companions their sums, which are terms of the whole.
async fn losses(scalars: Vec<(String, Scalars)>) -> Result<Losses> {
    let tensors = scalars.iter().map(|(_, scalars)| scalars.values.clone()).collect();
    let mut values = read(Tensor::cat(tensors, 0)).await?.into_iter().map(f64::from);
    let mut losses = Losses::default();
    for (learner, (who, Scalars { names, weighted, .. })) in scalars.into_iter().enumerate() {
        for name in names {
            let value = values.next().unwrap_or(f64::NAN);
            match (learner, name) {
                (0, TOTAL) => losses.total = value,
                (0, NORM) => losses.grad_norm = value,
                (0, term) => {
                    losses.terms.insert(term.to_owned(), value);
                }
                (_, TOTAL) if is_companion(&who) => {
                    losses.total += value;
                    losses.terms.insert(who.clone(), value);
                    losses.weighted.insert(who.clone(), value);
                }
                (_, TOTAL) => losses.control = Some(value),
                (_, QUIZ) => {
                    losses.terms.insert(name.to_owned(), value);
                }
                _ => {}
            }
        }
        let weighed = weighted.into_iter().map(|name| (name.to_owned(), values.next().unwrap_or(f64::NAN)));
        let weighed = weighed.collect();
        if learner == 0 {
            losses.weighted = weighed;
        }
    }
    Ok(losses)
}
