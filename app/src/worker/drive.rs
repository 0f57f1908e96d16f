//! What the worker does with a message, and what it does between messages.

use retort_core::{
    Error, Result,
    checkpoint::Files,
    platform,
    prune::Share,
    score::{By, Scores, Scoring},
    train::{Chain, Event, Told},
};

use super::{Mail, bench, conformance, course::Course, look, say, series::Series, tell};
use crate::{
    library::{Library, Open},
    prompt::{Continued, Prompt},
    protocol::{FromWorker, ToWorker},
};

/// What the page has on show, asked about again after each evaluation.
enum Question {
    /// A sentence, and the second one of a pair.
    Sentence(String, Option<String>),
    Prompt(Prompt),
}

/// One thing further on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moved {
    /// An optimiser step.
    Step,
    /// Something else of a run.
    Run,
    /// From one run of a procedure to the next.
    Between,
    /// Nothing is left.
    Over,
}

/// The run and what the page wants of it.
#[derive(Default)]
pub struct Driver {
    pub(super) course: Option<Course>,
    /// Which of the kept runs it is; held against other tabs.
    pub(super) open: Option<Open>,
    pub(super) library: Option<Library>,
    /// The seeds that are done one after the other.
    pub(super) series: Option<Series>,
    pub(super) running: bool,
    over: bool,
    question: Option<Question>,
    /// What the teacher's units mattered when that was asked last.
    scores: Option<Scores>,
    /// The open run's data have no classes: the models answer with words.
    words: bool,
    bench: bench::Bench,
}

impl Driver {
    /// Works until the worker is ended from outside.
    pub async fn run(mut self, mail: Mail) {
        loop {
            let message = if self.running { mail.next() } else { Some(mail.wait().await) };
            let outcome = match message {
                Some((message, files)) => self.answer(message, files).await,
                None => self.go_on().await,
            };
            if let Err(error) = outcome {
                self.fail(&error).await;
            }
            platform::breathe().await;
        }
    }

    /// One event further on, and after the last of a run to the next of a series.
    async fn go_on(&mut self) -> Result<()> {
        match self.advance().await? {
            Moved::Over => self.next_seed().await,
            _ => Ok(()),
        }
    }

