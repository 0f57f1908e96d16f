//! `retort step`: the next optimiser step of a run on one example, taken apart.

use retort_core::{
    Error, Result,
    platform::{self, Store, process},
    run::Run,
    train::{
        Apart, Chain, Event, Specimen, Which,
        apart::{Followed, LineOf, Row},
    },
};

use super::{Exit, On, interrupt, out, run_file};

/// Takes a step apart.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A run file (TOML), of which nothing is kept; or the directory of a run, which is only looked at
    #[arg(value_name = "RUN")]
    run: String,
    /// The example: its place among those that are learned from, counted from 0
    #[arg(long, value_name = "INDEX", default_value_t = 0, conflicts_with = "text")]
    example: usize,
    /// A sentence of one's own instead
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Its second sentence, or its response
    #[arg(long, value_name = "TEXT", requires = "text")]
    pair: Option<String>,
    /// The name of its class
    #[arg(long, value_name = "NAME", requires = "text")]
    label: Option<String>,
    /// Train so many steps of the run file first
    #[arg(long, value_name = "STEPS", default_value_t = 0)]
    after: usize,
    /// The weight to follow, as NAME:INDEX, such as classifier.bias:0 [default: one of the head's]
    #[arg(long, value_name = "WEIGHT", value_parser = which)]
    weight: Option<Which>,
    /// Replace one value of the run file; may be given often
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    #[command(flatten)]
    on: On,
    /// Print everything as one line of JSON
    #[arg(long)]
    json: bool,
}

fn which(text: &str) -> std::result::Result<Which, String> {
    let parts = text.rsplit_once(':').and_then(|(name, index)| Some((name, index.parse().ok()?)));
    let (name, index) = parts.ok_or("wanted NAME:INDEX, such as classifier.bias:0")?;
    Ok(Which { name: name.into(), index })
}

/// Prints the step.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let example = match &arguments.text {
        Some(text) => {
            Specimen::Own { text: text.clone(), pair: arguments.pair.clone(), label: arguments.label.clone() }
        }
        None => Specimen::Train { index: arguments.example },
    };
    let opened = platform::open(arguments.on.device).await?;
    let apart = match Store::open_existing(&arguments.run).await {
        Ok(store) => {
            if arguments.after > 0 || !arguments.sets.is_empty() {
                return Err(Error::input("--after, --set", "a run file to train with", "the directory of a run"));
            }
            Chain::look(store, opened).await?.take_apart(&example, arguments.weight.as_ref()).await?
        }
        Err(_) => {
            let file = Run::from_toml(&arguments.run, &run_file::text(&arguments.run).await?)?;
            let run = arguments.sets.iter().try_fold(file, |run, assignment| run.set(assignment))?;
            interrupt::listen("stopping after this step")?;
            let scratch = process::Scratch::new()?;
            let store = Store::open(scratch.path()).await?;
            let mut chain = Chain::open(run, store, opened, false).await?;
            let mut taken = 0;
            while taken < arguments.after {
                if interrupt::asked() {
                    return Ok(Exit::Interrupted);
                }
                match chain.next().await? {
                    Some(event) => taken += usize::from(matches!(event, Event::Step(_))),
                    None => {
                        return Err(Error::input(
                            "--after",
                            format!("at most {taken} steps"),
                            arguments.after.to_string(),
                        ));
                    }
                }
            }
            chain.take_apart(&example, arguments.weight.as_ref()).await?
        }
    };
    match arguments.json {
        true => out::json(&apart)?,
        false => lines(&apart).iter().try_for_each(out::line)?,
    }
    Ok(Exit::Fine)
}

