//! What the worker does with the runs that are kept: opens, lists, names, packs and removes them.

use retort_core::{
    Error, Result, archive,
    checkpoint::Files,
    platform::{self, DeviceChoice},
    run::Run,
    train::{Event, RUN, Start, branch, stark::REPORT, uploads},
};

use super::{course::Course, drive::Driver, say, tell};
use crate::{
    library::{self, Branched, HOME, Library, Open, Stored},
    protocol::{FromWorker, ToWorker},
};

impl Driver {
    /// The kept runs, opened when they are first asked for.
    pub(super) async fn library(&mut self) -> Result<&Library> {
        if self.library.is_none() {
            self.library = Some(Library::open(HOME).await?);
        }
        self.library.as_ref().ok_or_else(|| Error::storage(HOME, "no storage"))
    }

    /// The run that changed last, of those that can be opened here.
    pub(super) async fn latest(&mut self) -> Result<Option<Stored>> {
        let library = self.library().await?;
        for run in library.list().await?.into_iter().filter(|run| run.trouble.is_none()) {
            // A tab that was just closed, or a worker that died, may not have let go yet: taking it waits for that.
            if !run.open || library.take(&run.id).await.is_ok() {
                return Ok(Some(Stored { open: false, ..run }));
            }
        }
        Ok(None)
    }

    /// Answers what concerns kept runs; what cannot be done is said, and changes nothing else.
    pub(super) async fn keep(&mut self, message: ToWorker, files: Files) -> Result<()> {
        let done = match message {
            ToWorker::Rename { id, title } => self.rename(&id, &title).await,
            ToWorker::Delete { id } => self.delete(&id).await,
            ToWorker::Archive { id } => self.pack(&id).await,
            ToWorker::Import => self.import(&files).await,
            ToWorker::Look { id } => self.look(&id).await,
            _ => self.tell_runs(None).await,
        };
        if let Err(error) = done {
            say(FromWorker::Refused { ask: "runs".into(), message: error.to_string() });
        }
        Ok(())
    }

    async fn rename(&mut self, id: &str, title: &str) -> Result<()> {
        self.library().await?.rename(id, title).await?;
        self.tell_runs(None).await
    }

    async fn delete(&mut self, id: &str) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| open.id == id) {
            return Err(Error::input(id, "a run that is not open", "the one that is"));
        }
        self.library().await?.delete(id).await?;
        self.tell_runs(None).await
    }

    async fn pack(&mut self, id: &str) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| open.id == id) {
            self.save().await?;
        }
        let (store, title) = self.library().await?.read(id).await?;
        let bytes = archive::pack(&store, &Files::new(), Some(&title)).await?;
        let plain = |letter: char| if letter.is_alphanumeric() || "-_.".contains(letter) { letter } else { '-' };
        let name = format!("{}{}", title.chars().map(plain).collect::<String>().trim_matches('.'), archive::ENDING);
        tell(&FromWorker::Archived { name: name.clone() }, &Files::from([(name, bytes)]));
        Ok(())
    }

    async fn import(&mut self, files: &Files) -> Result<()> {
        let none = || Error::input("import", "an archive (.retort.zip)", "none");
        let (name, bytes) = files.first_key_value().ok_or_else(none)?;
        let id = self.library().await?.import(name, bytes).await?;
        self.tell_runs(Some(id)).await
    }

    async fn look(&mut self, id: &str) -> Result<()> {
        let (store, title) = self.library().await?.read(id).await?;
        let text = store.read(RUN).await?.ok_or_else(|| Error::input(id, "a run file", "none"))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let run = Run::from_toml("the stored run", &text)?;
        let events = library::look(&store, &run).await?;
        let report = match &run.stark {
            Some(_) => store.read(REPORT).await?.and_then(|bytes| serde_json::from_slice(&bytes).ok()),
            None => None,
        };
        say(FromWorker::Looked { id: id.to_owned(), title, run: text, events, report });
        Ok(())
    }

    async fn tell_runs(&mut self, added: Option<String>) -> Result<()> {
        let runs = self.library().await?.list().await?;
        say(FromWorker::Runs { runs, quota: platform::quota().await, added });
        Ok(())
    }

    /// Opens a new run; it is kept once everything that it needs is written.
    pub(super) async fn begin(
        &mut self,
        run: &str,
        device: DeviceChoice,
        title: Option<&str>,
        files: &Files,
    ) -> Result<()> {
        let run = Run::from_toml("the run file", run)?;
        self.leave().await?;
        let opened = platform::open(device).await?;
        for (name, bytes) in files {
            platform::offer(name.clone(), bytes.clone());
        }
        let title = title.unwrap_or(&run.name).to_owned();
        let mut open = self.library().await?.begin().await?;
        let store = open.store.clone();
        let laid: Result<Course> = async {
            let course = Course::open(run, store.clone(), opened, false).await?;
            uploads::keep(&store, files).await?;
            Ok(course)
        }
        .await;
        self.settle(laid, &mut open, &title, None).await?.greet(open, vec![]).await
    }

    /// Opens a run that starts from another's checkpoint.
    pub(super) async fn branch(
        &mut self,
        id: &str,
        start: Start,
        run: &str,
        device: DeviceChoice,
        title: Option<&str>,
    ) -> Result<()> {
        let run = Run::from_toml("the run file", run)?;
        let (from, called) = self.library().await?.read(id).await?;
        self.leave().await?;
        let opened = platform::open(device).await?;
        let title = title.unwrap_or(&run.name).to_owned();
        let mut open = self.library().await?.begin().await?;
        let store = open.store.clone();
        let mut events = vec![];
        let laid: Result<Course> = async {
            branch(&from, start, &run, &store, &opened).await?;
            events = library::look(&store, &run).await?;
            Course::open(run, store.clone(), opened, true).await
        }
        .await;
        let step = events.iter().rev().find_map(|event| match event {
            Event::Step(step) => Some(step.step),
            _ => None,
        });
        let from = Branched { id: Some(id.to_owned()), title: called, step: step.unwrap_or(0) };
        self.settle(laid, &mut open, &title, Some(from)).await?.greet(open, events).await
    }

    /// Makes what was begun a run that is kept, or takes it away again.
    async fn settle(
        &mut self,
        laid: Result<Course>,
        open: &mut Open,
        title: &str,
        from: Option<Branched>,
    ) -> Result<&mut Self> {
        let library = self.library().await?.clone();
        let settled = match laid {
            Ok(course) => library.finish(open, title, from).await.map(|()| course),
            Err(error) => Err(error),
        };
        match settled {
            Ok(course) => {
                self.course = Some(course);
                Ok(self)
            }
            Err(error) => {
                library.give_up(open).await;
                Err(error)
            }
        }
    }

    /// Opens a kept run where it stands.
    pub(super) async fn resume(&mut self, id: &str, device: DeviceChoice) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| open.id == id) {
            self.leave().await?;
        }
        let open = self.library().await?.take(id).await?;
        self.leave().await?;
        let text = open.store.read(RUN).await?.ok_or_else(|| Error::input(id, "a run file", "none"))?;
        let run = Run::from_toml("the stored run", &String::from_utf8_lossy(&text))?;
        uploads::offer(&open.store).await?;
        let events = library::look(&open.store, &run).await?;
        let opened = platform::open(device).await?;
        self.course = Some(Course::open(run, open.store.clone(), opened, true).await?);
        self.greet(open, events).await
    }
}
