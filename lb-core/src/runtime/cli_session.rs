//! A session of runtime commands: bytes in, commands run, bytes out (management.txt, section 9.3). It touches no socket.
//!
//! ```text
//!   bytes ─▶ push ─▶ input ─▶ step: one command, or one line of a payload ─▶ text
//! ```
//!
//! `show events -w` is answered until there is input: the session then watches, and whoever carries its bytes waits for
//! lines with [`CliSession::event`] beside them.
//!
//! A line holds one command or several with `;` between them. A command that ends in `<<` takes the lines that follow,
//! up to an empty one, as its payload. A reply ends with an empty line, save the few after which HAProxy writes none.
//! Without `prompt` the session is over once everything that has come is answered.

use super::caller::Caller;
use super::command::Command;
use super::commands::{EventSinks, ShowEvents, render_lines};
use super::error::CommandError;
use super::instance::Instance;
use super::words::{Words, before_payload};
use crate::sample::trace;

/// What a [`CliSession::step`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something was done; there may be more to do.
    Done,
    /// More input is needed. A session that is not interactive, and waits for nothing it has begun, may be closed now.
    Wait {
        /// Whether the other side may expect that the session is closed now.
        idle: bool,
    },
    /// The session tells what is written to an event sink: call it again when there is input, or [`CliSession::event`].
    Watch,
    /// The session is over.
    Closed,
}

/// A session of runtime commands, over whatever carries its bytes.
///
/// ```
/// use lb_core::proxy::Proxy;
/// use lb_core::runtime::{Level, Step};
///
/// let proxy = Proxy::builder().start()?;
/// let mut session = proxy.cli_session(Level::Operator);
/// session.push(b"show cli level; show backend\n");
/// let mut text = String::new();
/// while session.step(&mut text) == Step::Done {}
/// assert_eq!(text, "operator\n\n# name\n\n");
/// # Ok::<(), lb_core::proxy::StartError>(())
/// ```
#[derive(Debug)]
pub struct CliSession {
    instance: Instance,
    caller: Caller,
    input: Vec<u8>,
    /// Most bytes of a command with its payload, and of what waits behind it.
    limit: usize,
    pending: Option<Pending>,
    /// Lines of the event sink that were told already, while it is watched.
    watching: Option<u64>,
    /// Whether a command was answered.
    answered: bool,
    ended: bool,
}

/// A command whose payload is coming.
#[derive(Debug)]
struct Pending {
    command: String,
    payload: String,
}

impl CliSession {
    pub(crate) fn new(instance: Instance, caller: Caller) -> Self {
        let limit = instance.shared.cli.limit;
        Self {
            instance,
            caller,
            input: Vec::new(),
            limit,
            pending: None,
            watching: None,
            answered: false,
            ended: false,
        }
    }

    /// The rights and settings of the session.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// How many bytes came that are no whole command yet.
    pub(crate) fn incomplete(&self) -> usize {
        self.input.len()
    }

    /// Whether a command was begun and its payload is coming.
    pub(crate) fn expects_payload(&self) -> bool {
        self.pending.is_some()
    }

