//! Ctrl-C: the first asks for an orderly end with a valid partial result, the second ends the harness at once (its guard
//! then kills what it started).

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::RunError;

/// Whether the user asked to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicI32>);

impl Interrupt {
    /// Listens from now on, and says what a signal does.
    pub fn listen(say: impl Fn(&str) + Send + 'static) -> Result<Self, RunError> {
        let interrupt = Self::default();
        let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(RunError::system("listen for signals"))?;
        let flag = interrupt.clone();
        let listen = move || {
            for signal in signals.forever() {
                if flag.0.swap(signal, Ordering::SeqCst) != 0 {
                    say("stopped at once; `spanfate analyze RUN` concludes what there is");
                    std::process::exit(128 + signal);
                }
                say("stopping in order, the books are closed first; once more ends it at once");
            }
        };
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(listen)
            .map_err(RunError::system("start a thread"))?;
        Ok(interrupt)
    }

    /// The signal, if there was one.
    pub fn signal(&self) -> Option<i32> {
        Some(self.0.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// Whether to stop.
    pub fn requested(&self) -> bool {
        self.signal().is_some()
    }
}
