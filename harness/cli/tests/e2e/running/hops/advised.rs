//! `spanfate frontier` with a collector in the path: its limit beside the model's, and settings that were tried.

use spanfate_model::finding::frontier::Frontier;

use super::is_built;
use crate::lab::lab_alone;

/// Five requests of 200 ms are a second, and the back end is away for longer.
const SHORT: &str = r#"
    [load]
    rate = "40/s"
    warmup = "200ms"
    lasting = "4s"
    [exporter]
    delay = "50ms"
    [[pipeline.hop]]
    name = "agent"
    knobs = { queue_size = 5, consumers = 1, retry_initial = "100ms", retry_max = "200ms" }
    [[fault]]
    at = "500ms"
    for = "1500ms"
    kind = { answer = { status = { grpc = "UNAVAILABLE" } } }
"#;

pub(crate) fn a_search_knows_what_the_queue_of_a_collector_outlasts_and_what_it_needs() {
    if !is_built() {
        return;
    }
    let Some(lab) = lab_alone() else { return };
    let scenario = lab.scenario(SHORT);
    let out = lab.path("results");
    let arguments = ["--along", "outage", "--repeats", "1", "--resolution", "60%", "--json", "--out"];
    let found = lab.call(
        &[&["frontier", scenario.to_str().unwrap()], &arguments[..], &[out.to_str().unwrap()]].concat(),
    );
    let text = String::from_utf8_lossy(&found.stderr).into_owned();
    let frontier: Frontier =
        serde_json::from_slice(&found.stdout).unwrap_or_else(|error| panic!("{error}: {text}"));
    let limit = &frontier.variants[0];
    let [agent] = &limit.hops[..] else { panic!("{limit:?}") };
    // Requests of 40 spans, or of 50 where the service sends five of ten in that time.
    assert_eq!((agent.hop.as_str(), agent.consumers), ("agent", 1));
    assert!((0.6..1.6).contains(&agent.predicted), "{agent:?}");
    // The model leaves the pause after the outage out, so that what is measured is below it.
    if let Some(low) = limit.found.low {
        assert!(low < 1.7, "{limit:?}");
    }
    let Some(last) = frontier.verified.last() else { panic!("nothing was tried: {text}") };
    assert_eq!(last.hops[0].hop, "agent");
    assert!(last.hops[0].set.iter().any(|set| set.starts_with("sending_queue.queue_size: ")), "{last:?}");
    // Where the machine let it be judged, what is advised loses nothing.
    assert!(last.lossy == 0 && last.clean + last.unusable > 0, "{:?}", frontier.verified);
}
