//! `spanfate new`: a commented scenario to begin with.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use spanfate_model::verdict::ExitCode;
use spanfate_run::probe::{Facts, facts};

use crate::args::{NewArguments, NewKind};
use crate::error::Error;
use crate::show;

const HTTP: &str = include_str!("../../../templates/http.toml");
const CHAIN: &str = include_str!("../../../templates/chain.toml");
const OWN: &str = include_str!("../../../templates/own.toml");

/// What a program of the user's own is called by where none is given.
const COMMAND: &str = "./service";
/// What is loaded where no URL is given.
const URL: &str = "http://127.0.0.1:{port}/";

/// Writes the file; one that is there already is left alone.
pub(crate) fn run(arguments: &NewArguments) -> Result<ExitCode, Error> {
    let path = &arguments.file;
    let facts = arguments.from.as_deref().map(facts).transpose()?;
    let text = fill(arguments, &name_of(path), facts.as_ref());
    let taken = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::Usage(format!("{} is there already; choose another name", path.display()))
        }
        _ => Error::Run(spanfate_run::RunError::ResultNotWritten { path: path.clone(), source }),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(taken)?;
    file.write_all(text.as_bytes()).map_err(taken)?;
    show::note(&format!(
        "wrote {path}; change it, then: spanfate validate {path} && spanfate scenario {path}",
        path = path.display()
    ));
    Ok(ExitCode::Pass)
}

/// What was found in a program's file, as comments.
fn found(facts: &Facts) -> String {
    let Facts { go, sdk, main, exporters, sites, nearest } = facts;
    let exporters = if exporters.is_empty() { "of its own".to_owned() } else { exporters.join(", ") };
    let sdk = if sdk.is_empty() { "of a version that the file does not say" } else { sdk };
    let nearest = nearest.as_ref().map_or_else(String::new, |nearest| {
        format!("# This SDK is not known here: its structs are read as those of {nearest}; the books closing says whether that fits.\n")
    });
    let main = main.replace(char::is_control, " ");
    format!(
        "# {main}: Go {go}, OpenTelemetry SDK {sdk}, exporters: {exporters}; probes find {sites} sites in it.\n{nearest}"
    )
}

/// The template for what was asked, filled.
pub(crate) fn fill(arguments: &NewArguments, name: &str, facts: Option<&Facts>) -> String {
    let own = !arguments.command.is_empty() || arguments.url.is_some() || arguments.from.is_some();
    let template = match arguments.kind {
        _ if own => OWN,
        NewKind::Http => HTTP,
        NewKind::Chain => CHAIN,
        NewKind::Own => OWN,
    };
    let command = match (&arguments.command[..], &arguments.from) {
        ([], None) => vec![COMMAND.to_owned()],
        ([], Some(from)) => vec![path_of(from), "--listen".to_owned(), "127.0.0.1:{port}".to_owned()],
        (written, _) => written.to_vec(),
    };
    let command: Vec<String> =
        command.iter().map(|part| toml::Value::from(part.as_str()).to_string()).collect();
    let url = arguments.url.as_deref().unwrap_or(URL);
    template
        .replace("@FOUND@\n", &facts.map(found).unwrap_or_default())
        .replace("@NAME@", name)
        .replace("@COMMAND@", &format!("[{}]", command.join(", ")))
        .replace("\"@URL@\"", &toml::Value::from(url).to_string())
}

/// A program's path as a command has it: with a slash, or it would be looked up on PATH.
fn path_of(program: &Path) -> String {
    let path = program.to_string_lossy();
    if path.contains('/') { path.into_owned() } else { format!("./{path}") }
}

/// The file's name without its ending, as far as a scenario may be called so.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let kept: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' })
        .take(64)
        .collect();
    let kept = kept.trim_start_matches('.');
    if kept.is_empty() { "mine".to_owned() } else { kept.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario_file::parse::parse;

    fn asked(kind: NewKind, command: &[&str]) -> NewArguments {
        let command = command.iter().map(|part| (*part).to_owned()).collect();
        NewArguments { file: "mine.toml".into(), kind, url: None, from: None, command }
    }

    #[test]
    fn every_template_is_a_valid_scenario() {
        for kind in [NewKind::Http, NewKind::Chain, NewKind::Own] {
            let text = fill(&asked(kind, &[]), "mine", None);
            assert!(!text.contains('@'), "{text}");
            assert_eq!(parse(&text, Path::new(".")).unwrap().0.name, "mine");
        }
    }

    #[test]
    fn a_command_is_written_as_it_is_meant() {
        let text =
            fill(&asked(NewKind::Http, &["./my \"service\"", "--listen", "127.0.0.1:{port}"]), "mine", None);
        let (scenario, _) = parse(&text, Path::new(".")).unwrap();
        assert_eq!(scenario.services[0].command, ["./my \"service\"", "--listen", "127.0.0.1:{port}"]);
    }

    #[test]
    fn a_file_name_becomes_a_name_that_scenarios_may_have() {
        for (file, name) in
            [("a/mine.toml", "mine"), (".hidden", "hidden"), ("größe x.toml", "gr--e-x"), ("/", "mine")]
        {
            assert_eq!(name_of(Path::new(file)), name);
        }
    }
}
