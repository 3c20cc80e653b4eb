//! The page `docs/designs.md`: what each design measured beside its contenders.

use spanfate_model::finding::designs::{DesignContender, DesignRun};
use spanfate_model::result::Estimate;
use spanfate_model::scenario::DesignPage;
use spanfate_model::scenario::figure::Figure;

use crate::text::number::{NONE, TERMINAL};

const HEAD: &str = "\
# The article's own designs

The article whose claims this project measures proposes systems of its own. Each that stands here is built as a small Go package that you
may copy, and runs in a fixture beside what you could do instead: the *contenders*. Every row is a variant of a scenario in
`scenarios/designs/`.

A cell is the mean over the trials with its 95 % interval; `–` was not measured. `≈` says that the machine was disturbed in every trial: the
books are exact all the same, but how much befell the spans may be the machine's doing, and there is no interval.
[Figures](../scenarios/README.md#figures) says what each figure is. The page is made by

    spanfate designs docs/designs.json > docs/designs.md

and a run is taken up, in place of an older one of the same scenario, by

    spanfate scenario designs/NAME
    spanfate designs docs/designs.json RUN > docs/designs.md

What of a request lies outside its span (2.2) is measured by [lifecycle](../go-fixtures/lifecycle/README.md), with a table per
instrumentation. Reading and decoding a body in a handler is inside, and in gRPC before a hand-written interceptor it is outside.
Zero-copy export (4.3) needs no service around it: [zerocopy](../go-fixtures/zerocopy/README.md) measures it by a command of its own. The
packages of the others: [spanguard](../go-fixtures/spanguard/README.md), [hybridsampling](../go-fixtures/hybridsampling/README.md),
[retrokeep](../go-fixtures/retrokeep/README.md), [samplingctl](../go-fixtures/samplingctl/README.md), [tracelog](../go-fixtures/tracelog/README.md).

The contract (5.3, `.obsrv.yml`) is a command, [contract](contract.md), tried by `spanfate scenario contract`. **Worth it as a gate: it names the line of the
rule and what was seen in its place, and it knows a key span that was created and lost, which a check of what arrives cannot. It is worth no more
than what the run exercised.**
";

/// A scenario of a design, with what it measured.
#[derive(Clone, Copy, Debug)]
pub struct DesignSection<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it asks.
    pub question: &'a str,
    /// How it is shown.
    pub page: &'a DesignPage,
    /// What was measured of the scenario as it stands; none: it was not, or it has changed since.
    pub run: Option<&'a DesignRun>,
}

pub(crate) fn page(sections: &[DesignSection<'_>]) -> String {
    let mut out = HEAD.to_owned();
    let mut design = "";
    for section in sections {
        if section.page.design != design {
            design = &section.page.design;
            out += &format!("\n## {design}\n");
        }
        out += &of_scenario(section);
    }
    out
}

fn of_scenario(section: &DesignSection<'_>) -> String {
    let DesignSection { name, question, page, run } = section;
    let mut out = format!("\n### {name}\n\n{question}\n\n");
    let Some(run) = run else {
        out += &format!(
            "No run of the scenario as it stands was taken up: `spanfate scenario designs/{name}`\n"
        );
        return out;
    };
    out += &format!("| contender | {} |\n", cells(page, |figure| format!("`{figure}`")));
    out += &format!("|---|{}\n", "---|".repeat(page.figures.0.len()));
    for DesignContender { name, figures } in &run.contenders {
        let measured = |figure: Figure| {
            figures.get(&figure.to_string()).map_or_else(|| NONE.to_owned(), |of| cell(figure, of))
        };
        out += &format!("| {name} | {} |\n", cells(page, measured));
    }
    out += &format!("\nSDK {}. **{}**\n", run.sdk, page.sentence);
    out
}

fn cells(page: &DesignPage, of: impl Fn(Figure) -> String) -> String {
    page.figures.0.iter().map(|figure| of(*figure)).collect::<Vec<_>>().join(" | ")
}

/// A mean with its interval. No figure of the page can be below zero.
fn cell(figure: Figure, estimate: &Estimate) -> String {
    let mean = value(figure, estimate.mean);
    match estimate.interval {
        _ if !estimate.valid => format!("≈ {mean}"),
        Some((low, high)) if high > low => {
            format!("{mean} ({} … {})", value(figure, low.max(0.0)), value(figure, high))
        }
        _ => mean,
    }
}

fn value(figure: Figure, value: f64) -> String {
    match figure {
        _ if value == 0.0 => "0".to_owned(),
        _ if figure.is_time() => TERMINAL.lasting(value / 1e6),
        _ if figure.is_ratio() => TERMINAL.percent(value),
        Figure::MemoryPeak | Figure::AllocBytesPerSpan | Figure::ExportsBytes => TERMINAL.bytes(value),
        _ if value.fract() == 0.0 => TERMINAL.fixed(value, 0),
        _ => TERMINAL.short(value),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use spanfate_model::scenario::PageFigures;

    use super::*;

    fn estimate(mean: f64, interval: Option<(f64, f64)>, valid: bool) -> Estimate {
        Estimate { mean, interval, n: 3, valid }
    }

    #[test]
    fn a_row_is_a_contender_and_a_section_without_a_run_says_how_to_get_one() {
        let names = ["loss.rate", "spans.received", "shutdown.longest"].map(str::to_owned);
        let page_of = |sentence: &str| DesignPage {
            design: "4.2 Guard".to_owned(),
            sentence: sentence.to_owned(),
            figures: PageFigures::try_from(names.to_vec()).unwrap(),
        };
        let figures =
            |all: [(&str, Estimate); 2]| BTreeMap::from(all.map(|(name, of)| (name.to_owned(), of)));
        let run = DesignRun {
            plan: "0".to_owned(),
            sdk: "1.47.0".to_owned(),
            contenders: vec![
                DesignContender {
                    name: "nothing".to_owned(),
                    figures: figures([
                        ("loss.rate", estimate(0.05, Some((-0.01, 0.11)), true)),
                        ("spans.received", estimate(1200.0, Some((1200.0, 1200.0)), true)),
                    ]),
                },
                DesignContender {
                    name: "guard".to_owned(),
                    figures: figures([
                        ("loss.rate", estimate(0.0, Some((0.0, 0.0)), true)),
                        ("shutdown.longest", estimate(2.5e6, None, false)),
                    ]),
                },
            ],
        };
        let (first, second) = (page_of("Worth it."), page_of("Not worth it."));
        let section = |name, page, run| DesignSection { name, question: "What is lost?", page, run };
        let text = page(&[section("guard-leak", &first, Some(&run)), section("guard-late", &second, None)]);
        let body = text.strip_prefix(HEAD).unwrap();
        let expected = "
## 4.2 Guard

### guard-leak

What is lost?

| contender | `loss.rate` | `spans.received` | `shutdown.longest` |
|---|---|---|---|
| nothing | 5.00 % (0 … 11.00 %) | 1,200 | – |
| guard | 0 | – | ≈ 2.50 ms |

SDK 1.47.0. **Worth it.**

### guard-late

What is lost?

No run of the scenario as it stands was taken up: `spanfate scenario designs/guard-late`
";
        assert_eq!(body, expected);
    }
}
