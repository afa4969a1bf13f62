//! Health checks on layer 4: a connection is opened, perhaps greeted with a PROXY protocol header, and reset
//! (configuration.txt, `check`).
//!
//! One task per checked server, on the runtime of the control thread; the decisions are made by
//! [`super::health::Health`] and [`Backend::apply_check`].

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::health::{self, CheckResult, CheckStatus, DEFAULT_INTER, Intervals};
use super::{CheckTarget, Server, ServerEvent};
use crate::backend::Backend;
use crate::config::model::{Address, Global};

/// The PROXY protocol header version 2 of a check: command LOCAL, no addresses (proxy-protocol.txt, section 2.2).
const PROXY_V2_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// Global settings of checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// `spread-checks`, percent.
    pub spread: u32,
    /// `max-spread-checks`.
    pub max_spread: Option<Duration>,
}

impl CheckOptions {
    /// As the `global` section says.
    pub fn new(global: &Global) -> Self {
        let spread = global.spread_checks.and_then(|percent| u32::try_from(percent).ok()).unwrap_or(0);
        Self { spread, max_spread: global.max_spread_checks }
    }
}

/// A server to check, and the backend it belongs to.
pub type Checked = (Arc<Backend>, Arc<Server>);

/// Checks every server of `backends` that has `check`, and those that come through `added`, until dropped.
///
/// `report` is given each step that may change a state: it takes the step, which says what happened. Cancel safe:
/// dropping the future ends all checks.
pub async fn run_checks<F>(
    backends: Vec<Arc<Backend>>,
    mut added: UnboundedReceiver<Checked>,
    options: CheckOptions,
    report: F,
) where
    F: Fn(&mut dyn FnMut() -> Vec<ServerEvent>) + Send + Sync + 'static,
{
    let report = Arc::new(report);
    let of_backend = |backend: &Arc<Backend>| -> Vec<Checked> {
        let servers = backend.servers();
        let checked = servers.iter().filter(|server| server.checks.are_configured());
        checked.map(|server| (Arc::clone(backend), Arc::clone(server))).collect()
    };
    let checked: Vec<Checked> = backends.iter().flat_map(of_backend).collect();
    let smallest = checked.iter().map(|(_, server)| intervals(server).inter).min().unwrap_or(DEFAULT_INTER);
    let count = checked.len();
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (rank, checked) in checked.into_iter().enumerate() {
        let first = start + health::start_delay(rank, count, smallest, options.max_spread);
        tasks.spawn(check_forever(checked, first, options, Arc::clone(&report)));
    }
    loop {
        tokio::select! {
            next = added.recv() => match next {
                Some(checked) => {
                    tasks.spawn(check_forever(checked, Instant::now(), options, Arc::clone(&report)));
                }
                None => break,
            },
            // A task ends with its server.
            Some(_) = tasks.join_next() => {}
        }
    }
    while tasks.join_next().await.is_some() {}
}

async fn check_forever<F>((backend, server): Checked, first: Instant, options: CheckOptions, report: Arc<F>)
where
    F: Fn(&mut dyn FnMut() -> Vec<ServerEvent>) + Send + Sync + 'static,
{
    let intervals = intervals(&server);
    let mut next = first;
    while !server.is_removed() {
        tokio::select! {
            () = server.checks.changed.notified() => continue,
            () = sleep_until(next) => {}
        }
        if !server.checks.may_run() {
            // Enabled again, or out of maintenance, it is checked when it would have been.
            next += intervals.inter.max(Duration::from_millis(1));
            continue;
        }
        let started = Instant::now();
        server.checks.set_running(true);
        let mut result = Some(check(&backend, &server, intervals.inter).await);
        server.checks.set_running(false);
        report(&mut || result.take().map_or_else(Vec::new, |result| backend.apply_check(&server, result)));
        let interval = server.checks.health().interval(&intervals);
        let interval = health::spread(interval, options.spread, crate::balance::random());
        // A check that took longer than its interval is followed by the next one at once, but never in a busy loop.
        next = (started + interval).max(Instant::now() + Duration::from_millis(1));
    }
}

fn intervals(server: &Server) -> Intervals {
    let config = &server.config;
    Intervals { inter: config.inter.unwrap_or(DEFAULT_INTER), fastinter: config.fastinter, downinter: config.downinter }
}

/// Makes one check. The connection may take `inter`, or the smaller of `inter` and `timeout connect` where
/// `timeout check` is set (configuration.txt, `timeout check`).
async fn check(backend: &Backend, server: &Server, inter: Duration) -> CheckResult {
    let settings = backend.check_settings();
    let limit = match (settings.timeout_check, settings.timeout_connect) {
        (Some(_), Some(connect)) => connect.min(inter),
        _ => inter,
    };
    let started = Instant::now();
    let attempt = timeout(limit, attempt(backend, server)).await;
    let duration = started.elapsed();
    let (status, info) = match attempt {
        Ok(Ok(())) => (CheckStatus::L4Ok, None),
        Ok(Err(failure)) => failure.explain(),
        Err(_) => (CheckStatus::L4Timeout, None),
    };
    CheckResult { status, info, duration }
}

