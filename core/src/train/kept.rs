//! What a teacher answered, kept for the next student: the second one costs no teacher.
//!
//! A file for each teacher, data set, vocabulary and precision, named by their hashes; in it, for every
//! text, the log-probabilities of each of its rows of answers in 16 bits: all of them, or the `top` likeliest
//! with their places and the log of what is left to the others ([`Answer::beside`]). Only answers to
//! texts as the data has them can be kept; where words are hidden anew, a model writes, or a teacher's
//! insides are looked at, the teacher is asked.

use std::collections::HashMap;

use burn::tensor::{Device, Tensor, TensorData};
use half::f16;
use sha2::{Digest, Sha256};

use crate::{
    Error, Result,
    data::HostBatch,
    model::{Answer, Likeliest},
    platform::{Lock, Store},
    readback::read,
};

/// Identifies a text: the beginning of the SHA-256 of its tokens and their kinds.
type Key = [u8; 16];

/// Log of a share that is too small to say.
const NOTHING: f64 = -60.0;

/// A teacher's answers.
pub struct Kept {
    store: Store,
    file: String,
    /// Held by the one that writes; others read, and ask for what they do not find.
    writes: Option<Lock>,
    top: usize,
    classes: usize,
    answers: HashMap<Key, Vec<u8>>,
    /// Texts for which the teacher had to be asked.
    pub asked: usize,
}

impl Kept {
    /// Opens the file of answers that `names` (hashes of teacher, data, vocabulary) belong to. `top` is how
    /// many of the `classes` answers are kept of each row; 0: all.
    ///
    /// # Errors
    /// [`Error::Storage`] when the file cannot be read.
    pub async fn open(store: Store, names: &[&str], top: usize, classes: usize) -> Result<Self> {
        let top = if top == 0 { classes } else { top.min(classes) };
        let mut hash = Sha256::new();
        names.iter().for_each(|name| hash.update(format!("{name}\n")));
        let name: String = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let file = format!("{name}-{top}.answers");
        let writes = store.hold(&file).await?;
        let bytes = store.read(&file).await?.unwrap_or_default();
        let (answers, whole) = parse(&bytes);
        if whole < bytes.len() && writes.is_some() {
            store.truncate(&file, whole as u64).await?; // a kill cut the last one short
        }
        Ok(Self { store, file, writes, top, classes, answers, asked: 0 })
    }

    /// Bytes that one row of answers takes.
    pub fn bytes_per_row(&self) -> usize {
        if self.top == self.classes { 2 * self.classes } else { 6 * self.top + 2 }
    }

    /// The teacher's answers to a batch, `[rows, classes]` or `[rows * length, classes]`: as they were kept,
    /// or as `ask` gives them now, and these are kept.
    ///
    /// # Errors
    /// [`Error::Storage`] when they cannot be kept, [`Error::Device`] when the device fails.
    pub async fn answer(
        &mut self,
        batch: &HostBatch,
        device: &Device,
        ask: impl FnOnce() -> Tensor<2>,
    ) -> Result<Answer> {
        let texts = Texts::of(batch);
        if texts.keys.iter().any(|key| !self.answers.contains_key(key)) {
            let logits = ask();
            let values = read(logits.clone()).await?;
            let mut fresh = vec![];
            for (text, key) in texts.keys.iter().enumerate() {
                if self.answers.contains_key(key) {
                    continue;
                }
                let rows = texts.rows(text).map(|row| &values[row * self.classes..][..self.classes]);
                let bytes: Vec<u8> = rows.flat_map(|row| pack(row, self.top)).collect();
                fresh.extend_from_slice(key);
                fresh.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                fresh.extend_from_slice(&bytes);
                self.answers.insert(*key, bytes);
                self.asked += 1;
            }
            if self.writes.is_some() {
                self.store.append(&self.file, &fresh).await?;
            }
        }
        let mut rows = Rows::new(batch.labels.len(), self.classes, self.top);
        let size = self.bytes_per_row();
        for (text, key) in texts.keys.iter().enumerate() {
            let bytes = &self.answers[key];
            if bytes.len() != texts.rows(text).len() * size {
                let found = format!("{} bytes", bytes.len());
                return Err(Error::storage(&self.file, format!("a text's answers have another size ({found})")));
            }
            for (row, bytes) in texts.rows(text).zip(bytes.chunks(size)) {
                rows.unpack(row, bytes);
            }
        }
        Ok(rows.answer(device))
    }
}

/// The texts of a batch, and which rows of answers belong to each.
struct Texts {
    keys: Vec<Key>,
    /// Answers of a text, padding included: 1, or one for each place.
    stride: usize,
    /// Of them, those of tokens.
    counts: Vec<usize>,
}

