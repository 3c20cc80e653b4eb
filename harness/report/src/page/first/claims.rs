//! Was the claim right?

use spanfate_model::result::{ClaimOutcome, ClaimResult, RunResult};

use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{badge, details, note, open_section};
use crate::text::number::PAGE;
use crate::text::words;

/// The section, in the open; nothing where nothing is claimed.
pub(crate) fn section(result: &RunResult) -> Html {
    let claims = &result.claims;
    if claims.is_empty() {
        return Html::new();
    }
    let measured = details("What was measured for it", conditions(claims));
    let inner = Html::leaf("p", "answer", answer(claims)).with(&table(claims)).with(&measured).with(&note(
        "A claim is reproduced if everything was measured that must be if it is right, and refuted if nothing of it was. That \
         changes no verdict: a claim that is refuted is a finding.",
    ));
    let question = if claims.len() == 1 { "Was the claim right?" } else { "Were the claims right?" };
    open_section("claims", question, inner)
}

fn answer(claims: &[ClaimResult]) -> String {
    if let [claim] = claims {
        return format!("It is {}: “{}”", word(claim.outcome), claim.says);
    }
    let count = |outcome: ClaimOutcome| claims.iter().filter(|claim| claim.outcome == outcome).count() as u64;
    let all =
        [ClaimOutcome::Reproduced, ClaimOutcome::InPart, ClaimOutcome::Refuted, ClaimOutcome::Inconclusive];
    let parts: Vec<String> = all
        .into_iter()
        .filter(|outcome| count(*outcome) > 0)
        .map(|outcome| format!("{} {}", PAGE.count(count(outcome)), outcome.as_str()))
        .collect();
    format!("Of {} claims: {}.", claims.len(), parts.join(", "))
}

const fn word(outcome: ClaimOutcome) -> &'static str {
    match outcome {
        ClaimOutcome::Reproduced => "reproduced",
        ClaimOutcome::InPart => "right in part",
        ClaimOutcome::Refuted => "refuted",
        ClaimOutcome::Inconclusive => "not settled",
    }
}

fn table(claims: &[ClaimResult]) -> Html {
    let mut grid = Grid::new("What is claimed", ["Claim", "Says who", "It is"]);
    for claim in claims {
        let (class, sign) = match claim.outcome {
            ClaimOutcome::Reproduced => ("badge good", "✓"),
            ClaimOutcome::InPart => ("badge warn", "±"),
            ClaimOutcome::Refuted => ("badge bad", "✗"),
            ClaimOutcome::Inconclusive => ("badge warn", "?"),
        };
        grid.marked(vec![
            Html::text(&claim.says),
            Html::text(claim.source.as_deref().unwrap_or_default()),
            Html::leaf("span", class, format!("{sign} {}", claim.outcome.as_str())),
        ]);
    }
    grid.render()
}

fn conditions(claims: &[ClaimResult]) -> Html {
    let titles = ["Claim", "It would be right if", "Variant", "That", "#Measured | per trial", "Reason"];
    let mut grid = Grid::new("What was measured for it", titles);
    for (claim, judged) in claims.iter().flat_map(|claim| claim.rests_on.iter().map(move |one| (claim, one)))
    {
        grid.marked(vec![
            Html::text(&claim.says),
            Html::leaf("code", "", judged.that.text()),
            Html::text(&judged.variant),
            badge(judged.verdict),
            Html::text(words::values(judged, PAGE)),
            Html::text(words::why(judged).unwrap_or_default()),
        ]);
    }
    grid.render()
}
