//! `retort distil --plan`: a run before its start.

use retort_core::{
    Result, platform,
    run::Run,
    train::{
        describe,
        describe::{Description, HopSketch, Texts},
    },
};

use super::{Exit, out, run_file::RunFile, score::shade};

/// Prints what a run would be, and what keeps it from starting.
pub async fn print(run: &Run, file: &RunFile) -> Result<Exit> {
    let opened = platform::open(file.on.device).await?;
    let told = describe(run, &opened).await;
    match file.json {
        true => out::json(&told)?,
        false => lines(run, &told).iter().try_for_each(out::line)?,
    }
    Ok(if told.problems.is_empty() { Exit::Fine } else { Exit::Unfit })
}

fn lines(run: &Run, told: &Description) -> Vec<String> {
    let mut lines = vec![format!("run      {}, seed {}", run.name, run.seed), format!("device   {}", told.adapter)];
    lines.extend(told.texts.iter().flat_map(of_texts));
    lines.extend(told.hops.iter().flat_map(|hop| of_hop(hop, told.hops.len() > 1)));
    for (index, phase) in told.phases.iter().enumerate() {
        let steps = phase.steps.map_or("steps unknown".to_owned(), |steps| format!("{steps} steps"));
        let more = if phase.accumulate > 1 { format!(" times {}", phase.accumulate) } else { String::new() };
        let what = phase.objectives.join(", ");
        lines.push(format!("phase {}  {}: {steps} of {}{more} texts; {what}", index + 1, phase.name, phase.batch));
    }
    if let Some(steps) = told.steps {
        lines.push(format!("steps    {} in all", out::thousands(steps as u64)));
    }
    lines.extend(told.notes.iter().map(|note| format!("note     {note}")));
    lines.push(match told.problems.len() {
        0 => "It can start.".into(),
        _ => "It cannot start:".into(),
    });
    lines.extend(told.problems.iter().map(|problem| format!("  {problem}")));
    lines
}

fn of_texts(texts: &Texts) -> Vec<String> {
    let mut lines = vec![];
    for file in &texts.files {
        let rows = out::thousands(file.rows as u64);
        let used = [("text", &file.text), ("pair", &file.pair), ("label", &file.label), ("response", &file.response)];
        let used: Vec<String> = used
            .iter()
            .filter_map(|(what, column)| column.as_ref().map(|column| format!("{what} {column:?}")))
            .collect();
        let columns = if used.is_empty() { "plain text".to_owned() } else { used.join(", ") };
        lines.push(format!("file     {}: {rows} rows, {columns}", file.file));
    }
    for of in &texts.splits {
        let classes: Vec<String> =
            texts.labels.iter().zip(&of.classes).map(|(label, count)| format!("{label} {count}")).collect();
        let classes = if classes.is_empty() { texts.asks.clone() } else { classes.join(", ") };
        lines.push(format!("{:<8} {}: {classes}", of.name, out::thousands(of.examples as u64)));
        if of.counted == 0 {
            continue;
        }
        let most = of.lengths.iter().map(|bin| bin.count).max().unwrap_or(1).max(1) as f64;
        let bars: String = of.lengths.iter().map(|bin| shade(bin.count as f64 / most)).collect();
        lines.push(format!(
            "         |{bars}| {:.1} tokens, the longest {}; {:.1} % are cut at {}; {:.2} % of the tokens unknown",
            of.mean,
            of.longest,
            100.0 * of.cut,
            texts.max_length,
            100.0 * of.unknown,
        ));
    }
    for sample in texts.splits.first().iter().flat_map(|train| &train.samples) {
        let pair = sample.pair.as_ref().map_or(String::new(), |pair| format!(" | {}", flat(pair)));
        let label = sample.label.as_ref().map_or(String::new(), |label| format!("  [{label}]"));
        lines.push(format!("such as  {}{pair}{label}", flat(&sample.text)));
    }
    lines
}

/// A text on one line, not a long one.
fn flat(text: &str) -> String {
    const CHARACTERS: usize = 80;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", words[..end].trim_end_matches('…')),
        None => words,
    }
}

fn of_hop(hop: &HopSketch, several: bool) -> Vec<String> {
    let mut lines = vec![];
    if several {
        lines.push(format!("hop      {} teaches {}", hop.teacher, hop.learner));
    }
    for model in &hop.models {
        let from = model.at.as_ref().map_or(String::new(), |at| format!(" ({at})"));
        lines.push(format!(
            "model    {}: {}, {} layers of {}, {} heads, {} neurons, {} parameters{from}",
            model.who,
            model.family,
            model.layers,
            model.hidden,
            model.heads,
            model.intermediate,
            out::thousands(model.parameters),
        ));
    }
    let memory = &hop.memory;
    let of = memory.memory_bytes.map_or(String::new(), |bytes| format!(" of {}", out::bytes(bytes)));
    lines.push(format!("memory   about {}{of}", out::bytes(memory.total_bytes)));
    for part in &memory.parts {
        lines.push(format!("         {:>8}  {}", out::bytes(part.bytes), part.what));
    }
    let largest = format!("{} for {}", out::bytes(memory.largest.bytes), memory.largest.what);
    lines
        .push(format!("         the largest tensor: {largest}; {:.0} % of the narrowest limit", 100.0 * memory.strain));
    for knob in &memory.knobs {
        lines.push(format!("         --set {}: {:.0} %. {}", knob.told(), 100.0 * knob.strain, knob.cost));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_on_one_line() {
        assert_eq!(flat("a\n b\tc"), "a b c");
        assert_eq!(flat(&"x".repeat(90)).chars().count(), 81);
    }

    #[test]
    fn what_is_wrong_comes_last() {
        let told = lines(&Run::default(), &Description::refused("data: wanted a, found b"));
        assert_eq!(told[told.len() - 2..], ["It cannot start:", "  data: wanted a, found b"]);
    }
}
