//! The shape of the house: rooms of a size in which one finds things, no import circle between the modules beside each other,
//! and one name for one type.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{files, named, root};

/// Source files that may lie beside each other in one folder.
const MOST_FILES: usize = 20;

/// The crates of the workspace, by their folder.
fn crates() -> Vec<PathBuf> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    members.split('"').skip(1).step_by(2).map(|member| root().join(member)).collect()
}

#[test]
fn no_room_is_crowded() {
    let mut rooms: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for path in files(&root(), &["rs", "go", "c", "h", "js", "mjs", "css"]) {
        *rooms.entry(path.parent().unwrap().to_owned()).or_default() += 1;
    }
    let crowded: Vec<_> = rooms.iter().filter(|(_, files)| **files > MOST_FILES).collect();
    assert!(crowded.is_empty(), "more than {MOST_FILES} files beside each other, group them: {crowded:#?}");
}

/// Otherwise each compiles again what the other one has compiled: minutes, in a fresh clone.
#[test]
fn a_build_has_the_features_that_tests_switch_on() {
    let packages = |edges: &str| -> BTreeSet<String> {
        let mut tree = Command::new(env!("CARGO"));
        tree.args(["tree", "--workspace", "--locked", "--offline", "--prefix", "none", "--edges", edges]);
        let output = tree.args(["--format", "{p} {f}"]).current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
    };
    let (built, tested) = (packages("normal,build"), packages("normal,build,dev"));
    let twice: Vec<_> = built.difference(&tested).collect();
    assert!(
        twice.is_empty(),
        "tests have other features of these; name them in harness/testkit/Cargo.toml: {twice:#?}"
    );
}

/// A module's path from its crate: `["books", "walk"]`; empty for the crate itself.
type ModulePath = Vec<String>;

/// The code of each module of a crate, without comments and tests.
struct CrateSource(BTreeMap<ModulePath, String>);

impl CrateSource {
    fn read(folder: &Path) -> Self {
        let mut out = BTreeMap::new();
        for path in files(folder, &["rs"]) {
            let name = path.strip_prefix(folder).unwrap().with_extension("").display().to_string();
            let module: ModulePath = match name.as_str() {
                "lib" | "main" => Vec::new(),
                name => name.split('/').map(str::to_owned).collect(),
            };
            if !module.iter().any(|part| part == "tests") {
                out.insert(module, code_of(&fs::read_to_string(&path).unwrap()));
            }
        }
        Self(out)
    }

    /// The path that a written path stands for, from the crate; nothing for one into another crate.
    fn absolute(&self, own: &[String], written: &[&str]) -> Option<ModulePath> {
        let up = written.iter().take_while(|part| **part == "super").count();
        let (base, skip) = match *written.first()? {
            "crate" => (&own[..0], 1),
            "self" => (own, 1),
            "super" => (&own[..own.len().checked_sub(up)?], up),
            first if self.0.contains_key(&[own, &[first.to_owned()]].concat()) => (own, 0),
            _ => return None,
        };
        Some(base.iter().cloned().chain(written[skip..].iter().map(|part| (*part).to_owned())).collect())
    }

    /// The module in which what a path names is defined: names that a module only imports are followed to where they come from.
    fn home(&self, path: &[String], steps: u8) -> ModulePath {
        let length = (0..=path.len()).rev().find(|n| self.0.contains_key(&path[..*n])).unwrap_or_default();
        let module = &path[..length];
        if let Some(name) = path.get(length).filter(|_| steps > 0)
            && let Some(from) =
                imported(&self.0[module]).into_iter().find(|from| from.last() == Some(&name.as_str()))
            && let Some(from) = self.absolute(module, &from)
            && from != path
        {
            return self.home(&from, steps - 1);
        }
        module.to_vec()
    }

    /// Which modules each module names.
    fn arrows(&self) -> BTreeSet<(ModulePath, ModulePath)> {
        let mut out = BTreeSet::new();
        for (own, code) in &self.0 {
            let starts =
                ["crate::", "super::", "self::"].into_iter().flat_map(|start| code.match_indices(start));
            for (at, _) in
                starts.filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == ':'))
            {
                let paths = named(&code[at..]);
                out.extend(
                    paths
                        .iter()
                        .filter_map(|path| Some((own.clone(), self.home(&self.absolute(own, path)?, 5)))),
                );
            }
        }
        out
    }

    /// Circles among the modules of each room: a room is one module to those beside it.
    fn circles(&self) -> Vec<String> {
        let mut rooms: BTreeMap<&[String], BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
        let arrows = self.arrows();
        for (from, to) in &arrows {
            let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
            if let (Some(a), Some(b)) = (from.get(shared), to.get(shared)) {
                rooms.entry(&from[..shared]).or_default().entry(a).or_default().insert(b);
            }
        }
        let mut out = Vec::new();
        for (room, arrows) in rooms {
            for from in arrows.keys() {
                if reachable(&arrows, from).contains(from) {
                    out.push([room, &[(*from).to_owned()]].concat().join("::"));
                }
            }
        }
        out
    }
}

