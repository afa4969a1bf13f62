//! The sockets of the configuration that take runtime commands (`stats socket`), served by the control thread: no worker
//! ever waits for them, however slow their clients are.

use std::collections::HashSet;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::caller::Caller;
use super::cli_connections::{AcceptedOn, CliConnections, Served};
use super::cli_session::{CliSession, Step};
use super::commands::CliSocket;
use super::instance::Instance;
use super::other_sessions::SessionSource;
use crate::config::environment::Environment;
use crate::config::{BindOptions, Config};
use crate::net::{AsyncListener, BoundAddress, ListenSocket};
use crate::transport::Socket;

/// What commands and their sockets need of the configuration.
#[derive(Debug)]
pub(crate) struct CliShared {
    /// `stats socket` lines, an entry for each address.
    pub(crate) sockets: Vec<CliSocket>,
    /// For `show env`.
    pub(crate) environment: Environment,
    /// Most bytes of a command with its payload: `tune.bufsize`.
    pub(crate) limit: usize,
    /// An experimental command was run.
    pub(crate) experimental: AtomicBool,
    /// The connections to all sockets.
    pub(crate) connections: Arc<CliConnections>,
    /// `stats timeout`.
    timeout: Duration,
    /// Room for connections of all sockets: `stats maxconn`.
    room: Arc<Semaphore>,
}

impl CliShared {
    pub(crate) fn new(config: &Config, listeners: &[CliListener], workers: usize) -> Self {
        let stats = &config.global.stats;
        let limit = config.global.tune.bufsize.unwrap_or(16384) as usize;
        Self {
            sockets: listeners.iter().map(CliListener::describe).collect(),
            environment: config.environment.clone().unwrap_or_else(Environment::of_process),
            limit,
            experimental: AtomicBool::new(false),
            connections: CliConnections::new(workers, limit),
            timeout: stats.timeout.unwrap_or(Caller::DEFAULT_TIMEOUT),
            room: Arc::new(Semaphore::new(stats.maxconn.unwrap_or(DEFAULT_MAXCONN) as usize)),
        }
    }
}

/// `stats maxconn` where the configuration says nothing.
const DEFAULT_MAXCONN: u32 = 10;

/// A bound socket with the settings of its line.
#[derive(Debug)]
pub(crate) struct CliListener {
    pub(crate) socket: ListenSocket,
    pub(crate) options: BindOptions,
}

impl CliListener {
    fn describe(&self) -> CliSocket {
        let address = match self.socket.bound() {
            BoundAddress::Inet(address) if address.is_ipv4() => format!("ipv4@{address}"),
            BoundAddress::Inet(address) => format!("ipv6@{address}"),
            BoundAddress::Unix(path) => {
                let name = path.display().to_string();
                if name.starts_with("abns@") { name } else { format!("unix@{name}") }
            }
        };
        CliSocket { address, level: self.options.level.unwrap_or_default() }
    }
}

/// Starts to accept on every socket; to be called on the runtime that serves them.
///
/// Aborting the tasks closes the sockets. Sessions that have begun go on until the runtime ends.
///
/// # Errors
/// When the reactor refuses a socket.
pub(crate) fn serve(listeners: Vec<CliListener>, instance: &Instance) -> io::Result<JoinSet<()>> {
    let mut accepting = JoinSet::new();
    let source: Arc<dyn SessionSource> = Arc::clone(&instance.shared.cli.connections) as _;
    instance.shared.other_sessions.add(&source);
    let taken: HashSet<u32> = listeners.iter().filter_map(|listener| listener.options.id).collect();
    let mut free = (1..).filter(|id| !taken.contains(id));
    for CliListener { socket, options } in listeners {
        let listener = AsyncListener::new(socket)?;
        let id = options.id.or_else(|| free.next()).unwrap_or_default();
        let on = AcceptedOn { id, name: options.name.clone() };
        accepting.spawn(accept(listener, on, options, instance.clone()));
    }
    Ok(accepting)
}

