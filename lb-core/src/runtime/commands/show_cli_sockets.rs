//! `show cli sockets` (management.txt, section 9.3).

use super::super::{Command, CommandError, Instance, Level, Reply, Words};

/// `show cli sockets`: where commands are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowCliSockets;

/// A socket that takes commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliSocket {
    /// Its address with the family in front: `unix@/path`, `abns@name`, `ipv4@address:port`.
    pub address: String,
    /// What its connections may do.
    pub level: Level,
}

/// The sockets in order of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CliSockets(pub Vec<CliSocket>);

impl ShowCliSockets {
    pub(crate) fn parse(_: Words) -> Result<Command, CommandError> {
        Ok(Command::ShowCliSockets(Self))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        Ok(Reply::CliSockets(CliSockets(instance.shared.cli.sockets.clone())))
    }
}

impl CliSockets {
    pub(crate) fn render(&self, out: &mut String) {
        out.push_str("# socket lvl processes\n");
        for socket in &self.0 {
            out.extend([&socket.address, " ", socket.level.word(), " all\n"]);
        }
    }
}