/// Where a check goes and what it says first.
struct Plan {
    address: Address,
    header: Option<u8>,
}

impl Plan {
    /// `addr` and `port` replace the server's; then the server's `send-proxy` does not apply to the check.
    fn new(server: &Server) -> Self {
        let config = &server.config;
        let target = server.checks.target();
        let elsewhere = target != CheckTarget::default();
        let mut address = server.endpoint().address.clone();
        match (&mut address, target.addr, target.port) {
            (Address::Inet(socket), ip, port) => {
                socket.set_ip(ip.unwrap_or(socket.ip()));
                socket.set_port(port.unwrap_or(socket.port()));
            }
            (other, Some(ip), Some(port)) => *other = Address::Inet(SocketAddr::new(ip, port)),
            _ => {}
        }
        let version = config.send_proxy.as_ref().map(|proxy| proxy.version);
        let header = match (config.check_send_proxy, elsewhere) {
            (true, _) => Some(version.unwrap_or(1)),
            (false, false) => version,
            (false, true) => None,
        };
        Self { address, header }
    }
}

/// Why a check failed.
#[derive(Debug)]
enum Failure {
    Tcp(io::Error),
    Other(io::Error),
}

impl Failure {
    /// Status and `info` as HAProxy 2.6.12 gives them: what connect(2) itself reports is a "general socket error", what
    /// the peer or the network answers is not.
    fn explain(self) -> (CheckStatus, Option<String>) {
        match self {
            Self::Tcp(error) if is_answer(&error) => (CheckStatus::L4ConnectionError, Some(text_of(&error))),
            Self::Tcp(error) => (CheckStatus::L4ConnectionError, Some(general(&error))),
            Self::Other(error) => (CheckStatus::SocketError, Some(general(&error))),
        }
    }
}

fn is_answer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::HostUnreachable
            | ErrorKind::TimedOut
            | ErrorKind::BrokenPipe
    )
}

fn general(error: &io::Error) -> String {
    format!("General socket error ({})", text_of(error))
}

/// The system's text for an error, without the number Rust adds.
fn text_of(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

async fn attempt(backend: &Backend, server: &Server) -> Result<(), Failure> {
    let plan = Plan::new(server);
    match &plan.address {
        Address::Inet(address) => connect_tcp(backend, server, *address, plan.header).await,
        Address::Unix(path) => connect_unix(path.as_os_str(), plan.header).await,
        Address::Abstract(name) => {
            let name = [b"\0", name.as_slice()].concat();
            connect_unix(OsStr::from_bytes(&name), plan.header).await
        }
        Address::Fd(_) => Err(Failure::Other(io::Error::from(ErrorKind::Unsupported))),
    }
}

async fn connect_tcp(
    backend: &Backend,
    server: &Server,
    address: SocketAddr,
    header: Option<u8>,
) -> Result<(), Failure> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(Failure::Other)?;
    let options = SockRef::from(&socket);
    let source = server.config.source.as_ref().or(backend.check_settings().source.as_ref());
    if let Some(source) = source {
        if let Some(interface) = &source.interface {
            options.bind_device(Some(interface.as_bytes())).map_err(Failure::Other)?;
        }
        if let Some(local) = source.address.filter(|local| local.is_ipv4() == address.is_ipv4()) {
            socket.set_reuseaddr(true).map_err(Failure::Other)?;
            // A fixed port would make each check wait for the last one's TIME_WAIT.
            socket.bind(SocketAddr::new(local.ip(), 0)).map_err(Failure::Other)?;
        }
    }
    if header.is_none() {
        // Nothing will be said: SYN, SYN-ACK, RST, and the server's accept(2) may never hear of it. These only save
        // packets, so a system that refuses them is no failure.
        let _ = options.set_tcp_quickack(false);
        let _ = options.set_linger(Some(Duration::ZERO));
    }
    let mut stream = socket.connect(address).await.map_err(Failure::Tcp)?;
    if let Some(version) = header {
        let header = proxy_header(version, &stream);
        stream.write_all(&header).await.map_err(Failure::Tcp)?;
    }
    Ok(())
}

async fn connect_unix(path: &OsStr, header: Option<u8>) -> Result<(), Failure> {
    let mut stream = UnixStream::connect(path).await.map_err(Failure::Other)?;
    match header {
        Some(2) => stream.write_all(PROXY_V2_LOCAL).await.map_err(Failure::Other),
        Some(_) => stream.write_all(b"PROXY UNKNOWN\r\n").await.map_err(Failure::Other),
        None => Ok(()),
    }
}

