//! What has servers.

use std::time::Duration;

use super::lines::Lines;
use super::server::Server;
use crate::balance;
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
        if let Some(words) = words(&balance) {
            self.lines.words(std::iter::once("balance".to_owned()).chain(words));
        }
        self
    }

    /// Chooses servers by an algorithm of the program's own, in place of [`Backend::balance`].
    pub fn balance_with(mut self, algorithm: impl balance::Balance) -> Self {
        self.lines.own_balance = Some(balance::OwnBalance::new(algorithm));
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

/// The arguments of `balance`.
pub(super) fn words(balance: &Balance) -> Option<Vec<String>> {
    let word = |word: &str| vec![word.to_owned()];
    Some(match balance {
        Balance::Unset => return None,
        Balance::RoundRobin => word("roundrobin"),
        Balance::StaticRr => word("static-rr"),
        Balance::LeastConn => word("leastconn"),
        Balance::First => word("first"),
        Balance::Source => word("source"),
        Balance::Random { draws } => vec![format!("random({draws})")],
        Balance::Uri(key) => {
            let mut words = word("uri");
            for (name, value) in [("len", key.len), ("depth", key.depth)] {
                words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value.to_string()]));
            }
            for (name, said) in [("whole", key.whole), ("path-only", key.path_only)] {
                words.extend(said.then(|| name.to_owned()));
            }
            words
        }
        Balance::UrlParam { name, check_post } => {
            let mut words = vec!["url_param".to_owned(), name.clone()];
            words.extend(check_post.then(|| "check_post".to_owned()));
            words
        }
        Balance::Header { name, domain_only } => {
            let mut words = vec![format!("hdr({name})")];
            words.extend(domain_only.then(|| "use_domain_only".to_owned()));
            words
        }
        Balance::RdpCookie { name } => vec![format!("rdp-cookie({name})")],
        Balance::Hash(expression) => vec!["hash".to_owned(), expression.text().to_owned()],
    })
}
