//! On which export path were they lost?

use spanfate_model::books::ledger::PathSpread;
use spanfate_model::fate::Fate;
use spanfate_model::result::{PathKind, RunResult};

use crate::figures::export_paths::{PathRow, Several, mean, rows, spread, start, worst};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, details, doubt, fold, note};
use crate::text::number::{NONE, PAGE};
use crate::text::words::{self, maybe};

/// A number of spans of a row.
type Count = fn(&PathRow<'_>) -> u64;

/// Most paths of all variants that are shown.
const ROWS: usize = 200;
/// Most fates of a path that are named.
const FATES: usize = 3;

/// The section; absent where no program has several paths.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let all = rows(result);
    if all.is_empty() {
        return None;
    }
    let table = PathTables { several: Several::of(&all), started: all.iter().any(|row| row.start.is_some()) };
    let shown = all.get(..ROWS).unwrap_or(&all);
    let left = all.len() - shown.len();
    let more = if left > 0 {
        note(format!("and {} more in result.json", PAGE.counted(left as u64, "path", "paths")))
    } else {
        Html::new()
    };
    let explained = note(
        "A span has one fate on each export path that it was offered to, so each path has books of its own, and one span may stand in \
         several rows. Everywhere else in this report a span counts once, by the path on which it fared worst. Counts are those of \
         the whole run, warm-up included; loss and the capacity model speak of the measured part, means over the trials.",
    );
    let details = [table.settings(shown), table.exports(shown), table.laws(shown)];
    let body = table.books(shown).with(&more).with(&spreads(result)).with(&explained);
    Some(PageSection {
        id: "paths",
        question: "On which export path were they lost?",
        answer: answer(result, &all, table.several),
        body: body.with(&details.into_iter().collect()),
    })
}

