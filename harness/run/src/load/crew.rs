//! The workers: each owns at most one connection and has at most one request open.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use spanfate_model::load::Outcome;
use spanfate_model::unit::MonoNs;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::link::Link;
use super::record::{Ended, Recorder};
use super::request::Template;

/// What the workers share.
#[derive(Debug)]
pub(super) struct Crew {
    target: SocketAddr,
    timeout: Duration,
    template: RefCell<Template>,
    recorder: Rc<Recorder>,
    /// Last in, first out, so that few connections carry the load and the rest stay idle.
    idle: RefCell<Vec<Rc<Worker>>>,
    busy: Cell<u32>,
    connections: Cell<u32>,
    /// Told when the last open request ends.
    pub(super) calm: Notify,
}

/// A worker's mailbox.
#[derive(Debug, Default)]
pub(super) struct Worker {
    request: Cell<Option<u32>>,
    started: Cell<MonoNs>,
    wake: Notify,
}

impl Worker {
    fn give(&self, request: u32) {
        self.request.set(Some(request));
        self.wake.notify_one();
    }
}

impl Crew {
    pub(super) fn new(
        target: SocketAddr,
        timeout: Duration,
        template: Template,
        recorder: &Rc<Recorder>,
    ) -> Self {
        Self {
            target,
            timeout,
            template: RefCell::new(template),
            recorder: Rc::clone(recorder),
            idle: RefCell::default(),
            busy: Cell::new(0),
            connections: Cell::new(0),
            calm: Notify::new(),
        }
    }

    pub(super) fn busy(&self) -> u32 {
        self.busy.get()
    }

    pub(super) fn connections(&self) -> u32 {
        self.connections.get()
    }

    fn next_connection(&self) -> u32 {
        self.connections.replace(self.connections.get() + 1)
    }

    fn rest(&self, worker: &Rc<Worker>) {
        self.idle.borrow_mut().push(Rc::clone(worker));
        self.busy.set(self.busy.get() - 1);
        if self.busy.get() == 0 {
            self.calm.notify_one();
        }
    }
}

/// The workers' tasks, owned by the dispatcher.
#[derive(Debug)]
pub(super) struct Tasks {
    crew: Rc<Crew>,
    workers: Vec<Rc<Worker>>,
    most: usize,
    set: JoinSet<()>,
}

impl Tasks {
    pub(super) fn new(crew: &Rc<Crew>, most: u32) -> Self {
        Self { crew: Rc::clone(crew), workers: Vec::new(), most: most as usize, set: JoinSet::new() }
    }

    /// Hands a request to a worker; without one it is not started.
    pub(super) fn give(&mut self, request: u32) {
        let rested = self.crew.idle.borrow_mut().pop();
        let worker = match rested {
            Some(worker) => worker,
            None if self.workers.len() < self.most => self.hire(),
            None => return self.crew.recorder.not_started(request, Outcome::InFlightCap),
        };
        self.crew.busy.set(self.crew.busy.get() + 1);
        worker.give(request);
    }

    fn hire(&mut self) -> Rc<Worker> {
        let worker = Rc::new(Worker::default());
        self.workers.push(Rc::clone(&worker));
        self.set.spawn_local(work(Rc::clone(&self.crew), Rc::clone(&worker)));
        worker
    }

    /// Ends all workers. Requests still open are recorded as timed out.
    pub(super) async fn end(mut self) {
        self.set.shutdown().await;
        for worker in &self.workers {
            let Some(request) = worker.request.take() else { continue };
            let started =
                if worker.started.get() == 0 { self.crew.recorder.start() } else { worker.started.get() };
            let ended = Ended { outcome: Outcome::TimedOut, status: 0, started, connection: 0 };
            self.crew.recorder.ended(request, ended);
        }
    }
}

async fn work(crew: Rc<Crew>, worker: Rc<Worker>) {
    let mut link = None;
    loop {
        tokio::select! {
            biased;
            () = worker.wake.notified() => {}
            () = Link::closed(&mut link) => {
                link = None;
                continue;
            }
        }
        let Some(request) = worker.request.get() else { continue };
        worker.started.set(crew.recorder.start());
        let ended = send(&crew, &mut link, request, worker.started.get()).await;
        if !matches!(ended.outcome, Outcome::Answered | Outcome::BadStatus) {
            link = None;
        }
        crew.recorder.ended(request, ended);
        worker.request.set(None);
        worker.started.set(0);
        crew.rest(&worker);
    }
}

async fn send(crew: &Crew, link: &mut Option<Link>, request: u32, started: MonoNs) -> Ended {
    let mut connection = link.as_ref().map_or(0, |link| link.number);
    let exchange = async {
        if let Some(open) = link
            && !open.ready().await
        {
            *link = None;
        }
        let link = if let Some(link) = link {
            link
        } else {
            connection = crew.next_connection();
            match Link::open(crew.target, connection).await {
                Ok(opened) => link.insert(opened),
                Err(_) => return (Outcome::ConnectFailed, 0),
            }
        };
        let request = crew.template.borrow_mut().request(request);
        // No second try: the service may have made spans of the first.
        match link.exchange(request).await {
            Ok(status) if status.is_success() => (Outcome::Answered, status.as_u16()),
            Ok(status) => (Outcome::BadStatus, status.as_u16()),
            Err(_) => (Outcome::Broken, 0),
        }
    };
    let (outcome, status) = timeout(crew.timeout, exchange).await.unwrap_or((Outcome::TimedOut, 0));
    Ended { outcome, status, started, connection }
}
