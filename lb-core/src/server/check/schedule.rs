//! When checks are made: a task for each checked server, spread over time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::environment::World;
use super::run::make;
use crate::backend::Backend;
use crate::config::model::Global;
use crate::server::health::{self, DEFAULT_INTER, Intervals};
use crate::server::{Server, ServerEvent, agent};

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

/// When checks begin. Those that are due at about the same time begin together: a thread that has nothing else to do pays
/// more for being woken than for a check.
#[derive(Clone, Copy, Debug)]
struct Timetable {
    start: Instant,
    options: CheckOptions,
}

impl Timetable {
    /// At most this much before the time that the interval asks for.
    const WINDOW: Duration = Duration::from_millis(10);

    /// The end of an interval that begins at `from`: at most a hundredth of it earlier than asked for.
    fn after(&self, from: Instant, interval: Duration) -> Instant {
        let interval = health::spread(interval, self.options.spread, crate::balance::random());
        self.together(from + interval, interval)
    }

    /// The begin of the window in which `due` lies.
    fn together(&self, due: Instant, interval: Duration) -> Instant {
        let window = u64::try_from((interval / 100).min(Self::WINDOW).as_millis()).unwrap_or(0);
        if window < 2 {
            return due;
        }
        let since_start = due.saturating_duration_since(self.start);
        let number = u64::try_from(since_start.as_millis()).unwrap_or(u64::MAX) / window;
        self.start + Duration::from_millis(number.saturating_mul(window))
    }
}

/// A server to check, and the backend it belongs to.
pub type Checked = (Arc<Backend>, Arc<Server>);

/// Checks every server of `backends` that has `check`, and those that come through `added`, until dropped.
///
/// `report` is given each step that may change a state: it takes the step, which says what happened. Cancel safe:
/// dropping the future ends all checks.
pub(crate) async fn run_checks<F>(
    backends: Vec<Arc<Backend>>,
    mut added: UnboundedReceiver<Checked>,
    options: CheckOptions,
    world: World,
    report: F,
) where
    F: Fn(&mut dyn FnMut() -> Vec<ServerEvent>) + Send + Sync + 'static,
{
    let (report, world) = (Arc::new(report), Arc::new(world));
    let of_backend = |backend: &Arc<Backend>| -> Vec<(Checked, Kind)> {
        let servers = backend.servers();
        let kinds = |server: &Arc<Server>| {
            let checked = (Arc::clone(backend), Arc::clone(server));
            kinds(server).into_iter().map(|kind| (checked.clone(), kind)).collect::<Vec<_>>()
        };
        servers.iter().flat_map(kinds).collect()
    };
    let checked: Vec<(Checked, Kind)> = backends.iter().flat_map(of_backend).collect();
    let inter = |((_, server), kind): &(Checked, Kind)| match kind {
        Kind::Health => intervals(server).inter,
        Kind::Agent => server.agent.inter(),
    };
    let smallest = checked.iter().map(inter).min().unwrap_or(DEFAULT_INTER);
    let count = checked.len();
    let start = Instant::now();
    let timetable = Timetable { start, options };
    let mut tasks = JoinSet::new();
    for (rank, (checked, kind)) in checked.into_iter().enumerate() {
        let first = start + health::start_delay(rank, count, smallest, options.max_spread);
        let first = timetable.together(first, smallest);
        spawn(&mut tasks, kind, checked, first, timetable, (&world, &report));
    }
    loop {
        tokio::select! {
            next = added.recv() => match next {
                Some(checked) => {
                    for kind in kinds(&checked.1) {
                        spawn(&mut tasks, kind, checked.clone(), Instant::now(), timetable, (&world, &report));
                    }
                }
                None => break,
            },
            // A task ends with its server.
            Some(_) = tasks.join_next() => {}
        }
    }
    while tasks.join_next().await.is_some() {}
}

/// What a task does.
#[derive(Clone, Copy)]
enum Kind {
    Health,
    Agent,
}

/// What is to be done for a server.
fn kinds(server: &Server) -> Vec<Kind> {
    let health = server.checks.are_configured().then_some(Kind::Health);
    health.into_iter().chain(server.agent.is_configured().then_some(Kind::Agent)).collect()
}

fn spawn<F>(
    tasks: &mut JoinSet<()>,
    kind: Kind,
    checked: Checked,
    first: Instant,
    timetable: Timetable,
    (world, report): (&Arc<World>, &Arc<F>),
) where
    F: Fn(&mut dyn FnMut() -> Vec<ServerEvent>) + Send + Sync + 'static,
{
    let (world, report) = (Arc::clone(world), Arc::clone(report));
    match kind {
        Kind::Health => tasks.spawn(check_forever(checked, first, timetable, world, report)),
        Kind::Agent => tasks.spawn(ask_forever(checked, first, timetable, report)),
    };
}

