//! Histories of a few spans: when what came, and which verdicts came when.

use spanfate_diff::{DiffTask, LiveSide};
use spanfate_model::finding::diff::LackingTraces;

use super::{Arrival, said, watched};
use crate::spans::{TestOrigin, TestSpan, TestWorld};
use crate::write;

/// What comes: milliseconds, `L` or `R`, and spans as `trace.span/parent`, with `!` where the name is another one.
type HistoryEvent = (u64, char, &'static str);

struct LiveHistory {
    what: &'static str,
    events: &'static [HistoryEvent],
    /// `milliseconds trace: counts`.
    verdicts: &'static [&'static str],
    /// At the end.
    ends: &'static str,
}

/// A span waits 50 ms for its copy.
const HISTORIES: &[LiveHistory] = &[
    LiveHistory {
        what: "a copy comes within the window",
        events: &[(0, 'L', "1.1"), (30, 'R', "1.1")],
        verdicts: &["50 1: both 1"],
        ends: "1 of 1 equal",
    },
    LiveHistory {
        what: "a copy comes in the last moment of the window",
        events: &[(0, 'R', "1.1"), (50, 'L', "1.1")],
        verdicts: &["50 1: both 1"],
        ends: "1 of 1 equal",
    },
    LiveHistory {
        what: "a copy comes after the window",
        events: &[(0, 'L', "1.1"), (51, 'R', "1.1"), (80, 'R', "1.1")],
        verdicts: &["50 1: left 1"],
        ends: "0 of 1 equal, right lacks 1 absent, 1 late, 1 copies",
    },
    LiveHistory {
        what: "a span never comes on the left",
        events: &[(7, 'L', "1.1"), (7, 'R', "1.1 1.2/1")],
        verdicts: &["57 1: both 1 right 1"],
        ends: "0 of 1 equal, left lacks 1 shortened",
    },
    LiveHistory {
        what: "a trace is judged when its last span has waited, not its first",
        events: &[(0, 'L', "1.1"), (40, 'L', "1.2/1"), (45, 'R', "1.1"), (90, 'R', "1.2/1")],
        verdicts: &["90 1: both 2"],
        ends: "1 of 1 equal",
    },
    LiveHistory {
        what: "a copy does not make its trace wait longer",
        events: &[(0, 'L', "1.1"), (49, 'R', "1.1"), (49, 'L', "1.1"), (49, 'R', "1.1")],
        verdicts: &["50 1: both 1"],
        ends: "1 of 1 equal",
    },
    LiveHistory {
        what: "both sides lack something else, and each span has its own window",
        events: &[(0, 'L', "1.1"), (40, 'R', "1.2/1"), (60, 'L', "1.2/1")],
        verdicts: &["90 1: both 1 left 1"],
        ends: "0 of 1 equal, right lacks 1 headless",
    },
    LiveHistory {
        what: "one side has a copy more",
        events: &[(0, 'L', "1.1"), (5, 'R', "1.1"), (10, 'R', "1.1")],
        verdicts: &["50 1: both 1 copies-right 1"],
        ends: "0 of 1 equal",
    },
    LiveHistory {
        what: "a copy comes after the verdict",
        events: &[(0, 'L', "1.1"), (0, 'R', "1.1"), (200, 'L', "1.1")],
        verdicts: &["50 1: both 1"],
        ends: "1 of 1 equal, 1 copies",
    },
    LiveHistory {
        what: "a field differs",
        events: &[(0, 'L', "1.1 2.1"), (0, 'R', "1.1! 2.1")],
        verdicts: &["50 1: both 1 different 1", "50 2: both 1"],
        ends: "1 of 2 equal",
    },
    LiveHistory {
        what: "a trace goes on after its verdict",
        events: &[(0, 'L', "1.1"), (1, 'R', "1.1"), (200, 'R', "1.2/1"), (210, 'L', "1.2/1")],
        verdicts: &["50 1: both 1", "250 1: both 1 again"],
        ends: "1 of 1 equal",
    },
    LiveHistory {
        what: "a trace goes on, and one side lacks what comes: it is not absent there",
        events: &[(0, 'L', "1.1"), (1, 'R', "1.1"), (200, 'L', "1.2/1 1.3/2")],
        verdicts: &["50 1: both 1", "250 1: left 2 again"],
        ends: "0 of 1 equal, right lacks 1 shortened",
    },
    LiveHistory {
        what: "the children of what is missing come later",
        events: &[(0, 'L', "1.1"), (100, 'L', "1.2/1"), (100, 'R', "1.2/1")],
        verdicts: &["50 1: left 1", "150 1: both 1 again"],
        ends: "0 of 1 equal, right lacks 1 headless",
    },
    LiveHistory {
        what: "an inner span is missing, as its children show",
        events: &[
            (0, 'L', "1.1"),
            (0, 'R', "1.1"),
            (100, 'L', "1.2/1"),
            (200, 'L', "1.3/2"),
            (200, 'R', "1.3/2"),
        ],
        verdicts: &["50 1: both 1", "150 1: left 1 again", "250 1: both 1 again"],
        ends: "0 of 1 equal, right lacks 1 torn",
    },
    LiveHistory {
        what: "a copy is late while a further part of its trace waits",
        events: &[(0, 'L', "1.1"), (100, 'L', "1.2/1"), (110, 'R', "1.1"), (120, 'R', "1.2/1")],
        verdicts: &["50 1: left 1", "150 1: both 1 again"],
        ends: "0 of 1 equal, 1 late",
    },
    LiveHistory {
        what: "what is shown together is judged together",
        events: &[(0, 'L', "1.1 1.2/1 2.1"), (49, 'R', "2.1 1.1 1.2/1")],
        verdicts: &["50 1: both 2", "50 2: both 1"],
        ends: "2 of 2 equal",
    },
];

