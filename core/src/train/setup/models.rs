//! The models and the tokenizer that a run names.

use burn::tensor::Device;

use crate::{
    Error, Result,
    checkpoint::{self, Files},
    data::{self, Kind, Tokenizer},
    model::{Config, Family, Model, Task},
    run::{Init, Run},
};

/// The models of these files, off or on the graph as `device` is.
pub fn load(files: &[(String, Files)], device: &Device) -> Result<Vec<Model>> {
    files.iter().map(|(at, files)| checkpoint::load_model(at, files, device)).collect()
}

/// The tokenizer that the run names, or the one that came with the model.
pub async fn tokenizer(run: &Run, model: Option<&(String, Files)>) -> Result<Tokenizer> {
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

/// The student's family: its own, the one that the run names, its teacher's, or the usual one.
pub fn family(run: &Run, files: Option<&(String, Files)>, teacher: Option<&Config>, kind: Kind) -> Result<Family> {
    if let Some((at, files)) = files {
        return Ok(checkpoint::config(at, files)?.family);
    }
    match (&run.student.family, teacher, kind) {
        (Some(name), _, _) => Family::named("student.family", name),
        (None, Some(teacher), _) => Ok(teacher.family),
        (None, None, Kind::Classes) => Ok(Family::Bert),
        (None, None, Kind::Text | Kind::Instructions) => Ok(Family::Gpt2),
    }
}

/// What a student is made with, beside its own files and its teacher.
pub struct Part<'a> {
    pub run: &'a Run,
    pub tokenizer: &'a Tokenizer,
    pub classes: &'a [String],
    pub device: &'a Device,
}

impl Part<'_> {
    /// What the student is before it has weights; `teacher` is whom it may take layers and sizes from.
    pub fn shape(
        &self,
        files: Option<&(String, Files)>,
        teacher: Option<&Config>,
        family: Family,
        task: Task,
    ) -> Result<Config> {
        let Self { run, classes, .. } = *self;
        if let Some((at, files)) = files {
            let config = checkpoint::config(at, files)?;
            let whole = task != Task::Classification || checkpoint::has_classifier(at, files)?;
            return Ok(if whole { config } else { config.with_labels(classes) });
        }
        let shape = &run.student;
        if let Some(layers) = self.chosen(teacher) {
            let wrong = |wanted: &str, found: &str| Error::input("student.init", wanted, found);
            let found = "the teacher's layers";
            let teacher =
                teacher.ok_or_else(|| wrong("random, since there is no teacher to take layers from", found))?;
            if teacher.family != family {
                return Err(wrong("random, since the teacher is of another family", found));
            }
            return checkpoint::layered(teacher, &layers, shape.dropout);
        }
        let base = match teacher {
            Some(config) if config.family == family => config.clone(),
            Some(config) => self.base(family, config.vocab_size, config.max_position_embeddings, task)?,
            None => self.base(family, self.tokenizer.vocab_size(), run.data.max_length, task)?,
        };
        Ok(base.with_shape(shape.layers, shape.hidden, shape.heads, shape.intermediate, shape.dropout))
    }

    /// Which of the teacher's layers the student begins with, if it does.
    fn chosen(&self, teacher: Option<&Config>) -> Option<Vec<usize>> {
        let shape = &self.run.student;
        let there = teacher.map_or(0, |teacher| teacher.num_hidden_layers);
        match &shape.init {
            Init::Random => None,
            Init::FirstLayers => Some((0..shape.layers).collect()),
            Init::Spread => Some(spread(shape.layers, there)),
            Init::Teacher => Some((0..there).collect()),
            Init::Layers(layers) => Some(layers.clone()),
        }
    }

    /// The student at its first step; `teacher` is whom it may take layers and sizes from.
    pub fn student(
        &self,
        files: Option<&(String, Files)>,
        teacher: Option<&Model>,
        family: Family,
        task: Task,
    ) -> Result<Model> {
        let Self { run, device, classes, .. } = *self;
        let known = teacher.map(Model::config);
        let config = self.shape(files, known, family, task)?;
        match (files, self.chosen(known).zip(teacher)) {
            (Some((at, files)), _) if task != Task::Classification || checkpoint::has_classifier(at, files)? => {
                checkpoint::load_model(at, files, device)
            }
            (Some((at, files)), _) => checkpoint::load_encoder(at, files, classes, run.seed, device),
            (None, Some((layers, teacher))) => checkpoint::from_layers(teacher, &layers, run.student.dropout, device),
            (None, None) => checkpoint::new_model(&config, run.seed, device),
        }
    }

    /// A model of a family that takes nothing from a teacher but sizes.
    fn base(&self, family: Family, vocabulary: usize, positions: usize, task: Task) -> Result<Config> {
        let config = Config::of(family, vocabulary, positions, self.tokenizer.pad_id(), self.tokenizer.end_id());
        config.with_task(task, self.classes)
    }
}

/// `count` of `among` layers, evenly from the first to the last.
fn spread(count: usize, among: usize) -> Vec<usize> {
    let step = (among.saturating_sub(1)) as f64 / count.saturating_sub(1).max(1) as f64;
    (0..count).map(|layer| (layer as f64 * step).round() as usize).collect()
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
