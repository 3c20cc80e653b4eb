//! Whether this kernel may take the processor from a program of ours while it runs in the kernel.

use std::fmt;
use std::fs;
use std::io::Read as _;

use flate2::read::GzDecoder;

use crate::safety;

/// When the kernel takes the processor from what runs in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PreemptionModel {
    /// Never.
    None,
    /// Only where it offers that itself.
    Voluntary,
    /// One of these two; the kernel does not say which.
    NoneOrVoluntary,
    /// Whenever something else is to run.
    Full,
    /// As `Full`, but for ordinary tasks not before the next tick.
    Lazy,
    /// It does not say.
    Unknown,
}

/// What the kernel says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KernelPreemption {
    /// Its model now.
    pub model: PreemptionModel,
    /// It may get another one while it runs.
    pub is_dynamic: bool,
}

impl KernelPreemption {
    /// Asks this machine's kernel.
    pub fn of_this_kernel() -> Self {
        let release = text("/proc/sys/kernel/osrelease");
        let config = own_config()
            .or_else(|| fs::read_to_string(format!("/boot/config-{}", release.trim())).ok())
            .or_else(|| fs::read_to_string(format!("/lib/modules/{}/config", release.trim())).ok());
        Self::of(
            &text("/sys/kernel/debug/sched/preempt"),
            &config.unwrap_or_default(),
            &text("/proc/cmdline"),
            &text("/proc/sys/kernel/version"),
        )
    }

    /// What these texts say, the first of them first: the scheduler's own file, how the kernel was built, with which words it was
    /// started, and its version as `uname -v` gives it.
    fn of(scheduler: &str, config: &str, words: &str, version: &str) -> Self {
        let built = |option: &str| config.lines().any(|line| line.strip_prefix(option) == Some("=y"));
        let flag = |word: &str| version.split_whitespace().any(|part| part == word);
        let is_dynamic = built("CONFIG_PREEMPT_DYNAMIC") || flag("PREEMPT_DYNAMIC");
        let chosen =
            || scheduler.split_whitespace().find_map(|word| word.strip_prefix('(')?.strip_suffix(')'));
        let started =
            || words.split_whitespace().filter_map(|word| word.strip_prefix("preempt=")).next_back();
        let model = chosen()
            .and_then(named)
            .or_else(|| started().filter(|_| is_dynamic).and_then(named))
            .or_else(|| BUILT.iter().find(|(option, _)| built(option)).map(|(_, model)| *model))
            .unwrap_or_else(|| match version.trim() {
                "" => PreemptionModel::Unknown,
                _ if flag("PREEMPT_DYNAMIC") => PreemptionModel::Unknown,
                _ if flag("PREEMPT_RT") || flag("PREEMPT") => PreemptionModel::Full,
                _ => PreemptionModel::NoneOrVoluntary,
            });
        Self { model, is_dynamic }
    }

    /// Whether a program runs to its end before another one begins on its CPU, now and later.
    pub const fn is_excluded(self) -> bool {
        use PreemptionModel::{None, NoneOrVoluntary, Voluntary};
        !self.is_dynamic && matches!(self.model, None | Voluntary | NoneOrVoluntary)
    }

    /// Refuses an object whose programs could harm each other, or the kernel, where one is preempted by another.
    pub fn admit(self, object: &[u8]) -> Result<(), ProbeHazard> {
        if self.is_excluded() {
            return Ok(());
        }
        let what = match safety::hazards(object) {
            Err(error) => format!("its programs cannot be read: {error}"),
            // The worst one says it; the rest is of the same kind.
            Ok(all) => match all.iter().max_by_key(|hazard| hazard.what.is_of_kernel()) {
                None => return Ok(()),
                Some(worst) => worst.to_string(),
            },
        };
        Err(ProbeHazard { kernel: self, what })
    }

    /// Refuses perf buffers where their helper in the kernel is not safe itself. `release` as `uname -r` gives it.
    fn admit_samples(self, release: &str) -> Result<(), ProbeHazard> {
        if self.is_excluded() || !mixes_samples(release) {
            return Ok(());
        }
        let what =
            "Linux before 6.5 mixes up samples of two programs in perf buffers; use a ring buffer".to_owned();
        Err(ProbeHazard { kernel: self, what })
    }
}

/// Why programs are refused on a kernel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProbeHazard {
    /// How the kernel preempts.
    pub kernel: KernelPreemption,
    /// What could do harm.
    pub what: String,
}

