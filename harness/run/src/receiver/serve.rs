//! The accept loop: one hyper connection per socket, all of them owned by this thread.

use std::convert::Infallible;
use std::future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::server::conn::auto;
use spanfate_model::limits::LimitedPart;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{ReceiverShared, route};
use crate::receiver::connection::deadline::without_request;
use crate::receiver::connection::door::BoundPort;
use crate::receiver::connection::socket::{Connection, ConnectionCut, Socket, Streams};

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
    bound: BoundPort,
    shared: Arc<ReceiverShared>,
    mut stop: oneshot::Receiver<()>,
) -> io::Result<u32> {
    let mut door = bound.open()?;
    let script = shared.config.script.clone();
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
            () = script.door_wanted() => {
                let closing = script.wants_closed();
                let cut = if closing {
                    door.close();
                    let cut = shared.peers.cut(ConnectionCut::Reset);
                    connections.shutdown().await;
                    streams.take().shutdown().await;
                    cut
                } else {
                    door.reopen()?;
                    0
                };
                script.settle(closing, cut);
            }
            accepted = door.accept(), if room => match accepted {
                Ok(stream) => {
                    let present = Present::new(&shared, number);
                    let socket = Socket::new(stream, &present.connection);
                    connections.spawn(serve_one(socket, present, streams.clone(), closed.clone()));
                    number += 1;
                }
                Err(error) => {
                    shared.config.limits.note(LimitedPart::Receiver, &error);
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(door);
    closing.send_replace(true);
    let all_done = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, all_done).await.is_err() {
        // The peer must not be blamed for what is cut off here.
        shared.cut.store(true, Ordering::Relaxed);
        connections.shutdown().await;
    }
    streams.take().shutdown().await;
    if let Some(relay) = &shared.relay {
        relay.drivers().take().shutdown().await;
    }
    Ok(number)
}

/// Takes a connection out of the others when it ends, however it does.
struct Present {
    shared: Arc<ReceiverShared>,
    connection: Arc<Connection>,
}

impl Present {
    /// Takes a connection in, if need be in the place of another.
    fn new(shared: &Arc<ReceiverShared>, number: u32) -> Self {
        let connection = Connection::new(number);
        let replaced = shared.peers.add(&connection);
        shared.totals.closed.fetch_add(u64::from(replaced), Ordering::Relaxed);
        Self { shared: Arc::clone(shared), connection }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.shared.peers.remove(&self.connection);
    }
}

async fn serve_one(socket: Socket, present: Present, streams: Streams, closed: watch::Receiver<bool>) {
    let Present { shared, connection } = &present;
    // Without it small answers may wait for an acknowledgement; a socket that refuses is gone already.
    if socket.set_nodelay().is_err() {
        return;
    }
    drive(socket, shared, connection, streams, closed).await;
    if let Some(stream) = connection.returned() {
        // A peer that goes on sending is not waited for.
        drop(timeout(GRACE, end_in_order(stream)).await);
    }
}

/// Serves a connection to its end, or until it is cut.
async fn drive(
    socket: Socket,
    shared: &Arc<ReceiverShared>,
    connection: &Arc<Connection>,
    streams: Streams,
    mut closed: watch::Receiver<bool>,
) {
    let service = service_fn(|request| {
        let answer = route::answer(Arc::clone(shared), Arc::clone(connection), request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let mut builder = auto::Builder::new(streams);
    builder.http1().max_buf_size(MOST_BUFFERED);
    builder.http2().max_concurrent_streams(MOST_STREAMS);
    let mut serving = pin!(builder.serve_connection(socket, service));
    let mut told = pin!(async {
        // The sender lives as long as the accept loop; without it there is nobody to be told by.
        if closed.wait_for(|closed| *closed).await.is_err() {
            future::pending::<()>().await;
        }
    });
    let bounded = loop {
        // How a connection ended shows in the fates of its answers.
        tokio::select! {
            ended = &mut serving => return drop(ended),
            () = connection.told_to_cut() => return,
            () = connection.told_to_part() => serving.as_mut().graceful_shutdown(),
            () = &mut told => break false,
            () = connection.told_to_leave() => {
                // A client is told; what never asked for anything only goes.
                if !connection.is_served() {
                    return;
                }
                break true;
            }
            () = without_request(connection, shared.config.deadlines) => {
                // One whose request stalled is counted already.
                shared.totals.closed.fetch_add(u64::from(!connection.is_stalled()), Ordering::Relaxed);
                break true;
            }
        }
    };
    serving.as_mut().graceful_shutdown();
    tokio::select! {
        ended = &mut serving => drop(ended),
        () = connection.told_to_cut() => {}
        // The accept loop bounds the end of all.
        () = sleep(GRACE), if bounded => {}
    }
}

/// Says that nothing more comes, and reads what the peer still sends: a socket closed with bytes unread would reset it.
async fn end_in_order(mut stream: TcpStream) {
    let mut rest = [0; 4096];
    if stream.shutdown().await.is_ok() {
        while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    }
}
