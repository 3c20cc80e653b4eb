//! What all pages have around them: head, policy, style and script.

use super::script;
use crate::markup::Html;

/// A page before it is put together.
pub(crate) struct Shell {
    pub(crate) title: String,
    /// What a browser may do with it.
    pub(crate) policy: &'static str,
    /// Words of the link that leads past the header.
    pub(crate) skip: &'static str,
    pub(crate) header: Html,
    pub(crate) main: Html,
    pub(crate) footer: String,
}

impl Shell {
    /// The whole page.
    pub(crate) fn render(self) -> String {
        let skip = Html::element("a", &[("class", "skip"), ("href", "#main")], Html::text(self.skip));
        let brand = Html::leaf("p", "brand", "Spanfate · every span gets exactly one fate");
        let body = skip
            .with(&Html::element("header", &[], brand.with(&self.header)))
            .with(&Html::element("main", &[("id", "main")], self.main))
            .with(&Html::leaf("footer", "", self.footer))
            .with(&Html::element("script", &[], Html::literal(script::TEXT)));
        let head = Html::literal("<meta charset=\"utf-8\">")
            .with(&Html::literal(self.policy))
            .with(&Html::literal(concat!(
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
                "<meta name=\"color-scheme\" content=\"light dark\">",
            )))
            .with(&Html::leaf("title", "", self.title))
            .with(&Html::element("style", &[], Html::literal(include_str!("style.css"))));
        let inside = Html::element("head", &[], head).with(&Html::element("body", &[], body));
        let page = Html::element("html", &[("lang", "en")], inside);
        Html::literal("<!DOCTYPE html>\n").with(&page).with(&Html::literal("\n")).into_string()
    }
}
