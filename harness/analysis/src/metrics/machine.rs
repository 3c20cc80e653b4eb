//! What a page says of its process beside telemetry: CPU time, the wait of goroutines for a processor, collections, quotas.

use super::exposition::{self, Sample};
use super::{ScrapedPlace, page};

/// A goroutine that waits for longer than this is held up, seconds.
const HELD_UP: f64 = 1e-3;

/// A process in the time that was looked at; what its pages do not have is absent.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct MachineUse {
    /// Cores used.
    pub used: Option<f64>,
    /// Cores that Go runs on at most.
    pub cores: Option<f64>,
    /// The share of the goroutines' waits for a processor that were longer than a millisecond.
    pub held_up: Option<f64>,
    /// The share of the time in which collections stopped all goroutines.
    pub stopped: Option<f64>,
    /// The share of the time in which a quota kept it from running, over all its threads.
    pub throttled: Option<f64>,
}

impl MachineUse {
    /// Nothing of it is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self { cores: self.cores, ..Self::default() }
    }

    /// Whether it lacks CPU: its cores are used up, goroutines wait for them, or a quota holds it back.
    pub fn lacks_cpu(&self) -> bool {
        let busy = self.used.zip(self.cores).is_some_and(|(used, cores)| used >= 0.9 * cores);
        busy || self.held_up.is_some_and(|share| share >= 0.1)
            || self.throttled.is_some_and(|share| share >= 0.05)
    }
}

/// What counts, by name without prefixes of units; histograms by their buckets.
const CPU: [&str; 3] = ["process_cpu_seconds_total", "process_cpu_time_seconds_total", "process_cpu_time"];
const CORES: [&str; 2] = ["go_sched_gomaxprocs_threads", "go_processor_limit"];
const WAITS: [&str; 3] = [
    "go_sched_latencies_seconds_bucket",
    "go_schedule_duration_seconds_bucket",
    "go_schedule_duration_bucket",
];
const STOPPED: [&str; 1] = ["go_gc_duration_seconds_sum"];
const THROTTLED: [&str; 1] = ["container_cpu_cfs_throttled_seconds_total"];

/// Counters of one page.
#[derive(Clone, Copy, Default)]
struct MachineCounters {
    cpu_s: Option<f64>,
    cores: Option<f64>,
    /// Waits in all, and of these no longer than [`HELD_UP`].
    waits: Option<f64>,
    short: Option<(f64, f64)>,
    stopped_s: Option<f64>,
    throttled_s: Option<f64>,
}

/// What a place says of its process. A page of several services says it of none: then nothing is known.
pub fn machine_use(seen: &ScrapedPlace<'_>) -> MachineUse {
    let services = page::read(seen.last.text, seen.source).services;
    let [service] = services.values().collect::<Vec<_>>()[..] else { return MachineUse::default() };
    let last = counters(seen.last.text);
    let since = || service.started_s().zip(seen.last.at_s).map(|(start, at)| at - start);
    let (first, over_s) = if let Some((text, apart_s)) = seen.before {
        (counters(text), Some(apart_s))
    } else {
        (MachineCounters::default(), service.uptime_s().or_else(since))
    };
    let Some(over_s) = over_s.filter(|over| *over > 0.0) else {
        return MachineUse { cores: last.cores, ..MachineUse::default() };
    };
    // A counter that fell began anew.
    let gained = |last: Option<f64>, first: Option<f64>| {
        last.map(|last| last - first.unwrap_or(0.0)).filter(|gained| *gained >= 0.0)
    };
    let waits = gained(last.waits, first.waits).filter(|waits| *waits > 0.0);
    let short = gained(last.short.map(|(_, n)| n), first.short.map(|(_, n)| n));
    MachineUse {
        used: gained(last.cpu_s, first.cpu_s).map(|cpu| cpu / over_s),
        cores: last.cores,
        held_up: waits.zip(short).map(|(all, short)| ((all - short) / all).clamp(0.0, 1.0)),
        stopped: gained(last.stopped_s, first.stopped_s).map(|stopped| stopped / over_s),
        throttled: gained(last.throttled_s, first.throttled_s).map(|throttled| throttled / over_s),
    }
}

