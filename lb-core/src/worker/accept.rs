//! A listener on one worker: accepts, keeps the limits, and hands connections to the least loaded worker.

use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use super::Worker;
use crate::config::{Address, BindOptions};
use crate::instant::Instant;
use crate::listener::limits::{ConnectionSlot, ListenerLimits, Refused};
use crate::net::{Accepted, AcceptedSocket, AsyncListener};
use crate::net::{BoundAddress, ListenSocket};
use crate::net::{ClientOptions, apply_client_options};
use crate::session::{self, ClientInfo};
use crate::topology::Frontend;
use crate::transport::Socket;

/// What the connections of a listener have in common.
#[derive(Debug)]
pub(crate) struct ListenerContext {
    pub(crate) frontend: Arc<Frontend>,
    pub(crate) options: BindOptions,
    pub(crate) limits: Arc<ListenerLimits>,
    /// How often its sessions let others go first: see [`nice`](super::nice).
    pub(crate) rounds: u8,
    pub(crate) client_options: ClientOptions,
    /// Certificates and settings of `bind ... ssl`.
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    /// `name` of the listener, or its number, as logs say it.
    pub(crate) name: Arc<str>,
    /// The address it is bound to.
    pub(crate) address: Address,
    /// Whether the sockets were made here, rather than inherited.
    pub(crate) own: bool,
    /// What listen(2) gets.
    pub(crate) backlog: u32,
    /// A handle of each of its sockets, for commands; none once the instance stops.
    pub(crate) sockets: Mutex<Vec<ListenSocket>>,
}

impl ListenerContext {
    /// Whether its sockets are TCP and nobody's but ours: then shutting them down wakes every worker.
    pub(super) fn is_woken_by_shutdown(&self) -> bool {
        self.own && matches!(self.address, Address::Inet(_))
    }
}

/// A listening socket with its context, on its way to a worker.
#[derive(Debug)]
pub(crate) struct ListenerSetup {
    pub(crate) socket: ListenSocket,
    pub(crate) context: Arc<ListenerContext>,
}

/// An accepted connection with the room it takes.
#[derive(Debug)]
struct Arrival {
    accepted: Accepted,
    /// The address the client connected to, where the listener has only one.
    destination: Option<SocketAddr>,
    slot: ConnectionSlot,
    context: Arc<ListenerContext>,
}

#[derive(Debug, Default)]
struct Arrivals {
    waiting: Vec<Arrival>,
    /// The worker ends and takes no more.
    closed: bool,
}

/// Where other workers leave connections for this one, and how much it has to do.
#[derive(Debug, Default)]
pub(crate) struct Handoff {
    arrivals: Mutex<Arrivals>,
    arrived: Notify,
    load: AtomicU32,
}

impl Handoff {
    pub(super) fn add_load(&self) {
        self.load.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remove_load(&self) {
        self.load.fetch_sub(1, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a connection; gives it back where the worker takes no more.
    fn put(&self, arrival: Arrival) -> Option<Arrival> {
        let mut arrivals = self.lock();
        if arrivals.closed {
            return Some(arrival);
        }
        arrivals.waiting.push(arrival);
        drop(arrivals);
        self.arrived.notify_one();
        None
    }

    fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut self.lock().waiting)
    }

    /// Takes the last connections; there will be no more.
    fn close(&self) -> Vec<Arrival> {
        let mut arrivals = self.lock();
        arrivals.closed = true;
        std::mem::take(&mut arrivals.waiting)
    }
}

/// A listener registered with a worker's event loop.
#[derive(Debug)]
pub(super) struct Listener {
    listener: AsyncListener,
    context: Arc<ListenerContext>,
    /// Its address, unless connections to several addresses reach it.
    destination: Option<SocketAddr>,
}

impl Listener {
    pub(super) fn new(setup: ListenerSetup) -> std::io::Result<Self> {
        let destination = match setup.socket.bound() {
            BoundAddress::Inet(address) if !address.ip().is_unspecified() && !setup.context.options.transparent => {
                Some(*address)
            }
            _ => None,
        };
        Ok(Self { listener: AsyncListener::new(setup.socket)?, context: setup.context, destination })
    }

    /// Accepts connections until `open` is gone: then those that the system has established already, and no more.
    pub(super) async fn run(mut self, worker: Rc<Worker>, mut open: watch::Receiver<()>) {
        let frontend = Arc::clone(&self.context.frontend);
        let gate = &frontend.gate;
        let mut ending = pin!(open.changed());
        loop {
            if !gate.is_open() {
                let opened = tokio::select! {
                    _ = &mut ending => false,
                    opened = gate.opened() => opened,
                };
                if !opened {
                    return;
                }
                match self.listener.register_again() {
                    Ok(listener) => self.listener = listener,
                    // There is no descriptor left to watch it with: nothing more can be accepted here.
                    Err(_) => return,
                }
            }
            tokio::select! {
                biased;
                _ = &mut ending => return self.take_last(&worker),
                () = self.take_some(&worker) => {}
            }
            tokio::task::yield_now().await;
        }
    }

    /// Closing the socket would reset connections that their clients hold for accepted.
    fn take_last(&self, worker: &Rc<Worker>) {
        worker.forwarder.clock.invalidate();
        while self.context.frontend.gate.is_open()
            && let Ok(slot) = self.context.limits.acquire(worker.forwarder.clock.now())
            && let Ok(Some(accepted)) = self.listener.accept_last()
        {
            self.take_in(worker, accepted, slot);
        }
    }

