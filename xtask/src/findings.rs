//! The findings of the papers on sparse teachers and shrinking students, and what the repository's runs say of
//! each. Every figure and every verdict is read from what `retort` wrote; here they are only put into words.

use std::fs;

use serde_json::Value;

use crate::shell::Shop;

/// A verdict in the words of a reader.
fn word(verdict: &str) -> &'static str {
    match verdict {
        "beats" => "holds",
        "does_not_beat" => "does not hold",
        _ => "cannot be told here",
    }
}

/// One verdict of several.
fn all<'a>(verdicts: impl Iterator<Item = &'a str>) -> &'static str {
    let words: Vec<&str> = verdicts.map(word).collect();
    let count = |wanted: &str| words.iter().filter(|word| **word == wanted).count();
    match (count("holds"), count("does not hold")) {
        (0, 0) => "cannot be told here",
        (0, _) => "does not hold",
        (holds, _) if holds == words.len() => "holds",
        _ => "holds in part",
    }
}

/// `+1.2 [+0.4, +2.0]` of a difference between shares, in points.
fn points(difference: &Value) -> String {
    let number = |value: &Value| format!("{:+.1}", 100.0 * value.as_f64().unwrap_or(f64::NAN));
    interval(difference, number)
}

/// The same in nats.
fn nats(difference: &Value) -> String {
    interval(difference, |value: &Value| format!("{:+.3}", value.as_f64().unwrap_or(f64::NAN)))
}

fn interval(difference: &Value, number: impl Fn(&Value) -> String) -> String {
    let [low, high] = [0, 1].map(|end| number(&difference["interval"][end]));
    format!("{} [{low}, {high}]", number(&difference["mean"]))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn verdict(value: &Value) -> &str {
    value["verdict"].as_str().unwrap_or_default()
}

/// The verdict on the same pair the other way round.
fn reversed(verdict: &str) -> &'static str {
    match verdict {
        "beats" => "does_not_beat",
        "does_not_beat" => "beats",
        _ => "cannot_be_told",
    }
}

/// What one sweep comes to against another, whichever stands first.
fn pair<'a>(report: &'a Value, left: &str, right: &str) -> Option<(String, &'a str)> {
    list(&report["pairs"]).find_map(|pair| {
        let names = [&pair["left"], &pair["right"]].map(|name| name.as_str().unwrap_or_default());
        let found = &pair["difference"];
        match names {
            [l, r] if l == left && r == right => Some((points(found), verdict(pair))),
            [l, r] if l == right && r == left => {
                let turned = |value: &Value| Value::from(-value.as_f64().unwrap_or(f64::NAN));
                let ends = [turned(&found["interval"][1]), turned(&found["interval"][0])];
                let turned = serde_json::json!({ "mean": turned(&found["mean"]), "interval": ends });
                Some((points(&turned), reversed(verdict(pair))))
            }
            _ => None,
        }
    })
}

/// The table of findings; nothing of those whose runs are not there.
pub fn table(shop: &Shop) -> String {
    let read = |path: &str| -> Option<Value> {
        serde_json::from_slice(&fs::read(shop.root.join("runs/studies").join(path)).ok()?).ok()
    };
    let mut rows: Vec<[String; 3]> = vec![];
    rows.extend(read("pilot/pilot.json").as_ref().and_then(confidence));
    rows.extend(read("scores/scores.json").as_ref().map(taylor));
    if let Some(report) = read("sparse/report.json") {
        rows.extend(sparse(&report));
    }
    rows.extend(read("lambdas/report.json").as_ref().and_then(lambda));
    if let Some(report) = read("homodistil/findings.json") {
        rows.extend(homotopic(&report));
    }
    rows.sort_by(|one, other| one[0].cmp(&other[0]));
    if rows.is_empty() {
        return String::new();
    }
    let mut text = "\n## Findings of STARK and HomoDistil\n\nWhat the papers find, and whether it shows at this size; \
        differences in points of accuracy on test with their 95 % intervals over the seeds, unless it says \
        otherwise. The chapters below have all figures.\n\n| finding | here | verdict |\n|---|---|---|\n"
        .to_owned();
    for [finding, here, verdict] in rows {
        text += &format!("| {finding} | {here} | {verdict} |\n");
    }
    text
}