fn counters(text: &str) -> MachineCounters {
    let mut out = MachineCounters::default();
    exposition::each(text, |sample| {
        let name = sample.name.replace('.', "_");
        let is = |names: &[&str]| names.contains(&name.as_str()) && sample.value.is_finite();
        let add = |to: &mut Option<f64>| *to = Some(to.unwrap_or(0.0) + sample.value);
        if is(&CPU) {
            add(&mut out.cpu_s);
        } else if is(&CORES) {
            out.cores = Some(sample.value);
        } else if is(&STOPPED) {
            add(&mut out.stopped_s);
        } else if is(&THROTTLED) {
            add(&mut out.throttled_s);
        } else if is(&WAITS) {
            wait(&mut out, &sample);
        }
    });
    out
}

/// A bucket counts all waits up to its bound: the largest bound counts all, the first one from a millisecond on the short ones.
fn wait(out: &mut MachineCounters, sample: &Sample<'_>) {
    let Some(bound) = sample.label("le").and_then(|bound| bound.parse::<f64>().ok()) else { return };
    if bound.is_infinite() {
        out.waits = Some(sample.value);
    } else if bound >= HELD_UP && out.short.is_none_or(|(known, _)| bound < known) {
        out.short = Some((bound, sample.value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Scrape;

    /// As `promhttp` writes what `collectors.NewGoCollector` with the scheduler's metrics and the process collector give.
    fn page(cpu: f64, short: u64, all: u64) -> String {
        format!(
            "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total {cpu}\ngo_sched_gomaxprocs_threads 2\n\
             go_sched_latencies_seconds_bucket{{le=\"6.4e-08\"}} 5\ngo_sched_latencies_seconds_bucket{{le=\"0.000917504\"}} 7\n\
             go_sched_latencies_seconds_bucket{{le=\"0.00131072\"}} {short}\ngo_sched_latencies_seconds_bucket{{le=\"0.0104\"}} {all}\n\
             go_sched_latencies_seconds_bucket{{le=\"+Inf\"}} {all}\ngo_gc_duration_seconds_sum 0.5\n\
             otel_sdk_processor_span_queue_size{{otel_component_name=\"batching_span_processor/0\"}} 3\n"
        )
    }

    fn look(before: &str, last: &str) -> MachineUse {
        let last = Scrape { text: last, at_s: None };
        machine_use(&ScrapedPlace { source: "shop", before: Some((before, 10.0)), last })
    }

    #[test]
    fn counters_of_two_pages_give_shares_of_the_time_between() {
        let seen = look(&page(5.0, 100, 120), &page(24.5, 700, 920));
        assert!((seen.used.unwrap() - 1.95).abs() < 1e-9 && seen.cores == Some(2.0));
        assert!((seen.held_up.unwrap() - 0.25).abs() < 1e-9, "{seen:?}");
        assert!(seen.lacks_cpu() && !seen.is_unknown());
        let idle = look(&page(5.0, 100, 120), &page(6.0, 1_100, 1_121));
        assert!(!idle.lacks_cpu(), "{idle:?}");
    }

    #[test]
    fn a_page_of_two_services_or_without_such_metrics_says_nothing() {
        let two = format!(
            "{}otel_sdk_processor_span_queue_size{{service_name=\"other\",otel_component_name=\"b/0\"}} 3\n",
            page(5.0, 1, 2)
        );
        assert_eq!(look(&two, &two), MachineUse::default());
        let none = "otel_sdk_processor_span_queue_size{otel_component_name=\"b/0\"} 3\n";
        assert!(look(none, none).is_unknown() && !look(none, none).lacks_cpu());
    }
}
