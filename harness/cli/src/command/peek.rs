//! `spanfate peek`: what a Go process or a collector that runs loses, why, and what to set.

mod collectors;

use spanfate_analysis::conclude_peek;
use spanfate_model::verdict::ExitCode;
use spanfate_run::host::clock;
use spanfate_run::peek::Peeker;
use spanfate_run::process::interrupt::Interrupt;

use crate::args::PeekArguments;
use crate::error::Error;
use crate::show;

/// Distance of two looks, nanoseconds.
const LOOK: u64 = 250_000_000;
/// Looks per line of `--watch`.
const LINE: u32 = 4;

/// Watches for a time, or until a signal asks for the end, and prints what there is to say.
pub(super) fn run(arguments: &PeekArguments) -> Result<ExitCode, Error> {
    let interrupt = Interrupt::listen(|_| ())?;
    let lasting = match (arguments.lasting, arguments.watch) {
        (Some(lasting), _) => lasting.nanos(),
        (None, true) => u64::MAX / 2,
        (None, false) => 15_000_000_000,
    };
    match arguments.pid {
        Some(pid) => process(arguments, pid, lasting, &interrupt),
        None => collectors::run(arguments, lasting, &interrupt),
    }
}

/// Looks at a process.
fn process(
    arguments: &PeekArguments,
    pid: u32,
    lasting: u64,
    interrupt: &Interrupt,
) -> Result<ExitCode, Error> {
    let mut peeker = Peeker::open(pid, lasting)?;
    let mut next = clock::now();
    let end = next.saturating_add(lasting);
    let mut looks: u32 = 0;
    while peeker.look() && next < end && !interrupt.requested() {
        if arguments.watch && looks > 0 && looks.is_multiple_of(LINE) {
            let line = spanfate_report::peek_line(&conclude_peek(&peeker.observation()));
            show::data(&format!("{line}\n"))?;
        }
        looks = looks.wrapping_add(1);
        // A look that took long is not made up for.
        next = (next + LOOK).max(clock::now()).min(end);
        clock::sleep_until(next);
    }
    let peek = conclude_peek(&peeker.observation());
    let text = if arguments.json {
        show::pretty(&peek)?
    } else {
        let gap = if arguments.watch && looks > LINE { "\n" } else { "" };
        format!("{gap}{}", spanfate_report::peek(&peek))
    };
    show::data(&text)?;
    Ok(ExitCode::Pass)
}