/// Asks the agent of a server again and again.
async fn ask_forever<F>((backend, server): Checked, mut next: Instant, timetable: Timetable, report: Arc<F>)
where
    F: Fn(&mut dyn FnMut() -> Vec<ServerEvent>) + Send + Sync + 'static,
{
    let inter = server.agent.inter().max(Duration::from_millis(1));
    while !server.is_removed() {
        tokio::select! {
            () = server.agent.changed.notified() => continue,
            () = sleep_until(next) => {}
        }
        if !server.agent.is_enabled() {
            next += inter;
            continue;
        }
        let started = Instant::now();
        server.agent.set_running(true);
        let mut answer = Some(agent::ask(&backend, &server).await);
        server.agent.set_running(false);
        report(&mut || answer.take().map_or_else(Vec::new, |answer| backend.apply_agent(&server, answer)));
        next = timetable.after(started, inter).max(Instant::now() + Duration::from_millis(1));
    }
}

async fn check_forever<F>(
    (backend, server): Checked,
    first: Instant,
    timetable: Timetable,
    world: Arc<World>,
    report: Arc<F>,
) where
    F: Fn(&mut dyn FnMut() -> Vec<ServerEvent>) + Send + Sync + 'static,
{
    let intervals = intervals(&server);
    let mut next = first;
    while !server.is_removed() {
        tokio::select! {
            () = server.checks.changed.notified() => {
                if let Some(seen) = server.take_observed() {
                    let mut seen = Some(seen);
                    report(&mut || seen.take().map_or_else(Vec::new, |seen| backend.apply_observed(&server, seen)));
                    next = next.min(Instant::now() + intervals.fastinter.unwrap_or(intervals.inter));
                }
                continue;
            }
            () = sleep_until(next) => {}
        }
        if !server.checks.may_run() {
            // Enabled again, or out of maintenance, it is checked when it would have been.
            next += intervals.inter.max(Duration::from_millis(1));
            continue;
        }
        let started = Instant::now();
        server.checks.set_running(true);
        let mut result = Some(make(&backend, &server, &world, intervals.inter).await);
        server.checks.set_running(false);
        report(&mut || result.take().map_or_else(Vec::new, |result| backend.apply_check(&server, result)));
        let interval = server.checks.health().interval(&intervals);
        // A check that took longer than its interval is followed by the next one at once, but never in a busy loop.
        next = timetable.after(started, interval).max(Instant::now() + Duration::from_millis(1));
    }
}

fn intervals(server: &Server) -> Intervals {
    let config = &server.config;
    Intervals { inter: config.inter.unwrap_or(DEFAULT_INTER), fastinter: config.fastinter, downinter: config.downinter }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::net::SocketAddr;

    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::super::connection::PROXY_V2_LOCAL;
    use super::super::status::CheckStatus;
    use super::*;
    use crate::backend::tests::backend;
    use crate::config::model::{Address, Balance, SendProxy};
    use crate::server::OperationalState;

    fn quick(line: &mut crate::config::model::ServerConfig, address: SocketAddr) {
        line.check = true;
        line.address = Address::Inet(address);
        line.inter = Some(Duration::from_millis(10));
    }

    #[test]
    fn checks_due_at_about_the_same_time_begin_together() {
        let timetable = Timetable { start: Instant::now(), options: CheckOptions::default() };
        let at = |micros: u64| timetable.start + Duration::from_micros(micros);
        let second = Duration::from_secs(1);
        // What began a little late is not late the next time, and nothing moves on from round to round.
        assert_eq!(timetable.after(at(1_200), second), at(1_000_000));
        assert_eq!(timetable.after(at(9_900), second), at(1_000_000));
        assert_eq!(timetable.after(at(10_000), second), at(1_010_000));
        // A hundredth of the interval at most, ten milliseconds at most.
        assert_eq!(timetable.after(at(3_900), Duration::from_millis(200)), at(202_000));
        assert_eq!(timetable.after(at(9_900), Duration::from_secs(60)), at(60_000_000));
        assert_eq!(timetable.after(at(3_900), Duration::from_millis(100)), at(103_900));
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
            () = run_checks(vec![Arc::clone(backend)], added, CheckOptions::default(), World::default(), report) => panic!("checks ended"),
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
        let never_local = SendProxy { never_local: true, ..v2.clone() };
        for (send_proxy, check_send_proxy) in
            [(Some(v1), false), (Some(v2), false), (Some(never_local), false), (None, true)]
        {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let version = send_proxy.as_ref().map_or(1, |proxy| proxy.version);
            let never_local = send_proxy.as_ref().is_some_and(|proxy| proxy.never_local);
            let backend = backend(Balance::RoundRobin, &[1], |_, line| {
                quick(line, address);
                line.send_proxy = send_proxy.clone();
                line.check_send_proxy = check_send_proxy;
            });
            let accept = async {
                let (mut stream, peer) = listener.accept().await.unwrap();
                let mut received = Vec::new();
                // The check resets the connection; what it said before is there.
                let _ = stream.read_to_end(&mut received).await;
                (peer, received)
            };
            let (_adder, added) = mpsc::unbounded_channel();
            let report = |step: &mut dyn FnMut() -> Vec<ServerEvent>| drop(step());
            let (peer, received) = tokio::select! {
                () = run_checks(vec![Arc::clone(&backend)], added, CheckOptions::default(), World::default(), report) => {
                    panic!("checks ended")
                }
                result = accept => result,
            };
            let expected = match version {
                2 if never_local => {
                    let ports = [peer.port().to_be_bytes(), address.port().to_be_bytes()].concat();
                    let addresses = [127, 0, 0, 1, 127, 0, 0, 1];
                    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".as_slice(), &addresses, &ports].concat()
                }
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
}
