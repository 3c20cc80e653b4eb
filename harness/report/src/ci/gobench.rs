//! Go's benchmark format: a line per trial, so that `benchstat` compares two runs over their trials.
//!
//! There is no key for the run or the seed: `benchstat` puts results whose keys differ into different tables, and would
//! compare nothing.

use spanfate_model::result::{Basis, Quantiles, RunResult, TrialResult};

use super::{distinct, plain};

/// The file; ends with a newline.
pub(crate) fn render(result: &RunResult) -> String {
    let at = &result.environment;
    let (system, arch) = platform(&at.go).unwrap_or(("linux", &at.arch));
    let mut out = format!("goos: {}\ngoarch: {}\npkg: spanfate\n", word(system), word(arch));
    if !at.cpu.trim().is_empty() {
        out += &format!("cpu: {}\n", plain(at.cpu.trim()));
    }
    let names = distinct(result.variants.iter().map(|variant| name(&variant.name)));
    for (variant, name) in result.variants.iter().zip(names) {
        for trial in &variant.trials {
            let values = values(trial);
            if values.is_empty() {
                continue;
            }
            let procs = match trial.gomaxprocs {
                0 => String::new(),
                n => format!("-{n}"),
            };
            out += &format!(
                "BenchmarkSpanfate/{}/{name}{procs}\t{}",
                self::name(&result.plan.title()),
                iterations(trial)
            );
            for (value, unit) in values {
                out += &format!("\t{value} {unit}");
            }
            out.push('\n');
        }
    }
    out
}

/// Requests that the times rest on; at least 1, for the format knows no benchmark without an iteration.
fn iterations(trial: &TrialResult) -> u64 {
    trial.load.response.as_ref().map_or(0, |times| times.count).max(1)
}

/// What was measured, with units as `benchstat` knows them: it turns `ns` into seconds and writes them with a prefix. A
/// figure that is not valid in a trial is left out of its line, for nothing in a comparison would tell that it is spoilt.
fn values(trial: &TrialResult) -> Vec<(f64, &'static str)> {
    let ns = |times: &Option<Quantiles>, pick: fn(&Quantiles) -> f64| {
        times.as_ref().map(|q| (pick(q) * 1e6).round())
    };
    let (loss, latency) = (trial.is_valid(Basis::Loss), trial.is_valid(Basis::Latency));
    let requests = trial.load.achieved;
    let cpu = (requests > 0.0).then(|| (trial.usage.fixture_cpu / requests * 1e9).round());
    let of_trial = |value: f64| (value > 0.0).then_some(value);
    let all = [
        (latency, ns(&trial.load.response, |q| q.mean), "ns/op"),
        (latency, ns(&trial.load.response, |q| q.p50), "p50-ns"),
        (latency, ns(&trial.load.response, |q| q.p99), "p99-ns"),
        (loss, ns(&trial.delay, |q| q.p99), "delay-p99-ns"),
        (loss && trial.loss.due > 0, Some(trial.loss.rate * 100.0), "loss-%"),
        (loss, cpu, "cpu-ns/req"),
        (loss, of_trial(trial.usage.fixture_rss as f64), "rss-B"),
        (trial.is_valid(Basis::Accounting), of_trial(trial.exports.wire_bytes_per_span), "wire-B/span"),
        (trial.is_valid(Basis::Accounting), trial.usage.allocations.map(|all| all.bytes_per_span), "B/span"),
        (trial.is_valid(Basis::Accounting), trial.usage.allocations.map(|all| all.per_span), "allocs/span"),
    ];
    let kept = all.into_iter().filter_map(|(valid, value, unit)| Some((value.filter(|_| valid)?, unit)));
    kept.filter(|(value, _)| value.is_finite()).collect()
}

/// Operating system and architecture, as `go version` ends with them.
fn platform(go: &str) -> Option<(&str, &str)> {
    go.rsplit(' ').next()?.split_once('/').filter(|(system, arch)| !system.is_empty() && !arch.is_empty())
}

/// Text as one word.
fn word(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' })
        .collect()
}

/// A part of a benchmark's name. `/` begins another part, `=` makes it a key, and digits behind a last `-` would be read
/// as GOMAXPROCS.
fn name(text: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '%');
    let out: String = text.chars().map(|c| if safe(c) { c } else { '_' }).collect();
    let out = if out.is_empty() { "_".to_owned() } else { out };
    match out.rsplit_once('-') {
        Some((before, digits)) if digits.bytes().all(|b| b.is_ascii_digit()) => format!("{before}_{digits}"),
        _ => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_part_and_end_in_no_number_of_processors() {
        let cases = [
            ("SDK defaults", "SDK_defaults"),
            ("answer-50", "answer_50"),
            ("a-", "a_"),
            ("a/b=c\n1", "a_b_c_1"),
            ("größe", "größe"),
            ("", "_"),
        ];
        for (text, made) in cases {
            assert_eq!(name(text), made);
        }
    }

    #[test]
    fn the_platform_is_that_of_go() {
        assert_eq!(platform("go1.26.1 linux/amd64"), Some(("linux", "amd64")));
        assert_eq!(platform("go1.26.1"), None);
    }
}
