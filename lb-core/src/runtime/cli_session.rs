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
mod tests {
    use super::super::Level;
    use super::*;
    use crate::proxy::Proxy;

    fn proxy() -> Proxy {
        Proxy::builder().global("setenv FOO bar").threads(1).start().unwrap()
    }

    /// Sends the pieces one after the other, and says what came back and what the last step was.
    fn talk(proxy: &Proxy, level: Level, pieces: &[&[u8]]) -> (String, Step) {
        let mut session = proxy.cli_session(level);
        let mut out = String::new();
        let mut last = Step::Done;
        for piece in pieces {
            let mut left = *piece;
            loop {
                left = &left[session.push(left)..];
                last = session.step(&mut out);
                match last {
                    Step::Done => {}
                    Step::Wait { .. } | Step::Watch if left.is_empty() => break,
                    Step::Wait { .. } | Step::Watch => {}
                    Step::Closed => return (out, last),
                }
            }
        }
        (out, last)
    }

    const OPEN: Step = Step::Wait { idle: false };
    const OVER: Step = Step::Wait { idle: true };

    #[test]
    fn framing() {
        let proxy = proxy();
        for (pieces, expected, end) in [
            (&[&b"show cli level\n"[..]][..], "admin\n\n", OVER),
            (&[b"show cli level"], "", OPEN),
            (&[b"show cli", b" level\n"], "admin\n\n", OVER),
            (&[b"show cli level;show cli level\r\n"], "admin\n\nadmin\n\n", OVER),
            (&[b"show cli level\r;show cli level\n"], "admin\n\nadmin\n\n", OVER),
            (&[b"show cli level;"], "admin\n\n", OVER),
            (&[b"show cli level\nshow cl"], "admin\n\n", OPEN),
            (&[b"operator\nshow cli level\n"], "\noperator\n\n", OVER),
            (&[b"show cli level\0 x\n"], "admin\n\n", OVER),
            (&[b"show env F\\OO\n"], "FOO=bar\n\n", OVER),
            (&[b"show env FOO\\\n"], "", OPEN),
            (&[b"show env FOO\\\n\n"], "Variable not found\n\n", OVER),
            (&[b"show env FOO\\;show cli level\n"], "Variable not found\n\n", OVER),
            (&[b"show env FOO\\\\;show cli level\n"], "Variable not found\n\nadmin\n\n", OVER),
            (&[b"quit;show cli level\n"], "", Step::Closed),
            (&[b"prompt\nshow cli level\n"], "\n> admin\n\n> ", OPEN),
            (&[b"prompt\n", b"prompt;show cli level\n"], "\n> \nadmin\n\n", OVER),
        ] {
            let (text, step) = talk(&proxy, Level::Admin, pieces);
            assert_eq!((text.as_str(), step), (expected, end), "{:?}", String::from_utf8_lossy(pieces[0]));
        }
    }

    #[test]
    fn payloads() {
        let proxy = proxy();
        for (pieces, expected) in [
            (&[&b"show env FOO <<\nk v\n\nshow cli level\n"[..]][..], "FOO=bar\n\nadmin\n\n"),
            (&[b"show env FOO <<\n;\n \n\n"], "FOO=bar\n\n"),
            (&[b"show env FOO <<\r\nk v\r\n\r\n"], "FOO=bar\n\n"),
            (&[b"show env FOO <<;k v\n\n"], "FOO=bar\n\n"),
            (&[b"show env FOO<<\nk v\n\n"], "Variable not found\n\n"),
            (&[b"show env FOO << \nshow cli level\n"], "FOO=bar\n\nadmin\n\n"),
            (&[b"show env FOO <<\nk v\n"], ""),
            (&[b"prompt\nshow env FOO <<\nk v\n\n"], "\n> + + FOO=bar\n\n> "),
        ] {
            assert_eq!(talk(&proxy, Level::Admin, pieces).0, expected, "{:?}", String::from_utf8_lossy(pieces[0]));
        }
    }

