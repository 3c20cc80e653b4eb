//! Which service loses?

use std::collections::BTreeSet;

use spanfate_model::plan::Plan;
use spanfate_model::result::{RunResult, ServiceResult, VariantResult};

use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, details, doubt, fold, note};
use crate::text::number::{NONE, PAGE};
use crate::text::words::{self, maybe};

/// Most services of all variants that are shown, those that lose most first.
const ROWS: usize = 200;
/// Most rows without a loss that are shown at once beside others.
const SHORT: usize = 4;

/// A service of a variant, over the variant's trials.
struct LossyService<'a> {
    variant: &'a VariantResult,
    name: &'a str,
    /// Number and result of each trial that has it.
    trials: Vec<(u16, &'a ServiceResult)>,
    /// Whether its spans are known: it makes some, and there was a witness in it.
    known: bool,
}

impl LossyService<'_> {
    fn due(&self) -> u64 {
        self.trials.iter().map(|(_, service)| service.loss.due).sum()
    }

    fn lost(&self) -> u64 {
        self.trials.iter().map(|(_, service)| service.loss.lost).sum()
    }

    /// The mean over the trials: a trial is the statistical unit.
    fn rate(&self) -> f64 {
        mean(self.trials.iter().map(|(_, service)| service.loss.rate)).unwrap_or_default()
    }

    fn predicted(&self) -> Option<f64> {
        mean(self.trials.iter().filter_map(|(_, service)| service.loss.predicted.map(|law| law.rate)))
    }

    fn sum(&self, pick: fn(&ServiceResult) -> u64) -> String {
        PAGE.count(self.trials.iter().map(|(_, service)| pick(service)).sum())
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0u32), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}

/// The section; absent where there is only one service.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    if result.plan.services.len() < 2 || result.variants.is_empty() {
        return None;
    }
    let mut all = services(result);
    all.sort_by_key(|one| std::cmp::Reverse(one.lost()));
    let left = all.len().saturating_sub(ROWS);
    let more = if left > 0 { note(format!("and {left} more rows in result.json")) } else { Html::new() };
    let shown = all.get(..ROWS).unwrap_or(&all);
    Some(PageSection {
        id: "services",
        question: "Which service loses?",
        answer: answer(result, &all),
        body: losses(shown, &result.plan).with(&used(shown)).with(&more).with(&note(
            "Hops are calls between the load and a service. The capacity model speaks of each service for \
             itself; loss is the mean over the trials, counts are their sums.",
        )),
    })
}

fn services(result: &RunResult) -> Vec<LossyService<'_>> {
    let mut out = Vec::new();
    for variant in &result.variants {
        let mut names: Vec<(u16, &str)> = Vec::new();
        for service in variant.trials.iter().flat_map(|trial| &trial.services) {
            if !names.iter().any(|(_, known)| *known == service.service) {
                names.push((service.depth, &service.service));
            }
        }
        names.sort_by_key(|(depth, _)| *depth);
        for (_, name) in names {
            let trials: Vec<(u16, &ServiceResult)> = variant
                .trials
                .iter()
                .filter_map(|trial| {
                    let found = trial.services.iter().find(|service| service.service == name)?;
                    Some((trial.repetition, found))
                })
                .collect();
            let known = trials.iter().any(|(_, service)| service.loss.due > 0);
            out.push(LossyService { variant, name, trials, known });
        }
    }
    out
}

