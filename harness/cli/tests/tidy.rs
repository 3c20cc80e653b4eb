//! Rules of the house that no compiler knows.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "tidy/claims.rs"]
mod claims;
#[path = "tidy/documents.rs"]
mod documents;
#[path = "tidy/flipped.rs"]
mod flipped;
#[path = "tidy/structure.rs"]
mod structure;
#[path = "tidy/texts.rs"]
mod texts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use spanfate_model::scenario::SDK_VERSIONS;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Files of our own below a folder, by ending.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !["target", ".git", "results", "reports"].contains(&name.as_str()) {
                folders.push(path);
            } else if path.extension().is_some_and(|e| endings.contains(&e.to_string_lossy().as_ref())) {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    for path in files(&root(), &["rs", "go", "c"]) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 400, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_module_says_what_it_is() {
    for path in files(&root(), &["rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} does not begin with `//!`", path.display());
        let in_tests = path.components().any(|part| part.as_os_str() == "tests");
        assert!(in_tests || !path.ends_with("mod.rs"), "{}: name the module's file after it", path.display());
    }
}

#[test]
fn there_is_one_binary_and_the_crates_keep_their_edges() {
    let allowed = [
        ("model", &[][..]),
        ("analysis", &["model"][..]),
        ("diff", &["model"][..]),
        ("export", &["model"][..]),
        ("report", &["model"][..]),
        ("run", &["model", "probes"][..]),
        ("cli", &["model", "run", "analysis", "diff", "export", "report"][..]),
    ];
    for (name, edges) in allowed {
        let manifest = fs::read_to_string(root().join("harness").join(name).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap();
        for line in dependencies.lines().filter_map(|line| line.strip_prefix("spanfate-")) {
            let edge = line.split('.').next().unwrap();
            assert!(edges.contains(&edge), "{name} depends on {edge}");
        }
        assert_eq!(
            manifest.contains("[[bin]]") || root().join(format!("harness/{name}/src/main.rs")).exists(),
            name == "cli"
        );
    }
}

/// What a use tree names, as paths from where it begins: `a::{b, c::d}` names `a::b` and `a::c::d`.
fn named(tree: &str) -> Vec<Vec<&str>> {
    let tree = tree.trim_start();
    if let Some(inside) = tree.strip_prefix('{') {
        let (mut depth, mut out, mut from) = (0, Vec::new(), 0);
        for (at, letter) in inside.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' if depth == 0 => {
                    out.extend(named(&inside[from..at]));
                    from = at + 1;
                }
                '}' => {
                    out.extend(named(&inside[from..at]));
                    break;
                }
                _ => {}
            }
        }
        return out;
    }
    let end = tree.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(tree.len());
    let (first, rest) = tree.split_at(end);
    match rest.strip_prefix("::") {
        Some(rest) => named(rest).into_iter().map(|path| [vec![first], path].concat()).collect(),
        None => vec![vec![first]],
    }
}

/// The modules that the text of a module names by `crate::` or `super::`, as paths from the crate.
fn modules_named_in(text: &str, own: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    let tests = text.find("\nmod tests {").unwrap_or(text.len());
    let starts = text.match_indices("crate::").chain(text.match_indices("super::"));
    for (at, _) in starts.filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == ':'))
    {
        for path in named(&text[at..]) {
            let mut base = own.to_vec();
            if at > tests {
                base.push("tests");
            }
            let up = path.iter().take_while(|part| **part == "super").count();
            base.truncate(if path[0] == "crate" { 0 } else { base.len() - up });
            let rest = path.iter().skip(if path[0] == "crate" { 1 } else { up });
            out.push(base.iter().chain(rest).copied().collect::<Vec<_>>().join("::"));
        }
    }
    out
}

/// Rooms of several commands.
const ROOMS: [&str; 1] = ["about"];

/// The command that a module belongs to.
fn command_of<'a>(module: &[&'a str]) -> Option<&'a str> {
    let depth = if module.get(1).is_some_and(|name| ROOMS.contains(name)) { 2 } else { 1 };
    module.get(depth).copied()
}

/// What a module of the binary must not do, in words; nothing where it keeps its place.
fn out_of_place(module: &str, text: &str) -> Vec<String> {
    let own: Vec<&str> = module.split("::").collect();
    let mut out = Vec::new();
    for named in modules_named_in(text, &own) {
        let parts: Vec<&str> = named.split("::").collect();
        let is = |room: &str| parts[0] == room;
        let is_module = |name: &str| name.starts_with(|c: char| c.is_lowercase());
        let wrong = match own[0] {
            "main" => false,
            // A command may have modules of its own, and no other's.
            "command" if own.len() > 1 => {
                is("command") && parts.len() > 1 && command_of(&parts) != command_of(&own)
            }
            "command" => false,
            "session" => ["command", "args", "show", "outcome"].into_iter().any(is),
            _ => is("command") && parts.get(1).is_none_or(|name| is_module(name)),
        };
        if wrong {
            out.push(format!("{module} names {named}"));
        }
    }
    let prints = ["println!", "print!", "eprint!", "stdout()", "stderr()"];
    let printed = prints.into_iter().filter(|_| own[0] == "session").filter(|word| text.contains(word));
    out.extend(printed.map(|word| format!("{module} uses {word}")));
    out
}

