//! The usual way to receive OTLP: a tonic server that decodes every message into objects. It counts spans and drops them.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

/// Name of its thread.
pub(crate) const THREAD: &str = "full-decode";

struct Counter(Arc<AtomicU64>);

#[tonic::async_trait]
impl TraceService for Counter {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.fetch_add(spanfate_peers::count(request.get_ref()), Ordering::Relaxed);
        Ok(Response::new(ExportTraceServiceResponse { partial_success: None }))
    }
}

/// Starts it on a thread of its own, which lives as long as the process; gives its address and its count of spans.
pub(crate) fn start() -> Result<(SocketAddr, Arc<AtomicU64>), Box<dyn Error>> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let spans = Arc::new(AtomicU64::new(0));
    let service = TraceServiceServer::new(Counter(Arc::clone(&spans)))
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(16 << 20);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
        runtime.block_on(async {
            let incoming = TcpListenerStream::new(TcpListener::from_std(listener).expect("a fresh socket"));
            let server = tonic::transport::Server::builder().add_routes(Routes::new(service));
            server.serve_with_incoming(incoming).await.expect("a loopback server serves");
        });
    })?;
    Ok((address, spans))
}
