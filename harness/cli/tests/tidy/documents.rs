//! What a reader meets: documents that are short, reachable, and say what the program says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use spanfate_model::fate::Fate;
use spanfate_model::verdict::ExitCode;

use super::{files, root};

/// Lines that the README may have.
const README_LINES: usize = 120;

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The documents of the project: not the decisions, which are history, nor what tests compare with.
fn documents() -> Vec<PathBuf> {
    let is_other = |path: &Path| {
        let inside = path.strip_prefix(root()).unwrap();
        inside.starts_with("docs/adr") || inside.starts_with("harness")
    };
    files(&root(), &["md"]).into_iter().filter(|path| !is_other(path)).collect()
}

/// Where the links of a Markdown text go, pages of others left out.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.contains(char::is_whitespace))
}

/// What a link to a heading of Markdown is called.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn has_anchor(text: &str, wanted: &str) -> bool {
    text.lines().filter_map(|line| line.strip_prefix('#')).any(|rest| {
        let heading = rest.trim_start_matches('#');
        anchor(heading) == wanted
    })
}

/// The prose of a Markdown text: no blocks of code, no words in code type, no targets of links.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced || line.starts_with("    ") {
            continue;
        }
        let words: Vec<&str> = line.split('`').step_by(2).collect();
        for (at, piece) in words.join(" ").split("](").enumerate() {
            out += if at == 0 { piece } else { piece.split_once(')').map_or("", |(_, rest)| rest) };
        }
        out.push('\n');
    }
    out.to_lowercase()
}

#[test]
fn the_readme_is_read_in_minutes() {
    let lines = text("README.md").lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines; move what is too much into docs/");
}

#[test]
fn the_index_leads_to_every_document() {
    let index = text("docs/README.md");
    let linked: BTreeSet<PathBuf> =
        links(&index).map(|link| Path::new("docs").join(link.split('#').next().unwrap())).collect();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root()).unwrap();
            let here = name == Path::new("docs/README.md") || linked.contains(name);
            assert!(here, "docs/README.md does not link {}", name.display());
        }
    }
}

#[test]
fn the_page_of_the_designs_is_what_their_scenarios_and_figures_give() {
    let (page, figures) = ("docs/designs.md", "docs/designs.json");
    let out = Command::new(env!("CARGO_BIN_EXE_spanfate"))
        .args(["designs", figures])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let same = text(page) == String::from_utf8(out.stdout).unwrap();
    assert!(same, "{page} is stale: cargo run -- designs {figures} > {page}");
}

#[test]
fn links_lead_somewhere() {
    for path in files(&root(), &["md"]) {
        let text = fs::read_to_string(&path).unwrap();
        for link in links(&text) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: there is no {link}", path.display());
            let there =
                heading.is_empty() || has_anchor(&fs::read_to_string(&target).unwrap_or_default(), heading);
            assert!(there, "{}: {file} has no heading for #{heading}", path.display());
        }
    }
}

/// The commands of ours that a line of a document shows, as their words from the subcommand on.
fn shown(line: &str) -> Vec<Vec<&str>> {
    let pieces: Vec<&str> =
        if line.starts_with("    ") { vec![line] } else { line.split('`').skip(1).step_by(2).collect() };
    let starts = ["spanfate ", "target/debug/spanfate ", "cargo run -- "];
    let mut out = Vec::new();
    for piece in pieces {
        let piece = piece.trim_start().trim_start_matches("sudo ").trim_start_matches("-E ");
        let Some(rest) = starts.iter().find_map(|start| piece.strip_prefix(start)) else {
            continue;
        };
        let end = |word: &&str| ["--", "#", "|", "||", "&&", "\\"].contains(word);
        let words: Vec<&str> = rest.split_whitespace().take_while(|word| !end(word)).collect();
        // What is not a command is a name: the line of a table, or of an output.
        if words.first().is_some_and(|word| word.chars().all(|c| c.is_ascii_lowercase())) {
            out.push(words);
        }
    }
    out
}

