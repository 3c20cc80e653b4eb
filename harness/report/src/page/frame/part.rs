//! The pieces sections are made of.

use spanfate_model::result::{RunResult, TrialResult, VariantResult};
use spanfate_model::verdict::Verdict;

use crate::markup::Html;
use crate::text::words;

/// A question with its answer.
pub(crate) struct PageSection {
    /// Anchor.
    pub(crate) id: &'static str,
    /// The heading.
    pub(crate) question: &'static str,
    /// One sentence.
    pub(crate) answer: String,
    /// What the answer rests on.
    pub(crate) body: Html,
}

impl PageSection {
    /// The section as markup: question and answer in sight, what the answer rests on folded away.
    pub(crate) fn render(&self) -> Html {
        let (heading, inside) = (format!("{}-q", self.id), self.inside());
        let head = Html::element("h3", &[("id", &heading)], Html::text(self.question)).with(&Html::leaf(
            "p",
            "answer",
            &self.answer,
        ));
        let inner = if self.body.is_empty() {
            head
        } else {
            let body = Html::element("div", &[("class", "body"), ("id", &inside)], self.body.clone());
            Html::element("details", &[("class", "fold")], Html::element("summary", &[], head).with(&body))
        };
        Html::element("section", &[("id", self.id), ("aria-labelledby", &heading)], inner)
    }

    /// The section as a part of another one: under its own heading and anchor, and nothing folded.
    pub(crate) fn part(&self) -> Html {
        let head = Html::leaf("h4", "", self.question).with(&Html::leaf("p", "", &self.answer));
        Html::element("div", &[("class", "part"), ("id", self.id)], head.with(&self.body))
    }

    /// Where a link to it leads: into what is folded, so that browsers unfold it.
    pub(crate) fn anchor(&self) -> String {
        if self.body.is_empty() { self.id.to_owned() } else { self.inside() }
    }

    fn inside(&self) -> String {
        format!("{}-a", self.id)
    }
}

/// A section that folds nothing away; nothing where there is nothing in it.
pub(crate) fn open_section(id: &str, question: &str, inner: Html) -> Html {
    if inner.is_empty() {
        return inner;
    }
    let heading = format!("{id}-q");
    let inner = Html::element("h2", &[("id", &heading)], Html::text(question)).with(&inner);
    Html::element("section", &[("id", id), ("aria-labelledby", &heading)], inner)
}

/// A paragraph of explanation.
pub(crate) fn note(text: impl AsRef<str>) -> Html {
    Html::leaf("p", "note", text)
}

/// Something that can be unfolded.
pub(crate) fn details(summary: &str, inner: Html) -> Html {
    Html::element("details", &[], [Html::leaf("summary", "", summary), inner].into_iter().collect())
}

/// Something that is folded away if it is long.
pub(crate) fn fold(rows: usize, summary: &str, inner: Html) -> Html {
    const SHORT: usize = 20;
    if rows > SHORT { details(summary, inner) } else { inner }
}

/// Lines to paste, as they are.
pub(crate) fn paste(lines: &[String]) -> Html {
    let code: Html = lines.iter().map(|line| Html::text(line).with(&Html::literal("\n"))).collect();
    Html::element("pre", &[("class", "paste"), ("tabindex", "0")], Html::element("code", &[], code))
}

/// Plots beside each other as far as there is room, each under its name.
pub(crate) fn plots(parts: impl IntoIterator<Item = (String, Html)>) -> Html {
    let inner: Html = parts
        .into_iter()
        .map(|(name, plot)| Html::element("figure", &[], Html::leaf("figcaption", "", name).with(&plot)))
        .collect();
    Html::element("div", &[("class", "plots")], inner)
}

/// What the marks of a plot mean: how a mark looks, the class of its colour, and words.
pub(crate) fn legend(entries: &[(LegendKey, &'static str, &'static str)]) -> Html {
    let entry = |(key, class, words): &(LegendKey, &'static str, &'static str)| {
        let attributes = [("viewBox", "0 0 28 10"), ("aria-hidden", "true"), ("class", "key")];
        let drawn = Html::element("svg", &attributes, key.draw(class));
        Html::element("li", &[], drawn.with(&Html::text(words)))
    };
    Html::element("ul", &[("class", "legend")], entries.iter().map(entry).collect())
}

/// How a mark looks.
#[derive(Clone, Copy)]
pub(crate) enum LegendKey {
    Line,
    Bar,
    Dot,
    /// A vertical line under a triangle.
    Tick,
    /// A vertical line.
    Post,
    /// A line with ends.
    Beam,
    /// An empty bar.
    Frame,
}

impl LegendKey {
    fn draw(self, class: &str) -> Html {
        let (stroke, fill) = (format!("l {class}"), format!("f {class}"));
        let line = |points: &str| {
            Html::void("polyline", &[("class", &stroke), ("stroke-width", "2"), ("points", points)])
        };
        let fill = ("class", &*fill);
        match self {
            Self::Line => line("0,5 28,5"),
            Self::Bar => Html::void("rect", &[fill, ("width", "28"), ("height", "10")]),
            Self::Dot => Html::void("circle", &[fill, ("cx", "14"), ("cy", "5"), ("r", "2.5")]),
            Self::Tick => {
                line("14,3 14,10").with(&Html::void("polygon", &[fill, ("points", "10,0 18,0 14,5")]))
            }
            Self::Post => line("14,0 14,10"),
            Self::Frame => Html::void(
                "rect",
                &[("class", &stroke), ("x", "1"), ("y", "1"), ("width", "26"), ("height", "8")],
            ),
            Self::Beam => line("4,1 4,9").with(&line("4,5 24,5")).with(&line("24,1 24,9")),
        }
    }
}

/// A verdict as a badge; a sign as well as a colour.
pub(crate) fn badge(verdict: Verdict) -> Html {
    let (class, sign) = match verdict {
        Verdict::Pass => ("badge good", "✓ "),
        Verdict::Inconclusive => ("badge warn", "? "),
        Verdict::Fail => ("badge bad", "✗ "),
        Verdict::AccountingBroken => ("badge broken", "‼ "),
    };
    Html::leaf("span", class, format!("{sign}{}", words::verdict(verdict)))
}

/// A short remark that something is doubtful.
pub(crate) fn doubt(text: impl AsRef<str>) -> Html {
    Html::leaf("span", "badge warn", format!("! {}", text.as_ref()))
}

/// How a trial is called: its variant, and its number where there are several.
pub(crate) fn trial_name(variant: &VariantResult, trial: &TrialResult) -> String {
    if variant.trials.len() > 1 {
        format!("{} · trial {}", variant.name, trial.repetition + 1)
    } else {
        variant.name.clone()
    }
}

/// A value and the variant it belongs to.
pub(crate) type Named<'a> = (f64, &'a str);

/// The variants with the smallest and with the largest value of a figure.
pub(crate) fn range(
    result: &RunResult,
    value: impl Fn(&VariantResult) -> Option<f64>,
) -> Option<(Named<'_>, Named<'_>)> {
    let mut all: Vec<Named<'_>> = result
        .variants
        .iter()
        .filter_map(|variant| Some((value(variant).filter(|v| v.is_finite())?, variant.name.as_str())))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some((*all.first()?, *all.last()?))
}
