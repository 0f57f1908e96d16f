//! The models that are trained beside the student, under its head.

use super::{
    super::{companions::name, learner::Learner},
    Answers, fits, models, read,
};
use crate::{
    Error, Result, checkpoint,
    data::Kind,
    model::{Model, Task},
    platform::Opened,
    run::{Run, Stage},
};

/// What companions are made with.
pub struct Company<'a> {
    pub run: &'a Run,
    pub check: &'a fits::Fits<'a>,
    pub classes: &'a [String],
    pub kind: Kind,
    pub opened: &'a Opened,
}

impl Company<'_> {
    /// The companions at their first step, each with an estimate of the bytes it needs. Their head is that
    /// of `student`; their other weights are drawn by seeds of their own.
    ///
    /// # Errors
    /// [`Error::Input`] for whatever does not fit.
    pub async fn gather(&self, student: &Model) -> Result<Vec<(Learner, u64)>> {
        if self.run.companions.is_empty() {
            return Ok(vec![]);
        }
        if let Some(teacher) = &self.run.teacher {
            let wanted = "no [teacher]: companions are teachers that learn together";
            return Err(Error::input("companions", wanted, format!("`{}`", teacher.model)));
        }
        if self.kind != Kind::Classes {
            return Err(Error::input("companions", "labelled sentences, to share a classifier", "other texts"));
        }
        if let Some(index) = self.run.phases.iter().position(|phase| phase.stage != Stage::Task) {
            let wanted = "the stage `task`, since companions share a classifier";
            return Err(Error::input(format!("phases.{index}.stage"), wanted, "a stage of text"));
        }
        let mut all = vec![];
        for place in 0..self.run.companions.len() {
            all.push(self.one(place, student).await.map_err(|error| renamed(place, error))?);
        }
        Ok(all)
    }

    async fn one(&self, place: usize, student: &Model) -> Result<(Learner, u64)> {
        let run = Run {
            student: self.run.companions[place].clone(),
            seed: self.run.seed.wrapping_add(place as u64 + 1),
            ..self.run.clone()
        };
        let files = read(None, run.student.model.iter()).await?.pop();
        let family = models::family(&run, files.as_ref(), None, self.kind)?;
        let shared = student.config();
        if family != shared.family {
            let wanted = format!("the student's family, `{}`, to share its head", shared.family.facts().model_type);
            return Err(Error::input("student.family", wanted, format!("`{}`", family.facts().model_type)));
        }
        let graph = self.opened.device.clone().autodiff();
        let part = models::Part { run: &run, tokenizer: self.check.tokenizer, classes: self.classes, device: &graph };
        let model = part.student(files.as_ref(), None, family, Task::Classification)?;
        let config = model.config();
        self.check.model("student", config, Task::Classification)?;
        if config.hidden_size != shared.hidden_size {
            let wanted = format!("the student's width of {}, to share its head", shared.hidden_size);
            return Err(Error::input("student.hidden", wanted, config.hidden_size.to_string()));
        }
        let answers = Answers { kind: self.kind, family };
        let bytes = fits::memory(&run, None, &model, answers, &self.opened.adapter)?;
        Ok((Learner::new(name(place), checkpoint::with_head_of(model, student)), bytes))
    }
}

/// An error of a companion, which was made as a student is, under its own name.
fn renamed(place: usize, error: Error) -> Error {
    match error {
        Error::Input { at, wanted, found } if at.starts_with("student") => {
            Error::Input { at: at.replacen("student", &format!("companions.{place}"), 1), wanted, found }
        }
        other => other,
    }
}
