//! The sparse teachers, and the student that starts as one.

use super::{Error, Files, Opened, Result, Run, Settings, Setup, Stage, Stark, TRIAL, checkpoint, platform};
use crate::{
    data::{Encodings, Kind},
    model::Model,
    prune::{self, Cut, Share, Spread},
    score::{By, Looked, Scores, Scoring, Units, density, pilot, single},
};
use serde::{Deserialize, Serialize};

/// Names of the sweeps.
pub struct Teacher;

impl Teacher {
    /// Without the units of the lowest scores.
    pub fn units(lambda: f64) -> String {
        format!("lambda-{lambda}")
    }

    /// As many of them as their scores say.
    pub fn auto(lambda: f64) -> String {
        format!("auto-{lambda}")
    }

    /// Without single weights.
    pub fn weights(lambda: f64) -> String {
        format!("unstructured-{lambda}")
    }

    /// Without units that were drawn.
    pub fn random() -> String {
        "random".into()
    }
}

/// What is known of a sparse teacher beside its run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sparse {
    /// Per cent of the heads and of the neurons that are gone, or of the weights.
    pub percent: [f64; 2],
    /// Numbers that are left, zeros left out.
    pub parameters: usize,
    /// Variance of what it answers to dev; nothing where there are no classes.
    pub confidence: Option<f64>,
}

/// What is said of a sparse teacher, beside it.
pub const SPARSE: &str = "sparse.json";

/// The student before its first step: the run's, or the teacher without what matters least to it alone.
pub async fn student(run: &Run, settings: &Settings, setup: &Setup, opened: &Opened) -> Result<Model> {
    let graph = opened.device.clone().autodiff();
    let Some(percent) = settings.student else { return checkpoint::copied(&setup.learners[0].model, &graph) };
    let teacher = &setup.teachers[0];
    let texts = texts(setup, settings);
    let looked = Looked {
        model: ("teacher.model", teacher),
        student: None,
        texts,
        data_hash: &setup.dataset.hash,
        split: &settings.split,
        device: &opened.device,
    };
    let scores = looked.score(&settings.scoring(1.0), &mut |_, _| ()).await?;
    let share = Share { multiple: settings.multiple, ..Share::of_both(percent) };
    let cut = prune::select("stark.student", teacher.config(), &scores.units(), share)?;
    let small = cut.apply("stark.student", teacher, &graph)?;
    checkpoint::with_dropout(&small, run.student.dropout, &graph)
}

/// Whether teachers of whose heads some are gone can teach what the run file says: asked before anything is done.
pub fn fits(run: &Run, setup: &Setup, student: &Model, opened: &Opened) -> Result<()> {
    let whole = &setup.teachers[0];
    let mut cut = Cut::nothing(whole.config());
    if let Some(layer) = cut.layers.first_mut() {
        layer.heads.truncate(layer.heads.len().saturating_sub(1));
    }
    let sparse = cut.apply("the sparse teacher", whole, &opened.device)?;
    setup.could_be_taught(run, student.config(), sparse)
}

/// The texts that units are scored by.
fn texts<'a>(setup: &'a Setup, settings: &Settings) -> &'a Encodings {
    &setup.encodings[usize::from(settings.split == "dev")]
}

impl Stark {
    /// What the teacher's units matter to it and to the trial student.
    pub(super) async fn score(&self) -> Result<Scores> {
        let setup = self.setup().await?;
        let trial = self.trial().await?;
        let scoring = self.settings.scoring(self.settings.lambdas[0]);
        self.looked(&setup, &trial).score(&scoring, &mut |_, _| ()).await
    }

    /// What the procedure works with beside its runs.
    pub(super) async fn setup(&self) -> Result<Setup> {
        let run = self.run_of(TRIAL, None);
        Setup::open(&run, &self.opened, super::Mentor::default()).await
    }

    /// The student that the trial left.
    async fn trial(&self) -> Result<Model> {
        let dir = format!("{TRIAL}/student");
        let files: Files = self.files(&dir).await?;
        checkpoint::load_model(&self.place(&dir), &files, &self.opened.device)
    }