fn answer(result: &RunResult, all: &[PathRow<'_>], several: Several) -> String {
    let paths: Vec<&PathRow<'_>> = all.iter().filter(|row| !row.is_nowhere()).collect();
    let losing = paths.iter().filter(|row| row.lost() > 0).count();
    let n = |count: u64| PAGE.count(count);
    let mut text = match worst(all) {
        None => {
            let due = paths.iter().map(|row| row.offered - row.deliberate().min(row.offered)).sum();
            format!("On none of {} paths: 0 of {} spans.", n(paths.len() as u64), n(due))
        }
        Some(row) if row.is_nowhere() => format!("Most on none: {} spans {}.", n(row.lost()), row.path),
        Some(row) => {
            let whose = row.whose(several);
            let whose = if whose.is_empty() { whose } else { format!(" ({whose})") };
            let which = match losing {
                1 => format!("Only on {}", row.path),
                _ => format!(
                    "On {} of {} paths; most on {}",
                    n(losing as u64),
                    n(paths.len() as u64),
                    row.path
                ),
            };
            let due = row.offered - row.deliberate().min(row.offered);
            let fate = row.elsewhere().first().map(|(fate, _)| format!(", {}", fate.facts().short));
            let law = row.predicted().map(|rate| match rate {
                rate if rate > 0.0 => format!("; the capacity model predicts {}", PAGE.percent(rate)),
                _ => "; the capacity model predicts no loss".to_owned(),
            });
            format!(
                "{which}{whose}: {} of {} spans{}{}.",
                n(row.lost()),
                n(due),
                fate.unwrap_or_default(),
                law.unwrap_or_default()
            )
        }
    };
    if let Some(PathSpread { every, some, none }) = spread(&result.variants) {
        text += &format!(
            " {} arrived on every path, {} on some, {} on none.",
            PAGE.counted(every, "span", "spans"),
            n(some),
            n(none)
        );
    }
    let nowhere: u64 = all.iter().filter(|row| row.is_nowhere()).map(|row| row.offered).sum();
    if nowhere > 0 {
        let were = if nowhere == 1 { "was" } else { "were" };
        text += &format!(" {} {were} offered to no path.", PAGE.counted(nowhere, "span", "spans"));
    }
    let open: u64 = all.iter().map(|row| row.unexplained + row.unaccounted).sum();
    if open > 0 {
        let have = if open == 1 { "has" } else { "have" };
        text += &format!(" {} {have} no proven fate on a path.", PAGE.counted(open, "span", "spans"));
    }
    text
}

/// What the tables have in common: what tells their paths apart.
struct PathTables {
    several: Several,
    /// Some service was started more than once.
    started: bool,
}

impl PathTables {
    fn grid(&self, caption: &str, titles: &[&str]) -> Grid {
        let of = [
            self.several.variants.then_some("variant"),
            self.several.services.then_some("service"),
            self.started.then_some("start"),
        ];
        let of: Vec<&str> = of.into_iter().flatten().collect();
        let first = if of.is_empty() {
            "Export path".to_owned()
        } else {
            format!("Export path | {}", of.join(" · "))
        };
        Grid::new(caption, std::iter::once(first.as_str()).chain(titles.iter().copied()))
    }

    fn row(&self, grid: &mut Grid, row: &PathRow<'_>, cells: impl IntoIterator<Item = Html>) {
        let behind = row.results.first().map(|one| &one.behind).filter(|behind| !behind.is_empty());
        let mut name = Html::text(row.path);
        if let Some(behind) = behind {
            name.push(&Html::leaf("small", "", format!("behind {}", behind.join(", "))));
        }
        // Below its name, not in columns: the figures are to fit beside it.
        let of = [
            self.several.variants.then(|| row.variant.name.clone()),
            self.several.services.then(|| row.service.to_owned()),
            row.start.filter(|_| self.started).map(start),
        ];
        let of: Vec<String> = of.into_iter().flatten().collect();
        if !of.is_empty() {
            name.push(&Html::leaf("small", "", of.join(" · ")));
        }
        grid.marked(std::iter::once(name).chain(cells).collect());
    }

    /// What became of the spans.
    fn books(&self, rows: &[PathRow<'_>]) -> Html {
        let unplaced: [(&str, Count); 2] = [
            ("#Unexplained | spans", |row| row.unexplained),
            ("#Unaccounted | spans", |row| row.unaccounted),
        ];
        let unplaced: Vec<_> =
            unplaced.into_iter().filter(|(_, pick)| rows.iter().any(|row| pick(row) > 0)).collect();
        let lawful = rows.iter().any(|row| row.predicted().is_some());
        let mut titles =
            vec!["#Offered | spans", "#Received | spans", "#Lost | spans", "#Not meant | to arrive"];
        titles.extend(unplaced.iter().map(|(title, _)| *title));
        titles.extend(["Not received | where", "#Loss | measured part"]);
        titles.extend(lawful.then_some("#Model predicts"));
        let mut grid = self.grid("Spans by export path", &titles);
        for row in rows {
            let mut cells: Vec<String> =
                [row.offered, row.received(), row.lost(), row.deliberate()].map(|n| PAGE.count(n)).to_vec();
            cells.extend(unplaced.iter().map(|(_, pick)| PAGE.count(pick(row))));
            cells.push(elsewhere(&row.elsewhere()));
            cells.push(maybe(row.loss_words(PAGE), |text| text));
            cells.extend(lawful.then(|| words::law(row.predicted(), PAGE)));
            self.row(&mut grid, row, cells.into_iter().map(Html::text));
        }
        fold(grid.len(), &format!("Spans by export path ({} rows)", grid.len()), grid.render())
    }

    /// What each path is set to.
    fn settings(&self, rows: &[PathRow<'_>]) -> Html {
        let titles = [
            "Processor",
            "#Queue | spans",
            "#Batch | spans",
            "#Delay | ms",
            "#Export timeout | ms",
            "When full",
            "Exporter",
        ];
        let mut grid = self.grid("What each path is set to", &titles);
        for row in rows {
            let Some(first) = row.results.first() else { continue };
            let kind = match first.kind {
                PathKind::Batch => "batch",
                PathKind::Simple => "simple",
                PathKind::Other => "your service's own",
            };
            let used = row.results.iter().find_map(|one| one.effective.as_ref());
            let exporter = if first.exporter.is_empty() { NONE } else { &first.exporter };
            let cells = [
                kind.to_owned(),
                maybe(used, |used| PAGE.count(u64::from(used.queue))),
                maybe(used, |used| PAGE.count(u64::from(used.batch))),
                maybe(used, |used| PAGE.short(used.delay_ms)),
                maybe(used, |used| PAGE.short(used.export_timeout_ms)),
                maybe(used, |used| if used.block { "blocks" } else { "drops" }.to_owned()),
                exporter.to_owned(),
            ];
            self.row(&mut grid, row, cells.into_iter().map(Html::text));
        }
        folded("What each path is set to", &grid)
    }

    /// What its exporter did, what its processor counted, and when it was shut down.
    fn exports(&self, rows: &[PathRow<'_>]) -> Html {
        let titles = [
            "#Export calls",
            "#Failed | calls",
            "#No result | calls",
            "Failed how",
            "#Spans per call",
            "#Longest | ms",
            "#Dropped | queue full",
            "#Dropped | its own counter",
            "#Shutdown began | ms after load start",
        ];
        let mut grid = self.grid("Exports, drops and shutdown of each path", &titles);
        for row in rows.iter().filter(|row| !row.is_nowhere()) {
            let per_call = mean(row.results.iter().map(|one| one.exports.spans_per_call));
            let longest = row.results.iter().filter_map(|one| one.exports.longest_ms).reduce(f64::max);
            let (dropped, counted) = row.dropped();
            let by_sdk = match row.miscounted() {
                Some(counted) => doubt(PAGE.count(counted)),
                None => Html::text(maybe(counted, |n| PAGE.count(n))),
            };
            let shut: Vec<String> =
                row.results.iter().filter_map(|one| one.shutdown_ms).map(|ms| PAGE.fixed(ms, 0)).collect();
            let shut = if shut.is_empty() { NONE.to_owned() } else { shut.join(", ") };
            let calls: [fn(&spanfate_model::result::PathResult) -> u64; 3] =
                [|one| one.exports.calls, |one| one.exports.failed, |one| one.exports.unfinished];
            let mut all = calls.map(|pick| Html::text(PAGE.count(row.sum(pick)))).to_vec();
            all.extend(
                [failures(row), maybe(per_call, |n| PAGE.fixed(n, 1)), maybe(longest, |ms| PAGE.short(ms))]
                    .map(Html::text),
            );
            all.extend([Html::text(PAGE.count(dropped)), by_sdk, Html::text(shut)]);
            self.row(&mut grid, row, all);
        }
        folded("Exports, drops and shutdown of each path", &grid)
    }

    /// What the capacity model is fed with.
    fn laws(&self, rows: &[PathRow<'_>]) -> Html {
        let titles = [
            "#r: offered to the queue | spans/s",
            "#b: batch | spans",
            "#queue | spans",
            "#R: export of a full batch | ms",
            "#b/R: ceiling | spans/s",
            "#r over ceiling",
            "#Model predicts",
        ];
        let mut grid = self.grid("What the capacity model is fed with for each path", &titles);
        for row in rows {
            let Some(first) = row.laws().next() else { continue };
            let mean = |pick: fn(&spanfate_model::result::Prediction) -> f64| {
                mean(row.laws().map(pick)).unwrap_or_default()
            };
            let (rate, ceiling) = (mean(|law| law.spans_per_s), mean(|law| law.ceiling));
            let cells = [
                PAGE.fixed(rate, 0),
                PAGE.count(u64::from(first.batch)),
                PAGE.count(u64::from(first.queue)),
                PAGE.short(mean(|law| law.export_ms)),
                PAGE.fixed(ceiling, 0),
                PAGE.percent(rate / ceiling),
                words::law(row.predicted(), PAGE),
            ];
            self.row(&mut grid, row, cells.into_iter().map(Html::text));
        }
        folded("What the capacity model is fed with for each path", &grid)
    }
}

fn folded(summary: &str, grid: &Grid) -> Html {
    if grid.len() == 0 { Html::new() } else { details(summary, grid.render()) }
}

/// What became of the spans that did not arrive, most first.
fn elsewhere(fates: &[(Fate, u64)]) -> String {
    let one = |(fate, n): &(Fate, u64)| format!("{} {}", PAGE.count(*n), fate.facts().short);
    let mut told: Vec<String> = fates.iter().take(FATES).map(one).collect();
    if fates.len() > FATES {
        told.push(format!("{} more", fates.len() - FATES));
    }
    if told.is_empty() { NONE.to_owned() } else { told.join(", ") }
}

/// What the errors of its failed exports said.
fn failures(row: &PathRow<'_>) -> String {
    let mut sums = std::collections::BTreeMap::new();
    for (cause, calls) in row.results.iter().flat_map(|one| &one.failed_by) {
        *sums.entry(cause.clone()).or_insert(0) += calls;
    }
    let one = |(calls, cause): (u64, &str)| format!("{} {cause}", PAGE.count(calls));
    let told: Vec<String> = words::causes(&sums).into_iter().map(one).collect();
    if told.is_empty() { NONE.to_owned() } else { told.join(", ") }
}

/// On how many of their paths spans arrived, by variant where there are several.
fn spreads(result: &RunResult) -> Html {
    let titles = ["Variant", "#On every path | spans", "#On some | spans", "#On none | spans"];
    let mut grid = Grid::new("On how many of its paths a span arrived", titles);
    for variant in &result.variants {
        if let Some(PathSpread { every, some, none }) = spread([variant]) {
            grid.row([variant.name.clone(), PAGE.count(every), PAGE.count(some), PAGE.count(none)]);
        }
    }
    if grid.len() < 2 {
        Html::new()
    } else {
        fold(grid.len(), "On how many of its paths a span arrived", grid.render())
    }
}
