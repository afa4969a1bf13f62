//! `set server ... addr` (management.txt, section 9.3): another address, port, or port mapping.

use std::net::{IpAddr, SocketAddr};

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, ServerName, Severity, Words};
use crate::config::model::{Address, PortKind};
use crate::server::{Endpoint, Server};

/// `set server <b>/<s> addr <ip> [port <port>]`: where new connections go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetServerAddr {
    /// The server.
    pub server: ServerName,
    /// Its address, and what the command called it.
    pub addr: Given<IpAddr>,
    /// Its port; `None` leaves it as it is.
    pub port: Option<Given<(u16, PortKind)>>,
}

/// A value as it was written, and what it means if anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given<T> {
    text: String,
    value: Option<T>,
}

impl<T> Given<T> {
    /// A value that is right, as this text writes it.
    pub fn new(text: impl Into<String>, value: T) -> Self {
        Self { text: text.into(), value: Some(value) }
    }
}

/// What stands behind every message.
const BY: &str = " by 'stats socket command'";

impl SetServerAddr {
    /// What follows `addr`.
    pub(super) fn read(server: ServerName, words: &mut Words) -> Result<Command, CommandError> {
        let Some(text) = words.next() else {
            let text = "set server <b>/<s> addr requires an address and optionally a port.";
            return Err(CommandError::new(ErrorCode::Usage, text));
        };
        let addr = Given { value: text.parse().ok(), text };
        let port = (words.next_or_empty() == "port").then(|| port(words.next_or_empty()));
        Ok(Command::SetServerAddr(Self { server, addr, port }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (backend, server) = instance.server(&self.server)?;
        let said = self.change(&server);
        backend.backend.refresh_cookies();
        instance.shared.drop_renounced();
        said.map(|text| Reply::Message(Severity::Warning, text))
    }

    /// Changes the address and says what was done, or why nothing was.
    fn change(&self, server: &Server) -> Result<String, CommandError> {
        let refused = |text: &str| {
            let text = format!("{text}{BY}");
            Err(CommandError::new(ErrorCode::Invalid, text).with_severity(Severity::Warning))
        };
        let Some(ip) = self.addr.value else { return refused(&format!("Invalid addr '{}'", self.addr.text)) };
        let before = server.endpoint();
        let (Address::Inet(old), false) = (&before.address, before.unknown) else {
            return refused(
                "Update for the current server address family is only supported through configuration file",
            );
        };
        let mut text = match ip == old.ip() {
            true => "no need to change the addr".to_owned(),
            false => format!("IP changed from '{}' to '{}'", old.ip(), self.addr.text),
        };
        let (mut port, mut kind) = (old.port(), before.port);
        match &self.port {
            None => {}
            Some(Given { value: None, text: word }) => {
                text.push_str(&format!(", problem converting port '{word}' to an int"));
            }
            Some(Given { value: Some(new), .. }) if *new == (port, kind) => {
                text.push_str(", no need to change the port");
            }
            Some(Given { value: Some((_, PortKind::Client | PortKind::Offset(_))), .. })
                if server.checks.target().port.is_none() =>
            {
                text.push_str(
                    ", can't change <port> to port map because it is incompatible with current health check port \
                     configuration (use 'port' statement from the 'server' directive.",
                );
            }
            Some(Given { value: Some(new), .. }) => {
                text.push_str(&format!(", port changed from '{}' to '{}'", written(port, kind), written(new.0, new.1)));
                (port, kind) = *new;
            }
        }
        let endpoint = Endpoint::new(Address::Inet(SocketAddr::new(ip, port)), kind);
        if endpoint != *before {
            server.set_endpoint(endpoint);
        }
        text.push_str(BY);
        Ok(text)
    }
}

/// A port is a number, or `+n` or `-n` for the client's port and so much more or less. As HAProxy does, only what
/// stands in front is looked at; what does not fit into a port is no port, where HAProxy takes another one.
fn port(text: String) -> Given<(u16, PortKind)> {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'+') => (Some(1), text.get(1..)),
        Some(b'-') => (Some(-1), text.get(1..)),
        _ => (None, Some(text.as_str())),
    };
    let digits = digits.unwrap_or_default();
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let number = digits.get(..end).and_then(|digits| digits.parse::<u16>().ok());
    let value = number.map(|number| match (sign, number) {
        (Some(_), 0) => (0, PortKind::Client),
        (Some(sign), number) => (0, PortKind::Offset(sign * i32::from(number))),
        (None, number) => (number, PortKind::Fixed),
    });
    Given { text, value }
}

/// A port as messages write it.
fn written(port: u16, kind: PortKind) -> String {
    match kind {
        PortKind::Fixed => port.to_string(),
        PortKind::Client => "+0".to_owned(),
        PortKind::Offset(by) => format!("{by:+}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_haproxy_reads_them() {
        let table = [
            ("80", Some((80, PortKind::Fixed))),
            ("8x", Some((8, PortKind::Fixed))),
            ("0", Some((0, PortKind::Fixed))),
            ("+5", Some((0, PortKind::Offset(5)))),
            ("-5", Some((0, PortKind::Offset(-5)))),
            ("+0", Some((0, PortKind::Client))),
            ("+", None),
            ("x", None),
            ("", None),
            ("70000", None),
        ];
        for (text, expected) in table {
            assert_eq!(port(text.to_owned()).value, expected, "{text}");
        }
        assert_eq!([PortKind::Client, PortKind::Offset(-5)].map(|kind| written(0, kind)), ["+0", "-5"]);
    }
}