    async fn answer(&mut self, message: ToWorker, files: Files) -> Result<()> {
        let other = matches!(
            message,
            ToWorker::Open { .. } | ToWorker::Resume { .. } | ToWorker::Branch { .. } | ToWorker::Stop
        );
        if other {
            self.series = None;
        }
        match message {
            ToWorker::Hello => self.ready().await?,
            ToWorker::Prepare { device } if self.course.is_none() => {
                // Whoever needs it is told what is wrong with it.
                if let Err(error) = platform::open(device).await {
                    log::warn!("{error}");
                }
            }
            ToWorker::Prepare { .. } => {}
            ToWorker::Runs
            | ToWorker::Rename { .. }
            | ToWorker::Delete { .. }
            | ToWorker::Archive { .. }
            | ToWorker::Import
            | ToWorker::Look { .. } => self.keep(message, files).await?,
            ToWorker::Open { run, device, title } => self.begin(&run, device, title.as_deref(), &files).await?,
            ToWorker::Resume { id, device } => self.resume(&id, device).await?,
            ToWorker::Branch { id, from, run, device, title } => {
                self.branch(&id, from, &run, device, title.as_deref()).await?;
            }
            ToWorker::Seeds { run, device, count, begin } => {
                match self.seeds(&run, device, count, begin, files).await {
                    Err(error @ Error::Input { .. }) if !begin => {
                        say(FromWorker::Refused { ask: "seeds".into(), message: error.to_string() });
                    }
                    told => told?,
                }
            }
            ToWorker::Start if self.course.is_some() && !self.over => {
                self.running = true;
                say(FromWorker::Running);
            }
            ToWorker::Start => {}
            ToWorker::Step => {
                let mut moved = Moved::Run;
                while !matches!(moved, Moved::Step | Moved::Over) {
                    moved = self.advance().await?;
                }
                self.running = false;
                say(FromWorker::Paused);
                if moved == Moved::Over {
                    self.next_seed().await?;
                }
            }
            ToWorker::Pause => {
                self.running = false;
                self.save().await?;
                say(FromWorker::Paused);
            }
            ToWorker::Save => self.save().await?,
            ToWorker::Stop => {
                self.leave().await?;
                self.ready().await?;
            }
            ToWorker::Predict { text, pair } => {
                self.question = (!text.trim().is_empty()).then_some(Question::Sentence(text, pair));
                self.ask().await?;
            }
            ToWorker::Continue(prompt) => {
                self.question = (!prompt.text.is_empty()).then_some(Question::Prompt(prompt));
                self.ask().await?;
            }
            ToWorker::Weigh { by } => self.weigh(by).await?,
            ToWorker::Without { layer, head } => {
                let sentence = match &self.question {
                    Some(Question::Sentence(text, pair)) => Some((text.as_str(), pair.as_deref())),
                    _ => None,
                };
                let without = self.asked()?.without(layer, head, sentence).await?;
                say(FromWorker::Without { without });
            }
            ToWorker::Physical { percent, lambda } => self.physical(percent, lambda).await?,
            ToWorker::Sparse { gone, percent, seeds } => {
                for seed in seeds {
                    let point = match self.asked() {
                        Ok(chain) => chain.sparse(gone, percent, seed).await,
                        Err(error) => Err(error),
                    };
                    say(look::told("sparse", point, |point| FromWorker::Sparse { gone, point })?);
                }
            }
            ToWorker::Sheet { name } => say(look::sheet(name, files)),
            ToWorker::Describe { run, device } => {
                let description = look::describe_run(&run, device, files).await;
                say(FromWorker::Described { description });
            }
            ToWorker::Attend { text, pair } => {
                let attended = match self.asked() {
                    Ok(chain) => chain.attention(&text, pair.as_deref()).await,
                    Err(error) => Err(error),
                };
                say(look::told("attend", attended, |attention| FromWorker::Attended { attention })?);
            }
            ToWorker::Disagree { most } => {
                let disagreed = match self.asked() {
                    Ok(chain) => chain.disagreements(most).await,
                    Err(error) => Err(error),
                };
                say(look::told("disagree", disagreed, |disagreements| FromWorker::Disagreed { disagreements })?);
            }
            ToWorker::Apart { example, which } => {
                let apart = match self.course.as_mut().and_then(Course::chain_mut) {
                    Some(chain) => chain.take_apart(&example, which.as_ref()).await,
                    None => Err(nobody()),
                };
                say(look::told("apart", apart, |apart| FromWorker::TakenApart { apart })?);
            }
            ToWorker::Export => self.export().await?,
            ToWorker::Conformance { device } => {
                conformance::run(device, |case| say(FromWorker::Case { case })).await?;
                say(FromWorker::Finished);
            }
            ToWorker::Bench { device } => {
                bench::run(device, |row| say(FromWorker::Measured { row })).await?;
                say(FromWorker::Finished);
            }
            ToWorker::Profile { device, size } => {
                let profile = bench::profile(device, &size).await?;
                say(FromWorker::Profiled { profile });
            }
            ToWorker::Contend { device, size, steps } => {
                let taken = self.bench.contend(device, &size, steps).await?;
                say(FromWorker::Taken { taken });
            }
        }
        Ok(())
    }

    /// The run whose models can be asked now.
    fn chain(&self) -> Option<&Chain> {
        self.course.as_ref()?.chain()
    }

    /// The same, for a question that wants an answer.
    fn asked(&self) -> Result<&Chain> {
        self.chain().ok_or_else(nobody)
    }

    /// One event further on.
    async fn advance(&mut self) -> Result<Moved> {
        let Some(course) = self.course.as_mut().filter(|_| !self.over) else {
            self.running = false;
            return Ok(Moved::Over);
        };
        let told = course.next().await?;
        if let Some(trouble) = platform::trouble() {
            return Err(Error::device("the graphics device", trouble));
        }
        match told {
            None => {
                self.running = false;
                self.over = true;
                say(FromWorker::Paused);
                Ok(Moved::Over)
            }
            Some(Told::Run { event }) => self.pass_on(*event).await,
            Some(told) => {
                say(FromWorker::Stark { told });
                Ok(Moved::Between)
            }
        }
    }

