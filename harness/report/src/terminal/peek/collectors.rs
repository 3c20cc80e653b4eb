//! A peek at collectors that run, as text: the sentence that answers first, then what it rests on.

use spanfate_model::advice::observed::{FleetRow, QueueUnit};
use spanfate_model::finding::collector::{CollectorHealth, CollectorPeek};

use crate::terminal::titled_rows::{row, time};
use crate::text::fit::{clean, clip};
use crate::text::number::{NONE, TERMINAL};

/// Columns of a name in a line.
const NAME: usize = 30;

/// A block per exporter; ends with a newline.
pub(crate) fn render(all: &[CollectorPeek]) -> String {
    let blocks: Vec<String> = all.iter().map(block).collect();
    blocks.join("\n")
}

/// A line per exporter while it is watched.
pub(crate) fn line(all: &[CollectorPeek]) -> String {
    let one = |peek: &CollectorPeek| {
        let row = &peek.row;
        format!(
            "{:<9} {}: queue {}, in {}, sent {}, lost {}\n",
            word(peek.health),
            clip(&row.component, NAME),
            queue(peek),
            rate(comes(row)),
            rate(peek.sent_per_s),
            row.lost().map_or_else(|| NONE.to_owned(), |lost| TERMINAL.fixed(lost, 0)),
        )
    };
    all.iter().map(one).collect()
}

fn block(peek: &CollectorPeek) -> String {
    let seen = &peek.row;
    let mut out = format!("{}\n\n", sentence(peek));
    let over =
        seen.over_s.value().map_or_else(String::new, |over| format!(", rates over {}", time(over * 1e3)));
    let looks = TERMINAL.counted(peek.looks, "look", "looks");
    row(
        &mut out,
        "collector",
        &format!("{}, {}; {looks}{over}", clean(&seen.service), clean(&seen.component)),
    );
    let range = peek.queue.map_or_else(String::new, |range| {
        let (least, most) = (TERMINAL.fixed(range.least, 0), TERMINAL.fixed(range.most, 0));
        format!("; from {least} to {most} while it was watched")
    });
    row(&mut out, "queue", &format!("{}{range}", queue(peek)));
    row(&mut out, "spans", &format!("{} come, {} are sent", rate(comes(seen)), rate(peek.sent_per_s)));
    if let Some((mean, most)) = peek.under_way {
        let (mean, most) = (TERMINAL.fixed(mean, 1), TERMINAL.fixed(most, 0));
        row(&mut out, "requests", &format!("{mean} under way on average, {most} at most"));
    }
    for (index, note) in seen.notes.iter().enumerate() {
        row(&mut out, if index == 0 { "note" } else { "" }, note);
    }
    for (index, one) in peek.set.iter().enumerate() {
        let what = if index == 0 { "set" } else { "" };
        row(&mut out, what, &format!("{}: {} ({})", one.key, clean(&one.value), one.why));
    }
    out
}

fn sentence(peek: &CollectorPeek) -> String {
    let name = clean(&peek.row.component);
    let lost = peek.row.lost_lately().filter(|lost| *lost > 0.0);
    match (peek.health, lost, peek.full_in_s) {
        (CollectorHealth::Losing, Some(lost), _) => {
            format!("{name} is losing spans: {} while it was watched.", TERMINAL.fixed(lost, 0))
        }
        (CollectorHealth::Losing, None, _) => format!("{name} or its receivers lose spans."),
        (CollectorHealth::Filling, _, Some(seconds)) => {
            let full = time((seconds * 1e3).round());
            format!("{name} loses nothing yet, and its queue is full in {full} if it goes on like that.")
        }
        (CollectorHealth::Filling, _, None) => {
            format!("{name} loses nothing yet, and its queue is more than half full.")
        }
        (CollectorHealth::Sound, ..) => format!("{name} loses nothing, and its queue has room."),
        (CollectorHealth::Unknown, ..) => format!("What {name} loses its pages do not say."),
    }
}

