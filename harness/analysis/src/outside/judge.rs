//! Causes of one batch processor or exporter, and what cannot be told.

use spanfate_model::advice::observed::{FleetRow, QueueOwner};
use spanfate_model::finding::outside::{OutsideCause, OutsideFactor, OutsidePart, Sureness};
use spanfate_model::quantity::digits::grouped;

use super::logs::FailedExportLogs;
use super::traces::{SpanPace, TracePaces};
use crate::metrics::{ExporterUse, MachineUse, ScrapedPlace, exporter_uses, machine_use, observe, refused};

/// A worker that is in exports for this share of the time has none left: between two of them it still gathers.
const BUSY: f64 = 0.9;
/// Below this share it has time left in the mean.
const FREE: f64 = 0.7;
/// Failing exports that take this share of the time stand in the way of the others.
const FAILING: f64 = 0.3;
/// A collector's queue that is so full, or so empty.
const FULL: f64 = 0.8;
const EMPTY: f64 = 0.2;

/// All of a place.
pub(super) fn parts(
    place: &ScrapedPlace<'_>,
    batch: Option<u32>,
    traces: Option<&TracePaces>,
    logs: Option<&FailedExportLogs>,
) -> Vec<OutsidePart> {
    let (exporters, machine, refused) = (exporter_uses(place), machine_use(place), refused(place));
    let of_row = |row: &FleetRow| {
        let own: Vec<&ExporterUse> = exporters.iter().filter(|one| one.service == row.service).collect();
        let used = match own.as_slice() {
            [sole] => Some(*sole),
            several => several.iter().find(|one| one.exporter == row.component).copied(),
        };
        let refused = refused.iter().find(|(service, _)| *service == row.service).map(|(_, count)| *count);
        let evidence = PartEvidence {
            row,
            used,
            machine,
            pace: traces.and_then(|traces| traces.of(&row.service)),
            logs,
            refused: refused.unwrap_or(0.0),
        };
        evidence.part()
    };
    observe(&[*place], batch).iter().map(of_row).collect()
}

/// All that is known of one.
struct PartEvidence<'a> {
    row: &'a FleetRow,
    used: Option<&'a ExporterUse>,
    machine: MachineUse,
    pace: Option<&'a SpanPace>,
    logs: Option<&'a FailedExportLogs>,
    refused: f64,
}

/// Causes and what is open.
type ToldCauses = (Vec<OutsideCause>, Vec<String>);

