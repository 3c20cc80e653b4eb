//! The connections there are, and which of them goes first when there is no room.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::socket::{Connection, ConnectionCut};

/// Connections served at once.
pub(in crate::receiver) const MOST_CONNECTIONS: usize = 256;

/// Open connections, oldest first.
#[derive(Debug, Default)]
pub(in crate::receiver) struct Peers {
    open: Mutex<Vec<Arc<Connection>>>,
    /// A connection became idle, so it can be closed now.
    idle: Notify,
}

impl Peers {
    fn open(&self) -> MutexGuard<'_, Vec<Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is room for one more, if need be in the place of another.
    pub(in crate::receiver) fn have_room(&self) -> bool {
        let open = self.open();
        open.len() < MOST_CONNECTIONS || least(&open).is_some()
    }

    /// Waits until [`have_room`](Self::have_room) may have changed although no connection ended.
    pub(in crate::receiver) async fn changed(&self) {
        self.idle.notified().await;
    }

    pub(in crate::receiver) fn became_idle(&self) {
        self.idle.notify_one();
    }

    /// Takes one in. Where there is no room another is told to leave; says whether one was.
    pub(in crate::receiver) fn add(&self, connection: &Arc<Connection>) -> bool {
        let mut open = self.open();
        let victim = if open.len() < MOST_CONNECTIONS { None } else { least(&open) };
        if let Some(at) = victim {
            // What is told to leave no longer counts, whether or not it is quick.
            open.remove(at).leave();
        }
        open.push(Arc::clone(connection));
        victim.is_some()
    }

    pub(in crate::receiver) fn remove(&self, connection: &Arc<Connection>) {
        self.open().retain(|other| !Arc::ptr_eq(other, connection));
    }

    /// Cuts all; says how many there were.
    pub(in crate::receiver) fn cut(&self, how: ConnectionCut) -> u64 {
        let open = self.open();
        open.iter().for_each(|connection| connection.cut(how));
        open.len() as u64
    }

    /// Tells the connection to leave that holds most bytes of requests and never completed one, if it holds more than
    /// `connection`; says whether there was one.
    pub(in crate::receiver) fn release_bytes(&self, connection: &Arc<Connection>) -> bool {
        let mut open = self.open();
        let most = (0..open.len()).filter(|at| !open[*at].is_served()).max_by_key(|at| open[*at].held());
        let victim = most.filter(|at| open[*at].held() > connection.held());
        victim.inspect(|at| open.remove(*at).leave()).is_some()
    }
}

/// Who goes first: the oldest that never completed a request; else, of those that wait for no answer, the one that has
/// been silent longest.
fn least(open: &[Arc<Connection>]) -> Option<usize> {
    open.iter().position(|connection| !connection.is_served()).or_else(|| {
        let idle = (0..open.len()).filter(|at| !open[*at].is_busy());
        idle.min_by_key(|at| open[*at].heard_at())
    })
}