/// For tests of what a refusal does: another kernel's model and the file of another object, as `full:FILE`. They are judged beside
/// those of this machine, so that more may be refused and never less.
const JUDGED_TOO: &str = "SPANFATE_JUDGE_TOO";

/// Refuses programs, and a perf buffer if there is to be one, where they could harm this machine's kernel.
pub(crate) fn admit(object: &[u8], is_perf: bool) -> Result<(), ProbeHazard> {
    let kernel = KernelPreemption::of_this_kernel();
    kernel.admit(object)?;
    std::env::var(JUDGED_TOO).map_or(Ok(()), |text| judge_too(&text))?;
    if is_perf { kernel.admit_samples(&text("/proc/sys/kernel/osrelease")) } else { Ok(()) }
}

/// Judges another object on another kernel. What cannot be read is refused like an object that cannot.
fn judge_too(text: &str) -> Result<(), ProbeHazard> {
    let (word, file) = text.split_once(':').unwrap_or((text, ""));
    let model = named(word).unwrap_or(PreemptionModel::Unknown);
    KernelPreemption { model, is_dynamic: false }.admit(&fs::read(file).unwrap_or_default())
}

/// Whether the helper for perf buffers shares memory between programs that preempt each other: since uprobes can be preempted (6.0)
/// and until it was corrected (6.5, 6.4.9, 6.1.44). Of other releases between them nobody can say.
fn mixes_samples(release: &str) -> bool {
    let mut numbers = release.trim().split(['.', '-', '+']).map_while(|number| number.parse::<u32>().ok());
    let mut next = || numbers.next().unwrap_or_default();
    match (next(), next(), next()) {
        (6, 1, patch) => patch < 44,
        (6, 4, patch) => patch < 9,
        (6, minor, _) => minor < 5,
        (major, ..) => major == 0,
    }
}

fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Options that a kernel is built with, the deciding ones first.
const BUILT: [(&str, PreemptionModel); 5] = [
    ("CONFIG_PREEMPT_RT", PreemptionModel::Full),
    ("CONFIG_PREEMPT_LAZY", PreemptionModel::Lazy),
    ("CONFIG_PREEMPT", PreemptionModel::Full),
    ("CONFIG_PREEMPT_VOLUNTARY", PreemptionModel::Voluntary),
    ("CONFIG_PREEMPT_NONE", PreemptionModel::None),
];

fn named(word: &str) -> Option<PreemptionModel> {
    Some(match word {
        "none" => PreemptionModel::None,
        "voluntary" => PreemptionModel::Voluntary,
        "full" => PreemptionModel::Full,
        "lazy" => PreemptionModel::Lazy,
        _ => return None,
    })
}

/// How the kernel was built, where it carries that.
fn own_config() -> Option<String> {
    let mut out = String::new();
    let file = fs::File::open("/proc/config.gz").ok()?;
    GzDecoder::new(file).take(4 << 20).read_to_string(&mut out).ok()?;
    Some(out)
}