    /// Waits for connections and takes some of them.
    async fn take_some(&self, worker: &Rc<Worker>) {
        let gate = &self.context.frontend.gate;
        match self.readable().await {
            Ok(()) => {}
            Err(_) if !gate.is_open() => return,
            Err(error) => return pause_after(&error).await,
        }
        for _ in 0..worker.settings.maxaccept.clamp(1, 64) {
            // A connection for which there is no room stays in the backlog.
            let slot = self.room(worker).await;
            match self.listener.accept_ready() {
                Ok(Some(accepted)) => self.take_in(worker, accepted, slot),
                Ok(None) => break,
                Err(error) => {
                    drop(slot);
                    if gate.is_open() {
                        pause_after(&error).await;
                    }
                    break;
                }
            }
        }
    }

    /// Waits for the next connection. A TCP socket that is paused says so; one of another kind knows nothing of it.
    async fn readable(&self) -> std::io::Result<()> {
        if self.context.is_woken_by_shutdown() {
            return self.listener.readable().await;
        }
        tokio::select! {
            ready = self.listener.readable() => ready,
            () = self.context.frontend.gate.closed() => Err(std::io::ErrorKind::ConnectionAborted.into()),
        }
    }

    fn take_in(&self, worker: &Rc<Worker>, accepted: Accepted, slot: ConnectionSlot) {
        let now = worker.forwarder.clock.now();
        slot.accepted(now);
        // Those that `tcp-request connection` refuses are no sessions.
        if !self.context.frontend.config.rules.judges_connections() {
            slot.session(now);
        }
        let arrival = Arrival { accepted, destination: self.destination, slot, context: Arc::clone(&self.context) };
        let mine = match least_loaded(worker) {
            None => Some(arrival),
            Some(other) => other.put(arrival),
        };
        if let Some(arrival) = mine {
            begin(worker, arrival);
        }
    }

    /// Room for one connection, once there is some.
    async fn room(&self, worker: &Worker) -> ConnectionSlot {
        let clock = &worker.forwarder.clock;
        loop {
            clock.invalidate();
            match self.context.limits.acquire(clock.now()) {
                Ok(slot) => return slot,
                Err(Refused::Full(scope)) => self.context.limits.room(scope).await,
                Err(Refused::Rate(_, wait)) => tokio::time::sleep(wait).await,
            }
        }
    }
}

/// Another worker that should serve the next connection: one with markedly less to do than this one. The kernel spreads
/// connections by hash, which leaves few long ones unevenly spread.
fn least_loaded(worker: &Worker) -> Option<&Handoff> {
    let handoffs = &worker.shared.handoffs;
    if handoffs.len() < 2 {
        return None;
    }
    let mine = handoffs.get(worker.index)?.load.load(Ordering::Relaxed);
    let (least, other) = handoffs.iter().map(|h| (h.load.load(Ordering::Relaxed), h)).min_by_key(|(load, _)| *load)?;
    // Handing over wakes another thread: not for the noise of many short connections.
    (mine > least + mine / 8).then_some(other)
}

/// Waits a moment where accepting failed for lack of a descriptor or memory: the condition does not clear at once.
async fn pause_after(error: &std::io::Error) {
    if !matches!(error.kind(), std::io::ErrorKind::ConnectionAborted | std::io::ErrorKind::Interrupted) {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// Starts the connections that other workers accepted for this one.
pub(super) async fn receive_handoffs(worker: Rc<Worker>) {
    let Some(handoff) = worker.shared.handoffs.get(worker.index) else { return };
    loop {
        handoff.arrived.notified().await;
        for arrival in handoff.take() {
            begin(&worker, arrival);
        }
    }
}

/// Takes nothing more from other workers. Says whether there was a last connection, which was started.
pub(super) fn close_handoff(worker: &Rc<Worker>) -> bool {
    let Some(handoff) = worker.shared.handoffs.get(worker.index) else { return false };
    let before = worker.sessions.get();
    for arrival in handoff.close() {
        begin(worker, arrival);
    }
    worker.sessions.get() != before
}

/// Counts a connection, on the worker that serves it.
fn count_accepted(worker: &Worker, info: &ClientInfo) {
    let stats = &info.frontend.stats;
    let counters = stats.counters.of(worker.index);
    counters.connections.inc();
    stats.connection_rate.count(worker.index, worker.uptime(info.accepted));
    worker.shared.stats.counters.of(worker.index).connections.inc();
}

fn begin(worker: &Rc<Worker>, arrival: Arrival) {
    let Arrival { accepted, destination, slot, context } = arrival;
    if !context.client_options.is_empty() {
        apply_client_options(&accepted.socket, accepted.socket.is_tcp(), &context.client_options);
    }
    let destination = destination.or_else(|| accepted.socket.local_addr());
    let fd = accepted.socket.as_fd().as_raw_fd();
    let handle = match worker.topology().touches_sockets {
        true => accepted.socket.as_fd().try_clone_to_owned().ok(),
        false => None,
    };
    let socket = match accepted.socket {
        AcceptedSocket::Tcp(tcp) => Socket::Fresh(Some(tcp)),
        AcceptedSocket::Unix(unix) => match tokio::net::UnixStream::from_std(unix) {
            Ok(unix) => Socket::Unix(unix),
            Err(_) => return,
        },
    };
    let info = ClientInfo {
        handle,
        dropped: Default::default(),
        frontend: Arc::clone(&context.frontend),
        source: accepted.peer,
        destination,
        accepted: Instant::now(),
        handshake: std::time::Duration::ZERO,
        tls: None,
        fd,
        slot,
        state: Default::default(),
    };
    count_accepted(worker, &info);
    session::start(worker, socket, &context, info);
}