    /// Tells what happened in a run.
    async fn pass_on(&mut self, event: Event) -> Result<Moved> {
        let moved = if matches!(event, Event::Step(_)) { Moved::Step } else { Moved::Run };
        if let Event::Started(started) = &event {
            self.words = started.labels.is_empty();
            // Perhaps of another teacher.
            self.scores = None;
        }
        let evaluated = matches!(&event, Event::Eval(eval) if eval.who == "student");
        say(FromWorker::Event { event });
        if evaluated {
            self.ask().await?;
        }
        Ok(moved)
    }

    /// Shows the page the run that was opened, with what it did before.
    pub(super) async fn greet(&mut self, open: Open, events: Vec<Event>) -> Result<()> {
        let Some(course) = &self.course else { return Ok(()) };
        say(FromWorker::Opened { id: open.id.clone(), title: open.title.clone(), run: course.run().to_toml()? });
        self.open = Some(open);
        if !events.is_empty() {
            say(FromWorker::History { events });
        }
        // The first event says what was opened; a finished run only adds its teacher's figures to it.
        while self.advance().await? == Moved::Between {}
        self.ask().await
    }

    /// Answers the question on show, if it is one for the open run.
    async fn ask(&self) -> Result<()> {
        match (self.chain(), &self.question) {
            (Some(chain), Some(Question::Sentence(text, pair))) if !self.words => {
                let prediction = chain.predict(text, pair.as_deref()).await?;
                say(FromWorker::Predicted { text: text.clone(), prediction });
            }
            (Some(chain), Some(Question::Prompt(prompt))) if self.words => {
                let (continuations, refused) = match chain.go_on(&prompt.text, &prompt.generation()).await {
                    Ok(continuations) => (continuations, None),
                    // A prompt that does not fit is no reason to stop the run.
                    Err(error @ Error::Input { .. }) => (vec![], Some(error.to_string())),
                    Err(error) => return Err(error),
                };
                say(FromWorker::Continued(Continued { text: prompt.text.clone(), continuations, refused }));
            }
            _ => {}
        }
        Ok(())
    }

    /// Scores the teacher's units; they are kept, for what is taken out by them.
    async fn weigh(&mut self, by: By) -> Result<()> {
        let weighed = self.asked()?.weigh(&Scoring { by, ..Scoring::default() }).await?;
        self.scores = Some(weighed.scores.clone());
        say(FromWorker::Weighed { weighed });
        Ok(())
    }

    async fn physical(&self, percent: f64, lambda: f64) -> Result<()> {
        let Some(scores) = &self.scores else {
            return Err(Error::input("the teacher", "scores of its units", "none yet"));
        };
        let scores = scores.clone().with_lambda(lambda);
        let physical = self.asked()?.physical(&scores, Share::of_both(percent)).await?;
        say(FromWorker::Physical { physical });
        Ok(())
    }

    async fn export(&self) -> Result<()> {
        let Some(course) = &self.course else { return Ok(()) };
        tell(&FromWorker::Exported, &course.export().await?);
        Ok(())
    }

    /// Saves what is open and closes it.
    pub(super) async fn leave(&mut self) -> Result<()> {
        self.save().await?;
        self.close();
        Ok(())
    }

    pub(super) async fn save(&mut self) -> Result<()> {
        match &mut self.course {
            Some(course) if !self.over => course.save().await,
            _ => Ok(()),
        }
    }

    async fn ready(&mut self) -> Result<()> {
        let stored = self.latest().await.unwrap_or_else(|error| {
            log::warn!("what was stored cannot be read: {error}");
            None
        });
        say(FromWorker::Ready { adapters: platform::adapters().await?, stored });
        Ok(())
    }

    fn close(&mut self) {
        self.course = None;
        self.open = None;
        self.scores = None;
        self.running = false;
        self.over = false;
    }

    /// Bad input while a run is open leaves the run; a device or a storage that failed does not.
    async fn fail(&mut self, error: &Error) {
        let closed = self.course.is_none() || !matches!(error, Error::Input { .. });
        if closed {
            self.close();
        }
        self.running = false;
        self.series = None;
        say(FromWorker::Failed { message: error.to_string(), closed });
        if closed && let Err(error) = self.ready().await {
            log::error!("{error}");
        }
    }
}

fn nobody() -> Error {
    Error::input("the run", "a student that is being taught", "none now")
}
