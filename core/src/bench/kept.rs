//! What keeping a teacher's answers in few bytes does to the loss: the built-in language models on held-out
//! prose, with answers as they are and as they were kept.

use burn::tensor::{Int, Tensor};

use super::Meter;
use crate::{
    Result, checkpoint,
    data::{self, Encodings},
    kernel::{Divergence, logit_rows},
    model::{Answer, Model, Wants},
    readback::read,
    run::Data,
    train::there_and_back,
};

/// How many of the likeliest words are kept; 0: all.
const TOPS: [usize; 5] = [0, 4, 16, 64, 256];
/// Tokens of a text.
const LENGTH: usize = 64;

/// Measures the loss and its gradient with respect to the student's logits.
pub async fn run(meter: &mut Meter<'_>) -> Result<()> {
    let rows = if meter.quick { 2 } else { 64 };
    let source = "builtin:prose";
    let data = Data { source: source.into(), ..Data::default() };
    let dataset = data::load(&data).await?;
    let tokenizer = data::tokenizer(source).await?;
    let texts = Encodings::packed(&tokenizer, dataset.dev.iter().map(|text| text.text.as_str()), LENGTH)?;
    let batch = texts.host(&Vec::from_iter(0..rows)).to_device(meter.device);
    let mut logits = vec![];
    for name in ["builtin:prose-large", "builtin:prose-small"] {
        let model: Model = checkpoint::load_model(name, &checkpoint::read_dir(name).await?, meter.device)?;
        logits.push(model.forward(&batch, &Wants::default(), None, None).logits());
    }
    let [teacher, student] = logits.try_into().expect("two models");
    let step = |teacher: Answer| one(teacher, student.clone(), batch.labels.clone(), batch.counted);
    let (whole, slope) = step(Answer::Logits(teacher.clone())).await?;
    let [_, classes] = teacher.dims();
    let answers = read(teacher).await?;
    for top in TOPS {
        let top = if top == 0 { classes } else { top };
        let (kept, bytes) = there_and_back(&answers, classes, top, meter.device);
        let (loss, kept) = step(kept).await?;
        let apart = |other: &[f32]| slope.iter().zip(other).map(|(x, y)| ((x - y) as f64).powi(2)).sum::<f64>().sqrt();
        let gradient = 100.0 * apart(&kept) / apart(&vec![0.0; slope.len()]);
        let which = if top == classes { "all".to_owned() } else { format!("the likeliest {top}") };
        let note = format!("KL {loss:.4} instead of {whole:.4}; gradient {gradient:.2} % off; {bytes} bytes a token");
        let name = format!("answers of {classes} words kept, {which}: error of the loss");
        meter.note_of(1, name, 100.0 * (loss - whole).abs() / whole, "%", note);
    }
    Ok(())
}

/// KL, and its gradient with respect to the student's logits.
async fn one(teacher: Answer, student: Tensor<2>, labels: Tensor<1, Int>, counted: usize) -> Result<(f64, Vec<f32>)> {
    let student = Tensor::from_inner(student).require_grad();
    let teacher = teacher.beside(&student);
    let rows = logit_rows(student.clone(), Some(teacher), labels, 1.0, Divergence::Kl);
    let loss = rows.divergence.sum() / counted.max(1) as f64;
    let gradients = loss.backward();
    let slope = student.grad(&gradients).expect("the loss depends on the student");
    Ok((read(loss.inner()).await?[0] as f64, read(slope).await?))
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::platform::{self, DeviceChoice};

    #[test]
    fn the_more_is_kept_the_smaller_is_the_error() {
        let opened = block_on(platform::open(DeviceChoice::Cpu)).unwrap();
        let mut rows = vec![];
        let mut hear = |row| rows.push(row);
        block_on(run(&mut Meter::new(&opened, true, &mut hear))).unwrap();
        let errors: Vec<f64> = rows.iter().map(|row| row.value).collect();
        assert_eq!(errors.len(), TOPS.len());
        // Half precision has 11 bits: the loss is right to about a thousandth.
        assert!(errors[0] < 0.1, "{errors:?}");
        assert!(errors[1] > errors[3] && errors[2] > errors[4], "{errors:?}");
    }
}
