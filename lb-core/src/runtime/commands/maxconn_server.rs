//! `set maxconn server` (management.txt, section 9.3).

use super::super::{Command, CommandError, ErrorCode, Instance, Refused, Reply, ServerName, Words};

/// `set maxconn server <b>/<s> <value>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetMaxconnServer {
    /// The server.
    pub server: ServerName,
    /// Most sessions at the same time; 0 is no limit.
    pub maxconn: u32,
}

impl SetMaxconnServer {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let server = ServerName::parse(&mut words)?;
        Ok(Refused::or(server, |server| Ok(Command::SetMaxconnServer(Self { server, maxconn: number(words.next())? }))))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (entry, server) = instance.server(&self.server)?;
        entry.backend.set_maxconn(&server, self.maxconn);
        Ok(Reply::Done)
    }
}

fn number(text: Option<String>) -> Result<u32, CommandError> {
    let fault = |text| Err(CommandError::new(ErrorCode::Usage, text).without_blank_line());
    let Some(text) = text else { return Err(CommandError::new(ErrorCode::Usage, "Require <maxconn>.")) };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    match (number.parse::<i128>(), rest) {
        (Err(_), _) => fault("maxconn string empty or preceded by garbage"),
        (Ok(_), rest) if !rest.is_empty() => fault("Trailing garbage in maxconn string"),
        // HAProxy takes these and makes other numbers of them.
        (Ok(number), _) => u32::try_from(number)
            .map_err(|_| CommandError::new(ErrorCode::Invalid, "maxconn must be between 0 and 4294967295.")),
    }
}
