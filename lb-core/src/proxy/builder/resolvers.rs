//! Who is asked for the addresses of servers' names.

use std::time::Duration;

use super::lines::Lines;

/// A `resolvers` section under construction (configuration.txt, section 5.3.2); servers name it with
/// [`Server::resolvers`](super::Server::resolvers).
#[derive(Clone, Debug)]
pub struct Resolvers {
    pub(super) lines: Lines,
}

impl Resolvers {
    /// A section that asks nobody yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self { lines: Lines::new("resolvers", name.into()) }
    }

    /// Adds a nameserver at `address:port`, asked over UDP, or over TCP where the address begins with `tcp@`.
    pub fn nameserver(mut self, name: impl Into<String>, address: impl Into<String>) -> Self {
        self.lines.words(["nameserver".to_owned(), name.into(), address.into()]);
        self
    }

    /// Adds the nameservers of `/etc/resolv.conf` (`parse-resolv-conf`).
    pub fn system_nameservers(mut self) -> Self {
        self.lines.words(["parse-resolv-conf"]);
        self
    }

    /// From the end of one resolution to the next (`timeout resolve`); the default is a second.
    pub fn resolve_every(mut self, interval: Duration) -> Self {
        self.lines.timeout("resolve", interval);
        self
    }

    /// From one question to the next while no answer is good (`timeout retry`), and how often it is asked at all
    /// (`resolve_retries`); the defaults are a second and 3.
    pub fn retry(mut self, interval: Duration, attempts: u32) -> Self {
        self.lines.timeout("retry", interval);
        self.lines.words(["resolve_retries", &attempts.to_string()]);
        self
    }

    /// Adds a line in the language of haproxy.cfg, for what has no method here: `.line("hold nx 5s")`.
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.text(line);
        self
    }
}
