//! Everything between a run file and the first step: reads, builds, and checks that it all fits.

use burn::tensor::Device;

use super::{
    chain::{Mentor, Named},
    learner::Learner,
    teaching::TUTOR,
};
use crate::{
    Result, checkpoint,
    data::{self, Dataset, Encodings, Kind, Masking, Tokenizer},
    model::{Config, Family, Model, Task},
    objective::{Objective, Pair, Projection, Weighted},
    platform::Opened,
    run::{Phase, Run, Stage, Teacher},
};

mod companions;
mod fits;
mod models;
mod sketch;
mod texts;

pub use sketch::{HopShapes, Sources};
pub use texts::Encode;

/// What a session works with.
pub struct Setup {
    /// The texts.
    pub dataset: Dataset,
    /// Shared by teacher and student.
    pub tokenizer: Tokenizer,
    /// The texts as token ids: train, dev, test.
    pub encodings: [Encodings; 3],
    /// The names of the classes, as the models have them; none where words are asked for.
    pub classes: Vec<String>,
    /// Plain text; none when no phase reads any.
    pub corpus: Encodings,
    /// The teachers, off the graph.
    pub teachers: Vec<Model>,
    /// The teacher of the stages of text, where the run names one.
    pub pretrained: Vec<Model>,
    /// The student, and its control if there is one, on the graph.
    pub learners: Vec<Learner>,
    /// SHA-256 of the student's first weights.
    pub init_hash: String,
    /// Estimated peak bytes on the device.
    pub memory_bytes: u64,
}

impl Setup {
    /// Reads and builds what `run` names on `opened`; `mentor` may stand in a teacher's place.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for whatever does not fit, before anything is trained or written.
    pub async fn open(run: &Run, opened: &Opened, mentor: Mentor) -> Result<Self> {
        let plain = opened.device.clone();
        let graph = opened.device.clone().autodiff();
        let mut dataset = data::load(&run.data).await?;
        let whole = dataset.train.clone();
        dataset.limit(run.data.limit, run.seed)?;

        let teacher_files = read(mentor.model, run.teacher.iter().flat_map(Teacher::models)).await?;
        let pretrained = run.teacher.iter().filter_map(|teacher| teacher.pretrained.as_ref());
        let pretrained_files = read(mentor.pretrained, pretrained).await?;
        let student_files = read(None, run.student.model.iter()).await?.pop();
        let tokenizer = models::tokenizer(run, teacher_files.first().or(student_files.as_ref())).await?;
        let teachers = models::load(&teacher_files, &plain)?;
        let pretrained = models::load(&pretrained_files, &plain)?;
        let family = models::family(run, student_files.as_ref(), teachers.first().map(Model::config), dataset.kind)?;
        let answers = Answers { kind: dataset.kind, family };

        let check = fits::Fits { run, tokenizer: &tokenizer, dataset: &dataset };
        for (model, (at, _)) in teachers.iter().zip(&teacher_files) {
            check.model(at, model.config(), answers.to(Stage::Task))?;
        }
        for (model, (at, _)) in pretrained.iter().zip(&pretrained_files) {
            check.model(at, model.config(), answers.words())?;
        }
        // A teacher may have names for what the data only number.
        let classes = match (dataset.kind, teachers.first()) {
            (Kind::Classes, Some(teacher)) => teacher.config().labels(),
            _ => dataset.labels.clone(),
        };
        let first = run.phases.first().map_or(Stage::Task, |phase| phase.stage);
        let source = pretrained.first().filter(|_| first != Stage::Task).or(teachers.first());
        let part = models::Part { run, tokenizer: &tokenizer, classes: &classes, device: &graph };
        let mut student = part.student(student_files.as_ref(), source, family, answers.to(Stage::Task))?;
        let config = student.config().clone();
        for stage in run.phases.iter().map(|phase| phase.stage).chain([Stage::Task]) {
            let config = config.with_task(answers.to(stage), &classes)?;
            check.model("student", &config, answers.to(stage))?;
        }
        let answering = config.with_task(answers.to(Stage::Task), &classes)?;
        for teacher in &teachers {
            fits::together(teacher.config(), &answering)?;
        }
        let mut shape = student.config().clone();
        for (index, phase) in run.phases.iter().enumerate() {
            let asked = if phase.stage == Stage::Task || pretrained.is_empty() { &teachers } else { &pretrained };
            let task = answers.to(phase.stage);
            fits::objectives(&format!("phases.{index}"), phase, task, asked, &shape)?;
            shape = fits::shrinking(&format!("phases.{index}"), run, phase, &shape)?;
            if phase.shrinking.is_some() {
                fits::objectives(&format!("phases.{index}: after shrinking"), phase, task, asked, &shape)?;
            }
            fits::writing(&format!("phases.{index}"), phase, task, asked)?;
            fits::teaching(&format!("phases.{index}"), phase, task, asked)?;
            if task == Task::MaskedLm {
                Masking::new(&tokenizer, phase.masking)?;
            }
        }
        if config.task("the student")? != answers.to(first) {
            student = checkpoint::with_task(&student, answers.to(first), &classes, run.seed, &graph)?;
        }
        let memory_bytes = fits::memory(run, teachers.first(), &student, answers, &opened.adapter)?;

        let encode = Encode { run, tokenizer: &tokenizer, kind: dataset.kind, family };
        let encodings = [encode.train(&dataset.train)?, encode.all(&dataset.dev)?, encode.all(&dataset.test)?];
        let corpus = encode.corpus(whole).await?;
        let init_hash = checkpoint::hash(&student).await?;
        let mut learners = vec![Learner::new("student", student.clone())];
        if run.control && !teachers.is_empty() {
            learners.push(Learner::new("control", student));
        }
        let companions = companions::Company { run, check: &check, classes: &classes, kind: dataset.kind, opened };
        let mut memory_bytes = memory_bytes;
        for (companion, bytes) in companions.gather(&learners[0].model).await? {
            learners.push(companion);
            memory_bytes += bytes;
        }
        if run.phases.iter().any(|phase| phase.teaching.is_some()) {
            for tutor in models::load(&teacher_files[..1], &graph)? {
                memory_bytes += fits::of_tutor(run, tutor.config());
                learners.push(Learner::new(TUTOR, tutor));
            }
        }
        Ok(Self {
            dataset,
            classes,
            tokenizer,
            encodings,
            corpus,
            teachers,
            pretrained,
            learners,
            init_hash,
            memory_bytes,
        })
    }

