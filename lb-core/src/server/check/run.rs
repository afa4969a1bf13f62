//! Makes a check: the sockets around a [`Machine`].

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::connection::{self, Plan};
use super::environment::{Environment, World};
use super::h2::Exchange;
use super::machine::{Machine, Next, Outcome, Trouble};
use super::script::{Script, Style};
use super::status::{CheckResult, CheckStatus};
use super::{http, process};
use crate::backend::{Backend, CheckSettings};
use crate::config::model::{CheckConnect, CheckPort};
use crate::http::message::Head;
use crate::sample::value::{SampleType, Value};
use crate::server::Server;
use crate::transport::Transport;

/// Makes one check of a server whose interval is `inter`.
pub(super) async fn make(backend: &Arc<Backend>, server: &Arc<Server>, world: &World, inter: Duration) -> CheckResult {
    let settings = backend.check_settings();
    let started = Instant::now();
    let outcome = match &settings.external {
        Some(external) => process::run(external, server, settings.timeout_check.unwrap_or(inter)).await,
        None => {
            let environment = Environment::new(backend, server, world);
            let machine = Machine::new(&settings.script, world.bufsize()).counting_for(world.account());
            let times = Times::new(settings, started, inter);
            Run { settings, environment, machine, times, open: None }.run().await
        }
    };
    outcome.result(started.elapsed())
}

/// When a step has taken too long (configuration.txt, `timeout check`).
#[derive(Clone, Copy, Debug)]
struct Times {
    /// For a connection and, without `timeout check`, for all that follows on it.
    connect: Duration,
    /// `timeout check`: for what follows a connection.
    check: Option<Duration>,
    /// The next one.
    deadline: Instant,
}

impl Times {
    fn new(settings: &CheckSettings, started: Instant, inter: Duration) -> Self {
        let connect = match (settings.timeout_check, settings.timeout_connect) {
            (Some(_), Some(connect)) => connect.min(inter),
            _ => inter,
        };
        Self { connect, check: settings.timeout_check, deadline: started + inter }
    }

    fn connecting(&mut self) {
        self.deadline = Instant::now() + self.connect;
    }

    fn connected(&mut self) {
        if let Some(limit) = self.check {
            self.deadline = Instant::now() + limit;
        }
    }
}

/// The connection that is open.
struct Open {
    transport: Transport,
    /// It is closed in order.
    linger: bool,
    /// HTTP/2 is spoken on it.
    h2: Option<Box<Exchange>>,
}

struct Run<'a> {
    settings: &'a CheckSettings,
    environment: Environment<'a>,
    machine: Machine<'a>,
    times: Times,
    open: Option<Open>,
}

impl<'a> Run<'a> {
    async fn run(mut self) -> Outcome {
        loop {
            let step = match self.machine.next(&self.environment) {
                Next::Connect(connect, index) => self.connect(connect, index).await,
                Next::Send(bytes) => self.send(&bytes).await,
                Next::Request(head, body) => self.request(&head, body).await,
                Next::Receive => self.receive().await,
                Next::Done(outcome) => Err(outcome),
            };
            if let Err(outcome) = step {
                if let Some(Open { transport, linger, .. }) = self.open.take() {
                    connection::close(transport, linger).await;
                }
                return outcome;
            }
        }
    }

