//! Fixtures with SDKs that have no module file in the repository: any release, and a checkout of the source.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lab::{Finished, Lab, lab, lab_alone, root};

/// A queue that must drop: with an SDK that does not say so, the books would stay open.
const SCARCE: &str = "[load]\nrate = \"800/s\"\nwarmup = \"100ms\"\nlasting = \"400ms\"\n\
    [exporter]\nqueue = 64\nbatch = 32\n[receiver]\nanswer_after = \"50ms\"\n";

/// The module of the checkout's own folder.
const API: &str = "go.opentelemetry.io/otel";

fn with_sdk(sdk: &str) -> String {
    format!("{SCARCE}[[variant]]\nname = \"v\"\nsdk = \"{sdk}\"\n")
}

fn lab_with_proxy() -> Option<Lab> {
    lab().filter(|lab| !lab.skips_without_module_proxy())
}

/// The SDK that the only trial's fixture says it has.
fn sdk_of(done: &Finished) -> &str {
    done.assert_exact();
    let trial = &done.result.variants[0].trials[0];
    assert!(trial.ledger.fates.iter().any(|(fate, _)| fate.to_string() == "dropped_queue_full"));
    &trial.sdk
}

fn built() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("target/fixtures")).unwrap();
    folder.map(|entry| entry.unwrap().path()).collect()
}

/// A checkout of the pinned SDK, put together from the modules that Go has downloaded.
struct Checkout(PathBuf);

impl Checkout {
    fn assemble(folder: PathBuf) -> Self {
        let go = |arguments: &[&str]| {
            let mut go = Command::new("go");
            let output = go.args(arguments).current_dir(root().join("go-fixtures")).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let all = go(&["list", "-m", "all"]);
        let of_sdk =
            |path: &&str| *path == API || path.strip_prefix(API).is_some_and(|rest| rest.starts_with('/'));
        let paths: Vec<&str> = all.lines().filter_map(|line| line.split(' ').next()).filter(of_sdk).collect();
        go(&[&["mod", "download"], paths.as_slice()].concat());
        let listed = go(&[&["list", "-m", "-f", "{{.Path}} {{.Dir}}"], paths.as_slice()].concat());
        let modules: Vec<(&str, &str)> = listed.lines().filter_map(|line| line.split_once(' ')).collect();
        assert!(modules.len() >= 5, "{listed}");
        for (path, from) in modules {
            let inner = path.trim_start_matches(API).trim_start_matches('/');
            copy(Path::new(from), &folder.join(inner));
        }
        Self(folder)
    }

    fn change(&self, file: &str, change: impl FnOnce(String) -> String) {
        let file = self.0.join(file);
        fs::write(&file, change(fs::read_to_string(&file).unwrap())).unwrap();
    }
}

/// What was built from it is of no use to anybody else.
impl Drop for Checkout {
    fn drop(&mut self) {
        let name = self.0.file_name().unwrap().to_str().unwrap().to_owned();
        for path in built().iter().filter(|path| path.to_str().is_some_and(|path| path.contains(&name))) {
            fs::remove_file(path).unwrap();
        }
    }
}

/// Copies by content: what Go has downloaded cannot be written to.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::write(target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

#[test]
fn a_release_without_a_module_file_is_built_and_accounted_for() {
    let Some(lab) = lab_with_proxy() else { return };
    let done = lab.run(&with_sdk("1.41"));
    assert_eq!(sdk_of(&done), "1.41.0");
    let sdks: Vec<String> = done.result.environment.sdks.iter().map(ToString::to_string).collect();
    assert_eq!(sdks, ["1.41 (1.41.0)"]);
    assert_eq!(done.result.plan.variants[0].sdk.as_deref(), Some("1.41"));
    assert!(root().join("target/fixtures/fixture-sdk-1.41.0").is_file());
}

#[test]
fn a_release_that_does_not_exist_is_named_with_the_nearest() {
    let Some(lab) = lab_with_proxy() else { return };
    let scenario = lab.scenario(&with_sdk("1.41.7"));
    let mut command = lab.program();
    command.arg("scenario").arg(&scenario).arg("--out").arg(lab.path("results"));
    let known = command.output().unwrap();
    let said = String::from_utf8_lossy(&known.stderr);
    assert_eq!(known.status.code(), Some(102), "{said}");
    assert!(
        said.contains("there is no such release; the nearest are 1.40.0, 1.41.0, 1.42.0, 1.43.0"),
        "{said}"
    );
    let offline = command.env("GOPROXY", "off").output().unwrap();
    let said = String::from_utf8_lossy(&offline.stderr);
    assert_eq!(offline.status.code(), Some(69), "{said}");
    assert!(
        said.contains("the list of released SDK versions is absent: the Go module proxy must be"),
        "{said}"
    );
}

#[test]
fn a_checkout_is_built_as_it_is_at_that_moment() {
    let Some(lab) = lab_with_proxy() else { return };
    let nothing = lab.scenario(&with_sdk("path:."));
    let refused =
        lab.program().arg("scenario").arg(nothing).arg("--out").arg(lab.path("none")).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(102), "{said}");
    assert!(said.contains("is no checkout of opentelemetry-go"), "{said}");

