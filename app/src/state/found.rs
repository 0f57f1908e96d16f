//! Figures of what was found in a run's data and in its models.

use retort_core::train::{Attending, Texts};

use crate::draw::{Axis, Bars, Caption, Column, Counts, Heat, Histogram, Role, Shade, Value};

/// Train, dev and test.
const SPLITS: [Role; 3] = [Role::Student, Role::Third, Role::Control];

/// How much of each split belongs to which class; nothing where words are asked for.
pub fn classes(texts: &Texts) -> Option<Bars> {
    let column = |(place, split): (usize, &retort_core::train::TextsOf)| {
        let all = split.classes.iter().sum::<usize>().max(1) as f64;
        let values = split.classes.iter().map(|count| Value::new(100.0 * *count as f64 / all)).collect();
        Column { name: split.name.clone(), role: SPLITS[place % SPLITS.len()], values }
    };
    (!texts.labels.is_empty()).then(|| Bars {
        caption: Caption::new("Classes", "How much of each split belongs to which class."),
        axis: Axis::new("% of the split"),
        title: "class".into(),
        groups: texts.labels.clone(),
        columns: texts.splits.iter().enumerate().map(column).collect(),
        level: false,
    })
}

/// How long the texts to train on are, with a line where they are cut; nothing where tokens were not counted.
pub fn lengths(texts: &Texts) -> Option<Histogram> {
    let train = texts.splits.first().filter(|split| !split.lengths.is_empty())?;
    let first = train.lengths.first().map(|bin| bin.from as f64);
    let edges = first.into_iter().chain(train.lengths.iter().map(|bin| bin.to as f64)).collect();
    let counts = train.lengths.iter().map(|bin| bin.count as f64).collect();
    let cut = texts.max_length as f64;
    Some(Histogram {
        caption: Caption::new("Lengths", "Tokens of the texts to train on, before they are cut."),
        x: Axis::new("tokens").whole().with(cut, format!("cut at {cut}"), Role::Control),
        y: Axis::new("texts").whole(),
        edges,
        counts: vec![Counts { name: train.name.clone(), role: SPLITS[0], counts }],
    })
}

/// A head, or all heads of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Counted from 0.
    pub layer: usize,
    /// Counted from 0; without one the mean over the layer's heads.
    pub head: Option<usize>,
}

/// `[query][key]`: where a model looks at a place; nothing where there is no such place.
pub fn looks(model: &Attending, at: Place) -> Option<Vec<Vec<f64>>> {
    let heads = model.layers.get(at.layer)?;
    let chosen = match at.head {
        Some(head) => heads.get(head..=head)?,
        None => &heads[..],
    };
    let length = chosen.first()?.len();
    let mut means = vec![vec![0.0; length]; length];
    for head in chosen {
        for (means, row) in means.iter_mut().zip(head) {
            means.iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value) / chosen.len() as f64);
        }
    }
    Some(means)
}

/// A map of attention: what is taken by the rows' tokens comes from the columns' tokens.
pub fn map(title: String, tokens: &[String], values: Vec<Vec<f64>>, role: Role) -> Heat {
    Heat {
        caption: Caption::new(title, "Rows take, columns give; every row sums to 1."),
        titles: ["reading".into(), "read".into(), "attention".into()],
        rows: tokens.to_vec(),
        columns: tokens.to_vec(),
        values,
        shade: Shade::Sequential(role),
        most: Some(1.0),
        ..Heat::default()
    }
}

/// What a student takes more and less than its teacher.
pub fn difference(tokens: &[String], teacher: &[Vec<f64>], student: &[Vec<f64>]) -> Heat {
    let row = |(t, s): (&Vec<f64>, &Vec<f64>)| s.iter().zip(t).map(|(s, t)| s - t).collect();
    Heat {
        caption: Caption::new(
            "Student less teacher",
            "What the student takes more of, and what less, than its teacher.",
        ),
        titles: ["reading".into(), "read".into(), "difference".into()],
        rows: tokens.to_vec(),
        columns: tokens.to_vec(),
        values: teacher.iter().zip(student).map(row).collect(),
        shade: Shade::Diverging(Role::Control, Role::Student),
        most: Some(1.0),
        ..Heat::default()
    }
}

/// How many texts have which class by one, and which by the other.
pub fn confusion(title: &str, [rows, columns]: [&str; 2], labels: &[String], counts: &[Vec<usize>]) -> Heat {
    Heat {
        caption: Caption::new(title, format!("Rows: {rows}; columns: {columns}; texts in each cell.")),
        titles: [rows.to_owned(), columns.to_owned(), "texts".into()],
        rows: labels.to_vec(),
        columns: labels.to_vec(),
        values: counts.iter().map(|row| row.iter().map(|count| *count as f64).collect()).collect(),
        digits: Some(0),
        ..Heat::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_looked_at_alone_or_as_their_mean() {
        let heads = vec![vec![vec![1.0, 0.0], vec![0.5, 0.5]], vec![vec![0.0, 1.0], vec![0.5, 0.5]]];
        let model = Attending { who: "teacher".into(), layers: vec![heads] };
        assert_eq!(looks(&model, Place { layer: 0, head: Some(1) }).unwrap(), [[0.0, 1.0], [0.5, 0.5]]);
        // (1 + 0) / 2, (0 + 1) / 2
        assert_eq!(looks(&model, Place { layer: 0, head: None }).unwrap(), [[0.5, 0.5], [0.5, 0.5]]);
        assert_eq!(looks(&model, Place { layer: 0, head: Some(2) }), None);
        assert_eq!(looks(&model, Place { layer: 1, head: None }), None);
    }

    #[test]
    fn a_difference_is_the_student_s_less_the_teacher_s() {
        let tokens = ["a".to_owned(), "b".to_owned()];
        let heat = difference(&tokens, &[vec![1.0, 0.0]], &[vec![0.25, 0.75]]);
        assert_eq!(heat.values, [[-0.75, 0.75]]);
    }
}