fn lines(apart: &Apart) -> Vec<String> {
    let [done, steps] = apart.of_phase;
    let mut lines = vec![
        format!("step {} of the run, {} of {steps} in phase {}", apart.step + 1, done + 1, apart.phase + 1),
        format!("tokens   {}", apart.tokens.join(" ")),
        String::new(),
        "forward  z: the teacher's logits, s: the student's; then ∂total/∂s".into(),
    ];
    for row in &apart.rows {
        lines.extend(of_row(row, &apart.temperatures));
    }
    if apart.rows.len() < apart.counted {
        lines.push(format!("         … and {} rows more", apart.counted - apart.rows.len()));
    }
    lines.extend([String::new(), "terms    value · weight".into()]);
    for term in &apart.terms {
        let (value, weight, weighted) = (term.value, term.weight, term.weighted);
        lines.push(format!(
            "         {:<24} {value:.6} · {weight:.6} = {weighted:.6}",
            format!("{}: {}", term.method, term.name)
        ));
    }
    lines.push(format!("         {:<24} {:.6}", "total", apart.total));
    if apart.lines.len() > 1 {
        lines.extend([String::new(), "alone    every objective by itself".into()]);
        let line = |line: &LineOf| format!("         {:<24} {:.6}  ‖g‖ {:.6}", line.method, line.value, line.slope);
        lines.extend(apart.lines.iter().map(line));
    }
    lines.extend([
        String::new(),
        format!(
            "gradient ‖g‖ {:.6}, clipped at {}: times {:.6}; learning rate {:.3e}",
            apart.gradient_norm, apart.clip, apart.clip_factor, apart.lr
        ),
    ]);
    for group in &apart.groups {
        lines.push(format!(
            "         {:<24} ‖w‖ {:.4}  ‖g‖ {:.6}  ‖Δw‖ {:.6}  ({})",
            group.name,
            group.weights,
            group.gradient,
            group.update,
            out::thousands(group.parameters as u64),
        ));
    }
    lines.push(String::new());
    lines.extend(of_weight(&apart.followed, apart.clip_factor, apart.lr));
    lines.push(String::new());
    lines.push(format!("total    {:.6} before the step, {:.6} after it", apart.before, apart.after));
    lines
}

fn of_row(row: &Row, temperatures: &[f64]) -> Vec<String> {
    let wanted =
        row.wanted.as_ref().map_or("nothing asked for".to_owned(), |wanted| format!("{wanted:?} is asked for"));
    let mut lines = vec![format!("  at token {}: {wanted}", row.place)];
    for class in &row.classes {
        let z = class.teacher_logit.map_or("-".to_owned(), |z| format!("{z:+.4}"));
        let shares: Vec<String> = temperatures
            .iter()
            .enumerate()
            .map(|(at, t)| {
                let teacher = class.teacher.get(at).map_or("-".to_owned(), |p| format!("{p:.4}"));
                format!("T={t}: p {teacher} q {:.4}", class.student[at])
            })
            .collect();
        let name = class.name.replace('\n', "↵");
        lines.push(format!(
            "         {name:<12} z {z} s {:+.4}  {}  {:+.6}",
            class.student_logit,
            shares.join("  "),
            class.gradient
        ));
    }
    if let Some(rest) = &row.rest {
        lines.push(format!("         {} others: q {:.4}  {:+.6}", rest.classes, rest.student[0], rest.gradient));
    }
    lines
}

fn of_weight(one: &Followed, clip_factor: f64, lr: f64) -> Vec<String> {
    let place: Vec<String> = one.place.iter().map(usize::to_string).collect();
    let [b1, b2] = one.betas;
    let power = one.steps;
    vec![
        format!("weight   {}[{}], step {} of its optimiser", one.which.name, place.join(", "), one.steps),
        format!("         w  {:+.8}", one.weight),
        format!("         g  {:+.8} · {clip_factor:.6} = {:+.8}", one.gradient, one.clipped),
        format!("         m  {:+.8} → {:+.8}    β₁ {b1}", one.first[0], one.first[1]),
        format!("         v  {:.4e} → {:.4e}    β₂ {b2}", one.second[0], one.second[1]),
        format!("         m̂  {:+.8} = m / (1 − β₁^{power})", one.first_corrected),
        format!("         v̂  {:.4e} = v / (1 − β₂^{power})", one.second_corrected),
        format!("         w  {:+.8} = w − {lr:.3e} · ({} w + m̂ / (√v̂ + {:e}))", one.updated, one.decay, one.eps),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_named_with_its_place() {
        assert_eq!(which("classifier.bias:1").unwrap(), Which { name: "classifier.bias".into(), index: 1 });
        assert!(which("classifier.bias").is_err() && which("classifier.bias:x").is_err());
    }
}
