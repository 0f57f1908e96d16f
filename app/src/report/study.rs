//! What a study found: settings, comparisons along its axes, and what was run.

use retort_core::{
    Result,
    run::Run,
    study::{Findings, Outcome, Plan, Study, Summary, sentence},
};

use super::{
    document::{Block, Document},
    settings,
};

/// The report of a study, of those of its cells that are finished.
///
/// # Errors
/// [`retort_core::Error::Input`] when a run has no TOML form.
pub fn of_study(study: &Study, base: &Run, plan: &Plan, outcomes: &[Option<Outcome>]) -> Result<Document> {
    let findings = Findings::new(study, plan, outcomes);
    let metric = findings.metric;
    let mut document = Document::new(&study.name);
    let finished = outcomes.iter().flatten().count();
    document.lead.push(format!("{finished} of {} cells are finished.", plan.cells.len()));
    document.heading("Settings");
    let value = |summary: Option<&Summary>| summary.map_or("–".into(), |summary| metric.value(summary));
    let rows = plan.settings.iter().zip(&findings.settings).map(|(setting, found)| {
        let told = found.gain.as_ref().map(|gain| sentence(metric, found.verdict, Some(gain)));
        vec![
            setting.label.clone(),
            found.students.len().to_string(),
            value(found.teacher.as_ref()),
            value(found.student.as_ref()),
            value(found.control.as_ref()),
            told.unwrap_or_else(|| "–".into()),
        ]
    });
    document.table(
        &["setting", "seeds", "teacher", "student", "untaught twin", "student against its twin"],
        rows.collect(),
    );
    document.text(format!(
        "{}: the mean over the seeds and its 95 % interval (Student’s t). Differences, in {}, are paired by seed.",
        metric.explained(&findings.split),
        metric.step()
    ));
    for figure in settings::draw(study, plan, &findings) {
        document.figure(figure.file.trim_end_matches(".svg"), figure.dots);
    }
    for (place, axis) in study.axes.iter().enumerate() {
        let pairs = findings.comparisons.iter().filter(|pair| pair.axis == place);
        let rows: Vec<Vec<String>> = pairs
            .map(|pair| {
                let with = if pair.elsewhere.is_empty() { "–".into() } else { pair.elsewhere.clone() };
                let told = sentence(metric, pair.verdict, pair.difference.as_ref());
                vec![with, pair.left.clone(), pair.right.clone(), told]
            })
            .collect();
        if !rows.is_empty() {
            document.heading(&format!("Along {}", axis.name));
            document.table(&["with", "student", "against", "verdict"], rows);
        }
    }
    document.heading("The study file");
    document.blocks.push(Block::Code(study.to_toml()?));
    document.heading("The run file that it varies");
    document.blocks.push(Block::Code(base.to_toml()?));
    Ok(document)
}

#[cfg(test)]
mod tests {
    use retort_core::{run::Teacher, train::Eval};

    use super::{super::html, *};

    #[test]
    fn every_verdict_says_what_it_rests_on() {
        let text = "name = \"heat\"\nbase = \"run.toml\"\nseeds = 2\n\
                    axes = [{ name = \"T\", points = [{ name = \"T=1\" }, { name = \"T=4\" }] }]";
        let study = Study::from_toml("heat.toml", text).unwrap();
        let base = Run { teacher: Some(Teacher::new("t")), ..Run::default() };
        let plan = study.plan("heat.toml", &base).unwrap();
        let outcome = |who: [f64; 2]| {
            let eval = |(who, accuracy): (&str, f64)| Eval {
                who: who.into(),
                split: "test".into(),
                accuracy,
                ..Eval::default()
            };
            let evals = [("student", who[0]), ("control", who[1])].map(eval).to_vec();
            Some(Outcome { evals, adapter: String::new(), steps: 9, seconds: 1.0, discrepancy: None })
        };
        // Gains of 25 points each at T=4; of T=1 one seed only.
        let all: Vec<Option<Outcome>> = plan
            .cells
            .iter()
            .map(|cell| match (cell.setting, cell.seed) {
                (0, 2) => None,
                _ => outcome([0.75, 0.5]),
            })
            .collect();
        let document = of_study(&study, &base, &plan, &all).unwrap();
        assert_eq!(document.lead, ["3 of 4 cells are finished."]);
        let page = html(&document);
        for wanted in [
            "cannot be told: +25.00 points, n = 1 (one seed has no interval)",
            "beats: +25.00 [+25.00, +25.00] points, n = 2",
            "Along T",
            "<svg",
        ] {
            assert!(page.contains(wanted), "no {wanted} in {page}");
        }
    }
}
