//! `spanfate diff`: whether two stores of spans tell the same story.

mod live;

use spanfate_model::finding::diff::DiffResult;
use spanfate_model::verdict::ExitCode;
use spanfate_report::TableStyle;
use spanfate_run::backend::{BackEndAccess, OF_LEFT, OF_RIGHT};

use crate::args::{DiffArguments, DiffPlace, SearchedTime};
use crate::error::Error;
use crate::session::diff::{DiffAsked, DiffOutput, SideAsked, SidePlace, TracesAsked, compared, publish};
use crate::show;

/// Reads both sides, holds them against each other, and prints what was found.
pub(in crate::command) fn run(arguments: &DiffArguments, color: bool) -> Result<ExitCode, Error> {
    if arguments.live {
        return live::run(arguments, color);
    }
    let found = compared(&asked(arguments)?, &mut |said| show::note(said))?;
    tell(&found, arguments, color)?;
    Ok(found.verdict.exit())
}

/// Writes what is to be written, and prints.
fn tell(found: &DiffResult, arguments: &DiffArguments, color: bool) -> Result<(), Error> {
    let written = [
        (&arguments.junit, DiffOutput::Junit),
        (&arguments.markdown, DiffOutput::Markdown),
        (&arguments.html, DiffOutput::Html),
    ];
    for (path, output) in written {
        if let Some(path) = path {
            publish(found, output, path)?;
        }
    }
    let text = if arguments.json {
        show::pretty(found)?
    } else {
        spanfate_report::diff(found, TableStyle { color, width: None })
    };
    show::data(&text)
}

fn asked(arguments: &DiffArguments) -> Result<DiffAsked, Error> {
    let side = |place: DiffPlace, format, prefix| {
        let place = match place {
            DiffPlace::Named(name) => SidePlace::Named(name),
            DiffPlace::Ask(kind, url) => {
                let access = BackEndAccess::find(kind, &url, prefix, |name| std::env::var(name).ok());
                SidePlace::BackEnd(Box::new(access.map_err(Error::Refused)?))
            }
        };
        Ok::<_, Error>(SideAsked { place, format })
    };
    let [left, right] = arguments.places();
    let traces = arguments.search().map_or(TracesAsked::Ids, |(time, services)| TracesAsked::Search {
        last: match time {
            SearchedTime::OtherSide => None,
            SearchedTime::Last(last) => Some(last),
        },
        services: services.to_vec(),
    });
    Ok(DiffAsked {
        left: side(left, arguments.left_format, OF_LEFT)?,
        right: side(right, arguments.right_format, OF_RIGHT)?,
        trial: arguments.trial,
        traces,
        within: arguments.within,
        task: task(arguments),
    })
}

fn task(arguments: &DiffArguments) -> spanfate_diff::DiffTask {
    spanfate_diff::DiffTask {
        strict: arguments.strict.clone().map(|rules| rules.0).unwrap_or_default(),
        memory: arguments.memory.0 as usize,
        samples: usize::from(arguments.samples),
        pictures: 3,
    }
}
