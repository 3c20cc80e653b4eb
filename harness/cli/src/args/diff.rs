//! Arguments of `diff`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use spanfate_model::finding::diff::{DiffFormat, DiffRule};
use spanfate_model::quantity::unit::{ByteSize, Period};
use spanfate_run::backend::BackEnd;

use super::{period, receiver, whole};

#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The left side: a run (its directory or id), a file, `-` for standard input, or a back end that is asked: `jaeger:URL` or
    /// `tempo:URL`. What a file is written in is found out by its content: the wire log of a run, OTLP in protobuf or JSON, JSON of
    /// Jaeger or Tempo, rows of `export`; also with gzip or zstd. With --live: `receive`, `receive:PORT` or `receive:ADDRESS:PORT`, by
    /// default port 4327.
    #[arg(value_name = "LEFT", required_unless_present = "live")]
    left: Option<String>,
    /// The right side, likewise. With --live by default port 4328.
    #[arg(value_name = "RIGHT", required_unless_present = "live")]
    right: Option<String>,
    /// Compare two streams of OTLP while they come in, until Ctrl-C or for the time of --for.
    #[arg(long, conflicts_with_all = ["left_format", "right_format", "trial", "search", "services", "within"])]
    pub(crate) live: bool,
    /// How long a span waits for its copy on the other side. A trace has its verdict when none of its spans waits. Default: 50ms.
    #[arg(long, value_name = "TIME", value_parser = window, requires = "live")]
    window: Option<Period>,
    /// Compare for so long. Default: until Ctrl-C.
    #[arg(long = "for", value_name = "TIME", value_parser = period, requires = "live")]
    pub(crate) lasting: Option<Period>,
    /// Search Jaeger for all traces that began within the last TIME, or, without one, in the time that the other side covers. Without
    /// --search a back end is asked for the traces of the other side by their ids.
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = searched)]
    search: Option<SearchedTime>,
    /// Search for traces of this service only; once for each.
    #[arg(long = "service", value_name = "NAME", requires = "search")]
    services: Vec<String>,
    /// Longest time in which all that a back end is asked for must be there. What is there then is not the whole side.
    #[arg(long, value_name = "TIME", default_value = "10min", value_parser = period)]
    pub(crate) within: Period,
    /// What the left side is written in, where its content does not say.
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub(crate) left_format: Option<DiffFormat>,
    /// What the right side is written in, likewise.
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub(crate) right_format: Option<DiffFormat>,
    /// Of a run, only this trial, by its number.
    #[arg(long, value_name = "N", value_parser = whole::<u16>)]
    pub(crate) trial: Option<u16>,
    /// Take nothing as equal that is written differently, or not by these rules: `--strict=times,order`.
    #[arg(long, value_name = "RULE,…", num_args = 0..=1, require_equals = true, default_missing_value = "all", value_parser = rules)]
    pub(crate) strict: Option<StrictRules>,
    /// Memory for spans, at least 16MiB; more goes to a temporary file.
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = memory)]
    pub(crate) memory: ByteSize,
    /// Examples of each sort of difference.
    #[arg(long, value_name = "N", default_value = "10", value_parser = whole::<u16>)]
    pub(crate) samples: u16,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write `JUnit` XML to this file, too.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write a summary in Markdown to this file, too.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Write a page to this file, too, with the first traces that differ drawn one above the other.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// Where a side is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum DiffPlace {
    /// A run, a file, or `-`.
    Named(String),
    /// A back end, by its URL.
    Ask(BackEnd, String),
}

/// Where the receivers of a live comparison listen: not where a collector does, nor a canary.
const LIVE: [&str; 2] = ["127.0.0.1:4327", "127.0.0.1:4328"];
/// How long a span waits for its copy where nothing else is said.
const WINDOW: Period = Period::millis(50);
/// The longest that it may wait.
const LONGEST_WINDOW: u64 = 3_600_000_000_000;

impl DiffArguments {
    /// The two sides of a comparison that is not live.
    pub(crate) fn places(&self) -> [DiffPlace; 2] {
        [&self.left, &self.right].map(|side| place(side.as_deref().unwrap_or_default()))
    }

    /// Where the receivers of a live comparison listen.
    pub(crate) fn receivers(&self) -> Result<[SocketAddr; 2], String> {
        let [left, right] = [&self.left, &self.right];
        Ok([receiver_of(left.as_deref(), LIVE[0])?, receiver_of(right.as_deref(), LIVE[1])?])
    }

    /// How long a span waits.
    pub(crate) fn window(&self) -> Period {
        self.window.unwrap_or(WINDOW)
    }

