//! The shapes of a run's models before any weights are made: what they will need, and what would need less.

use super::{
    super::{
        chain::{Hop, Named, learner_of, run_of},
        companions,
        teaching::TUTOR,
    },
    Answers, fits, models, read,
};
use crate::{
    Error, Result, checkpoint,
    data::{Dataset, Kind, Tokenizer},
    model::{Config, MemoryEstimate},
    platform::Adapter,
    run::{Run, Stage, Student, Teacher},
};
use burn::tensor::Device;

/// The files that a run's models come from, read once.
pub struct Sources {
    teachers: Vec<Named>,
    pretrained: Vec<Named>,
    /// Those of learners that begin as a model, by its name.
    learners: Vec<Named>,
}

/// A model of a run, by its shape.
pub struct Shape {
    /// `teacher`, `assistant-1`, `student`, `control`, …
    pub who: String,
    /// Where it comes from, if it is read.
    pub at: Option<String>,
    /// Its shape.
    pub config: Config,
}

/// A hop of a chain, by the shapes of its models: the teachers first, the learner's shape at `learner`.
pub struct HopShapes {
    /// Which.
    pub hop: Hop,
    /// Everyone.
    pub shapes: Vec<Shape>,
    /// Where the one who learns stands among them.
    pub learner: usize,
    /// What a step needs, with whoever learns beside the student.
    pub need: MemoryEstimate,
    /// The largest logits that are made whole, in bytes.
    pub logits: u64,
}

impl Sources {
    /// Reads what `run` names. What cannot be read is left out and said.
    pub async fn read(run: &Run) -> (Self, Vec<Error>) {
        let mut troubles = vec![];
        let mut found = Self { teachers: vec![], pretrained: vec![], learners: vec![] };
        let teachers: Vec<&String> = run.teacher.iter().flat_map(Teacher::models).collect();
        let pretrained: Vec<&String> = run.teacher.iter().filter_map(|teacher| teacher.pretrained.as_ref()).collect();
        let students = run.assistants().iter().chain([&run.student]).chain(&run.companions);
        let students: Vec<&String> = students.filter_map(|student| student.model.as_ref()).collect();
        for (names, place) in
            [(teachers, &mut found.teachers), (pretrained, &mut found.pretrained), (students, &mut found.learners)]
        {
            for name in names {
                let named = read(None, [name].into_iter()).await;
                match named.and_then(|named| {
                    named.iter().try_for_each(|(at, files)| checkpoint::config(at, files).map(drop))?;
                    Ok(named)
                }) {
                    Ok(named) => place.extend(named),
                    Err(error) => troubles.push(error),
                }
            }
        }
        (found, troubles)
    }

    /// The vocabulary that everyone reads with.
    pub async fn tokenizer(&self, run: &Run) -> Result<Tokenizer> {
        let own = run.student.model.as_ref().and_then(|model| self.of(model));
        models::tokenizer(run, self.teachers.first().or(own)).await
    }

    fn of(&self, name: &str) -> Option<&Named> {
        self.learners.iter().find(|(at, _)| at == name)
    }

    /// The shapes of every hop's models, and what their steps need.
    ///
    /// # Errors
    /// [`Error::Input`] for what does not fit together; [`Sources::read`] must have found everything.
    pub fn hops(&self, run: &Run, dataset: &Dataset, tokenizer: &Tokenizer) -> Result<Vec<HopShapes>> {
        let teachers = configs(&self.teachers)?;
        let mut mentor: Option<Shape> = None;
        let mut hops = vec![];
        for number in 1..=run.assistants().len() + 1 {
            let teacher = mentor.as_ref().map_or("teacher", |mentor| &mentor.who).to_owned();
            let hop = Hop { learner: learner_of(run, number), teacher, number, of: run.assistants().len() + 1 };
            let found = self.hop(&run_of(run, number), hop, &teachers, mentor.take(), (dataset, tokenizer))?;
            let taught = &found.shapes[found.learner];
            mentor = Some(Shape { who: taught.who.clone(), at: None, config: taught.config.clone() });
            // One that ends with words where there are classes teaches words only.
            if dataset.kind == Kind::Classes && run.phases.last().is_some_and(|phase| phase.stage != Stage::Task) {
                mentor = None;
            }
            hops.push(found);
        }
        Ok(hops)
    }

