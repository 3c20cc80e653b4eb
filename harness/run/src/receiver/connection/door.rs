//! The listening socket, and the port behind it.

use std::future::pending;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};

use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

/// A port that is listened on, before there is a runtime.
#[derive(Debug)]
pub(in crate::receiver) struct BoundPort {
    listener: StdListener,
    keeper: Option<Socket>,
}

impl BoundPort {
    /// Listens. A port that is to be closed for a time is kept meanwhile by a second socket, bound and not listening:
    /// connections are refused, and the kernel gives the port to nobody else.
    pub(in crate::receiver) fn listen(address: SocketAddr, keep: bool) -> io::Result<Self> {
        let keeper = if keep { Some(keeper(address)?) } else { None };
        let kept = keeper.as_ref().map(Socket::local_addr).transpose()?;
        let listener = listen(kept.and_then(|kept| kept.as_socket()).unwrap_or(address))?;
        Ok(Self { listener, keeper })
    }

    pub(in crate::receiver) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The door of a receiver, open. Call it inside the runtime.
    pub(in crate::receiver) fn open(self) -> io::Result<Door> {
        let address = self.address()?;
        Ok(Door { address, listener: Some(TcpListener::from_std(self.listener)?), _keeper: self.keeper })
    }
}

/// Both sockets allow the other to be bound to the same port, which they may as long as only one listens.
fn keeper(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// The standard library sets what lets an address be reused.
fn listen(address: SocketAddr) -> io::Result<StdListener> {
    let listener = StdListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Where connections come in.
#[derive(Debug)]
pub(in crate::receiver) struct Door {
    address: SocketAddr,
    listener: Option<TcpListener>,
    _keeper: Option<Socket>,
}

impl Door {
    /// The next connection; none as long as it is closed.
    pub(in crate::receiver) async fn accept(&self) -> io::Result<TcpStream> {
        match &self.listener {
            Some(listener) => listener.accept().await.map(|(stream, _)| stream),
            None => pending().await,
        }
    }

    /// From now on connections are refused, those in the kernel's queue are reset.
    pub(in crate::receiver) fn close(&mut self) {
        self.listener = None;
    }

    /// Listens again.
    pub(in crate::receiver) fn reopen(&mut self) -> io::Result<()> {
        if self.listener.is_none() {
            self.listener = Some(TcpListener::from_std(listen(self.address)?)?);
        }
        Ok(())
    }
}
