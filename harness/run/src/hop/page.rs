//! A look at a collector's own metrics, bounded in time: it is taken on the thread that drives the trial.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Bound on one look.
const PATIENCE: Duration = Duration::from_millis(500);
/// Most bytes of a page.
const MOST_BYTES: u64 = 8 << 20;

/// The page of the collector that serves its metrics on that port of this machine; nothing where there is none in time.
pub(crate) fn of(port: u16) -> Option<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    // Of this version an answer comes in one piece.
    write!(stream, "GET /metrics HTTP/1.0\r\nhost: {address}\r\naccept: text/plain;version=0.0.4\r\n\r\n")
        .ok()?;
    let mut bytes = Vec::new();
    stream.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    head.split(' ').nth(1).filter(|status| *status == "200").map(|_| body.to_owned())
}

/// For how long the pipeline has been up that gave a page, nanoseconds: it begins anew when the collector reads its configuration again.
pub(crate) fn up_for(page: &str) -> Option<u64> {
    let uptime = |line: &str| {
        let (name, rest) = line.split_once(['{', ' '])?;
        let plain = name.trim_start_matches("otelcol_").trim_end_matches("_total");
        let is_it = plain.trim_end_matches("_seconds") == "process_uptime";
        let seconds: f64 = rest.rsplit(' ').next()?.parse().ok()?;
        (is_it && seconds >= 0.0).then_some((seconds * 1e9) as u64)
    };
    page.lines().find_map(uptime)
}

/// What the queues of all exporters hold, in what they count in.
pub(crate) fn queued(page: &str) -> u64 {
    let queue = |line: &str| {
        let (name, rest) = line.split_once(['{', ' '])?;
        let is_it = name.trim_start_matches("otelcol_") == "exporter_queue_size";
        rest.rsplit(' ').next()?.parse::<f64>().ok().filter(|size| is_it && *size > 0.0)
    };
    page.lines().filter_map(queue).sum::<f64>() as u64
}

/// What a page says of how much the collector still holds. It only ends a wait early: books are made of the page as a whole.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct HeldInside {
    taken: f64,
    done: f64,
    queued: f64,
}

impl HeldInside {
    /// Reads a page; `exporters` are those that each get all that it takes, none named: it has one.
    pub(crate) fn of(page: &str, exporters: &[String]) -> Self {
        let mut out = Self::default();
        let marks: Vec<String> = exporters.iter().map(|name| format!("exporter=\"{name}\"")).collect();
        let mut done = vec![0.0; marks.len().max(1)];
        for line in page.lines() {
            let Some((name, rest)) = line.split_once(['{', ' ']) else { continue };
            let value: f64 = rest.rsplit(' ').next().and_then(|value| value.parse().ok()).unwrap_or(0.0);
            match name.trim_start_matches("otelcol_").trim_end_matches("_total") {
                "receiver_accepted_spans" => out.taken += value,
                "exporter_sent_spans" | "exporter_send_failed_spans" | "exporter_enqueue_failed_spans" => {
                    for (at, sum) in done.iter_mut().enumerate() {
                        if marks.get(at).is_none_or(|mark| rest.contains(mark.as_str())) {
                            *sum += value;
                        }
                    }
                }
                "exporter_queue_size" | "exporter_in_flight_requests" => out.queued += value,
                _ => {}
            }
        }
        // The one that is furthest behind.
        out.done = done.into_iter().fold(f64::INFINITY, f64::min);
        out
    }

    /// Reads a page of Jaeger, which took so many spans over all its starts: it counts what it has saved, or could not save.
    pub(crate) fn of_engine(page: &str, taken: u64) -> Self {
        let saved = |line: &&str| line.starts_with("jaeger_collector_spans_saved_by_svc");
        let count = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
        let done = page.lines().filter(saved).filter_map(count).sum();
        Self { taken: taken as f64, done, queued: 0.0 }
    }

    /// Whether all that it took has come to some end.
    pub(crate) fn is_nothing(&self) -> bool {
        self.queued <= 0.0 && self.taken <= self.done
    }

    /// Whether something waits in its queues.
    pub(crate) fn is_queued(&self) -> bool {
        self.queued > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_collector_holds_is_what_it_took_and_has_not_done() {
        let page = "# HELP x y\notelcol_receiver_accepted_spans{receiver=\"otlp\"} 10\n\
                    otelcol_exporter_sent_spans_total{exporter=\"otlp_grpc\"} 7\n\
                    otelcol_exporter_queue_size{exporter=\"otlp_grpc\"} 1\n";
        let held = HeldInside::of(page, &[]);
        assert!(held.is_queued() && !held.is_nothing());
        let done =
            HeldInside::of(&page.replace("_size{exporter=\"otlp_grpc\"} 1", "_size{exporter=\"x\"} 0"), &[]);
        assert!(!done.is_queued() && !done.is_nothing());
        let failed = "otelcol_receiver_accepted_spans 10\notelcol_exporter_enqueue_failed_spans 10\n";
        assert!(HeldInside::of(failed, &[]).is_nothing());
        assert!(HeldInside::of("", &[]).is_nothing());
    }

    #[test]
    fn an_engine_holds_what_it_has_not_saved() {
        let page = "jaeger_collector_spans_saved_by_svc_total{debug=\"false\",result=\"ok\",svc=\"a\"} 7\n\
                    jaeger_collector_spans_saved_by_svc_total{debug=\"false\",result=\"err\",svc=\"a\"} 2\n\
                    jaeger_collector_spans_received_total{svc=\"a\"} 99\n";
        assert!(HeldInside::of_engine(page, 9).is_nothing() && !HeldInside::of_engine(page, 10).is_nothing());
        assert!(!HeldInside::of_engine("", 1).is_nothing());
    }

    #[test]
    fn of_several_exporters_the_one_behind_the_others_counts() {
        let page = "otelcol_receiver_accepted_spans{receiver=\"otlp\"} 10\n\
                    otelcol_exporter_sent_spans{exporter=\"otlp\"} 10\notelcol_exporter_sent_spans{exporter=\"otlp/2\"} 4\n\
                    otelcol_exporter_sent_spans{exporter=\"debug\"} 10\n";
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            HeldInside::of(page, &names).is_nothing()
        };
        assert!(of(&["otlp"]) && !of(&["otlp", "otlp/2"]));
    }

    #[test]
    fn the_time_since_the_pipeline_began_has_many_names() {
        for name in
            ["process_uptime_total", "process_uptime_seconds_total", "process_uptime_seconds_seconds_total"]
        {
            let page = format!("# TYPE x counter\notelcol_{name}{{service_name=\"hop\"}} 1.5\n");
            assert_eq!(up_for(&page), Some(1_500_000_000), "{name}");
        }
        assert_eq!(up_for("otelcol_process_cpu_seconds 7\n"), None);
    }

    #[test]
    fn queues_of_all_exporters_are_one_number() {
        let page = "# HELP otelcol_exporter_queue_size Current size\notelcol_exporter_queue_capacity{exporter=\"otlp\"} 1000\n\
                    otelcol_exporter_queue_size{exporter=\"otlp\"} 7\notelcol_exporter_queue_size{exporter=\"otlp/2\"} 3\n";
        assert_eq!((queued(page), queued("")), (10, 0));
    }

    #[test]
    fn nobody_there_is_no_page() {
        let free =
            std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        assert_eq!(of(free), None);
    }
}
