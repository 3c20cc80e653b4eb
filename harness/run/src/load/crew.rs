//! The workers: each owns at most one connection and has at most one request open.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::ops::Range;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use spanfate_model::limits::LimitedPart;
use spanfate_model::load::RequestOutcome;
use spanfate_model::quantity::unit::MonoNs;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::LoadConfig;
use super::link::Link;
use super::record::{EndedRequest, Recorder};
use super::request::Template;
use crate::host::clock;
use crate::host::limits::LimitsMet;

/// What the workers share.
#[derive(Debug)]
pub(super) struct Crew {
    target: SocketAddr,
    limits: Arc<LimitsMet>,
    /// Bound on one request, nanoseconds.
    timeout: u64,
    template: RefCell<Template>,
    recorder: Rc<Recorder>,
    /// Last in, first out, so that few connections carry the load and the rest stay idle.
    idle: RefCell<Vec<Rc<Mailbox>>>,
    workers: RefCell<Vec<Rc<Mailbox>>>,
    /// Requests of a closed load that wait for a free worker.
    queue: RefCell<Range<u32>>,
    busy: Cell<u32>,
    connections: Cell<u32>,
    /// Told when the last open request ends.
    pub(super) calm: Notify,
}

/// A worker's mailbox.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    request: Cell<Option<u32>>,
    started: Cell<MonoNs>,
    wake: Notify,
    /// Whether its request has run out of time.
    overdue: Cell<bool>,
    /// Its task, while a request is open.
    task: RefCell<Option<Waker>>,
}

impl Mailbox {
    fn give(&self, request: u32) {
        self.request.set(Some(request));
        self.wake.notify_one();
    }

    fn end(&self) {
        self.overdue.set(true);
        if let Some(task) = &*self.task.borrow() {
            task.wake_by_ref();
        }
    }

    /// Runs `work` until it is done, or its request overdue. One timer per request would cost more than the sweep that
    /// finds those that are overdue.
    async fn bound<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            if self.overdue.get() {
                return Poll::Ready(None);
            }
            let mut task = self.task.borrow_mut();
            if task.as_ref().is_none_or(|task| !task.will_wake(cx.waker())) {
                *task = Some(cx.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}

impl Crew {
    pub(super) fn new(config: &LoadConfig, template: Template, recorder: &Rc<Recorder>) -> Self {
        Self {
            target: config.target,
            limits: Arc::clone(&config.limits),
            timeout: config.timeout.as_nanos() as u64,
            template: RefCell::new(template),
            recorder: Rc::clone(recorder),
            idle: RefCell::default(),
            workers: RefCell::default(),
            queue: RefCell::new(0..0),
            busy: Cell::new(0),
            connections: Cell::new(0),
            calm: Notify::new(),
        }
    }

    /// Replaces the requests that workers take by themselves; gives those that were left.
    pub(super) fn queue(&self, requests: Range<u32>) -> Range<u32> {
        self.queue.replace(requests)
    }

    /// Whether requests wait for a worker.
    pub(super) fn has_queue(&self) -> bool {
        !self.queue.borrow().is_empty()
    }

    /// Ends the requests that have run out of time.
    pub(super) fn end_overdue(&self) {
        let now = clock::now();
        for worker in self.workers.borrow().iter().filter(|worker| worker.request.get().is_some()) {
            let started = worker.started.get();
            if started != 0 && now > started + self.timeout {
                worker.end();
            }
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

    /// Takes the next request of a closed load, or a rest.
    fn rest(&self, worker: &Rc<Mailbox>) {
        if let Some(request) = self.queue.borrow_mut().next() {
            worker.request.set(Some(request));
            return;
        }
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
    most: usize,
    set: JoinSet<()>,
}

impl Tasks {
    pub(super) fn new(crew: &Rc<Crew>, most: u32) -> Self {
        Self { crew: Rc::clone(crew), most: most as usize, set: JoinSet::new() }
    }

    /// Hands a request to a worker; without one it is not started.
    pub(super) fn give(&mut self, request: u32) {
        let rested = self.crew.idle.borrow_mut().pop();
        let worker = match rested {
            Some(worker) => worker,
            None if self.set.len() < self.most => self.hire(),
            None => return self.crew.recorder.not_started(request, RequestOutcome::InFlightCap),
        };
        self.crew.busy.set(self.crew.busy.get() + 1);
        worker.give(request);
    }

    fn hire(&mut self) -> Rc<Mailbox> {
        let worker = Rc::new(Mailbox::default());
        self.crew.workers.borrow_mut().push(Rc::clone(&worker));
        self.set.spawn_local(work(Rc::clone(&self.crew), Rc::clone(&worker)));
        worker
    }

    /// Ends all workers. Requests still open are recorded as timed out.
    pub(super) async fn end(mut self) {
        self.set.shutdown().await;
        for worker in self.crew.workers.borrow().iter() {
            let Some(request) = worker.request.take() else { continue };
            let started =
                if worker.started.get() == 0 { self.crew.recorder.start() } else { worker.started.get() };
            let ended = EndedRequest { outcome: RequestOutcome::TimedOut, status: 0, started, connection: 0 };
            self.crew.recorder.ended(request, ended);
        }
    }
}

async fn work(crew: Rc<Crew>, worker: Rc<Mailbox>) {
    let mut link = None;
    loop {
        let Some(request) = worker.request.get() else {
            tokio::select! {
                biased;
                () = worker.wake.notified() => {}
                () = Link::closed(&mut link) => link = None,
            }
            continue;
        };
        worker.started.set(crew.recorder.start());
        let ended = send(&crew, &worker, &mut link, request).await;
        if !matches!(ended.outcome, RequestOutcome::Answered | RequestOutcome::BadStatus) {
            link = None;
        }
        crew.recorder.ended(request, ended);
        worker.request.set(None);
        worker.started.set(0);
        worker.overdue.set(false);
        crew.rest(&worker);
    }
}

async fn send(crew: &Crew, worker: &Mailbox, link: &mut Option<Link>, request: u32) -> EndedRequest {
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
                Err(error) if crew.limits.note(LimitedPart::Load, &error) => {
                    return (RequestOutcome::LimitMet, 0);
                }
                Err(_) => return (RequestOutcome::ConnectFailed, 0),
            }
        };
        let request = crew.template.borrow_mut().request(request);
        // No second try: the service may have made spans of the first.
        match link.exchange(request).await {
            Ok(status) if status.is_success() => (RequestOutcome::Answered, status.as_u16()),
            Ok(status) => (RequestOutcome::BadStatus, status.as_u16()),
            Err(_) => (RequestOutcome::Broken, 0),
        }
    };
    let (outcome, status) = worker.bound(exchange).await.unwrap_or((RequestOutcome::TimedOut, 0));
    EndedRequest { outcome, status, started: worker.started.get(), connection }
}
