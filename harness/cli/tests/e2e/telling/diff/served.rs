//! Sides that are asked for over HTTP: every interface of Jaeger and Tempo, and servers that answer as none should.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;

use serde_json::Value;
use spanfate_testkit::message;
use spanfate_testkit::server::{serve, whole};
use tempfile::TempDir;

use super::{TRACE, call, jaeger, otlp, text};

/// A second trace of a file.
const OTHER: &str = "1112131415161718191a1b1c1d1e1f10";

/// A folder with the two spans of a trace in `left`, and with two such traces in `two`.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("left"), otlp("child")).unwrap();
    std::fs::write(folder.path().join("two"), otlp("child") + &otlp("child").replace(TRACE, OTHER)).unwrap();
    folder
}

/// Runs a comparison with a store at a port, and gives its exit code and all that it said.
fn against(folder: &Path, left: &str, kind: &str, port: u16, more: &[&str]) -> (Option<i32>, String) {
    let store = format!("{kind}:http://127.0.0.1:{port}");
    let done = call(folder, &[&[left, &store][..], more].concat());
    (done.status.code(), text(&done.stdout) + &text(&done.stderr))
}

/// What a Jaeger of today shows of a trace.
fn newer() -> String {
    format!(r#"{{"result":{}}}"#, otlp("child").trim_end())
}

#[test]
fn every_interface_is_read() {
    let folder = folder();
    let absent = r#"{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}"#;
    let jaeger_of_today = serve(move |path, stream| match path.split('?').next() {
        Some(path) if path == format!("/api/v3/traces/{TRACE}") => whole(stream, 200, &newer()),
        _ => whole(stream, 404, absent),
    });
    let older_jaeger = serve(move |path, stream| match path {
        path if path.starts_with(&format!("/api/traces/{TRACE}?")) => whole(stream, 200, &jaeger()),
        _ => whole(stream, 404, absent),
    });
    let tempo = serve(|path, stream| match path {
        path if path.starts_with("/api/v2/traces/") => {
            whole(stream, 200, &format!(r#"{{"trace":{}}}"#, otlp("child")));
        }
        _ => whole(stream, 404, ""),
    });
    let older_tempo = serve(|path, stream| match path {
        path if path.starts_with("/api/traces/") => {
            whole(stream, 200, &otlp("child").replace("resourceSpans", "batches"));
        }
        _ => whole(stream, 404, ""),
    });
    for (kind, port, format) in [
        ("jaeger", jaeger_of_today, "jaeger-otlp"),
        ("jaeger", older_jaeger, "jaeger-json"),
        ("tempo", tempo, "tempo-json"),
        ("tempo", older_tempo, "tempo-json"),
    ] {
        let (code, said) = against(folder.path(), "left", kind, port, &["--json"]);
        assert_eq!(code, Some(0), "{format}: {said}");
        assert!(said.contains("for 1 traces by their ids"), "{said}");
        let json = said.find("\n}\n").map(|end| &said[..end + 2]).unwrap();
        let found: Value = serde_json::from_str(json).unwrap();
        assert_eq!(
            (&found["counts"]["both"], &found["right"]["format"]),
            (&2.into(), &format.into()),
            "{said}"
        );
    }
    // What is not there is a difference, and the other trace is.
    let (code, said) = against(folder.path(), "two", "jaeger", jaeger_of_today, &[]);
    assert_eq!(code, Some(99), "{said}");
    assert!(said.contains("2 only left") && said.contains("1 absent"), "{said}");
}

#[test]
fn tempo_is_read_in_protobuf_where_that_is_wanted() {
    let folder = TempDir::new().unwrap();
    let bytes = message::request([message::span(0), message::span(1)]);
    std::fs::write(folder.path().join("spans.pb"), &bytes).unwrap();
    let port = serve(|path, stream| {
        let number = match path.strip_prefix("/api/traces/") {
            Some(id) if id == message::key(0).trace.to_string() => 0,
            Some(id) if id == message::key(1).trace.to_string() => 1,
            _ => return whole(stream, 404, ""),
        };
        let body = message::request([message::span(number)]);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
    });
    let wanted = ["--right-format", "tempo-protobuf"];
    let (code, said) = against(folder.path(), "spans.pb", "tempo", port, &wanted);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 on both sides") && said.contains("OTLP protobuf"), "{said}");
    let html = serve(|_, stream| whole(stream, 200, "<!doctype html>"));
    let (code, said) = against(folder.path(), "spans.pb", "tempo", html, &wanted);
    assert!(matches!(code, Some(65 | 66)), "{code:?} {said}");
}

#[test]
fn a_search_finds_what_only_the_store_has() {
    let folder = folder();
    let more = otlp("child").replace(TRACE, OTHER);
    let port = serve(move |path, stream| match path.split('?').next().unwrap() {
        "/api/v3/services" => whole(stream, 200, r#"{"services":["shop","till"]}"#),
        "/api/v3/traces" if path.contains("query.service_name=shop&") => {
            // The window is the time that the file covers.
            assert!(path.contains("start_time_min=2023-11-14T22:13:20.000001000Z"), "{path}");
            let both = format!("{},{}", inside(&otlp("child")), inside(&more));
            whole(stream, 200, &format!(r#"{{"result":{{"resourceSpans":[{both}]}}}}"#));
        }
        "/api/v3/traces" => whole(stream, 404, r#"{"error":{"httpCode":404,"message":"No traces found"}}"#),
        _ => whole(stream, 500, ""),
    });
    for more in [&["--search"][..], &["--search", "--service", "shop"]] {
        let (code, said) = against(folder.path(), "left", "jaeger", port, more);
        assert_eq!(code, Some(99), "{said}");
        assert!(said.contains("2 on both sides") && said.contains("2 only right"), "{said}");
    }
    let (code, said) = against(folder.path(), "left", "jaeger", port, &["--search", "--service", "till"]);
    assert_eq!((code, said.contains("2 only left")), (Some(99), true), "{said}");
}

/// The resource of a message.
fn inside(message: &str) -> String {
    let message: Value = serde_json::from_str(message).unwrap();
    message["resourceSpans"][0].to_string()
}

/// A head that promises more than comes.
fn half(stream: &mut TcpStream) {
    drop(
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"result\":{\"resourceSpans\":[]}}"),
    );
}

#[test]
fn hostile_answers_are_errors_or_make_the_side_incomplete_and_never_equal() {
    let folder = folder();
    let said_of = |left: &str, answer: fn(&str, &mut TcpStream), more: &[&str]| {
        against(folder.path(), left, "jaeger", serve(answer), more)
    };
    // Nothing came: there is no side.
    for (answer, why) in [
        ((|_, stream| half(stream)) as fn(&str, &mut TcpStream), "broke off before its end"),
        (|_, stream| whole(stream, 500, "secret"), "was answered with HTTP 500"),
        (|_, stream| whole(stream, 404, ""), "HTTP 404"),
    ] {
        let (code, said) = said_of("left", answer, &[]);
        assert_eq!(code, Some(66), "{said}");
        assert!(said.contains(why) && said.contains("/api/") && !said.contains("secret"), "{said}");
    }
    let (code, said) = said_of("left", |_, stream| silent(stream), &["--within", "200ms"]);
    assert_eq!(code, Some(66), "{said}");
    // A part came: what is missing proves nothing.
    let second_is_half: fn(&str, &mut TcpStream) = |path, stream| {
        if path.contains(TRACE) { whole(stream, 200, &newer()) } else { half(stream) }
    };
    let (code, said) = said_of("two", second_is_half, &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("is not whole") && said.contains(&format!("/api/v3/traces/{OTHER}")), "{said}");
    // What is wrong is wrong, wherever it is found.
    for (answer, why) in [
        ((|_, stream| whole(stream, 200, "<!doctype html>")) as fn(&str, &mut TcpStream), "line 1 column 1"),
        (|_, stream| whole(stream, 200, &newer().replace("\"5\"", "\"five\"")), "line 1, byte "),
        (|_, stream| whole(stream, 200, &newer().replace("\"0000000000000002\"", "\"02x\"")), "span id"),
    ] {
        let (code, said) = said_of("left", answer, &[]);
        assert_eq!(code, Some(65), "{said}");
        assert!(said.contains(why) && said.contains(&format!("/traces/{TRACE}")), "{said}");
    }
    // Of two answers the second is wrong.
    let second_is_odd: fn(&str, &mut TcpStream) = |path, stream| {
        let answer = newer().replace(TRACE, if path.contains(TRACE) { TRACE } else { OTHER });
        let answer = if path.contains(TRACE) { answer } else { answer.replace("\"5\"", "\"five\"") };
        whole(stream, 200, &answer);
    };
    let (code, said) = said_of("two", second_is_odd, &[]);
    assert_eq!(code, Some(65), "{said}");
    assert!(said.contains("line 2, byte ") && said.contains(&format!("/api/v3/traces/{OTHER}")), "{said}");
}

/// Takes a request and says nothing until the client has gone.
fn silent(stream: &mut TcpStream) {
    use std::io::Read as _;
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|read| read > 0) {}
}

#[test]
fn who_does_not_say_which_traces_is_told_how() {
    let folder = folder();
    for (arguments, why) in [
        (&["jaeger:http://127.0.0.1:1", "jaeger:http://127.0.0.1:2"][..], "--search=1h"),
        (&["tempo:http://127.0.0.1:1", "tempo:http://127.0.0.1:2", "--search=1h"], "a file or a run"),
        (&["jaeger:http://127.0.0.1:1", "jaeger:http://127.0.0.1:1", "--search=1h"], "the same store"),
        (&["-", "jaeger:http://127.0.0.1:1"], "read only once"),
        (&["left", "jaeger:nowhere.example/?x"], "http"),
        (
            &["left", "jaeger:http://127.0.0.1:1", "--right-format", "export-csv"],
            "does not answer in export-csv",
        ),
        (&["left", "tempo:http://127.0.0.1:1", "--right-format", "jaeger-json"], "no interface"),
        (&["left", "jaeger:http://127.0.0.1:1", "--service", "shop"], "--search"),
    ] {
        let done = call(folder.path(), arguments);
        let said = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
    // A port at which nobody listens.
    let (code, said) = against(folder.path(), "left", "jaeger", 1, &[]);
    assert_eq!((code, said.contains("was not reached")), (Some(66), true), "{said}");
}