    /// Takes what the other side sent, as much as there is room for, and returns how much that was. None is left once
    /// a command is longer than `tune.bufsize`: [`CliSession::step`] then ends the session.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.room());
        self.input.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        taken
    }

    /// How many bytes [`CliSession::push`] takes now.
    pub fn room(&self) -> usize {
        let pending = self.pending.as_ref().map_or(0, |pending| pending.command.len() + pending.payload.len());
        self.limit.saturating_sub(self.input.len() + pending)
    }

    /// Waits until the event sink that is watched has more lines; forever where none is. Cancel safe.
    pub async fn event(&self) {
        match self.watching {
            Some(told) => trace::grown(told).await,
            None => std::future::pending().await,
        }
    }

    /// Stops to watch an event sink, as input does.
    pub fn stop_watching(&mut self, out: &mut String) {
        if self.watching.take().is_some() {
            self.end_reply(true, out);
        }
    }

    /// There will be no more input: what is complete is answered, the rest forgotten.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Runs the next command, if it is there, and appends what it answers.
    pub fn step(&mut self, out: &mut String) -> Step {
        if self.caller.quit {
            return Step::Closed;
        }
        if let Some(told) = self.watching {
            if self.input.is_empty() && !self.ended {
                return self.tell_events(told, out);
            }
            // It is only there to end this.
            self.input.clear();
            self.stop_watching(out);
            return Step::Done;
        }
        let payload = self.pending.is_some();
        let Some(line) = take_line(&mut self.input, payload, self.ended) else {
            let full = self.room() == 0;
            let idle = self.answered && !payload && self.input.is_empty() && !self.caller.interactive;
            return if full || self.ended { Step::Closed } else { Step::Wait { idle } };
        };
        match (self.pending.take(), before_payload(&line)) {
            (Some(pending), _) if line.is_empty() => {
                self.answer(Words::split(&pending.command, Some(pending.payload)), out);
            }
            (Some(mut pending), _) => {
                pending.payload.push_str(&line);
                pending.payload.push('\n');
                self.expect_payload(pending, out);
            }
            (None, Some(command)) => {
                let command = command.to_owned();
                self.expect_payload(Pending { command, payload: String::new() }, out);
            }
            (None, None) => self.answer(Words::split(&line, None), out),
        }
        if self.caller.quit { Step::Closed } else { Step::Done }
    }

    fn expect_payload(&mut self, pending: Pending, out: &mut String) {
        self.pending = Some(pending);
        if self.caller.interactive {
            out.push_str("+ ");
        }
    }

    fn tell_events(&mut self, told: u64, out: &mut String) -> Step {
        let (lines, written) = trace::buffered_since(told);
        self.watching = Some(written);
        if lines.is_empty() {
            return Step::Watch;
        }
        render_lines(&lines, out);
        Step::Done
    }

    fn answer(&mut self, words: Words, out: &mut String) {
        self.answered = true;
        let severity = self.caller.severity_output;
        let blank_line = match self.run(words) {
            Ok(reply) => {
                // `set severity-output` counts from its own reply on, but that one is empty.
                severity.prefix(reply.severity(), out);
                reply.render(out);
                reply.has_blank_line()
            }
            Err(error) => {
                severity.prefix(Some(error.severity()), out);
                out.push_str(error.text());
                out.push('\n');
                error.has_blank_line()
            }
        };
        if self.caller.quit {
            return;
        }
        if self.watching.is_none() {
            self.end_reply(blank_line, out);
        }
    }

    fn end_reply(&self, blank_line: bool, out: &mut String) {
        if blank_line {
            out.push('\n');
        }
        if self.caller.interactive {
            out.push_str("> ");
        }
    }

    fn run(&mut self, words: Words) -> Result<super::Reply, CommandError> {
        let command = Command::parse_words(words, self.caller.level)?;
        if let Command::ShowEvents(ShowEvents { wait: true, new, .. }) = &command {
            // What is there already is told as what comes is.
            self.watching = Some(if *new { trace::written() } else { 0 });
            return Ok(super::Reply::Events(EventSinks::Lines(Vec::new())));
        }
        command.run_as(&mut self.caller, &self.instance)
    }
}

/// Takes the next line from the input or, where no payload is read, the next command of a line: up to a `;` or a line
/// end without a backslash in front, which only counts where nothing more can follow. A carriage return at its end does
/// not belong to it, nor what follows a zero.
fn take_line(input: &mut Vec<u8>, payload: bool, last: bool) -> Option<String> {
    let mut escaped = false;
    let end = input.iter().position(|byte| {
        let ends = (*byte == b'\n' && (payload || !escaped)) || (*byte == b';' && !payload && !escaped);
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    let end = end.or_else(|| (last && input.last() == Some(&b'\n')).then(|| input.len() - 1))?;
    let line: Vec<u8> = input.drain(..=end).collect();
    let line = line.get(..end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
    Some(String::from_utf8_lossy(line).into_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