    fn looked<'a>(&'a self, setup: &'a Setup, trial: &'a Model) -> Looked<'a> {
        let teacher = self.run.teacher.as_ref().map_or("teacher.model", |teacher| &teacher.model);
        Looked {
            model: (teacher, &setup.teachers[0]),
            student: Some((TRIAL, trial)),
            texts: texts(setup, &self.settings),
            data_hash: &setup.dataset.hash,
            split: &self.settings.split,
            device: &self.opened.device,
        }
    }

    /// Makes the sparse teacher of a stage, if it is not there yet; where it lies.
    pub(super) async fn teacher(&self, stage: &Stage, arm: &str, percent: Option<f64>) -> Result<String> {
        let dir = format!("{}/teacher", stage.name());
        if self.store.read(&format!("{dir}/{SPARSE}")).await?.is_none() {
            let setup = self.setup().await?;
            let whole = &setup.teachers[0];
            let (model, percent) = self.sparse(&setup, arm, percent).await?;
            let confidence = match setup.dataset.kind {
                Kind::Classes => Some(pilot::sureness(&model, &setup.encodings[1], &self.opened.device).await?),
                Kind::Text | Kind::Instructions => None,
            };
            let tensors = checkpoint::tensors(&model).await?;
            let parameters = match model.config() == whole.config() {
                true => tensors.values().flat_map(|tensor| &tensor.data).filter(|weight| **weight != 0.0).count(),
                false => model.parameters(),
            };
            super::lay(&self.store, &dir, &model, &setup).await?;
            let json = serde_json::to_vec_pretty(&Sparse { percent, parameters, confidence })
                .map_err(|error| Error::storage(SPARSE, error))?;
            // Last, for it says that the others are whole.
            self.store.write(&format!("{dir}/{SPARSE}"), &json).await?;
        }
        self.offer(&dir).await?;
        Ok(self.place(&dir))
    }

    /// The teacher without what the sweep `arm` takes.
    async fn sparse(&self, setup: &Setup, arm: &str, percent: Option<f64>) -> Result<(Model, [f64; 2])> {
        let (whole, device) = (&setup.teachers[0], &self.opened.device);
        let (kind, lambda) = arm.rsplit_once('-').unwrap_or((arm, ""));
        let lambda: f64 = lambda.parse().unwrap_or(1.0);
        let at = format!("level {}", percent.unwrap_or_default());
        if kind == "unstructured" {
            let trial = self.trial().await?;
            let survey_of = self.looked(setup, &trial);
            let survey = survey_of.survey(&self.settings.scoring(lambda));
            let felt = survey.weights(&single::in_layers(whole), &mut |_, _| ()).await?;
            let percent = percent.unwrap_or_default();
            let model = single::without(whole, &single::blended(&felt, lambda), percent, device).await?;
            return Ok((model, [percent; 2]));
        }
        let units = match (kind, &self.scores) {
            ("random", _) => {
                let scoring = Scoring { by: By::Random, seed: self.run.seed, ..Scoring::default() };
                let looked = Looked { student: None, ..self.looked(setup, whole) };
                looked.score(&scoring, &mut |_, _| ()).await?.units()
            }
            (_, Some(scores)) => {
                scores.are_of(&self.place(super::SCORES), &checkpoint::hash(whole).await?)?;
                scores.clone().with_lambda(lambda).units()
            }
            (_, None) => return Err(Error::input(&at, "scores of the teacher", "none")),
        };
        let percent = percent.map_or_else(|| peaks(&units), |percent| [percent; 2]);
        let share =
            Share { heads: percent[0], neurons: percent[1], spread: Spread::Model, multiple: self.settings.multiple };
        let cut = prune::select(&at, whole.config(), &units, share)?;
        platform::breathe().await;
        Ok((cut.apply(&at, whole, device)?, percent))
    }
}

/// How much the scores of the heads, and of the neurons, say is to go.
fn peaks(units: &Units<Vec<Vec<f64>>>) -> [f64; 2] {
    [&units.heads, &units.neurons].map(|scores| density::below_first_peak(scores))
}
