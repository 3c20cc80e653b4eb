//! What a browser makes of the report: the tests in `harness/browser`, run on made-up results. They need Chromium, Node.js and npm
//! with its registry; where one is absent they are skipped, with a notice.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use spanfate_model::result::RunResult;

use super::court;
use crate::given::html;
use crate::sample;

/// Names under which Chromium is installed; `CHROMIUM` in the environment comes first.
const BROWSERS: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
/// What the tests are made of.
const FILES: [&str; 6] =
    ["package.json", "package-lock.json", ".npmrc", "open.js", "every.test.js", "reader.test.js"];

#[test]
fn browsers_make_of_it_what_is_meant() -> io::Result<()> {
    let skipped =
        |why: &str| writeln!(io::stderr(), "SKIPPED (1): {why}, so no browser has looked at the report");
    let Some(browser) = browser() else { return skipped("there is no Chromium") };
    if ["node", "npm"].iter().any(|tool| Command::new(tool).arg("--version").output().is_err()) {
        return skipped("there is no Node.js with npm");
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../browser");
    std::fs::create_dir_all(&place)?;
    for file in FILES {
        std::fs::copy(from.join(file), place.join(file))?;
    }
    let installed = Command::new("npm").args(["ci", "--no-progress"]).current_dir(&place).output()?;
    if !installed.status.success() {
        return skipped("npm could not install what the tests need");
    }
    let pages = tempfile::TempDir::new()?;
    let reports = results().into_iter().map(|(name, result)| (name, html(&result)));
    let all: Vec<(&str, String)> = reports.chain(court::pages()?).collect();
    for (name, text) in &all {
        std::fs::write(pages.path().join(format!("{name}.html")), text)?;
    }
    let done = Command::new("node")
        .args(["--test", "--test-reporter=tap", "every.test.js", "reader.test.js"])
        .current_dir(&place)
        .env("PAGES", pages.path())
        .env("CHROMIUM", browser)
        .output()?;
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{text}\n{}", String::from_utf8_lossy(&done.stderr));
    // A run that tested nothing succeeds as well: there are six tests of each page, and some of one page.
    let passed = text.lines().find_map(|line| line.strip_prefix("# pass ")?.parse::<usize>().ok());
    assert!(passed.is_some_and(|passed| passed > 6 * all.len()), "{passed:?} passed: {text}");
    Ok(())
}

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let inside = |folder: PathBuf| BROWSERS.iter().map(move |name| folder.join(name));
    named.into_iter().chain(std::env::split_paths(&path).flat_map(inside)).find(|path| path.is_file())
}

/// One page of each kind that looks different; axe takes its time with each.
fn results() -> Vec<(&'static str, RunResult)> {
    vec![
        ("sample", sample::nine()),
        ("spanless", sample::spanless()),
        ("aborted", sample::aborted()),
        ("broken", sample::broken()),
        ("huge", sample::huge()),
        ("replayed", sample::replayed()),
        ("own", sample::own()),
        ("faulty", sample::faulty()),
        ("forked", sample::forked()),
        ("compared", sample::compared()),
        ("matrix", sample::matrix(sample::Axes::ALL)),
        ("hostile", sample::poisoned("<script>alert(1)</script>&\u{1b}[31m")),
        ("hostile-chain", sample::poisoned_chain("<script>alert(1)</script>&\u{1b}[31m")),
        ("hostile-faults", sample::poisoned_faults("<script>alert(1)</script>&\u{1b}[31m")),
        ("hostile-paths", sample::poisoned_paths("<script>alert(1)</script>&\u{1b}[31m")),
        ("hostile-matrix", sample::poisoned_matrix("</td><b>&\u{1b}[31m")),
        ("hostile-compared", sample::poisoned_comparison("]]><b>|`@a`&\u{1b}[31m")),
    ]
}
