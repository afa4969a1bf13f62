//! `option external-check`: a command says whether a server is well (configuration.txt, `external-check command`).
//!
//! The command is started with nothing of the environment but what the manual names. Its end is waited for on a
//! descriptor, so that no signal handler is needed.

use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use std::os::unix::process::ExitStatusExt;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::unix::AsyncFd;
use tokio::time::timeout;

use super::machine::Outcome;
use super::status::CheckStatus;
use crate::config::model::{Address, Mode, Proto, ProxyConfig};
use crate::server::Server;

/// The command of a backend, and what it is told of it.
#[derive(Clone, Debug)]
pub(crate) struct External {
    command: String,
    path: String,
    proxy_id: u32,
    proxy_name: String,
    /// Address and port of the first `bind` line.
    listener: Option<(String, String)>,
    http: bool,
}

impl External {
    /// `None` without a command, which the configuration refuses.
    pub(crate) fn new(config: &ProxyConfig) -> Option<Self> {
        let listener = config.binds.iter().flat_map(|bind| bind.addresses.iter()).find_map(|address| match address {
            Address::Inet(inet) => Some((inet.ip().to_string(), inet.port().to_string())),
            Address::Unix(path) => Some((path.display().to_string(), NOT_USED.to_owned())),
            Address::Abstract(_) | Address::Fd(_) => None,
        });
        Some(Self {
            command: config.checks.command.clone()?,
            path: config.checks.path.clone().unwrap_or_default(),
            proxy_id: config.id,
            proxy_name: config.name.clone(),
            listener,
            http: config.mode == Mode::Http,
        })
    }

    /// The command for one server.
    fn command(&self, server: &Server) -> Command {
        let (proxy_address, proxy_port) = match &self.listener {
            Some((address, port)) => (address.as_str(), port.as_str()),
            None => (NOT_USED, NOT_USED),
        };
        let (address, port) = match &server.endpoint().address {
            Address::Inet(inet) => {
                let target = server.checks.target();
                let ip = target.addr.unwrap_or(inet.ip());
                (ip.to_string(), target.port.unwrap_or(inet.port()).to_string())
            }
            Address::Unix(path) => (path.display().to_string(), NOT_USED.to_owned()),
            Address::Abstract(_) | Address::Fd(_) => (NOT_USED.to_owned(), NOT_USED.to_owned()),
        };
        let used = |text: &str| if text == NOT_USED { String::new() } else { text.to_owned() };
        let protocol = match (self.http, server.config.proto) {
            (true, Some(Proto::H2)) => "h2",
            (true, _) => "h1",
            (false, _) => "tcp",
        };
        let mut command = Command::new(&self.command);
        command
            .args([proxy_address, proxy_port, &address, &port])
            .env_clear()
            .env("PATH", &self.path)
            .env("HAPROXY_PROXY_NAME", &self.proxy_name)
            .env("HAPROXY_PROXY_ID", self.proxy_id.to_string())
            .env("HAPROXY_PROXY_ADDR", used(proxy_address))
            .env("HAPROXY_PROXY_PORT", used(proxy_port))
            .env("HAPROXY_SERVER_NAME", &*server.name)
            .env("HAPROXY_SERVER_ID", server.id.to_string())
            .env("HAPROXY_SERVER_ADDR", &address)
            .env("HAPROXY_SERVER_PORT", used(&port))
            .env("HAPROXY_SERVER_MAXCONN", server.maxconn().to_string())
            .env("HAPROXY_SERVER_CURCONN", server.current().to_string())
            .env("HAPROXY_SERVER_SSL", if server.tls().is_some() { "1" } else { "0" })
            .env("HAPROXY_SERVER_PROTO", protocol)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// What stands where there is no address or port.
const NOT_USED: &str = "NOT_USED";
/// The code of a command that could not be started, or did not end by itself.
const NOT_RUN: i32 = 255;

/// Runs the command for a server.
pub(super) async fn run(external: &External, server: &Server, limit: Duration) -> Outcome {
    let failed = || Outcome { code: NOT_RUN, ..Outcome::new(CheckStatus::ProcessError) };
    let Ok(mut child) = external.command(server).spawn() else { return failed() };
    match timeout(limit, ended(&mut child)).await {
        Ok(Ok(status)) => outcome(status),
        Ok(Err(_)) => {
            end(&mut child);
            failed()
        }
        Err(_) => {
            end(&mut child);
            Outcome::new(CheckStatus::ProcessTimeout)
        }
    }
}

fn outcome(status: ExitStatus) -> Outcome {
    match status.code() {
        Some(0) => Outcome::new(CheckStatus::ProcessOk),
        Some(code) => Outcome { code, ..Outcome::new(CheckStatus::ProcessError) },
        None => Outcome { code: status.signal().unwrap_or(NOT_RUN), ..Outcome::new(CheckStatus::ProcessError) },
    }
}

/// Waits for the end of a process without a thread and without a signal handler.
async fn ended(child: &mut Child) -> std::io::Result<ExitStatus> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))?;
    let descriptor: OwnedFd = pidfd_open(pid, PidfdFlags::NONBLOCK)?;
    // An owned descriptor stays the same as long as it is registered, which is what the deprecation is about.
    #[allow(deprecated)]
    let descriptor = AsyncFd::with_interest(descriptor, tokio::io::Interest::READABLE)?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        descriptor.readable().await?.clear_ready();
    }
}

/// Ends a process that took too long, and takes its status so that nothing is left of it.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
