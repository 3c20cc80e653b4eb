//! The first screen: the verdict, and four answers. Everything else is folded below it.

use spanfate_model::result::{Expectation, RunResult};
use spanfate_model::verdict::Verdict;

use super::causes;
use super::overview;
use crate::answers::{self, ScreenAnswer};
use crate::figures::sums::{Books, LISTS, contradictions, trials};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, badge, details, paste, trial_name};
use crate::text::number::PAGE;
use crate::text::plan_words;
use crate::text::words;

/// Ids that are listed when the books do not close.
const IDS: usize = 50;
/// Most reasons that are shown at once.
const REASONS: usize = 1;

/// The first screen, above these sections.
pub(crate) fn screen(result: &RunResult, sections: &[&PageSection]) -> Html {
    let heading = Html::element("h2", &[("id", "verdict-q"), ("class", "verdict")], badge(result.verdict))
        .with(&Html::leaf("p", "answer", words::sentence(result)));
    let lossy = result.verdict == Verdict::Pass && Books::of_run(result).lost > 0;
    let heading = if lossy {
        let text = "A pass says that everything came out as the scenario expects, not that nothing was lost.";
        heading.with(&Html::leaf("p", "note passed", text))
    } else {
        heading
    };
    let inner = [
        heading,
        banners(result),
        reasons(result),
        overview::picture(result),
        four(result, sections),
        causes::of_all(result),
        tiles(result),
        unplaced(result),
        expectations(result),
    ];
    let attributes = [("id", "verdict"), ("aria-labelledby", "verdict-q")];
    Html::element("section", &attributes, inner.into_iter().collect())
}

fn banners(result: &RunResult) -> Html {
    let banner =
        |class, text: String| Html::element("p", &[("class", class), ("role", "note")], Html::text(text));
    let fitted = result.plan.fitted.as_ref().map(ToString::to_string);
    let said = [words::incomplete(result), plan_words::planted(&result.plan, PAGE), fitted];
    let strays = contradictions(result)
        .into_iter()
        .map(|(count, what)| banner("stray", format!("{} {what}.", PAGE.counted(count, "span", "spans"))));
    said.into_iter().flatten().map(|text| banner("banner", text)).chain(strays).collect()
}

fn reasons(result: &RunResult) -> Html {
    let item = |reason: &String| Html::leaf("li", "", reason);
    let (shown, more) = result.reasons.split_at(result.reasons.len().min(REASONS));
    if shown.is_empty() {
        return Html::new();
    }
    let list =
        |items: &[String]| Html::element("ul", &[("class", "reasons")], items.iter().map(item).collect());
    let rest = if more.is_empty() {
        Html::new()
    } else {
        details(&PAGE.counted(more.len() as u64, "more reason", "more reasons"), list(more))
    };
    list(shown).with(&rest)
}

/// The four questions with their answers, each with the section that says more.
fn four(result: &RunResult, sections: &[&PageSection]) -> Html {
    let has = |id: &str| sections.iter().any(|section| section.id == id);
    let cards = [
        ("Is anything lost?", "lost", answers::lost(result), "fates"),
        ("Why?", "why", answers::why(result), if has("causes") { "causes" } else { "time" }),
        ("May I believe it?", "believe", answers::belief(result), "belief"),
        ("What should I set?", "set", answers::set(result), "choice"),
    ];
    let card = |(question, id, answer, more): (&str, &str, ScreenAnswer, &str)| {
        let heading = format!("{id}-q");
        let mut inner = Html::element("h3", &[("id", &heading)], Html::text(question)).with(&said(&answer));
        if let Some(section) = sections.iter().find(|section| section.id == more) {
            let link = Html::element(
                "a",
                &[("href", &format!("#{}", section.anchor()))],
                Html::text(section.question),
            );
            inner.push(&Html::element("p", &[("class", "more")], link));
        }
        Html::element("div", &[("class", "card"), ("role", "group"), ("aria-labelledby", &heading)], inner)
    };
    Html::element("div", &[("class", "four")], cards.into_iter().map(card).collect())
}

fn said(answer: &ScreenAnswer) -> Html {
    let mut out = Html::leaf("p", "short", &answer.short);
    if let Some(setting) = &answer.setting {
        out.push(&Html::leaf("p", "", format!("In place of {}:", setting.instead_of)));
        out.push(&paste(&setting.lines));
        out.push(&Html::leaf("p", "known", &setting.known));
    }
    out.with(&answer.sentences.iter().map(|sentence| Html::leaf("p", "", sentence)).collect())
}

fn tiles(result: &RunResult) -> Html {
    let books = Books::of_run(result);
    let alarm = |count: u64| if count > 0 { "tile alarm" } else { "tile" };
    let tiles = [
        ("created", books.created, "tile created"),
        ("received", books.received, "tile received"),
        ("lost", books.lost, if books.lost > 0 { "tile lost" } else { "tile" }),
        ("not meant to arrive", books.deliberate, "tile"),
        ("unexplained", books.unexplained, alarm(books.unexplained)),
        ("unaccounted", books.unaccounted, alarm(books.unaccounted)),
        ("unexpected", books.unexpected, alarm(books.unexpected)),
    ];
    let tile = |(name, count, class): (&str, u64, &str)| {
        let inner = Html::leaf("dt", "", name).with(&Html::leaf("dd", "", PAGE.count(count)));
        Html::element("div", &[("class", class)], inner)
    };
    let list = Html::element("dl", &[("class", "tiles")], tiles.into_iter().map(tile).collect());
    let note = "Spans over the whole run, warm-up included: created = received + lost + not meant to arrive + unexplained + \
                unaccounted. Rates and times are those of the measured part.";
    list.with(&Html::leaf("p", "note", note))
}

/// What does not hold in the open; what holds is folded away.
fn expectations(result: &RunResult) -> Html {
    let titles = ["Expectation", "Variant", "Verdict", "#Measured | per trial", "Reason"];
    let (mut open, mut held) =
        (Grid::new("Expectations that do not hold", titles), Grid::new("Expectations that hold", titles));
    let mut judged: Vec<&Expectation> = result.expectations.iter().collect();
    judged.sort_by_key(|judged| std::cmp::Reverse(judged.verdict));
    for judged in judged {
        let grid = if judged.verdict == Verdict::Pass { &mut held } else { &mut open };
        grid.marked(vec![
            Html::leaf("code", "", judged.that.text()),
            Html::text(&judged.variant),
            badge(judged.verdict),
            Html::text(words::values(judged, PAGE)),
            Html::text(words::why(judged).unwrap_or_default()),
        ]);
    }
    if held.len() == 0 {
        return open.render();
    }
    let summary = PAGE.counted(held.len() as u64, "expectation that holds", "expectations that hold");
    open.render().with(&details(&summary, held.render()))
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
