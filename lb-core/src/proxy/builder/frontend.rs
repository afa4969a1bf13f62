//! What accepts connections.

use std::time::Duration;

use super::lines::Lines;

/// A frontend under construction (configuration.txt, section 4).
#[derive(Clone, Debug)]
pub struct Frontend {
    pub(super) lines: Lines,
    http: bool,
}

impl Frontend {
    /// A frontend that parses HTTP.
    pub fn http(name: impl Into<String>) -> Self {
        Self::new(name.into(), true)
    }

    /// A frontend that relays bytes.
    pub fn tcp(name: impl Into<String>) -> Self {
        Self::new(name.into(), false)
    }

    fn new(name: String, http: bool) -> Self {
        let mut lines = Lines::new("frontend", name);
        lines.words(["mode", if http { "http" } else { "tcp" }]);
        Self { lines, http }
    }

    /// Listens on an address as `bind` has it: `host:port`, `:port`, `unix@path`, `abns@name`, or several with commas.
    /// Port 0, which a file may not have, lets the kernel choose; [`Proxy::listeners`](super::Proxy::listeners) tells.
    pub fn bind(mut self, address: impl AsRef<str>) -> Self {
        self.lines.words(["bind", address.as_ref()]);
        self
    }

    /// Listens for TLS connections with the certificates of a PEM file or directory (`bind ... ssl crt`); in HTTP mode
    /// HTTP/2 is offered (`alpn h2,http/1.1`).
    pub fn bind_tls(mut self, address: impl AsRef<str>, certificates: impl AsRef<str>) -> Self {
        let mut words = vec!["bind", address.as_ref(), "ssl", "crt", certificates.as_ref()];
        if self.http {
            words.extend(["alpn", "h2,http/1.1"]);
        }
        self.lines.words(words);
        self
    }

    /// Sends everything to this backend.
    pub fn default_backend(mut self, name: impl Into<String>) -> Self {
        self.lines.words(["default_backend".to_owned(), name.into()]);
        self
    }

    /// Most connections at the same time (`maxconn`).
    pub fn maxconn(mut self, maxconn: u32) -> Self {
        self.lines.words(["maxconn", &maxconn.to_string()]);
        self
    }

    /// How long a client may be silent while it is expected to act (`timeout client`).
    pub fn client_timeout(mut self, timeout: Duration) -> Self {
        self.lines.timeout("client", timeout);
        self
    }

    /// How long a whole request head may take (`timeout http-request`).
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.lines.timeout("http-request", timeout);
        self
    }

    /// How long a connection may be idle between two requests (`timeout http-keep-alive`).
    pub fn keep_alive_timeout(mut self, timeout: Duration) -> Self {
        self.lines.timeout("http-keep-alive", timeout);
        self
    }

    /// Writes access lines to a target as `log` has it, `127.0.0.1:514 local0` for example; in the HTTP or TCP format
    /// where no other `option` or `log-format` says otherwise.
    pub fn log(mut self, target: impl AsRef<str>) -> Self {
        self.lines.text(format!("log {}", target.as_ref()));
        self.lines.words(["option", if self.http { "httplog" } else { "tcplog" }]);
        self
    }

    /// Writes access lines to the process' standard output.
    pub fn log_stdout(self) -> Self {
        self.log("stdout format raw local0")
    }

    /// Adds an option: `.option("forwardfor")`.
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
