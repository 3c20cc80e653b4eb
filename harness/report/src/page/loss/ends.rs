//! How did it end? Signal or exit code, at whose bidding, and what became of the shutdowns.

use spanfate_model::result::{EndedBy, RunResult, ServiceEnd, ShutdownCourse};

use crate::figures::ends::told;
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, doubt, fold, note};
use crate::text::ends;
use crate::text::number::PAGE;

/// Most rows that are shown.
const ROWS: usize = 200;

/// The section; absent where every service stopped when it was asked to, and shut down.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let all = told(result);
    if all.is_empty() {
        return None;
    }
    let mut grid = Grid::new(
        "How each process ended",
        ["Service", "Variant", "#Start", "#At | s", "How", "Shutdown of its tracer providers"],
    );
    for (variant, service, end) in all.iter().take(ROWS) {
        let how = ends::how(end);
        let shutdowns = ends::shutdowns(end, PAGE).unwrap_or_else(|| "no witness looked".to_owned());
        grid.marked(vec![
            Html::text(&service.service),
            Html::text(*variant),
            Html::text(PAGE.count(u64::from(end.incarnation) + 1)),
            Html::text(PAGE.fixed(end.at_ms / 1e3, 3)),
            if is_doubtful(end) { doubt(how) } else { Html::text(how) },
            Html::text(shutdowns),
        ]);
    }
    let left = all.len().saturating_sub(ROWS);
    let more = if left > 0 { note(format!("and {left} more rows in result.json")) } else { Html::new() };
    Some(PageSection {
        id: "ends",
        question: "How did it end?",
        answer: answer(&all),
        body: fold(grid.len(), &format!("Ends of processes ({} rows)", grid.len()), grid.render()).with(&more).with(&note(
            "Who sent a signal is known of Spanfate's own; of others the kernel's counters of processes killed for want of memory \
             tell, and the signal's own meaning.",
        )),
    })
}

/// Whether spans may be lost by such an end.
fn is_doubtful(end: &ServiceEnd) -> bool {
    end.signal.is_some() || end.left_running > 0 || end.code.is_some_and(|code| code != 0)
}

fn answer(all: &[(&str, &spanfate_model::result::ServiceResult, &ServiceEnd)]) -> String {
    if let [(_, _, end)] = all {
        let shutdowns = ends::shutdowns(end, PAGE).map(|text| format!(" {text}.")).unwrap_or_default();
        return format!("It {}.{shutdowns}", ends::how(end));
    }
    let count = |is: &dyn Fn(&ServiceEnd) -> bool| all.iter().filter(|(_, _, end)| is(end)).count();
    let foreign = count(&|end| end.by.is(&EndedBy::SomebodyElse) || end.by.is(&EndedBy::OutOfMemory));
    let missing = count(&|end| {
        end.providers.iter().any(|provider| {
            matches!(
                provider.shutdown.known(),
                Some(ShutdownCourse::NotCalled | ShutdownCourse::DidNotReturn)
            )
        })
    });
    let number = |n: usize| PAGE.count(n as u64);
    format!(
        "{} processes ended in a way that is worth a look: {} by a signal from outside, {} without a shutdown that returned.",
        number(all.len()),
        number(foreign),
        number(missing),
    )
}
