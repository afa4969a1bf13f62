//! What the sections after it start with.

use std::time::Duration;

use super::lines::Lines;

/// A `defaults` section under construction (configuration.txt, section 4): valid for the sections that are added after
/// it, until the next one.
#[derive(Clone, Debug)]
pub struct Defaults {
    pub(super) lines: Lines,
}

impl Default for Defaults {
    fn default() -> Self {
        Self::new()
    }
}

impl Defaults {
    /// Nothing but HAProxy's own defaults.
    pub fn new() -> Self {
        Self { lines: Lines::new("defaults", String::new()) }
    }

    /// How long a client may be silent while it is expected to act (`timeout client`).
    pub fn client_timeout(mut self, timeout: Duration) -> Self {
        self.lines.timeout("client", timeout);
        self
    }

    /// How long opening a connection to a server may take (`timeout connect`).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.lines.timeout("connect", timeout);
        self
    }

    /// How long a server may be silent while it is expected to act (`timeout server`).
    pub fn server_timeout(mut self, timeout: Duration) -> Self {
        self.lines.timeout("server", timeout);
        self
    }

    /// Adds an option: `.option("dontlognull")`.
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
