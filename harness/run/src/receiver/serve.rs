//! The accept loop: one hyper connection per socket, all of them owned by this thread.

use std::convert::Infallible;
use std::future;
use std::io;
use std::net::TcpListener as StdListener;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::deadline::without_request;
use super::socket::{Connection, Socket, Streams};
use super::{Shared, route};

/// Streams a client may have open on one connection.
const MOST_STREAMS: u32 = 100;

/// Most bytes hyper buffers of one connection over HTTP/1, a request's head included.
const MOST_BUFFERED: usize = 64 << 10;

/// How long open requests may take when a connection is to end.
const GRACE: Duration = Duration::from_secs(1);

/// Pause after a failed accept: the usual reason is that the process has no descriptors left for a moment.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Serves until told to stop; gives the number of connections.
pub(super) async fn serve(
    listener: StdListener,
    shared: Arc<Shared>,
    mut stop: oneshot::Receiver<()>,
) -> io::Result<u32> {
    let listener = TcpListener::from_std(listener)?;
    let streams = Streams::default();
    let (closing, closed) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        let room = shared.peers.have_room();
        tokio::select! {
            biased;
            _ = &mut stop => break,
            Some(_) = connections.join_next() => {}
            () = shared.peers.changed(), if !room => {}
            accepted = listener.accept(), if room => match accepted {
                Ok((stream, _)) => {
                    let connection = Connection::new(number);
                    let replaced = shared.peers.add(&connection);
                    shared.totals.closed.fetch_add(u64::from(replaced), Ordering::Relaxed);
                    let task = serve_one(stream, connection, Arc::clone(&shared), streams.clone(), closed.clone());
                    connections.spawn(task);
                    number += 1;
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    closing.send_replace(true);
    let all_done = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, all_done).await.is_err() {
        // The peer must not be blamed for what is cut off here.
        shared.cut.store(true, Ordering::Relaxed);
        connections.shutdown().await;
    }
    streams.take().shutdown().await;
    Ok(number)
}

/// Takes a connection out of the others when it ends, however it does.
struct Present {
    shared: Arc<Shared>,
    connection: Arc<Connection>,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.shared.peers.remove(&self.connection);
    }
}

async fn serve_one(
    stream: TcpStream,
    connection: Arc<Connection>,
    shared: Arc<Shared>,
    streams: Streams,
    mut closed: watch::Receiver<bool>,
) {
    let _present = Present { shared: Arc::clone(&shared), connection: Arc::clone(&connection) };
    // Without it small answers may wait for an acknowledgement; a socket that refuses is served all the same.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let socket = Socket::new(stream, &connection);
    let service = service_fn(|request| {
        let answer = route::answer(Arc::clone(&shared), Arc::clone(&connection), request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let mut builder = auto::Builder::new(streams);
    builder.http1().max_buf_size(MOST_BUFFERED);
    builder.http2().max_concurrent_streams(MOST_STREAMS);
    let mut serving = pin!(builder.serve_connection(socket, service));
    let told = async {
        // The sender lives as long as the accept loop; without it there is nobody to be told by.
        if closed.wait_for(|closed| *closed).await.is_err() {
            future::pending::<()>().await;
        }
    };
    // How a connection ended shows in the fates of its answers.
    tokio::select! {
        ended = &mut serving => drop(ended),
        () = told => {
            serving.as_mut().graceful_shutdown();
            drop(serving.await);
        }
        () = connection.told_to_leave() => {
            // A client is told; what never asked for anything only goes.
            if connection.is_served() {
                serving.as_mut().graceful_shutdown();
                drop(timeout(GRACE, serving).await);
            }
        }
        () = without_request(&connection, shared.config.deadlines) => {
            // One whose request stalled is counted already.
            shared.totals.closed.fetch_add(u64::from(!connection.is_stalled()), Ordering::Relaxed);
            serving.as_mut().graceful_shutdown();
            drop(timeout(GRACE, serving).await);
        }
    }
}
