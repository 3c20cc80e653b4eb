//! What did the probes see, and what did they lose?

use spanfate_model::fate::witness::WitnessState;
use spanfate_model::format::probe::ProbeKind;
use spanfate_model::result::{ProbeResult, ProbedProcessor, RunResult, TrialResult, VariantResult};

use crate::figures::sums::trials;
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, doubt, fold, note, trial_name};
use crate::text::number::{NONE, PAGE};

/// The probes on one process.
type ProbedTrial<'a> = (&'a VariantResult, &'a TrialResult, &'a ProbeResult);

/// The section; absent where no scenario asked for probes.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let rows: Vec<ProbedTrial<'_>> = trials(result)
        .flat_map(|(variant, trial)| trial.probes.iter().map(move |probes| (variant, trial, probes)))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let body = witness(&rows).with(&processors(&rows)).with(&note(
        "Uprobes on the Go SDK, read from the kernel: independent of anything in the process. A loss of records is counted \
         where it happens, so it is exact. Modes: batch looks at each export; counters counts spans; spans and events write \
         down each of them.",
    ));
    Some(PageSection { id: "probes", question: "What did the probes see?", answer: answer(&rows), body })
}

fn answer(rows: &[ProbedTrial<'_>]) -> String {
    let records: u64 = rows.iter().map(|(_, _, probes)| probes.records).sum();
    let lost: u64 = rows.iter().map(|(_, _, probes)| probes.lost.values().sum::<u64>()).sum();
    let absent = rows.iter().filter_map(|(_, _, probes)| match &probes.state {
        WitnessState::Absent(why) => Some(why.as_str()),
        _ => None,
    });
    let absent: Vec<&str> = absent.collect();
    if absent.len() == rows.len() {
        return format!("Nothing: {}.", absent.first().copied().unwrap_or("they were not there"));
    }
    let seen = PAGE.counted(records, "record", "records");
    let processes = PAGE.counted((rows.len() - absent.len()) as u64, "process", "processes");
    let missing = match absent.len() {
        0 => String::new(),
        some => format!(" On {} there were none.", PAGE.counted(some as u64, "process", "processes")),
    };
    match lost {
        0 => format!("{seen} from {processes}, and not one was lost on the way.{missing}"),
        lost => format!(
            "{seen} from {processes}; {} more were lost on the way, counted one by one.{missing}",
            PAGE.count(lost)
        ),
    }
}

fn witness(rows: &[ProbedTrial<'_>]) -> Html {
    let titles = [
        "Trial",
        "Service",
        "Mode",
        "#Sites",
        "#Hits",
        "#Records",
        "#Lost",
        "First lost | ms, site",
        "#Sampled out",
        "State",
    ];
    let mut grid = Grid::new("The probes on each process", titles);
    for (variant, trial, probes) in rows {
        let first = probes.first_lost.as_ref();
        let service = match probes.incarnation {
            0 => probes.service.clone(),
            again => format!("{}, start {}", probes.service, again + 1),
        };
        grid.marked(vec![
            Html::text(trial_name(variant, trial)),
            Html::text(service),
            Html::text(mode(probes)),
            Html::text(PAGE.count(probes.sites.into())),
            Html::text(PAGE.count(hits(probes))),
            Html::text(PAGE.count(probes.records)),
            Html::text(PAGE.count(probes.lost.values().sum())),
            Html::text(first.map_or_else(
                || NONE.to_owned(),
                |first| format!("{}, {}", PAGE.fixed(first.at_ms, 1), first.site),
            )),
            Html::text(PAGE.count(probes.sampled_out)),
            state(probes),
        ]);
    }
    fold(grid.len(), &format!("{} processes", grid.len()), grid.render())
}

/// Hits of probes. Without records of spans those of a batch are counted by its length, not by a hit of each.
fn hits(probes: &ProbeResult) -> u64 {
    let counted = |site: &str| site == ProbeKind::Handed.as_str() && !probes.mode.names_spans();
    probes.hits.iter().filter(|(site, _)| !counted(site)).map(|(_, hits)| hits).sum()
}

fn mode(probes: &ProbeResult) -> String {
    match probes.shed {
        None => probes.mode.as_str().to_owned(),
        Some((at, less)) => {
            format!("{}, after {}\u{202f}ms {}", probes.mode.as_str(), PAGE.fixed(at, 0), less.as_str())
        }
    }
}

fn state(probes: &ProbeResult) -> Html {
    match &probes.state {
        WitnessState::Complete => Html::leaf("span", "ok", "✓ complete"),
        WitnessState::Lossy(0) => doubt("incomplete, nobody knows by how much"),
        WitnessState::Lossy(lost) => doubt(format!("lost {}", PAGE.count(*lost))),
        WitnessState::Absent(why) => doubt(format!("absent: {why}")),
    }
}

fn processors(rows: &[ProbedTrial<'_>]) -> Html {
    let titles = [
        "Trial",
        "Batch processor",
        "#Batches",
        "#Failed",
        "#Handed over",
        "#Dropped | its own counter",
        "#Export | ms, mean",
        "#Ceiling | spans/s",
        "Last error",
    ];
    let mut grid = Grid::new("Batch processors, as the probes read them", titles);
    for (variant, trial, probes) in rows {
        for processor in &probes.processors {
            grid.row(cells(&trial_name(variant, trial), processor));
        }
    }
    fold(grid.len(), &format!("{} batch processors", grid.len()), grid.render())
}

fn cells(trial: &str, processor: &ProbedProcessor) -> [String; 9] {
    let settings = format!(
        "queue {}, batch {}, every {}\u{202f}ms{}",
        PAGE.count(processor.queue.into()),
        PAGE.count(processor.batch.into()),
        PAGE.fixed(processor.delay_ms, 0),
        if processor.block { ", blocks" } else { "" }
    );
    // What it could export if every batch were full.
    let ceiling = processor.export_ms.filter(|ms| *ms > 0.0).map(|ms| f64::from(processor.batch) / ms * 1e3);
    let number = |value: Option<f64>, decimals| {
        value.map_or_else(|| NONE.to_owned(), |value| PAGE.fixed(value, decimals))
    };
    [
        trial.to_owned(),
        settings,
        PAGE.count(processor.batches),
        PAGE.count(processor.failed),
        PAGE.count(processor.handed),
        PAGE.count(processor.dropped),
        number(processor.export_ms, 2),
        number(ceiling, 0),
        processor.last_error.clone().unwrap_or_else(|| NONE.to_owned()),
    ]
}
