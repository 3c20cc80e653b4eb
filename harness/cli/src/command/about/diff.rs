//! `spanfate diff`: whether two stores of spans tell the same story.

use spanfate_model::finding::diff::DiffResult;
use spanfate_model::verdict::ExitCode;
use spanfate_report::TableStyle;

use crate::args::DiffArguments;
use crate::error::Error;
use crate::session::diff::{DiffAsked, DiffOutput, SideAsked, compared, publish};
use crate::show;

/// Reads both sides, holds them against each other, and prints what was found.
pub(in crate::command) fn run(arguments: &DiffArguments, color: bool) -> Result<ExitCode, Error> {
    let found = compared(&asked(arguments))?;
    let written = [
        (&arguments.junit, DiffOutput::Junit),
        (&arguments.markdown, DiffOutput::Markdown),
        (&arguments.html, DiffOutput::Html),
    ];
    for (path, output) in written {
        if let Some(path) = path {
            publish(&found, output, path)?;
        }
    }
    show::data(&text(&found, arguments.json, color)?)?;
    Ok(found.verdict.exit())
}

fn text(found: &DiffResult, json: bool, color: bool) -> Result<String, Error> {
    if json {
        show::pretty(found)
    } else {
        Ok(spanfate_report::diff(found, TableStyle { color, width: None }))
    }
}

fn asked(arguments: &DiffArguments) -> DiffAsked {
    let side = |name: &String, format| SideAsked { name: name.clone(), format };
    DiffAsked {
        left: side(&arguments.left, arguments.left_format),
        right: side(&arguments.right, arguments.right_format),
        trial: arguments.trial,
        task: spanfate_diff::DiffTask {
            strict: arguments.strict.clone().map(|rules| rules.0).unwrap_or_default(),
            memory: arguments.memory.0 as usize,
            samples: usize::from(arguments.samples),
            pictures: 3,
        },
    }
}