    /// What the student answers in a stage.
    pub fn task(&self, stage: Stage) -> Task {
        let family = self.learners[0].model.config().family;
        Answers { kind: self.dataset.kind, family }.to(stage)
    }

    /// Gives every learner the head that a stage asks for.
    ///
    /// # Errors
    /// As [`checkpoint::with_task`].
    pub fn answer(&mut self, stage: Stage, run: &Run, device: &Device) -> Result<()> {
        let task = self.task(stage);
        for learner in &mut self.learners {
            if learner.model.config().task("the student")? != task {
                learner.model = checkpoint::with_task(&learner.model, task, &self.classes, run.seed, device)?;
            }
        }
        Ok(())
    }

    /// Whether a phase takes logits in tiles, of texts of at most `length` tokens.
    pub fn tiled(&self, phase: &Phase, length: usize) -> bool {
        fits::tiled(phase, self.task(phase.stage), self.learners[0].model.config(), length)
    }

    /// What is read in a stage.
    pub fn train(&self, stage: Stage) -> &Encodings {
        if stage == Stage::Text { &self.corpus } else { &self.encodings[0] }
    }

    /// Who teaches in a stage.
    pub fn teachers(&self, stage: Stage) -> &[Model] {
        if stage == Stage::Task || self.pretrained.is_empty() { &self.teachers } else { &self.pretrained }
    }

    /// Whether a student of this shape could also be taught the task by `teacher`, in the first one's place.
    ///
    /// # Errors
    /// [`crate::Error::Input`] naming the objective that does not fit.
    pub fn could_be_taught(&self, run: &Run, student: &Config, teacher: Model) -> Result<()> {
        let teachers: Vec<Model> = [teacher].into_iter().chain(self.teachers.iter().skip(1).cloned()).collect();
        for (index, phase) in run.phases.iter().enumerate().filter(|(_, phase)| phase.stage == Stage::Task) {
            fits::objectives(&format!("phases.{index}"), phase, self.task(phase.stage), &teachers, student)?;
        }
        Ok(())
    }

    /// The objectives of `phase` for one learner.
    ///
    /// # Errors
    /// As [`Weighted::build`].
    pub fn objectives(&self, phase: &Phase, who: &str) -> Result<Vec<(f64, Box<dyn Objective>)>> {
        let given = match who {
            "control" => vec![Weighted::new("cross_entropy")],
            TUTOR => vec![],
            _ => self.learned(phase),
        };
        given.iter().map(|weighted| Ok((weighted.weight, weighted.build(&phase.name)?))).collect()
    }

    /// What the student learns in `phase`, as the run file has it or by default.
    pub fn learned(&self, phase: &Phase) -> Vec<Weighted> {
        fits::objectives_of(phase, !self.teachers.is_empty())
    }

    /// The matrices that the student learns in `phase` beside itself.
    ///
    /// # Errors
    /// As [`Weighted::build`].
    pub fn projections(&self, phase: &Phase) -> Result<Vec<Projection>> {
        let Some(learner) = self.learners.first() else { return Ok(vec![]) };
        let mut wanted = vec![];
        for (_, objective) in self.objectives(phase, &learner.who)? {
            let teachers = fits::heeded(objective.as_ref(), self.teachers(phase.stage));
            for (place, teacher) in teachers.iter().enumerate() {
                let pair = Pair { student: learner.model.config(), teacher: teacher.config(), place };
                wanted.extend(objective.projections(&pair));
            }
        }
        Ok(wanted)
    }
}

/// What a student of a family answers to data of a kind.
#[derive(Debug, Clone, Copy)]
struct Answers {
    kind: Kind,
    family: Family,
}

impl Answers {
    /// In a stage.
    fn to(self, stage: Stage) -> Task {
        match (stage, self.kind) {
            (Stage::Task, Kind::Classes) => Task::Classification,
            _ => self.words(),
        }
    }

    /// Where words are asked for.
    fn words(self) -> Task {
        if self.family.is_encoder() { Task::MaskedLm } else { Task::CausalLm }
    }
}

/// The files of models, beside what they were called; `given` stands in the place of the first.
async fn read(given: Option<Named>, names: impl Iterator<Item = &String>) -> Result<Vec<Named>> {
    let mut all = Vec::from_iter(given);
    for at in names.skip(all.len()) {
        all.push((at.clone(), checkpoint::read_dir(at).await?));
    }
    Ok(all)
}
