//! `spanfate logs`: which log lines lead to a span that was received.

use spanfate_model::books::logs::TrialLines;
use spanfate_model::verdict::ExitCode;
use spanfate_report::TableStyle;

use crate::args::{LeastShare, LogsArguments};
use crate::error::Error;
use crate::session::runs;
use crate::session::runs::logs::{self, LinesFile};
use crate::show;

/// Holds the lines of a run against its spans, or those of files.
pub(in crate::command) fn run(arguments: &LogsArguments, color: bool) -> Result<ExitCode, Error> {
    let trials = if arguments.logs.is_empty() {
        logs::kept(&arguments.run, arguments.trial)?
    } else {
        let files: Vec<LinesFile> = arguments.logs.iter().map(|path| LinesFile::whole(path)).collect();
        vec![logs::joined(&runs::open(&arguments.run)?, arguments.trial, &files)?]
    };
    let text = if arguments.json {
        show::pretty(&LinesAnswer { format: "1.0", trials: &trials })?
    } else {
        spanfate_report::logs(&trials, TableStyle { color, width: None })
    };
    show::data(&text)?;
    Ok(arguments.require.map_or(ExitCode::Pass, |least| judged(&trials, least)))
}

/// What `--json` prints.
#[derive(serde::Serialize)]
struct LinesAnswer<'a> {
    format: &'static str,
    trials: &'a [TrialLines],
}

/// Whether enough of all lines are anchored. Lines whose spans nobody can place leave it open.
fn judged(trials: &[TrialLines], LeastShare(least): LeastShare) -> ExitCode {
    let sum = |of: fn(&TrialLines) -> u64| trials.iter().map(of).sum::<u64>();
    let lines = sum(|trial| trial.logs.lines);
    let missed = sum(|trial| trial.logs.missed);
    let anchored = sum(|trial| trial.logs.anchored);
    let open = sum(|trial| trial.logs.unaccounted());
    let enough = |good: u64| good as f64 >= least * lines as f64;
    match (lines, missed) {
        (1.., 0) if enough(anchored) => ExitCode::Pass,
        (1.., 0) if !enough(anchored + open) => ExitCode::ExpectationFailed,
        _ => {
            show::note("what is required stays open: no line came, or a witness or the receiver has a gap");
            ExitCode::Inconclusive
        }
    }
}

#[cfg(test)]
mod tests {
    use spanfate_model::books::logs::{LineExample, LineRow, LineStanding, LogBooks};
    use spanfate_model::books::row::Standing;

    use super::*;

    #[test]
    fn what_is_required_is_judged_over_all_lines_and_gaps_leave_it_open() {
        let open = LineRow {
            service: "http".to_owned(),
            standing: LineStanding::of(Standing::Unaccounted).into(),
            found: None,
            lines: 5,
            first: LineExample::default(),
        };
        let logs =
            LogBooks { lines: 100, anchored: 90, dangling: 10, rows: vec![open], ..LogBooks::default() };
        let of = |logs: &LogBooks, least| {
            let trial = TrialLines { trial: 0, variant: String::new(), logs: logs.clone() };
            judged(&[trial], LeastShare(least))
        };
        assert_eq!(of(&logs, 0.9), ExitCode::Pass);
        assert_eq!(of(&logs, 0.95), ExitCode::Inconclusive);
        assert_eq!(of(&logs, 0.96), ExitCode::ExpectationFailed);
        assert_eq!(of(&LogBooks { missed: 1, ..logs }, 0.5), ExitCode::Inconclusive);
        assert_eq!(of(&LogBooks::default(), 0.0), ExitCode::Inconclusive);
    }
}
