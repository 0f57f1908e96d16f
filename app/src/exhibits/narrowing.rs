//! One step on the way, taken apart: the terms, what they pull at, one weight, and what the step does.

use retort_core::{
    Result,
    train::{
        Apart,
        apart::{Class, Group, Row, TermOf},
    },
};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What,
    numbers::signed,
    picture,
    read::{json, missing},
};
use crate::draw::{Axis, Bars, Caption, Column, Role, Value, short};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "homotopic/step",
    recorded: &[FILE],
    own: &[Own { file: FILE, what: What::Apart }],
    run: Some(super::as_it_is),
    knobs,
    show,
};

/// Steps taken apart, in a list; a reader's run tells one.
pub const FILE: &str = "apart.json";
const PARTS: [&str; 5] = [
    "Forward: the answers",
    "Every term",
    "The slopes of the logits",
    "The slopes, before and after the clip",
    "The update",
];

/// The steps, the earliest first.
fn steps(recorded: &Recorded) -> Result<Vec<Apart>> {
    let steps: Vec<Apart> = json(recorded, FILE)?;
    if steps.is_empty() { Err(missing(FILE, "a step taken apart")) } else { Ok(steps) }
}

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    let steps = steps(recorded)?;
    let mut knobs = vec![];
    if steps.len() > 1 {
        let names = steps.iter().map(|apart| format!("step {}", apart.step + 1));
        // After the first cut, where something is to be seen.
        knobs.push(Knob::choice("step", "Step of the run", names).from(2.min(steps.len() - 1)));
    }
    if let Some(longest) = steps.iter().max_by_key(|apart| apart.rows.len()).filter(|apart| apart.rows.len() > 1) {
        let name = |row: &Row| format!("{} {}", row.place, row.wanted.as_deref().unwrap_or("what the teacher says"));
        knobs.push(Knob::choice("row", "At the token", longest.rows.iter().map(name)));
    }
    knobs.push(Knob::time("part", "Part of the step", PARTS.len(), PARTS.len() - 1));
    Ok(knobs)
}

/// Bars of one kind, a group for each name.
fn bars(title: &str, axis: Axis, groups: Vec<String>, columns: Vec<(&str, Role, Vec<f64>)>) -> Bars {
    let column = |(name, role, values): (&str, Role, Vec<f64>)| Column {
        name: name.into(),
        role,
        values: values.into_iter().map(Value::new).collect(),
    };
    Bars {
        caption: Caption::new(title, "Of one text, at one step."),
        axis,
        groups,
        columns: columns.into_iter().map(column).collect(),
        level: true,
        ..Bars::default()
    }
}

/// The pictures of all parts, in order.
fn pictures(apart: &Apart, row: &Row) -> [Bars; PARTS.len()] {
    let classes = || row.classes.iter().map(|class| class.name.replace('\n', "↵")).collect::<Vec<_>>();
    let first = |of: fn(&Class) -> &[f64]| {
        row.classes.iter().map(|class| of(class).first().copied()).collect::<Option<Vec<f64>>>()
    };
    let both = [
        first(|class| &class.teacher).map(|shares| ("teacher", Role::Teacher, shares)),
        first(|class| &class.student).map(|shares| ("student", Role::Student, shares)),
    ];
    let probability = Axis::new("probability").between(0.0, 1.0);
    let names = apart.terms.iter().map(|term| term.name.replace('_', " ")).collect();
    let weighted = apart.terms.iter().map(|term| term.weighted).collect();
    let slopes = row.classes.iter().map(|class| class.gradient).collect();
    let groups = || apart.groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>();
    let of = |value: &dyn Fn(&Group) -> f64| apart.groups.iter().map(value).collect::<Vec<f64>>();
    let clipped = vec![
        ("before", Role::Quiet, of(&|group| group.gradient)),
        ("after", Role::Student, of(&|group| group.gradient * apart.clip_factor)),
    ];
    let update = vec![("update", Role::Fourth, of(&|group| group.update))];
    [
        bars(PARTS[0], probability, classes(), both.into_iter().flatten().collect()),
        bars(PARTS[1], Axis::new("as it is weighed in the sum"), names, vec![("term", Role::Third, weighted)]),
        bars(PARTS[2], Axis::new("∂L/∂s"), classes(), vec![("slope", Role::Control, slopes)]),
        bars(PARTS[3], Axis::new("length of the slope, ‖g‖"), groups(), clipped),
        bars(PARTS[4], Axis::new("length of the update"), groups(), update),
    ]
}

