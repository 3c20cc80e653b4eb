//! `spanfate new`: a commented scenario to begin with.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use spanfate_model::verdict::ExitCode;

use crate::args::{Kind, NewArguments};
use crate::error::Error;
use crate::show;

const HTTP: &str = include_str!("../../templates/http.toml");
const CHAIN: &str = include_str!("../../templates/chain.toml");
const OWN: &str = include_str!("../../templates/own.toml");

/// What a program of the user's own is called by where none is given.
const COMMAND: &str = "./service";
/// What is loaded where no URL is given.
const URL: &str = "http://127.0.0.1:{port}/";

/// Writes the file; one that is there already is left alone.
pub(super) fn run(arguments: &NewArguments) -> Result<ExitCode, Error> {
    let path = &arguments.file;
    let text = fill(arguments, &name_of(path));
    let taken = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::Usage(format!("{} is there already; choose another name", path.display()))
        }
        _ => Error::Run(spanfate_run::Error::ResultNotWritten { path: path.clone(), source }),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(taken)?;
    file.write_all(text.as_bytes()).map_err(taken)?;
    show::note(&format!(
        "wrote {path}; change it, then: spanfate validate {path} && spanfate scenario {path}",
        path = path.display()
    ));
    Ok(ExitCode::Pass)
}

/// The template for what was asked, filled.
pub(crate) fn fill(arguments: &NewArguments, name: &str) -> String {
    let own = !arguments.command.is_empty() || arguments.url.is_some();
    let template = match arguments.kind {
        _ if own => OWN,
        Kind::Http => HTTP,
        Kind::Chain => CHAIN,
        Kind::Own => OWN,
    };
    let command =
        if arguments.command.is_empty() { vec![COMMAND.to_owned()] } else { arguments.command.clone() };
    let command: Vec<String> =
        command.iter().map(|part| toml::Value::from(part.as_str()).to_string()).collect();
    let url = arguments.url.as_deref().unwrap_or(URL);
    template
        .replace("@NAME@", name)
        .replace("@COMMAND@", &format!("[{}]", command.join(", ")))
        .replace("\"@URL@\"", &toml::Value::from(url).to_string())
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

    fn asked(kind: Kind, command: &[&str]) -> NewArguments {
        let command = command.iter().map(|part| (*part).to_owned()).collect();
        NewArguments { file: "mine.toml".into(), kind, url: None, command }
    }

    #[test]
    fn every_template_is_a_valid_scenario() {
        for kind in [Kind::Http, Kind::Chain, Kind::Own] {
            let text = fill(&asked(kind, &[]), "mine");
            assert!(!text.contains('@'), "{text}");
            assert_eq!(parse(&text, Path::new(".")).unwrap().name, "mine");
        }
    }

    #[test]
    fn a_command_is_written_as_it_is_meant() {
        let text = fill(&asked(Kind::Http, &["./my \"service\"", "--listen", "127.0.0.1:{port}"]), "mine");
        let scenario = parse(&text, Path::new(".")).unwrap();
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
