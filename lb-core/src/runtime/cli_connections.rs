//! The connections to the stats sockets, as `show sess`, `show info` and `shutdown session` see them: HAProxy has them as
//! streams of a proxy named GLOBAL.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

use super::cli_session::CliSession;
use super::other_sessions::{OtherSessions, SessionSource};
use super::session::{Channel, ClientEnd, ProxyRef, SessionId, SessionInfo, SessionProtocol, SessionStage};
use crate::config::Mode;
use crate::net::Accepted;

/// The proxy they belong to.
const GLOBAL: &str = "GLOBAL";

/// All connections of an instance, in the order in which they came.
#[derive(Debug)]
pub(crate) struct CliConnections {
    name: Arc<str>,
    /// The thread that serves them: one more than there are workers.
    thread: u32,
    buffer_size: usize,
    accepted: AtomicU64,
    sent: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<CliConnection>>>,
}

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct CliConnection {
    number: u64,
    client: ClientEnd,
    began: Instant,
    epoch: u32,
    state: Mutex<CliState>,
    /// Told to end.
    shut: Notify,
}

/// What changes while it is served.
#[derive(Clone, Copy, Debug, Default)]
struct CliState {
    received: u64,
    sent: u64,
    /// Bytes of a command that is not complete.
    incomplete: u64,
    /// How often something came.
    calls: u32,
    /// When it is closed, while its next command is waited for.
    deadline: Option<Instant>,
    prompt: bool,
    payload: bool,
}

/// A connection for as long as it is served.
#[derive(Debug)]
pub(crate) struct Served {
    connections: Arc<CliConnections>,
    connection: Arc<CliConnection>,
}

/// Where a connection was accepted: number and `name` of the listener.
#[derive(Clone, Debug)]
pub(crate) struct AcceptedOn {
    pub(crate) id: u32,
    pub(crate) name: Option<String>,
}

impl CliConnections {
    /// None yet.
    pub(crate) fn new(workers: usize, buffer_size: usize) -> Arc<Self> {
        Arc::new(Self {
            name: Arc::from(GLOBAL),
            thread: u32::try_from(workers).unwrap_or(u32::MAX).saturating_add(1),
            buffer_size,
            accepted: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            open: Mutex::default(),
        })
    }

    /// How many there were so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Bytes sent to them so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How many there are.
    pub(crate) fn current(&self) -> u32 {
        u32::try_from(lock(&self.open).len()).unwrap_or(u32::MAX)
    }

    /// Takes note of one that was just accepted, when sessions had been listed `epoch` times.
    pub(crate) fn begin(self: &Arc<Self>, accepted: &Accepted, on: &AcceptedOn, epoch: u32) -> Served {
        let number = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        let destination: Option<SocketAddr> = accepted.socket.local_addr();
        let connection = Arc::new(CliConnection {
            number,
            client: ClientEnd {
                source: accepted.peer,
                destination,
                listener: on.id,
                listener_name: on.name.clone(),
                fd: accepted.socket.as_fd().as_raw_fd(),
                tls: false,
                protocol: SessionProtocol::Cli,
            },
            began: Instant::now(),
            epoch,
            state: Mutex::default(),
            shut: Notify::new(),
        });
        lock(&self.open).insert(number, Arc::clone(&connection));
        Served { connections: Arc::clone(self), connection }
    }
}

impl SessionSource for CliConnections {
    fn sessions(&self) -> Vec<SessionInfo> {
        let open: Vec<_> = lock(&self.open).values().cloned().collect();
        open.iter().map(|connection| connection.describe(self)).collect()
    }

    fn shut(&self, id: SessionId) -> bool {
        let open = lock(&self.open);
        let found = open.values().find(|connection| OtherSessions::id(connection.number) == id);
        found.inspect(|connection| connection.shut.notify_one()).is_some()
    }
}

impl Served {
    /// Something came.
    pub(crate) fn received(&self, bytes: usize) {
        let mut state = lock(&self.connection.state);
        state.received += bytes as u64;
        state.calls = state.calls.saturating_add(1);
        state.deadline = None;
    }

    /// Something was sent.
    pub(crate) fn sent(&self, bytes: usize) {
        self.connections.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        lock(&self.connection.state).sent += bytes as u64;
    }

    /// The next command is waited for.
    pub(crate) fn waits(&self, session: &CliSession) {
        let mut state = lock(&self.connection.state);
        state.deadline = Instant::now().checked_add(session.caller().timeout);
        state.prompt = session.caller().interactive;
        state.payload = session.expects_payload();
        state.incomplete = session.incomplete() as u64;
    }

    /// Ready once somebody wants it to end.
    pub(crate) async fn shut(&self) {
        self.connection.shut.notified().await;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        lock(&self.connections.open).remove(&self.connection.number);
    }
}

impl CliConnection {
    fn describe(&self, all: &CliConnections) -> SessionInfo {
        let state = *lock(&self.state);
        let now = Instant::now();
        let age = now.saturating_duration_since(self.began);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let left = state.deadline.map(|deadline| deadline.saturating_duration_since(now));
        let moved = |total: u64| Channel { total, active: state.sent > 0, ..Channel::default() };
        SessionInfo {
            id: OtherSessions::id(self.number),
            number: self.number,
            thread: all.thread,
            client: self.client.clone(),
            frontend: ProxyRef { name: Arc::clone(&all.name), id: 0, mode: Mode::Tcp },
            backend: None,
            server: None,
            server_end: None,
            stage: SessionStage::Cli { running: left.is_none(), prompt: state.prompt, payload: state.payload },
            http: None,
            request: Channel { read_expires: left, pending: state.incomplete, ..moved(state.received) },
            response: moved(state.sent),
            started: wall.saturating_sub(age),
            age,
            epoch: self.epoch,
            calls: (state.calls, if age < Duration::from_secs(1) { state.calls } else { 0 }),
            retries: 0,
            redispatched: false,
            stage_expires: None,
            expires: left,
            buffer_size: all.buffer_size,
            suspicious: false,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