/// Everything that can be reached by at least one arrow.
fn reachable<'a>(arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut out = BTreeSet::new();
    let mut next: Vec<&str> = arrows.get(from).into_iter().flatten().copied().collect();
    while let Some(module) = next.pop() {
        if out.insert(module) {
            next.extend(arrows.get(module).into_iter().flatten());
        }
    }
    out
}

/// Code without comments, and without the tests at its end.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The paths that the `use` lines of a module import.
fn imported(code: &str) -> Vec<Vec<&str>> {
    let uses = code.match_indices("use ").filter(|(at, _)| code[..*at].ends_with(['\n', ' ']) || *at == 0);
    uses.flat_map(|(at, word)| named(&code[at + word.len()..])).collect()
}

#[test]
fn modules_beside_each_other_form_no_circle() {
    for member in crates() {
        let circles = CrateSource::read(&member.join("src")).circles();
        assert!(
            circles.is_empty(),
            "{}: these name each other, directly or not: {circles:?}",
            member.display()
        );
    }
}

#[test]
fn a_circle_is_seen() {
    let made = |modules: &[(&str, &str)]| {
        let module = |(path, text): &(&str, &str)| {
            (path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect(), code_of(text))
        };
        CrateSource(modules.iter().map(module).collect()).circles()
    };
    let crate_file = ("", "mod a;\nmod b;\n");
    assert_eq!(made(&[crate_file, ("a", "use crate::b::X;\n"), ("b", "use crate::a::Y;\n")]), ["a", "b"]);
    assert_eq!(
        made(&[crate_file, ("a", "fn f() {\n    super::b::g();\n}\n"), ("b", "use super::{a, c};\n")]),
        ["a", "b"]
    );
    // Through a name that the room hands on.
    let room = ("a", "mod x;\nmod y;\npub use x::X;\n");
    assert_eq!(
        made(&[("", "mod a;\n"), room, ("a::x", "use super::y::Y;\n"), ("a::y", "use super::X;\n")]),
        ["a::x", "a::y"]
    );
    // A room and its own modules may name each other; comments and tests name what they like.
    let sound = [
        crate_file,
        ("a", "mod x;\nuse x::X;\n"),
        ("a::x", "use super::Z;\nuse crate::b::B;\n"),
        ("b", "// crate::a\nuse std::fmt;\n#[cfg(test)]\nmod tests {\n    use crate::a::Z;\n}\n"),
    ];
    assert_eq!(made(&sound), [""; 0]);
}

/// The types that a file defines, outside its tests.
fn types_in(code: &str) -> Vec<&str> {
    let defined = code.lines().filter_map(|line| {
        let public = line.trim_start().strip_prefix("pub");
        let rest = public.map_or(line.trim_start(), |rest| {
            rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest)
        });
        let (word, rest) = rest.trim_start().split_once(' ')?;
        // An indented alias belongs to a trait, which names it.
        let is_alias = word == "type" && !line.starts_with(' ');
        (["struct", "enum", "trait", "union"].contains(&word) || is_alias).then_some(rest)
    });
    let name_of =
        |rest: &'_ str| rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len();
    let names = defined.map(|rest| &rest[..name_of(rest)]);
    // Empty: `$name` of a macro.
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn a_type_name_means_one_type() {
    let mut homes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // What only tests use is looked for in tests.
    for member in crates().into_iter().filter(|member| !member.ends_with("testkit")) {
        for (module, code) in CrateSource::read(&member.join("src")).0 {
            let home = format!("{}::{}", member.file_name().unwrap().display(), module.join("::"));
            for name in types_in(&code) {
                homes.entry(name.to_owned()).or_default().insert(home.clone());
            }
        }
    }
    let several: Vec<_> = homes.iter().filter(|(_, homes)| homes.len() > 1).collect();
    assert!(several.is_empty(), "who searches for one of these finds several: {several:#?}");
}

#[test]
fn a_second_type_of_a_name_is_seen() {
    let code = "pub struct Kind;\npub(crate) enum State<'a> {\n}\n    trait Shape {}\ntype Row = u8;\nimpl Iterator for X {\n    type Item = u8;\n}\n";
    assert_eq!(types_in(code), ["Kind", "State", "Shape", "Row"]);
}