impl fmt::Display for KernelPreemption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.model {
            PreemptionModel::None => "none",
            PreemptionModel::Voluntary => "voluntary",
            PreemptionModel::NoneOrVoluntary => "none or voluntary",
            PreemptionModel::Full => "full",
            PreemptionModel::Lazy => "lazy",
            PreemptionModel::Unknown => "unknown",
        })?;
        f.write_str(if self.is_dynamic { ", which may change while it runs" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::OBJECT;
    use crate::safety::forge;

    const UBUNTU: &str = "#22-Ubuntu SMP PREEMPT_DYNAMIC Fri Jun  6 10:11:12 UTC 2026";
    const DEBIAN: &str = "#1 SMP PREEMPT_RT Debian 6.12.9-1 (2026-01-10)";

    #[test]
    fn the_model_is_read_from_whatever_tells_it() {
        use PreemptionModel::{Full, Lazy, None, NoneOrVoluntary, Unknown, Voluntary};
        let dynamic = "CONFIG_PREEMPT_BUILD=y\nCONFIG_PREEMPT_NONE=y\n# CONFIG_PREEMPT is not set\nCONFIG_PREEMPT_DYNAMIC=y\n";
        let lazy = "CONFIG_PREEMPT_LAZY=y\nCONFIG_PREEMPTION=y\nCONFIG_PREEMPT_DYNAMIC=y\n";
        let plain = "CONFIG_PREEMPT_VOLUNTARY=y\n# CONFIG_PREEMPT_DYNAMIC is not set\n";
        for (scheduler, config, words, version, model, is_dynamic) in [
            ("none voluntary (full) lazy\n", dynamic, "quiet", UBUNTU, Full, true),
            ("none voluntary full (lazy)\n", dynamic, "preempt=none", UBUNTU, Lazy, true),
            ("(none) voluntary full\n", "", "", UBUNTU, None, true),
            ("(odd) none", plain, "", "", Voluntary, false),
            ("", dynamic, "ro preempt=voluntary preempt=full", UBUNTU, Full, true),
            ("", dynamic, "ro", UBUNTU, None, true),
            ("", lazy, "preempt=odd", UBUNTU, Lazy, true),
            // A kernel that cannot change does not listen to the word.
            ("", plain, "preempt=full", "#1 SMP", Voluntary, false),
            ("", "CONFIG_PREEMPT_RT=y\nCONFIG_PREEMPT=y", "", DEBIAN, Full, false),
            ("", "CONFIG_PREEMPT=y", "", "#1 SMP PREEMPT", Full, false),
            ("", "CONFIG_PREEMPT_NONE=y", "", "#1 SMP", None, false),
            ("", "", "", UBUNTU, Unknown, true),
            ("", "", "", DEBIAN, Full, false),
            ("", "", "", "#1 SMP PREEMPT Thu", Full, false),
            ("", "", "", "#1 SMP Thu", NoneOrVoluntary, false),
            ("", "", "", "", Unknown, false),
        ] {
            let found = KernelPreemption::of(scheduler, config, words, version);
            assert_eq!(
                found,
                KernelPreemption { model, is_dynamic },
                "{scheduler} {config} {words} {version}"
            );
        }
    }

    #[test]
    fn perf_buffers_are_refused_where_their_helper_is_not_safe() {
        for (release, is_unsafe) in [
            ("5.17.0", false),
            ("5.15.0-130-generic", false),
            ("6.0.19", true),
            ("6.1.43", true),
            ("6.1.44-1-amd64", false),
            ("6.2.0-39-generic", true),
            ("6.4.8", true),
            ("6.4.9", false),
            ("6.5.0-rc1+", false),
            ("6.18.44", false),
            ("7.0.0-22-generic", false),
            ("", true),
        ] {
            assert_eq!(mixes_samples(release), is_unsafe, "{release}");
            let full = KernelPreemption { model: PreemptionModel::Full, is_dynamic: false };
            assert_eq!(full.admit_samples(release).is_err(), is_unsafe, "{release}");
            let none = KernelPreemption { model: PreemptionModel::None, is_dynamic: false };
            assert!(none.admit_samples(release).is_ok(), "{release}");
        }
    }

    #[test]
    fn what_is_judged_beside_this_machine_can_only_be_refused() {
        for (text, is_refused) in
            [("none:", false), ("voluntary:/does/not/exist", false), ("full:", true), ("odd", true)]
        {
            assert_eq!(judge_too(text).is_err(), is_refused, "{text}");
        }
    }

    #[test]
    fn an_object_that_could_do_harm_is_refused_where_it_could() {
        use PreemptionModel::{Full, Lazy, None, NoneOrVoluntary, Unknown, Voluntary};
        let (deep, inexact) = (forge::deep(), forge::inexact());
        for (model, is_dynamic, is_refused) in [
            (None, false, false),
            (Voluntary, false, false),
            (NoneOrVoluntary, false, false),
            (None, true, true),
            (Full, false, true),
            (Lazy, true, true),
            (Unknown, false, true),
        ] {
            let kernel = KernelPreemption { model, is_dynamic };
            assert!(kernel.admit(OBJECT).is_ok(), "{kernel}");
            for object in [&deep[..], &inexact, b"none"] {
                let refusal = kernel.admit(object);
                assert_eq!(refusal.is_err(), is_refused, "{kernel}");
                assert!(refusal.is_ok() || matches!(refusal, Err(ProbeHazard { .. })), "{refusal:?}");
            }
        }
        let refused = KernelPreemption { model: Full, is_dynamic: false }.admit(&deep).unwrap_err();
        let said = crate::ProbeError::from(refused).to_string();
        assert!(said.contains("64 bytes on the stack") && said.contains("(full)"), "{said}");
    }
}