    fn hop(
        &self,
        run: &Run,
        hop: Hop,
        teachers: &[Config],
        mentor: Option<Shape>,
        (dataset, tokenizer): (&Dataset, &Tokenizer),
    ) -> Result<HopShapes> {
        let named =
            |place: usize| if place == 0 { "teacher".to_owned() } else { format!("teacher.others.{}", place - 1) };
        let mut shapes: Vec<Shape> = teachers
            .iter()
            .zip(&self.teachers)
            .enumerate()
            .map(|(place, (config, (at, _)))| Shape { who: named(place), at: Some(at.clone()), config: config.clone() })
            .collect();
        if let Some(mentor) = mentor {
            shapes.splice(0..shapes.len().min(1), [mentor]);
        }
        let teacher = shapes.first().map(|shape| shape.config.clone());
        let pretrained = configs(&self.pretrained)?;
        let words = run.phases.first().is_some_and(|phase| phase.stage != Stage::Task);
        let source = pretrained.first().filter(|_| words).or(teacher.as_ref());
        let student = self.learner(run, [teacher.as_ref(), source], dataset, tokenizer)?;
        let answers = Answers { kind: dataset.kind, family: student.family };
        let mut need = fits::need(run, teacher.as_ref(), &student, answers);
        let logits = fits::whole_logits(run, &student, answers);
        for (config, (at, _)) in pretrained.into_iter().zip(&self.pretrained) {
            shapes.push(Shape { who: "teacher.pretrained".into(), at: Some(at.clone()), config });
        }
        let learner = shapes.len();
        let at = run.student.model.clone();
        shapes.push(Shape { who: hop.learner.clone(), at, config: student.clone() });
        if run.control && teacher.is_some() {
            shapes.push(Shape { who: "control".into(), at: None, config: student });
        }
        for (place, companion) in run.companions.iter().enumerate() {
            let own = beside(run, companion);
            let config = self.learner(&own, [None, None], dataset, tokenizer)?;
            add(&mut need, fits::need(&own, None, &config, answers));
            shapes.push(Shape { who: companions::name(place), at: companion.model.clone(), config });
        }
        if let (true, Some(config)) = (run.phases.iter().any(|phase| phase.teaching.is_some()), teacher) {
            let bytes = fits::of_tutor(run, &config);
            need.parts.learners = need.parts.learners.saturating_add(bytes);
            need.bytes_total = need.bytes_total.saturating_add(bytes);
            shapes.push(Shape { who: TUTOR.into(), at: None, config });
        }
        Ok(HopShapes { hop, shapes, learner, need, logits })
    }

    /// What a learner is at its first step; beside its teacher there is whom it may take layers from.
    fn learner(
        &self,
        run: &Run,
        [teacher, source]: [Option<&Config>; 2],
        dataset: &Dataset,
        tokenizer: &Tokenizer,
    ) -> Result<Config> {
        let files = run.student.model.as_ref().and_then(|model| self.of(model));
        let family = models::family(run, files, teacher, dataset.kind)?;
        let answers = Answers { kind: dataset.kind, family };
        let classes = match (dataset.kind, teacher) {
            (Kind::Classes, Some(teacher)) => teacher.labels(),
            _ => dataset.labels.clone(),
        };
        let device = Device::flex();
        let part = models::Part { run, tokenizer, classes: &classes, device: &device };
        let first = run.phases.first().map_or(Stage::Task, |phase| phase.stage);
        let config = part.shape(files, source, family, answers.to(Stage::Task))?;
        config.check("student")?;
        config.with_task(answers.to(first), &classes)
    }
}

/// The run of a companion, which is made as a student is.
fn beside(run: &Run, companion: &Student) -> Run {
    Run { student: companion.clone(), control: false, ..run.clone() }
}

fn configs(files: &[Named]) -> Result<Vec<Config>> {
    files.iter().map(|(at, files)| checkpoint::config(at, files)).collect()
}

/// What another model's steps need beside `need`.
fn add(need: &mut MemoryEstimate, other: MemoryEstimate) {
    need.bytes_total = need.bytes_total.saturating_add(other.bytes_total);
    let (parts, others) = (&mut need.parts, other.parts);
    parts.learners = parts.learners.saturating_add(others.learners);
    parts.update = parts.update.saturating_add(others.update);
    parts.pass = parts.pass.saturating_add(others.pass);
    parts.tiles = parts.tiles.saturating_add(others.tiles);
    if other.largest_tensor_bytes > need.largest_tensor_bytes {
        (need.largest_tensor_bytes, need.largest_tensor) = (other.largest_tensor_bytes, other.largest_tensor);
    }
}

impl HopShapes {
    /// The largest share of one of the adapter's limits that a step takes; above 1 it does not fit.
    pub fn strain(&self, adapter: &Adapter) -> f64 {
        let share = |bytes: u64, limit: u64| bytes as f64 / limit.max(1) as f64;
        let tensor = self.need.largest_tensor_bytes;
        let most = share(tensor, adapter.max_binding_bytes.min(adapter.max_buffer_bytes));
        let logits = share(self.logits, adapter.max_binding_bytes);
        let memory = adapter.memory_bytes.map_or(0.0, |memory| share(self.need.bytes_total, memory));
        most.max(logits).max(memory)
    }
}