const fn word(health: CollectorHealth) -> &'static str {
    match health {
        CollectorHealth::Losing => "LOSING",
        CollectorHealth::Filling => "filling",
        CollectorHealth::Sound => "sound",
        CollectorHealth::Unknown => "unknown",
    }
}

fn comes(row: &FleetRow) -> Option<f64> {
    row.accepted_per_s.or_else(|| row.spans_per_s.value())
}

fn rate(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| TERMINAL.rate(value))
}

/// What is in the queue, of what it holds.
fn queue(peek: &CollectorPeek) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), |value| TERMINAL.fixed(value, 0));
    let unit = match peek.row.queue_unit {
        QueueUnit::Spans => " spans",
        QueueUnit::Requests => " requests",
        QueueUnit::Bytes => " bytes",
        QueueUnit::Unknown => "",
    };
    format!("{} of {}{unit}", number(peek.row.queued.value()), number(peek.row.queue.value()))
}

#[cfg(test)]
mod tests {
    use spanfate_model::advice::observed::{Known, QueueOwner, Risk};
    use spanfate_model::finding::collector::{HelpfulSetting, QueueRange};

    use super::*;

    fn peek(health: CollectorHealth, lost: f64) -> CollectorPeek {
        let unknown = || Known::Unknown(String::new());
        let row = FleetRow {
            service: "http://gateway:8888/metrics".to_owned(),
            component: "otlp\u{1b}".to_owned(),
            kind: QueueOwner::Collector,
            over_s: Known::Value(15.0),
            spans_per_s: Known::Value(1000.0),
            export_s: unknown(),
            batch: unknown(),
            ceiling_per_s: unknown(),
            queued: Known::Value(98.0),
            queue: Known::Value(100.0),
            queue_unit: QueueUnit::Requests,
            dropped: Known::Value(lost),
            dropped_lately: Some(lost),
            given_up: Known::Value(0.0),
            given_up_lately: Some(0.0),
            accepted_per_s: Some(1000.0),
            risk: Risk::Losing,
            set: None,
            notes: vec!["a note".to_owned()],
        };
        let (key, why) = ("sending_queue.num_consumers".to_owned(), "1,000 spans/s come".to_owned());
        CollectorPeek {
            row,
            looks: 16,
            queue: Some(QueueRange { first: 90.0, last: 98.0, least: 90.0, most: 100.0 }),
            under_way: Some((9.97, 10.0)),
            sent_per_s: Some(250.0),
            health,
            full_in_s: None,
            set: vec![HelpfulSetting { key, value: "50".to_owned(), why }],
        }
    }

    #[test]
    fn the_first_sentence_answers_and_the_rest_says_why() {
        let text = render(&[peek(CollectorHealth::Losing, 11_250.0)]);
        for part in [
            "otlp\u{fffd} is losing spans: 11,250 while it was watched.\n\n",
            "16 looks, rates over 15 s",
            "queue      98 of 100 requests; from 90 to 100 while it was watched",
            "spans      1,000/s come, 250/s are sent",
            "requests   10.0 under way on average, 10 at most",
            "note       a note",
            "set        sending_queue.num_consumers: 50 (1,000 spans/s come)",
        ] {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn every_health_has_its_sentence_and_a_line() {
        let sound = peek(CollectorHealth::Sound, 0.0);
        assert!(render(std::slice::from_ref(&sound)).contains("loses nothing, and its queue has room."));
        let filling = CollectorPeek { full_in_s: Some(12.5), ..peek(CollectorHealth::Filling, 0.0) };
        assert!(render(&[filling]).contains("its queue is full in 12.5 s"));
        let unknown = CollectorPeek { queue: None, under_way: None, ..peek(CollectorHealth::Unknown, 0.0) };
        assert!(render(&[unknown]).contains("its pages do not say"));
        assert!(line(&[sound]).starts_with("sound     otlp"));
        assert!(line(&[]).is_empty());
    }
}
