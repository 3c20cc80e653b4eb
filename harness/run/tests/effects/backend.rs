//! Readers of back ends against servers that answer slowly, with half a body, with something else, or with more than fits; and a search
//! over a store that has more traces than a page.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use spanfate_model::quantity::id::TraceId;
use spanfate_run::backend::{
    BackEnd, BackEndAccess, BackEndBounds, BackEndError, BackEndPage, BackEndReader, PageShape,
};
use spanfate_testkit::server::{serve, whole};

fn bounds() -> BackEndBounds {
    BackEndBounds {
        page_bytes: 64 << 10,
        page_time: Duration::from_millis(300),
        all_time: Duration::from_secs(20),
        tries: 1,
        ..BackEndBounds::default()
    }
}

fn reader(kind: BackEnd, port: u16, bounds: BackEndBounds) -> BackEndReader {
    let access = BackEndAccess::find(kind, &format!("http://127.0.0.1:{port}"), "X", |_| None).unwrap();
    BackEndReader::open(access, bounds).unwrap()
}

fn search(port: u16, bounds: BackEndBounds) -> (Result<u64, BackEndError>, Vec<BackEndPage>) {
    let mut pages = Vec::new();
    let read = reader(BackEnd::Jaeger, port, bounds).search(&[(0, 1_000_000_000)], &[], &mut |page| {
        pages.push(page);
        ControlFlow::Continue(())
    });
    (read.map(|read| read.traces), pages)
}

