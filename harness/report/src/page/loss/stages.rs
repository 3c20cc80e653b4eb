//! Which way the spans went, as far as they came.

use spanfate_model::result::{RunResult, VariantResult};

use crate::figures::funnel::Funnel;
use crate::figures::sums::Books;
use crate::markup::Html;
use crate::page::frame::part::{LegendKey, details, legend, note};
use crate::plot::sankey;
use crate::text::number::PAGE;

/// Most variants whose way is drawn.
const DRAWN: usize = 12;

/// The way of all spans of the run, and folded away that of each variant that lost some.
pub(crate) fn diagrams(result: &RunResult) -> Html {
    let way = Funnel::of(&result.variants);
    if way.created == 0 {
        return Html::new();
    }
    let whose = if result.variants.len() > 1 { "of all variants together" } else { "of the whole run" };
    let keys = legend(&[
        (LegendKey::Bar, "created", "on the way"),
        (LegendKey::Bar, "received", "received"),
        (LegendKey::Bar, "lost", "lost"),
        (LegendKey::Bar, "deliberate", "not meant to arrive"),
        (LegendKey::Bar, "unplaced", "without a fate"),
    ]);
    let words = note(
        "From left to right: what the spans reach, and downwards those that leave the way before it. Stages before which none \
         left are not drawn. A ribbon is as wide as its spans are many; the thinnest are drawn wider, to be seen.",
    );
    Html::leaf("h4", "", format!("The way of the spans {whose}"))
        .with(&keys)
        .with(&Html::element("figure", &[], sankey("way", whose, &way)))
        .with(&words)
        .with(&by_variant(result))
}

fn by_variant(result: &RunResult) -> Html {
    let shares = result.variants.iter().enumerate().filter_map(|(at, variant)| Some((at, missing(variant)?)));
    let mut lossy: Vec<(usize, f64)> = shares.collect();
    let all = lossy.len();
    if result.variants.len() < 2 || all == 0 {
        return Html::new();
    }
    // The worst ones, in the plan's order.
    lossy.sort_by(|a, b| b.1.total_cmp(&a.1));
    lossy.truncate(DRAWN);
    lossy.sort_by_key(|(at, _)| *at);
    let drawn: Vec<&VariantResult> = lossy.iter().filter_map(|(at, _)| result.variants.get(*at)).collect();
    let figure = |(at, variant): (usize, &&VariantResult)| {
        let plot = sankey(
            &format!("way-{at}"),
            &format!("of {}", variant.name),
            &Funnel::of(std::slice::from_ref(variant)),
        );
        Html::element("figure", &[], Html::leaf("figcaption", "", &variant.name).with(&plot))
    };
    let summary = if all > drawn.len() {
        format!(
            "The way of the spans in the {} variants that miss the largest share, of {all} that miss some",
            drawn.len()
        )
    } else {
        format!("The way of the spans in {} that miss some", PAGE.counted(all as u64, "variant", "variants"))
    };
    details(&summary, drawn.iter().enumerate().map(figure).collect())
}

/// Share of the created spans that did not arrive and should have, or have no fate; nothing where there is none.
fn missing(variant: &VariantResult) -> Option<f64> {
    let books = Books::of_variant(variant);
    let missing = books.lost + books.unexplained + books.unaccounted;
    (missing > 0).then(|| missing as f64 / books.created.max(1) as f64)
}
