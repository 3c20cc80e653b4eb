//! How programs end: by what, at whose bidding, and what became of their providers' shutdowns.

use std::process::Child;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use spanfate_model::result::{EndedBy, ShutdownCourse};
use spanfate_report::{TableStyle, table};

use super::books::Complaints;
use super::target::{Build, Ran, attach, build};
use super::{each, probed};
use crate::lab::Lab;

/// What is done to a program, or to who watches it.
#[derive(Clone, Copy)]
enum Sent {
    Nothing,
    ToProgram(Signal),
    ToSpanfate(Signal),
}

/// A program's end and what must be said of it.
struct EndCase {
    name: &'static str,
    end: &'static str,
    sent: Sent,
    by: EndedBy,
    /// Exit code, or else the signal.
    code: Result<i32, i32>,
    shutdowns: [ShutdownCourse; 2],
    /// What the terminal says.
    said: &'static str,
}

const RETURNED: [ShutdownCourse; 2] = [ShutdownCourse::Returned; 2];
const NOT_CALLED: [ShutdownCourse; 2] = [ShutdownCourse::NotCalled; 2];

fn cases() -> [EndCase; 6] {
    let case =
        |name, end, sent, by, code, shutdowns, said| EndCase { name, end, sent, by, code, shutdowns, said };
    [
        case(
            "orderly",
            "shutdown",
            Sent::Nothing,
            EndedBy::Itself,
            Ok(0),
            RETURNED,
            "Shutdown of provider 1 was called and returned",
        ),
        case(
            "none",
            "none",
            Sent::Nothing,
            EndedBy::Itself,
            Ok(0),
            NOT_CALLED,
            "Shutdown of provider 2 was never called",
        ),
        case(
            "panic",
            "panic",
            Sent::Nothing,
            EndedBy::Itself,
            Ok(2),
            NOT_CALLED,
            "exited with code 2 by itself",
        ),
        case(
            "terminated",
            "wait",
            Sent::ToProgram(Signal::SIGTERM),
            EndedBy::SomebodyElse,
            Err(15),
            NOT_CALLED,
            "ended by SIGTERM, which Spanfate did not send",
        ),
        case(
            "killed",
            "wait",
            Sent::ToProgram(Signal::SIGKILL),
            EndedBy::SomebodyElse,
            Err(9),
            NOT_CALLED,
            "ended by SIGKILL, which Spanfate did not send",
        ),
        case(
            "stopped",
            "wait",
            Sent::ToSpanfate(Signal::SIGINT),
            EndedBy::User,
            Err(2),
            NOT_CALLED,
            "ended by SIGINT when you stopped",
        ),
    ]
}

fn program(case: &EndCase, truth: &str) -> Value {
    let processor = json!({"kind": "batch", "exporter": "grpc", "queue": 256, "batch": 32, "delay": "20ms"});
    let provider = json!({"processors": [processor]});
    let mut program =
        json!({"providers": [provider, provider], "producers": 1, "spans": 50, "end": case.end});
    if case.end == "wait" {
        program["truth"] = json!(truth);
    }
    program
}

/// The program's process id, from the file that it keeps.
fn pid(truth: &str) -> Option<Pid> {
    let bytes = std::fs::read(truth).ok()?;
    let word = u64::from_le_bytes(bytes.first_chunk().copied()?);
    (word != 0).then(|| Pid::from_raw(i32::try_from(word).unwrap()))
}

fn run(lab: &Lab, case: &EndCase, number: usize) -> Result<Ran, String> {
    let target = build(Build::PINNED);
    let (folder, truth) = (format!("ends-{number}"), lab.path(&format!("ends-{number}.truth")));
    let truth = truth.to_str().unwrap();
    let child: Child = attach(lab, &target, &folder, &program(case, truth)).spawn().unwrap();
    let (to, signal) = match case.sent {
        Sent::Nothing => (None, None),
        Sent::ToProgram(signal) => (Some(lab.until("its pid", || pid(truth))), Some(signal)),
        Sent::ToSpanfate(signal) => {
            lab.until("its pid", || pid(truth));
            (Some(Pid::from_raw(child.id().cast_signed())), Some(signal))
        }
    };
    if let (Some(to), Some(signal)) = (to, signal) {
        std::thread::sleep(Duration::from_millis(300));
        kill(to, signal).unwrap();
    }
    Ran::read(lab, &folder, &child.wait_with_output().unwrap())
}

fn check(case: &EndCase, ran: &Ran, wrong: &mut Complaints) {
    let ends = &ran.trial().services[0].ends;
    wrong.same("ends", ends.len(), 1);
    let Some(end) = ends.first() else { return };
    wrong.same("by", end.by.known().copied(), Some(case.by));
    wrong.same("code", end.code, case.code.ok());
    wrong.same("signal", end.signal, case.code.err());
    let courses: Vec<Option<ShutdownCourse>> =
        end.providers.iter().map(|provider| provider.shutdown.known().copied()).collect();
    wrong.same("shutdowns", &courses, &case.shutdowns.map(Some).to_vec());
    let timed =
        end.providers.iter().all(|provider| provider.called_ms.is_some() && provider.took_ms.is_some());
    wrong.same("its shutdowns have times", timed, case.shutdowns == RETURNED);
    let said = table(&ran.result, TableStyle::default());
    wrong.holds(&format!("`{}` in {said}", case.said), said.contains(case.said));
}

#[test]
fn who_ended_a_program_and_whether_it_shut_down_are_told() {
    let Some(lab) = probed() else { return };
    build(Build::PINNED);
    each(
        &cases(),
        |case| case.name,
        |case, number, wrong| match run(&lab, case, number) {
            Ok(ran) => check(case, &ran, wrong),
            Err(why) => wrong.0.push(why),
        },
    );
}
