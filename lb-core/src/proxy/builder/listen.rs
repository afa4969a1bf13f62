//! A frontend and its backend in one section.

use std::time::Duration;

use super::backend;
use super::lines::Lines;
use super::server::Server;
use crate::balance;
use crate::config::Balance;

/// A `listen` section under construction (configuration.txt, section 4): accepts connections and has servers.
///
/// ```no_run
/// use lb_core::proxy::{Listen, Proxy, Server};
///
/// let listen = Listen::tcp("database").bind("127.0.0.1:5432").server(Server::new("db1", "10.0.0.1:5432").check());
/// let proxy = Proxy::builder().listen(listen).start()?;
/// # Ok::<(), lb_core::proxy::StartError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Listen {
    pub(super) lines: Lines,
}

impl Listen {
    /// One that parses HTTP.
    pub fn http(name: impl Into<String>) -> Self {
        Self::in_mode(name.into(), "http")
    }

    /// One that relays bytes.
    pub fn tcp(name: impl Into<String>) -> Self {
        Self::in_mode(name.into(), "tcp")
    }

    fn in_mode(name: String, mode: &str) -> Self {
        let mut lines = Lines::new("listen", name);
        lines.words(["mode", mode]);
        Self { lines }
    }

    /// Listens on an address; see [`Frontend::bind`](super::Frontend::bind).
    pub fn bind(mut self, address: impl AsRef<str>) -> Self {
        self.lines.words(["bind", address.as_ref()]);
        self
    }

    /// Most connections at the same time (`maxconn`).
    pub fn maxconn(mut self, maxconn: u32) -> Self {
        self.lines.words(["maxconn", &maxconn.to_string()]);
        self
    }

    /// How servers are chosen (`balance`).
    pub fn balance(mut self, balance: Balance) -> Self {
        if let Some(words) = backend::words(&balance) {
            self.lines.words(std::iter::once("balance".to_owned()).chain(words));
        }
        self
    }

    /// Chooses servers by an algorithm of the program's own, in place of [`Listen::balance`].
    pub fn balance_with(mut self, algorithm: impl balance::Balance) -> Self {
        self.lines.own_balance = Some(balance::OwnBalance::new(algorithm));
        self
    }

    /// Adds a server.
    pub fn server(mut self, server: Server) -> Self {
        self.lines.words(server.line());
        self
    }

    /// How long clients and servers may be silent while they are expected to act (`timeout client`, `timeout server`).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.lines.timeout("client", timeout);
        self.lines.timeout("server", timeout);
        self
    }

    /// How long opening a connection may take (`timeout connect`).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.lines.timeout("connect", timeout);
        self
    }

    /// Adds an option: `.option("tcplog")`.
    pub fn option(mut self, option: impl AsRef<str>) -> Self {
        self.lines.text(format!("option {}", option.as_ref()));
        self
    }

    /// Adds a line in the language of haproxy.cfg, for what has no method here.
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.text(line);
        self
    }
}
