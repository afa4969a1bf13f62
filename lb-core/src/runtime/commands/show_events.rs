//! `show events` (management.txt, section 9.3): where the converter `debug` writes.

use std::time::SystemTime;

use jiff::Timestamp;

use super::super::{Command, CommandError, ErrorCode, Reply, Words};
use crate::sample::trace::{Lines, Sink, buffered};

/// `show events [<sink>] [-w] [-n]`: the event sinks, or what one of them holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowEvents {
    /// The sink; all are listed where there is none.
    pub sink: Option<String>,
    /// `-n`: only what comes from now on, which is nothing yet.
    pub new: bool,
    /// `-w`: a session then tells what is written, until it gets input ([`CliSession`](crate::runtime::CliSession)). Where
    /// the command is run without a session there is nothing to tell it to, and the answer is what the sink holds.
    pub wait: bool,
}

/// What `show events` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventSinks {
    /// The sinks that there are.
    List,
    /// The lines that a sink holds, oldest first, and when they were written.
    Lines(Vec<(SystemTime, Vec<u8>)>),
}

impl ShowEvents {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let error = |code, text: &'static str| Err(CommandError::new(code, text));
        let mut command = Self { sink: words.next(), new: false, wait: false };
        let Some(sink) = &command.sink else { return Ok(Command::ShowEvents(command)) };
        match Sink::find(sink.as_bytes()) {
            None => return error(ErrorCode::NotFound, "No such event sink"),
            Some(Sink::Stdout | Sink::Stderr) => {
                return error(ErrorCode::Invalid, "Nothing to report for this sink");
            }
            Some(Sink::Buffer) => {}
        }
        for word in words.iter() {
            match word {
                "-n" => command.new = true,
                "-w" => command.wait = true,
                "-wn" | "-nw" => (command.new, command.wait) = (true, true),
                _ => return error(ErrorCode::Usage, "unknown option"),
            }
        }
        Ok(Command::ShowEvents(command))
    }

    pub(crate) fn run(&self) -> Result<Reply, CommandError> {
        let sink = self.sink.as_ref().map(|name| Sink::find(name.as_bytes()));
        match sink {
            None => Ok(Reply::Events(EventSinks::List)),
            Some(Some(Sink::Buffer)) => {
                Ok(Reply::Events(EventSinks::Lines(if self.new { Vec::new() } else { buffered() })))
            }
            Some(Some(_)) => Err(CommandError::new(ErrorCode::Invalid, "Nothing to report for this sink")),
            Some(None) => Err(CommandError::new(ErrorCode::NotFound, "No such event sink")),
        }
    }
}

impl EventSinks {
    pub(crate) fn render(&self, out: &mut String) {
        match self {
            Self::List => out.push_str(
                "Supported events sinks are listed below. Add -w(wait), -n(new). Any key to stop\n\
                 \x20   stdout     : type=fd, 0 dropped, standard output (fd#1)\n\
                 \x20   stderr     : type=fd, 0 dropped, standard output (fd#2)\n\
                 \x20   buf0       : type=buffer, 0 dropped, in-memory ring buffer\n",
            ),
            Self::Lines(lines) => render_lines(lines, out),
        }
    }
}

/// Lines of a sink as `show events` shows them.
pub(crate) fn render_lines(lines: &Lines, out: &mut String) {
    for (time, line) in lines {
        let time = Timestamp::try_from(*time).unwrap_or(Timestamp::UNIX_EPOCH);
        let time = time.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00");
        out.push_str(&format!("<0>{time} {}\n", String::from_utf8_lossy(line)));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::proxy::Proxy;

    /// What haproxy 2.6.12 answers.
    #[test]
    fn sinks_are_shown() {
        let proxy = Proxy::builder().threads(1).start().unwrap();
        let ask = |command: &str| proxy.execute(command).unwrap_or_else(|error| error.to_string());
        assert!(ask("show events").contains("\n    buf0       : type=buffer, 0 dropped, in-memory ring buffer\n"));
        assert_eq!(ask("show events stderr"), "Nothing to report for this sink");
        assert_eq!(ask("show events buf1"), "No such event sink");
        assert_eq!(ask("show events buf0 x"), "unknown option");
        assert_eq!(ask("show events buf0 -wnw"), "unknown option");
        Sink::Buffer.write(b"[debug] shown: type=str <a>".to_vec());
        let text = ask("show events buf0");
        let line = text.lines().find(|line| line.contains("shown")).unwrap();
        let (time, rest) = line.split_at(35);
        assert!(time.starts_with("<0>20") && time.ends_with("+00:00"), "{line}");
        assert_eq!(rest, " [debug] shown: type=str <a>");
        assert_eq!(ask("show events buf0 -n"), "");
        assert_eq!(ask("show events buf0 -nw"), "");
    }
}
