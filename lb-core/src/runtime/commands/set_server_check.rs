//! `set server ... check-addr` and `check-port` (management.txt, section 9.3): where checks go.

use std::net::IpAddr;

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, ServerName, Severity, Words};
use crate::config::model::PortKind;
use crate::server::CheckTarget;

/// `set server <b>/<s> check-addr <ip> [port <port>]` and `check-port <port>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetServerCheck {
    /// The server.
    pub server: ServerName,
    /// Where checks go; what is `None` stays as it is.
    pub target: Result<CheckTarget, CommandError>,
}

impl SetServerCheck {
    /// What follows `check-addr`.
    pub(super) fn read_addr(server: ServerName, words: &mut Words) -> Result<Command, CommandError> {
        let Some(text) = words.next() else {
            let text = "set server <b>/<s> check-addr requires an address and optionally a port.";
            return Err(CommandError::new(ErrorCode::Usage, text));
        };
        let port = (words.next_or_empty() == "port").then(|| port(&words.next_or_empty()));
        let target = match (text.parse::<IpAddr>(), port.transpose()) {
            (Err(_), _) => Err(invalid(format!("invalid addr '{text}'"))),
            (Ok(_), Err(error)) => Err(error),
            (Ok(addr), Ok(port)) => Ok(CheckTarget { addr: Some(addr), port }),
        };
        Ok(Command::SetServerCheck(Self { server, target }))
    }

    /// What follows `check-port`.
    pub(super) fn read_port(server: ServerName, words: &mut Words) -> Result<Command, CommandError> {
        let Some(text) = words.next() else {
            let text = "set server <b>/<s> check-port requires a port.";
            return Err(CommandError::new(ErrorCode::Usage, text));
        };
        let target = port(&text).map(|port| CheckTarget { addr: None, port: Some(port) });
        Ok(Command::SetServerCheck(Self { server, target }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (_, server) = instance.server(&self.server)?;
        if !server.checks.are_enabled() {
            let error = CommandError::new(ErrorCode::State, "health checks are not enabled on this server");
            return Err(error.with_severity(Severity::Warning).without_blank_line());
        }
        let new = self.target.clone()?;
        if new.port == Some(0) && server.endpoint().port != PortKind::Fixed {
            // The server has no port of its own that checks could use instead.
            return Err(invalid("can't unset 'port' since MAPPORTS is in use".to_owned()));
        }
        let old = server.checks.target();
        // 0 is the server's own port again.
        let port = new.port.or(old.port).filter(|port| *port != 0);
        server.checks.set_target(CheckTarget { addr: new.addr.or(old.addr), port });
        Ok(Reply::Done)
    }
}

pub(super) fn invalid(text: String) -> CommandError {
    CommandError::new(ErrorCode::Invalid, text).with_severity(Severity::Warning).without_blank_line()
}

pub(super) fn port(text: &str) -> Result<u16, CommandError> {
    match text.parse::<i64>() {
        Err(_) => Err(invalid("provided port is not an integer".to_owned())),
        Ok(port) => u16::try_from(port).map_err(|_| invalid("provided port is invalid".to_owned())),
    }
}
