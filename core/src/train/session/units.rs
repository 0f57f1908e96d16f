//! What the teacher's units matter, asked in the middle of a run: on dev, to the teacher and to the student as it
//! is by then.

use serde::{Deserialize, Serialize};
use web_time::Instant;

use super::{
    super::evaluate::{judge, probabilities},
    Session,
};
use crate::{
    Error, Result,
    bench::median,
    checkpoint,
    data::{Encodings, Example},
    model::{Model, Size, Task, Wants},
    prune::{self, Share},
    readback::read,
    run::Stage,
    score::{Looked, Scores, Scoring},
};

/// The split that is looked at, and what it is called.
pub(super) const DEV: (usize, &str) = (1, "dev");

/// Scores, and by how much the loss is to rise without each head, to first order, `[layers][heads]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    /// What units matter.
    pub scores: Scores,
    /// −∂L/∂ξ.
    pub predicted: Vec<Vec<f64>>,
}

/// The teacher without one head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Without {
    /// Counted from 0.
    pub layer: usize,
    /// Counted from 0.
    pub head: usize,
    /// By how much its loss on dev rises.
    pub rise: f64,
    /// Names of the classes; none where words are asked for.
    pub labels: Vec<String>,
    /// What it makes of the sentence with the head, and without it.
    pub probabilities: [Vec<f64>; 2],
}

/// The teacher and what is left of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Physical {
    /// Heads and neurons of every layer, then and now.
    pub layers: Vec<[[usize; 2]; 2]>,
    /// Numbers, then and now.
    pub parameters: [usize; 2],
    /// Milliseconds of a pass over one batch of dev, then and now: medians.
    pub milliseconds: [f64; 2],
    /// Share of right answers on dev, then and now.
    pub accuracy: [f64; 2],
    /// From the logits of the whole teacher with the rest silenced, the largest.
    pub difference: f64,
}

impl Session {
    /// The teacher of the task, if it can be looked at.
    pub(super) fn looked_at(&self) -> Result<&Model> {
        let teacher = self.setup.teachers.first();
        teacher.ok_or_else(|| Error::input("the run", "a teacher, to look at its units", "none"))
    }

    fn looked<'a>(&'a self, teacher: &'a Model, student: Option<&'a Model>) -> Looked<'a> {
        Looked {
            model: ("the teacher", teacher),
            student: student.map(|student| ("the student", student)),
            texts: &self.setup.encodings[DEV.0],
            data_hash: &self.setup.dataset.hash,
            split: DEV.1,
            device: &self.opened.device,
        }
    }

    /// What the teacher's units matter to it and, where the student answers what the teacher does, to both.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no teacher; [`Error::Device`] when the device fails.
    pub async fn weigh(&self, scoring: &Scoring) -> Result<Weighed> {
        let teacher = self.looked_at()?;
        let student = self.setup.learners[0].frozen();
        let alike = student.config().task("the student")? == teacher.config().task("the teacher")?;
        let looked = self.looked(teacher, alike.then_some(&student));
        let scores = looked.score(scoring, &mut |_, _| ()).await?;
        let predicted = looked.survey(scoring).predicted().await?.heads;
        Ok(Weighed { scores, predicted })
    }

    /// The teacher without a head: its loss on dev, and what it makes of a sentence.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no teacher, or no such head.
    pub async fn without(&self, layer: usize, head: usize, sentence: Option<(&str, Option<&str>)>) -> Result<Without> {
        let teacher = self.looked_at()?;
        let mut cut = prune::Cut::nothing(teacher.config());
        let heads = cut.layers.get(layer).map_or(0, |layer| layer.heads.len());
        if head >= heads {
            let wanted = format!("one of the {heads} heads of layer {layer}");
            return Err(Error::input("the head", wanted, head.to_string()));
        }
        cut.layers[layer].heads.retain(|kept| kept.head != head);
        let gates = cut.gates(teacher.config(), &self.opened.device);
        let rise = self.looked(teacher, None).survey(&Scoring::default()).rise(&gates).await?;
        let labels = match (self.setup.task(Stage::Task), sentence) {
            (Task::Classification, Some(_)) => self.setup.classes.clone(),
            _ => vec![],
        };
        let mut probabilities_of = [vec![], vec![]];
        if let Some((text, pair)) = sentence.filter(|_| !labels.is_empty()) {
            let example = Example { text: text.to_owned(), pair: pair.map(str::to_owned), label: 0 };
            let length = self.run.data.max_length;
            let batch =
                Encodings::new(&self.setup.tokenizer, &[example], length)?.host(&[0]).to_device(&self.opened.device);
            for (found, gates) in probabilities_of.iter_mut().zip([None, Some(&gates)]) {
                let logits = read(teacher.forward(&batch, &Wants::default(), gates, None).logits()).await?;
                *found = probabilities(&logits);
            }
        }
        Ok(Without { layer, head, rise, labels, probabilities: probabilities_of })
    }

    /// What is left of the teacher without the units of the lowest scores, really taken out, and measured.
    ///
    /// # Errors
    /// [`Error::Input`] when the scores are another model's, or nothing is left.
    pub async fn physical(&self, scores: &Scores, share: Share) -> Result<Physical> {
        let (teacher, device) = (self.looked_at()?, &self.opened.device);
        scores.are_of("the scores", &checkpoint::hash(teacher).await?)?;
        let dev = &self.setup.encodings[DEV.0];
        let cut = prune::select("the teacher", teacher.config(), &scores.units(), share)?;
        let small = cut.apply("the teacher", teacher, device)?;
        let models = [teacher, &small];
        let [then, now] = models.map(|model| model.config().sizes());
        let of = |size: &Size| [size.heads, size.neurons];
        let (mut accuracy, mut milliseconds) = ([0.0; 2], [0.0; 2]);
        for (place, model) in models.into_iter().enumerate() {
            let answers = judge(model, dev, None, device).await?;
            accuracy[place] = answers.figures(&self.setup.dataset.labels_of(DEV.0), None).accuracy;
            milliseconds[place] = self.pass(model, dev).await?;
        }
        Ok(Physical {
            layers: then.iter().zip(&now).map(|(then, now)| [of(then), of(now)]).collect(),
            parameters: models.map(Model::parameters),
            milliseconds,
            accuracy,
            difference: prune::difference(models, &cut, dev, scores.scoring.batch, device).await?,
        })
    }

    /// Milliseconds of a pass over the first texts of a split: the median of several after one that warms up.
    async fn pass(&self, model: &Model, texts: &Encodings) -> Result<f64> {
        const TEXTS: usize = 32;
        let rows: Vec<usize> = (0..texts.len().min(TEXTS)).collect();
        let batch = texts.host(&rows).to_device(&self.opened.device);
        let mut times = vec![];
        for turn in 0..8 {
            let begun = Instant::now();
            read(model.forward(&batch, &Wants::default(), None, None).logits().sum()).await?;
            if turn > 0 {
                times.push(begun.elapsed().as_secs_f64() * 1e3);
            }
        }
        Ok(median(times))
    }
}
