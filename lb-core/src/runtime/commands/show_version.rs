//! `show version` (management.txt, section 9.3).

use super::super::{Command, CommandError, Instance, Reply, Words};
use crate::config::environment::COMPATIBLE_VERSION;
use crate::config::model::Identity;

/// `show version`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowVersion;

/// The version told to management clients: HAProxy's with ours behind it, or ours alone where the configuration says
/// `identity lb`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version(pub String);

impl ShowVersion {
    pub(crate) fn parse(_: Words) -> Result<Command, CommandError> {
        Ok(Command::ShowVersion(Self))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let version = match instance.topology().settings.global.identity {
            Identity::HaProxy => COMPATIBLE_VERSION,
            Identity::Lb => env!("CARGO_PKG_VERSION"),
        };
        Ok(Reply::Version(Version(version.to_owned())))
    }
}

impl Version {
    pub(crate) fn render(&self, out: &mut String) {
        out.extend([&self.0, "\n"]);
    }
}
