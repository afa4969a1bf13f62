//! `get weight`, `set weight`, and the `weight` of `set server` (management.txt, section 9.3).

use crate::backend::Backend;
use crate::server::Server;

use super::super::{Command, CommandError, ErrorCode, Instance, Refused, Reply, ServerName, Words};

/// Largest weight of a server.
const MAX: u32 = 256;

/// `get weight <b>/<s>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetWeight {
    /// The server.
    pub server: ServerName,
}

/// The weight of a server now, and the one of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerWeight {
    /// In use.
    pub current: u32,
    /// Of the line.
    pub initial: u32,
}

/// `set weight <b>/<s> <weight>[%]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetWeight {
    /// The server.
    pub server: ServerName,
    /// Its new weight.
    pub weight: Weight,
}

/// A weight as a command says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// 0 to 256.
    Absolute(u32),
    /// A percentage of the weight of its line; the result is at most 256.
    Percent(u32),
}

impl GetWeight {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        Ok(Command::GetWeight(Self { server: ServerName::parse_any(&mut words)? }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (_, server) = instance.server(&self.server)?;
        Ok(Reply::Weight(ServerWeight { current: server.weight(), initial: server.config.weight }))
    }
}

impl ServerWeight {
    pub(crate) fn render(&self, out: &mut String) {
        out.push_str(&format!("{} (initial {})\n", self.current, self.initial));
    }
}

impl SetWeight {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let server = ServerName::parse(&mut words)?;
        Ok(Refused::or(server, |server| Self::read(server, &mut words)))
    }

    /// What follows the name of the server.
    pub(super) fn read(server: ServerName, words: &mut Words) -> Result<Command, CommandError> {
        Ok(Command::SetWeight(Self { server, weight: Weight::parse(words.next().as_deref())? }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (entry, server) = instance.server(&self.server)?;
        let weight = self.weight.of(&entry.backend, &server)?;
        instance.change(|| entry.backend.set_weight(&server, weight));
        Ok(Reply::Done)
    }
}

/// The weight that an agent's word like `50%` comes to. The texts of errors are HAProxy's.
pub(crate) fn weight_by_percent(text: &str, backend: &Backend, server: &Server) -> Result<u32, String> {
    let weight = Weight::parse(Some(text)).and_then(|weight| weight.of(backend, server));
    weight.map_err(|error| error.text().to_owned())
}

impl Weight {
    /// What it comes to for a server, if its backend can do that.
    fn of(self, backend: &Backend, server: &Server) -> Result<u32, CommandError> {
        let initial = server.config.weight;
        let weight = match self {
            Self::Percent(percent) => {
                let product = u64::from(initial) * u64::from(percent) / 100;
                u32::try_from(product).unwrap_or(MAX).min(MAX)
            }
            Self::Absolute(weight @ 0..=MAX) => weight,
            Self::Absolute(_) => {
                let text = "Absolute weight can only be between 0 and 256 inclusive.";
                return Err(CommandError::new(ErrorCode::Invalid, text));
            }
        };
        if !backend.has_dynamic_weights() && weight != 0 && weight != initial {
            let text = "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.";
            return Err(CommandError::new(ErrorCode::State, text));
        }
        Ok(weight)
    }

    /// Reads `<weight>` or `<weight>%`.
    fn parse(text: Option<&str>) -> Result<Self, CommandError> {
        let fault = |text| Err(CommandError::new(ErrorCode::Usage, text).without_blank_line());
        let Some(text) = text else {
            return Err(CommandError::new(ErrorCode::Usage, "Require <weight> or <weight%>."));
        };
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
        let (number, rest) = text.split_at(end);
        let Ok(number) = number.parse::<i64>() else {
            return fault("Empty weight string empty or preceded by garbage");
        };
        match (rest, u32::try_from(number)) {
            ("", Ok(weight)) if weight <= MAX => Ok(Self::Absolute(weight)),
            ("", _) => {
                Err(CommandError::new(ErrorCode::Invalid, "Absolute weight can only be between 0 and 256 inclusive."))
            }
            ("%", Ok(percent)) => Ok(Self::Percent(percent)),
            ("%", Err(_)) => Err(CommandError::new(ErrorCode::Invalid, "Relative weight must be positive.")),
            _ => fault("Trailing garbage in weight string"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_as_haproxy_reads_them() {
        let table = [
            (Some("5"), Ok(Weight::Absolute(5))),
            (Some("50%"), Ok(Weight::Percent(50))),
            (None, Err("Require <weight> or <weight%>.")),
            (Some(""), Err("Empty weight string empty or preceded by garbage")),
            (Some("x"), Err("Empty weight string empty or preceded by garbage")),
            (Some("%"), Err("Empty weight string empty or preceded by garbage")),
            (Some("5x"), Err("Trailing garbage in weight string")),
            (Some("5%x"), Err("Trailing garbage in weight string")),
            (Some("1.5"), Err("Trailing garbage in weight string")),
            (Some("-1"), Err("Absolute weight can only be between 0 and 256 inclusive.")),
            (Some("300"), Err("Absolute weight can only be between 0 and 256 inclusive.")),
            (Some("-5%"), Err("Relative weight must be positive.")),
        ];
        for (text, expected) in table {
            let read = Weight::parse(text);
            assert_eq!(read.as_ref().map_err(CommandError::text), expected.as_ref().map_err(|text| *text), "{text:?}");
        }
    }
}
