//! Exchanges as data: what a client and a server do step by step, the same through HAProxy and through lb, and the log
//! lines that it leaves.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use crate::origin::{ClosedPort, SilentPort, Visit};
use crate::peers::certificates::Certificates;
use crate::process::Process;
use crate::wire::Socket;
use crate::{Instance, Origin, PATIENCE, Wire};

/// What a side does, one after the other. A step that fails because the connection is gone is passed over.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Sends this.
    Send(&'static str),
    /// Sends this many bytes, as far as they are taken.
    Flood(usize),
    /// Reads to the end of a head.
    Head,
    /// Reads the head of a request and its body.
    Request,
    /// Reads the response to a request of this method.
    Response(&'static str),
    /// Reads this many bytes.
    Read(usize),
    /// Reads to the end.
    End,
    /// Says that nothing more will be sent.
    Finish,
    /// Closes.
    Close,
    /// Resets.
    Reset,
    /// Lets the other side go on.
    Tell,
    /// Waits until the other side tells.
    Wait,
    /// Gives the proxy time to get to where it waits, which nothing outside of it shows. Too little of it makes a
    /// difference between two runs, which are then repeated.
    Pause,
    /// Waits for this many log lines in all.
    Logged(usize),
    /// Does this on another connection, which stays open to the end.
    Other(&'static [Step]),
}

/// Something that a client and a server do, and the section it happens in.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What it is called.
    pub name: &'static str,
    /// Words behind the address of the `bind` line; `{pem}` is a certificate with its key.
    pub bind: &'static str,
    /// Lines of the section, separated by `;`. `{server}` is the scripted server, on `{closed}` nothing listens,
    /// `{silent}` neither accepts nor refuses. Without a `server` there is one, the scripted one.
    pub lines: &'static str,
    /// What the client does.
    pub client: Client,
    /// What the server does on each connection; the last one stands for those that follow.
    pub server: &'static [&'static [Step]],
    /// Log lines to wait for.
    pub logged: usize,
}

/// What a client does.
#[derive(Clone, Copy, Debug)]
pub enum Client {
    /// These steps.
    Steps(&'static [Step]),
    /// More than steps can say; told where to go, and how to talk to the server.
    Runs(fn(SocketAddr, &Peers)),
}

/// How the two sides of a kind know of each other, and of the log.
#[derive(Debug)]
pub struct Peers {
    /// For clients that speak TLS.
    pub tls: Arc<rustls::ClientConfig>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Told and waited for, by the client and by the server.
    told: [usize; 2],
    heard: [usize; 2],
    lines: Vec<String>,
    /// The client has done all its steps.
    done: bool,
    over: bool,
}

const CLIENT: usize = 0;
const SERVER: usize = 1;

impl Peers {
    fn new(tls: Arc<rustls::ClientConfig>) -> Self {
        Self { tls, state: Mutex::default(), changed: Condvar::new() }
    }

    fn until(&self, mut answer: impl FnMut(&mut State) -> bool) -> bool {
        let state = self.state.lock().unwrap();
        let waiting = |state: &mut State| !state.over && !answer(state);
        let (state, timeout) = self.changed.wait_timeout_while(state, PATIENCE / 4, waiting).unwrap();
        !timeout.timed_out() && !state.over
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }

    fn tell(&self, side: usize) {
        self.change(|state| state.told[side] += 1);
    }

    fn wait(&self, side: usize) {
        self.until(|state| state.told[1 - side] > state.heard[side]);
        self.change(|state| state.heard[side] += 1);
    }

    /// Lets the server go on.
    pub fn tell_server(&self) {
        self.tell(CLIENT);
    }

    /// Waits until the server tells.
    pub fn wait_for_server(&self) {
        self.wait(CLIENT);
    }

    /// Waits for log lines, as many in all.
    pub fn logged(&self, lines: usize) -> bool {
        self.until(|state| state.lines.len() >= lines)
    }
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Open,
    Closed,
    Reset,
}

/// Where a client's other connections go, and those that are open.
type Others<'a> = Option<(SocketAddr, &'a mut Vec<Wire>)>;

fn perform(steps: &[Step], wire: &mut Wire, side: usize, mut others: Others<'_>, peers: &Peers) -> Ended {
    for step in steps {
        match *step {
            Step::Send(text) => drop(wire.try_send(text)),
            Step::Flood(bytes) => drop(wire.try_send(vec![b'a'; bytes])),
            Step::Head => drop(wire.try_head()),
            Step::Request => drop(wire.try_request()),
            Step::Response(method) => drop(wire.try_response_to(method)),
            Step::Read(bytes) => drop(wire.read_exactly(bytes)),
            Step::End => drop(wire.try_read_to_end()),
            Step::Finish => match wire.socket() {
                Socket::Tcp(tcp) => drop(tcp.shutdown(std::net::Shutdown::Write)),
                Socket::Unix(unix) => drop(unix.shutdown(std::net::Shutdown::Write)),
            },
            Step::Close => return Ended::Closed,
            Step::Reset => return Ended::Reset,
            Step::Tell => peers.tell(side),
            Step::Wait => peers.wait(side),
            Step::Pause => std::thread::sleep(std::time::Duration::from_millis(60)),
            Step::Logged(lines) => drop(peers.logged(lines)),
            Step::Other(steps) => {
                let Some((address, open)) = &mut others else { continue };
                let mut other = Wire::connect(*address);
                match perform(steps, &mut other, side, None, peers) {
                    Ended::Open => open.push(other),
                    Ended::Closed => drop(other),
                    Ended::Reset => other.reset(),
                }
            }
        }
    }
    Ended::Open
}

