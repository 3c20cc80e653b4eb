//! Builds requests from parts made once.

use std::fmt::Write as _;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::Empty;
use spanfate_model::load::remote_parent;

use super::Headers;

const NUMBER: HeaderName = HeaderName::from_static("spanfate-request");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

/// Bytes taken from the allocator at once for header values.
const CHUNK: usize = 16 << 10;

/// Length of a `traceparent`.
const TRACE_PARENT_BYTES: usize = 55;

/// What all requests have in common.
#[derive(Debug)]
pub(super) struct Template {
    path: Uri,
    host: Option<HeaderValue>,
    headers: Headers,
    text: BytesMut,
}

impl Template {
    pub(super) fn new(target: SocketAddr, path: Uri, headers: Headers) -> Self {
        // An address is always a valid header value.
        let host = HeaderValue::from_maybe_shared(Bytes::from(target.to_string())).ok();
        Self { path, host, headers, text: BytesMut::new() }
    }

    /// The request with this number.
    pub(super) fn request(&mut self, number: u32) -> Request<Empty<Bytes>> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self.path.clone();
        let headers = request.headers_mut();
        headers.reserve(3);
        if let Some(host) = &self.host {
            headers.insert(HOST, host.clone());
        }
        headers.insert(NUMBER, HeaderValue::from(number));
        if let Some(parent) = self.trace_parent(number) {
            headers.insert(TRACE_PARENT, parent);
        }
        request
    }

    fn trace_parent(&mut self, number: u32) -> Option<HeaderValue> {
        let Headers::TraceParent { tag, sampled } = self.headers else { return None };
        if self.text.capacity() < TRACE_PARENT_BYTES {
            self.text.reserve(CHUNK);
        }
        let (trace, parent) = (tag.trace_id(number), remote_parent(&tag, number));
        // Writing to memory does not fail, and hexadecimal digits are a valid header value.
        write!(self.text, "00-{trace}-{parent}-{:02x}", u8::from(sampled)).ok()?;
        HeaderValue::from_maybe_shared(self.text.split().freeze()).ok()
    }
}

#[cfg(test)]
mod tests {
    use spanfate_model::quantity::id::TraceTag;

    use super::*;

    #[test]
    fn a_trace_parent_names_the_request() {
        let tag = TraceTag { run: 4660, trial: 3, key: 9_876_543_210_987 };
        let headers = Headers::TraceParent { tag, sampled: true };
        let mut template = Template::new(([127, 0, 0, 1], 80).into(), Uri::from_static("/work"), headers);
        for number in 0..1000 {
            let request = template.request(number);
            let text = request.headers()[TRACE_PARENT].to_str().unwrap();
            assert_eq!(text.len(), TRACE_PARENT_BYTES);
            let trace = tag.trace_id(number);
            assert_eq!(text, format!("00-{trace}-{}-01", remote_parent(&tag, number)));
            assert_eq!(request.headers()[NUMBER], number.to_string());
            assert_eq!(request.headers()[HOST], "127.0.0.1:80");
        }
    }
}
