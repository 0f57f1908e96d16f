//! Rows of logits on a GPU: `shaders/src/logit_rows*.wgsl`.

use burn::{
    backend::{
        TensorMetadata,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::Shape,
};
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use retort_shaders::{
    grid,
    logit_rows::{self as twin, GROUP, STATS, Span},
};

use super::{LogitRowsOps, Setting, Tile};
use crate::kernel::cube;

/// Workgroups for rows of logits of some classes, and the info buffer.
pub fn layout(rows: usize, classes: Span, setting: Setting) -> ([u32; 3], [u32; 9]) {
    let lanes = twin::lanes(classes.count);
    let info = twin::info(rows, classes, lanes, setting.teaches, setting.temperature, setting.divergence);
    (grid(rows.div_ceil(GROUP / lanes)), info)
}

/// Student and teacher in memory of their own; a placeholder for a teacher that is not there.
pub fn pair(
    student: FloatTensor<CubeBackend>,
    teacher: FloatTensor<CubeBackend>,
    teaches: bool,
) -> [FloatTensor<CubeBackend>; 2] {
    let student = into_contiguous(student);
    let teacher = if teaches { cube::apart(teacher, &student) } else { cube::empty(&student, Shape::from(vec![1])) };
    [student, teacher]
}

/// As [`LogitRowsOps::logit_rows_grad`], of a tile.
pub fn slopes(
    tile: Tile<CubeBackend>,
    stats: FloatTensor<CubeBackend>,
    upstream: FloatTensor<CubeBackend>,
    setting: Setting,
) -> FloatTensor<CubeBackend> {
    let [student, teacher] = pair(tile.student, tile.teacher, setting.teaches);
    let [labels, stats] = [tile.labels, stats].map(into_contiguous);
    let upstream = cube::apart(upstream, &stats);
    let (groups, info) = layout(student.shape()[0], tile.classes, setting);
    let output = cube::empty(&student, student.shape());
    let buffers = [&student, &teacher, &labels, &stats, &upstream, &output].map(|tensor| &tensor.handle);
    cube::launch(&twin::GRADIENT, groups, &student, &buffers, &info);
    output
}

impl LogitRowsOps for CubeBackend {
    fn logit_rows(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        labels: IntTensor<Self>,
        setting: Setting,
    ) -> FloatTensor<Self> {
        let [student, teacher] = pair(student, teacher, setting.teaches);
        let labels = into_contiguous(labels);
        let [rows, classes] = student.shape().dims();
        let (groups, info) = layout(rows, Span::whole(classes), setting);
        let stats = cube::empty(&student, Shape::from(vec![STATS, rows]));
        let buffers = [&student.handle, &teacher.handle, &labels.handle, &stats.handle];
        cube::launch(&twin::FORWARD, groups, &student, &buffers, &info);
        stats
    }

    fn logit_rows_grad(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        labels: IntTensor<Self>,
        stats: FloatTensor<Self>,
        upstream: FloatTensor<Self>,
        setting: Setting,
    ) -> FloatTensor<Self> {
        let classes = Span::whole(student.shape()[1]);
        slopes(Tile { student, teacher, labels, classes }, stats, upstream, setting)
    }
}