/// A server that names one service and answers its search so.
fn searched(answer: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> BackEndError {
    let port = serve(move |path, stream| match path {
        "/api/v3/services" => whole(stream, 200, r#"{"services":["a"]}"#),
        _ => answer(stream),
    });
    let (read, pages) = search(port, bounds());
    assert!(pages.is_empty(), "{pages:?}");
    read.unwrap_err()
}

#[test]
fn a_hostile_answer_is_an_error_and_never_an_empty_page() {
    let half = searched(|stream| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"result\":{\"resourceSpans\":[]}}";
        drop(stream.write_all(head.as_bytes()));
    });
    assert!(matches!(half, BackEndError::Half { .. }), "{half}");
    let chunks = searched(|stream| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1f\r\n{\"result\":{\"resourceSpans\":[]}}\r\n";
        drop(stream.write_all(head.as_bytes()));
    });
    assert!(matches!(chunks, BackEndError::Half { .. }), "{chunks}");
    let slow = searched(|stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"));
        // A byte now and then does not keep it waiting for ever.
        for _ in 0..40 {
            thread::sleep(Duration::from_millis(50));
            if stream.write_all(b" ").is_err() {
                return;
            }
        }
    });
    assert!(matches!(slow, BackEndError::Late { .. }), "{slow}");
    for (body, why) in [
        ("<!doctype html>", "line 1 column 1"),
        (r#"{"result":{"resourceSpans":7}}"#, "a sequence at line 1 column 28"),
        (r#"{"result":{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00","spanId":"1"}"#, "EOF"),
        ("{}", "no resourceSpans"),
    ] {
        let odd = searched(move |stream| whole(stream, 200, body));
        let said = odd.to_string();
        assert!(matches!(odd, BackEndError::Odd { .. }) && said.contains(why), "{said}");
        assert!(said.contains("query.service_name=a"), "it names what was asked for: {said}");
    }
    let refused = searched(|stream| whole(stream, 500, "geheim"));
    assert!(matches!(refused, BackEndError::Refused { status: 500, .. }), "{refused}");
    assert!(!refused.to_string().contains("geheim"));
    // Nobody listens there.
    let (read, _) = search(1, bounds());
    assert!(matches!(read, Err(BackEndError::Unreachable { .. })), "{read:?}");
}

#[test]
fn a_page_without_an_end_costs_no_more_than_the_bound() {
    let large = searched(|stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n"));
        while stream.write_all(&[b' '; 4096]).is_ok() {}
    });
    // It is cut in two until a microsecond is left, of which the page is still too large.
    assert!(matches!(large, BackEndError::Large { .. }), "{large}");
}

#[test]
fn a_search_gives_each_trace_once_however_often_pages_show_it() {
    // 3,000 traces, ten in each of 300 microseconds, of two services each.
    let port = serve(|path, stream| {
        if path == "/api/v3/services" {
            return whole(stream, 404, "404 page not found");
        }
        if path == "/api/services" {
            return whole(stream, 200, r#"{"data":["a","b"],"total":2,"errors":null}"#);
        }
        let of = |key: &str| -> u64 {
            let value = path.split(['?', '&']).find_map(|one| one.strip_prefix(key));
            value.unwrap().parse().unwrap()
        };
        let (from, to, limit) = (of("start="), of("end="), of("limit="));
        let trace = |number: u64| {
            format!(
                r#"{{"traceID":"{:x}","spans":[{{"traceID":"{:x}","spanID":"1","startTime":{},"duration":1,"processID":"p"}}],
                   "processes":{{"p":{{"serviceName":"a"}}}}}}"#,
                number + 1,
                number + 1,
                number / 10
            )
        };
        let shown =
            (0..3000).filter(|number| (from..=to).contains(&(number / 10))).rev().take(limit as usize);
        let body =
            format!(r#"{{"data":[{}],"errors":null}}"#, shown.map(trace).collect::<Vec<_>>().join(","));
        whole(stream, 200, &body);
    });
    let (read, pages) = search(port, BackEndBounds { page_bytes: 1 << 20, ..bounds() });
    assert_eq!(read.unwrap(), 3000);
    assert!(pages.iter().all(|page| page.shape == PageShape::JaegerJson && page.fresh.len() < 200));
    let spans: Vec<_> = pages.iter().flat_map(|page| &page.spans).map(|span| span.key).collect();
    assert_eq!((spans.len(), spans.iter().collect::<BTreeSet<_>>().len()), (3000, 3000));
    // Ten traces of one microsecond and those of the next do not fit.
    let (read, _) = search(port, BackEndBounds { traces: 10, ..bounds() });
    assert!(matches!(read, Err(BackEndError::Crowded { traces: 10, .. })), "{read:?}");
    let (read, _) = search(port, BackEndBounds { pages: 5, ..bounds() });
    assert!(matches!(read, Err(BackEndError::TooMany { pages: 5, .. })), "{read:?}");
}

#[test]
fn traces_are_asked_for_by_their_ids_whatever_interface_there_is() {
    let id = |number: u8| TraceId([number; 16]);
    let port = serve(|path, stream| match path {
        // An older Jaeger shows its page for people where it knows no path.
        path if path.starts_with("/api/v3/") => whole(stream, 200, "<!doctype html>"),
        path if path.contains("0101010101") => whole(
            stream,
            200,
            r#"{"data":[{"spans":[{"traceID":"01010101010101010101010101010101","spanID":"2","startTime":1,"duration":1}]}]}"#,
        ),
        _ => whole(stream, 404, r#"{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}"#),
    });
    let mut shown = Vec::new();
    let mut each = |page: BackEndPage| {
        shown.extend(page.fresh);
        ControlFlow::Continue(())
    };
    let jaeger = reader(BackEnd::Jaeger, port, bounds());
    let read = jaeger.traces(&mut [id(1), id(1)].into_iter(), &mut each).unwrap();
    assert_eq!((shown, read.traces), (vec![id(1)], 1));
    let unknown = jaeger.traces(&mut std::iter::once(id(2)), &mut |_| ControlFlow::Continue(()));
    assert_eq!(unknown.unwrap().absent, 1);
    // A page for people in every place is no answer.
    let people = serve(|_, stream| whole(stream, 200, "<!doctype html>"));
    let people = reader(BackEnd::Jaeger, people, bounds());
    let odd = people.traces(&mut std::iter::once(id(2)), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(odd, Err(BackEndError::Odd { .. })), "{odd:?}");
    let tempo = serve(|path, stream| match path {
        "/api/traces/01010101010101010101010101010101" => whole(stream, 200, "\n\u{2}\u{12}\0"),
        _ => whole(stream, 404, ""),
    });
    let tempo =
        reader(BackEnd::Tempo, tempo, BackEndBounds { only: Some(PageShape::OtlpProtobuf), ..bounds() });
    let mut pages = Vec::new();
    let read = tempo.traces(&mut [id(1), id(2)].into_iter(), &mut |page| {
        pages.push(page);
        ControlFlow::Continue(())
    });
    assert_eq!(read.unwrap().absent, 1);
    assert_eq!(
        (pages.len(), pages[0].shape, &pages[0].bytes[..]),
        (1, PageShape::OtlpProtobuf, &b"\n\x02\x12\0"[..])
    );
    let none = tempo.search(&[(0, 1)], &[], &mut |_| ControlFlow::Continue(()));
    assert_eq!(none.unwrap_err(), BackEndError::NoSearch);
}

#[test]
fn only_the_interface_that_is_wanted_is_asked() {
    let port = serve(|path, stream| match path {
        "/api/services" => whole(stream, 200, r#"{"data":["a"]}"#),
        path if path.starts_with("/api/traces/") => {
            whole(
                stream,
                200,
                r#"{"data":[{"spans":[{"traceID":"1","spanID":"2","startTime":1,"duration":1}]}]}"#,
            );
        }
        _ => whole(stream, 500, "not this one"),
    });
    let ids = || std::iter::once(TraceId([1; 16]));
    let one = |kind, only| reader(kind, port, BackEndBounds { only: Some(only), ..bounds() });
    let older = one(BackEnd::Jaeger, PageShape::JaegerJson);
    assert_eq!(older.traces(&mut ids(), &mut |_| ControlFlow::Continue(())).unwrap().traces, 1);
    assert_eq!(older.answers(), Ok(()));
    let newer = one(BackEnd::Jaeger, PageShape::OtlpJson);
    let refused = newer.traces(&mut ids(), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(refused, Err(BackEndError::Refused { status: 500, .. })), "{refused:?}");
    assert!(newer.answers().is_err());
    let none = one(BackEnd::Jaeger, PageShape::OtlpProtobuf).answers();
    assert!(matches!(none, Err(BackEndError::NoInterface { .. })), "{none:?}");
}
