//! Claims with their verdicts: what became of each, with which SDK, by which runs, and section by section what was measured for it.

use spanfate_model::finding::claims::register::{ClaimsFile, RegisteredClaim};
use spanfate_model::finding::claims::{ClaimVerdict, ClaimsRecord, JudgedClaim, SdkVerdicts};

use crate::claims::page::{NOT_YET, across_sdks, behind, measured_on, told};
use crate::claims::{books, counts, measured, question, sign};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{doubt, note, open_section};
use crate::page::frame::script;
use crate::page::frame::shell::Shell;
use crate::text::number::{NONE, PAGE};

/// The page.
pub(crate) fn render(files: &[ClaimsFile], record: &ClaimsRecord) -> String {
    let claims: Vec<&RegisteredClaim> = files.iter().flat_map(|file| &file.claims).collect();
    let source = files.first().map_or("", |file| file.source.as_str());
    let header = Html::leaf("h1", "", "Claims, measured")
        .with(&Html::leaf("p", "answer", counts(&record.claims)))
        .with(&note(format!("{}Claimed by {source}.", measured_on(record))));
    let main = glance(&claims, record)
        .with(&runs(record))
        .with(&steps(files, record))
        .with(&sections(&claims, record));
    Shell {
        title: "Claims · Spanfate".to_owned(),
        policy: script::POLICY,
        skip: "Skip to the claims",
        header,
        main,
        footer: "Rendered from what spanfate claims measured; --json has all of it.".to_owned(),
    }
    .render()
}

/// A verdict as a badge; a sign as well as a colour.
fn verdict(of: Option<ClaimVerdict>) -> Html {
    let Some(of) = of else { return Html::text(NOT_YET) };
    let (class, sign) = match of {
        ClaimVerdict::Reproduced => ("badge good", "✓"),
        ClaimVerdict::Refuted => ("badge bad", "✗"),
        ClaimVerdict::Partly => ("badge warn", "±"),
        ClaimVerdict::Inconclusive => ("badge warn", "?"),
        ClaimVerdict::Quantified | ClaimVerdict::NotTestable => return Html::text(of.as_str()),
    };
    Html::leaf("span", class, format!("{sign} {}", of.as_str()))
}

fn anchor(number: u32) -> String {
    format!("claim-{number}")
}

fn glance(claims: &[&RegisteredClaim], record: &ClaimsRecord) -> Html {
    let sdks = record.sdks.iter().map(|sdk| format!("SDK {}", sdk.sdk));
    let titles = ["Claim", "It says", "Section", "Verdict"].map(str::to_owned).into_iter().chain(sdks);
    let mut grid = Grid::new("What became of each claim", titles);
    for claim in claims {
        let link = format!("#{}", anchor(claim.number));
        let mut cells = vec![
            Html::element("a", &[("href", &link)], Html::text(claim.number.to_string())),
            Html::text(&claim.says),
            Html::text(&claim.section),
            verdict(record.claim(claim.number).map(|judged| judged.verdict)),
        ];
        cells.extend(record.sdks.iter().map(|sdk| with_sdk(claim.number, sdk, record)));
        grid.marked(cells);
    }
    let sdks = if record.sdks.is_empty() { Html::new() } else { note(across_sdks(record)) };
    let inner = note(
        "A verdict follows from data alone. Reproduced: all was measured that must be if the claim is right; refuted: nothing of it \
         was; partly: some of it was; quantified: no set-up is given, and our figure stands here; inconclusive: something could not be \
         measured, or what must hold for the rest to count did not. A loss for another reason than the claimed one does not count.",
    )
    .with(&sdks)
    .with(&grid.render());
    open_section("all", "What became of each?", inner)
}

fn with_sdk(number: u32, sdk: &SdkVerdicts, record: &ClaimsRecord) -> Html {
    match sdk.verdicts.get(&number) {
        None => Html::text(NONE),
        Some(found) if record.changes(number) => verdict(Some(*found)).with(&doubt("changes")),
        Some(found) => verdict(Some(*found)),
    }
}

fn runs(record: &ClaimsRecord) -> Html {
    let Some(sum) = books(record, PAGE) else { return Html::new() };
    let titles = ["Scenario", "Run", "#Trials", "#Created | spans", "#Unexplained | spans"];
    let mut grid = Grid::new("Runs and their books", titles);
    for run in &record.runs {
        let numbers = [run.trials, run.created, run.unexplained].map(|count| PAGE.count(count));
        grid.row([run.scenario.clone(), run.run.clone()].into_iter().chain(numbers));
    }
    open_section("runs", "Which runs do they rest on?", Html::leaf("p", "", sum).with(&grid.render()))
}

fn steps(files: &[ClaimsFile], record: &ClaimsRecord) -> Html {
    let titles =
        ["Step", "Works today", "What it shows", "The claims behind it", "What answers the question"];
    let mut grid = Grid::new("What readers are told to type", titles);
    for step in files.iter().flat_map(|file| &file.steps) {
        grid.marked(vec![
            Html::leaf("code", "", &step.types),
            Html::text(step.works.as_str()),
            Html::text(&step.shows),
            Html::text(behind(step, record).join(", ")),
            Html::leaf("code", "", &step.instead),
        ]);
    }
    open_section("steps", "What are readers told to type, and does it work?", grid.render())
}

/// The claims, section by section as they stand in their files.
fn sections(claims: &[&RegisteredClaim], record: &ClaimsRecord) -> Html {
    let mut parts: Vec<(&str, Html)> = Vec::new();
    for claim in claims {
        let made = block(claim, record.claim(claim.number));
        match parts.last_mut() {
            Some((section, inner)) if *section == claim.section => inner.push(&made),
            _ => parts.push((claim.section.as_str(), made)),
        }
    }
    let one = |(at, (section, inner)): (usize, (&str, Html))| {
        // What a file calls its sections may be anything; an anchor may not.
        open_section(&format!("section-{at}"), &format!("Section {section}"), inner)
    };
    parts.into_iter().enumerate().map(one).collect()
}

fn block(claim: &RegisteredClaim, judged: Option<&JudgedClaim>) -> Html {
    let title = format!("{}. {}", claim.number, claim.says);
    let mut out = Html::element("h3", &[("id", &anchor(claim.number))], Html::text(&title));
    let found = verdict(judged.map(|judged| judged.verdict));
    out.push(&Html::element("p", &[("class", "answer")], found));
    if let Some(open) = judged.filter(|judged| judged.verdict == ClaimVerdict::Inconclusive) {
        out.push(&Html::leaf("p", "", format!("It is open: {}", open.reason.as_deref().unwrap_or_default())));
    }
    if let Some(original) = &claim.original {
        out.push(&Html::leaf("p", "", format!("The original: {original} …")));
    }
    let told = told(claim).join(" ");
    if !told.is_empty() {
        out.push(&Html::leaf("p", "", told));
    }
    let mut grid = Grid::new(
        &format!("Measured for claim {}", claim.number),
        ["Where", "What", "#Ours", "As claimed?", "Seen"],
    );
    for measure in judged.map(|judged| judged.measures.as_slice()).unwrap_or_default() {
        let (place, that) = question(measure);
        let seen = measure.seen.first().map_or("", String::as_str);
        grid.marked(vec![
            Html::text(place),
            Html::leaf("code", "", that),
            Html::text(measured(measure, PAGE)),
            Html::text(sign(measure)),
            if seen.is_empty() { Html::new() } else { Html::leaf("code", "", seen) },
        ]);
    }
    out.with(&grid.render())
}