/// The header of a check speaks of the check's own connection.
fn proxy_header(version: u8, stream: &TcpStream) -> Vec<u8> {
    if version == 2 {
        return PROXY_V2_LOCAL.to_vec();
    }
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(local), Ok(peer)) => {
            let family = if local.is_ipv4() { 4 } else { 6 };
            let (source, destination) = (local.ip(), peer.ip());
            format!("PROXY TCP{family} {source} {destination} {} {}\r\n", local.port(), peer.port()).into_bytes()
        }
        _ => b"PROXY UNKNOWN\r\n".to_vec(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;
    use crate::backend::tests::backend;
    use crate::config::model::{Balance, SendProxy};
    use crate::server::OperationalState;

    fn quick(line: &mut crate::config::model::ServerConfig, address: SocketAddr) {
        line.check = true;
        line.address = Address::Inet(address);
        line.inter = Some(Duration::from_millis(10));
    }

    /// Runs the checks of `backend` until `count` lines were written.
    async fn lines(backend: &Arc<Backend>, count: usize) -> Vec<String> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let report = move |step: &mut dyn FnMut() -> Vec<ServerEvent>| {
            step().iter().for_each(|event| drop(sender.send(event.log_line())));
        };
        let (_adder, added) = mpsc::unbounded_channel();
        let mut lines = Vec::new();
        tokio::select! {
            () = run_checks(vec![Arc::clone(backend)], added, CheckOptions::default(), report) => panic!("checks ended"),
            () = async {
                while lines.len() < count {
                    lines.push(receiver.recv().await.unwrap());
                }
            } => lines,
        }
    }

    #[tokio::test]
    async fn a_server_goes_down_and_comes_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let backend = backend(Balance::RoundRobin, &[1], |_, line| quick(line, address));
        let down = lines(&backend, 2).await;
        assert!(down[0].starts_with(
            "Server b/s0 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: "
        ));
        assert_eq!(down[1], "backend b has no server available!");
        assert_eq!(backend.servers()[0].operational_state(), OperationalState::Stopped);
        let _listener = TcpListener::bind(address).await.unwrap();
        let up = lines(&backend, 1).await;
        assert!(up[0].starts_with("Server b/s0 is UP, reason: Layer4 check passed, check duration: "), "{}", up[0]);
        assert!(backend.servers()[0].is_usable());
        assert_eq!(backend.servers()[0].last_check().unwrap().status, CheckStatus::L4Ok);
    }

    #[tokio::test]
    async fn checks_greet_with_the_header_of_the_server() {
        let v1 = SendProxy { version: 1, ..SendProxy::default() };
        let v2 = SendProxy { version: 2, ..SendProxy::default() };
        for (send_proxy, check_send_proxy) in [(Some(v1), false), (Some(v2), false), (None, true)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let version = send_proxy.as_ref().map_or(1, |proxy| proxy.version);
            let backend = backend(Balance::RoundRobin, &[1], |_, line| {
                quick(line, address);
                line.send_proxy = send_proxy.clone();
                line.check_send_proxy = check_send_proxy;
            });
            let accept = async {
                let (mut stream, peer) = listener.accept().await.unwrap();
                let mut received = Vec::new();
                stream.read_to_end(&mut received).await.unwrap();
                (peer, received)
            };
            let (_adder, added) = mpsc::unbounded_channel();
            let report = |step: &mut dyn FnMut() -> Vec<ServerEvent>| drop(step());
            let (peer, received) = tokio::select! {
                () = run_checks(vec![Arc::clone(&backend)], added, CheckOptions::default(), report) => {
                    panic!("checks ended")
                }
                result = accept => result,
            };
            let expected = match version {
                2 => PROXY_V2_LOCAL.to_vec(),
                _ => format!("PROXY TCP4 127.0.0.1 127.0.0.1 {} {}\r\n", peer.port(), address.port()).into_bytes(),
            };
            assert_eq!(received, expected);
        }
    }

    #[tokio::test]
    async fn a_missing_socket_file_is_a_socket_error() {
        let backend = backend(Balance::RoundRobin, &[1], |_, line| {
            line.check = true;
            line.address = Address::Unix("/nonexistent/lb.sock".into());
        });
        let line = lines(&backend, 1).await.remove(0);
        let expected =
            "Server b/s0 is DOWN, reason: Socket error, info: \"General socket error (No such file or directory)\"";
        assert!(line.starts_with(expected), "{line}");
    }

    #[test]
    fn addr_and_port_replace_the_address_and_drop_the_header() {
        let inet = |text: &str| Address::Inet(text.parse().unwrap());
        let backend = backend(Balance::RoundRobin, &[1, 1, 1], |index, line| {
            line.send_proxy = Some(SendProxy { version: 2, ..SendProxy::default() });
            line.check_port = (index > 0).then_some(99);
            line.address = inet("127.0.0.1:1");
            line.check_addr = (index > 1).then_some([127, 0, 0, 9].into());
            line.check_send_proxy = index > 1;
        });
        let plans: Vec<_> = backend.servers().iter().map(|server| Plan::new(server)).collect();
        assert_eq!((&plans[0].address, plans[0].header), (&inet("127.0.0.1:1"), Some(2)));
        assert_eq!((&plans[1].address, plans[1].header), (&inet("127.0.0.1:99"), None));
        assert_eq!((&plans[2].address, plans[2].header), (&inet("127.0.0.9:99"), Some(2)));
    }
}
