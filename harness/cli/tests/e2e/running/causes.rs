//! `spanfate attach` at a program whose exports fail in every way there is: the causes are those of the errors that the real
//! exporters gave, whatever else stands in their texts.

use std::fs;

use serde_json::Value;

use crate::watching::probes::probed;

/// The fate of the span of each provider, and what its exporter's error said.
const MUST: [(&str, &str); 15] = [
    ("export_failed.refused", "refused"),
    ("export_failed.refused", "refused"),
    ("export_failed.timeout", "timeout"),
    ("export_failed.reset", "reset"),
    ("export_failed.tls", "tls"),
    ("export_failed.tls", "tls"),
    ("export_failed.name_not_found", "name_not_found"),
    ("export_failed.unauthenticated", "HTTP 401"),
    ("export_failed.too_large", "too_large"),
    ("export_failed.status", "HTTP 500"),
    // The exporter does not say which of the four that it tries again.
    ("export_failed.status", "status"),
    ("export_failed.payload_limit", "payload_limit"),
    ("export_failed.not_encodable", "not_encodable"),
    // Of two errors the worse.
    ("export_failed.refused", "refused"),
    ("export_failed.other", "other"),
];

#[test]
fn causes_of_failed_exports_are_those_of_the_real_errors() {
    let Some(lab) = probed() else { return };
    let program = lab.build_file("causes-target", "running/causes/target.go");
    let mut attach = lab.program();
    attach.args(["attach", "--out"]).arg(lab.path("causes")).arg("--").arg(&program);
    let output = attach.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // The report lies beside the run.
    let mut entries = fs::read_dir(lab.path("causes")).unwrap();
    let result = entries.find_map(|entry| fs::read(entry.ok()?.path().join("result.json")).ok());
    let result: Value = serde_json::from_slice(&result.unwrap()).unwrap();
    let trial = &result["variants"][0]["trials"][0];
    for (at, (fate, label)) in MUST.iter().enumerate() {
        let provider = at as u64 + 1;
        let paths = trial["services"][0]["paths"].as_array().unwrap();
        let path = paths.iter().find(|path| path["provider"] == provider);
        let path = path.unwrap_or_else(|| panic!("no path of provider {provider}: {paths:#?}"));
        assert_eq!(path["failed_by"][label], 1, "provider {provider}, {fate}: {}", path["failed_by"]);
    }
    let fates = &trial["ledger"]["fates"];
    for (fate, _) in MUST {
        let must = MUST.iter().filter(|(other, _)| *other == fate).count() as u64;
        assert_eq!(fates[fate]["total"], must, "{fate}: {fates:#}");
    }
    assert!(said.contains("disk full at 413, timeout exceeds EOF"), "what has no name is shown: {said}");
}
