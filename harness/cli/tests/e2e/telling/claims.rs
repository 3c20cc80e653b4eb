//! A list of claims of one's own: read strictly, judged by runs and inspections, continued where it stopped.

pub(crate) mod drawn;
mod quotas;
mod recount;
mod sdks;

use std::fs;

use spanfate_model::finding::claims::{ClaimVerdict, ClaimsRecord};

use crate::lab::lab;

const SCENARIO: &str = "[load]\nrate = \"300/s\"\nwarmup = \"0s\"\nlasting = \"1s\"\n[[variant]]\nname = \"plain\"\n[[variant]]\nname = \"other\"\n";

/// Lists that are wrong, and a part of what is said of each.
fn wrong_lists() -> Vec<(String, &'static str)> {
    let claim = "[[claim]]\nnumber = 1\nsection = \"1\"\nsays = \"x\"\n";
    let head = &format!("source = \"a page\"\n{claim}");
    vec![
        ("source = 1\n".to_owned(), "claims.toml:1:10"),
        ("source = \"a\"\n[[claim]\n".to_owned(), "claims.toml:2:"),
        ("source = \"a\"\n".to_owned(), "there is no claim"),
        (head.to_owned(), "claims.toml:3:10"),
        (head.to_owned(), "nothing judges this claim"),
        (format!("{head}{claim}"), "number 1 stands twice"),
        (
            format!("{head}run = [{{ scenario = \"qps5\", that = \"loss.rate > 0 %\" }}]\n"),
            "did you mean `qps5k`?",
        ),
        (
            format!(
                "{head}run = [{{ scenario = \"qps5k\", variants = [\"gzip2\"], that = \"loss.rate > 0 %\" }}]\n"
            ),
            "did you mean `gzip`?",
        ),
        (
            format!("{head}run = [{{ scenario = \"qps5k\", that = \"los.rate > 0 %\" }}]\n"),
            "did you mean `loss.rate`?",
        ),
        (
            format!("{head}inspect = [{{ name = \"declared\", that = \"count > 0\" }}]\n"),
            "is asked about something",
        ),
        (
            format!("{head}inspect = [{{ name = \"clocs\", that = \"in_raw > 0\" }}]\n"),
            "did you mean `clocks`?",
        ),
        (
            format!("{head}inspect = [{{ name = \"clocks\", that = \"in_raw\", premise = true }}]\n"),
            "a premise is a condition",
        ),
        (
            format!("{head}inspect = [{{ name = \"clocks\", that = \"in_raw > 0\", premise = true }}]\n"),
            "nothing judges this claim",
        ),
        (
            format!(
                "{head}not_testable = \"x\"\n[[step]]\ntypes = \"x\"\nclaims = [2]\nworks = \"no\"\nshows = \"y\"\ninstead = \"z\"\n"
            ),
            "no claim before it has the number 2",
        ),
        (
            format!("{head}nearest = \"y\"\ninspect = [{{ name = \"clocks\", that = \"in_raw > 0\" }}]\n"),
            "`nearest` stands",
        ),
        (
            format!(
                "{head}contract = [{{ scenario = \"smoke\", file = \"contracts/none.yml\", that = \"broken > 0\" }}]\n"
            ),
            "contracts/none.yml",
        ),
        (
            format!(
                "{head}contract = [{{ scenario = \"smoke\", file = \"contracts/broken/metric_missing.yml\", that = \"brocken > 0\" }}]\n"
            ),
            "a contract has no figure `brocken`",
        ),
    ]
}

