//! Why a setting is advised, in a sentence each.

use serde::Serialize;

use super::MARGIN;
use super::demand::Demand;
use super::plan::{AdvicePlan, Shortfall};
use super::settings::BatchSettings;
use super::{BATCH_VARIABLE, EXPORT_TIMEOUT_VARIABLE, EXPORTER_TIMEOUT_VARIABLE, QUEUE_VARIABLE};
use crate::exporter::Protocol;

/// A variable to set, with the reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: u64,
    /// Why.
    pub why: String,
}

/// The variables in which settings differ from others, usually the SDK's defaults.
pub fn variables(settings: &BatchSettings, from: &BatchSettings, demand: &Demand) -> Vec<Variable> {
    let mut out = Vec::new();
    let mut set = |name, value: u64, now: u64, why: String| {
        if value != now {
            out.push(Variable { name, value, why });
        }
    };
    set(BATCH_VARIABLE, settings.batch.into(), from.batch.into(), of_batch(settings, demand));
    set(QUEUE_VARIABLE, settings.queue.into(), from.queue.into(), of_queue(settings, demand));
    let recovered = settings.recovery(demand, demand.outage_s).attempt_s;
    let bound = if demand.outage_s > 0.0 {
        format!(
            "an export that the outage hits may succeed {} after its begin only, pauses between retries included",
            seconds(recovered)
        )
    } else {
        "an export takes so long".to_owned()
    };
    set(
        EXPORT_TIMEOUT_VARIABLE,
        settings.export_timeout_ms,
        from.export_timeout_ms,
        format!("it bounds an export with all its retries; {bound}"),
    );
    let what = match demand.protocol {
        Protocol::Grpc => format!(
            "over gRPC it bounds all attempts together; {bound}. The price: a connection that goes silent unclosed is noticed so late"
        ),
        Protocol::HttpProtobuf => "over HTTP it bounds each attempt".to_owned(),
    };
    set(EXPORTER_TIMEOUT_VARIABLE, settings.exporter_timeout_ms, from.exporter_timeout_ms, what);
    out
}

fn of_batch(settings: &BatchSettings, demand: &Demand) -> String {
    format!(
        "one worker exports {} spans in {}: {:.0}/s, for {:.0}/s and a margin of {:.0} %",
        settings.batch,
        seconds(demand.export_s(settings.batch)),
        settings.ceiling(demand),
        demand.spans_per_s,
        (MARGIN - 1.0) * 100.0
    )
}

fn of_queue(settings: &BatchSettings, demand: &Demand) -> String {
    let export = seconds(demand.export_s(settings.batch));
    let wanted = demand.times(MARGIN);
    let mut parts = if demand.outage_s > 0.0 {
        let recovered = settings.recovery(demand, demand.outage_s).attempt_s;
        let pauses = match demand.protocol {
            Protocol::Grpc => "pauses between connecting and between retries",
            Protocol::HttpProtobuf => "an attempt that hangs, and the pause before the retry",
        };
        format!(
            "{:.0}/s (with the margin) x {}: the outage, {pauses} after it ({} at most), an export",
            wanted.spans_per_s,
            seconds(recovered + demand.export_s(settings.batch)),
            seconds(recovered - demand.outage_s)
        )
    } else if demand.stall_s > 0.0 {
        format!(
            "{:.0}/s (with the margin) x {} without an export: it ran full although rate and export time leave room, so exports stand \
             still at times, or spans come in bursts",
            wanted.spans_per_s,
            seconds(demand.stall_s)
        )
    } else {
        format!("{:.0}/s (with the margin) while the worker is busy for {export}", wanted.spans_per_s)
    };
    if wanted.extra() > 0.0 {
        parts += &format!("; {:.0} spans of the burst", wanted.extra());
    }
    format!("{parts}; and one batch")
}

/// Why spans were dropped although the worker keeps up on average, and what queue that takes; none where they were not, or where it
/// does not keep up.
pub fn overrun(plan: &AdvicePlan) -> Option<String> {
    let stall_s = plan.is_short()?;
    let (now, advised) = (&plan.now, plan.advised().0);
    Some(format!(
        "It dropped spans although {:.0}/s are left on average: exports stand still at times, or spans come in bursts, and a queue of {} \
         is too short for that. One of {} holds what comes in {} without an export.",
        now.outlook.headroom_per_s,
        now.settings.queue,
        advised.settings.queue,
        seconds(stall_s)
    ))
}

