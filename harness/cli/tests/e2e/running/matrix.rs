//! The matrix: programs as people set them up, each built in several ways and ended in several ways, under `spanfate attach`. What
//! the books say of the spans is what the program counted in its own code, and what its calls of gRPC were answered.

mod cell;
mod page;
mod setups;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use super::paths::each;
use super::paths::target::{Build, build};
use crate::lab::Lab;
use crate::watching::probes::probed;
use cell::MatrixCell;
use setups::{MatrixEnd, all};

/// How the programs are built.
const BUILDS: [(&str, Build); 7] = [
    ("plain", Build::PINNED),
    ("stripped", Build { stripped: true, ..Build::PINNED }),
    ("profiled", Build { profiled: true, ..Build::PINNED }),
    ("unoptimised", Build { unoptimised: true, ..Build::PINNED }),
    ("sdk-1.38", Build { sdk: Some("1.38.0"), ..Build::PINNED }),
    ("sdk-1.28", Build { sdk: Some("1.28.0"), ..Build::PINNED }),
    ("sdk-1.28-stripped", Build { sdk: Some("1.28.0"), stripped: true, ..Build::PINNED }),
];

/// Which cells of the whole matrix run: `part` of a cell's name `build / set-up / end`, such as `sdk-1.28` or `/ kill`.
const PART: &str = "MATRIX_PART";
/// A file of the cells that were right already, which are left out, so that the matrix can be gone through in pieces.
const DONE: &str = "MATRIX_DONE";

fn cells(wanted: impl Fn(&MatrixCell) -> bool) -> Vec<MatrixCell> {
    let mut out = Vec::new();
    for (name, build) in BUILDS {
        for setup in all() {
            for end in MatrixEnd::ALL {
                out.push(MatrixCell::new(name, build, setup.clone(), end));
            }
        }
    }
    out.retain(wanted);
    out
}

fn run(lab: &Lab, cells: &[MatrixCell], done: impl Fn(&MatrixCell) + Sync) {
    let mut programs: Vec<(&str, PathBuf)> = Vec::new();
    for cell in cells {
        if programs.iter().all(|(name, _)| *name != cell.build) {
            programs.push((cell.build, build(cell.of)));
        }
    }
    each(
        cells,
        |cell| &cell.name,
        |cell, number, wrong| {
            let (_, program) = programs.iter().find(|(name, _)| *name == cell.build).unwrap();
            cell.check(lab, program, number, wrong);
            if wrong.0.is_empty() {
                done(cell);
            }
        },
    );
}

#[test]
fn programs_as_people_set_them_up_have_the_books_that_they_count_themselves() {
    let Some(lab) = probed() else { return };
    let cells = cells(|cell| cell.build == "plain" && cell.setup.ci.contains(&cell.end));
    assert!((12..=20).contains(&cells.len()), "{}", cells.len());
    run(&lab, &cells, |_| {});
}

/// One program of each of the builds that no other test of every day has: where the compiler inlines what probes sit on, where it
/// optimises nothing, and the oldest SDK that people use.
#[test]
fn a_program_built_otherwise_and_one_of_an_old_sdk_have_the_same_books() {
    let Some(lab) = probed() else { return };
    if lab.skips_without_module_proxy() {
        return;
    }
    let builds = ["profiled", "unoptimised", "sdk-1.28"];
    let is_one =
        |cell: &MatrixCell| cell.setup.name == "one batch processor" && cell.end == MatrixEnd::Shutdown;
    let cells = cells(|cell| builds.contains(&cell.build) && is_one(cell));
    assert_eq!(cells.len(), builds.len());
    run(&lab, &cells, |_| {});
}

/// `MATRIX_PART=sdk-1.28 MATRIX_DONE=done.txt cargo test -p spanfate --test e2e whole_matrix -- --ignored`
#[test]
#[ignore = "a nightly test: hundreds of programs"]
fn the_whole_matrix_of_setups_builds_and_ends_is_right() {
    let Some(lab) = probed() else { return };
    let part = std::env::var(PART).unwrap_or_default();
    let done = std::env::var_os(DONE);
    let before = done.as_ref().and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    let mut cells = cells(|cell| cell.name.contains(&part));
    assert!(!cells.is_empty(), "{PART}={part} is part of no cell's name");
    cells.retain(|cell| before.lines().all(|line| line != cell.name));
    run(&lab, &cells, |cell| {
        let Some(file) = &done else { return };
        let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
        file.write_all(format!("{}\n", cell.name).as_bytes()).unwrap();
    });
}