#[test]
fn a_wrong_list_is_shown_where_it_is_wrong() {
    let Some(lab) = lab() else { return };
    let path = lab.path("claims.toml");
    let told = |text: &str| {
        fs::write(&path, text).unwrap();
        let out = lab.call(&["claims", "--list", "--file", path.to_str().unwrap()]);
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    for (text, part) in wrong_lists() {
        let (code, said) = told(&text);
        assert_eq!(code, Some(65), "{text}\n{said}");
        assert!(said.contains(part), "no `{part}` in:\n{said}\nof\n{text}");
    }
    let code = |arguments: &[&str]| lab.call(arguments).status.code();
    assert_eq!(code(&["claims", "--list", "--file", "no-such-file.toml"]), Some(66));
    assert_eq!(code(&["claims", "--list", "--section", "9"]), Some(4));
    assert_eq!(
        code(&["claims", "--continue", lab.folder.path().to_str().unwrap(), "--claim", "9"]),
        Some(66)
    );
    assert_eq!(code(&["claims", "--list", "--section", "2.4"]), Some(0));
}

#[test]
fn a_contract_that_is_held_against_a_run_decides_a_claim() {
    use ClaimVerdict::{Inconclusive, Refuted, Reproduced};
    let Some(lab) = lab() else { return };
    let scenario = lab.scenario("[load]\nrate = \"100/s\"\nwarmup = \"0s\"\nlasting = \"1s\"\n");
    let (contract, list) = (lab.path("mine.obsrv.yml"), lab.path("claims.toml"));
    // The second rule asks for more than the run kept: it is open.
    fs::write(&contract, "version: 1\nspans:\n  - name: work.child\n  - name: payment.Charge\n").unwrap();
    let open = lab.path("open.obsrv.yml");
    fs::write(&open, "version: 1\nspans:\n  - name: work.child\nmetrics: [orders]\n").unwrap();
    let test = |file: &std::path::Path, that: &str| {
        let (scenario, file) = (scenario.display(), file.display());
        format!("contract = [{{ scenario = \"{scenario}\", file = \"{file}\", that = \"{that}\" }}]\n")
    };
    let claims = [test(&contract, "broken == 1"), test(&contract, "kept == 2"), test(&open, "broken == 0")];
    let claims = claims.iter().enumerate().map(|(at, test)| {
        format!("[[claim]]\nnumber = {at}\nsection = \"a\"\nsays = \"Claim {at}.\"\n{test}")
    });
    fs::write(&list, format!("source = \"a page\"\n{}", claims.collect::<String>())).unwrap();
    let (list, results) = (list.display().to_string(), lab.path("results").display().to_string());
    let out = lab.call(&["claims", "--file", &list, "--out", &results, "--json"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(3), "{said}");
    let record: ClaimsRecord = serde_json::from_slice(&out.stdout).unwrap();
    let verdicts: Vec<ClaimVerdict> = record.claims.iter().map(|claim| claim.verdict).collect();
    assert_eq!(verdicts, [Reproduced, Refuted, Inconclusive], "{:?}", record.claims);
    assert!(record.claims[0].measures[0].seen[0].contains("payment.Charge"), "{:?}", record.claims[0]);
    assert!(record.claims[2].reason.as_ref().unwrap().contains("not_kept"), "{:?}", record.claims[2]);
}

#[test]
fn a_list_of_ones_own_is_judged_and_continued() {
    use ClaimVerdict::{NotTestable, Partly, Refuted, Reproduced};
    let Some(lab) = lab() else { return };
    let scenario = lab.scenario(SCENARIO);
    let list = lab.path("claims.toml");
    let scenario = scenario.display();
    let text = format!(
        "source = \"a page\"\n\
         [[claim]]\nnumber = 1\nsection = \"a\"\nsays = \"It makes 1,500 spans.\"\n\
         run = [{{ scenario = \"{scenario}\", variants = [\"plain\"], that = \"spans.created == 1500\" }}]\n\
         [[claim]]\nnumber = 2\nsection = \"a\"\nsays = \"It sends each twice.\"\n\
         run = [{{ scenario = \"{scenario}\", variants = [\"plain\"], that = \"duplicates > 0\" }}]\n\
         [[claim]]\nnumber = 3\nsection = \"b\"\nsays = \"The queue holds 2,048 spans and more are kept.\"\n\
         inspect = [{{ name = \"queue_capacity\", that = \"queue == 2048\" }}, {{ name = \"queue_capacity\", that = \"dropped == 0\" }}]\n\
         [[claim]]\nnumber = 4\nsection = \"b\"\nsays = \"We saw it.\"\nnot_testable = \"an anecdote\"\n"
    );
    fs::write(&list, text).unwrap();
    let (list, results) = (list.display().to_string(), lab.path("results").display().to_string());
    let out = lab.call(&["claims", "--file", &list, "--out", &results, "--json"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(0), "{said}");
    assert!(said.contains("inspection 1 of 1: queue_capacity; about "), "{said}");
    assert!(said.contains("run 1 of 1: "), "{said}");
    let record: ClaimsRecord = serde_json::from_slice(&out.stdout).unwrap();
    let verdicts: Vec<ClaimVerdict> = record.claims.iter().map(|claim| claim.verdict).collect();
    assert_eq!(verdicts, [Reproduced, Refuted, Partly, NotTestable]);
    assert_eq!(record.claims[0].measures[0].values, [1500.0]);
    let books: Vec<_> = record.runs.iter().map(|run| (run.trials, run.created, run.unexplained)).collect();
    assert_eq!(books, [(1, 1500, 0)]);
    // The page of a list of one's own has the name of its results, and the project's own stays what it is.
    let page = said.lines().find_map(|line| line.strip_prefix("report: ")).unwrap();
    assert!(page.starts_with(&format!("{results}/claims-")), "{page}");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("It sends each twice.") && page.contains("✗ refuted"), "{page}");
    assert!(record.machine.contains("CPUs"), "{}", record.machine);

    // Only the variant that is asked for ran, and it does not run again.
    let mut left = fs::read_dir(&results).unwrap().map(|entry| entry.unwrap().path());
    let dir = left.find(|path| path.is_dir()).unwrap();
    let again = lab.call(&["claims", "--file", &list, "--continue", dir.to_str().unwrap()]);
    let (table, said) = (String::from_utf8_lossy(&again.stdout), String::from_utf8_lossy(&again.stderr));
    assert_eq!(again.status.code(), Some(0), "{said}");
    assert!(!said.contains("run 1 of 1") && !said.contains("inspection"), "{said}");
    assert!(table.contains("Of 4 claims: 1 reproduced, 1 partly, 1 refuted, 1 not testable."), "{table}");
    assert!(table.contains("plain spans.created 1,500") && !table.contains("other"), "{table}");
}
