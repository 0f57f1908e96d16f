//! What both kernels are tried on.

use super::{GROUP, LEFT_OUT, Rows, STATS, Span, TERMS, UNLABELLED, lanes};
use crate::{Case, divergence::Divergence, grid, noise, words};

/// A name, the rows, and invocations per row.
fn inputs() -> Vec<(String, Rows, usize)> {
    let mut inputs = vec![];
    for (rows, classes, temperature) in [
        (1, 2, 1.0),
        (5, 3, 2.0),
        (257, 2, 4.0),
        (39, 5, 0.5),
        (7, 31, 2.0),
        (3, 64, 1.0),
        (24, 1_058, 2.0),
        (2, 4_097, 3.0),
        (1, 262_144, 1.5),
    ] {
        let rows = random(rows, classes, temperature, 3.0);
        inputs.push((format!("{} × {classes} at {temperature}", rows.labels.len()), rows, lanes(classes)));
    }
    for divergence in Divergence::ALL {
        for (rows, classes, temperature) in [(40, 2, 1.0), (23, 7, 2.0), (11, 700, 1.0)] {
            let mut rows = Rows { divergence, ..random(rows, classes, temperature, 4.0) };
            rows.labels[1] = UNLABELLED;
            inputs.push((format!("{divergence:?} over {classes}"), rows, lanes(classes)));
        }
        let mut sure = Rows { divergence, ..random(6, 40, 1.0, 1.0) };
        // The teacher is all but certain of the label, the student of another class.
        for row in 0..6 {
            let label = sure.labels[row].max(0) as usize;
            sure.student[row * 40 + (label + 1) % 40] = 30.0;
            sure.teacher.as_mut().expect("random rows have a teacher")[row * 40 + label] = 30.0;
        }
        inputs.push((format!("{divergence:?}, all but certain"), sure, lanes(40)));
    }
    inputs.push(("more rows than workgroups in x".into(), random(70_000, 2, 2.0, 2.0), GROUP));
    inputs.push(("huge logits".into(), random(9, 77, 2.0, 1e4), lanes(77)));

    let mut plain = random(6, 300, 2.0, 2.0);
    plain.teacher = None;
    inputs.push(("no teacher".into(), plain, lanes(300)));

    let mut same = random(6, 300, 2.0, 2.0);
    same.teacher = Some(same.student.clone());
    inputs.push(("the teacher is the student".into(), same, lanes(300)));

    for mask in [-1e4, -1e9, f32::MIN, f32::NEG_INFINITY] {
        let mut masked = random(5, 150, 2.0, 2.0);
        // The same two of three classes are masked for both models; the labels are not among them.
        for (at, student) in masked.student.iter_mut().enumerate() {
            if at % 150 % 3 != 0 {
                *student = mask;
                masked.teacher.as_mut().expect("random rows have a teacher")[at] = mask;
            }
        }
        masked.labels = vec![0, 3, 147, LEFT_OUT, 9];
        inputs.push((format!("masked by {mask:e}"), masked, lanes(150)));
    }

    let mut odd = random(3, 10, 1.0, 1.0);
    odd.student[4] = f32::NAN;
    odd.labels = vec![1, 10, -2];
    inputs.push(("a NaN and labels that are no class".into(), odd, lanes(10)));
    inputs
}

/// Rows whose logits lie between −`spread` and `spread`; every seventh is left out.
pub fn random(rows: usize, classes: usize, temperature: f64, spread: f32) -> Rows {
    let logits = |seed| noise(seed, rows * classes).into_iter().map(|x| x * spread).collect();
    let label = |row: usize| {
        if row % 7 == 6 { LEFT_OUT } else { (row * 31 % classes) as i32 }
    };
    Rows {
        student: logits(1),
        teacher: Some(logits(2)),
        labels: (0..rows).map(label).collect(),
        classes,
        temperature,
        divergence: Divergence::Kl,
    }
}

