//! Attention without its matrices, against products and softmax with all of them: forwards and backwards, time, and
//! memory beyond queries, keys and values (Dao et al. 2022, "FlashAttention").

use burn::tensor::{Distribution, Tensor};

use super::{Meter, first, linear::mebibytes};
use crate::{
    Result,
    kernel::{Attending, Form, attention, masked_softmax, product},
};

/// Runs that a median is of.
const RUNS: usize = 3;

/// Measures both ways. BERT's heads, and as many tokens as it reads.
pub async fn run(meter: &mut Meter<'_>) -> Result<()> {
    let [batch, heads, length, size] = if meter.quick { [2, 2, 32, 8] } else { [4, 12, 512, 64] };
    let name = format!("attention and gradients, {heads} heads of {size}, batch {batch} × {length}");
    let take = |_| Tensor::<4>::random([batch, length, heads, size], Distribution::Default, meter.device);
    let inputs = [0, 1, 2].map(take);
    let mask = Tensor::<4>::zeros([1, 1, 1, length], meter.device);
    let divisor = (size as f64).sqrt();
    let without = |[q, k, v]: [Tensor<4>; 3], mask| attention(q, k, v, mask, Attending { divisor, p: 0.0, seed: 0 });
    let with = |[q, k, v]: [Tensor<4>; 3], mask| {
        let probs = masked_softmax(product(q, k, Form::Nt), mask, divisor);
        product(probs, v, Form::Nn).swap_dims(1, 2)
    };
    let step = |attend: &dyn Fn([Tensor<4>; 3], Tensor<4>) -> Tensor<4>| {
        let leaves = inputs.clone().map(|x| Tensor::from_inner(x).require_grad());
        let context = attend(leaves.clone().map(|x| x.swap_dims(1, 2)), Tensor::from_inner(mask.clone()));
        let gradients = context.square().sum().backward();
        let slopes = leaves.iter().map(|x| x.grad(&gradients).expect("the context depends on all three"));
        Ok(slopes.map(|x| first(x.reshape([batch * length, heads * size]))).reduce(|sum, x| sum + x).expect("three"))
    };
    let mut medians = vec![];
    let ways: [(_, &dyn Fn(_, _) -> _); 2] = [("without matrices", &without), ("with them", &with)];
    for (way, attend) in ways {
        let name = format!("{name}, {way}");
        // What the program itself gave back before would not be seen to grow again.
        let extra = match meter.device.memory_pool_usage() {
            Some(_) => meter.extra_bytes(&mut || step(attend)).await?,
            None => None,
        };
        let seconds = meter.seconds_of(RUNS, &mut || step(attend)).await?;
        meter.note_of(RUNS, name.clone(), seconds * 1e3, "ms", "forwards and backwards".into());
        if let Some(extra) = extra {
            let note = "beyond what was there".to_owned();
            meter.note_of(1, format!("{name}, memory"), mebibytes(extra), "MiB", note);
        }
        medians.push(seconds);
    }
    let note = "ratio of the medians".to_owned();
    meter.note_of(RUNS, format!("{name}, without / with"), medians[0] / medians[1], "×", note);
    Ok(())
}
