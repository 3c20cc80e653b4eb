//! Connections: the port, the sockets, who may stay, and how long a client is waited for.

pub(crate) mod deadline;
pub(crate) mod door;
pub(crate) mod pace;
pub(crate) mod peers;
pub(crate) mod socket;
