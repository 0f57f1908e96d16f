//! `retort disagree`: where the teacher and the student of a run disagree on dev.

use retort_core::{
    Result,
    platform::{self, Store},
    train::{
        Chain, Disagreements,
        disagree::{OfClasses, OfWords},
    },
};

use super::{Exit, On, out};

/// Compares teacher and student.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The directory of a run, over or not; it is only looked at
    #[arg(value_name = "RUNDIR")]
    run: String,
    /// So many texts are told, those on which the two disagree most
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    most: usize,
    #[command(flatten)]
    on: On,
    /// Print everything as one line of JSON
    #[arg(long)]
    json: bool,
}

/// Prints where they disagree.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let store = Store::open_existing(&arguments.run).await?;
    let opened = platform::open(arguments.on.device).await?;
    let told = Chain::look(store, opened).await?.disagreements(arguments.most).await?;
    if arguments.json {
        out::json(&told)?;
        return Ok(Exit::Fine);
    }
    match &told {
        Disagreements::Classes(told) => classes(told)?,
        Disagreements::Words(told) => words(told)?,
    }
    Ok(Exit::Fine)
}

fn classes(told: &OfClasses) -> Result<()> {
    let OfClasses { teacher, examples, agreement, kl, .. } = told;
    out::line(format!("{examples} sentences of dev; they agree on {:.1} %; KL {kl:.4} nats\n", 100.0 * agreement))?;
    for (title, counts) in [
        (format!("the {teacher}'s class, and of these the student's"), &told.both),
        (format!("the label, and of these the {teacher}'s class"), &told.teacher_by_label),
        ("the label, and of these the student's class".to_owned(), &told.student_by_label),
    ] {
        out::line(title)?;
        for line in square(&told.labels, counts) {
            out::line(line)?;
        }
        out::line("")?;
    }
    for one in &told.most {
        let pair = one.pair.as_ref().map_or(String::new(), |pair| format!(" | {pair}"));
        out::line(format!("KL {:.4}  {}{pair}", one.kl, one.text))?;
        let label = told.labels.get(one.label).map_or("", String::as_str);
        let side = |who: &str, shares: &[f64]| {
            let shares: Vec<String> =
                told.labels.iter().zip(shares).map(|(label, share)| format!("{label} {share:.3}")).collect();
            format!("{who} {}", shares.join(" "))
        };
        out::line(format!(
            "           label {label}; {}; {}",
            side(teacher, &one.teacher),
            side("student", &one.student)
        ))?;
    }
    Ok(())
}

/// Counts under the names of the classes.
fn square(labels: &[String], counts: &[Vec<usize>]) -> Vec<String> {
    let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).max(6);
    let line = |name: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("  {cell:>width$}")).collect();
        format!("  {name:<width$}{cells}")
    };
    let rows = labels.iter().zip(counts);
    let rows = rows.map(|(label, row)| line(label, row.iter().map(usize::to_string).collect()));
    std::iter::once(line("", labels.to_vec())).chain(rows).collect()
}

fn words(told: &OfWords) -> Result<()> {
    let OfWords { teacher, words, agreement, kl, .. } = told;
    out::line(format!("{words} tokens of dev; they agree on {:.1} %; KL {kl:.4} nats\n", 100.0 * agreement))?;
    let rows: Vec<[String; 4]> = told
        .tenths
        .iter()
        .map(|tenth| {
            let range = format!("{:.1} to {:.1}", tenth.from, tenth.to);
            let of = |value: String| if tenth.count > 0 { value } else { "-".into() };
            [range, tenth.count.to_string(), of(format!("{:.4}", tenth.agreement)), of(format!("{:.4}", tenth.kl))]
        })
        .collect();
    let unsure = format!("the {teacher} is unsure by");
    out::table([unsure.as_str(), "tokens", "agreement", "KL"], &rows)?;
    for text in &told.most {
        out::line(format!("\nKL {:.4}", text.kl))?;
        let token = |token: &retort_core::train::Token| match token.seen {
            Some(seen) if seen.kl >= 2.0 * text.kl => format!("{}⟨{:.1}⟩", token.text, seen.kl),
            _ => token.text.clone(),
        };
        out::line(text.tokens.iter().map(token).collect::<String>())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stand_under_their_classes() {
        let labels = ["no".to_owned(), "yes".to_owned()];
        let lines = square(&labels, &[vec![3, 1], vec![0, 12]]);
        assert_eq!(lines, ["              no     yes", "  no           3       1", "  yes          0      12"]);
    }
}
