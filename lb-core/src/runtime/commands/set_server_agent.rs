//! `set server ... agent`, `agent-addr`, `agent-port` and `agent-send` (management.txt, section 9.3).

use std::net::IpAddr;

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, ServerName, Severity, Words};
use super::set_server_check::{invalid, port};
use crate::config::address::parse_ip;

/// What is changed about the agent of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetServerAgent {
    /// The server.
    pub server: ServerName,
    /// The change.
    pub change: AgentChange,
}

/// See [`SetServerAgent`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentChange {
    /// `agent up|down`: what is taken as its word until it is asked again; `None` where the word was another one.
    Says(Option<bool>),
    /// `agent-addr <addr> [port <port>]` and `agent-port <port>`; what is `None` stays as it is.
    Target(Result<(Option<IpAddr>, Option<u16>), CommandError>),
    /// `agent-send <text>`.
    Send(String),
}

impl SetServerAgent {
    /// What follows `agent`.
    pub(super) fn read(server: ServerName, word: &str) -> Command {
        let says = match word {
            "up" => Some(true),
            "down" => Some(false),
            _ => None,
        };
        Command::SetServerAgent(Self { server, change: AgentChange::Says(says) })
    }

    /// What follows `agent-addr`.
    pub(super) fn read_addr(server: ServerName, words: &mut Words) -> Result<Command, CommandError> {
        let Some(text) = words.next() else {
            let text = "set server <b>/<s> agent-addr requires an address and optionally a port.";
            return Err(CommandError::new(ErrorCode::Usage, text));
        };
        let port = (words.next_or_empty() == "port").then(|| port(&words.next_or_empty()));
        let target = match (parse_ip(&text), port.transpose()) {
            (Err(_), _) => Err(invalid(format!("invalid addr '{text}'"))),
            (Ok(_), Err(error)) => Err(error),
            (Ok(addr), Ok(port)) => Ok((Some(addr), port)),
        };
        Ok(Command::SetServerAgent(Self { server, change: AgentChange::Target(target) }))
    }

    /// What follows `agent-port`.
    pub(super) fn read_port(server: ServerName, words: &mut Words) -> Result<Command, CommandError> {
        let Some(text) = words.next() else {
            return Err(CommandError::new(ErrorCode::Usage, "set server <b>/<s> agent-port requires a port."));
        };
        let target = port(&text).map(|port| (None, Some(port)));
        Ok(Command::SetServerAgent(Self { server, change: AgentChange::Target(target) }))
    }

    /// What follows `agent-send`.
    pub(super) fn read_send(server: ServerName, text: String) -> Command {
        Command::SetServerAgent(Self { server, change: AgentChange::Send(text) })
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (entry, server) = instance.server(&self.server)?;
        if !server.agent.is_enabled() {
            return Err(match self.change {
                AgentChange::Target(_) => {
                    let error = CommandError::new(ErrorCode::State, "agent checks are not enabled on this server");
                    error.with_severity(Severity::Warning).without_blank_line()
                }
                _ => CommandError::new(ErrorCode::State, "agent checks are not enabled on this server."),
            });
        }
        match &self.change {
            AgentChange::Says(None) => {
                let text = "'set server <srv> agent' expects 'up' or 'down'.";
                return Err(CommandError::new(ErrorCode::Usage, text));
            }
            AgentChange::Says(Some(up)) => instance.change(|| entry.backend.change_agent(&server, *up)),
            AgentChange::Target(target) => {
                let (addr, port) = target.clone()?;
                server.agent.change_target(|target| {
                    target.addr = addr.or(target.addr);
                    // 0 is no port: the agent is not found any more.
                    target.port = port.or(target.port).filter(|port| *port != 0);
                });
            }
            AgentChange::Send(text) => server.agent.change_target(|target| target.send.clone_from(text)),
        }
        Ok(Reply::Done)
    }
}
