//! `spanfate attach` at programs with several providers and processors: the books of each export path are exact by the program's
//! own truth, which holds the SDK's own counters.

pub(super) mod books;
mod ends;
mod exporters;
mod kills;
mod observers;
mod setups;
pub(super) mod target;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::lab::Lab;
use crate::watching::probes::probed;
use books::Complaints;
use setups::Setup;
use target::{Build, Ran};

/// How many programs run at once. Most of the time of one is the kernel's, which takes probes off.
const AT_ONCE: usize = 4;

/// Does something with each of them, several at once, and says of all what is wrong.
pub(super) fn each<T: Sync>(
    all: &[T],
    name: impl Fn(&T) -> &str + Sync,
    look: impl Fn(&T, usize, &mut Complaints) + Sync,
) {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((number, one)) =
            Some(next.fetch_add(1, Ordering::SeqCst)).and_then(|n| Some((n, all.get(n)?)))
        {
            let mut complaints = Complaints::default();
            look(one, number, &mut complaints);
            if !complaints.0.is_empty() {
                let text = format!("{}:\n    {}", name(one), complaints.0.join("\n    "));
                wrong.lock().unwrap().push((number, text));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    let texts: Vec<String> = wrong.into_iter().map(|(_, text)| text).collect();
    assert!(texts.is_empty(), "{} of {} set-ups:\n{}", texts.len(), all.len(), texts.join("\n"));
}

/// Runs set-ups with the target as each of these builds has it.
fn check(lab: &Lab, builds: &[Build], setups: fn() -> Vec<Setup>) {
    let programs: Vec<_> = builds.iter().map(|build| (build.name(), target::build(*build))).collect();
    let all: Vec<_> = programs
        .iter()
        .flat_map(|(build, program)| {
            setups().into_iter().map(move |setup| (format!("{} ({build})", setup.name), program, setup))
        })
        .collect();
    each(
        &all,
        |(name, ..)| name,
        |(_, program, setup), number, wrong| match Ran::of(
            lab,
            program,
            &format!("paths-{number}"),
            &setup.program,
        ) {
            Ok(ran) => books::check(setup, &ran, wrong),
            Err(why) => wrong.0.push(why),
        },
    );
}

#[test]
fn several_paths_have_exact_books_each() {
    let Some(lab) = probed() else { return };
    check(&lab, &[Build::PINNED], setups::several);
}

#[test]
fn processors_of_the_programs_own_are_seen_and_never_guessed() {
    let Some(lab) = probed() else { return };
    check(&lab, &[Build::PINNED], setups::own);
}

#[test]
fn what_takes_another_ones_place_has_books_of_its_own() {
    let Some(lab) = probed() else { return };
    check(&lab, &[Build::PINNED], setups::reloads);
}

#[test]
fn single_paths_and_none_are_what_they_are() {
    let Some(lab) = probed() else { return };
    check(&lab, &[Build::PINNED], setups::single);
}

#[test]
fn the_oldest_sdk_and_stripped_programs_have_the_same_books() {
    let Some(lab) = probed() else { return };
    check(&lab, &Build::OTHERS, setups::mixes);
}

#[test]
fn killed_at_any_moment_each_path_has_what_the_sdk_counted() {
    let Some(lab) = probed() else { return };
    let program = target::build(Build::PINNED);
    let all = kills::all();
    each(&all, |kill| &kill.name, |kill, number, wrong| kills::check(&lab, &program, kill, number, wrong));
}
