//! Two teachers, one student.

use retort_core::Result;

use super::{
    Exhibit, Knobs, Recorded, Shown, picture,
    read::{missing, results},
    still,
};
use crate::draw::{Axis, Caption, Dots, Lane, Mark, Mean, Role};

pub const EXHIBIT: Exhibit =
    Exhibit { name: "autoregressive/bigger", recorded: &["results.md"], own: &[], run: None, knobs: still, show };

const TEACHERS: [&str; 2] = ["small", "large"];

fn show(recorded: &Recorded, _: &Knobs) -> Result<Shown> {
    let results = results(recorded)?;
    let wrong = || missing("results.md", "the chapter teachers");
    let table = results.table("teachers", "", "untaught twin").ok_or_else(wrong)?;
    let of = |teacher: &str, method: &str, column: &str| {
        table.number(&format!("750, {teacher}, {method}"), column).ok_or_else(wrong)
    };
    let lane = |name: &str, role, mark, column: &str, method: &str| {
        let means = TEACHERS.map(|teacher| {
            of(teacher, method, column)
                .map(|number| Some(Mean { value: number.mean, interval: number.interval, each: vec![] }))
        });
        Ok(Lane { name: name.into(), role, mark, means: means.into_iter().collect::<Result<Vec<_>>>()? })
    };
    let rows = TEACHERS.map(|teacher| format!("{teacher} teacher")).to_vec();
    let dots = |title: &str, axis: Axis, lanes: Vec<Lane>| Dots {
        caption: Caption::new(title, "Loss on test; lower is better."),
        axis,
        rows: rows.clone(),
        lanes,
        ..Dots::default()
    };
    let twin = of("large", "KD", "untaught twin")?;
    let teachers = vec![lane("teacher", Role::Teacher, Mark::Diamond, "teacher", "KD")?];
    let students = vec![
        lane("student by KL", Role::Student, Mark::Disc, "student", "KD")?,
        lane("student by ATKD", Role::Student, Mark::Ring, "student", "ATKD")?,
    ];
    let pictures = vec![
        picture(dots("The teachers", Axis::new("loss on test, nats"), teachers)),
        picture(dots(
            "Their students",
            Axis::new("loss on test, nats").with(twin.mean, "untaught twin", Role::Control),
            students,
        )),
    ];
    let mut told = vec![];
    for teacher in TEACHERS {
        told.push(format!(
            "The {teacher} teacher’s own loss is {}; its students’ are {} by KL and {} by ATKD.",
            of(teacher, "KD", "teacher")?.told(3),
            of(teacher, "KD", "student")?.told(3),
            of(teacher, "ATKD", "student")?.told(3)
        ));
    }
    told.push(format!("The untaught twin’s loss is {}.", twin.told(3)));
    Ok(Shown::new(pictures, told))
}