/// How right and how sure the teachers are when some of their weights are gone.
fn confidence(curves: &Value) -> Option<[String; 3]> {
    let mut curves: Vec<&Value> = list(curves).collect();
    curves.sort_by_key(|curve| curve["parameters"].as_u64());
    let [small, large] = curves[..] else { return None };
    let at = |curve: &Value, key: &str| curve["points"][0][key].as_f64().unwrap_or(f64::NAN);
    let follows = |curve: &Value, place: usize| curve["follows"][place].as_f64().unwrap_or(f64::NAN);
    let better = at(large, "accuracy") > at(small, "accuracy") && at(large, "confidence") > at(small, "confidence");
    let falls =
        [small, large].into_iter().all(|curve| follows(curve, 1) < -0.5 && follows(curve, 1) < follows(curve, 0));
    let verdict = match (better, falls) {
        (true, true) => "holds",
        (false, false) => "does not hold",
        _ => "holds in part",
    };
    let told = |curve: &Value| {
        format!(
            "{:.1} % right, variance {:.3}; sparsity correlates with the variance by {:.2}, with accuracy by {:.2}",
            100.0 * at(curve, "accuracy"),
            at(curve, "confidence"),
            follows(curve, 1),
            follows(curve, 0)
        )
    };
    let here =
        format!("smaller teacher: {}; larger: {} (two models: no interval between them)", told(small), told(large));
    let finding = "1. The larger teacher is better and surer; random sparsity makes teachers less sure before it makes them wrong";
    Some([finding.into(), here, verdict.into()])
}

/// What slopes predict of the loss without a head.
fn taylor(scores: &Value) -> [String; 3] {
    let (count, correlation) = (list(&scores["removals"]).count(), scores["correlation"].as_f64().unwrap_or(f64::NAN));
    let here =
        format!("{count} heads of the larger teacher, removed one by one: correlation {correlation:.2} (Pearson)");
    let verdict = if correlation > 0.5 { "holds" } else { "does not hold" };
    ["To first order slopes tell the loss without a unit".into(), here, verdict.into()]
}

/// Sparse teachers against the whole one, against random ones, and without single weights.
fn sparse(report: &Value) -> Vec<[String; 3]> {
    let sweep = |name: &str| list(&report["sweeps"]).find(move |sweep| sweep["name"] == name);
    let mut rows = vec![];
    let gain = |sweep: &Value| points(&sweep["best"]["gain"]);
    let percent = |sweep: &Value| sweep["best"]["percent"][0]["mean"].as_f64().unwrap_or(f64::NAN);
    if let Some(scored) = sweep("lambda-0.5") {
        let here = format!("{}; on dev the best teacher has lost {:.0} % on the mean", gain(scored), percent(scored));
        let finding = "2. The student of a sparse teacher beats that of the whole one";
        rows.push([finding.into(), here, word(verdict(scored)).into()]);
    }
    if let (Some(random), Some((over, _))) = (sweep("random"), pair(report, "lambda-0.5", "random")) {
        let here = format!("random against whole {}; scored against random {over}", gain(random));
        let finding = "3. Teachers sparse at random already beat the whole one";
        rows.push([finding.into(), here, word(verdict(random)).into()]);
    }
    if let Some((apart, _)) = pair(report, "unstructured-0.5", "lambda-0.5") {
        let here = format!("single weights against units {apart}");
        let ends = list(&report["pairs"])
            .find(|pair| pair["left"] == "unstructured-0.5" && pair["right"] == "lambda-0.5")
            .map(|pair| [0, 1].map(|end| pair["difference"]["interval"][end].as_f64().unwrap_or(f64::NAN)));
        // Equal to a point, as the paper's averages are.
        let verdict = match ends {
            Some([low, high]) if low > -0.01 && high < 0.01 => "holds",
            Some([low, high]) if low > 0.0 || high < 0.0 => "does not hold",
            _ => "cannot be told here",
        };
        let finding = "5. Single weights are as good as units";
        rows.push([finding.into(), here, verdict.into()]);
    }
    rows
}

