//! Limits of this process's surroundings: descriptors, local ports, space for raw logs. Who meets one notes it, so that what it
//! cost is never put down to the service.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use spanfate_model::limits::{LimitMet, LimitedPart, OwnLimit};

use crate::RunError;
use crate::host::machine::free_bytes;

/// The soft limit of descriptors that the user gave, once it has been raised.
static GIVEN: OnceLock<u64> = OnceLock::new();

/// How many descriptors this process may have: what it was given, and how far it may raise that itself.
pub fn descriptors() -> Option<(u64, u64)> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    Some((given_descriptors().unwrap_or(soft), hard))
}

/// Allows as many descriptors as the system permits: every open request has a connection. What is started by us gets back what
/// the user gave.
pub fn raise_descriptors() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
        && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok()
    {
        GIVEN.get_or_init(|| soft);
    }
}

/// What the user gave, where it has been raised.
pub(crate) fn given_descriptors() -> Option<u64> {
    GIVEN.get().copied()
}

/// Sets this process's soft limit.
pub(crate) fn allow_descriptors(soft: u64) -> io::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, soft.min(hard), hard)?)
}

/// The limit that an error of the system speaks of.
pub(crate) fn limit_of(error: &io::Error) -> Option<OwnLimit> {
    match Errno::from_raw(error.raw_os_error()?) {
        Errno::EMFILE => Some(OwnLimit::Descriptors),
        Errno::ENFILE => Some(OwnLimit::OpenFiles),
        Errno::EADDRNOTAVAIL => Some(OwnLimit::Ports),
        Errno::ENOSPC | Errno::EDQUOT => Some(OwnLimit::Space),
        _ => None,
    }
}

/// Sees to it that a folder has room for so many bytes, before what writes them fails for want of it.
pub(crate) fn need_room(folder: &Path, bytes: u64, what: &str) -> Result<(), RunError> {
    let Some(free) = free_bytes(folder).filter(|free| *free < bytes) else { return Ok(()) };
    Err(RunError::Absent {
        what: format!("the space for {what}"),
        remedy: format!(
            "it takes {} MiB, and {} has {} MiB free; remove what fills it (`spanfate doctor` lists what ended runs have left there), make \
             it larger, or take a shorter load",
            bytes.div_ceil(1 << 20),
            folder.display(),
            free >> 20
        ),
    })
}

/// The limits that a trial has met so far, and how often.
#[derive(Debug, Default)]
pub struct LimitsMet(Mutex<BTreeMap<(OwnLimit, LimitedPart), u64>>);

impl LimitsMet {
    /// Notes an error, if a limit made it; whether one did.
    pub fn note(&self, part: LimitedPart, error: &io::Error) -> bool {
        let Some(limit) = limit_of(error) else { return false };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry((limit, part)).or_insert(0) += 1;
        true
    }

    /// All of them.
    pub fn all(&self) -> Vec<LimitMet> {
        let met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = |((what, part), times): (&(OwnLimit, LimitedPart), &u64)| LimitMet {
            what: (*what).into(),
            part: (*part).into(),
            times: *times,
            limit: amount(*what),
        };
        met.iter().map(one).collect()
    }
}

/// How much of it there is.
fn amount(what: OwnLimit) -> Option<u64> {
    match what {
        OwnLimit::Descriptors => Some(getrlimit(Resource::RLIMIT_NOFILE).ok()?.0),
        OwnLimit::OpenFiles | OwnLimit::Ports | OwnLimit::Space => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_too_small_is_named_with_what_it_lacks() {
        let folder = std::env::temp_dir();
        assert!(need_room(&folder, 1, "the span ledger of front").is_ok());
        let said = need_room(&folder, u64::MAX, "the span ledger of front").unwrap_err().to_string();
        assert!(said.starts_with("the space for the span ledger of front is absent: it takes "), "{said}");
        assert!(said.contains(&folder.display().to_string()) && said.contains("MiB free"), "{said}");
        // Where the system does not say how much there is, whoever writes finds out.
        assert!(need_room(Path::new("/does/not/exist"), u64::MAX, "logs").is_ok());
    }

    #[test]
    fn only_what_a_limit_made_is_noted() {
        let met = LimitsMet::default();
        let raw = |errno: Errno| io::Error::from_raw_os_error(errno as i32);
        let cases = [
            (raw(Errno::EMFILE), Some(OwnLimit::Descriptors)),
            (raw(Errno::ENFILE), Some(OwnLimit::OpenFiles)),
            (raw(Errno::EADDRNOTAVAIL), Some(OwnLimit::Ports)),
            (raw(Errno::ENOSPC), Some(OwnLimit::Space)),
            (raw(Errno::EDQUOT), Some(OwnLimit::Space)),
            (raw(Errno::ECONNREFUSED), None),
            (raw(Errno::ECONNRESET), None),
            (io::Error::other("too many open files"), None),
        ];
        for (error, limit) in &cases {
            assert_eq!(limit_of(error), *limit, "{error}");
            assert_eq!(met.note(LimitedPart::Load, error), limit.is_some());
        }
        met.note(LimitedPart::Load, &raw(Errno::EMFILE));
        let all = met.all();
        let times: Vec<u64> = all.iter().map(|met| met.times).collect();
        assert_eq!(times, [2, 1, 1, 2]);
        assert!(all[0].what.is(&OwnLimit::Descriptors) && all[0].limit.is_some());
    }
}
