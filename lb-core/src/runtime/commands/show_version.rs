//! `show version` (management.txt, section 9.3).

use super::super::{Command, CommandError, Reply, Words};
use crate::config::environment::COMPATIBLE_VERSION;

/// `show version`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowVersion;

/// The version told to management clients: HAProxy's, with ours behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version(pub String);

impl ShowVersion {
    pub(crate) fn parse(_: Words) -> Result<Command, CommandError> {
        Ok(Command::ShowVersion(Self))
    }

    pub(crate) fn run(&self) -> Result<Reply, CommandError> {
        Ok(Reply::Version(Version(COMPATIBLE_VERSION.to_owned())))
    }
}

impl Version {
    pub(crate) fn render(&self, out: &mut String) {
        out.extend([&self.0, "\n"]);
    }
}