/// Whether both scores together choose better than either.
fn lambda(report: &Value) -> Option<[String; 3]> {
    let [own, students] = ["lambda-1", "lambda-0"].map(|other| pair(report, "lambda-0.5", other));
    let ((own, one), (students, other)) = (own?, students?);
    let verdict = all([one, other].into_iter());
    let here = format!("λ 0.5 against 1 {own}; against 0 {students}");
    Some(["4. Both scores together choose better than either alone".into(), here, verdict.into()])
}

/// Students that start as their teacher.
fn homotopic(findings: &Value) -> Vec<[String; 3]> {
    let by = |metric: &str| list(findings).find(move |found| found["metric"] == metric);
    let (Some(right), Some(apart)) = (by("accuracy"), by("discrepancy")) else { return vec![] };
    // Left and right stand in the order of the study file.
    let against = |found: &Value, left: &str, right: &str, told: fn(&Value) -> String| -> Vec<(String, String)> {
        let wanted = |pair: &&Value| pair["left"] == left && pair["right"] == right;
        let one = |pair: &Value| {
            let at = format!("{} kept: {}", pair["elsewhere"].as_str().unwrap_or_default(), told(&pair["difference"]));
            (at, verdict(pair).to_owned())
        };
        list(&found["comparisons"]).filter(wanted).map(one).collect()
    };
    let texts = |rows: &[(String, String)]| rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>().join("; ");
    let far = against(apart, "random start", "PLATON", nats);
    let mut rows = vec![[
        "6. A student that starts as its teacher stays near it all the way; one from random weights does not".into(),
        format!(
            "how much nearer the random start is on the mean over the logged steps (all), in nats; {}",
            texts(&far)
        ),
        all(far.iter().map(|row| reversed(&row.1))).into(),
    ]];
    let twins: Vec<&Value> = list(&right["settings"])
        .filter(|one| one["label"].as_str().is_some_and(|label| label.ends_with(", PLATON")))
        .collect();
    let told = |one: &&Value| format!("{}: {}", one["label"].as_str().unwrap_or_default(), points(&one["gain"]));
    rows.push([
        "7. The distance from the teacher is needed while the student shrinks".into(),
        format!(
            "against its twin, which shrinks by its own loss; {}",
            twins.iter().map(told).collect::<Vec<_>>().join("; ")
        ),
        all(twins.iter().map(|one| verdict(one))).into(),
    ]);
    for other in ["magnitude", "random"] {
        let pairs = against(right, other, "PLATON", points);
        rows.push([
            format!("7. PLATON chooses better than {other}"),
            format!("{other} against PLATON; {}", texts(&pairs)),
            all(pairs.iter().map(|row| reversed(&row.1))).into(),
        ]);
    }
    rows
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pair_is_found_whichever_stands_first() {
        let difference = json!({ "mean": 0.01, "interval": [0.005, 0.015] });
        let report = json!({ "pairs": [{ "left": "a", "right": "b", "difference": difference, "verdict": "beats" }] });
        assert_eq!(pair(&report, "a", "b"), Some(("+1.0 [+0.5, +1.5]".into(), "beats")));
        assert_eq!(pair(&report, "b", "a"), Some(("-1.0 [-1.5, -0.5]".into(), "does_not_beat")));
        assert_eq!(pair(&report, "a", "c"), None);
    }

    #[test]
    fn the_study_has_what_is_looked_for() {
        let study = include_str!("../../www/studies/homodistil.toml");
        for wanted in ["discrepancy", "\"PLATON\"", "\"magnitude\"", "\"random\"", "\"random start\""] {
            assert!(study.contains(wanted), "{wanted}");
        }
    }

    #[test]
    fn several_verdicts_hold_together_or_in_part() {
        assert_eq!(all(["beats", "beats"].into_iter()), "holds");
        assert_eq!(all(["beats", "cannot_be_told"].into_iter()), "holds in part");
        assert_eq!(all(["does_not_beat", "does_not_beat"].into_iter()), "does not hold");
        assert_eq!(all(std::iter::empty()), "cannot be told here");
        assert_eq!(all(["does_not_beat", "cannot_be_told"].into_iter()), "does not hold");
    }
}
