//! `spanfate receive`: the receiver alone, until it is stopped.

use std::time::Duration;

use spanfate_model::limits::LimitMet;
use spanfate_model::unread::UnreadRequests;
use spanfate_model::verdict::ExitCode;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::receive::{ReceiveOptions, ReceivedTotals, Station, endpoint};
use spanfate_run::receiver::{ReceiverCounts, RelayTally, SignalTally};

use crate::args::ReceiveArguments;
use crate::error::Error;
use crate::show::{self, Shown};

/// How often counts are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Receives until a signal asks for the end, which is what was asked for and no failure.
pub(super) fn run(arguments: ReceiveArguments) -> Result<ExitCode, Error> {
    // The totals are the answer to a signal; nothing else needs to be said.
    let interrupt = Interrupt::listen(|_| ())?;
    let station = Station::open(&ReceiveOptions {
        listen: arguments.listen,
        out: arguments.out,
        answer_after: arguments.answer_after.map(|after| after.0),
        max_spans: arguments.max_spans.get(),
        relay: arguments.relay.clone(),
        keep: None,
    })?;
    let address = station.address();
    show::note(&format!(
        "receiving on {address} (gRPC and HTTP, until Ctrl-C): OTEL_EXPORTER_OTLP_ENDPOINT={}",
        endpoint(address)
    ));
    if let Some(relay) = &arguments.relay {
        show::note(&format!("all goes on to {}, whose answers the clients get", relay.shown()));
    }
    let mut shown = Shown::new(false);
    // A receiver may be idle for days: only what is new is said.
    let (mut said, mut trouble) = (None, None);
    while !interrupt.requested() && station.is_open() {
        let counts = station.counts();
        if said != Some(counts) {
            shown.status(|| {
                said = Some(counts);
                line(&counts)
            });
        }
        explain(&station, &mut trouble);
        std::thread::sleep(LOOK);
    }
    shown.end();
    explain(&station, &mut trouble);
    let totals = station.close()?;
    let text = if arguments.json { show::pretty(&totals)? } else { table(&totals) };
    show::data(&text)?;
    Ok(ExitCode::Pass)
}

/// Says why the relay could not hand something on, where that is new.
fn explain(station: &Station, said: &mut Option<String>) {
    let why = station.relay_trouble();
    if why != *said {
        show::note(why.as_deref().unwrap_or_default());
        *said = why;
    }
}

fn line(counts: &ReceiverCounts) -> String {
    let ReceiverCounts {
        requests,
        accepted,
        refused,
        invalid,
        unread,
        gap,
        stalled,
        closed,
        metrics,
        logs,
        relay,
    } = counts;
    let mut line = format!("{requests} requests, {accepted} spans, {refused} refused, {invalid} invalid");
    for (what, count) in [
        ("requests without a span that could be read", *unread),
        ("metrics requests", metrics.requests),
        ("logs requests", logs.requests),
        ("spans not in the log", *gap),
        ("stalled", *stalled),
        ("connections closed", *closed),
        ("requests refused by the endpoint", relay.refused),
        ("requests without its answer", relay.unanswered),
    ] {
        if count > 0 {
            line += &format!(", {count} {what}");
        }
    }
    line
}

/// Requests of which no span was read for one reason, with the first of them.
fn reason(unread: &UnreadRequests) -> String {
    let UnreadRequests { reason, requests, handed_on, taken, example } = unread;
    let beyond = match handed_on {
        0 => String::new(),
        some => format!("; {some} handed on all the same, of which the endpoint took {taken}"),
    };
    format!("  {reason:<15}{requests}, the first: {example}{beyond}\n")
}

fn table(totals: &ReceivedTotals) -> String {
    let tally = |SignalTally { requests, bytes, refused }: SignalTally| {
        format!("{requests} requests, {bytes} bytes; {refused} requests refused")
    };
    let unread: u64 = totals.unread.iter().map(|unread| unread.requests).sum();
    let spans = [
        ("connections", totals.connections.to_string()),
        ("requests", totals.requests.to_string()),
        ("spans", totals.spans.to_string()),
        ("  distinct", totals.distinct.to_string()),
        ("  duplicates", totals.duplicates.to_string()),
        ("  not in the log", totals.gap.to_string()),
        ("refused", format!("{} spans", totals.refused)),
        ("not read", format!("{unread} requests")),
    ];
    let others = [
        ("stalled", format!("{} requests", totals.stalled)),
        ("closed", format!("{} connections", totals.closed)),
        ("metrics", tally(totals.metrics)),
        ("logs", tally(totals.logs)),
    ];
    let row = |(what, value): &(&str, String)| format!("{what:<17}{value}\n");
    let mut out: String = spans.iter().map(row).collect();
    out.extend(totals.unread.iter().map(reason));
    out.extend(others.iter().map(row));
    for LimitMet { what, part, times, .. } in &totals.limits_met {
        out += &format!("{:<17}{what}, for its {part}: {times} times\n", "limit met");
    }
    if let Some(RelayTally { taken, refused, unanswered }) = totals.relay {
        out += &format!(
            "{:<17}{taken} requests taken, {refused} refused, {unanswered} without an answer\n",
            "relay"
        );
    }
    out
}
