//! The course of a student that becomes smaller: how far it is from its teacher, and how large it is.

use std::collections::BTreeMap;

use retort_core::{
    Result,
    platform::Store,
    train::{Event, METRICS, history},
};

use super::figure::{Line, lines};

/// Terms that say how far the two are apart.
fn tells(term: &str) -> bool {
    term == "kl" || term.starts_with("hidden ")
}

/// Writes the figures of a run whose student became smaller; of any other, nothing.
pub async fn draw(store: &Store) -> Result<()> {
    let events = history(&store.read(METRICS).await?.unwrap_or_default());
    if !events.iter().any(|event| matches!(event, Event::Shrunk { .. })) {
        return Ok(());
    }
    let mut parts: BTreeMap<&str, Line> = BTreeMap::new();
    let mut size = Line { name: "student".into(), points: vec![] };
    for event in &events {
        match event {
            Event::Started(started) if size.points.is_empty() => {
                size.points.push((0.0, started.parameters[1] as f64, None))
            }
            Event::Step(step) => {
                for (name, &value) in
                    step.losses.iter().flat_map(|losses| &losses.terms).filter(|(name, _)| tells(name))
                {
                    let line = parts.entry(name).or_insert_with(|| Line { name: name.clone(), points: vec![] });
                    line.points.push((step.step as f64, value, None));
                }
            }
            Event::Shrunk { step, who, parameters, .. } if who == "student" => {
                let before = size.points.last().map_or(0.0, |(_, parameters, _)| *parameters);
                size.points.push((*step as f64, before, None));
                size.points.push((*step as f64, *parameters as f64, None));
            }
            _ => {}
        }
    }
    let apart: Vec<Line> = parts.into_values().collect();
    for (name, lines_of, beside) in
        [("discrepancy.svg", apart, "from the teacher: KL, and MSE by layer"), ("size.svg", vec![size], "parameters")]
    {
        store.write(name, lines(&lines_of, "step", beside).as_bytes()).await?;
    }
    Ok(())
}