#[test]
fn documents_show_commands_that_exist() {
    let help = |command: &str| {
        let out = Command::new(env!("CARGO_BIN_EXE_spanfate")).args([command, "--help"]).output().unwrap();
        out.status.success().then(|| String::from_utf8(out.stdout).unwrap())
    };
    let mut asked = BTreeMap::new();
    let mut seen = 0;
    for path in documents() {
        for line in fs::read_to_string(&path).unwrap().lines() {
            for words in shown(line) {
                let (command, rest) = words.split_first().unwrap();
                let Some(help) = asked.entry((*command).to_owned()).or_insert_with(|| help(command)) else {
                    panic!("{}: there is no command {command}: {line}", path.display());
                };
                for option in rest.iter().flat_map(|word| word.split('|')) {
                    let name = option.trim_matches(['[', ']', '.', ',', ';', ':']).split('=').next().unwrap();
                    assert!(
                        !name.starts_with("--") || help.contains(name),
                        "{}: {command} has no {name}: {line}",
                        path.display()
                    );
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn every_exit_code_is_documented_with_its_meaning() {
    let page = text("docs/exit-codes.md");
    for (_, number, meaning) in ExitCode::ALL {
        let row = format!("| {number} | {} |", meaning.trim());
        assert!(page.contains(&row), "docs/exit-codes.md lacks `{row}`");
    }
}

#[test]
fn results_tell_of_every_fate_what_it_means_and_what_proves_it() {
    let page = text("docs/results.md");
    let (_, rest) = page.split_once("\n## Fates\n").unwrap();
    let (meanings, rest) = rest.split_once("\n## What each mark proves\n").unwrap();
    let proofs = rest.split("\n## ").next().unwrap();
    for fate in Fate::all() {
        let name = fate.to_string();
        let stem = name.split('.').next().unwrap();
        for (what, section) in [("meaning", meanings), ("proof", proofs)] {
            let there = section.contains(&format!("`{name}`")) || section.contains(&format!("`{stem}.*`"));
            assert!(there, "docs/results.md has no {what} of {name}");
        }
    }
}

#[test]
fn the_glossary_defines_each_word_once() {
    let mut seen = BTreeSet::new();
    for line in text("docs/glossary.md").lines() {
        let Some((words, _)) = line.strip_prefix("| **").and_then(|rest| rest.split_once("**")) else {
            continue;
        };
        for word in words.split(" / ") {
            assert!(seen.insert(word.to_owned()), "docs/glossary.md defines {word} twice");
        }
    }
    assert!(seen.len() > 100, "{}", seen.len());
}

/// Words of the house that the field has a term for, and the term.
const OLD_WORDS: [(&str, &str); 12] = [
    ("nothing beats", "on the Pareto front"),
    ("merged quantile", "pooled quantiles"),
    ("counting error", "Clopper-Pearson interval"),
    ("foreign cpu", "neighbour CPU"),
    ("headless", "root missing"),
    ("torn", "orphaned spans, or cut off"),
    ("spoil", "not valid"),
    ("own program", "own service"),
    ("planted", "seeded"),
    ("stand-in ledger", "books from probes"),
    ("the law", "the capacity model"),
    ("runtime/trace", "runtime trace"),
];

#[test]
fn documents_use_the_terms_of_the_field() {
    for path in documents() {
        let prose = prose(&fs::read_to_string(&path).unwrap());
        let words: Vec<&str> = prose.split_whitespace().collect();
        let joined = format!(" {} ", words.join(" "));
        for (old, term) in OLD_WORDS {
            let found = joined.find(&format!(" {old}"));
            let around = found.map(|at| joined[at..].chars().take(60).collect::<String>());
            assert_eq!(around, None, "{}: say “{term}”", path.display());
        }
    }
}

#[test]
fn the_cookbook_shows_the_workflows_that_lie_beside_it() {
    for (recipe, file) in [
        ("github-actions.md", "github-nightly.yml"),
        ("gitlab-ci.md", "gitlab-nightly.yml"),
        ("ci-for-your-service.md", "github-service.yml"),
        ("ci-for-your-service.md", "gitlab-service.yml"),
    ] {
        let read = |name: &str| text(&format!("docs/cookbook/{name}"));
        let shown = format!("```yaml\n{}```\n", read(file));
        assert!(read(recipe).contains(&shown), "{recipe} shows another {file}");
    }
}

#[test]
fn the_documented_scenarios_are_valid_ones() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut seen = 0;
    for path in documents() {
        let page = fs::read_to_string(&path).unwrap();
        let examples = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        // The others are pieces of one.
        for example in examples.filter(|example| example.starts_with("name =")) {
            let file = folder.path().join("documented.toml");
            fs::write(&file, example).unwrap();
            let out =
                Command::new(env!("CARGO_BIN_EXE_spanfate")).arg("validate").arg(&file).output().unwrap();
            let said = String::from_utf8_lossy(&out.stderr);
            assert!(out.status.success(), "{}: {example}{said}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 3, "{seen}");
}
