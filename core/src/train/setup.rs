//! Everything between a run file and the first step: reads, builds, and checks that it all fits.

use super::learner::Learner;
use crate::{
    Error, Result,
    checkpoint::{self, Files},
    data::{self, Dataset, Encodings, Tokenizer},
    kernel,
    model::{self, Config, Model, Task},
    objective::{Objective, Weighted},
    platform::{Adapter, Opened},
    run::{Init, Phase, Run},
};

/// What a session works with.
pub struct Setup {
    /// The sentences.
    pub dataset: Dataset,
    /// Shared by teacher and student.
    pub tokenizer: Tokenizer,
    /// The sentences as token ids: train, dev, test.
    pub encodings: [Encodings; 3],
    /// The teacher, off the graph.
    pub teacher: Option<Model>,
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
        dataset.limit(run.data.limit, run.seed)?;

        let teacher_files = match &run.teacher {
            Some(teacher) => Some((teacher.model.clone(), checkpoint::read_dir(&teacher.model).await?)),
            None => None,
        };
        let student_files = match &run.student.model {
            Some(path) => Some((path.clone(), checkpoint::read_dir(path).await?)),
            None => None,
        };
        let tokenizer = tokenizer(run, teacher_files.as_ref().or(student_files.as_ref())).await?;

        let teacher = match &teacher_files {
            Some((at, files)) => Some(checkpoint::load_model(at, files, &plain)?),
            None => None,
        };
        if let (Some(teacher), Some((at, _))) = (&teacher, &teacher_files) {
            fits(at, teacher.config(), &tokenizer, &dataset, run)?;
        }
        let student = student(run, student_files.as_ref(), teacher.as_ref(), &tokenizer, &dataset, &graph)?;
        fits("student", student.config(), &tokenizer, &dataset, run)?;
        if let Some(teacher) = &teacher {
            together(teacher.config(), student.config())?;
        }
        needs(run)?;

        let memory_bytes = memory(run, teacher.as_ref(), &student, &opened.adapter)?;
        let length = run.data.max_length;
        let encodings = [
            Encodings::new(&tokenizer, &dataset.train, length)?,
            Encodings::new(&tokenizer, &dataset.dev, length)?,
            Encodings::new(&tokenizer, &dataset.test, length)?,
        ];
        let init_hash = checkpoint::hash(&student).await?;
        let mut learners = vec![Learner::new("student", student.clone())];
        if run.control && teacher.is_some() {
            learners.push(Learner::new("control", student));
        }
        Ok(Self { dataset, tokenizer, encodings, teacher, learners, init_hash, memory_bytes })
    }

    /// The objectives of `phase` for one learner.
    ///
    /// # Errors
    /// As [`Weighted::build`].
    pub fn objectives(&self, phase: &Phase, who: &str) -> Result<Vec<(f64, Box<dyn Objective>)>> {
        let given = match who {
            "control" => vec![Weighted::new("cross_entropy")],
            _ => objectives_of(phase, self.teacher.is_some()),
        };
        given.iter().map(|weighted| Ok((weighted.weight, weighted.build(&phase.name)?))).collect()
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

/// Objectives that need a teacher must have one.
fn needs(run: &Run) -> Result<()> {
    for (index, phase) in run.phases.iter().enumerate() {
        for weighted in objectives_of(phase, run.teacher.is_some()) {
            let at = format!("phases.{index}: {}", weighted.method);
            if run.teacher.is_none() && weighted.build(&at)?.needs_teacher() {
                return Err(Error::input(at, "a teacher", "none: the run file has no [teacher]"));
            }
        }
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
    device: &burn::tensor::Device,
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
