//! Arguments of `diff`.

use std::path::PathBuf;

use clap::Args;
use spanfate_model::finding::diff::{DiffFormat, DiffRule};
use spanfate_model::quantity::unit::ByteSize;

use super::whole;

#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The left side: a run (its directory or id), a file, or `-` for standard input. What it is written in is found out by its content:
    /// the wire log of a run, OTLP in protobuf or JSON, JSON of Jaeger or Tempo, rows of `export`; also with gzip or zstd.
    #[arg(value_name = "LEFT")]
    pub(crate) left: String,
    /// The right side, likewise.
    #[arg(value_name = "RIGHT")]
    pub(crate) right: String,
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
}