    /// Of which time a back end is to be searched, and for which services; nothing where it is asked for ids.
    pub(crate) fn search(&self) -> Option<(SearchedTime, &[String])> {
        self.search.map(|time| (time, &self.services[..]))
    }
}

/// The time of a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SearchedTime {
    /// What the other side covers.
    OtherSide,
    /// The last so long.
    Last(Period),
}

fn searched(text: &str) -> Result<SearchedTime, String> {
    if text.is_empty() {
        return Ok(SearchedTime::OtherSide);
    }
    period(text).map(SearchedTime::Last).map_err(|wrong| wrong.to_string())
}

fn place(text: &str) -> DiffPlace {
    match text.split_once(':') {
        Some(("jaeger", url)) => DiffPlace::Ask(BackEnd::Jaeger, url.to_owned()),
        Some(("tempo", url)) => DiffPlace::Ask(BackEnd::Tempo, url.to_owned()),
        _ => DiffPlace::Named(text.to_owned()),
    }
}

fn receiver_of(text: Option<&str>, usual: &str) -> Result<SocketAddr, String> {
    let Some(text) = text else { return receiver(usual) };
    match text.split_once(':').map_or((text, usual), |(what, place)| (what, place)) {
        ("receive", place) => receiver(place),
        _ => Err(format!("`{text}` is no stream; write receive, receive:PORT or receive:ADDRESS:PORT")),
    }
}

fn window(text: &str) -> Result<Period, String> {
    let window = period(text).map_err(|wrong| wrong.to_string())?;
    let range = 1_000_000..=LONGEST_WINDOW;
    Some(window)
        .filter(|window| range.contains(&window.nanos()))
        .ok_or_else(|| "write 1ms to 1h, for example 10s".to_owned())
}

/// Rules that are switched off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StrictRules(pub(crate) Vec<DiffRule>);

fn format(text: &str) -> Result<DiffFormat, String> {
    let names = || DiffFormat::ALL.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ");
    DiffFormat::by_name(text).ok_or_else(|| format!("write one of {}", names()))
}

fn rules(text: &str) -> Result<StrictRules, String> {
    if text == "all" {
        return Ok(StrictRules(DiffRule::ALL.to_vec()));
    }
    let names = || DiffRule::ALL.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ");
    let one = |name: &str| {
        DiffRule::by_name(name.trim()).ok_or_else(|| format!("`{name}` is no rule; these are: {}", names()))
    };
    text.split(',').map(one).collect::<Result<Vec<_>, _>>().map(StrictRules)
}

fn memory(text: &str) -> Result<ByteSize, String> {
    let size = ByteSize::try_from(text.to_owned()).map_err(|wrong| wrong.to_string())?;
    // Places in what is held at once have 32 bits.
    let range = spanfate_diff::LEAST_MEMORY as u64..=16 << 30;
    Some(size)
        .filter(|size| range.contains(&size.0))
        .ok_or_else(|| "write 16MiB to 16GiB, for example 1GiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_formats_and_sizes_are_read() {
        assert_eq!(rules("times, order"), Ok(StrictRules(vec![DiffRule::Times, DiffRule::Order])));
        assert_eq!(rules("all").map(|all| all.0.len()), Ok(DiffRule::ALL.len()));
        assert!(rules("time").is_err_and(|text| text.contains("times")));
        assert_eq!(format("jaeger-json"), Ok(DiffFormat::JaegerJson));
        assert!(format("jaeger").is_err());
        assert_eq!(memory("1GiB"), Ok(ByteSize(1 << 30)));
        assert!(memory("1MiB").is_err() && memory("x").is_err());
    }

    #[test]
    fn sides_and_windows_are_read() {
        assert_eq!(
            place("jaeger:http://x:16686"),
            DiffPlace::Ask(BackEnd::Jaeger, "http://x:16686".to_owned())
        );
        assert_eq!(place("tempo:https://t"), DiffPlace::Ask(BackEnd::Tempo, "https://t".to_owned()));
        assert_eq!(place("a:b.json"), DiffPlace::Named("a:b.json".to_owned()));
        let of = |text| receiver_of(text, LIVE[1]).map(|address| address.to_string());
        assert_eq!([of(None), of(Some("receive"))], [Ok(LIVE[1].to_owned()), Ok(LIVE[1].to_owned())]);
        assert_eq!(of(Some("receive:0")), Ok("127.0.0.1:0".to_owned()));
        assert_eq!(of(Some("receive:0.0.0.0:1")), Ok("0.0.0.0:1".to_owned()));
        assert!(of(Some("spans.json")).is_err() && of(Some("receive:nowhere")).is_err());
        assert_eq!(window("10s"), Ok(Period::millis(10_000)));
        assert!(window("0s").is_err() && window("2h").is_err() && window("soon").is_err());
    }
}
