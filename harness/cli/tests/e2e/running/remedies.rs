//! `spanfate why --verify`: what is advised runs beside the original, and comes out as it was predicted.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::lab::{Finished, Lab, lab_alone};

/// 2,000 spans/s for a worker that exports 64 in 100 ms: two thirds are lost, and a larger batch is all that it takes.
const SLOW: &str = r#"
    [load]
    rate = "400/s"
    warmup = "500ms"
    lasting = "2s"
    [service]
    spans_per_request = 5
    [exporter]
    queue = 256
    batch = 64
    [receiver]
    answer_after = "100ms"
    [[expect]]
    that = "why.slow_answer.share > 90 %"
"#;

fn why(lab: &Lab, run: &Path, more: &[&str]) -> (Option<i32>, Value, String) {
    let mut command = lab.program();
    command.arg("why").arg(run).args(["--format", "json", "--verify", "--trials", "1"]).args(more);
    let output = command.arg("--out").arg(lab.path("verified")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or(Value::Null), said)
}

pub(crate) fn what_is_advised_is_run_beside_the_original_and_loses_what_was_predicted() {
    let Some(lab) = lab_alone() else { return };
    let done = lab.run(SLOW);
    done.assert_exact();
    let judged = &done.result.expectations[0];
    assert!(judged.values.is_empty() || judged.values[0] > 0.9, "{judged:?}");
    let advised = &done.result.insights.advice[0];
    let set = advised.exporter.unwrap_or_else(|| panic!("{advised:?}"));
    assert!(set.batch.unwrap() > 64 && advised.predicted.unwrap().loss < 0.02, "{advised:?}");

    let (code, answer, said) = why(&lab, &done.run, &[]);
    let verified = &answer["verified"]["remedies"][0];
    let loss = |of: &str| verified[of]["loss"].as_f64().unwrap_or_else(|| panic!("{answer:#}\n{said}"));
    assert!(loss("original") > 0.3, "{verified:#}");
    let (predicted, measured) = (loss("predicted"), loss("measured"));
    assert_eq!(verified["predicted"]["by"], "replay");
    // A machine that is disturbed may lose more than a quiet one; then it says so, and concludes nothing.
    match code {
        Some(0) => assert!((predicted - measured).abs() <= 0.02, "{verified:#}"),
        Some(3) => assert!(verified["reason"].is_string() || said.contains("inconclusive"), "{verified:#}"),
        other => panic!("{other:?}: {answer:#}\n{said}"),
    }
    assert!(measured < loss("original") / 2.0, "{verified:#}");

    of_the_run_the_adviser_says_the_same(&lab, &done);
    where_cpu_is_lacking_nothing_runs(&lab, &done);
}

fn of_the_run_the_adviser_says_the_same(lab: &Lab, done: &Finished) {
    let run = done.run.to_str().unwrap();
    let text = lab.call(&["advise", "--run", run]);
    let text = String::from_utf8_lossy(&text.stdout);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in &done.result.insights.advice[0].lines {
        assert!(text.contains(line.as_str()), "{line} is missing in {text}");
    }
    assert!(text.contains("Replayed with the spans and the export times measured here"), "{text}");
}

/// The same run, of which a replay had proved that the service lacks CPU.
fn where_cpu_is_lacking_nothing_runs(lab: &Lab, done: &Finished) {
    let file = done.run.join("result.json");
    let mut result: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let advice = &mut result["insights"]["advice"][0];
    advice["how"] = json!("no_cpu");
    advice.as_object_mut().unwrap().remove("exporter");
    fs::write(&file, result.to_string()).unwrap();
    let before = fs::read_dir(lab.path("verified")).unwrap().count();
    let (code, answer, said) = why(lab, &done.run, &[]);
    assert_eq!(code, Some(4), "{said}");
    let left_out = &answer["verified"]["left_out"][0];
    assert_eq!(left_out["why"], "no setting is advised: the service has no CPU left");
    assert_eq!(fs::read_dir(lab.path("verified")).unwrap().count(), before, "nothing ran");
}
