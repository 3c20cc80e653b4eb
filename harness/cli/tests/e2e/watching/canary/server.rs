//! A small HTTP/1.1 server, and back ends that show traces in it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::pipeline::Store;

/// A request: its head as it came, its path without the query, its body.
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

/// An answer.
pub(crate) struct Reply {
    status: u16,
    body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, body: &str) -> Self {
        Self { status, body: body.to_owned() }
    }
}

/// A server; its threads end with the test's process.
pub(crate) struct HttpServer {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl HttpServer {
    pub(crate) fn open(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let (answer, seen) = (Arc::new(answer), Arc::clone(&heads));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream);
                    while let Some(asked) = read(&mut reader) {
                        seen.lock().unwrap().push(asked.head.clone());
                        let Reply { status, body } = answer(&asked);
                        let head = format!(
                            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                            body.len()
                        );
                        if reader.get_mut().write_all(format!("{head}{body}").as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, heads }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The heads of all requests.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.split('?').next()?.to_owned();
    Some(Asked { head, path, body })
}

/// Sends a request with a body, and reads the status of the answer.
pub(crate) fn post(to: SocketAddr, body: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(to).ok()?;
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

/// The body of a page.
pub(crate) fn get(at: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(at).ok()?;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n").as_bytes())
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.split_once("\r\n\r\n")?.1.to_owned())
}

/// What Jaeger's newer interface shows; it has no older one here.
pub(crate) fn jaeger(store: &Store, path: &str) -> Option<String> {
    let spans = store.shown(path.strip_prefix("/api/v3/traces/")?)?;
    Some(format!(r#"{{"result":{{"resourceSpans":[{spans}]}}}}"#))
}

/// What Tempo's older interface shows; it has no newer one here.
pub(crate) fn tempo(store: &Store, path: &str) -> Option<String> {
    Some(format!(r#"{{"batches":[{}]}}"#, store.shown(path.strip_prefix("/api/traces/")?)?))
}
