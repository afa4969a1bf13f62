//! `show env` (management.txt, section 9.3).

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Words};

/// `show env [<name>]`: the environment that the configuration saw, after `setenv` and its likes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowEnv {
    /// Only this variable.
    pub name: Option<String>,
}

/// Variables with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(pub Vec<(String, String)>);

impl ShowEnv {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        Ok(Command::ShowEnv(Self { name: words.next() }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let all = instance.shared.cli.environment.iter();
        let wanted = all.filter(|(name, _)| self.name.as_ref().is_none_or(|wanted| wanted == name));
        let wanted: Vec<_> = wanted.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        match (wanted.is_empty(), &self.name) {
            (true, Some(_)) => Err(CommandError::new(ErrorCode::NotFound, "Variable not found")),
            _ => Ok(Reply::Environment(Environment(wanted))),
        }
    }
}

impl Environment {
    pub(crate) fn render(&self, out: &mut String) {
        for (name, value) in &self.0 {
            out.extend([name, "=", value, "\n"]);
        }
    }
}
