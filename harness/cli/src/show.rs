//! What goes to the terminal: data to stdout, progress and errors to stderr.

use std::error::Error as _;
use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use spanfate_model::format::manifest::Quiet;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_run::fixture::BuildLine;
use spanfate_run::host::clock;
use spanfate_run::trial::progress::{Life, Progress};

use crate::error::Error;
use crate::session::Audience;

/// Nanoseconds between plain lines where there is no terminal.
const PLAIN_EVERY: u64 = 10_000_000_000;

/// Writes data to stdout. A reader that went away is no error.
pub(crate) fn data(text: &str) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    // What is kept for a last line would fail where nobody looks.
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}

/// Something as JSON to read, with a newline at its end.
pub(crate) fn pretty(what: &impl serde::Serialize) -> Result<String, Error> {
    Ok(serde_json::to_string_pretty(what).map_err(|e| Error::Output(std::io::Error::other(e)))? + "\n")
}

/// Writes a note to stderr.
pub(crate) fn note(text: &str) {
    // There is no better place for a note that stderr does not take.
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}

/// Writes an error and its causes to stderr.
pub(crate) fn error(error: &Error, color: bool) {
    if let Error::Scenario(text) | Error::Given(text) = error {
        return note(text);
    }
    let (red, plain) = if color { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
    let mut text = format!("{red}error{plain}: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        text += &format!("\n  because {inner}");
        cause = inner.source();
    }
    note(&text);
}

/// Shows how a run goes on: one line that changes on a terminal, one line per step elsewhere.
pub(crate) struct Shown {
    bar: ProgressBar,
    terminal: bool,
    quiet: bool,
    head: String,
    /// When the last plain line was written.
    said: MonoNs,
}

impl Shown {
    pub(crate) fn new(quiet: bool) -> Self {
        let terminal =
            std::io::stderr().is_terminal() && std::env::var("TERM").is_ok_and(|term| term != "dumb");
        let bar = bar(terminal && !quiet);
        Self { bar, terminal, quiet, head: String::new(), said: clock::now() }
    }

    /// Takes the line away that changes. What is shown after that has a new one.
    pub(crate) fn end(&mut self) {
        self.bar.finish_and_clear();
        self.bar = bar(self.terminal && !self.quiet);
    }

    fn build(&mut self, fixture: &str, line: BuildLine) {
        match line {
            BuildLine::Began { first: true } => {
                self.step(&format!("building {fixture} (the first time takes a minute or two)"));
            }
            BuildLine::Began { first: false } => self.step(&format!("building {fixture}")),
            BuildLine::Says(text) if self.terminal => self.bar.set_message(format!("  {text}")),
            BuildLine::Says(_) => {}
            BuildLine::Done(seconds) => self.step(&format!("built {fixture} ({seconds:.1} s)")),
        }
    }

    /// What a trial waited for; a machine that was quiet at once is not worth a line.
    fn waited(&mut self, index: u16, quiet: &Quiet) {
        let seconds = quiet.waited_ms as f64 / 1e3;
        let chosen = quiet.cores.iter().find(|core| quiet.fixture.contains(&core.cpu));
        let of = chosen.map_or_else(String::new, |core| {
            let (busy, steal) = (core.busy * 100.0, core.steal * 100.0);
            format!("; the service's core {} is {busy:.0} % busy, {steal:.0} % stolen", core.cpu)
        });
        if !quiet.came {
            self.step(&format!(
                "trial {} begins after {seconds:.0} s without a quiet machine{of}",
                index + 1
            ));
        } else if seconds >= 2.0 {
            self.step(&format!("trial {} waited {seconds:.0} s for a quiet machine{of}", index + 1));
        }
    }

    /// How it stands: on a terminal always, elsewhere as a line of its own every ten seconds.
    pub(crate) fn status(&mut self, text: impl FnOnce() -> String) {
        let now = clock::now();
        if self.terminal {
            self.bar.set_message(text());
            self.bar.tick();
        } else if now - self.said >= PLAIN_EVERY {
            self.said = now;
            note(&text());
        }
    }

    /// A line that stays.
    fn step(&mut self, text: &str) {
        if self.quiet {
        } else if self.terminal {
            self.bar.println(text);
        } else {
            note(text);
        }
    }
}

impl Audience for Shown {
    fn show(&mut self, progress: Progress) {
        match progress {
            Progress::Build { fixture, line } => self.build(&fixture, line),
            Progress::TrialBegan { index, total, variant, left_s } => {
                self.head = format!("trial {}/{total} {variant}", index + 1);
                self.step(&format!("{}  (about {} left)", self.head, about(left_s)));
            }
            Progress::Tick { phase, started, intended, received, left_s } => {
                let requests =
                    if intended > 0 { format!("{started}/{intended} requests, ") } else { String::new() };
                let text = format!(
                    "{}: {phase}, {requests}{received} spans received, about {} left",
                    self.head,
                    about(left_s)
                );
                self.bar.set_message(text);
                self.bar.tick();
            }
            Progress::Life(life) => self.status(|| of_life(&life, true)),
            Progress::Relay(trouble) => note(trouble.as_deref().unwrap_or_default()),
            Progress::Awaits(text) => self.step(&text),
            Progress::TrialFailed { index, why } => self.step(&format!("trial {} failed: {why}", index + 1)),
            Progress::Waited { index, quiet } => self.waited(index, &quiet),
            Progress::Again { index, attempt, most, by } => {
                let why = if by.is_empty() {
                    "another trial of its block was spoilt".to_owned()
                } else {
                    by.join("; ")
                };
                self.step(&format!("trial {} again, attempt {attempt} of {most}: {why}", index + 1));
            }
            Progress::TrialEnded { .. } => self.bar.set_message(String::new()),
        }
    }

    fn finish(&mut self) {
        self.end();
    }

    fn note(&mut self, text: &str) {
        note(text);
    }
}

fn bar(visible: bool) -> ProgressBar {
    let target = if visible { ProgressDrawTarget::stderr_with_hz(8) } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
        bar.set_style(style);
    }
    bar
}

/// How a program stands that runs without a load of ours; `wire`: what it sends is sent to us.
pub(crate) fn of_life(life: &Life, wire: bool) -> String {
    let Life { started, dropped, handed, failed, received, not_taken } = life;
    let mut out = format!("{started} spans started, {dropped} dropped, {handed} handed to the exporter");
    if *failed > 0 {
        out += &format!(", {failed} exports failed");
    }
    if wire {
        out += &format!(", {received} received");
    }
    if *not_taken > 0 {
        out += &format!(", {not_taken} requests not taken by the endpoint");
    }
    out
}

/// A length of time for people: nobody plans by the second above two minutes, or counts the minutes of a sweep.
pub(crate) fn about(seconds: f64) -> String {
    match seconds as u64 {
        ..120 => format!("{seconds:.0} s"),
        120..7200 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}