async fn accept(listener: AsyncListener, on: AcceptedOn, options: BindOptions, instance: Instance) {
    let cli = &instance.shared.cli;
    let own = options.maxconn.map(|maxconn| Arc::new(Semaphore::new(maxconn as usize)));
    loop {
        // Connections beyond the limits wait in the system's queue.
        let Ok(room) = Arc::clone(&cli.room).acquire_owned().await else { return };
        let own = match &own {
            Some(own) => Arc::clone(own).acquire_owned().await.ok(),
            None => None,
        };
        let epoch = || instance.shared.listings.load(Ordering::Relaxed);
        let begun = listener.accept().await.and_then(|accepted| {
            let served = cli.connections.begin(&accepted, &on, epoch());
            Ok((accepted.socket.register()?, served))
        });
        let (socket, served) = match begun {
            Ok(begun) => begun,
            Err(_) => {
                // Mostly for lack of a descriptor: the condition does not clear at once.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let caller = Caller {
            severity_output: options.severity_output.unwrap_or_default(),
            timeout: cli.timeout,
            ..Caller::new(options.level.unwrap_or_default())
        };
        let session = CliSession::new(instance.clone(), caller);
        tokio::spawn(async move {
            // A client that is gone or stuck is nobody's concern.
            tokio::select! {
                _ = converse(socket, session, &served) => {}
                () = served.shut() => {}
            }
            drop((served, room, own));
        });
    }
}

/// A reply is written once this much of it has gathered.
const WRITE_AT: usize = 16 * 1024;
/// What is read and forgotten at the end at most, so that the system does not take the reply back from a client that
/// sent more than was read.
const DISCARD: usize = 1 << 20;

/// Serves one connection to its end.
async fn converse(mut socket: Socket, mut session: CliSession, served: &Served) -> io::Result<()> {
    let mut out = String::new();
    let mut buf = [0; 2048];
    loop {
        match session.step(&mut out) {
            Step::Done if out.len() < WRITE_AT => {}
            Step::Done => write(&mut socket, &mut out, &session, served).await?,
            Step::Closed => break,
            Step::Watch => {
                write(&mut socket, &mut out, &session, served).await?;
                watch(&mut socket, &mut session, &mut out, served).await?;
            }
            Step::Wait { idle } => {
                write(&mut socket, &mut out, &session, served).await?;
                let room = session.room().min(buf.len());
                let Some(space) = buf.get_mut(..room) else { break };
                let read = match read_now(&mut socket, space).await {
                    Some(read) => read?,
                    None if idle => break,
                    None => {
                        served.waits(&session);
                        timeout(session.caller().timeout, socket.read(space)).await??
                    }
                };
                served.received(read);
                match space.get(..read) {
                    Some(bytes) if read > 0 => drop(session.push(bytes)),
                    _ => session.end(),
                }
            }
        }
        // Checks and other sessions have their turn between two commands.
        tokio::task::yield_now().await;
    }
    write(&mut socket, &mut out, &session, served).await?;
    socket.shutdown().await?;
    let mut left = DISCARD;
    while let Some(Ok(read)) = read_now(&mut socket, &mut buf).await {
        left = left.saturating_sub(read);
        if read == 0 || left == 0 {
            break;
        }
    }
    Ok(())
}

/// Waits for an event or for input, no longer than for input alone.
async fn watch(socket: &mut Socket, session: &mut CliSession, out: &mut String, served: &Served) -> io::Result<()> {
    let mut buf = [0; 256];
    let patience = session.caller().timeout;
    let read = tokio::select! {
        () = session.event() => return Ok(()),
        read = socket.read(&mut buf) => Some(read?),
        () = tokio::time::sleep(patience) => None,
    };
    match read {
        Some(read) if read > 0 => {
            served.received(read);
            session.push(buf.get(..read).unwrap_or_default());
        }
        _ => {
            session.stop_watching(out);
            session.end();
        }
    }
    Ok(())
}

/// Reads what has come already.
async fn read_now(socket: &mut Socket, space: &mut [u8]) -> Option<io::Result<usize>> {
    poll_fn(|cx| {
        let mut buf = ReadBuf::new(space);
        Poll::Ready(match Pin::new(&mut *socket).poll_read(cx, &mut buf) {
            Poll::Ready(result) => Some(result.map(|()| buf.filled().len())),
            Poll::Pending => None,
        })
    })
    .await
}

/// Writes all of the text; the client has the session's timeout for each piece of it.
async fn write(socket: &mut Socket, out: &mut String, session: &CliSession, served: &Served) -> io::Result<()> {
    let mut left = out.as_bytes();
    while !left.is_empty() {
        match timeout(session.caller().timeout, socket.write(left)).await?? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => {
                served.sent(written);
                left = left.get(written..).unwrap_or_default();
            }
        }
    }
    // A long reply's memory is not kept while the client thinks.
    *out = String::new();
    Ok(())
}
