//! What each toxic does to real bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::Duration;

use spanfate_run::host::clock;
use spanfate_run::toxiproxy::{ProxyBytes, Toxic, ToxicKind, ToxicStream};

use super::bench::{NAME, bench, there_and_back};

const MS: u64 = 1_000_000;

fn timed(work: impl FnOnce()) -> u64 {
    let before = clock::now();
    work();
    (clock::now() - before) / MS
}

pub(crate) fn latency_delays(program: &Path) {
    let bench = bench(program);
    let mut stream = bench.connect();
    there_and_back(&mut stream, b"quick");
    let mut toxic = bench.add(ToxicKind::Latency { latency: 150, jitter: 0 }, ToxicStream::Downstream);
    // It also acts on connections that are open already.
    let took = timed(|| there_and_back(&mut stream, b"slow"));
    assert!(took >= 150, "{took} ms");
    toxic.kind = ToxicKind::Latency { latency: 400, jitter: 0 };
    bench.wait(bench.client.update_toxic(NAME, &toxic)).unwrap();
    let took = timed(|| there_and_back(&mut stream, b"slower"));
    assert!(took >= 400, "{took} ms");
}

pub(crate) fn bandwidth_slows(program: &Path) {
    let bench = bench(program);
    bench.add(ToxicKind::Bandwidth { rate: 100 }, ToxicStream::Upstream);
    let mut stream = bench.connect();
    // Half a second's worth; the last piece is not waited for as long.
    let took = timed(|| there_and_back(&mut stream, &vec![7; 50_000]));
    assert!(took >= 300, "{took} ms");
}

pub(crate) fn reset_peer_resets_connections_opened_afterwards(program: &Path) {
    let bench = bench(program);
    let mut before = bench.connect();
    there_and_back(&mut before, b"there");
    bench.add(ToxicKind::ResetPeer { timeout: 0 }, ToxicStream::Downstream);
    let mut after = bench.connect();
    after.write_all(b"x").unwrap();
    let error = after.read(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    // The server prepares a connection for its reset when it is opened. This one ends too, but in order.
    before.write_all(b"x").unwrap();
    assert_eq!(before.read(&mut [0; 8]).unwrap(), 0);
}

pub(crate) fn limit_data_cuts_at_a_byte(program: &Path) {
    let bench = bench(program);
    bench.add(ToxicKind::LimitData { bytes: 10 }, ToxicStream::Downstream);
    let mut stream = bench.connect();
    stream.write_all(b"0123456789abcdef").unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    assert_eq!(all, b"0123456789");
}

pub(crate) fn slicer_delivers_small_pieces(program: &Path) {
    let bench = bench(program);
    bench.add(
        ToxicKind::Slicer { average_size: 10, size_variation: 0, delay: 10_000 },
        ToxicStream::Downstream,
    );
    let mut stream = bench.connect();
    stream.write_all(&[7; 200]).unwrap();
    let (mut pieces, mut total) = (0, 0);
    while total < 200 {
        total += stream.read(&mut [0; 512]).unwrap();
        pieces += 1;
    }
    assert!(pieces >= 5, "{pieces} pieces");
}

pub(crate) fn slow_close_closes_late(program: &Path) {
    let bench = bench(program);
    bench.add(ToxicKind::SlowClose { delay: 300 }, ToxicStream::Downstream);
    let mut stream = bench.connect();
    there_and_back(&mut stream, b"quick");
    stream.shutdown(Shutdown::Write).unwrap();
    let took = timed(|| assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0));
    assert!(took >= 300, "{took} ms");
}

pub(crate) fn timeout_stops_data(program: &Path) {
    let bench = bench(program);
    let mut stream = bench.connect();
    there_and_back(&mut stream, b"there");
    bench.add(ToxicKind::Timeout { timeout: 0 }, ToxicStream::Downstream);
    stream.write_all(b"into the void").unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert_eq!(stream.read(&mut [0; 32]).unwrap_err().kind(), ErrorKind::WouldBlock);
    // What it held ends with it.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    bench.wait(bench.client.remove_toxic(NAME, "it")).unwrap();
    assert_eq!(stream.read(&mut [0; 32]).unwrap(), 0);
    bench.add(ToxicKind::Timeout { timeout: 200 }, ToxicStream::Downstream);
    let mut stream = bench.connect();
    let took = timed(|| assert_eq!(stream.read(&mut [0; 32]).unwrap(), 0));
    assert!(took >= 190, "{took} ms");
}

pub(crate) fn a_toxicity_of_nothing_acts_on_nothing(program: &Path) {
    let bench = bench(program);
    let kind = ToxicKind::LimitData { bytes: 1 };
    let toxic = Toxic { name: "never".to_owned(), kind, stream: ToxicStream::Downstream, toxicity: 0.0 };
    bench.wait(bench.client.add_toxic(NAME, &toxic)).unwrap();
    for _ in 0..20 {
        there_and_back(&mut bench.connect(), b"untouched");
    }
}

pub(crate) fn down_refuses_and_the_port_stays(program: &Path) {
    let bench = bench(program);
    let mut stream = bench.connect();
    there_and_back(&mut stream, b"there");
    bench.wait(bench.client.set_enabled(NAME, false)).unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0, "what is open is cut");
    let refused = TcpStream::connect(bench.proxy.listen).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    bench.wait(bench.client.set_enabled(NAME, true)).unwrap();
    there_and_back(&mut bench.connect(), b"back again");
}

pub(crate) fn bytes_are_counted_when_a_connection_has_ended(program: &Path) {
    let bench = bench(program);
    assert_eq!(bench.wait(bench.client.bytes(NAME)).unwrap(), ProxyBytes::default());
    bench.add(ToxicKind::LimitData { bytes: 300_000 }, ToxicStream::Downstream);
    let mut stream = bench.connect();
    there_and_back(&mut stream, &vec![7; 200_000]);
    assert_eq!(bench.wait(bench.client.bytes(NAME)).unwrap(), ProxyBytes::default());
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
    // The server counts a moment after both ends saw the end.
    let end = clock::now() + 10_000 * MS;
    let expected = ProxyBytes {
        upstream: 200_000,
        downstream: 200_000,
        sent_upstream: 200_000,
        sent_downstream: 200_000,
    };
    while bench.wait(bench.client.bytes(NAME)).unwrap() != expected {
        assert!(clock::now() < end, "{:?}", bench.wait(bench.client.bytes(NAME)));
    }
    assert_eq!(bench.wait(bench.client.bytes("other")).unwrap(), ProxyBytes::default());
}
