//! `set server` (management.txt, section 9.3): one command with many faces, each of them a typed command of its own.

use super::super::{Command, CommandError, ErrorCode, Instance, Refused, Reply, ServerName, Severity, Words};
use super::set_server_addr::SetServerAddr;
use super::set_server_agent::SetServerAgent;
use super::set_server_check::SetServerCheck;
use super::set_server_fqdn::SetServerFqdn;
use super::{SetServerState, SetWeight};
use crate::backend::{AdminChange, HealthChange};

const USAGE: &str = "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | \
                     check-addr | check-port | fqdn | health | ssl | state | weight";

/// Reads `set server <b>/<s> <what> ...`.
pub(crate) fn parse_set_server(mut words: Words) -> Result<Command, CommandError> {
    let server = ServerName::parse(&mut words)?;
    Ok(Refused::or(server, |server| {
        let what = words.next_or_empty();
        match what.as_str() {
            "weight" => SetWeight::read(server, &mut words),
            "state" => state(server, &words.next_or_empty()),
            "health" => health(server, &words.next_or_empty()),
            "ssl" => Ok(Command::SetServerSsl(SetServerSsl::read(server, &words.next_or_empty()))),
            "addr" => SetServerAddr::read(server, &mut words),
            "check-addr" => SetServerCheck::read_addr(server, &mut words),
            "check-port" => SetServerCheck::read_port(server, &mut words),
            "fqdn" => SetServerFqdn::read(server, &mut words),
            "agent" => Ok(SetServerAgent::read(server, &words.next_or_empty())),
            "agent-addr" => SetServerAgent::read_addr(server, &mut words),
            "agent-port" => SetServerAgent::read_port(server, &mut words),
            "agent-send" => Ok(SetServerAgent::read_send(server, words.next_or_empty())),
            _ => Err(refused(ErrorCode::Usage, USAGE)),
        }
    }))
}

fn refused(code: ErrorCode, text: &'static str) -> CommandError {
    CommandError::new(code, text)
}

fn state(server: ServerName, word: &str) -> Result<Command, CommandError> {
    let state = match word {
        "ready" => AdminChange::Ready,
        "drain" => AdminChange::Drain,
        "maint" => AdminChange::Maint,
        _ => {
            let text = "'set server <srv> state' expects 'ready', 'drain' and 'maint'.";
            return Err(refused(ErrorCode::Usage, text));
        }
    };
    Ok(Command::SetServerState(SetServerState { server, state }))
}

fn health(server: ServerName, word: &str) -> Result<Command, CommandError> {
    let health = match word {
        "up" => HealthChange::Up,
        "stopping" => HealthChange::Stopping,
        "down" => HealthChange::Down,
        _ => {
            let text = "'set server <srv> health' expects 'up', 'stopping', or 'down'.";
            return Err(refused(ErrorCode::Usage, text));
        }
    };
    Ok(Command::SetServerHealth(SetServerHealth { server, health }))
}

/// `set server <b>/<s> health <health>`: what an operator says of a server's health, until a check says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetServerHealth {
    /// The server.
    pub server: ServerName,
    /// Its health.
    pub health: HealthChange,
}

impl SetServerHealth {
    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (entry, server) = instance.server(&self.server)?;
        if server.tracking.tracked().is_some() {
            return Err(refused(ErrorCode::State, "cannot change health on a tracking server."));
        }
        instance.change(|| entry.backend.change_health(&server, self.health));
        Ok(Reply::Done)
    }
}

/// `set server <b>/<s> ssl <on|off>`: whether new connections to a server whose line says `ssl` use TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetServerSsl {
    /// The server.
    pub server: ServerName,
    /// `None` where the word was neither `on` nor `off`.
    pub on: Option<bool>,
}

impl SetServerSsl {
    fn read(server: ServerName, word: &str) -> Self {
        let on = match word {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        };
        Self { server, on }
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (_, server) = instance.server(&self.server)?;
        if server.dial.tls.is_none() {
            let text = "'set server <srv> ssl' cannot be set.  default-server should define ssl settings";
            return Err(refused(ErrorCode::State, text));
        }
        let Some(on) = self.on else {
            return Err(refused(ErrorCode::Usage, "'set server <srv> ssl' expects 'on' or 'off'."));
        };
        server.set_tls(on);
        instance.shared.drop_renounced();
        Ok(Reply::Message(Severity::Notice, "server ssl setting updated.".to_owned()))
    }
}
