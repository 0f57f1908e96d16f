//! Two teachers, one student.

use retort_core::{Result, train::Eval};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What,
    atkd::{STEPS, plain},
    picture,
    ran::{RUN, Ran},
    read::{missing, results},
    studied,
};
use crate::draw::{Axis, Caption, Dots, Lane, Mark, Mean, Role};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "autoregressive/bigger",
    recorded: &["results.md"],
    own: &[Own { file: RUN, what: What::Run }],
    run: Some(taught),
    knobs,
    show,
};

const TEACHERS: [&str; 2] = ["small", "large"];
/// Methods as the study names them, and as they are told.
const METHODS: [[&str; 2]; 2] = [["KD", "KL"], ["ATKD", "ATKD"]];

fn knobs(_: &Recorded) -> Result<Vec<Knob>> {
    Ok(vec![
        Knob::choice("teacher", "Teacher", TEACHERS).from(1),
        Knob::choice("by", "Its student is taught by", METHODS.map(|[_, told]| told)),
    ])
}

fn taught(base: &str, knobs: &Knobs) -> Result<String> {
    let run = ["prose-small", "prose-large"][knobs.place("teacher").min(1)];
    let run = plain(base)?.set(&format!("teacher.model=builtin:{run}"))?;
    let run = match knobs.place("by") {
        0 => run,
        _ => studied::at(run, studied::DECODERS, "supervised ATKD")?,
    };
    studied::short(run, STEPS).to_toml()
}

/// Nats.
fn loss(eval: &Eval) -> Option<f64> {
    Some(eval.loss)
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
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
    let mut all = [
        dots("The teachers", Axis::new("loss on test, nats"), teachers),
        dots(
            "Their students",
            Axis::new("loss on test, nats").with(twin.mean, "untaught twin", Role::Control),
            students,
        ),
    ];
    let [teacher, method] = [knobs.place("teacher").min(1), knobs.place("by").min(1)];
    let [study, name] = METHODS[method];
    let mut told = vec![format!(
        "Chosen: the {} teacher by {name}, whose student has {}.",
        TEACHERS[teacher],
        of(TEACHERS[teacher], study, "student")?.told(3)
    )];
    let own = Ran::read(recorded)?;
    if let Some(run) = &own {
        for lane in run.lanes(TEACHERS.len(), run.place("teacher").min(1), loss) {
            all[usize::from(lane.role != Role::Teacher)].lanes.push(lane);
        }
    }
    for teacher in TEACHERS {
        told.push(format!(
            "The {teacher} teacher’s own loss is {}; its students’ are {} by KL and {} by ATKD.",
            of(teacher, "KD", "teacher")?.told(3),
            of(teacher, "KD", "student")?.told(3),
            of(teacher, "ATKD", "student")?.told(3)
        ));
    }
    told.push(format!("The untaught twin’s loss is {}.", twin.told(3)));
    if let Some(run) = own {
        let [teacher, method] = [run.place("teacher").min(1), run.place("by").min(1)];
        told.push(run.told(&format!("the {} teacher by {}", TEACHERS[teacher], METHODS[method][1]), 3, "", loss));
        told.push("Recorded are the means of three seeds after 750 steps of 32 texts.".into());
    }
    Ok(Shown::new(all.map(picture).to_vec(), told))
}
