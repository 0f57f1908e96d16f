//! Texts that the models write while they learn: on-policy distillation, and its mixtures.
//!
//! Lin et al. 2020, "Autoregressive Knowledge Distillation through Imitation Learning" (ImitKD); Wen
//! et al. 2023, "f-divergence minimization" (f-distill); Agarwal et al. 2024, "On-policy distillation"
//! (GKD). Each text of a batch is read from the data, or written anew from its prompt by the student, by
//! the teacher, or by both token by token; which, is drawn for each text. Nothing is differentiated
//! through the writing, and what is asked for is what was written, by whomever.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

use crate::{
    Error, Result,
    data::{Encodings, HostBatch},
    generate::{Generation, Writers, write},
    model::Model,
    run::Writing,
};

/// Who writes a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Author {
    Data,
    Student,
    Teacher,
    Both,
}

impl Writing {
    /// As the generator has it.
    pub(crate) fn generation(&self, seed: u64) -> Generation {
        let &Self { max_new, temperature, top_k, top_p, .. } = self;
        Generation { max_new, temperature, top_k, top_p, seed, stop: None }
    }

    fn author(&self, random: &mut ChaCha8Rng) -> Author {
        let draw = random.next_u32() as f64 / 4_294_967_296.0;
        match draw {
            draw if draw < self.student => Author::Student,
            draw if draw < self.student + self.teacher => Author::Teacher,
            draw if draw < self.student + self.teacher + self.mixed => Author::Both,
            _ => Author::Data,
        }
    }
}

/// The models that write, off the graph.
pub struct Authors<'a> {
    pub student: &'a Model,
    pub teacher: Option<&'a Model>,
}

/// The texts `rows` as a batch, written as `writing` says; `at` is its place in the run file.
///
/// # Errors
/// [`Error::Input`] when nothing but padding was written and nothing read; those of
/// [`crate::generate::generate`].
pub async fn batch(
    at: &str,
    writing: &Writing,
    authors: Authors<'_>,
    data: &Encodings,
    rows: &[usize],
    seed: u64,
) -> Result<HostBatch> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let chosen: Vec<Author> = rows.iter().map(|_| writing.author(&mut random)).collect();
    let longest = data.longest();
    let mut lines: Vec<(Vec<u32>, usize)> = rows.iter().map(|&row| data.line(row)).collect();
    let mut words = chosen.contains(&Author::Data);
    for (stream, author) in [Author::Student, Author::Teacher, Author::Both].into_iter().enumerate() {
        let teacher = authors.teacher.unwrap_or(authors.student);
        let writers = match author {
            Author::Teacher => Writers { model: teacher, other: None },
            Author::Both => Writers { model: authors.student, other: Some((teacher, writing.mix)) },
            Author::Student | Author::Data => Writers { model: authors.student, other: None },
        };
        let theirs: Vec<usize> = (0..rows.len()).filter(|&place| chosen[place] == author).collect();
        let prompts: Vec<Vec<u32>> =
            theirs.iter().map(|&place| data.prompt(rows[place], writing.prompt).0.to_vec()).collect();
        let settings = writing.generation(seed.wrapping_add(1 + stream as u64));
        let stop = writers.model.config().end_tokens();
        let written = write(writers, &prompts, &settings, &mut |_, _| {}).await?;
        for ((place, prompt), text) in theirs.into_iter().zip(prompts).zip(written) {
            words |= text.iter().any(|token| *token != data.pad_id() && !stop.contains(token));
            let from = prompt.len();
            let mut line = [prompt, text].concat();
            line.truncate(longest);
            lines[place] = (line, from);
        }
    }
    if !words {
        let found = format!("nothing but padding in all {} texts; let it read the data first", rows.len());
        return Err(Error::input(at, "words from whoever writes", found));
    }
    let all: Vec<usize> = (0..lines.len()).collect();
    Ok(Encodings::tokens(lines, data.pad_id(), longest).host(&all))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::{
        checkpoint,
        model::{Config, Family, Task},
    };

    fn model(seed: u64) -> Model {
        let config = Config::of(Family::Gpt2, 20, 16, 0, Some(0)).with_task(Task::CausalLm, &[]).unwrap();
        checkpoint::new_model(&config.with_shape(1, 8, 2, 16, 0.0), seed, &Device::flex()).unwrap()
    }

    fn data() -> Encodings {
        let text = |row: u32| ((0..12).map(|place| 1 + (row * 5 + place) % 19).collect(), 1);
        Encodings::tokens((0..6).map(text).collect(), 0, 16)
    }

    fn written(writing: &Writing, seed: u64) -> HostBatch {
        let [student, teacher] = [model(1), model(2)];
        let authors = Authors { student: &student, teacher: Some(&teacher) };
        pollster::block_on(batch("w", writing, authors, &data(), &[0, 1, 2, 3, 4, 5], seed)).unwrap()
    }

    #[test]
    fn a_written_text_begins_with_its_prompt_and_asks_for_the_rest() {
        let writing = Writing { prompt: 4, max_new: 3, ..Writing::default() };
        let batch = written(&writing, 7);
        for row in 0..6 {
            let (ids, labels) = (&batch.ids[row * batch.length..], &batch.labels[row * batch.length..]);
            let data = data();
            let (prompt, _) = data.prompt(row, 4);
            assert_eq!(ids[..4], prompt.iter().map(|&id| id as i32).collect::<Vec<_>>());
            // The token at place 4 is the first that is asked for, at place 3.
            assert_eq!(labels[..3], [-100; 3]);
            let count = batch.mask[row * batch.length..][..batch.length].iter().sum::<f32>() as usize;
            assert_eq!(labels[3..count - 1], ids[4..count]);
        }
        assert_eq!(batch, written(&writing, 7));
        assert_ne!(batch, written(&writing, 8));
    }

    #[test]
    fn without_writers_the_data_is_read() {
        let writing = Writing { student: 0.0, ..Writing::default() };
        assert_eq!(written(&writing, 1), data().host(&[0, 1, 2, 3, 4, 5]));
    }

    #[test]
    fn each_author_writes_its_own() {
        let greedy = Writing { student: 0.0, prompt: 4, max_new: 4, temperature: 0.0, ..Writing::default() };
        let by_teacher = written(&Writing { teacher: 1.0, ..greedy.clone() }, 1);
        let both = |mix| written(&Writing { mixed: 1.0, mix, ..greedy.clone() }, 1);
        assert_eq!(both(1.0), by_teacher);
        assert_eq!(both(0.0), written(&Writing { student: 1.0, ..greedy.clone() }, 1));
        assert_ne!(both(0.0), by_teacher);
    }

    #[test]
    fn nothing_but_padding_is_refused() {
        // All it can say is its only token, which is padding.
        let config = Config::of(Family::Gpt2, 1, 16, 0, Some(0)).with_task(Task::CausalLm, &[]).unwrap();
        let model = checkpoint::new_model(&config.with_shape(1, 8, 2, 16, 0.0), 1, &Device::flex()).unwrap();
        let authors = Authors { student: &model, teacher: None };
        let data = Encodings::tokens(vec![(vec![0; 8], 1)], 0, 16);
        let error = pollster::block_on(batch("phases.0.writing", &Writing::default(), authors, &data, &[0], 1));
        assert_eq!(
            error.unwrap_err().to_string(),
            "phases.0.writing: wanted words from whoever writes, \
             found nothing but padding in all 1 texts; let it read the data first"
        );
    }
}
