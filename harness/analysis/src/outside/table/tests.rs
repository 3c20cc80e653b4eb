//! Tables of a made-up load, with what befell it.

use spanfate_model::cause::NamedCause::{
    self, Burst, CpuStarved, ExportFailing, NeverEnded, ProcessEnded, Rejected, ShutdownDeadline, SlowAnswer,
    SlowNetwork, SmallQueue,
};

use super::{blamed, is_table};

/// A row of a service: spans that ended, were dropped, failed and arrived, and their age then, milliseconds.
type Row = (u64, u64, u64, u64, u64);

const USUAL: Row = (100, 0, 0, 100, 50);

/// Rows of a tenth of a second: as usual, but for those from a place on.
fn rows(from: usize, other: &[Row]) -> Vec<Row> {
    let mut out = vec![USUAL; 35];
    out[from..from + other.len()].copy_from_slice(other);
    out
}

fn table(services: &[(&str, Vec<Row>)]) -> String {
    let mut out = "time".to_owned();
    for (name, _) in services {
        for what in ["spans", "latency", "dropped", "failed", "received", "delay"] {
            out += &format!(",{name}_{what}");
        }
    }
    for row in 0..35 {
        out += &format!("\n{:.1}", row as f64 / 10.0);
        for (_, rows) in services {
            let (spans, dropped, failed, received, delay) = rows[row];
            out += &format!(",{spans},0.2,{dropped},{failed},{received},{delay}");
        }
    }
    out + "\n"
}

/// Whom and what is blamed first.
fn first(services: &[(&str, Vec<Row>)], traces: Option<&str>) -> Option<(String, NamedCause)> {
    let found = blamed(&table(services), traces).unwrap();
    found.into_iter().next().map(|one| (one.service, one.cause))
}

fn named(service: &str, cause: NamedCause) -> (String, NamedCause) {
    (service.to_owned(), cause)
}

/// Exports that come through now and then, or not at all until the end.
fn slow(every: usize) -> Vec<Row> {
    let one = |at: usize| {
        let dropped = if at < 5 { 0 } else { 80 };
        if at % every == every - 1 { (100, dropped, 0, 60, 400) } else { (100, dropped, 0, 0, 0) }
    };
    (0..15).map(one).collect()
}

#[test]
fn a_full_queue_is_told_by_what_arrives_and_by_how_even_spans_end() {
    let usual = || rows(0, &[]);
    assert_eq!(first(&[("a", usual()), ("b", usual())], None), None);
    // One service exports slowly: the way; all do: who answers. Nothing comes through: exports fail.
    assert_eq!(first(&[("a", usual()), ("b", rows(12, &slow(3)))], None), Some(named("b", SlowNetwork)));
    let both = first(&[("a", rows(12, &slow(3))), ("b", rows(12, &slow(3)))], None);
    assert_eq!(both.map(|(_, cause)| cause), Some(SlowAnswer));
    assert_eq!(first(&[("a", rows(12, &slow(15))), ("b", usual())], None), Some(named("a", ExportFailing)));
    // Spans arrive at once, and some are dropped all the same.
    let short = vec![(100, 12, 0, 88, 8); 20];
    assert_eq!(first(&[("a", rows(6, &short)), ("b", usual())], None), Some(named("a", SmallQueue)));
    // Three times as many at once; or that after a time in which few ended.
    let burst = vec![(400, 250, 0, 150, 90); 3];
    assert_eq!(first(&[("a", rows(12, &burst))], None), Some(named("a", Burst)));
    let mut starved = vec![(30, 0, 0, 20, 300); 8];
    starved.extend([(600, 500, 0, 100, 700); 2]);
    assert_eq!(first(&[("a", rows(12, &starved))], None), Some(named("a", CpuStarved)));
}

#[test]
fn of_those_that_stood_still_it_is_the_one_nearest_to_the_beginning_of_the_traces() {
    let mut still = vec![(0, 0, 0, 0, 0); 9];
    still.extend([(1000, 700, 0, 300, 60)]);
    let both = [("payment", rows(12, &still)), ("gateway", rows(12, &still))];
    let traces = "traceID,spanID,parentSpanID,serviceName,methodName,operationName,startTime,duration\n\
                  1,a,,gateway,GET,GET,1,5\n1,b,a,payment,pay,pay,2,3\n";
    assert_eq!(first(&both, Some(traces)), Some(named("gateway", Burst)));
    // Without traces the order of the columns is all there is.
    assert_eq!(first(&both, None), Some(named("payment", Burst)));
}

#[test]
fn what_no_queue_dropped_is_told_by_where_it_is_missing() {
    let at = |from: usize, other: &[Row]| first(&[("a", rows(from, other)), ("b", rows(0, &[]))], None);
    assert_eq!(at(12, &[(100, 0, 100, 0, 0); 5]), Some(named("a", ExportFailing)));
    assert_eq!(at(12, &[(40, 0, 0, 0, 0), (10, 0, 0, 0, 0)]), Some(named("a", ProcessEnded)));
    assert_eq!(at(12, &[(100, 0, 0, 90, 50); 12]), Some(named("a", Rejected)));
    assert_eq!(at(31, &[(100, 0, 0, 0, 0); 4]), Some(named("a", ShutdownDeadline)));
    // A trace lacks a span that the others have, and nobody counts it as lost.
    let mut traces = "traceID,spanID,parentSpanID,serviceName,operationName\n".to_owned();
    for trace in 0..10 {
        traces += &format!("{trace},{trace}a,,a,GET\n{trace},{trace}b,{trace}a,a,work\n");
        traces += &format!("{trace},{trace}c,{trace}a,b,pay\n");
        if trace != 4 {
            traces += &format!("{trace},{trace}d,{trace}c,b,work\n");
        }
    }
    let usual = [("a", rows(0, &[])), ("b", rows(0, &[]))];
    assert_eq!(first(&usual, Some(&traces)), Some(named("b", NeverEnded)));
}

#[test]
fn what_is_no_table_is_said() {
    assert!(is_table("time,a_spans\n") && !is_table("# TYPE a counter\na 1\n") && !is_table(""));
    let wrong = |text: &str| blamed(text, None).unwrap_err();
    assert!(wrong("at,a_spans\n").contains("`time`"));
    assert!(wrong("time,a_spans,a_dropped\n0,1,0\n1,1,0\n").contains("a_received"));
    assert!(wrong("time,a_spans,a_dropped,a_received\n0,1,0,1\n1,1\n").contains("line 3"));
    assert!(wrong("time,cpu\n0,1\n1,2\n").contains("_spans"));
    let text = table(&[("a", rows(0, &[]))]);
    assert!(blamed(&text, Some("traceID,spanID\n")).unwrap_err().contains("parentSpanID"));
}
