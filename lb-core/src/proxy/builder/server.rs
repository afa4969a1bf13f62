//! A server of a backend.

use std::time::Duration;

use super::lines::time;

/// A server under construction (configuration.txt, section 5.2).
#[derive(Clone, Debug)]
pub struct Server {
    name: String,
    address: String,
    options: Vec<String>,
}

impl Server {
    /// A server at `host:port`, `unix@path` or `abns@name`. A host name is resolved once, when the instance starts, unless
    /// [`Server::resolvers`] says otherwise.
    pub fn new(name: impl Into<String>, address: impl Into<String>) -> Self {
        Self { name: name.into(), address: address.into(), options: Vec::new() }
    }

    /// Share of the load, 0 to 256, default 1 (`weight`).
    pub fn weight(self, weight: u32) -> Self {
        self.options(["weight", &weight.to_string()])
    }

    /// Used only when no other server is available (`backup`).
    pub fn backup(self) -> Self {
        self.options(["backup"])
    }

    /// Most sessions at the same time; more wait in a queue (`maxconn`).
    pub fn maxconn(self, maxconn: u32) -> Self {
        self.options(["maxconn", &maxconn.to_string()])
    }

    /// Checks the server by connecting to it (`check`).
    pub fn check(self) -> Self {
        self.options(["check"])
    }

    /// Checks the server this often (`check inter`); the default is every 2 seconds.
    pub fn check_every(self, interval: Duration) -> Self {
        self.options(["check", "inter", &time(interval)])
    }

    /// Has its host name resolved again and again by this [`Resolvers`](super::Resolvers) section; a name that begins with
    /// an underscore is that of a service, whose records tell name, port and weight (`resolvers`). Where the name has no
    /// address yet, the server waits for one.
    pub fn resolvers(self, section: impl AsRef<str>) -> Self {
        self.options(["resolvers", section.as_ref()])
    }

    /// Starts in maintenance (`disabled`).
    pub fn disabled(self) -> Self {
        self.options(["disabled"])
    }

    /// Adds options by their words, for what has no method here: `.options(["send-proxy-v2", "rise", "1"])`.
    pub fn options(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.extend(words.into_iter().map(Into::into));
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The words behind `server`: name, address, options.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> {
        [&self.name, &self.address].into_iter().chain(&self.options).cloned()
    }

    pub(super) fn line(&self) -> impl Iterator<Item = String> {
        std::iter::once("server".to_owned()).chain(self.words())
    }
}