#[test]
fn commands_do_not_know_each_other_and_use_cases_know_no_terminal() {
    let folder = root().join("harness/cli/src");
    for path in files(&folder, &["rs"]) {
        let module = path.strip_prefix(&folder).unwrap().with_extension("").display().to_string();
        let wrong = out_of_place(&module.replace('/', "::"), &fs::read_to_string(&path).unwrap());
        assert!(wrong.is_empty(), "{}; what two commands need belongs in `session`", wrong.join(", "));
    }
}

#[test]
fn who_breaks_the_layers_is_seen() {
    let broken = [
        ("command::scenario", "use super::analyze;\n"),
        ("command::scenario", "use super::{ci, report};\n"),
        ("command::scenario", "use crate::{args::Output, command::analyze::conclude};\n"),
        ("command::scenario", "fn f() {\n    super::analyze::run();\n}\n"),
        ("command::report::serve", "use super::super::compare::beside;\n"),
        ("command::about::plan", "use super::list;\n"),
        ("command::report", "use super::about::list;\n"),
        ("session::runs", "use crate::command::analyze;\n"),
        ("session::runs", "use crate::error::Error;\nuse crate::{show, scenario_file};\n"),
        ("session::series", "use crate::args::Output;\n"),
        ("session::series", "fn f() {\n    println!(\"round\");\n}\n"),
        ("scenario_file::check", "use crate::command::plan;\n"),
    ];
    for (module, text) in broken {
        assert!(!out_of_place(module, text).is_empty(), "{module}: {text}");
    }
    let sound = [
        ("main", "mod command;\nuse crate::args::Arguments;\n"),
        ("command", "use crate::{scenario_file, show};\n"),
        ("command::report", "use crate::session::runs::{Shelf, find};\nmod serve;\n"),
        ("command::report::serve", "use super::one;\nuse crate::show;\n"),
        ("command::bisect", "\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n"),
        ("session::series", "use super::Audience;\nuse super::carry_out;\nuse crate::error::Error;\n"),
    ];
    for (module, text) in sound {
        assert_eq!(out_of_place(module, text), [""; 0], "{text}");
    }
}

#[test]
fn unsafe_code_stays_in_the_probes() {
    for path in files(&root().join("harness"), &["rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        let word = ["un", "safe {"].concat();
        assert!(!text.contains(&word), "{}", path.display());
    }
}

#[test]
fn every_shipped_scenario_is_valid_and_listed() {
    let readme = fs::read_to_string(root().join("scenarios/README.md")).unwrap();
    for path in files(&root().join("scenarios"), &["toml"]) {
        let out = Command::new(env!("CARGO_BIN_EXE_spanfate")).arg("validate").arg(&path).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let name = path.strip_prefix(root().join("scenarios")).unwrap().display().to_string();
        assert!(readme.contains(&format!("| `{name}` |")), "scenarios/README.md does not list {name}");
    }
}

#[test]
fn the_readme_of_the_scenarios_has_the_table_that_the_files_give() {
    let readme = fs::read_to_string(root().join("scenarios/README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- spanfate list --markdown -->\n").unwrap();
    let (table, _) = rest.split_once("<!-- end -->\n").unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_spanfate"))
        .args(["list", "--markdown"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let files = String::from_utf8(out.stdout).unwrap();
    // Line by line, so that a failure names the row.
    for (row, written) in files.lines().zip(table.lines()) {
        assert_eq!(
            row, written,
            "the table in scenarios/README.md is old; cargo run -- list --markdown prints it"
        );
    }
    assert_eq!(
        files.lines().count(),
        table.lines().count(),
        "scenarios/README.md has other rows than there are files"
    );
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    for format in ["scenario", "result", "contract"] {
        let file = format!("docs/schema/{format}.schema.json");
        let published = fs::read_to_string(root().join(&file)).unwrap_or_default();
        let out = Command::new(env!("CARGO_BIN_EXE_spanfate")).args(["schema", format]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let same = published == String::from_utf8(out.stdout).unwrap();
        assert!(same, "{file} is old; write it again: cargo run -- schema {format} > {file}");
    }
}

#[test]
fn the_command_reference_is_what_the_program_says() {
    let file = "docs/commands.md";
    let published = fs::read_to_string(root().join(file)).unwrap_or_default();
    let out = Command::new(env!("CARGO_BIN_EXE_spanfate")).arg("reference").output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let same = published == String::from_utf8(out.stdout).unwrap();
    assert!(same, "{file} is old; write it again: cargo run -- reference > {file}");
}

#[test]
fn fixtures_can_be_built_with_every_sdk_that_is_named() {
    for version in SDK_VERSIONS {
        let module = root().join(format!("go-fixtures/sdk/{version}.mod"));
        let text = fs::read_to_string(&module).unwrap();
        assert!(text.contains(&format!("go.opentelemetry.io/otel/sdk v{version}\n")), "{}", module.display());
        assert!(module.with_extension("sum").is_file());
    }
}

#[test]
fn nothing_of_this_machine_is_in_the_tree() {
    let banned = ["/ro".to_owned() + "ot/", "/wo".to_owned() + "rk/", "/tmp/l".to_owned() + "ab"];
    for path in files(&root(), &["rs", "go", "toml", "md", "mod", "html", "yml", "sh"]) {
        let text = fs::read_to_string(&path).unwrap();
        for word in &banned {
            assert!(!text.contains(word.as_str()), "{} holds `{word}`", path.display());
        }
    }
}