/// The spans of an event, as a message.
fn message(spans: &str) -> Vec<u8> {
    let origin = |name: &str| TestOrigin { name: name.to_owned(), ..TestOrigin::default() };
    let span = |text: &str| {
        let (text, name) = text.strip_suffix('!').map_or((text, "name"), |text| (text, "another"));
        let (ids, parent) = text.split_once('/').unwrap_or((text, "0"));
        let (trace, span) = ids.split_once('.').unwrap();
        let number = |text: &str| text.parse::<u8>().unwrap();
        TestSpan {
            trace: [number(trace); 16],
            span: [number(span); 8],
            parent: [number(parent); 8],
            name: name.to_owned(),
            start: 1_700_000_000_000_000_000,
            ..TestSpan::default()
        }
    };
    let spans = spans.split(' ').map(span).collect();
    write::protobuf::message(&TestWorld {
        resources: vec![origin("shop")],
        scopes: vec![origin("lib")],
        spans,
    })
}

fn lacks(side: &str, lacking: &LackingTraces) -> String {
    let all = [
        ("absent", lacking.absent),
        ("headless", lacking.headless),
        ("torn", lacking.torn),
        ("shortened", lacking.shortened),
    ];
    let some = all.iter().filter(|(_, count)| *count > 0);
    some.fold(String::new(), |out, (what, count)| out + &format!(", {side} lacks {count} {what}"))
}

#[test]
fn histories() {
    for LiveHistory { what, events, verdicts, ends } in HISTORIES {
        let arrivals = events.iter().map(|(at_ms, side, spans)| Arrival {
            at_ms: *at_ms,
            side: if *side == 'L' { LiveSide::Left } else { LiveSide::Right },
            bytes: message(spans),
            json: false,
        });
        let done = watched(arrivals.collect(), 50, &DiffTask::default());
        let told: Vec<String> = done
            .verdicts
            .iter()
            .map(|(at, verdict)| {
                let again = if verdict.again { " again" } else { "" };
                format!("{at} {}: {}{again}", verdict.trace_id.0[0], said(&verdict.counts))
            })
            .collect();
        assert_eq!(told, *verdicts, "{what}");
        let (traces, live) = (&done.found.traces, done.found.live.unwrap());
        let mut end = format!("{} of {} equal", traces.equal, traces.all);
        end += &lacks("left", &traces.left);
        end += &lacks("right", &traces.right);
        for (count, name) in [(live.late, "late"), (live.copies_after, "copies")] {
            if count > 0 {
                end += &format!(", {count} {name}");
            }
        }
        assert_eq!(end, *ends, "{what}");
        assert_eq!((live.verdicts, live.max_ms), (told.len() as u64, 50.0), "{what}");
    }
}
