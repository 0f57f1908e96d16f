//! The user's own files that a run reads: what an archive must carry so that the run can go on elsewhere.

use crate::{
    Result,
    checkpoint::{self, Files},
    data, platform,
    run::{Run, Student, Teacher},
};

/// The files that are not part of the program which a run file names, directly or by their directory. Kept answers of
/// a teacher are none of them: the teacher is asked again.
///
/// # Errors
/// [`crate::Error::Input`] when one of them is not there.
pub async fn sources(run: &Run) -> Result<Files> {
    let (came, files) = platform::watched(read(run)).await;
    came.map(|()| files)
}

async fn read(run: &Run) -> Result<()> {
    data::load(&run.data).await?;
    for path in [&run.data.tokenizer, &run.data.corpus].into_iter().flatten() {
        if !path.starts_with("builtin:") {
            platform::read_file(path).await?;
        }
    }
    let students = [&run.student].into_iter().chain(run.assistants()).chain(&run.companions);
    let students = students.filter_map(|student: &Student| student.model.as_ref());
    let teachers = run.teacher.iter().flat_map(|teacher: &Teacher| teacher.models().chain(&teacher.pretrained));
    for model in teachers.chain(students) {
        checkpoint::read_dir(model).await?;
    }
    Ok(())
}
