//! Two models side by side: whether they fit, and what is needed between their widths.

use crate::{Error, Result, model::Config};

/// The shapes of a student and its teacher.
pub struct Pair<'a> {
    /// The student's.
    pub student: &'a Config,
    /// The teacher's.
    pub teacher: &'a Config,
    /// Which of several teachers it is, counted from 0.
    pub place: usize,
}

impl Pair<'_> {
    /// Both must be equally wide, unless a matrix is `projected` between them.
    ///
    /// # Errors
    /// [`Error::Input`] with both widths.
    pub fn same_width(&self, at: &str, projected: bool) -> Result<()> {
        let [student, teacher] = [self.student.hidden_size, self.teacher.hidden_size];
        if projected || student == teacher {
            return Ok(());
        }
        let wanted = format!("a student as wide as its teacher, {teacher}, or a projection");
        Err(Error::input(at, wanted, format!("a width of {student}")))
    }

    /// Both must have as many heads, in every layer.
    ///
    /// # Errors
    /// [`Error::Input`] with both numbers.
    pub fn same_heads(&self, at: &str) -> Result<()> {
        let [student, teacher] = [self.student.num_attention_heads, self.teacher.num_attention_heads];
        for (who, config) in [("student", self.student), ("teacher", self.teacher)] {
            if !config.has_all_heads() {
                let found = format!("a {who} of whose heads some are gone");
                return Err(Error::input(at, "models with all their heads, whose maps can be compared", found));
            }
        }
        if student == teacher {
            return Ok(());
        }
        Err(Error::input(at, format!("a student with as many heads as its teacher, {teacher}"), student.to_string()))
    }

    /// A matrix from the student's width to the teacher's.
    pub fn projection(&self, name: &str) -> Projection {
        let (from, to) = (self.student.hidden_size, self.teacher.hidden_size);
        Projection { name: name.into(), from, to, identity: false }
    }

    /// Such a matrix; one that changes nothing at first needs models that are equally wide at first.
    ///
    /// # Errors
    /// [`Error::Input`] with both widths.
    pub fn projectable(&self, at: &str, projection: bool, identity: bool) -> Result<()> {
        match (identity, projection) {
            (true, false) => Err(Error::input(format!("{at}.identity"), "`projection` with it", "none")),
            (_, projected) => self.same_width(at, projected),
        }
    }
}

/// A matrix between two widths that is learned beside the student and thrown away with the teacher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// Objectives that name the same one share it.
    pub name: String,
    /// The width of what it is applied to; the student's, save where a method says otherwise.
    pub from: usize,
    /// The width that it makes of it; the teacher's, save where a method says otherwise.
    pub to: usize,
    /// It begins as what changes nothing, as far as the widths go; else it is drawn.
    pub identity: bool,
}