impl PartEvidence<'_> {
    fn part(&self) -> OutsidePart {
        let row = self.row;
        let lately = row.lost_lately();
        let (dropped, given_up) = if lately.is_some() {
            (row.dropped_lately, row.given_up_lately)
        } else {
            (row.dropped.value(), row.given_up.value())
        };
        let lost = match (dropped, given_up) {
            (None, None) => None,
            (dropped, given_up) => Some(dropped.unwrap_or(0.0) + given_up.unwrap_or(0.0)),
        };
        let all = lost.unwrap_or(0.0).max(1.0);
        let (mut causes, mut open) = (Vec::new(), Vec::new());
        if let Some(given_up) = given_up.filter(|spans| *spans > 0.0) {
            causes.push(self.gave_up(given_up, given_up / all));
        }
        if let Some(dropped) = dropped.filter(|spans| *spans > 0.0) {
            let (more, unknown) = match row.kind {
                QueueOwner::Processor => self.full_queue(dropped / all),
                QueueOwner::Collector => self.full_collector(dropped / all),
            };
            causes.extend(more);
            open.extend(unknown);
        }
        causes.extend(self.only_logged(given_up));
        if self.refused > 0.0 {
            let evidence = format!(
                "its receivers refused {} spans: clients send them again, or lose them, which their own metrics count",
                whole(self.refused)
            );
            causes.push(cause(OutsideFactor::CollectorRefuses, Sureness::Counted, None, evidence));
        }
        if lost.is_none() {
            open.push(
                "how many spans were lost: no counter of dropped or failed spans is there (OTEL_GO_X_OBSERVABILITY=true)"
                    .to_owned(),
            );
        }
        causes.sort_by(|a, b| {
            a.sure.cmp(&b.sure).then(b.share.unwrap_or(0.0).total_cmp(&a.share.unwrap_or(0.0)))
        });
        OutsidePart {
            service: row.service.clone(),
            component: row.component.clone(),
            lost,
            since_start: lately.is_none(),
            causes,
            open,
        }
    }

    /// Spans of exports that failed.
    fn gave_up(&self, spans: f64, share: f64) -> OutsideCause {
        let mut evidence = format!("{} spans were in exports that failed for good", whole(spans));
        if let Some((status, count)) = self.used.and_then(|used| used.statuses.first()) {
            evidence += &format!("; {} exports ended with {status}", whole(*count));
        }
        if let Some((label, count)) = self.logs.and_then(FailedExportLogs::most) {
            evidence += &format!("; {count} log lines say {label}");
        }
        cause(OutsideFactor::ExportFailing, Sureness::Counted, Some(share), evidence)
    }

    /// Failures that logs speak of and no counter has: they may have been tried again with success.
    fn only_logged(&self, given_up: Option<f64>) -> Option<OutsideCause> {
        let logs =
            self.logs.filter(|logs| logs.failures() > 0 && given_up.is_none_or(|spans| spans <= 0.0))?;
        let (label, count) = logs.most()?;
        let evidence = format!(
            "{} log lines speak of failed exports, {count} of them of {label}, and no counter of failed spans says it",
            logs.failures()
        );
        Some(cause(OutsideFactor::ExportFailing, Sureness::Possible, None, evidence))
    }

    /// Spans that a batch processor's queue had no room for.
    fn full_queue(&self, share: f64) -> ToldCauses {
        let Some(used) = self.used.filter(|used| used.calls > 0.0) else {
            let open = "whether its exports are slow or spans came in bursts: no export ended in that time, or no \
                        otel.sdk.exporter.operation.duration is there";
            return (Vec::new(), vec![open.to_owned()]);
        };
        let busy = used.busy();
        if used.failing_s / used.over_s >= FAILING || used.failing_s > 0.5 * used.busy_s {
            let evidence = format!(
                "exports that failed took {} of the time, and nothing else is exported meanwhile",
                percent(used.failing_s / used.over_s)
            );
            return (
                vec![cause(OutsideFactor::ExportFailing, Sureness::Follows, Some(share), evidence)],
                Vec::new(),
            );
        }
        if busy >= BUSY {
            return self.no_time_left(used, share);
        }
        self.time_left(used, share)
    }

    /// Its worker was in exports nearly all the time.
    fn no_time_left(&self, used: &ExporterUse, share: f64) -> ToldCauses {
        let mut evidence = format!(
            "its worker was in exports for {} of the time, {} each",
            percent(used.busy()),
            millis(used.busy_s / used.calls)
        );
        let coming = self.row.spans_per_s.value().zip(self.row.ceiling_per_s.value());
        if let Some((rate, ceiling)) = coming {
            evidence += &format!(": {} spans/s at most, and {}/s came", whole(ceiling), whole(rate));
        }
        if self.machine.lacks_cpu() {
            let starved = cause(OutsideFactor::CpuStarved, Sureness::Possible, Some(share), self.cpu());
            let slow = cause(OutsideFactor::SlowExport, Sureness::Possible, Some(share), evidence);
            let open = "whether exports are slow because the process waits for a CPU in them: the receiver's own time per request \
                        would tell";
            return (vec![starved, slow], vec![open.to_owned()]);
        }
        let open = if self.machine.is_unknown() {
            "what makes exports slow, the receiver, the network or want of CPU: process_cpu_seconds_total and go_sched_latencies_seconds \
             of the process would tell of its CPU"
        } else {
            "whether the receiver or the network makes exports slow: the receiver's own time per request would tell"
        };
        (
            vec![cause(OutsideFactor::SlowExport, Sureness::Follows, Some(share), evidence)],
            vec![open.to_owned()],
        )
    }

    /// Its worker had time left in the mean, so that the mean explains nothing.
    fn time_left(&self, used: &ExporterUse, share: f64) -> ToldCauses {
        let mut evidence = format!(
            "its worker was in exports for {} of the time only, so that at an even pace it keeps up",
            percent(used.busy())
        );
        if let Some(pace) = self.pace.filter(|pace| pace.is_bursty() || pace.has_stall()) {
            evidence += &format!(
                "; by the traces {:.0}/s in the mean, and {:.0}/s in the busiest tenth of a second",
                pace.mean_per_s, pace.peak_per_s
            );
            if pace.has_stall() {
                evidence +=
                    &format!(", after {:.1} s without a span: it caught up after a stall", pace.gap_s);
            }
        }
        let mut causes = Vec::new();
        let mut open = Vec::new();
        // What a full batch may take without falling behind the mean rate.
        let keeps_up =
            self.row.batch.value().zip(self.row.spans_per_s.value()).map(|(batch, rate)| batch / rate);
        let slow = keeps_up.and_then(|limit| used.longer_than(limit));
        if self.machine.lacks_cpu() {
            causes.push(cause(OutsideFactor::CpuStarved, Sureness::Possible, Some(share), self.cpu()));
        }
        let proved = slow.is_some_and(|slow| slow <= 0.0) && used.busy() < FREE && causes.is_empty();
        let sure = if proved { Sureness::Follows } else { Sureness::Possible };
        causes.push(cause(OutsideFactor::Burst, sure, Some(share), evidence));
        if let (Some(slow), Some(limit)) = (slow.filter(|slow| *slow > 0.0), keeps_up) {
            let evidence = format!(
                "{} of {} exports may have taken longer than the {} in which it keeps up: for a while exports may have been slow",
                whole(slow),
                whole(used.calls),
                millis(limit)
            );
            causes.push(cause(OutsideFactor::SlowExport, Sureness::Possible, Some(share), evidence));
        }
        if !proved {
            open.push(
                "whether spans came in bursts or exports were slow for a while: pages that are closer together, around the loss, would \
                 tell"
                    .to_owned(),
            );
        }
        if self.machine.is_unknown() {
            open.push(
                "whether its worker was kept from running: process_cpu_seconds_total and go_sched_latencies_seconds would tell"
                    .to_owned(),
            );
        }
        (causes, open)
    }

    /// Spans that the queue of a collector's exporter had no room for.
    fn full_collector(&self, share: f64) -> ToldCauses {
        let fill = self.row.queued.value().zip(self.row.queue.value()).map(|(now, most)| now / most.max(1.0));
        let behind = |evidence: String| {
            cause(OutsideFactor::CollectorBehind, Sureness::Possible, Some(share), evidence)
        };
        let burst = |evidence: String| cause(OutsideFactor::Burst, Sureness::Possible, Some(share), evidence);
        let causes = match fill {
            Some(fill) if fill >= FULL => {
                vec![behind(format!("its queue is still full to {}", percent(fill)))]
            }
            Some(fill) if fill <= EMPTY => {
                vec![burst(format!(
                    "its queue is full to {} only, so that it was full for a while",
                    percent(fill)
                ))]
            }
            Some(fill) => vec![
                behind(format!("its queue is full to {}", percent(fill))),
                burst("it may have been full for a while only".to_owned()),
            ],
            None => Vec::new(),
        };
        let open = "whether its endpoint is slow or spans come in bursts: a collector's metrics do not have the time of its exports";
        (causes, vec![open.to_owned()])
    }

    /// How the process lacks CPU.
    fn cpu(&self) -> String {
        let MachineUse { used, cores, held_up, throttled, .. } = self.machine;
        let mut out = Vec::new();
        if let Some((used, cores)) = used.zip(cores) {
            out.push(format!("it used {used:.2} of {cores:.0} cores"));
        }
        if let Some(share) = held_up {
            out.push(format!(
                "{} of its goroutines' waits for a processor were longer than 1 ms",
                percent(share)
            ));
        }
        if let Some(share) = throttled.filter(|share| *share > 0.0) {
            out.push(format!("a quota held its threads back for {share:.2} s per second"));
        }
        out.join(", ")
    }
}

fn cause(cause: OutsideFactor, sure: Sureness, share: Option<f64>, evidence: String) -> OutsideCause {
    OutsideCause { cause, sure, share, evidence }
}

fn whole(value: f64) -> String {
    grouped(&format!("{:.0}", value.max(0.0)))
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn millis(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}