impl Texts {
    fn of(batch: &HostBatch) -> Self {
        let stride = batch.labels.len() / batch.rows.max(1);
        let (mut keys, mut counts) = (vec![], vec![]);
        for row in 0..batch.rows {
            let places = row * batch.length..(row + 1) * batch.length;
            let real = batch.mask[places.clone()].iter().filter(|real| **real > 0.0).count();
            let mut hash = Sha256::new();
            for place in places.take(real) {
                hash.update(batch.ids[place].to_le_bytes());
                hash.update([batch.types[place] as u8]);
            }
            let mut key = Key::default();
            key.copy_from_slice(&hash.finalize()[..16]);
            keys.push(key);
            counts.push(if stride == 1 { 1 } else { real });
        }
        Self { keys, stride, counts }
    }

    fn rows(&self, text: usize) -> std::ops::Range<usize> {
        let start = text * self.stride;
        start..start + self.counts[text]
    }
}

/// All records of a file, and where the last whole one ends.
fn parse(bytes: &[u8]) -> (HashMap<Key, Vec<u8>>, usize) {
    let (mut answers, mut at) = (HashMap::new(), 0);
    while let Some(head) = bytes.get(at..at + 20) {
        let mut key = Key::default();
        key.copy_from_slice(&head[..16]);
        let length = u32::from_le_bytes([head[16], head[17], head[18], head[19]]) as usize;
        let Some(body) = bytes.get(at + 20..at + 20 + length) else { break };
        answers.insert(key, body.to_vec());
        at += 20 + length;
    }
    (answers, at)
}

/// One row of logits as bytes.
fn pack(logits: &[f32], top: usize) -> Vec<u8> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| libm::exp(f64::from(logit - largest))).sum();
    let log = |logit: f32| f64::from(logit - largest) - libm::log(sum);
    let half = |value: f64| f16::from_f64(value.max(NOTHING)).to_le_bytes();
    if top == logits.len() {
        return logits.iter().flat_map(|&logit| half(log(logit))).collect();
    }
    let mut ids: Vec<usize> = (0..logits.len()).collect();
    ids.select_nth_unstable_by(top - 1, |&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
    ids.truncate(top);
    let kept: f64 = ids.iter().map(|&id| libm::exp(log(logits[id]))).sum();
    let places = ids.iter().flat_map(|&id| (id as u32).to_le_bytes());
    let shares = ids.iter().flat_map(|&id| half(log(logits[id])));
    places.chain(shares).chain(half(libm::log(1.0 - kept))).collect()
}

/// `logits`, `[rows, classes]`, as they are after they were kept, and the bytes that a row takes.
pub fn there_and_back(logits: &[f32], classes: usize, top: usize, device: &Device) -> (Answer, usize) {
    let (mut rows, mut size) = (Rows::new(logits.len() / classes, classes, top), 0);
    for (row, logits) in logits.chunks(classes).enumerate() {
        let bytes = pack(logits, top);
        size = bytes.len();
        rows.unpack(row, &bytes);
    }
    (rows.answer(device), size)
}

/// Rows that are read back. One that was not kept is all zeros, and known to be.
struct Rows {
    classes: usize,
    top: usize,
    logits: Vec<f32>,
    known: Vec<f32>,
}

impl Rows {
    fn new(rows: usize, classes: usize, top: usize) -> Self {
        let cells = rows * classes;
        let known = if top < classes { vec![1.0; cells] } else { vec![] };
        Self { classes, top, logits: vec![0.0; cells], known }
    }

    /// Log-probabilities of one row, from its bytes.
    fn unpack(&mut self, row: usize, bytes: &[u8]) {
        let half = |bytes: &[u8]| f16::from_le_bytes([bytes[0], bytes[1]]).to_f32();
        let cells = row * self.classes..(row + 1) * self.classes;
        let logits = &mut self.logits[cells.clone()];
        if self.top == self.classes {
            logits.iter_mut().zip(bytes.chunks(2)).for_each(|(logit, bytes)| *logit = half(bytes));
            return;
        }
        let known = &mut self.known[cells];
        let (places, shares) = bytes.split_at(4 * self.top);
        logits.fill(half(&shares[2 * self.top..]));
        known.fill(0.0);
        for (place, share) in places.as_chunks::<4>().0.iter().zip(shares.chunks(2)) {
            let place = u32::from_le_bytes(*place) as usize;
            (logits[place], known[place]) = (half(share), 1.0);
        }
    }