fn serve(visit: &mut Visit, scripts: &[&[Step]], peers: &Peers) {
    let Some(script) = scripts.get(visit.index).or(scripts.last()) else { return };
    if perform(script, &mut visit.wire, SERVER, None, peers) == Ended::Reset {
        visit.reset();
    }
}

fn visit(address: SocketAddr, client: Client, peers: &Peers) {
    match client {
        Client::Runs(run) => run(address, peers),
        Client::Steps(steps) => {
            let (mut wire, mut others) = (Wire::connect(address), Vec::new());
            match perform(steps, &mut wire, CLIENT, Some((address, &mut others)), peers) {
                Ended::Open => others.push(wire),
                Ended::Closed => drop(wire),
                Ended::Reset => wire.reset(),
            }
            peers.change(|state| state.done = true);
            // What is open stays so until everything was logged.
            peers.until(|_| false);
        }
    }
}

/// The last line of a kind's log, by which its end is known.
const LAST: &str = "THE END";

/// Collects lines until the last one.
fn collect(socket: UdpSocket, peers: Arc<Peers>) -> JoinHandle<()> {
    socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
    std::thread::spawn(move || {
        let mut buffer = [0; 65536];
        while let Ok(n) = socket.recv(&mut buffer) {
            let line = String::from_utf8_lossy(&buffer[..n]).trim_end().to_owned();
            let last = line.ends_with(LAST);
            peers.change(|state| state.lines.push(line));
            if last {
                return;
            }
        }
    })
}

/// The program that a kind goes through.
enum Program {
    Lb(Instance),
    HAProxy(Process),
}

/// What a kind's configuration is made with.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations)]
pub struct Setting<'a> {
    /// HAProxy's binary; lb, in this process, without.
    pub haproxy: Option<&'a Path>,
    /// The lines before the section, with `{log}` for the address that lines go to.
    pub head: &'a str,
    /// What certifies `lb.test`.
    pub certificates: &'a Certificates,
}

impl Kind {
    /// Goes through a program and says what it logged.
    ///
    /// # Panics
    /// When the program does not start.
    pub fn run(&self, setting: &Setting<'_>) -> Vec<String> {
        let peers = Arc::new(Peers::new(setting.certificates.client(&["http/1.1"])));
        let (told, scripts) = (Arc::clone(&peers), self.server);
        let origin = Origin::start(move |visit| serve(visit, scripts, &told));
        let (closed, silent) = (ClosedPort::new(), SilentPort::new());
        let known = [(origin.address(), "SERVER"), (closed.address(), "CLOSED"), (silent.address(), "SILENT")];
        let log = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let log_address = log.local_addr().expect("address");
        let collector = collect(log, Arc::clone(&peers));
        let mut lines = self.lines.replace(';', "\n  ");
        if !lines.contains("server ") && !lines.contains("_backend ") {
            lines.push_str("\n  server s {server}");
        }
        let text = format!(
            "{}listen fe\n  bind {{listen0}} {}\n  {lines}\nlisten last\n  mode http\n  bind {{listen1}}\n  \
             monitor-uri /ready\n  log-format \"{LAST}\"\n  http-request return status 200\n",
            setting.head, self.bind
        )
        .replace("{log}", &log_address.to_string())
        .replace("{pem}", &setting.certificates.pem("lb.test").display().to_string())
        .replace("{server}", &origin.address().to_string())
        .replace("{closed}", &closed.address().to_string())
        .replace("{silent}", &silent.address().to_string());
        let program = match setting.haproxy {
            Some(binary) => Program::HAProxy(Process::start(binary, &text, 2)),
            None => Program::Lb(Instance::start(
                &text.replace("{listen0}", "127.0.0.1:0").replace("{listen1}", "127.0.0.1:0"),
            )),
        };
        let [address, last] = match &program {
            Program::Lb(lb) => [lb.address_of("fe"), lb.address_of("last")],
            Program::HAProxy(haproxy) => [haproxy.address(0), haproxy.address(1)],
        };
        // A program that is still starting would make the client wait.
        Wire::connect(last).send("GET /ready HTTP/1.0\r\n\r\n").read_to_end();
        let (client, shared) = (self.client, Arc::clone(&peers));
        let client = std::thread::spawn(move || visit(address, client, &shared));
        match self.logged {
            0 => peers.until(|state| state.done),
            lines => peers.logged(lines),
        };
        let _ = Wire::connect(last).try_send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        peers.until(|state| state.lines.last().is_some_and(|line| line.ends_with(LAST)));
        peers.change(|state| state.over = true);
        // Whoever still waits for the proxy learns that it is gone.
        drop(program);
        let _ = client.join();
        drop(origin);
        let _ = collector.join();
        let mut lines = peers.state.lock().unwrap().lines.clone();
        lines.retain(|line| !line.ends_with(LAST));
        let name =
            |line: String| known.iter().fold(line, |line, (address, name)| line.replace(&address.to_string(), name));
        lines.into_iter().map(name).collect()
    }
}
