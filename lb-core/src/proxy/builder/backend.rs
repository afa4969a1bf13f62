//! What has servers.

use std::time::Duration;

use super::lines::Lines;
use super::server::Server;
use crate::config::Balance;

/// A backend under construction (configuration.txt, section 4).
#[derive(Clone, Debug)]
pub struct Backend {
    pub(super) lines: Lines,
}

impl Backend {
    /// A backend for HTTP frontends.
    pub fn new(name: impl Into<String>) -> Self {
        Self::in_mode(name.into(), "http")
    }

    /// A backend for TCP frontends.
    pub fn tcp(name: impl Into<String>) -> Self {
        Self::in_mode(name.into(), "tcp")
    }

    fn in_mode(name: String, mode: &str) -> Self {
        let mut lines = Lines::new("backend", name);
        lines.words(["mode", mode]);
        Self { lines }
    }

    /// How servers are chosen (`balance`).
    pub fn balance(mut self, balance: Balance) -> Self {
        if let Some(word) = word(&balance) {
            self.lines.words(["balance".to_owned(), word]);
        }
        self
    }

    /// Adds a server.
    pub fn server(mut self, server: Server) -> Self {
        self.lines.words(server.line());
        self
    }

    /// How long opening a connection may take (`timeout connect`).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.lines.timeout("connect", timeout);
        self
    }

    /// How long a server may be silent while it is expected to act (`timeout server`).
    pub fn server_timeout(mut self, timeout: Duration) -> Self {
        self.lines.timeout("server", timeout);
        self
    }

    /// How long a request may wait for a server (`timeout queue`).
    pub fn queue_timeout(mut self, timeout: Duration) -> Self {
        self.lines.timeout("queue", timeout);
        self
    }

    /// How often opening a connection is tried again (`retries`).
    pub fn retries(mut self, retries: u32) -> Self {
        self.lines.words(["retries", &retries.to_string()]);
        self
    }

    /// Adds an option: `.option("redispatch")`.
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

/// The argument of `balance`.
pub(super) fn word(balance: &Balance) -> Option<String> {
    Some(match balance {
        Balance::Unset => return None,
        Balance::RoundRobin => "roundrobin".to_owned(),
        Balance::StaticRr => "static-rr".to_owned(),
        Balance::LeastConn => "leastconn".to_owned(),
        Balance::First => "first".to_owned(),
        Balance::Source => "source".to_owned(),
        Balance::Random { draws } => format!("random({draws})"),
    })
}
