//! `spanfate canary`: whether a live pipeline loses spans, right now.

use spanfate_analysis::canary::CanaryBooks;
use spanfate_model::finding::canary::{CanaryResult, CanaryTask};
use spanfate_model::verdict::ExitCode;
use spanfate_report::TableStyle;
use spanfate_run::canary::{BackEndAccess, CanaryDoorway, CanaryEnd, OF_CANARY};
use spanfate_run::process::interrupt::Interrupt;

use crate::args::{CanaryArguments, CanaryFrom, TextOrJson};
use crate::error::{Error, first_of, of_signal};
use crate::session::canary::{CanaryAsked, CanaryLasting, CanaryNews, fly, ready};
use crate::show::{self, Shown};

/// Sends, looks, and prints what became of every span.
pub(super) fn run(arguments: &CanaryArguments, color: bool) -> Result<ExitCode, Error> {
    let asked = asked(arguments)?;
    let lasting = asked.lasting;
    let ready = ready(asked)?;
    // The table is the answer to a signal.
    let interrupt = Interrupt::listen(|_| ())?;
    let mut shown = Shown::new(false);
    let found = fly(ready, &interrupt, &mut |news| match news {
        CanaryNews::Begins { task, listens, metrics } => {
            begins(task, listens.as_deref(), metrics.as_deref());
        }
        CanaryNews::Stands { books, task } => shown.status(|| stands(books, task)),
    })?;
    shown.end();
    let text = match arguments.format {
        TextOrJson::Json => show::pretty(&found)?,
        TextOrJson::Text => spanfate_report::canary(&found, TableStyle { color, width: None }),
    };
    show::data(&text)?;
    Ok(exit(&found, lasting, interrupt.signal()))
}

/// A signal is how a watch ends, and cuts short what would have ended by itself.
fn exit(found: &CanaryResult, lasting: CanaryLasting, signal: Option<i32>) -> ExitCode {
    let verdict = found.verdict.exit();
    match signal {
        Some(signal) if lasting != CanaryLasting::Watch => first_of(&[of_signal(signal), verdict]),
        _ => verdict,
    }
}

fn asked(arguments: &CanaryArguments) -> Result<CanaryAsked, Error> {
    let variable = |name: &str| std::env::var(name).ok();
    let to = CanaryDoorway::find(arguments.to.as_deref(), arguments.protocol.as_deref(), variable)
        .map_err(Error::Refused)?;
    let from = match &arguments.from {
        CanaryFrom::Receive(address) => CanaryEnd::Receive(*address),
        CanaryFrom::Ask(kind, url) => {
            let access = BackEndAccess::find(*kind, url, OF_CANARY, variable).map_err(Error::Refused)?;
            CanaryEnd::Ask(Box::new(access))
        }
    };
    let lasting = match arguments.lasting {
        _ if arguments.once => CanaryLasting::Once,
        _ if arguments.watch => CanaryLasting::Watch,
        lasting => CanaryLasting::For(
            lasting.unwrap_or_else(|| spanfate_model::quantity::unit::Period::millis(60_000)),
        ),
    };
    Ok(CanaryAsked {
        to,
        from,
        rate: arguments.rate,
        services: arguments.services,
        lasting,
        deadline: arguments.deadline,
        max_loss: arguments.max_loss,
        strict: arguments.strict,
        seed: arguments.seed,
        metrics: arguments.metrics,
    })
}

fn begins(task: &CanaryTask, listens: Option<&str>, metrics: Option<&str>) {
    let from = listens.map_or_else(|| task.from.clone(), |at| format!("{} at {at}", task.from));
    show::note(&format!(
        "sending {}/s traces of {} spans to {} ({}), looking for them in {from}; instance {}",
        task.rate_per_s, task.spans_per_trace, task.to, task.protocol, task.instance
    ));
    if let Some(metrics) = metrics {
        show::note(&format!("metrics: {metrics}"));
    }
}

fn stands(books: &CanaryBooks, task: &CanaryTask) -> String {
    let found = books.result(task);
    let counts = &found.counts;
    let mut line =
        format!("{} traces sent, {} of {} spans received", found.traces, counts.received, counts.sent);
    for outcome in spanfate_model::finding::canary::CanaryOutcome::ALL.into_iter().skip(1) {
        if counts.of(outcome) > 0 {
            line += &format!(", {} {}", counts.of(outcome), outcome.name());
        }
    }
    if books.open() > 0 {
        line += &format!(", {} traces under way", books.open());
    }
    line
}