    let name = format!("otel-{}", std::process::id());
    let checkout = Checkout::assemble(lab.path(&name));
    let version =
        |to: &'static str| move |text: String| text.replace("return \"1.", &format!("return \"{to}."));
    let run = |out: &str| {
        let scenario = lab.scenario(&with_sdk(&format!("path:{name}")));
        let out = lab.path(out);
        lab.program().arg("scenario").arg(scenario).arg("--out").arg(out).output().unwrap()
    };
    checkout.change("sdk/version.go", version("41"));
    let first = lab.run(&with_sdk(&format!("path:{name}")));
    assert!(sdk_of(&first).starts_with("41."), "{}", sdk_of(&first));
    let sdks = &first.result.environment.sdks;
    assert_eq!((sdks.len(), sdks[0].written.clone()), (1, format!("path:{name}")));
    assert_eq!(sdks[0].revision, None);

    checkout.change("sdk/version.go", |text| text.replace("\"41.", "\"42."));
    let second = run("second");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(matches!(second.status.code(), Some(0 | 3)), "{said}");
    let mut manifests =
        fs::read_dir(lab.path("second")).unwrap().map(|entry| entry.unwrap().path().join("result.json"));
    let result = manifests.find_map(|path| fs::read_to_string(path).ok()).unwrap();
    assert!(result.contains("\"sdk\": \"42."), "the changed checkout was not built again");

    checkout.change("sdk/trace/provider.go", |text| format!("{text}\nfunc broken() {{ return 1 }}\n"));
    let third = run("third");
    let said = String::from_utf8_lossy(&third.stderr);
    assert_eq!(third.status.code(), Some(102), "{said}");
    for words in ["did not build", "the oldest SDK known to work is 1.38.0", "too many return values"] {
        assert!(said.contains(words), "`{words}` is missing: {said}");
    }
}

/// How much is allocated for a span depends a little on how many requests are under way at once.
pub(crate) fn the_release_that_changed_something_is_named() {
    let Some(lab) = lab_alone().filter(|lab| !lab.skips_without_module_proxy()) else { return };
    // 1.39 allocates less per span than 1.38: 38.0 and 40.5 objects here.
    let text = "[load]\nrate = \"500/s\"\nwarmup = \"300ms\"\nlasting = \"1500ms\"\n[[expect]]\nthat = \"allocs.per_span <= 39.3\"\n";
    let scenario = lab.scenario(text);
    let out = lab.path("results");
    let found = lab.call(&[
        "bisect",
        scenario.to_str().unwrap(),
        "--good",
        "1.39.0",
        "--bad",
        "1.38",
        "--out",
        out.to_str().unwrap(),
    ]);
    let text = String::from_utf8_lossy(&found.stderr).into_owned();
    assert_eq!(found.status.code(), Some(0), "{text}");
    assert!(
        String::from_utf8_lossy(&found.stdout).contains("1.38.0 is the first that fails; 1.39.0 passes"),
        "{text}"
    );
    // The other way round there is nothing to look for.
    let wrong = lab.call(&[
        "bisect",
        scenario.to_str().unwrap(),
        "--good",
        "1.38",
        "--bad",
        "1.39.0",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(wrong.status.code(), Some(3));
}