/// What an advised batch that is larger rests on; none where it is not larger.
pub fn assumption(plan: &AdvicePlan) -> Option<String> {
    let demand = &plan.demand;
    let larger = plan.advised().0.settings.batch > demand.round_trip_of;
    larger.then(|| match demand.per_span_s {
        Some(per_span) => format!("an export takes {:.1} us longer per further span", per_span * 1e6),
        None => "an export takes no longer with a larger batch, which nobody measured".to_owned(),
    })
}

/// Behind that no batch does: how an export grows with it, where it does.
fn grows(plan: &AdvicePlan) -> String {
    let grows = plan.demand.per_span_s.filter(|per_span| *per_span > 0.0);
    grows.map_or_else(String::new, |per_span| {
        format!(", as an export takes {:.1} us longer per further span", per_span * 1e6)
    })
}

/// What is missing, and what else to do, in a sentence each.
pub fn shortfalls(plan: &AdvicePlan) -> Vec<String> {
    let of = |shortfall: &Shortfall| {
        match shortfall {
        Shortfall::Ceiling => {
            let grows = grows(plan);
            format!(
                "No batch suffices for one worker{grows}: a faster endpoint (a collector on the same host), more than one batch \
                 processor, or sampling is needed."
            )
        }
        Shortfall::Margin => {
            let outlook = plan.advised().0.outlook;
            format!(
                "No batch leaves a margin of {:.0} %{}: this one keeps up with {:.0} % to spare. A faster endpoint, more than one batch \
                 processor, or sampling gives more.",
                (MARGIN - 1.0) * 100.0,
                grows(plan),
                outlook.headroom_per_s / plan.demand.spans_per_s * 100.0
            )
        }
        Shortfall::Queue => {
            "The queue would have to be longer than any that is advised (1,048,576 spans): put a collector on the same host \
             and let its queue, on disk, bridge the outage."
                .to_owned()
        }
        Shortfall::Elapsed => {
            "The SDK gives up its retries after 60 s (MaxElapsedTime), which no variable changes: set it in code, or put a \
             collector on the same host."
                .to_owned()
        }
        Shortfall::Refused => {
            "Over HTTP no setting survives this outage: a connection that is refused or reset is not tried again, and the batch \
             is lost at once. Use gRPC, or a collector on the same host. What is advised helps where the endpoint answers 429, \
             502, 503 or 504, or not at all."
                .to_owned()
        }
    }
    };
    plan.advised().1.iter().map(of).collect()
}

/// Lines of Go for what only code can set; none where variables suffice or nothing helps.
pub fn go_lines(settings: &BatchSettings, protocol: Protocol) -> Vec<String> {
    let retry = settings.retry;
    let package = match protocol {
        Protocol::Grpc => "otlptracegrpc",
        Protocol::HttpProtobuf => "otlptracehttp",
    };
    let mut out = vec![
        format!("{package}.WithRetry({package}.RetryConfig{{"),
        format!(
            "\tEnabled: true, InitialInterval: {}, MaxInterval: {}, MaxElapsedTime: {},",
            duration(retry.initial_s),
            duration(retry.most_s),
            duration(retry.elapsed_s)
        ),
        "}),".to_owned(),
    ];
    if protocol == Protocol::Grpc {
        out.extend([
            "otlptracegrpc.WithDialOption(grpc.WithConnectParams(grpc.ConnectParams{".to_owned(),
            format!(
                "\tBackoff: backoff.Config{{BaseDelay: time.Second, Multiplier: 1.6, Jitter: 0.2, MaxDelay: {}}},",
                duration(retry.reconnect_s)
            ),
            "\tMinConnectTimeout: 5 * time.Second,".to_owned(),
            "})),".to_owned(),
        ]);
    }
    out
}

fn duration(seconds: f64) -> String {
    format!("{:.0} * time.Second", seconds.ceil())
}

/// A time with its unit, to read.
fn seconds(s: f64) -> String {
    if s >= 1.0 {
        format!("{} s", (s * 10.0).ceil() / 10.0)
    } else if s >= 0.01 {
        format!("{:.0} ms", s * 1e3)
    } else {
        format!("{:.2} ms", s * 1e3)
    }
}
