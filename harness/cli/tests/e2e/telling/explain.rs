//! Spans of a real run, explained: by ids from its rows, by the beginning of an id, by fate.

use std::io::BufRead;
use std::process::Output;

use serde_json::Value;
use spanfate_model::books::explain::Explanation;
use spanfate_model::fate::witness::Witness;

use crate::lab::lab;

fn text(output: &Output) -> (String, String) {
    let of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (of(&output.stdout), of(&output.stderr))
}

#[test]
fn a_dropped_and_a_received_span_of_a_real_run_are_explained() {
    let Some(lab) = lab() else { return };
    let done = lab.run(
        "[load]\nrate = \"400/s\"\nwarmup = \"0s\"\nlasting = \"1s\"\n[exporter]\nqueue = 64\nbatch = 32\n\
         [receiver]\nanswer_after = \"100ms\"\n",
    );
    done.assert_exact();
    let run = done.run.to_string_lossy().into_owned();
    let rows = lab.call(&["export", &run, "--ndjson"]).stdout;
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    let explain = |words: &[&str]| -> Vec<Explanation> {
        let output = lab.call(&[&["explain", "--json"], words].concat());
        assert_eq!(output.status.code(), Some(0), "{:?}", text(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    for (fate, last) in [("dropped_queue_full", Witness::Process), ("received", Witness::Wire)] {
        let row = rows.iter().find(|row| row["fate"] == fate).unwrap();
        let id = row["span_id"].as_str().unwrap();
        let [one] = &explain(&[id, &run])[..] else { panic!("{id} is not one span") };
        assert_eq!((one.standing.to_string().as_str(), one.span_id.to_string().as_str()), (fate, id));
        assert_eq!(
            (Some(one.name.as_str()), one.request.map(u64::from)),
            (row["name"].as_str(), row["request"].as_u64())
        );
        let told: Vec<Option<Witness>> = one.steps.iter().map(|step| step.witness).collect();
        assert!(told.contains(&Some(Witness::Load)) && told.contains(&Some(last)), "{one:#?}");
        assert!(one.steps.iter().any(|step| Some(step.at_ms) == row["created_ms"].as_f64()), "{one:#?}");
        let reached = told.contains(&Some(Witness::Wire));
        assert_eq!(reached, fate == "received");
    }
    // The queue of 64 was full; an export waited for its answer, which comes after 100 ms.
    let dropped = explain(&["--sample", "dropped_queue_full", "--count", "3", &run]);
    assert_eq!(dropped.len(), 3);
    for one in &dropped {
        assert!(
            one.verdict.starts_with("dropped: the queue was full, 64 of 64, while an export of 32 spans"),
            "{one:?}"
        );
    }
    assert!(dropped.is_sorted_by(|a, b| a.decided_ms <= b.decided_ms));
    // The result holds the first of them.
    let trial = &done.result.variants[0].trials[0];
    assert_eq!(trial.examples[0], dropped[0]);
    // A trace is all its spans; a beginning that only one id has is enough.
    let trace = dropped[0].trace_id.to_string();
    let spans = rows.iter().filter(|row| row["trace_id"] == trace.as_str()).count();
    assert_eq!(explain(&[&trace, &run]).len(), spans);
    assert_eq!(explain(&[&dropped[0].span_id.to_string()[..12], &run]), dropped[..1]);

    let shown = text(&lab.call(&["explain", "--sample", "received", &run])).0;
    assert!(shown.starts_with("received\n  because   received "), "{shown}");
    // All traces of a run begin alike.
    let many = lab.call(&["explain", &trace[..8], &run]);
    assert!(many.status.code() == Some(2) && text(&many).1.contains("give more digits"), "{:?}", text(&many));
    for (words, code, hint) in [
        (&["ffffffffffffffff", &run][..], 4, "lists the ids of all spans"),
        (&["--sample", "never_ended", &run], 4, "has the fate `never_ended`"),
        (&["--sample", "dropped_queue_ful", &run], 2, "did you mean `dropped_queue_full`?"),
        (&["no-id", &run], 2, "give 4 to 32 hex digits"),
        (&[], 2, "say which span"),
    ] {
        let output = lab.call(&[&["explain"], words].concat());
        let (_, said) = text(&output);
        assert!(output.status.code() == Some(code) && said.contains(hint), "{words:?}: {said}");
    }
}
