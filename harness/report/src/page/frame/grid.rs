//! Tables: the first column names the row, numbers stand on the right.

use crate::markup::Html;

/// A table being filled.
pub(crate) struct Grid {
    caption: String,
    head: Vec<Html>,
    numbers: Vec<bool>,
    rows: Vec<Vec<Html>>,
}

impl Grid {
    /// An empty table. A title that begins with `#` heads a column of numbers; ` | ` separates the unit, which stands
    /// below.
    pub(crate) fn new<T: AsRef<str>>(caption: &str, titles: impl IntoIterator<Item = T>) -> Self {
        let mut grid =
            Self { caption: caption.to_owned(), head: Vec::new(), numbers: Vec::new(), rows: Vec::new() };
        for title in titles {
            let title = title.as_ref();
            let (number, title) = title.strip_prefix('#').map_or((false, title), |rest| (true, rest));
            let (name, unit) = title.split_once(" | ").unwrap_or((title, ""));
            let mut head = Html::text(name);
            if !unit.is_empty() {
                head.push(&Html::leaf("small", "", unit));
            }
            grid.numbers.push(number);
            grid.head.push(head);
        }
        grid
    }

    /// Adds a row of plain text.
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Html::text).collect());
    }

    /// Adds a row of markup.
    pub(crate) fn marked(&mut self, cells: Vec<Html>) {
        self.rows.push(cells);
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The table as markup; it scrolls by itself where it is too wide. Nothing if it has no row.
    pub(crate) fn render(&self) -> Html {
        if self.rows.is_empty() {
            return Html::new();
        }
        let class = |at: usize| -> &'static str {
            if self.numbers.get(at).copied().unwrap_or_default() { "n" } else { "w" }
        };
        let head: Html = self
            .head
            .iter()
            .enumerate()
            .map(|(at, title)| Html::element("th", &[("scope", "col"), ("class", class(at))], title.clone()))
            .collect();
        let row = |cells: &Vec<Html>| {
            let cell = |(at, cell): (usize, &Html)| match at {
                0 => Html::element("th", &[("scope", "row")], cell.clone()),
                _ => Html::element("td", &[("class", class(at))], cell.clone()),
            };
            Html::element("tr", &[], cells.iter().enumerate().map(cell).collect())
        };
        let inner = Html::leaf("caption", "", &self.caption)
            .with(&Html::element("thead", &[], Html::element("tr", &[], head)))
            .with(&Html::element("tbody", &[], self.rows.iter().map(row).collect()));
        scrolled(&self.caption, Html::element("table", &[], inner))
    }
}

/// A table that scrolls by itself where it is too wide, also by key.
pub(crate) fn scrolled(caption: &str, table: Html) -> Html {
    let attributes = [("class", "wide"), ("role", "group"), ("tabindex", "0"), ("aria-label", caption)];
    Html::element("div", &attributes, table)
}
