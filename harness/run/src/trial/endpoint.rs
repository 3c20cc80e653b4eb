//! Rules for the sampling endpoint of a service, sent as an operator would send them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use spanfate_model::fault::SamplingRule;

/// Where the endpoint is.
const PATH: &str = "/debug/observability/sampling";
/// Longest wait for a connection, and for each piece of an answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// An answer is a line.
const MOST_BYTES: u64 = 4096;

/// Sends a rule to the endpoint at an address; why it was not taken.
pub(super) fn send(address: SocketAddr, token: &str, rule: &SamplingRule) -> Result<(), String> {
    let answer =
        post(address, token, rule).map_err(|error| format!("the endpoint did not answer: {error}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    // Behind `HTTP/1.1 `.
    let status = head.get(9..12).and_then(|code| StatusCode::from_bytes(code.as_bytes()).ok());
    match status {
        Some(StatusCode::OK) => Ok(()),
        Some(status) => Err(format!("the endpoint answered {status}: {}", body.trim())),
        None => Err("the endpoint gave no HTTP answer".to_owned()),
    }
}

fn post(address: SocketAddr, token: &str, rule: &SamplingRule) -> std::io::Result<String> {
    let mut body = json!({"span_name": rule.span, "rate": rule.rate});
    if let Some(condition) = &rule.condition {
        body["condition"] = json!(condition);
    }
    if let Some(lasting) = rule.lasting {
        body["for"] = json!(lasting.to_string());
    }
    let body = body.to_string();
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "POST {PATH} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.take(MOST_BYTES).read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn a_rule_is_sent_with_its_token() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            // Until the body is whole: the client keeps its side open for the answer.
            while !asked.ends_with(b"}") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                asked.push(byte[0]);
            }
            stream.write_all(b"HTTP/1.1 401 Unauthorized\r\n\r\nsend the token\n").unwrap();
            String::from_utf8(asked).unwrap()
        });
        let text = r#"{"span":"redis.GET","rate":0.05,"condition":"error","lasting":"2s"}"#;
        let rule = serde_json::from_str(text).unwrap();
        let answer = post(address, "secret", &rule).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n") && answer.ends_with("send the token\n"));
        let asked = server.join().unwrap();
        assert!(asked.starts_with("POST /debug/observability/sampling HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("authorization: Bearer secret\r\n"), "{asked}");
        let body = asked.split_once("\r\n\r\n").unwrap().1;
        let sent: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(sent, json!({"span_name": "redis.GET", "rate": 0.05, "condition": "error", "for": "2s"}));
    }
}
