//! Every mistake of a file is shown at once, where it stands.

use std::path::Path;

use crate::scenario_file::parse::parse;

const GOOD: &str = "name = 'x'\n[load]\nrate = '500/s'\nlasting = '1s'\n";

fn messages(text: &str) -> Vec<(String, String, Option<String>)> {
    parse(text, Path::new("."))
        .unwrap_err()
        .into_iter()
        .map(|d| (d.message, d.span.map(|s| text[s].to_owned()).unwrap_or_default(), d.help))
        .collect()
}

#[test]
fn a_small_scenario_is_enough() {
    assert_eq!(parse(GOOD, Path::new(".")).unwrap().0.name, "x");
}

#[test]
fn all_unknown_keys_are_shown_at_once_with_what_was_meant() {
    let text = format!(
        "{GOOD}lastign = '2s'\n[service]\nspans = 5\n[[variant]]\nname = 'v'\nexporter = {{ ques = 3 }}\n"
    );
    let found = messages(&text);
    let keys: Vec<&str> = found.iter().map(|(_, key, _)| key.as_str()).collect();
    assert_eq!(keys, ["lastign", "spans", "ques"], "{found:?}");
    assert!(found[0].2.as_ref().unwrap().contains("did you mean `lasting`"), "{found:?}");
    assert!(found[2].2.as_ref().unwrap().contains("did you mean `queue`"), "{found:?}");
}

#[test]
fn unknown_keys_and_semantic_errors_come_together() {
    let text = format!(
        "{GOOD}x = 1\n[exporter]\nbatch = 0\n[[expect]]\nthat = 'loss.rate <= 1 %'\nvariants = ['nope']\n"
    );
    let found = messages(&text);
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[1].1, "0");
    assert_eq!(found[2].1, "['nope']");
}

#[test]
fn a_claim_needs_a_condition_and_variants_that_are_there() {
    let text = format!(
        "{GOOD}[[claim]]\nsays = 'x'\nholds_if = []\n[[claim]]\nsays = 'y'\nholds_if = [{{ that = 'loss.rate > 0 %', variants = ['nope'] }}]\n"
    );
    let found = messages(&text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].0.contains("nothing is measured for") && found[1].0.contains("no variant `nope`"));
    assert_eq!(found[1].1, "['nope']");
}

#[test]
fn wrong_types_and_missing_keys_hide_nothing_else() {
    let text = "name = 3\nsead = 3\n[load]\nrate = '200'\nwarmpu = '1s'\n[[variant]]\nname = 'a'\n\
                exporter = { batch = 0, queue = 'x' }\n[[variant]]\nexporter = {}\n[[expect]]\nthat = 'los.rate < 1'\n";
    let found = messages(text);
    let all = found.iter().map(|(message, ..)| message.as_str()).collect::<Vec<_>>().join("\n");
    let parts = [
        "`name` is 3; it takes text",
        "`sead`",
        "needs a unit",
        "`warmpu`",
        "missing key `lasting`",
        "`batch` must be",
        "is the text \"x\"; it takes",
        "missing key `name`",
        "did you mean `loss.rate`",
    ];
    for part in parts {
        assert!(all.contains(part), "no `{part}` in:\n{all}");
    }
    assert_eq!(found.len(), parts.len(), "{all}");
}

#[test]
fn a_missing_or_wrong_value_is_said_once_and_hides_nothing_else() {
    let cases = [
        ("kind = { deep = { depth = 100 } }", "missing key `one_in`"),
        ("on = 'load -> http'\nkind = { bandwidth = {} }", "missing key `rate`"),
        // Each of these values fits another table than the first placeholder of its key.
        ("on = 'load -> http'\nkind = { bandwidth = { rate = 'x' } }", "size `x`"),
        ("kind = { exit = { how = 'x', one_in = 3 } }", "unknown value `x` for `how`"),
        ("kind = { exit = { one_in = 3 } }", "missing key `how`"),
        ("kind = { context_lost = { how = 'strip', one_in = 'x' } }", "is the text \"x\"; it takes"),
    ];
    for (kind, says) in cases {
        let text = format!("{GOOD}[[fault]]\nat = '500ms'\n{kind}\n[exporter]\nbatch = 0\n");
        let found = messages(&text);
        assert!(found.iter().any(|(message, ..)| message.contains(says)), "{kind}: {found:?}");
        assert!(found.iter().any(|(message, ..)| message.contains("`batch` must be")), "{kind}: {found:?}");
        let of_fault = |message: &&String| !message.contains("`batch`") && !message.contains("calls nobody");
        let said = found.iter().map(|(message, ..)| message).filter(of_fault).count();
        assert_eq!(said, 1, "{kind}: {found:?}");
    }
    let found = messages(&format!("{GOOD}[compare]\ngates = 3\n[exporter]\nbatch = 0\n"));
    let all: Vec<&str> = found.iter().map(|(message, ..)| message.as_str()).collect();
    let wanted = [
        "missing key `baseline`",
        "missing key `candidate`",
        "unknown key `gates`",
        "`batch` must be at least 1",
    ];
    assert_eq!(all, wanted);
}

#[test]
fn an_empty_file_names_what_it_needs() {
    let found = messages("");
    let all = found.iter().map(|(message, ..)| message.as_str()).collect::<Vec<_>>();
    assert_eq!(all, ["missing key `name`", "missing key `load`"]);
}