    #[test]
    fn what_is_too_long_ends_the_session() {
        let proxy = proxy();
        let line = |length: usize| [&b"show env "[..], &vec![b'a'; length], b"\n"].concat();
        assert_eq!(talk(&proxy, Level::Admin, &[&line(16_000)]), ("Variable not found\n\n".to_owned(), OVER));
        assert_eq!(talk(&proxy, Level::Admin, &[&line(16_384)]), (String::new(), Step::Closed));
        let payload = [&b"show env FOO <<\n"[..], &b"k v\n".repeat(5000)].concat();
        assert_eq!(talk(&proxy, Level::Admin, &[&payload]), (String::new(), Step::Closed));
        let many = b"show cli level\n".repeat(5000);
        assert_eq!(talk(&proxy, Level::User, &[&many]), ("user\n\n".repeat(5000), OVER));
    }

    #[test]
    fn severities_and_levels() {
        let proxy = proxy();
        let (text, _) = talk(&proxy, Level::Operator, &[b"set severity-output number;user;show env;show cli level\n"]);
        assert_eq!(text, "\n\n[3]: Permission denied\n\n[6]: user\n\n");
        let (text, _) = talk(&proxy, Level::Admin, &[b"set severity-output string;show env X;show env FOO\n"]);
        assert_eq!(text, "\n[err]: Variable not found\n\nFOO=bar\n\n");
    }

    #[test]
    fn what_is_not_complete_at_the_end_is_forgotten() {
        let proxy = proxy();
        let mut session = proxy.cli_session(Level::User);
        let mut out = String::new();
        session.push(b"show cli level\nshow cli level");
        session.end();
        assert_eq!(session.step(&mut out), Step::Done);
        assert_eq!(session.step(&mut out), Step::Closed);
        assert_eq!(out, "user\n\n");
    }

    #[tokio::test]
    async fn an_event_sink_is_watched_until_there_is_input() {
        use crate::sample::trace::Sink;
        let proxy = proxy();
        let mut session = proxy.cli_session(Level::User);
        let mut out = String::new();
        session.push(b"prompt\nshow events buf0 -nw\n");
        while session.step(&mut out) == Step::Done {}
        assert_eq!(out, "\n> ");
        // Other tests write there as well.
        Sink::Buffer.write(b"[debug] watched".to_vec());
        while !out.contains("[debug] watched\n") {
            session.event().await;
            while session.step(&mut out) == Step::Done {}
        }
        out.clear();
        session.push(b"show cli level\n");
        while session.step(&mut out) == Step::Done {}
        assert!(out.ends_with("\n> ") && !out.contains("user"), "{out}");
        out.clear();
        session.push(b"show cli level\n");
        assert_eq!(session.step(&mut out), Step::Done);
        assert_eq!(out, "user\n\n> ");
    }

    /// Everything a session answers to bytes that come in pieces of this size.
    fn answer(proxy: &Proxy, bytes: &[u8], piece: usize) -> String {
        let mut session = proxy.cli_session(Level::Admin);
        let (mut out, mut left) = (String::new(), bytes);
        loop {
            match session.step(&mut out) {
                Step::Done => {}
                Step::Closed => return out,
                Step::Wait { .. } | Step::Watch if left.is_empty() => session.end(),
                Step::Wait { .. } | Step::Watch => left = &left[session.push(&left[..piece.min(left.len())])..],
            }
        }
    }

    /// Lines as people, scripts and enemies write them.
    fn line() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::prelude::*;
        // Not those whose answer changes with time.
        let known =
            vec!["help", "prompt", "quit", "user", "show version", "show cli level", "show env FOO", "set timeout"];
        let start =
            prop_oneof![proptest::sample::select(known).prop_map(str::to_owned), "[ -~]{0,12}", Just(String::new())];
        (start, "[ -~\\x00-\\x1f]{0,20}", "(\n|\r\n|;| <<\n|\n\n)?")
            .prop_map(|(start, rest, end)| format!("{start} {rest}{end}"))
    }

    #[test]
    fn the_answer_does_not_depend_on_how_the_bytes_are_cut() {
        use proptest::prelude::*;
        let proxy = proxy();
        proptest!(|(lines in proptest::collection::vec(line(), 0..12), piece in 1usize..40)| {
            let bytes = lines.concat();
            prop_assert_eq!(answer(&proxy, bytes.as_bytes(), usize::MAX), answer(&proxy, bytes.as_bytes(), piece));
        });
    }
}
