//! A line as large as a word: how a share went from one run to the next.

use crate::markup::Html;
use crate::text::number::PAGE;

const SIZE: (f64, f64) = (160.0, 28.0);
/// Room for the dot of the last value.
const EDGE: f64 = 4.0;

/// Draws the shares; the axis begins at nothing and ends at the highest of them.
pub(crate) fn spark(key: &str, of: &str, shares: &[f64]) -> Html {
    let highest = shares.iter().copied().fold(0.0, f64::max);
    let (wide, high) = (SIZE.0 - 2.0 * EDGE, SIZE.1 - 2.0 * EDGE);
    let step = wide / (shares.len().max(2) - 1) as f64;
    let place = |(at, share): (usize, &f64)| {
        let up = if highest > 0.0 { share / highest } else { 0.0 };
        (EDGE + step * at as f64, EDGE + high * (1.0 - up))
    };
    let points: Vec<(f64, f64)> = shares.iter().enumerate().map(place).collect();
    let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let title = format!("Loss of {of} over {} runs", shares.len());
    let all: Vec<String> = shares.iter().map(|share| PAGE.percent(*share)).collect();
    let (title_id, about_id) = (format!("{key}-t"), format!("{key}-d"));
    let mut inner = Html::element("title", &[("id", &title_id)], Html::text(title))
        .with(&Html::element("desc", &[("id", &about_id)], Html::text(format!("{}.", all.join(", ")))))
        .with(&Html::void(
            "polyline",
            &[("class", "l soft"), ("stroke-width", "1.5"), ("points", &path.join(" "))],
        ));
    if let Some((x, y)) = points.last() {
        let (x, y) = (format!("{x:.1}"), format!("{y:.1}"));
        let class = if shares.last().is_some_and(|share| *share > 0.0) { "f lost" } else { "f received" };
        inner.push(&Html::void("circle", &[("class", class), ("cx", &x), ("cy", &y), ("r", "3")]));
    }
    let attributes = [
        ("viewBox", &*format!("0 0 {} {}", SIZE.0, SIZE.1)),
        ("class", "spark"),
        ("role", "img"),
        ("aria-labelledby", &*format!("{title_id} {about_id}")),
    ];
    Html::element("svg", &attributes, inner)
}
