//! What a run has shown so far, in a sentence or two.

use std::collections::BTreeMap;

use retort_core::train::Eval;

use super::{View, learns};

impl View {
    /// What the run has shown so far, in a sentence or two; test figures once there are any.
    pub fn verdict(&self) -> Option<String> {
        let (split, figures) =
            if self.test.contains_key("student") { ("test", &self.test) } else { ("dev", &self.dev) };
        let student = figures.get("student").filter(|eval| eval.step > 0 || split == "test")?;
        Some(match student.perplexity() {
            Some(perplexity) => self.of_words(split, figures, student.examples, perplexity),
            None => self.of_classes(split, figures, student),
        })
    }

    fn learner(&self) -> &str {
        match self.called("student") {
            "student" => "the student",
            assistant => assistant,
        }
    }

    /// What `told` says of each model that does not learn, the teacher by what it is to the learner.
    fn others(&self, figures: &BTreeMap<String, Eval>, told: impl Fn(&str, &Eval) -> Option<String>) -> String {
        let others = self.models().into_iter().filter(|who| !learns(who));
        let named = |who| if who == "teacher" { "its teacher" } else { who };
        others.filter_map(|who| told(named(who), figures.get(who)?)).collect()
    }

    fn of_classes(&self, split: &str, figures: &BTreeMap<String, Eval>, student: &Eval) -> String {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let (learner, right) = (self.learner(), percent(student.accuracy));
        let mut text = format!("On {} {split} sentences {learner} is right on {right}", student.examples);
        text += &self.others(figures, |who, eval| {
            eval.perplexity().is_none().then(|| format!(", {who} on {}", percent(eval.accuracy)))
        });
        if let Some(control) = figures.get("control") {
            text += &format!(", the same network trained without a teacher on {}", percent(control.accuracy));
            let points = 100.0 * (student.accuracy - control.accuracy);
            let apart = student.interval[0] > control.interval[1] || control.interval[0] > student.interval[1];
            let caution = if apart { "" } else { "; the 95 % intervals overlap, so one run does not decide it" };
            text += &format!(". The teacher was worth {points:+.1} points{caution}");
        }
        text + "."
    }

    fn of_words(&self, split: &str, figures: &BTreeMap<String, Eval>, words: usize, perplexity: f64) -> String {
        let mut text = format!("On {words} {split} words {} has a perplexity of {perplexity:.1}", self.learner());
        text += &self.others(figures, |who, eval| Some(format!(", {who} one of {:.1}", eval.perplexity()?)));
        if let Some(control) = figures.get("control").and_then(Eval::perplexity) {
            text += &format!(", the same network trained without a teacher one of {control:.1}");
            let change = 100.0 * (perplexity / control - 1.0);
            let verb = if change <= 0.0 { "lowered" } else { "raised" };
            text += &format!(
                ". The teacher {verb} it by {:.1} %; how far seeds differ, one run does not tell",
                change.abs()
            );
        }
        text + "."
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{eval, started, words};
    use super::*;

    #[test]
    fn the_verdict_is_careful_where_the_intervals_overlap() {
        let mut view = View::of(&[started(0), eval(0, "teacher", "dev", 0.8), eval(0, "student", "dev", 0.5)]);
        assert_eq!(view.verdict(), None);
        view.apply(&eval(5, "student", "dev", 0.76));
        view.apply(&eval(5, "control", "dev", 0.73));
        let text = view.verdict().unwrap();
        assert!(text.contains("+3.0 points; the 95 % intervals overlap"), "{text}");
        view.apply(&eval(9, "student", "test", 0.76));
        view.apply(&eval(9, "control", "test", 0.70));
        let text = view.verdict().unwrap();
        assert!(text.starts_with("On 100 test sentences the student is right on 76.0 %"), "{text}");
        assert!(text.ends_with("The teacher was worth +6.0 points."), "{text}");
    }

    #[test]
    fn of_language_models_the_verdict_tells_perplexities() {
        let mut view = View::of(&[started(0), words(0, "teacher", "test", 20.0)]);
        view.apply(&words(9, "student", "test", 45.0));
        view.apply(&words(9, "control", "test", 50.0));
        assert_eq!(
            view.verdict().unwrap(),
            // 1 - 45 / 50
            "On 100 test words the student has a perplexity of 45.0, its teacher one of 20.0, the same network \
             trained without a teacher one of 50.0. The teacher lowered it by 10.0 %; how far seeds differ, one run \
             does not tell."
        );
    }
}
