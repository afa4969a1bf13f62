//! Asking an agent: a connection, perhaps a text, and the first line of what it answers.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::backend::Backend;
use crate::server::Server;
use crate::server::check::{CheckResult, CheckStatus, Failure, socket_towards};

/// The longest line that is read.
const LONGEST: usize = 16 * 1024;

/// What came of it.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A line, without its end, and how long it took.
    Line(String, Duration),
    /// The connection ended within the line.
    Incomplete,
    /// No line came; that says nothing about the server.
    None(CheckResult),
}

/// Asks the agent of a server once.
pub(crate) async fn ask(backend: &Backend, server: &Server) -> Answer {
    let started = Instant::now();
    let settings = backend.check_settings();
    let inter = server.agent.inter();
    // As for checks: `timeout check` is for the time behind the connection.
    let (connect, all) = match (settings.timeout_check, settings.timeout_connect) {
        (Some(check), Some(connect)) => (connect.min(inter), connect.min(inter) + check),
        (Some(check), None) => (inter, inter + check),
        (None, _) => (inter, inter),
    };
    let nothing = |status, info: Option<String>| {
        Answer::None(CheckResult { info, ..CheckResult::new(status, started.elapsed()) })
    };
    let mut stream = match timeout_at(started + connect, open(backend, server)).await {
        Err(_) => return nothing(CheckStatus::L4Timeout, None),
        Ok(Err(failure)) => {
            let trouble = failure.explain();
            return nothing(trouble.status, Some(trouble.text));
        }
        Ok(Ok(stream)) => stream,
    };
    let send = server.agent.target().send;
    let exchange = async {
        stream.write_all(send.as_bytes()).await?;
        line(&mut stream).await
    };
    match timeout_at(started + all, exchange).await {
        Err(_) => nothing(CheckStatus::L7Timeout, None),
        Ok(Err(error)) => nothing(CheckStatus::L4ConnectionError, Some(Failure::Tcp(error).explain().text)),
        Ok(Ok(Read::Line(line))) => Answer::Line(line, started.elapsed()),
        Ok(Ok(Read::Cut)) => Answer::Incomplete,
        Ok(Ok(Read::Nothing)) => {
            let step = if send.is_empty() { 1 } else { 2 };
            let info = format!("TCPCHK got an empty response at step {step}");
            nothing(CheckStatus::L7InvalidResponse, Some(info))
        }
    }
}

async fn open(backend: &Backend, server: &Server) -> Result<TcpStream, Failure> {
    let target = server.agent.target();
    let own = server.endpoint().ip();
    let (Some(ip), Some(port)) = (target.addr.or(own), target.port) else {
        return Err(Failure::Other(std::io::Error::from(std::io::ErrorKind::Unsupported)));
    };
    let address = SocketAddr::new(ip, port);
    let socket = socket_towards(backend, server, address).map_err(Failure::Other)?;
    socket.connect(address).await.map_err(Failure::Tcp)
}

enum Read {
    Line(String),
    Cut,
    Nothing,
}

/// The first line; what is behind it does not matter.
async fn line(stream: &mut TcpStream) -> std::io::Result<Read> {
    let mut received = Vec::new();
    loop {
        let before = received.len();
        let mut part = [0; 1024];
        let read = stream.read(&mut part).await?;
        received.extend_from_slice(part.get(..read).unwrap_or_default());
        let fresh = received.get(before..).unwrap_or_default();
        if let Some(end) = fresh.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            let line = received.get(..before + end).unwrap_or_default();
            // A zero byte ends the text, but not the line.
            return Ok(match fresh.get(end) {
                Some(0) => Read::Cut,
                _ => Read::Line(String::from_utf8_lossy(line).into_owned()),
            });
        }
        match (read, received.len()) {
            (0, 0) => return Ok(Read::Nothing),
            (0, _) | (_, LONGEST..) => return Ok(Read::Cut),
            _ => {}
        }
    }
}
