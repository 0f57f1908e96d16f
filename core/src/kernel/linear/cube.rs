//! Tiles on a GPU: `shaders/src/logit_tile*.wgsl`.

use burn::backend::{
    TensorMetadata,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::Shape;
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use retort_shaders::{
    Kernel, grid,
    logit_rows::{self, GROUP, STATS, Span},
    logit_tile::{self as twin, STATE},
};

use super::{Heads, LinearRowsOps, Plan, Setting, Slopes, tiles};
use crate::kernel::{
    cube,
    logit_rows::{
        Tile,
        cube::{layout, pair, slopes},
    },
};

/// Both sweeps bind the same. The state is written in place: nobody else holds it.
fn sweep(
    kernel: &'static Kernel,
    state: Option<FloatTensor<CubeBackend>>,
    tile: Tile<CubeBackend>,
    setting: Setting,
) -> FloatTensor<CubeBackend> {
    let [student, teacher] = pair(tile.student, tile.teacher, setting.teaches);
    let labels = into_contiguous(tile.labels);
    let [rows, _] = student.shape().dims();
    let state = state.unwrap_or_else(|| cube::empty(&student, Shape::from(vec![STATE, rows])));
    let (groups, info) = layout(rows, tile.classes, setting);
    let buffers = [&student.handle, &teacher.handle, &labels.handle, &state.handle];
    cube::launch(kernel, groups, &student, &buffers, &info);
    state
}

impl tiles::Tiles for CubeBackend {
    /// `[14, rows]`
    type Seen = FloatTensor<Self>;

    fn absorb(seen: Option<Self::Seen>, tile: Tile<Self>, setting: Setting) -> Self::Seen {
        sweep(&twin::SUMS, seen, tile, setting)
    }

    fn mix(seen: Self::Seen, tile: Tile<Self>, setting: Setting) -> Self::Seen {
        sweep(&twin::MIXTURES, Some(seen), tile, setting)
    }

    fn finish(seen: Self::Seen, labels: IntTensor<Self>, vocabulary: usize, setting: Setting) -> FloatTensor<Self> {
        let labels = into_contiguous(labels);
        let [_, rows] = seen.shape().dims();
        let stats = cube::empty(&seen, Shape::from(vec![STATS, rows]));
        let Setting { teaches, temperature, divergence } = setting;
        let info = logit_rows::info(rows, Span::whole(vocabulary), 1, teaches, temperature, divergence);
        let buffers = [&labels.handle, &seen.handle, &stats.handle];
        cube::launch(&twin::STATISTICS, grid(rows.div_ceil(GROUP)), &seen, &buffers, &info);
        stats
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

impl LinearRowsOps for CubeBackend {
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
