//! Sweeps: which cells lose what, which to choose, and where loss begins.

use spanfate_model::result::RunResult;

use crate::given::html;
use crate::page::reader::read;
use crate::sample::{self, Axes};
use crate::sections::traces::{asked, section};

/// A row of a heat map: its names, and attributes and text of its cells.
type Row = (Vec<String>, Vec<(String, String)>);

fn rows(section: &str) -> Vec<Row> {
    let map = section.split("<table class=\"heat\">").nth(1).unwrap_or_default();
    let map = map.split("</table>").next().unwrap_or_default();
    let body = map.split("<tbody>").nth(1).unwrap_or_default();
    let parts = |row: &str, tag: &str| -> Vec<(String, String)> {
        let open = format!("<{tag}");
        let cells = row.split(open.as_str()).skip(1);
        cells
            .map(|cell| {
                let (attributes, rest) = cell.split_once('>').unwrap_or_default();
                (attributes.trim().to_owned(), rest.split('<').next().unwrap_or_default().to_owned())
            })
            .collect()
    };
    let one = |row: &str| (parts(row, "th").into_iter().map(|(_, text)| text).collect(), parts(row, "td"));
    body.split("<tr").skip(1).map(one).collect()
}

#[test]
fn a_hundred_cells_are_laid_out_by_their_axes() {
    let survival = asked(&sample::matrix(Axes::ALL), "survival");
    for words in [
        "Which configuration survives which fault?",
        "cells lose nothing; most is lost by queue=512,rate=5000/s,faults=outage, 37.56 %.",
        "7 of 25 configurations lose nothing under all faults: queue 2048, rate 1000/s; queue 8192, rate 1000/s; ",
        "6 cells are inconclusive.",
        "Loss in the measured part by queue, rate (down) and faults (across)",
        "50 % and more",
        "no trial",
    ] {
        assert!(survival.contains(words), "{words}\nis missing in\n{}", &survival[..3000]);
    }
    let rows = rows(&survival);
    assert_eq!(rows.len(), 25);
    assert!(rows.iter().all(|(names, cells)| names.len() == 2 && cells.len() == 4));
    let cells: Vec<_> = rows.iter().flat_map(|(_, cells)| cells).collect();
    let with = |test: &dyn Fn(&(String, String)) -> bool| cells.iter().filter(|cell| test(cell)).count();
    assert_eq!(with(&|(_, text)| text == "–"), 1);
    // Five cells have no valid trial, and in one a fault did not happen.
    assert_eq!(with(&|(class, text)| class.contains("doubtful") && text.starts_with("? ")), 6);
    assert_eq!(with(&|(class, text)| class.contains("\"h0") && !text.ends_with('0')), 0, "only nothing is 0");
    assert_eq!(with(&|(class, text)| !class.contains("\"h0") && text == "0"), 0);
    assert_eq!(
        rows[3],
        (
            vec!["512".to_owned(), "4000/s".to_owned()],
            ["16 %", "16 %", "21 %", "16 %"]
                .map(|text| ("class=\"h4\"".to_owned(), text.to_owned()))
                .to_vec(),
        )
    );
}

#[test]
fn one_axis_is_a_column_and_a_sweep_without_faults_asks_otherwise() {
    let mut result = sample::matrix(Axes { queues: 1, rates: 5, faults: 1 });
    for axis in result.sweep.iter_mut().flat_map(|sweep| &mut sweep.axes) {
        axis.keys
            .iter_mut()
            .filter(|key| *key == "faults")
            .for_each(|key| *key = "receiver.answer_after".to_owned());
    }
    let survival = asked(&result, "survival");
    assert!(
        survival.contains("Which configuration loses nothing?") && !survival.contains("under all faults")
    );
    assert!(survival.contains("(down) and answer_after (across)"));
    for cell in result.sweep.iter_mut().flat_map(|sweep| &mut sweep.cells) {
        cell.at = vec![cell.at[1]];
    }
    result.sweep.iter_mut().for_each(|sweep| sweep.axes = vec![sweep.axes[1].clone()]);
    let found = rows(&asked(&result, "survival"));
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|(names, cells)| names.len() == 1 && cells.len() == 1));
}

#[test]
fn variants_with_faults_are_laid_out_without_a_sweep() {
    let mut result = sample::matrix(Axes { queues: 2, rates: 1, faults: 4 });
    result.sweep = None;
    let found = rows(&asked(&result, "survival"));
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].0, ["queue 2048, load 1000/s for 8s"]);
    assert_eq!(
        found[0].1.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
        ["0", "0", "3.7 %", "0"]
    );
    // One set-up under several faults: a line each.
    let survival = asked(&sample::faulty(), "survival");
    assert_eq!(rows(&survival).len(), 4);
    assert!(survival.contains("down + slow link") && survival.contains("2 cells are inconclusive."));
    // Nothing to lay out.
    assert!(section(&sample::nine(), "survival").is_none());
    assert!(section(&sample::repeatedly(), "survival").is_none());
}