    fn script(&self) -> &'a Script {
        &self.settings.script
    }

    async fn connect(&mut self, connect: &CheckConnect, index: usize) -> Result<(), Outcome> {
        if let Some(Open { transport, linger, .. }) = self.open.take() {
            connection::close(transport, linger || self.script().style == Style::Http).await;
        }
        let port = match &connect.port {
            None => None,
            Some(CheckPort::Fixed(port)) => Some(*port),
            Some(CheckPort::Expression(expression)) => self.machine.evaluate(&self.environment, |context| {
                let value = expression.evaluate(context)?.cast(SampleType::Sint)?;
                // 16 bits of it, as HAProxy takes them; 0 leaves the port as it is.
                let Value::Sint(number) = value else { return None };
                Some(number as u16).filter(|port| *port != 0)
            }),
        };
        let mut plan = Plan::new(self.environment.server, connect, index, port);
        let greets = plan.header.is_some() || plan.tls.is_some() || plan.socks4.is_some();
        plan.silent = self.script().only_connects() && !greets;
        plan.speaks = greets || self.script().speaks_first(index);
        self.times.connecting();
        let opening = connection::open(self.environment.backend, self.environment.server, &plan);
        let socket = match timeout_at(self.times.deadline, opening).await {
            Err(_) => return Err(self.machine.timed_out(Some(CheckStatus::L4Timeout))),
            Ok(Err(failure)) => return Err(self.machine.failed(failure.explain(), true)),
            Ok(Ok(socket)) => socket,
        };
        self.times.connected();
        let (transport, h2) = match timeout_at(self.times.deadline, connection::secure(&plan, socket)).await {
            Err(_) => return Err(self.machine.timed_out(Some(CheckStatus::L6Timeout))),
            Ok(Err(trouble)) => return Err(self.machine.failed(trouble, true)),
            Ok(Ok(transport)) => transport,
        };
        self.machine.connected(plan.tls.is_some());
        let h2 = (h2 && self.script().style == Style::Http)
            .then(|| Box::new(Exchange::new(&self.environment.world.h2_settings(), plan.tls.is_some())));
        self.open = Some(Open { transport, linger: connect.linger, h2 });
        Ok(())
    }

    async fn request(&mut self, head: &Head, body: Vec<u8>) -> Result<(), Outcome> {
        let Some(exchange) = self.open.as_mut().and_then(|open| open.h2.as_mut()) else {
            return self.send(&http::encode(head, &body)).await;
        };
        match exchange.request(head, body) {
            Ok(()) => {
                let bytes = exchange.output();
                self.send(&bytes).await
            }
            Err(_) => Err(Outcome::new(CheckStatus::SocketError)),
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Outcome> {
        let Some(open) = &mut self.open else { return Err(Outcome::new(CheckStatus::SocketError)) };
        match timeout_at(self.times.deadline, open.transport.write_all(bytes)).await {
            Err(_) => Err(self.machine.timed_out(None)),
            // What the server said before it closed is judged.
            Ok(Err(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Ok(Err(error)) => Err(self.machine.failed(socket_trouble(&error), false)),
            Ok(Ok(())) => Ok(()),
        }
    }

    async fn receive(&mut self) -> Result<(), Outcome> {
        let Some(open) = &mut self.open else { return Err(Outcome::new(CheckStatus::SocketError)) };
        if open.h2.as_ref().is_some_and(|exchange| exchange.has_failed()) {
            return Err(Outcome::new(CheckStatus::SocketError));
        }
        let mut space = [0; 4096];
        let room = self.machine.room().clamp(1, space.len());
        let space = space.get_mut(..room).unwrap_or_default();
        match timeout_at(self.times.deadline, open.transport.read(space)).await {
            Err(_) => Err(self.machine.timed_out(None)),
            Ok(Ok(0)) => self.ended(),
            Ok(Ok(length)) => self.received(space.get(..length).unwrap_or_default()).await,
            // TLS that ends without saying so.
            Ok(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => self.ended(),
            Ok(Err(error)) if !self.machine.has_received() => Err(self.machine.failed(socket_trouble(&error), false)),
            Ok(Err(_)) => {
                self.machine.end();
                Ok(())
            }
        }
    }
}

impl Run<'_> {
    /// The server will say nothing more.
    fn ended(&mut self) -> Result<(), Outcome> {
        let h2 = self.open.as_ref().is_some_and(|open| open.h2.is_some());
        if let Some(outcome) = self.machine.unanswered().filter(|_| h2) {
            return Err(outcome);
        }
        self.machine.end();
        Ok(())
    }

    /// Bytes came.
    async fn received(&mut self, bytes: &[u8]) -> Result<(), Outcome> {
        let Some(exchange) = self.open.as_mut().and_then(|open| open.h2.as_mut()) else {
            self.machine.receive(bytes);
            return Ok(());
        };
        if let Some((answer, room)) = self.machine.answer() {
            exchange.receive(bytes, answer, room);
        }
        // What HTTP/2 itself wants to say: that settings were read, how much more may come.
        let output = exchange.output();
        if !output.is_empty() {
            let sent = self.send(&output).await;
            // Who has answered need not listen any more.
            if self.machine.unanswered().is_some() {
                return sent;
            }
        }
        Ok(())
    }
}

fn socket_trouble(error: &std::io::Error) -> Trouble {
    Trouble { status: CheckStatus::SocketError, text: connection::text_of(error) }
}
