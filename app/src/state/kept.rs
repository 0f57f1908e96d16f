//! What is told of runs that are kept.

use retort_core::train::Eval;

use super::rank;

/// Bytes, for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{} kB", bytes / 1000),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// The day of a time in milliseconds since 1970, as `2026-11-28` (Hinnant's days from civil, backwards).
pub fn day(milliseconds: u64) -> String {
    let days = (milliseconds / 86_400_000) as i64 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + i64::from(month <= 2))
}

/// The latest figures, of test where there are any, in a sentence.
pub fn figures(evals: &[Eval]) -> String {
    let split = if evals.iter().any(|eval| eval.split == "test") { "test" } else { "dev" };
    let mut shown: Vec<&Eval> = evals.iter().filter(|eval| eval.split == split).collect();
    shown.sort_by_key(|eval| rank(&eval.who));
    let told = shown.into_iter().map(|eval| match eval.perplexity() {
        Some(perplexity) => format!("{} {perplexity:.1}", eval.who),
        None => format!("{} {:.1} %", eval.who, 100.0 * eval.accuracy),
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { "No figures yet.".into() } else { format!("On {split}: {}.", told.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(951_782_400_000), "2000-02-29");
        assert_eq!(day(1_795_910_400_000), "2026-11-29"); // 20,786 days
    }

    #[test]
    fn figures_are_those_of_test_once_there_are_some() {
        let eval = |who: &str, split: &str, accuracy| Eval {
            who: who.into(),
            split: split.into(),
            accuracy,
            ..Eval::default()
        };
        assert_eq!(figures(&[]), "No figures yet.");
        let dev = [eval("student", "dev", 0.5), eval("teacher", "dev", 0.75)];
        assert_eq!(figures(&dev), "On dev: teacher 75.0 %, student 50.0 %.");
        let both = [dev.to_vec(), vec![eval("student", "test", 0.25)]].concat();
        assert_eq!(figures(&both), "On test: student 25.0 %.");
    }
}