#[test]
fn the_answer_is_right_where_all_or_nothing_is_lost_or_known() {
    let small = || sample::matrix(Axes { queues: 1, rates: 2, faults: 2 });
    let said = |result: RunResult| answer(&result, "survival");
    assert_eq!(said(small()), "All 4 cells lose nothing.");
    let mut lossy = small();
    for (n, trial) in lossy.variants.iter_mut().flat_map(|variant| &mut variant.trials).enumerate() {
        trial.loss.lost = trial.loss.due - n as u64 * 1000;
    }
    assert_eq!(
        said(lossy.clone()),
        "None: all 4 cells that can be judged lose spans; most is lost by queue=512,rate=1000/s,faults=none, 99.50 %."
    );
    let mut blind = lossy;
    for mark in blind.variants.iter_mut().flat_map(|v| &mut v.trials).flat_map(|trial| &mut trial.validity) {
        mark.valid = false;
    }
    assert_eq!(said(blind), "That cannot be said: no cell has a trial that is valid for loss.");
    let mut one = small();
    one.variants.truncate(1);
    assert_eq!(said(one), "The only cell that can be judged loses nothing.");
}

#[test]
fn a_hundred_cells_stay_below_five_mebibytes() {
    let text = html(&sample::matrix(Axes::ALL));
    assert!(text.len() < 5 << 20, "{} bytes", text.len());
    let page = read(&text).unwrap_or_else(|problem| unreachable!("{problem}"));
    assert!(page.balance().is_ok());
    assert_eq!(page.dangling(), Vec::<String>::new());
}

/// Relative luminance of a colour written as `#rrggbb`.
fn luminance(color: &str) -> f64 {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap_or_default()) / 255.0;
        if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[test]
fn numbers_can_be_read_on_every_step() {
    let text = html(&sample::single());
    // Light, dark, and print.
    for scheme in 0..3 {
        for step in 0..7 {
            let color = |name: &str| {
                let found = text.split(&format!("--{name}{step}:")).nth(scheme + 1).unwrap_or_default();
                luminance(&found[..7])
            };
            let (back, ink) = (color("h"), color("k"));
            let contrast = (back.max(ink) + 0.05) / (back.min(ink) + 0.05);
            assert!(contrast >= 4.5, "step {step} of scheme {scheme}: {contrast}");
        }
    }
}

/// The answer of a section.
pub(crate) fn answer(result: &RunResult, id: &str) -> String {
    let text = asked(result, id);
    let text = text.split("<p class=\"answer\">").nth(1).unwrap_or_default();
    text.split("</p>").next().unwrap_or_default().to_owned()
}

#[test]
fn the_cheapest_that_loses_nothing_is_named() {
    // Two of the nine have another receiver, one is not valid for latency.
    assert_eq!(
        answer(&sample::nine(), "choice"),
        "Under the conditions of small batch: 5 of 7 configurations lose nothing; the cheapest of them is SDK defaults: response p99 1.36 ms, 92.0 MiB. \
         It lost nothing in one trial, which is no advice by itself. 1 configuration cannot be judged."
    );
    let choice = asked(&sample::nine(), "choice");
    assert_eq!(choice.matches("role=\"img\"").count(), 3);
    for words in [
        "2 variants with another receiver, load, witness or fault are left out.",
        "<td class=\"w\">on the Pareto front</td>",
        "<td class=\"w\">cannot be judged</td>",
        "loss, logarithmic",
    ] {
        assert!(choice.contains(words), "{words}\nis missing in\n{choice}");
    }
    // Nothing to choose from.
    for result in [sample::single(), sample::aborted(), sample::faulty(), sample::pair()] {
        assert!(section(&result, "choice").is_none());
    }
}

#[test]
fn a_configuration_is_taken_at_its_worst_over_what_nobody_chooses() {
    let choice = answer(&sample::matrix(Axes::ALL), "choice");
    assert!(choice.starts_with(
        "All 5 configurations lose spans, each at its worst over rate and faults; least is lost by "
    ));
    assert!(choice.contains("queue 65536 (0.30 %): response p99 365 ms"), "{choice}");
    let all = asked(&sample::matrix(Axes::ALL), "choice");
    assert!(all.contains(
        "4 combinations of these are left out, under which not every configuration could be judged."
    ));
    let calm = answer(&sample::matrix(Axes { queues: 3, rates: 3, faults: 2 }), "choice");
    assert!(
        calm.starts_with("All 3 configurations lose nothing, each at its worst over rate and faults; the cheapest of them is queue 512: "),
        "{calm}"
    );
}

#[test]
fn where_nothing_is_valid_nothing_is_chosen() {
    let mut result = sample::nine();
    for mark in result.variants.iter_mut().flat_map(|v| &mut v.trials).flat_map(|trial| &mut trial.validity) {
        mark.valid = false;
    }
    let choice = asked(&result, "choice");
    assert!(choice.contains("That cannot be said: no configuration is valid for both loss and latency."));
    assert_eq!(choice.matches("role=\"img\"").count(), 0);
}
