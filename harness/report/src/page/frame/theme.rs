//! The four themes under which the sections of a page are folded away.

use super::part::PageSection;
use crate::markup::Html;

/// Some sections under one heading.
pub(crate) struct Theme {
    /// Anchor.
    pub(crate) id: &'static str,
    /// The heading.
    pub(crate) name: &'static str,
    /// What its sections are about, in a sentence.
    pub(crate) about: &'static str,
    pub(crate) sections: Vec<PageSection>,
}

impl Theme {
    /// The theme as markup: the heading in sight, its sections folded away.
    pub(crate) fn render(&self) -> Html {
        if self.sections.is_empty() {
            return Html::new();
        }
        let (heading, inside) = (self.heading(), self.anchor());
        let head = Html::element("h2", &[("id", &heading)], Html::text(self.name))
            .with(&Html::leaf("p", "note", self.about));
        let sections: Html = self.sections.iter().map(PageSection::render).collect();
        let body = Html::element("div", &[("class", "body"), ("id", &inside)], sections);
        let fold =
            Html::element("details", &[("class", "fold")], Html::element("summary", &[], head).with(&body));
        let attributes = [("id", self.id), ("class", "theme"), ("aria-labelledby", &*heading)];
        Html::element("section", &attributes, fold)
    }

    fn heading(&self) -> String {
        format!("{}-q", self.id)
    }

    fn anchor(&self) -> String {
        format!("{}-a", self.id)
    }

    /// Links to the theme and to each of its sections.
    fn links(&self) -> Html {
        let link =
            |to: &str, text: &str| Html::element("a", &[("href", &format!("#{to}"))], Html::text(text));
        let item =
            |section: &PageSection| Html::element("li", &[], link(&section.anchor(), section.question));
        let list = Html::element("ul", &[], self.sections.iter().map(item).collect());
        let head = Html::element("h3", &[], link(&self.anchor(), self.name));
        Html::element("div", &[], head.with(&list))
    }
}

/// What there is below the first screen.
pub(crate) fn contents(themes: &[Theme]) -> Html {
    let full = themes.iter().filter(|theme| !theme.sections.is_empty());
    let links = Html::element("div", &[("class", "map")], full.map(Theme::links).collect());
    let heading = Html::element("h2", &[("id", "more-q")], Html::text("What else do you want to know?"));
    Html::element("nav", &[("aria-labelledby", "more-q")], heading.with(&links))
}