#[test]
fn a_missing_unit_points_at_the_value() {
    let found = messages("name = 'x'\n[load]\nrate = '500'\nlasting = '1s'\n");
    assert_eq!(found[0].1, "'500'");
    assert!(found[0].0.contains("needs a unit"), "{found:?}");
}

#[test]
fn syntax_errors_are_all_shown() {
    let found = messages("name = \n[load\nrate = '5/s'\n");
    assert!(found.len() >= 2, "{found:?}");
}

#[test]
fn reserved_keys_are_refused_by_name() {
    let found = messages(&format!("canary = 'auto'\n{GOOD}[[fault]]\nat = '1s'\n"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].0.contains("`canary` is reserved"));
}

#[test]
fn probes_that_make_no_sense_are_shown_where_they_stand() {
    let cases = [
        ("ebpf = 'evnts'\n", "events"),
        ("ebpf = { size = '3KiB' }\n", "power of two"),
        ("ebpf = { mode = 'batch', sample = 8 }\n", "needs a mode"),
        ("ebpf = { mode = 'off', sample = 8 }\n", "needs a mode"),
        ("ebpf = { buffer = 'ring-batched', size = '64KiB' }\n", "full before its reader"),
        ("ebpf = { mod = 'events' }\n", "mod"),
    ];
    for (text, says) in cases {
        let found = messages(&format!("{text}{GOOD}"));
        assert!(found.iter().any(|problem| format!("{problem:?}").contains(says)), "{text}: {found:?}");
    }
    let found = messages(&format!("ebpf = 'batch'\n{GOOD}[[expect]]\nthat = 'probe.ids_differ == 0'\n"));
    assert!(found[0].0.contains("no probes that could tell"), "{found:?}");
}

#[test]
fn a_wrong_choice_lists_the_right_ones() {
    let found = messages(&format!("{GOOD}arrival = 'poison'\n"));
    assert!(found[0].2.as_ref().unwrap().contains("did you mean `poisson`"), "{found:?}");
}

#[test]
fn mistakes_between_services_are_shown_where_they_stand() {
    let services = "[[service]]\nname = 'a'\ncalls = ['b', 'x']\n[[service]]\nname = 'b'\nfixture = 'store'\n\
                    [[service]]\nname = 'b'\nroot = 'remote-sampled'\ncpu = '1ns'\nurl = 'http://h/'\n";
    let found = messages(&format!("{GOOD}{services}[plant]\nfilter = 1\nservice = 'c'\n"));
    let all = found.iter().map(|(message, ..)| message.as_str()).collect::<Vec<_>>().join("\n");
    for part in [
        "names the service `x`, which is not there",
        "service `b` stands here twice",
        "only the first service gets its context",
        "`cpu` is 1ns",
        "`url` is for a program of your own",
        "`b` is a store",
        "there is no service `c`",
    ] {
        assert!(all.contains(part), "no `{part}` in:\n{all}");
    }
}

#[test]
fn numbers_that_no_run_can_hold_are_refused() {
    let found = messages(&format!(
        "{GOOD}[service]\nshutdown = '2500000h'\n[plant]\nfilter = 4294967295\ndouble_send = 4294967295\n"
    ));
    let all = found.iter().map(|(message, ..)| message.as_str()).collect::<Vec<_>>();
    assert_eq!(all, ["`shutdown` is longer than 60min", "4294967295 planted spans are more than 100000"]);
}

#[test]
fn one_service_may_be_written_as_a_table() {
    let found = messages(&format!("{GOOD}[service]\ncpu = '1ns'\n"));
    assert_eq!(found[0].1, "'1ns'", "{found:?}");
    let circle = "[[service]]\nname = 'a'\ncalls = ['b']\n[[service]]\nname = 'b'\ncalls = ['a']\n";
    assert!(messages(&format!("{GOOD}{circle}"))[0].0.contains("come back to it"));
}

#[test]
fn an_own_program_takes_only_what_reaches_it() {
    let own =
        "[service]\ncommand = ['x']\nroot = 'local'\n[exporter]\non_full = 'block'\n[plant]\nfilter = 1\n";
    let found = messages(&format!("{GOOD}{own}"));
    let all = found.iter().map(|(message, ..)| message.as_str()).collect::<Vec<_>>().join("\n");
    for part in ["needs a `url`", "cannot make our trace ids", "`on_full` has no variable", "planting needs"]
    {
        assert!(all.contains(part), "no `{part}` in:\n{all}");
    }
}

#[test]
fn only_this_machine_is_loaded() {
    let urls =
        "[service]\ncommand = ['x']\nurl = 'http://example.com:{port}/w'\nready = 'https://127.0.0.1/'\n";
    let found = messages(&format!("{GOOD}{urls}"));
    let places: Vec<&str> = found.iter().map(|(_, place, _)| place.as_str()).collect();
    assert_eq!(places, ["'http://example.com:{port}/w'", "'https://127.0.0.1/'"], "{found:?}");
    for url in ["http://[::1]:{port}/w?q=1", "http://localhost:80", "http://127.0.0.1:{port}/work"] {
        assert!(parse(&format!("{GOOD}[service]\ncommand = ['x']\nurl = '{url}'\n"), Path::new(".")).is_ok());
    }
}
