//! `show backend` (management.txt, section 9.3).

use super::super::{Command, CommandError, Instance, Reply, Words};

/// `show backend`: the names of all backends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowBackend;

/// Backends in order of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendList(pub Vec<String>);

impl ShowBackend {
    pub(crate) fn parse(_: Words) -> Result<Command, CommandError> {
        Ok(Command::ShowBackend(Self))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let names = instance.topology().backends.iter().map(|entry| entry.name.to_string());
        Ok(Reply::Backends(BackendList(names.collect())))
    }
}

impl BackendList {
    pub(crate) fn render(&self, out: &mut String) {
        out.push_str("# name\n");
        for name in &self.0 {
            out.push_str(name);
            out.push('\n');
        }
    }
}