fn answer(result: &RunResult, all: &[LossyService<'_>]) -> String {
    let known: Vec<&LossyService<'_>> = all.iter().filter(|one| one.known).collect();
    let lossy: BTreeSet<&str> = known.iter().filter(|one| one.lost() > 0).map(|one| one.name).collect();
    let worst = known
        .iter()
        .filter(|one| one.lost() > 0)
        .reduce(|a, b| if b.rate().total_cmp(&a.rate()).is_gt() { b } else { a });
    let seen: BTreeSet<&str> = known.iter().map(|one| one.name).collect();
    let mut text = match worst {
        None if known.is_empty() => {
            "That cannot be said: no service has a witness in its process.".to_owned()
        }
        None => match known.iter().map(|one| one.due()).sum() {
            0 => "None of their spans was due in the measured part.".to_owned(),
            due => format!("None of those that were watched: 0 of {} spans.", PAGE.count(due)),
        },
        Some(one) => {
            let who = if lossy.len() == 1 {
                format!("Only {}", one.name)
            } else {
                format!("{} of {}; {} most", lossy.len(), seen.len(), one.name)
            };
            let law =
                maybe(
                    one.predicted(),
                    |rate| {
                        if rate > 0.0 { PAGE.percent(rate) } else { "no loss".to_owned() }
                    },
                );
            let law =
                if law == NONE { String::new() } else { format!(", and the capacity model predicts {law}") };
            format!("{who}: {} of its spans with {}{law}.", PAGE.percent(one.rate()), one.variant.name)
        }
    };
    let ended: BTreeSet<&str> = all
        .iter()
        .filter(|one| one.trials.iter().any(|(_, service)| service.ended_by_itself.is_some()))
        .map(|one| one.name)
        .collect();
    if !ended.is_empty() {
        let names: Vec<&str> = ended.into_iter().collect();
        text += &format!(" Ended before it was asked to: {}.", names.join(", "));
    }
    let unwatched =
        result.plan.services.iter().filter(|s| s.makes_spans() && !seen.contains(s.name.as_str()));
    let unwatched: Vec<&str> = unwatched.map(|service| service.name.as_str()).collect();
    if !unwatched.is_empty() && !known.is_empty() {
        text += &format!(" Of {} it cannot be said.", unwatched.join(", "));
    }
    text
}

fn losses(all: &[LossyService<'_>], plan: &Plan) -> Html {
    let titles = [
        "Service",
        "Variant",
        "#Hops",
        "#Due | spans",
        "#Lost | spans",
        "#Loss",
        "#Model predicts",
        "#Measured − model | percentage points",
        "Ended by itself",
    ];
    let mut grid = Grid::new("Loss by service in the measured part", titles);
    let mut clean = Grid::new("Services without a loss", titles);
    for one in all {
        let silent = plan.services.iter().any(|service| service.name == one.name && !service.makes_spans());
        let counts = match (one.known, one.lost()) {
            (false, _) => [NONE.to_owned(), NONE.to_owned(), NONE.to_owned()],
            (true, 0) => [PAGE.count(one.due()), "0".to_owned(), format!("0 of {}", PAGE.count(one.due()))],
            (true, lost) => [PAGE.count(one.due()), PAGE.count(lost), PAGE.percent(one.rate())],
        };
        let predicted = one.predicted().filter(|_| one.known);
        let ended: Vec<Html> = one
            .trials
            .iter()
            .filter_map(|(trial, service)| Some((trial, service.ended_by_itself.as_ref()?)))
            .map(|(trial, how)| doubt(format!("trial {}: {how}", trial + 1)))
            .collect();
        let calm = ended.is_empty();
        let mut name = Html::text(one.name);
        if !one.known {
            let why = if silent { "makes no spans" } else { "no witness in the process, or no span" };
            name.push(&Html::leaf("small", "", why));
        }
        let depth = one.trials.first().map_or(0, |(_, service)| service.depth).to_string();
        let mut cells = vec![name, Html::text(&one.variant.name), Html::text(depth)];
        cells.extend(counts.into_iter().map(Html::text));
        cells.push(Html::text(words::law(predicted, PAGE)));
        cells.push(Html::text(maybe(predicted, |law| PAGE.fixed((one.rate() - law) * 100.0, 2))));
        cells.push(if ended.is_empty() { Html::text("no") } else { ended.into_iter().collect() });
        if one.known && one.lost() == 0 && calm { clean.marked(cells) } else { grid.marked(cells) }
    }
    let open = fold(grid.len(), &format!("Loss by service ({} rows)", grid.len()), grid.render());
    let clean = if grid.len() > 0 && clean.len() > SHORT {
        details(&format!("{} rows without a loss", clean.len()), clean.render())
    } else {
        clean.render()
    };
    open.with(&clean)
}

/// What each service's SDK used and what its exporter did.
fn used(all: &[LossyService<'_>]) -> Html {
    let titles = [
        "Service",
        "Variant",
        "#Queue | spans",
        "#Batch | spans",
        "When full",
        "Protocol",
        "#Export calls",
        "#Failed | or no result",
        "#Spans per call",
        "#Full batch | ms",
        "SDK",
    ];
    let mut grid = Grid::new("What each service really used", titles);
    for one in all.iter().filter(|one| one.trials.iter().any(|(_, service)| service.effective.is_some())) {
        let used = one.trials.iter().find_map(|(_, service)| service.effective.as_ref());
        let times = one.trials.iter().filter_map(|(_, service)| service.exports.full_batch_ms);
        let sdks: BTreeSet<&str> = one.trials.iter().map(|(_, service)| service.sdk.as_str()).collect();
        grid.row([
            one.name.to_owned(),
            one.variant.name.clone(),
            maybe(used, |used| PAGE.count(u64::from(used.queue))),
            maybe(used, |used| PAGE.count(u64::from(used.batch))),
            maybe(used, |used| if used.block { "blocks" } else { "drops" }.to_owned()),
            maybe(used, |used| used.protocol.clone()),
            one.sum(|service| service.exports.calls),
            one.sum(|service| service.exports.failed + service.exports.unfinished),
            maybe(mean(one.trials.iter().map(|(_, s)| s.exports.spans_per_call)), |n| PAGE.fixed(n, 1)),
            maybe(mean(times), |ms| PAGE.short(ms)),
            sdks.into_iter().collect::<Vec<_>>().join(", "),
        ]);
    }
    fold(grid.len(), &format!("What each service really used ({} rows)", grid.len()), grid.render())
}
