//! Everything between a run file and the first step: reads, builds, and checks that it all fits.

use burn::tensor::Device;

use super::learner::Learner;
use crate::{
    Error, Result,
    checkpoint::{self, Files},
    data::{self, Dataset, Encodings, Masking, Tokenizer},
    kernel,
    model::{self, Config, Model, Task},
    objective::{Objective, Pair, Projection, Weighted},
    platform::{Adapter, Opened},
    run::{Init, Phase, Run, Stage},
};

/// What a session works with.
pub struct Setup {
    /// The sentences.
    pub dataset: Dataset,
    /// Shared by teacher and student.
    pub tokenizer: Tokenizer,
    /// The sentences as token ids: train, dev, test.
    pub encodings: [Encodings; 3],
    /// The names of the classes, as the models have them.
    pub classes: Vec<String>,
    /// Passages of plain text; none when no phase reads any.
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
    /// Reads and builds what `run` names on `opened`.
    ///
    /// # Errors
    /// [`Error::Input`] for whatever does not fit, before anything is trained or written.
    pub async fn open(run: &Run, opened: &Opened) -> Result<Self> {
        let plain = opened.device.clone();
        let graph = opened.device.clone().autodiff();
        let mut dataset = data::load(&run.data).await?;
        let reads = run.phases.iter().any(|phase| phase.stage == Stage::Text);
        let passages = match &run.data.corpus {
            Some(path) if reads => data::corpus(path).await?,
            _ if reads => dataset.train.clone(),
            _ => vec![],
        };
        dataset.limit(run.data.limit, run.seed)?;

        let mut teacher_files = vec![];
        for at in run.teacher.iter().flat_map(|teacher| [&teacher.model].into_iter().chain(&teacher.others)) {
            teacher_files.push((at.clone(), checkpoint::read_dir(at).await?));
        }
        let student_files = match &run.student.model {
            Some(path) => Some((path.clone(), checkpoint::read_dir(path).await?)),
            None => None,
        };
        let tokenizer = tokenizer(run, teacher_files.first().or(student_files.as_ref())).await?;

        let mut teachers = vec![];
        for (at, files) in &teacher_files {
            let teacher = checkpoint::load_model(at, files, &plain)?;
            fits(at, teacher.config(), &tokenizer, &dataset, run)?;
            teachers.push(teacher);
        }
        let mut pretrained = vec![];
        if let Some(at) = run.teacher.as_ref().and_then(|teacher| teacher.pretrained.as_ref()) {
            let teacher = checkpoint::load_model(at, &checkpoint::read_dir(at).await?, &plain)?;
            reads_words(at, &teacher, &tokenizer, run)?;
            pretrained.push(teacher);
        }
        let begins_with_words = run.phases.first().is_some_and(|phase| phase.stage != Stage::Task);
        let source = pretrained.first().filter(|_| begins_with_words).or(teachers.first());
        let mut student = student(run, student_files.as_ref(), source, &tokenizer, &dataset, &graph)?;
        // A teacher may have names for what the data only number.
        let classes = teachers.first().map_or_else(|| dataset.labels.clone(), |teacher| teacher.config().labels());
        let classifier = match student.config().task("the student")? {
            Task::Classification => student.config().clone(),
            _ => student.config().with_task(Task::Classification, &classes)?,
        };
        fits("student", &classifier, &tokenizer, &dataset, run)?;
        for teacher in &teachers {
            together(teacher.config(), &classifier)?;
        }
        for (index, phase) in run.phases.iter().enumerate() {
            let at = format!("phases.{index}");
            let reads = phase.stage != Stage::Task;
            let asked = if reads && !pretrained.is_empty() { &pretrained } else { &teachers };
            objectives_fit(&at, phase, asked, &student)?;
            if reads {
                Masking::new(&tokenizer, phase.masking)?;
                kernel::fits(&opened.adapter, phase.batch * run.data.max_length, student.config().vocab_size)?;
            }
        }
        let first = if begins_with_words { Task::MaskedLm } else { Task::Classification };
        if student.config().task("the student")? != first {
            student = checkpoint::with_task(&student, first, &classes, run.seed, &graph)?;
        }

        let memory_bytes = memory(run, teachers.first(), &student, &opened.adapter)?;
        let length = run.data.max_length;
        let encodings = [
            Encodings::new(&tokenizer, &dataset.train, length)?,
            Encodings::new(&tokenizer, &dataset.dev, length)?,
            Encodings::new(&tokenizer, &dataset.test, length)?,
        ];
        let corpus = Encodings::new(&tokenizer, &passages, length)?;
        let init_hash = checkpoint::hash(&student).await?;
        let mut learners = vec![Learner::new("student", student.clone())];
        if run.control && !teachers.is_empty() {
            learners.push(Learner::new("control", student));
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

    /// Gives every learner the head that a stage asks for.
    ///
    /// # Errors
    /// As [`checkpoint::with_task`].
    pub fn answer(&mut self, stage: Stage, run: &Run, device: &Device) -> Result<()> {
        let task = if stage == Stage::Task { Task::Classification } else { Task::MaskedLm };
        for learner in &mut self.learners {
            if learner.model.config().task("the student")? != task {
                learner.model = checkpoint::with_task(&learner.model, task, &self.classes, run.seed, device)?;
            }
        }
        Ok(())
    }

    /// What is read in a stage.
    pub fn train(&self, stage: Stage) -> &Encodings {
        if stage == Stage::Text { &self.corpus } else { &self.encodings[0] }
    }

    /// Who teaches in a stage.
    pub fn teachers(&self, stage: Stage) -> &[Model] {
        if stage == Stage::Task || self.pretrained.is_empty() { &self.teachers } else { &self.pretrained }
    }

    /// The objectives of `phase` for one learner.
    ///
    /// # Errors
    /// As [`Weighted::build`].
    pub fn objectives(&self, phase: &Phase, who: &str) -> Result<Vec<(f64, Box<dyn Objective>)>> {
        let given = match who {
            "control" => vec![Weighted::new("cross_entropy")],
            _ => objectives_of(phase, !self.teachers.is_empty()),
        };
        given.iter().map(|weighted| Ok((weighted.weight, weighted.build(&phase.name)?))).collect()
    }

    /// The matrices that the student learns in `phase` beside itself.
    ///
    /// # Errors
    /// As [`Weighted::build`].
    pub fn projections(&self, phase: &Phase) -> Result<Vec<Projection>> {
        let (Some(teacher), Some(learner)) = (self.teachers(phase.stage).first(), self.learners.first()) else {
            return Ok(vec![]);
        };
        let pair = Pair { student: learner.model.config(), teacher: teacher.config() };
        let objectives = self.objectives(phase, learner.who)?;
        Ok(objectives.iter().flat_map(|(_, objective)| objective.projections(&pair)).collect())
    }
}

/// What a phase learns; when it names nothing, from the teacher if there is one, else the labels.
fn objectives_of(phase: &Phase, taught: bool) -> Vec<Weighted> {
    match (phase.objectives.is_empty(), taught) {
        (false, _) => phase.objectives.clone(),
        (true, true) => vec![Weighted::new("kd")],
        (true, false) => vec![Weighted::new("cross_entropy")],
    }
}

/// Objectives that need a teacher must have one, and one that fits.
fn objectives_fit(at: &str, phase: &Phase, teachers: &[Model], student: &Model) -> Result<()> {
    for weighted in objectives_of(phase, !teachers.is_empty()) {
        let at = format!("{at}: {}", weighted.method);
        let objective = weighted.build(&at)?;
        if !objective.needs_teacher() {
            continue;
        }
        let teacher =
            teachers.first().ok_or_else(|| Error::input(&at, "a teacher", "none: the run file has no [teacher]"))?;
        let answers = teacher.config().task(&at)? != Task::Classification;
        if phase.stage != Stage::Task && objective.asks_the_teacher() && !answers {
            let wanted = "a teacher that guesses words (teacher.pretrained, a masked language model)";
            return Err(Error::input(&at, wanted, "a classifier"));
        }
        objective.fits(&at, &Pair { student: student.config(), teacher: teacher.config() })?;
    }
    Ok(())
}

/// The tokenizer that the run names, or the one that came with the model.
async fn tokenizer(run: &Run, model: Option<&(String, Files)>) -> Result<Tokenizer> {
    if let Some(path) = &run.data.tokenizer {
        return data::tokenizer(path).await;
    }
    let (at, files) = model.ok_or_else(|| {
        Error::input("data.tokenizer", "a tokenizer.json, since there is no teacher to take one from", "nothing")
    })?;
    let at = format!("{at}/tokenizer.json");
    let bytes = files.get("tokenizer.json").ok_or_else(|| Error::input(&at, "a tokenizer", "no file"))?;
    Tokenizer::from_bytes(&at, bytes)
}

/// The student at its first step.
fn student(
    run: &Run,
    files: Option<&(String, Files)>,
    teacher: Option<&Model>,
    tokenizer: &Tokenizer,
    dataset: &Dataset,
    device: &Device,
) -> Result<Model> {
    if let Some((at, files)) = files {
        return match checkpoint::has_classifier(at, files)? {
            true => checkpoint::load_model(at, files, device),
            false => checkpoint::load_encoder(at, files, &dataset.labels, run.seed, device),
        };
    }
    let shape = &run.student;
    let chosen: Option<Vec<usize>> = match &shape.init {
        Init::Random => None,
        Init::FirstLayers => Some((0..shape.layers).collect()),
        Init::Spread => Some(spread(shape.layers, teacher.map_or(0, |teacher| teacher.config().num_hidden_layers))),
        Init::Layers(layers) => Some(layers.clone()),
    };
    if let Some(layers) = chosen {
        let teacher = teacher.ok_or_else(|| {
            Error::input(
                "student.init",
                "random, since there is no teacher to take layers from",
                "the teacher's layers",
            )
        })?;
        return checkpoint::from_layers(teacher, &layers, shape.dropout, device);
    }
    let base = match teacher {
        Some(teacher) => teacher.config().clone(),
        None => Config::classifier(tokenizer.vocab_size(), run.data.max_length, &dataset.labels),
    };
    let config = base.with_shape(shape.layers, shape.hidden, shape.heads, shape.intermediate, shape.dropout);
    checkpoint::new_model(&config, run.seed, device)
}

/// `count` of `among` layers, evenly from the first to the last.
fn spread(count: usize, among: usize) -> Vec<usize> {
    let step = (among.saturating_sub(1)) as f64 / count.saturating_sub(1).max(1) as f64;
    (0..count).map(|layer| (layer as f64 * step).round() as usize).collect()
}

/// A model must have the tokenizer's vocabulary, room for the sentences, and the data's classes.
fn fits(at: &str, config: &Config, tokenizer: &Tokenizer, dataset: &Dataset, run: &Run) -> Result<()> {
    if config.task(at)? != Task::Classification {
        let found = config.architectures.first().map_or("another", String::as_str);
        return Err(Error::input(at, "a classifier, for labelled sentences", format!("`{found}`")));
    }
    tokenizer.fits(config.vocab_size, at)?;
    if run.data.max_length > config.max_position_embeddings {
        return Err(Error::input(
            format!("{at}: data.max_length"),
            format!("at most the model's {} positions", config.max_position_embeddings),
            run.data.max_length.to_string(),
        ));
    }
    let classes = config.labels().len();
    if classes != dataset.labels.len() {
        return Err(Error::input(
            at,
            format!("a model with {} classes ({})", dataset.labels.len(), dataset.labels.join(", ")),
            format!("{classes} classes"),
        ));
    }
    Ok(())
}

/// A masked language model must have the tokenizer's vocabulary and room for the sentences.
fn reads_words(at: &str, model: &Model, tokenizer: &Tokenizer, run: &Run) -> Result<()> {
    let config = model.config();
    if config.task(at)? != Task::MaskedLm {
        let found = config.architectures.first().map_or("another", String::as_str);
        return Err(Error::input(at, "a masked language model", format!("`{found}`")));
    }
    tokenizer.fits(config.vocab_size, at)?;
    if run.data.max_length > config.max_position_embeddings {
        let wanted = format!("at most the model's {} positions", config.max_position_embeddings);
        return Err(Error::input(format!("{at}: data.max_length"), wanted, run.data.max_length.to_string()));
    }
    Ok(())
}

/// Teacher and student must speak of the same classes and the same vocabulary.
fn together(teacher: &Config, student: &Config) -> Result<()> {
    if teacher.vocab_size != student.vocab_size {
        return Err(Error::input(
            "student",
            format!("the teacher's vocabulary of {}", teacher.vocab_size),
            student.vocab_size.to_string(),
        ));
    }
    if teacher.labels() != student.labels() {
        return Err(Error::input(
            "student",
            format!("the teacher's classes in its order ({})", teacher.labels().join(", ")),
            student.labels().join(", "),
        ));
    }
    Ok(())
}

/// The largest batch of the run must fit the device.
fn memory(run: &Run, teacher: Option<&Model>, student: &Model, adapter: &Adapter) -> Result<u64> {
    let batch = run.phases.iter().map(|phase| phase.batch).max().unwrap_or(1);
    let learners = 1 + usize::from(run.control && teacher.is_some());
    let estimate =
        model::memory_estimate(teacher.map(Model::config), student.config(), learners, batch, run.data.max_length);
    kernel::fits(adapter, batch, student.config().labels().len())?;
    let limit = adapter.max_binding_bytes.min(adapter.max_buffer_bytes);
    if estimate.largest_tensor_bytes > limit {
        return Err(Error::input(
            format!("phases: batch {batch} on {}", adapter.name),
            format!("every tensor within the adapter's {}", mebibytes(limit)),
            format!(
                "{} for {}; try a smaller batch or a smaller data.max_length",
                mebibytes(estimate.largest_tensor_bytes),
                estimate.largest_tensor
            ),
        ));
    }
    if adapter.memory_bytes.is_some_and(|memory| estimate.bytes_total > memory) {
        return Err(Error::input(
            format!("phases: batch {batch} on {}", adapter.name),
            format!("a step within the {} of memory", mebibytes(adapter.memory_bytes.unwrap_or(0))),
            format!("an estimated {}; try a smaller batch", mebibytes(estimate.bytes_total)),
        ));
    }
    Ok(estimate.bytes_total)
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn layers_are_spread_as_distilbert_s() {
        assert_eq!(spread(6, 12), [0, 2, 4, 7, 9, 11]);
        assert_eq!(spread(1, 4), [0]);
        assert_eq!(spread(2, 2), [0, 1]);
    }
}
