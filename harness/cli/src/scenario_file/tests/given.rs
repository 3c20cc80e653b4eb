//! What the command line sets in place of a file.

use std::path::Path;

use spanfate_model::quantity::unit::Rate;

use crate::scenario_file::Override;
use crate::scenario_file::parse::{Parsed, read};

const GOOD: &str = "name = 'x'\n[load]\nrate = '500/s'\nlasting = '1s'\n";

fn given(file: &str, lines: &[&str]) -> Result<Parsed, Vec<(String, usize)>> {
    let overrides: Vec<Override> = lines.iter().map(|line| Override::read(line).unwrap()).collect();
    let text = format!("{GOOD}{file}");
    let placed = |one: super::super::Diagnostic| (one.message, one.span.map_or(0, |at| at.start));
    read(&text, Path::new("."), &overrides).map_err(|all| all.into_iter().map(placed).collect())
}

#[test]
fn a_key_holds_for_all_variants_and_is_said() {
    let file = "[exporter]\nbatch = 256\n[[variant]]\nname = 'a'\nexporter = { queue = 64, batch = 32 }\n[[variant]]\nname = 'b'\n";
    let parsed =
        given(file, &["exporter.queue=8192", "load.rate=2000/s"]).unwrap_or_else(|all| panic!("{all:?}"));
    let queues: Vec<_> =
        parsed.plan.variants.iter().map(|one| (one.exporter.queue, one.exporter.batch)).collect();
    assert_eq!(queues, [(Some(8192), Some(32)), (Some(8192), Some(256))]);
    assert_eq!(parsed.plan.load.rate, Some(Rate(2000.0)));
    assert_eq!(parsed.plan.changed, ["exporter.queue = 8192", "load.rate = \"2000/s\""]);
    assert_eq!(parsed.plan.title(), "x (exporter.queue = 8192; load.rate = \"2000/s\")");
    assert!(
        given(file, &[]).is_ok_and(|parsed| parsed.plan.changed.is_empty() && parsed.plan.title() == "x")
    );
}

#[test]
fn tables_and_entries_of_lists_can_be_set() {
    let services = "[[service]]\nname = 'a'\ncalls = ['b']\n[[service]]\nname = 'b'\n";
    let parsed = given(services, &["service.1.cpu=2ms", "exporter.retry={ enabled = false }"])
        .unwrap_or_else(|all| panic!("{all:?}"));
    assert_eq!(parsed.plan.services[1].cpu.nanos(), 2_000_000);
    assert!(!parsed.plan.variants[0].exporter.retry.unwrap().enabled);
}

#[test]
fn a_mistake_stands_where_it_was_written() {
    let behind = GOOD.len() + 1;
    let cases = [
        ("exporter.queue=many", "`queue` is the text \"many\"", behind + "exporter.queue = ".len()),
        ("exporter.queu=5", "unknown key `queu`", behind + "exporter.".len()),
        ("load.lasting=5", "`lasting` is 5; it takes a time", behind + "load.lasting = ".len()),
        ("trials=0", "`trials` is 0", behind + "trials = ".len()),
        ("exporter.batch=0", "`batch` must be at least 1", behind + "exporter.batch = ".len()),
    ];
    for (line, says, at) in cases {
        let found = given("", &[line]).err().unwrap();
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert!(found[0].0.starts_with(says) && found[0].1 == at, "{line}: {found:?}, wanted at {at}");
    }
}

#[test]
fn a_batch_that_is_larger_than_its_queue_is_a_doubt_and_no_mistake() {
    let doubts = |file: &str| {
        let parsed = given(file, &[]).unwrap_or_else(|all| panic!("{all:?}"));
        parsed.warnings.into_iter().map(|one| one.message).collect::<Vec<_>>()
    };
    let found = doubts("[exporter]\nqueue = 1024\nbatch = 4096\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("exports at most 512 spans"), "{found:?}");
    let found =
        doubts("[[variant]]\nname = 'a'\nexporter = { queue = 100, batch = 200 }\n[[variant]]\nname = 'b'\n");
    assert!(found.len() == 1 && found[0].contains("at most 100 spans"), "{found:?}");
    // Code sets what it sets; and the SDK's own batch in a short queue is nobody's mistake.
    assert!(doubts("[exporter]\nqueue = 1024\nbatch = 4096\nvia = 'option'\n").is_empty());
    assert!(doubts("[exporter]\nqueue = 100\n").is_empty());
}
