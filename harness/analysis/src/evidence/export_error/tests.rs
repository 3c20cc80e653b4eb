//! What the texts of errors mean, whatever stands in them that others wrote.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const TEXTS: &str = include_str!("texts.txt");

/// Numbers, ports and ids; some look like something.
const NUMBERS: [&str; 10] =
    ["1", "413", "4137", "41302", "401", "403", "503", "54136", "18446744073709551615", "504"];
/// Names and addresses.
const HOSTS: [&str; 9] = [
    "127.0.0.1",
    "10.0.0.28",
    "otel-collector",
    "timeout.example",
    "eof",
    "connection-refused.example",
    "tls",
    "413.example",
    "[2001:db8::413]",
];
/// What servers write.
const SAID: [&str; 14] = [
    "no",
    "413",
    "connection refused",
    "connection reset by peer",
    "timeout exceeds 413",
    "message too large: larger than max",
    "EOF",
    "context deadline exceeded",
    "tls: bad certificate, x509: no",
    "no such host",
    "partial success",
    "string field contains invalid UTF-8",
    "dial: Unauthenticated 401",
    "a: connection refused",
];

/// A line of the table.
#[derive(Clone, Debug)]
struct Line {
    cause: &'static str,
    label: &'static str,
    text: String,
}

fn lines() -> Vec<Line> {
    let lines = TEXTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let one = |line: &'static str| {
        let mut columns = line.splitn(3, " | ");
        let mut next = || columns.next().unwrap_or_else(|| panic!("three columns: {line}"));
        let (cause, label, text) = (next(), next(), next());
        let bytes =
            [("\\n", "\n"), ("\\t", "\t"), ("\\u{8}", "\u{8}"), ("\\u{e}", "\u{e}"), ("\\u{12}", "\u{12}")];
        let text = bytes.iter().fold(text.to_owned(), |text, (written, meant)| text.replace(written, meant));
        Line { cause, label, text }
    };
    lines.map(one).collect()
}

/// A text with each place filled by what `pick` gives.
fn filled(text: &str, mut pick: impl FnMut(&str) -> String) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((at, place)) =
        ["{n}", "{host}", "{said}"].iter().filter_map(|place| Some((rest.find(place)?, *place))).min()
    {
        out += &rest[..at];
        out += &pick(place);
        rest = &rest[at + place.len()..];
    }
    out + rest
}

fn plain(place: &str) -> String {
    match place {
        "{n}" => "4317",
        "{host}" => "collector.example",
        _ => "no",
    }
    .to_owned()
}

#[test]
fn every_text_has_its_cause() {
    let lines = lines();
    for line in &lines {
        let (text, must) = (filled(&line.text, plain), filled(line.label, plain));
        assert_eq!((of_text(&text).name(), label(&text)), (line.cause, must), "{text}");
        assert_eq!(is_partial(&text), line.label == "partial success", "{text}");
    }
    for cause in ExportCause::ALL {
        assert!(lines.iter().any(|line| line.cause == cause.name()), "no text shows {cause:?}");
    }
}

#[test]
fn every_cause_has_its_place_among_the_worst() {
    for cause in ExportCause::ALL {
        assert!(WORST_FIRST.contains(cause), "{cause:?}");
    }
}

#[test]
fn a_text_that_was_cut_has_no_other_cause_of_its_own() {
    // What is missing may cost the cause, but a part of a number or of a word is never another one.
    for line in lines() {
        let text = filled(&line.text, plain);
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            let _ = (label(&text[..at]), of_text(&text[at..]));
        }
    }
    assert_eq!(label("failed to send to http://collector.example:4137/v1/traces: 41"), "other");
    assert_eq!(
        label(
            "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp 127.0.0.1:4137: conn"
        ),
        "other"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Ports, ids, names and what servers write never decide.
    #[test]
    fn what_others_wrote_decides_nothing(
        line in select(lines()),
        numbers in prop::collection::vec(prop_oneof![select(&NUMBERS[..]).prop_map(str::to_owned), "[0-9]{1,9}"], 8),
        hosts in prop::collection::vec(select(&HOSTS[..]), 8),
        said in prop::collection::vec(prop_oneof![select(&SAID[..]).prop_map(str::to_owned), "[a-zA-Z0-9 ,.;]{0,40}"], 3),
    ) {
        let (mut numbers, mut hosts, mut said) = (numbers.iter().cycle(), hosts.iter().cycle(), said.iter().cycle());
        let text = filled(&line.text, |place| match place {
            "{n}" => numbers.next().unwrap().clone(),
            "{host}" => (*hosts.next().unwrap()).to_owned(),
            _ => said.next().unwrap().clone(),
        });
        prop_assert_eq!(of_text(&text).name(), line.cause, "{}", text);
        prop_assert_eq!(is_partial(&text), line.label == "partial success", "{}", text);
    }

    /// Any text has a cause, and what the SDK wraps around it changes none but that of a text that nobody knows.
    #[test]
    fn wrappers_change_nothing(line in select(lines()), wrapper in select(vec![
        "traces export: ", "max retry time elapsed: ", "context deadline exceeded: ", "exporter export timeout: ", "context canceled: ", "my exporter: ",
    ])) {
        let bare = filled(&line.text, plain);
        let text = format!("{wrapper}{bare}");
        let cause = of_text(&text);
        prop_assert!(cause.name() == line.cause || (line.cause == "other" && cause == ExportCause::Timeout), "{}: {:?}", text, cause);
    }

    #[test]
    fn any_text_can_be_asked(text in "\\PC{0,200}") {
        prop_assert!(!label(&text).is_empty());
    }
}

/// The order of joined errors changes nothing.
#[test]
fn joined_errors_have_no_order() {
    // What a server wrote goes on up to an error that is known by its beginning: here all are.
    let texts: Vec<String> = lines().iter().map(|line| filled(&line.text, plain)).collect();
    let known = |text: &&String| !text.contains('\n') && text.starts_with("traces export: ");
    let known: Vec<&String> = texts.iter().filter(known).collect();
    for (one, other) in known.iter().flat_map(|one| known.iter().map(move |other| (one, other))) {
        let worst = [one, other].map(|text| worst(text)).into_iter().min_by_key(|said| said.rank());
        let cause = of_text(&format!("{one}\n{other}"));
        let must = worst.map_or(ExportCause::Other, |said| match said {
            ErrorSays::Partial => ExportCause::Other,
            ErrorSays::Failed(cause, _) => cause,
        });
        assert_eq!(cause, must, "{one}\n{other}");
    }
}