    fn answer(self, device: &Device) -> Answer {
        let shape = [self.logits.len() / self.classes, self.classes];
        let place = |values| Tensor::from_data(TensorData::new(values, shape), device);
        match self.known.is_empty() {
            true => Answer::Logits(place(self.logits)),
            false => Answer::Likeliest(Likeliest { logits: place(self.logits), known: place(self.known) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two texts, of three tokens and of two, each token asked for an answer among four.
    fn batch() -> HostBatch {
        HostBatch {
            ids: vec![1, 2, 3, 4, 5, 0],
            types: vec![0; 6],
            mask: vec![1.0, 1.0, 1.0, 1.0, 1.0, 0.0],
            labels: vec![2, 3, -100, 5, -100, -100],
            rows: 2,
            length: 3,
        }
    }

    fn logits() -> Tensor<2> {
        // Log-probabilities of 1/2, 1/4, 1/8, 1/8 in turning order.
        let shares = [0.5f32, 0.25, 0.125, 0.125].map(f32::ln);
        let rows = (0..6).flat_map(|row| (0..4).map(move |class| shares[(class + row) % 4] + row as f32));
        Tensor::from_data(TensorData::new(rows.collect::<Vec<_>>(), [6, 4]), &Device::flex())
    }

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    async fn answers(store: &Store, top: usize, may_ask: bool) -> (Vec<f32>, usize) {
        let mut kept = Kept::open(store.clone(), &["teacher", "data", "vocabulary"], top, 4).await.unwrap();
        let ask = || if may_ask { logits() } else { panic!("the teacher was asked again") };
        let answers = kept.answer(&batch(), &Device::flex(), ask).await.unwrap();
        (values(answers.logits()), kept.asked)
    }

    #[test]
    fn the_second_student_costs_no_teacher() {
        let folder = tempfile::tempdir().unwrap();
        pollster::block_on(async {
            let store = Store::open(&folder.path().display().to_string()).await.unwrap();
            let (first, asked) = answers(&store, 0, true).await;
            assert_eq!(asked, 2);
            let (second, asked) = answers(&store, 0, false).await;
            assert_eq!((second, asked), (first.clone(), 0));
            // Row 1: 1/4, 1/8, 1/8, 1/2, to the 11 bits that 16-bit numbers have.
            for (got, want) in first[4..8].iter().zip([0.25f32, 0.125, 0.125, 0.5]) {
                assert!((got - want.ln()).abs() < 1e-3, "{got} {}", want.ln());
            }
            assert_eq!(first[20..], [0.0; 4], "padding has no answers");
        });
    }

    #[test]
    fn the_likeliest_and_what_is_left() {
        let folder = tempfile::tempdir().unwrap();
        pollster::block_on(async {
            let store = Store::open(&folder.path().display().to_string()).await.unwrap();
            let (all, _) = answers(&store, 1, true).await;
            // Row 0: 1/2 is kept; by itself, the other half is spread over three.
            for (got, want) in all[..4].iter().zip([0.5f32, 1.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0]) {
                assert!((got - want.ln()).abs() < 2e-3, "{got} {}", want.ln());
            }
            let kept = Kept::open(store, &["teacher", "data", "vocabulary"], 1, 4).await.unwrap();
            assert_eq!((kept.bytes_per_row(), kept.answers.len()), (8, 2));
        });
    }

    /// Beside a student that gives 1/4, 1/2, 1/8, 1/8, what is left of row 0 is shared as 4 : 1 : 1.
    #[test]
    fn what_is_left_is_shared_as_the_student_shares_it() {
        let (answer, _) = there_and_back(&values(logits())[..4], 4, 1, &Device::flex());
        let student =
            Tensor::<2>::from_floats([[0.25f32.ln(), 0.5f32.ln(), 0.125f32.ln(), 0.125f32.ln()]], &Device::flex());
        let beside = values(answer.beside(&(student + 3.0)));
        for (got, want) in beside.iter().zip([0.5f32, 0.5 * 4.0 / 6.0, 0.5 / 6.0, 0.5 / 6.0]) {
            assert!((got - want.ln()).abs() < 2e-3, "{got} {}", want.ln());
        }
    }

    #[test]
    fn one_writes_and_others_read() {
        let folder = tempfile::tempdir().unwrap();
        pollster::block_on(async {
            let store = Store::open(&folder.path().display().to_string()).await.unwrap();
            let open = || Kept::open(store.clone(), &["teacher", "data", "vocabulary"], 0, 4);
            let (mut first, mut second) = (open().await.unwrap(), open().await.unwrap());
            assert!(first.writes.is_some() && second.writes.is_none());
            second.answer(&batch(), &Device::flex(), logits).await.unwrap();
            assert!(store.read(&second.file).await.unwrap().is_none(), "the second wrote");
            // What it asked for once it knows.
            second.answer(&batch(), &Device::flex(), || panic!("asked again")).await.unwrap();
            first.answer(&batch(), &Device::flex(), logits).await.unwrap();
            assert_eq!(open().await.unwrap().answers.len(), 2);
        });
    }

    #[test]
    fn a_file_cut_short_keeps_what_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        pollster::block_on(async {
            let store = Store::open(&folder.path().display().to_string()).await.unwrap();
            answers(&store, 0, true).await;
            let name = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
            let bytes = std::fs::read(&name).unwrap();
            std::fs::write(&name, &bytes[..bytes.len() - 3]).unwrap();
            let (again, asked) = answers(&store, 0, true).await;
            assert_eq!((asked, again.len()), (1, 24));
            assert_eq!(std::fs::read(&name).unwrap(), bytes);
        });
    }
}
