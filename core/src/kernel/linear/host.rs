//! Tiles on the CPU: what the row kernel does there, a tile of a row at a time.

use burn::backend::{
    Flex,
    flex::FlexTensor,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::TensorData;
use retort_shaders::logit_rows::STATS;

use super::{Heads, LinearRowsOps, Plan, Setting, Slopes, tiles};
use crate::kernel::{
    host::whole,
    logit_rows::{
        Tile,
        host::{Job, Room, Seen, slopes},
    },
};

/// Every row of a tile into what is known of it, by `also` beside the sums.
fn sweep(
    mut seen: Vec<Seen>,
    tile: &Tile<Flex>,
    setting: Setting,
    each: impl Fn(Job, &mut Seen, [&[f32]; 2], i32, &mut Room),
) -> Vec<Seen> {
    let (student, teacher) = (tile.student.to_contiguous(), tile.teacher.to_contiguous());
    let (student, teacher) = (whole(&student), whole(&teacher));
    let labels = tile.labels.to_contiguous();
    let labels = labels.as_slice::<i32>().expect("contiguous i32 labels");
    let (job, mut room) = (Job::new(setting), Room::default());
    for (row, (seen, &label)) in seen.iter_mut().zip(labels).enumerate() {
        let at = row * tile.classes.count..(row + 1) * tile.classes.count;
        let t = if setting.teaches { &teacher[at.clone()] } else { &[] };
        each(job, seen, [&student[at], t], label, &mut room);
    }
    seen
}

impl tiles::Tiles for Flex {
    type Seen = Vec<Seen>;

    fn absorb(seen: Option<Self::Seen>, tile: Tile<Self>, setting: Setting) -> Self::Seen {
        let seen = seen.unwrap_or_else(|| vec![Seen::NOTHING; tile.labels.layout().shape()[0]]);
        sweep(seen, &tile, setting, |job, seen, logits, label, room| {
            job.absorb(seen, logits, label, tile.classes, room);
        })
    }

    fn mix(seen: Self::Seen, tile: Tile<Self>, setting: Setting) -> Self::Seen {
        sweep(seen, &tile, setting, |job, seen, [s, t], label, room| {
            room.take(s, t, tile.classes.place(label));
            job.mix(seen, room);
        })
    }

    fn finish(seen: Self::Seen, labels: IntTensor<Self>, vocabulary: usize, setting: Setting) -> FloatTensor<Self> {
        let labels = labels.to_contiguous();
        let labels = labels.as_slice::<i32>().expect("contiguous i32 labels");
        let (job, rows) = (Job::new(setting), seen.len());
        let mut stats = vec![0.0; STATS * rows];
        for (row, (seen, &label)) in seen.into_iter().zip(labels).enumerate() {
            for (column, number) in job.finish(seen, label, vocabulary).into_iter().enumerate() {
                stats[column * rows + row] = number as f32;
            }
        }
        FlexTensor::from_data(TensorData::new(stats, [STATS, rows]))
    }

    fn slopes(
        tile: Tile<Self>,
        stats: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        setting: Setting,
    ) -> FloatTensor<Self> {
        slopes(tile, stats, upstream, setting)
    }
}

impl LinearRowsOps for Flex {
    fn linear_rows(heads: Heads<Self>, plan: Plan) -> FloatTensor<Self> {
        tiles::statistics(&heads, plan)
    }

    fn linear_rows_grad(
        heads: Heads<Self>,
        stats: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        plan: Plan,
    ) -> Slopes<Self> {
        tiles::gradients(&heads, stats, upstream, plan)
    }
}
