//! Starting a collector.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::RunError;
use crate::fixture::RunningService;
use crate::process::child::{Managed, command};
use crate::process::guard::Guard;

/// Longest time until it listens.
pub(crate) const READY_BOUND: Duration = Duration::from_secs(30);
/// Bound on one look whether it does.
const ATTEMPT: Duration = Duration::from_millis(200);
/// Most of what it said that is shown, bytes.
const SHOWN: usize = 2_000;

/// The arguments of a collector that takes these configurations, each merged over those before it.
pub(crate) fn with_configs(configs: &[PathBuf]) -> Vec<OsString> {
    configs.iter().flat_map(|config| [OsString::from("--config"), config.into()]).collect()
}

/// What starting a collector needs.
pub(crate) struct CollectorStart<'a> {
    pub(crate) hop: &'a str,
    pub(crate) program: &'a Path,
    pub(crate) arguments: &'a [OsString],
    /// What its environment says beside what it inherits.
    pub(crate) environment: &'a [(&'static str, &'static str)],
    /// Where it runs; absent: where the harness does.
    pub(crate) folder: Option<&'a Path>,
    pub(crate) cpus: &'a [u32],
    /// Where its standard output and error go.
    pub(crate) output: &'a Path,
}

impl CollectorStart<'_> {
    /// Starts it, without waiting until it listens.
    pub(crate) fn begin(&self, guard: &Arc<Guard>) -> Result<RunningService, RunError> {
        let mut process = command(self.program, self.cpus);
        process.args(self.arguments).envs(self.environment.iter().copied());
        if let Some(folder) = self.folder {
            process.current_dir(folder);
        }
        let open = || OpenOptions::new().create(true).append(true).open(self.output);
        process.stdout(open().map_err(RunError::unwritten(self.output))?);
        process.stderr(open().map_err(RunError::unwritten(self.output))?);
        Ok(RunningService::plain(Managed::spawn(process, guard, self.hop)?))
    }
}

/// Whether somebody listens on a port of this machine.
pub(crate) fn listens(port: u16) -> bool {
    TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ATTEMPT).is_ok()
}

/// What a collector said last, for who has to find out why it did not start.
pub(crate) fn last_words(output: &Path) -> String {
    let text = std::fs::read_to_string(output).unwrap_or_default();
    let from = text.len().saturating_sub(SHOWN);
    let from = (from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    text[from..].trim().to_owned()
}
