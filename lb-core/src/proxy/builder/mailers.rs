//! Who is told by mail of changes of servers.

use std::time::Duration;

use super::lines::Lines;

/// A `mailers` section under construction (configuration.txt, section 3.6); backends name it with lines of `email-alert`.
///
/// ```no_run
/// use lb_core::proxy::{Backend, Mailers, Proxy, Server};
///
/// let proxy = Proxy::builder()
///     .mailers(Mailers::new("ops").mailer("first", "192.0.2.1:587"))
///     .backend(
///         Backend::new("app")
///             .line("email-alert mailers ops")
///             .line("email-alert from lb@example.com")
///             .line("email-alert to ops@example.com")
///             .server(Server::new("s1", "127.0.0.1:9001").check()),
///     )
///     .start()?;
/// # Ok::<(), lb_core::proxy::StartError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mailers {
    pub(super) lines: Lines,
}

impl Mailers {
    /// A section without mailers.
    pub fn new(name: impl Into<String>) -> Self {
        Self { lines: Lines::new("mailers", name.into()) }
    }

    /// Adds a mailer at `address:port`; each gets every mail.
    pub fn mailer(mut self, name: impl Into<String>, address: impl Into<String>) -> Self {
        self.lines.words(["mailer".to_owned(), name.into(), address.into()]);
        self
    }

    /// How long a mail may take (`timeout mail`), from the connection to its end; the default is ten seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.lines.timeout("mail", timeout);
        self
    }

    /// Adds a line in the language of haproxy.cfg.
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.text(line);
        self
    }
}
