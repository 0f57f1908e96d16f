//! Which layer of the student learns from which of the teacher. Layers are counted from 0.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A layer map, by name or as pairs `[student, teacher]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LayerMap {
    /// One of the usual ones.
    Named(Usual),
    /// `[student, teacher]`, any number of them.
    Pairs(Vec<[usize; 2]>),
}

/// The usual maps, for a student of M layers and a teacher of N.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Usual {
    /// Layer i from layer i·N/M + N/M − 1: every (N/M)th (TinyBERT). M divides N.
    Uniform,
    /// As `uniform`, without the student's last layer (PKD-Skip).
    Skip,
    /// Layer i from layer N − M + i: the topmost ones in order, without the last layers (PKD-Last).
    Last,
    /// The last layer from the last (MiniLM, DistilBERT).
    Top,
}

impl Default for LayerMap {
    fn default() -> Self {
        Self::Named(Usual::Uniform)
    }
}

impl LayerMap {
    /// The last layer from the last.
    pub const TOP: Self = Self::Named(Usual::Top);

    /// The pairs for `student` and `teacher` layers. `at` is the place in the run file.
    ///
    /// # Errors
    /// [`Error::Input`] when the map does not fit the two.
    pub fn pairs(&self, at: &str, student: usize, teacher: usize) -> Result<Vec<[usize; 2]>> {
        let every = teacher / student.max(1);
        let uniform = |count: usize| {
            if student == 0 || !teacher.is_multiple_of(student) {
                let wanted = format!("a number of student layers that divides the teacher's {teacher}");
                return Err(Error::input(format!("{at}.map"), wanted, student.to_string()));
            }
            Ok((0..count).map(|layer| [layer, (layer + 1) * every - 1]).collect())
        };
        match self {
            Self::Named(Usual::Uniform) => uniform(student),
            Self::Named(Usual::Skip) => uniform(student.saturating_sub(1)),
            Self::Named(Usual::Last) if student > teacher => Err(Error::input(
                format!("{at}.map"),
                format!("at most the teacher's {teacher} layers"),
                student.to_string(),
            )),
            Self::Named(Usual::Last) => {
                Ok((0..student.saturating_sub(1)).map(|layer| [layer, teacher - student + layer]).collect())
            }
            Self::Named(Usual::Top) => Ok(vec![[student.saturating_sub(1), teacher.saturating_sub(1)]]),
            Self::Pairs(pairs) => match pairs.iter().find(|[s, t]| *s >= student || *t >= teacher) {
                Some([s, t]) => {
                    let wanted = format!("student layers below {student} and teacher layers below {teacher}");
                    Err(Error::input(format!("{at}.map"), wanted, format!("[{s}, {t}]")))
                }
                None => Ok(pairs.clone()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(map: Usual, student: usize, teacher: usize) -> Vec<[usize; 2]> {
        LayerMap::Named(map).pairs("here", student, teacher).unwrap()
    }

    #[test]
    fn six_of_twelve_as_the_papers_have_it() {
        // Counted from 1: 2, 4, 6, 8, 10 and, of TinyBERT, 12 (paper and code of PKD and TinyBERT).
        assert_eq!(pairs(Usual::Skip, 6, 12), [[0, 1], [1, 3], [2, 5], [3, 7], [4, 9]]);
        assert_eq!(pairs(Usual::Uniform, 6, 12)[5], [5, 11]);
        // Counted from 1: 7, 8, 9, 10, 11.
        assert_eq!(pairs(Usual::Last, 6, 12), [[0, 6], [1, 7], [2, 8], [3, 9], [4, 10]]);
        assert_eq!(pairs(Usual::Top, 6, 12), [[5, 11]]);
        // TinyBERT's four layers: 3, 6, 9, 12.
        assert_eq!(pairs(Usual::Uniform, 4, 12), [[0, 2], [1, 5], [2, 8], [3, 11]]);
        // Three layers: 4 and 8.
        assert_eq!(pairs(Usual::Skip, 3, 12), [[0, 3], [1, 7]]);
    }

    #[test]
    fn maps_that_do_not_fit_are_refused() {
        let error = LayerMap::default().pairs("phases.0", 5, 12).unwrap_err().to_string();
        assert_eq!(error, "phases.0.map: wanted a number of student layers that divides the teacher's 12, found 5");
        let error = LayerMap::Pairs(vec![[0, 3], [2, 4]]).pairs("phases.0", 2, 5).unwrap_err().to_string();
        assert_eq!(error, "phases.0.map: wanted student layers below 2 and teacher layers below 5, found [2, 4]");
    }

    #[test]
    fn maps_are_read_by_name_or_as_pairs() {
        let read = |text: &str| serde_json::from_str::<LayerMap>(text).unwrap();
        assert_eq!(read("\"skip\""), LayerMap::Named(Usual::Skip));
        assert_eq!(read("[[0, 1], [1, 3]]"), LayerMap::Pairs(vec![[0, 1], [1, 3]]));
    }
}
