//! Faults: what terminal and page say of when they acted, whether they happened, and what they did.

use spanfate_model::result::{FaultWindow, RunResult};

use crate::given::html;
use crate::page::reader::Tag;
use crate::page::whole::page;
use crate::sample;
use crate::sections::traces::{asked, section};
use crate::table::plain;

/// The timeline plot of a variant: tags from its `svg` to the next, and its text.
pub(crate) fn drawn(result: &RunResult, at: usize) -> (Vec<Tag>, String) {
    let text = html(result);
    let begin =
        text.find(&format!("aria-labelledby=\"time-{at}-t")).unwrap_or_else(|| unreachable!("a timeline"));
    let begin = text[..begin].rfind("<svg").unwrap_or_else(|| unreachable!("its beginning"));
    let end = text[begin..].find("</svg>").unwrap_or_else(|| unreachable!("its end")) + begin;
    let svg = format!("<!DOCTYPE html>{}</svg>", &text[begin..end]);
    let read = crate::page::reader::read(&svg).unwrap_or_else(|problem| unreachable!("{problem}"));
    (read.tags, read.text)
}

fn value(tag: &Tag, name: &str) -> Option<String> {
    tag.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

fn number(tag: &Tag, name: &str) -> f64 {
    value(tag, name).and_then(|text| text.parse().ok()).unwrap_or_else(|| unreachable!("a number"))
}

/// Left edge and right edge of each shade, and the place of each moment, in SVG units.
fn shades(tags: &[Tag]) -> (Vec<(f64, f64)>, Vec<f64>) {
    let of =
        |class: &'static str| tags.iter().filter(move |tag| value(tag, "class").as_deref() == Some(class));
    let times = of("f fault").map(|tag| {
        let x = number(tag, "x");
        (x, x + number(tag, "width"))
    });
    let moments = of("l fault").map(|tag| {
        let points = value(tag, "points").unwrap_or_else(|| unreachable!("points"));
        let places: Vec<f64> = points
            .split(' ')
            .map(|point| {
                point.split(',').next().and_then(|x| x.parse().ok()).unwrap_or_else(|| unreachable!("x"))
            })
            .collect();
        assert!((places[0] - places[1]).abs() < f64::EPSILON, "a moment is a vertical line");
        places[0]
    });
    (times.collect(), moments.collect())
}

/// Where a second of the made-up runs, whose axes end at 9.5 s, must be drawn: the chart lies between 52 and 386 of 400.
fn place(seconds: f64) -> f64 {
    52.0 + (383.0 - 52.0) * seconds / 9.5
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.5
}

#[test]
fn the_terminal_has_a_line_per_fault() {
    let text = plain(&sample::faulty(), 400);
    for line in [
        "faults      kill: kill on http at 1.00 s: 1 process it ended (412 spans in the queue at most just before; 1 export \
         in flight at most just before)\n",
        "            outage: down on http -> receiver 6 times, 1.00 s … 9.00 s: 3 operations it broke (7 operations \
         meanwhile; 2 of these failed; 10.0 s the longest took)\n",
        "            outage: slow link (latency) on load -> http 2 times, 6.00 s … the end: 4,321 operations it delayed\n",
        "            quota: cpu on http 1.01–2.01 s: did not bite: 0 ms of at least 1 ms throttled\n",
        "            states: bandwidth on http -> receiver at requests 5–9, counted from 0: 5 requests it \
         acted on\n",
        "            states: panic on http 0.80–1.00 s, begun by a state (queue 412, 1 export in flight, 2000 spans \
         created): 24 panics (24 of these recovered)\n",
        "            states: kill on http never began: did not bite: 0 of at least 1 process it ended; missed: the state it \
         waits for did not come before the load ended\n",
        "exports     outage: 12 of 442 calls failed: 7 refused, 4 HTTP 503, 1 too large; longest call 10.0 s\n",
        "unexpected 0; received more than once 512; received although the SDK was told that the export had failed 1,024; \
         35 spans of calls that clients made again by themselves are in no other number (whole run",
    ] {
        assert!(text.contains(line), "{line}\nis missing in\n{text}");
    }
    assert_eq!(text.matches("received more than once").count(), 1);
    let calm = plain(&sample::nine(), 400);
    for word in ["\nfaults", "\nexports", "\ncalls", "although the SDK", "made again"] {
        assert!(!calm.contains(word), "{word}");
    }
}

#[test]
fn trials_are_added_up() {
    let text = plain(&sample::repeatedly(), 400);
    let line = "faults      kill: kill on http once per trial, 1.00 s … 1.20 s: did not bite in 1 of 3 trials: 0 of at least \
                1 process it ended (200 spans in the queue at most just before)\n";
    assert!(text.contains(line), "{text}");
    let mut all = sample::repeatedly();
    for trial in &mut all.variants[0].trials {
        trial.faults[0].windows =
            vec![FaultWindow { from_ms: 1000.0, to_ms: Some(1000.0), why: String::new() }];
        (trial.faults[0].bit, trial.faults[0].doses[0].amount) = (true, 1.0);
    }
    let text = plain(&all, 400);
    assert!(text.contains("kill on http at 1.00 s: 3 processes it ended in 3 of 3 trials ("), "{text}");
    assert!(asked(&all, "faults").contains("kill on http acted and reached its dose in every trial."));
}

#[test]
fn faults_that_did_not_happen_are_never_left_out() {
    let mut many = sample::faulty();
    let fault = many.variants[0].trials[0].faults[0].clone();
    for number in 1..60 {
        let bit = number != 59;
        many.variants[0].trials[0].faults.push(spanfate_model::result::FaultResult {
            number,
            bit,
            ..fault.clone()
        });
    }
    let text = plain(&many, 200);
    assert_eq!(text.matches("kill: kill on http").count(), 25);
    // 59 kills and four others reached their dose, 24 of them have a line; three did not.
    assert!(text.contains("            and 39 more that reached their dose, in the report\n"), "{text}");
    assert_eq!(text.matches("did not bite").count(), 3);
}

#[test]
fn the_page_asks_what_was_done() {
    let faults = asked(&sample::faulty(), "faults");
    for words in [
        "What was done to it, and did it happen?",
        "2 of 7 faults did not reach their dose: cpu on http with quota (0 ms of at least 1 ms throttled); kill on http with \
         states (0 of at least 1 process it ended).",
        "<th scope=\"row\">1 · kill</th><td class=\"w\">kill</td><td class=\"w\">http</td><td class=\"w\">at 1.00 s</td><td \
         class=\"w\">1 process it ended<small>needs 1</small></td><td class=\"w\"><span class=\"ok\">✓ yes</span></td>",
        "412 spans in the queue at most just before; 1 export in flight at most just before",
        "2 · slow link (latency)",
        "http -&gt; receiver",
        "6 times, 1.00 s … 9.00 s",
        "begun by a state (queue 412, 1 export in flight, 2000 spans created)",
        "✗ no",
        "the state it waits for did not come before the load ended",
        "7 refused, 4 HTTP 503, 1 too large",
        "Services that were started again",
    ] {
        assert!(faults.contains(words), "{words}\nis missing in\n{faults}");
    }
    assert!(section(&sample::nine(), "faults").is_none());
    assert!(asked(&sample::faulty(), "glossary").contains("<dt>dose</dt>"));
    assert!(!asked(&sample::nine(), "glossary").contains("<dt>dose</dt>"));
    // It stands after the verdict and whether it may be believed.
    let text = html(&sample::faulty());
    let at = |id: &str| text.find(&format!("<section id=\"{id}\"")).expect("a section");
    assert!(at("fates") < at("time") && at("time") < at("faults"));
}

#[test]
fn a_planned_fault_of_which_nothing_is_known_is_said() {
    let mut result = sample::faulty();
    result.variants[0].trials[0].faults.clear();
    let faults = asked(&result, "faults");
    assert!(faults.contains("2 of 6 faults did not reach") && faults.contains("Of 1 more nothing is known."));
    assert!(faults.contains("! no trial concluded it"));
    assert!(
        plain(&result, 200).contains("kill: kill on http: nothing is known of it; no trial concluded it")
    );
    for variant in &mut result.variants {
        variant.trials[0].faults.clear();
    }
    assert!(asked(&result, "faults").contains("That cannot be said: no trial with a fault was concluded."));
}

/// How many lanes a timeline has: each begins with its name, at its left edge.
fn lanes(tags: &[Tag]) -> usize {
    let names = tags.iter().filter(|tag| value(tag, "class").as_deref() == Some("t soft"));
    names.filter(|tag| value(tag, "x").as_deref() == Some("0")).count()
}

#[test]
fn windows_are_drawn_where_their_times_say() {
    let result = sample::faulty();
    let (tags, text) = drawn(&result, 0);
    let (times, moments) = shades(&tags);
    assert!(times.is_empty());
    // Through every lane.
    assert!(lanes(&tags) > 4);
    assert_eq!(moments.len(), lanes(&tags));
    assert!(moments.iter().all(|x| near(*x, place(1.0))), "{moments:?}");
    assert!(text.contains("Faults, shaded: 1: kill on http at 1.00\u{202f}s."), "{text}");
    let numbers: Vec<&Tag> =
        tags.iter().filter(|tag| value(tag, "class").as_deref() == Some("t fault")).collect();
    assert_eq!(numbers.len(), 1);
    assert!(near(number(numbers[0], "x"), place(1.0)));

    let (tags, _) = drawn(&result, 1);
    let (times, moments) = shades(&tags);
    assert!(moments.is_empty());
    // Six outages, and a link that is slow to the end of the axis; what begins after it is not drawn. In every lane.
    assert_eq!(times.len(), 7 * lanes(&tags));
    let outages = (0..6).map(|n| 1.0 + 1.5 * f64::from(n)).map(|from| (from, from + 0.5));
    for (from, to) in outages.chain([(6.0, 9.5)]) {
        let there = times.iter().filter(|(x, end)| near(*x, place(from)) && near(*end, place(to)));
        assert_eq!(there.count(), lanes(&tags), "{from} s to {to} s is not in {times:?}");
    }
}

#[test]
fn windows_are_behind_the_lines_and_clipped() {
    let mut result = sample::faulty();
    let windows = &mut result.variants[2].trials[0].faults[0].windows;
    let window = |from_ms, to_ms| FaultWindow { from_ms, to_ms: Some(to_ms), why: String::new() };
    *windows = vec![
        window(-2000.0, 1000.0),
        window(8000.0, 20_000.0),
        window(10_000.0, 11_000.0),
        window(3000.0, 3001.0),
    ];
    let (tags, _) = drawn(&result, 2);
    let (times, moments) = shades(&tags);
    assert_eq!((times.len(), moments.len()), (2 * lanes(&tags), lanes(&tags)));
    assert!(near(times[0].0, place(0.0)) && near(times[0].1, place(1.0)));
    assert!(near(times[1].0, place(8.0)) && near(times[1].1, place(9.5)));
    // Too short to be seen as a shade, so it is a line.
    assert!(near(moments[0], place(3.0)));
    let position = |class: &str| tags.iter().position(|tag| value(tag, "class").as_deref() == Some(class));
    assert!(position("f band") < position("f fault") && position("f fault") < position("l created"));
}

#[test]
fn what_counts_requests_has_no_shade_but_words() {
    let result = sample::faulty();
    let (tags, text) = drawn(&result, 3);
    let (times, moments) = shades(&tags);
    assert_eq!((times.len(), moments.len()), (lanes(&tags), 0));
    assert!(text.contains("3: bandwidth on http -> receiver at requests 5–9"));
    assert!(text.contains("2: kill on http never"));
    assert!(page(&result).text.contains("a fault acts; its number is explained below the plot"));
    assert!(!page(&sample::nine()).text.contains("a fault acts"));
}

#[test]
fn intact_calls_are_said_where_there_are_calls() {
    let result = sample::contextless();
    let line =
        "calls       fast receiver: trace context intact at 119,000 of 120,000 calls between services\n";
    assert!(plain(&result, 200).contains(line));
    let damage = asked(&result, "damage");
    assert!(damage.contains("Trace context arrived intact at 119,000 of 120,000 calls between services."));
    assert!(
        damage.contains("Calls with intact context")
            && damage.contains("<td class=\"n\">119,000 of 120,000</td>")
    );
    assert!(!asked(&sample::chain(), "damage").contains("intact"));
    // Nothing was split and no fault took context away: one line less.
    let mut calm = sample::chain();
    let damage = calm.variants[0].summary.damage.as_mut().expect("damage");
    (damage.calls, damage.intact_calls) = (10, 10);
    assert!(!plain(&calm, 200).contains("\ncalls"));
    assert!(asked(&calm, "damage").contains("intact at 10 of 10 calls"));
}

#[test]
fn the_same_result_gives_the_same_bytes() {
    for result in [sample::faulty(), sample::repeatedly(), sample::contextless()] {
        assert_eq!(html(&result), html(&result.clone()));
        assert_eq!(plain(&result, 100), plain(&result.clone(), 100));
    }
}
