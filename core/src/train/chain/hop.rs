//! One hop of a chain: who learns and who teaches, its run file, its place, and what the hop before
//! left to it.

use serde::{Deserialize, Serialize};

use super::super::{
    directory::{METRICS, history, is_done},
    event::{Eval, Event, Started},
};
use crate::{
    Error, Result,
    checkpoint::Files,
    platform::Store,
    run::{Run, Stage},
};

/// Which hop of a chain a session is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// Who learns: `assistant-1`, …, at last `student`.
    pub learner: String,
    /// Who teaches: `teacher`, or the assistant of the hop before.
    pub teacher: String,
    /// Counted from 1.
    pub number: usize,
    /// Hops in all.
    pub of: usize,
}

impl Hop {
    /// Whether its learner will teach.
    pub fn teaches(&self) -> bool {
        self.number < self.of
    }
}

/// `assistant-1`, …, `student`: who learns in a hop, counted from 1.
pub fn learner(run: &Run, number: usize) -> String {
    if number > run.assistants().len() { "student".into() } else { format!("assistant-{number}") }
}

/// The run file of a hop: the chain so far, with the hop's learner as its student. The last hop's is
/// the whole.
pub fn run_of(run: &Run, number: usize) -> Run {
    match run.assistants().get(number - 1) {
        None => run.clone(),
        Some(shape) => Run {
            name: format!("{}-{}", run.name, learner(run, number)),
            student: shape.clone(),
            assistants: Some(run.assistants()[..number - 1].to_vec()),
            control: false,
            ..run.clone()
        },
    }
}

/// Where a hop's file lies below the chain's directory: the last hop's at its root.
pub fn path(run: &Run, number: usize, file: &str) -> String {
    if number > run.assistants().len() { file.into() } else { format!("{}/{file}", learner(run, number)) }
}

/// The logs of all hops below the chain's directory, in order.
pub fn logs(run: &Run) -> Vec<String> {
    (1..=run.assistants().len() + 1).map(|number| path(run, number, METRICS)).collect()
}

/// The hop that comes next, or that is in progress: the first that is not over. The last one may be.
///
/// # Errors
/// [`Error::Storage`] when the logs cannot be read.
pub async fn current(store: &Store, run: &Run) -> Result<usize> {
    let hops = run.assistants().len() + 1;
    for number in 1..hops {
        let log = store.read(&path(run, number, METRICS)).await?;
        if !is_done(&log.unwrap_or_default()) {
            return Ok(number);
        }
    }
    Ok(hops)
}

/// A model and where it lies.
pub type Named = (String, Files);

/// The assistant that stands in a teacher's place.
#[derive(Default)]
pub struct Mentor {
    /// In the place of `teacher.model`.
    pub model: Option<Named>,
    /// In the place of `teacher.pretrained`.
    pub pretrained: Option<Named>,
}

impl Mentor {
    /// In whose place an assistant stands: one that ends with words where there are classes to be told
    /// teaches the stages of text, any other one stands in the place of `teacher.model`; `words` is what
    /// the latter was before the task.
    pub fn new(run: &Run, classes: bool, student: Named, words: Option<Named>) -> Self {
        match run.phases.last() {
            Some(phase) if classes && phase.stage != Stage::Task => Self { model: None, pretrained: Some(student) },
            _ => Self { model: Some(student), pretrained: words },
        }
    }
}

/// Where an assistant that goes on to the task after words is kept as it was in between.
pub const PRETRAINED: &str = "pretrained";

/// What a session needs to know of its hop.
#[derive(Default)]
pub struct Place {
    /// Which; none where there is no chain.
    pub hop: Option<Hop>,
    /// Who teaches instead of the run's own teachers.
    pub mentor: Mentor,
    /// The chain's models so far beside that teacher, in order: name and parameters.
    pub before: Vec<(String, usize)>,
    /// Figures of the assistants so far.
    pub elders: Vec<Eval>,
}

impl Place {
    /// The place of a hop whose predecessors are over.
    ///
    /// # Errors
    /// [`Error::Input`] when what they left cannot be read.
    pub async fn of(store: &Store, run: &Run, number: usize) -> Result<Self> {
        let of = run.assistants().len() + 1;
        if of == 1 {
            return Ok(Self::default());
        }
        let mut hop = Hop { learner: learner(run, number), teacher: "teacher".into(), number, of };
        if number == 1 {
            return Ok(Self { hop: Some(hop), ..Self::default() });
        }
        let assistant = learner(run, number - 1);
        let log = path(run, number - 1, METRICS);
        let events = history(&store.read(&log).await?.unwrap_or_default());
        let started = started(&events)
            .ok_or_else(|| Error::input(format!("{}/{log}", store.root()), "the log of a run that is over", "none"))?;
        let mut before = started.others.clone();
        let student = files(store, &path(run, number - 1, "student")).await?;
        let words = files(store, &path(run, number - 1, PRETRAINED)).await?;
        let words = Some(words).filter(|(_, files)| !files.is_empty());
        let mentor = Mentor::new(run, !started.labels.is_empty(), student, words);
        // The run's own teacher is measured in every hop, since everyone is compared with it.
        let assistants = (1..number).map(|number| learner(run, number));
        let elders = assistants.flat_map(|who| figures(&events, &who, who == assistant)).collect();
        if mentor.model.is_some() {
            before.push((started.teacher().to_owned(), started.parameters[0]));
            hop.teacher = assistant;
        } else {
            before.push((assistant, started.parameters[1]));
        }
        Ok(Self { hop: Some(hop), mentor, before, elders })
    }
}

fn started(events: &[Event]) -> Option<&Started> {
    events.iter().find_map(|event| if let Event::Started(started) = event { Some(started) } else { None })
}

/// The last figures of a model on every split; of the hop's learner only the very last, which are those
/// of its final weights, under its name from now on.
fn figures(events: &[Event], who: &str, learned: bool) -> Vec<Eval> {
    let name = if learned { "student" } else { who };
    let mut found: Vec<Eval> = vec![];
    for event in events.iter().rev() {
        if let Event::Eval(eval) = event
            && eval.who == name
            && found.iter().all(|known| known.split != eval.split)
            && (!learned || found.is_empty())
        {
            found.push(Eval { who: who.to_owned(), ..eval.clone() });
        }
    }
    found
}

/// The files of a directory in the store; none when it is not there.
async fn files(store: &Store, dir: &str) -> Result<Named> {
    let mut files = Files::new();
    for name in store.list(dir).await? {
        if let Some(bytes) = store.read(&format!("{dir}/{name}")).await? {
            files.insert(name, bytes);
        }
    }
    Ok((format!("{}/{dir}", store.root()), files))
}