/// What every part says, with its numbers; of words each says which one is asked for.
fn sentences(apart: &Apart, row: &Row) -> [Vec<String>; PARTS.len()] {
    // Pieces of words go together, and what frames a sentence is not part of it.
    let pieces = apart.tokens.iter().filter(|token| !token.starts_with('[')).cloned().collect::<Vec<_>>();
    let sentence = pieces.join(" ").replace(" ##", "");
    let distance: f64 = apart.terms.iter().filter(|term| term.name != "cross_entropy").map(|term| term.weighted).sum();
    let weight = &apart.followed;
    let asked = row.wanted.as_ref().map(|wanted| format!(" Asked for is {}.", wanted.replace('\n', "↵")));
    let term = |term: &TermOf| {
        format!(
            "{}: {} · {} = {}",
            term.name.replace('_', " "),
            short(term.weight),
            short(term.value),
            short(term.weighted)
        )
    };
    let clip = match apart.clip {
        0.0 => format!("The whole slope is {} long, and is not clipped.", short(apart.gradient_norm)),
        clip => format!(
            "The whole slope is {} long; with a clip at {} it is multiplied by {}.",
            short(apart.gradient_norm),
            short(clip),
            short(apart.clip_factor)
        ),
    };
    let logit = |class: &Class| format!("{} {}", class.name.replace('\n', "↵"), signed(class.gradient, 5));
    [
        vec![format!("“{sentence}”{}", asked.unwrap_or_default())],
        vec![
            format!("{}.", apart.terms.iter().map(term).collect::<Vec<_>>().join("; ")),
            format!("The loss is {}; the terms of distance are {} of it.", short(apart.total), short(distance)),
        ],
        vec![format!("∂L/∂s: {}.", row.classes.iter().map(logit).collect::<Vec<_>>().join(", "))],
        vec![
            clip,
            format!(
                "The weight {} is θ = {}, its slope {}: its sensitivity I = |θ · ∂L/∂θ| is {}.",
                weight.which.name,
                short(weight.weight),
                signed(weight.gradient, 5),
                short((weight.weight * weight.gradient).abs())
            ),
        ],
        vec![
            format!(
                "AdamW has of it m̂ = {} and v̂ = {}; at a learning rate of {} the step makes it {}.",
                short(weight.first_corrected),
                short(weight.second_corrected),
                short(apart.lr),
                short(weight.updated)
            ),
            format!("On this text the loss goes from {} to {}.", short(apart.before), short(apart.after)),
        ],
    ]
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let steps = steps(recorded)?;
    let apart = &steps[knobs.place("step").min(steps.len() - 1)];
    let row = apart.rows.get(knobs.place("row")).or(apart.rows.last());
    let row = row.ok_or_else(|| missing(FILE, "a row of logits"))?;
    let parts = knobs.place("part") + 1;
    let sum: Vec<String> = apart.terms.iter().map(|term| short(term.weighted)).collect();
    let shown = pictures(apart, row).into_iter().take(parts).map(picture).collect();
    let told = sentences(apart, row).into_iter().take(parts).flatten().collect();
    let shown = Shown::new(shown, told);
    Ok(if parts > 1 { shown.with(format!("L = {} = {}", sum.join(" + "), short(apart.total))) } else { shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &str = include_str!("../../../www/recorded/apart.json");

    fn recorded(steps: &[Apart]) -> Recorded {
        Recorded::from([(FILE.to_owned(), serde_json::to_string(steps).unwrap())])
    }

    #[test]
    fn every_part_adds_a_picture_and_its_numbers() {
        let first: Vec<Apart> = serde_json::from_str::<Vec<Apart>>(STEPS).unwrap().into_iter().take(1).collect();
        let recorded = recorded(&first);
        let all = knobs(&recorded).unwrap();
        // One step of a classifier leaves nothing else to choose.
        assert_eq!(all.iter().map(|knob| knob.key).collect::<Vec<_>>(), ["part"]);
        let mut chosen = Knobs::start(&all);
        for (part, title) in PARTS.into_iter().enumerate() {
            chosen.set(&all[0], part as f64);
            let shown = show(&recorded, &chosen).unwrap();
            assert_eq!(shown.pictures.len(), part + 1);
            assert_eq!(shown.pictures[part].caption().title, title);
        }
        let told = show(&recorded, &chosen).unwrap().told.join(" ");
        // Clipped to 1 of 4.9451; p − 1 and p of the class that is asked for and of the other.
        for wanted in
            ["is 4.945 long; with a clip at 1 it is multiplied by 0.2022", "negative −0.04957, positive +0.04957"]
        {
            assert!(told.contains(wanted), "{told}");
        }
    }

    #[test]
    fn of_words_the_token_is_chosen_and_a_teacher_may_be_missing() {
        let mut apart = serde_json::from_str::<Vec<Apart>>(STEPS).unwrap().remove(0);
        let mut second = Row { place: 3, wanted: Some("a\n".into()), ..apart.rows[0].clone() };
        second.classes.iter_mut().for_each(|class| class.teacher.clear());
        apart.rows.push(second);
        let recorded = recorded(&[apart]);
        let all = knobs(&recorded).unwrap();
        let mut chosen = Knobs::start(&all);
        chosen.set(&all[0], 1.0);
        let shown = show(&recorded, &chosen).unwrap();
        assert!(shown.told[0].ends_with("Asked for is a↵."), "{}", shown.told[0]);
        assert_eq!(shown.pictures[0].table().head.len(), 2, "a name and the student's share");
    }
}
