//! What a distillation gained and lost, as a table.

use std::collections::BTreeMap;

use retort_core::{
    Result, checkpoint,
    data::{self, Encodings},
    platform::Opened,
    train::{Chain, Eval, Started, beside},
};

use super::{model, out};

/// Sentences on which speed is measured.
const TIMED: usize = 64;

/// Prints how good teacher, assistants, student and control are on test, their sizes and their speeds.
pub async fn print(chain: &Chain, started: &Started, opened: &Opened) -> Result<()> {
    let results = chain.results();
    out::line("")?;
    let parameters = |eval: &Eval| started.parameters_of(&eval.who) as u64;
    if results.iter().any(|eval| eval.perplexity().is_some()) {
        let rows: Vec<_> = results.iter().map(|eval| of_words(eval, parameters(eval))).collect();
        let header = ["on test", "perplexity", "right", "agreement", "ROUGE-L", "risks", "parameters", "weights"];
        out::table(header, &rows)?;
    } else {
        let speeds = speeds(chain, opened).await?;
        let speed = |eval: &Eval| speeds.get(if eval.who == "control" { "student" } else { &eval.who }).copied();
        let rows: Vec<_> = results.iter().map(|eval| row(eval, parameters(eval), speed(eval))).collect();
        let unit = if opened.adapter.software { "sentences/s (software adapter)" } else { "sentences/s" };
        let header = ["on test", "accuracy", "95 % interval", "agreement", "parameters", "weights", unit];
        out::table(header, &rows)?;
    }
    out::line("")?;
    for line in verdict(results, started) {
        out::line(line)?;
    }
    let root = chain.store().root();
    for name in beside(chain.run()) {
        out::line(format!("Its {} lies in {root}/{name}.", name.split('-').next().unwrap_or_default()))?;
    }
    out::line(format!("The student lies in {root}/student."))
}

/// Risks: of the student's words to the teacher, and of the teacher's to the student.
fn of_words(eval: &Eval, parameters: u64) -> [String; 8] {
    let written = eval.written.as_ref();
    let risks = written.and_then(|written| Some((written.likelihood_risk?, written.coverage_risk?)));
    [
        eval.who.clone(),
        eval.perplexity().map_or("-".into(), |perplexity| format!("{perplexity:.2}")),
        format!("{:.4}", eval.accuracy),
        eval.agreement.map_or("-".into(), |agreement| format!("{agreement:.4}")),
        written.map_or("-".into(), |written| format!("{:.4}", written.rouge_l)),
        risks.map_or("-".into(), |(likelihood, coverage)| format!("{likelihood:.3} / {coverage:.3}")),
        out::thousands(parameters),
        out::bytes(4 * parameters),
    ]
}

fn row(eval: &Eval, parameters: u64, speed: Option<f64>) -> [String; 7] {
    let [low, high] = eval.interval;
    [
        eval.who.clone(),
        format!("{:.4}", eval.accuracy),
        format!("{low:.4} to {high:.4}"),
        eval.agreement.map_or("-".into(), |agreement| format!("{agreement:.4}")),
        out::thousands(parameters),
        // Four bytes each.
        out::bytes(4 * parameters),
        speed.map_or("-".into(), |speed| format!("{speed:.0}")),
    ]
}

/// Sentences per second of every model on the first sentences of test.
async fn speeds(chain: &Chain, opened: &Opened) -> Result<BTreeMap<String, f64>> {
    let (run, root) = (chain.run(), chain.store().root());
    let mut speeds = BTreeMap::new();
    let dataset = data::load(&run.data).await?;
    let some = &dataset.test[..dataset.test.len().min(TIMED)];
    let student = model::classifier(&format!("{root}/student"), opened).await?;
    let encodings = Encodings::new(&student.tokenizer, some, run.data.max_length)?;
    speeds.insert("student".to_owned(), student.speed(&encodings, opened).await?);
    let assistants = (1..=run.assistants().len()).map(|number| format!("assistant-{number}"));
    let assistants = assistants.map(|name| (format!("{root}/{name}/student"), name));
    let beside = beside(run).into_iter().map(|name| (format!("{root}/{name}"), name));
    let teacher = run.teacher.iter().map(|teacher| (teacher.model.clone(), "teacher".to_owned()));
    let mut reader = student;
    for (path, name) in teacher.chain(assistants).chain(beside) {
        // The session read all of them with the student's tokenizer; so does this.
        let files = checkpoint::read_dir(&path).await?;
        reader.model = checkpoint::load_model(&path, &files, &opened.device)?;
        speeds.insert(name, reader.speed(&encodings, opened).await?);
    }
    Ok(speeds)
}

/// What the figures say, in sentences.
fn verdict(results: &[Eval], started: &Started) -> Vec<String> {
    let find = |who: &str| results.iter().find(|eval| eval.who == who);
    let mut lines = vec![];
    let Some(student) = find("student") else { return lines };
    if let Some(teacher) = find("teacher") {
        let [large, small] = ["teacher", "student"].map(|who| started.parameters_of(who) as f64);
        let gap = match (student.perplexity(), teacher.perplexity()) {
            (Some(own), Some(theirs)) => format!("{:.2} times its perplexity", own / theirs),
            _ => format!("{:+.1} points of its accuracy", 100.0 * (student.accuracy - teacher.accuracy)),
        };
        let fewer = large / small.max(1.0);
        lines.push(format!("The student has {fewer:.1} times fewer parameters than the teacher and {gap}."));
    }
    let Some(control) = find("control") else { return lines };
    let gain = match (student.perplexity(), control.perplexity()) {
        (Some(own), Some(other)) => format!("{:+.1} % of perplexity", 100.0 * (own / other - 1.0)),
        _ => format!("{:+.1} points", 100.0 * (student.accuracy - control.accuracy)),
    };
    lines.push(format!(
        "Against the same student without a teacher: {gain}; whether it beats it cannot be told from one seed (n = 1)."
    ));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use retort_core::platform::Adapter;

    fn eval(who: &str, accuracy: f64, interval: [f64; 2]) -> Eval {
        Eval {
            step: 9,
            who: who.into(),
            split: "test".into(),
            accuracy,
            interval,
            loss: 0.5,
            f1: accuracy,
            mcc: 0.0,
            examples: 100,
            agreement: None,
            ..Eval::default()
        }
    }

    #[test]
    fn the_verdict_says_what_the_teacher_was_worth() {
        let started = Started {
            name: "r".into(),
            seed: 1,
            adapter: Adapter::default(),
            steps: 9,
            resumed_at: 0,
            examples: [1, 1, 1],
            labels: vec![],
            parameters: [1000, 100],
            init_hash: String::new(),
            data_hash: String::new(),
            memory_bytes: 0,
            notes: vec![],
            hop: None,
            others: vec![],
        };
        let results = [
            eval("teacher", 0.80, [0.75, 0.85]),
            eval("student", 0.78, [0.73, 0.83]),
            eval("control", 0.70, [0.65, 0.75]),
        ];
        let lines = verdict(&results, &started);
        // 1000 / 100; 78 − 80; 78 − 70
        assert!(lines[0].contains("10.0 times") && lines[0].contains("-2.0 points"), "{lines:?}");
        assert!(
            lines[1].contains("+8.0 points; whether it beats it cannot be told from one seed (n = 1)"),
            "{lines:?}"
        );
    }
}
