//! All runs on one page, served and as files; two runs side by side; claims.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use spanfate_model::result::ClaimOutcome;

use crate::lab::{Lab, lab};

const SCENARIO: &str = "[load]\nrate = \"300/s\"\nlasting = \"1s\"\n[[variant]]\nname = \"plain\"\n[[claim]]\nsays = \"It sends \
                        twice.\"\nholds_if = [{ that = \"duplicates > 0\" }]\n[[claim]]\nsays = \"<b>It doubles \
                        none.\"\nsource = \"somebody\"\nholds_if = [{ that = \"duplicates == 0\" }]\n";

/// A server that is gone with this.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn start(lab: &Lab) -> Self {
        let mut command = lab.program();
        command.args(["report", "--serve", "--results"]).arg(lab.path("results"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        Self { child, address }
    }

    /// Status, head and body of an answer.
    fn ask(&self, method: &str, path: &str, host: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_ascii_lowercase(), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, String, String) {
        self.ask("GET", path, &self.address)
    }

    fn stop(mut self, signal: Signal) -> Option<i32> {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn reviewers_find_every_run_its_report_and_comparisons() {
    let Some(lab) = lab() else { return };
    let runs = [lab.run(SCENARIO), lab.run(SCENARIO)];
    let names = runs.each_ref().map(|done| done.run.file_name().unwrap().to_str().unwrap().to_owned());
    let outcomes: Vec<ClaimOutcome> = runs[0].result.claims.iter().map(|claim| claim.outcome).collect();
    assert_eq!(outcomes, [ClaimOutcome::Refuted, ClaimOutcome::Reproduced]);
    // A claim that is refuted changes no verdict.
    assert_eq!(runs[0].code, Some(0), "{}", runs[0].stderr);
    let torn = lab.path("results").join("torn");
    fs::create_dir(&torn).unwrap();
    fs::write(torn.join("plan.json"), "{").unwrap();

    let served = Served::start(&lab);
    assert!(served.address.starts_with("127.0.0.1:"), "{}", served.address);
    let (status, head, page) = served.get("/");
    assert_eq!(status, 200);
    assert!(
        head.contains("default-src 'none'") && head.contains("nosniff") && head.contains("no-store"),
        "{head}"
    );
    assert!(page.contains("3 runs: ") && page.contains("1 without a result"), "{page}");
    assert!(names.iter().all(|name| page.contains(&format!("href=\"/runs/{name}\""))));
    assert!(page.contains("no result yet; `spanfate analyze torn` concludes it"));
    let (status, _, report) = served.get(&format!("/runs/{}", names[0]));
    let path = format!("{}.html", names[0]);
    let written = fs::read_to_string(lab.path("results").join(path)).unwrap();
    assert_eq!((status, report == written), (200, true), "the report that is served is another");
    assert!(written.contains("Were the claims right?") && written.contains("&lt;b&gt;It doubles none."));
    let (status, _, both) = served.get(&format!("/compare?a={}&b={}", names[0], names[1]));
    assert!(status == 200 && both.contains("Which loses more?") && both.contains("loss.rate"), "{both}");

    let missing = [
        "/x",
        "/runs/../../etc/passwd",
        "/runs/%2e%2e%2fresults",
        "/runs/torn",
        "/compare",
        "/compare?a=x&b=y",
    ];
    for path in missing {
        assert_eq!(served.get(path).0, 404, "{path}");
    }
    assert_eq!(served.ask("GET", "/", "evil.example").0, 403);
    assert_eq!(served.ask("POST", "/", &served.address).0, 405);
    let (status, _, body) = served.ask("HEAD", "/", &served.address);
    assert_eq!((status, body.as_str()), (200, ""));
    assert_eq!(served.stop(Signal::SIGINT), Some(0));

    let index = lab.call(&["report", "--index", "--results", lab.path("results").to_str().unwrap()]);
    assert!(index.status.success(), "{}", String::from_utf8_lossy(&index.stderr));
    let page = fs::read_to_string(lab.path("results").join("index.html")).unwrap();
    assert!(
        names.iter().all(|name| page.contains(&format!("href=\"{name}.html\""))) && !page.contains("<form")
    );
    let to = lab.path("both.html");
    let paths = runs.each_ref().map(|done| done.run.to_str().unwrap().to_owned());
    let call = lab.call(&["report", "--compare", &paths[0], &paths[1], "--output", to.to_str().unwrap()]);
    assert!(call.status.success(), "{}", String::from_utf8_lossy(&call.stderr));
    assert_eq!(fs::read_to_string(to).unwrap(), both);
}

#[test]
fn a_report_is_asked_for_in_one_way_at_a_time() {
    let Some(lab) = lab() else { return };
    let cases: [&[&str]; 6] = [
        &["report"],
        &["report", "x", "--serve"],
        &["report", "x", "--compare", "a", "b"],
        &["report", "--compare", "a"],
        &["report", "x", "--port", "1"],
        &["report", "--index", "--format", "junit"],
    ];
    for arguments in cases {
        assert_eq!(lab.call(arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(lab.call(&["report", "x", "--open", "--format", "junit"]).status.code(), Some(2));
    for missing in [&["report", "nowhere"][..], &["report", "--serve", "--results", "nowhere"]] {
        assert_eq!(lab.call(missing).status.code(), Some(66), "{missing:?}");
    }
    // Nothing here opens files: that is said, and no failure.
    let done = lab.run("[load]\nrate = \"50/s\"\nlasting = \"1s\"\n");
    let mut open = lab.program();
    open.args(["report", done.run.to_str().unwrap(), "--open"]).env("PATH", "");
    let said = open.output().unwrap();
    assert!(
        said.status.success()
            && String::from_utf8_lossy(&said.stderr).contains("nothing here to open it with")
    );
}
