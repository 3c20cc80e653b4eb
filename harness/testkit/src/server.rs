//! An HTTP server that answers whatever a test wants, also what no server should.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Writes what a test wants to whoever asks for a path.
type Answering = dyn Fn(&str, &mut TcpStream) + Send + Sync;

/// A server of one answer per connection; its port. Its threads end with the test's process.
pub fn serve(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer: std::sync::Arc<Answering> = std::sync::Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = std::sync::Arc::clone(&answer);
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut first = String::new();
                reader.read_line(&mut first).unwrap_or_default();
                let mut line = String::from("x");
                while line.trim() != "" {
                    line.clear();
                    if reader.read_line(&mut line).unwrap_or_default() == 0 {
                        return;
                    }
                }
                let mut stream = stream;
                answer(first.split(' ').nth(1).unwrap_or_default(), &mut stream);
            });
        }
    });
    port
}

/// A whole answer.
pub fn whole(stream: &mut TcpStream, status: u16, body: &str) {
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())));
}
