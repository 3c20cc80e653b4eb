//! Verdict.

use spanfate_model::result::{Expectation, RunResult};
use spanfate_model::verdict::Verdict;

use super::grid::Grid;
use super::part::{Section, badge, fold, trial_name};
use crate::books::{Books, LISTS, contradictions, trials};
use crate::markup::Html;
use crate::number::PAGE;
use crate::{planned, words};

/// Ids that are listed when the books do not close.
const IDS: usize = 50;

/// Can it be merged, believed, shipped?
pub(crate) fn section(result: &RunResult) -> Section {
    let mut body = Html::element("p", &[("class", "verdict")], badge(result.verdict));
    if let Some(text) = words::incomplete(result) {
        body.push(&Html::element("p", &[("class", "banner"), ("role", "note")], Html::text(text)));
    }
    if let Some(text) = planned::planted(&result.plan, PAGE) {
        body.push(&Html::element("p", &[("class", "banner"), ("role", "note")], Html::text(text)));
    }
    for (count, what) in contradictions(result) {
        let text = format!("{} {what}.", PAGE.counted(count, "span", "spans"));
        body.push(&Html::element("p", &[("class", "stray"), ("role", "note")], Html::text(text)));
    }
    body.push(&reasons(result));
    body.push(&tiles(result));
    body.push(&unplaced(result));
    body.push(&expectations(result));
    Section { id: "verdict", question: "What is the verdict?", answer: words::sentence(result), body }
}

fn reasons(result: &RunResult) -> Html {
    if result.reasons.is_empty() {
        return Html::new();
    }
    let items: Html = result.reasons.iter().map(|reason| Html::leaf("li", "", reason)).collect();
    Html::leaf("h3", "", "Reasons, worst first").with(&Html::element("ol", &[], items))
}

fn tiles(result: &RunResult) -> Html {
    let books = Books::of_run(result);
    let tiles = [
        ("spans created", books.created, ""),
        ("received", books.received, "tile received"),
        ("lost", books.lost, "tile lost"),
        ("not meant to arrive", books.deliberate, "tile"),
        ("unexplained", books.unexplained, if books.unexplained > 0 { "tile alarm" } else { "tile" }),
        ("unaccounted", books.unaccounted, if books.unaccounted > 0 { "tile alarm" } else { "tile" }),
        ("unexpected", books.unexpected, if books.unexpected > 0 { "tile alarm" } else { "tile" }),
    ];
    let tile = |(name, count, class): (&str, u64, &str)| {
        let inner = Html::leaf("dt", "", name).with(&Html::leaf("dd", "", PAGE.count(count)));
        Html::element("div", &[("class", if class.is_empty() { "tile" } else { class })], inner)
    };
    let list = Html::element("dl", &[("class", "tiles")], tiles.into_iter().map(tile).collect());
    let note = "Over the whole run, warm-up included: created = received + lost + not meant to arrive + unexplained + \
                unaccounted. Rates and times in this report are those of the measured part.";
    list.with(&Html::leaf("p", "note", note))
}

/// What does not hold in the open; what holds may be folded away.
fn expectations(result: &RunResult) -> Html {
    let titles = ["Expectation", "Variant", "Verdict", "#Measured | per valid trial", "Reason"];
    let (mut open, mut held) =
        (Grid::new("Expectations", titles), Grid::new("Expectations that hold", titles));
    let mut judged: Vec<&Expectation> = result.expectations.iter().collect();
    judged.sort_by_key(|judged| std::cmp::Reverse(judged.verdict));
    for judged in judged {
        let grid = if judged.verdict == Verdict::Pass { &mut held } else { &mut open };
        grid.marked(vec![
            Html::leaf("code", "", &judged.that),
            Html::text(&judged.variant),
            badge(judged.verdict),
            Html::text(words::values(judged, PAGE)),
            Html::text(judged.reason.as_deref().unwrap_or_default()),
        ]);
    }
    let held = fold(held.len(), &format!("{} expectations that hold", held.len()), held.render());
    open.render().with(&held)
}

/// Spans that no fate could be given to, by id.
fn unplaced(result: &RunResult) -> Html {
    let mut out = Html::new();
    for (what, pick) in LISTS {
        let count: u64 = trials(result).map(|(_, trial)| pick(&trial.ledger).count).sum();
        if count == 0 {
            continue;
        }
        let keys = trials(result).flat_map(|(variant, trial)| {
            pick(&trial.ledger).ids.iter().map(move |key| (variant, trial, key))
        });
        let mut grid =
            Grid::new(&format!("The first {what} spans, by id"), ["Trace", "Span", "Request", "Variant"]);
        for (variant, trial, key) in keys.take(IDS) {
            let planned = result.plan.trials.iter().find(|planned| planned.index == trial.index);
            let request = planned.and_then(|planned| planned.tag.request_of(key.trace));
            grid.marked(vec![
                Html::leaf("code", "", key.trace.to_string()),
                Html::leaf("code", "", key.span.to_string()),
                Html::text(words::maybe(request, |n| PAGE.count(u64::from(n)))),
                Html::text(trial_name(variant, trial)),
            ]);
        }
        let more = count.saturating_sub(grid.len() as u64);
        let mut inner = Html::leaf("h3", "", format!("{what}: {}", PAGE.counted(count, "span", "spans")));
        inner.push(&grid.render());
        if more > 0 {
            inner.push(&Html::leaf("p", "", format!("and {} more", PAGE.count(more))));
        }
        out.push(&Html::element("div", &[("class", "stray")], inner));
    }
    out
}