/// Rows whose classes are cut in three, not evenly, with each of the tiles.
pub fn tiles() -> Vec<(String, Rows, Span)> {
    let mut inputs = vec![
        ("5 × 3".into(), random(5, 3, 2.0, 3.0)),
        ("9 × 1,058".into(), random(9, 1_058, 0.5, 3.0)),
        ("2 × 20,003".into(), random(2, 20_003, 1.0, 3.0)),
        ("huge logits".into(), random(9, 77, 2.0, 1e4)),
    ];
    for divergence in Divergence::ALL {
        let mut rows = Rows { divergence, ..random(11, 701, 2.0, 4.0) };
        // Labels in every tile, at their first and last class; none; and none that is a class.
        rows.labels = vec![0, 100, 174, 175, 176, 500, 524, 525, 700, UNLABELLED, LEFT_OUT];
        inputs.push((format!("{divergence:?}"), rows));
    }
    let mut masked = random(4, 64, 1.0, 2.0);
    // All that the first tile has.
    for at in (0..4 * 64).filter(|at| at % 64 < 16) {
        masked.student[at] = f32::NEG_INFINITY;
        masked.teacher.as_mut().expect("random rows have a teacher")[at] = f32::MIN;
    }
    masked.labels = vec![16, 40, 63, UNLABELLED];
    inputs.push(("a masked tile".into(), masked));
    let mut plain = random(6, 300, 2.0, 2.0);
    plain.teacher = None;
    inputs.push(("no teacher".into(), plain));
    let mut odd = random(3, 10, 1.0, 1.0);
    odd.student[4] = f32::NAN;
    odd.labels = vec![1, 10, -2];
    inputs.push(("a NaN and labels that are no class".into(), odd));
    let cut = |(name, rows): (String, Rows)| {
        let ends = [0, rows.classes.div_ceil(4), rows.classes * 3 / 4, rows.classes];
        let tile = |ends: &[usize]| {
            let classes = Span { first: ends[0], count: ends[1] - ends[0], vocabulary: rows.classes };
            (format!("{name}, {} classes from {}", classes.count, classes.first), rows.clone(), classes)
        };
        ends.windows(2).map(tile).collect::<Vec<_>>()
    };
    inputs.into_iter().flat_map(cut).collect()
}

/// A tile of `[rows, classes]`.
pub fn tile<T: Copy>(all: &[T], classes: Span) -> Vec<T> {
    all.chunks(classes.vocabulary).flat_map(|row| &row[classes.first..][..classes.count]).copied().collect()
}

/// The first three bindings.
pub fn buffers(rows: &Rows, classes: Span) -> Vec<Vec<u32>> {
    let teacher = rows.teacher.as_ref().map_or(vec![0], |teacher| words(&tile(teacher, classes)));
    let labels = rows.labels.iter().map(|&label| label as u32).collect();
    vec![words(&tile(&rows.student, classes)), teacher, labels]
}

pub fn forward() -> Vec<Case> {
    let case = |(name, rows, lanes): (String, Rows, usize)| {
        let count = rows.labels.len();
        let classes = Span::whole(rows.classes);
        let mut buffers = buffers(&rows, classes);
        buffers.push(vec![0; STATS * count]);
        buffers.push(rows.info(classes, lanes).to_vec());
        let wanted = rows.stats();
        Case { name, buffers, output: 3, groups: grid(count.div_ceil(GROUP / lanes)), wanted, allowance: [5e-6, 2e-5] }
    };
    inputs().into_iter().map(case).collect()
}

pub fn gradient() -> Vec<Case> {
    let case = |(name, rows, classes, lanes): (String, Rows, Span, usize)| {
        let count = rows.labels.len();
        let mut upstream = noise(5, STATS * count);
        let stats: Vec<f32> = rows.stats().into_iter().map(|x| x as f32).collect();
        let mut buffers = buffers(&rows, classes);
        buffers.push(words(&stats));
        buffers.push(words(&upstream));
        buffers.push(vec![0; count * classes.count]);
        buffers.push(rows.info(classes, lanes).to_vec());
        upstream.truncate(TERMS * count);
        let wanted = tile(&rows.gradient(&upstream), classes);
        Case { name, buffers, output: 5, groups: grid(count.div_ceil(GROUP / lanes)), wanted, allowance: [2e-6, 2e-5] }
    };
    let whole = |(name, rows, lanes): (String, Rows, usize)| {
        let classes = Span::whole(rows.classes);
        (name, rows, classes, lanes)
    };
    let part = |(name, rows, classes): (String, Rows, Span)| (name, rows, classes, lanes(classes.count));
    inputs().into_iter().map(whole).chain(tiles().into_iter().map(part)).map(case).collect()
}
