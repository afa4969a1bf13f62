//! One mail over SMTP (RFC 5321), from the client's side and without sockets: bytes of the mailer in, bytes for it out.
//!
//! ```text
//!   220 ─▶ HELO ─250─▶ MAIL FROM ─250─▶ RCPT TO ─250, 251─▶ DATA ─354─▶ the mail ─250─▶ QUIT ─▶ any reply
//! ```

use super::message::{Letterhead, Mail, one_line};

/// The longest line of a reply that is kept; RFC 5321, section 4.5.3.1.5 allows 512 bytes.
const LONGEST_REPLY: usize = 1024;

/// What was sent last, so whose reply comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: the mailer speaks first.
    Greeting,
    Helo,
    MailFrom,
    RcptTo,
    Data,
    Text,
    Quit,
}

impl Step {
    fn accepts(self, code: u16) -> bool {
        match self {
            Self::Greeting => code == 220,
            Self::Helo | Self::MailFrom | Self::Text => code == 250,
            // It forwards the mail.
            Self::RcptTo => matches!(code, 250 | 251),
            Self::Data => code == 354,
            Self::Quit => true,
        }
    }

    /// For a message about what went wrong.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Helo => "HELO",
            Self::MailFrom => "MAIL FROM",
            Self::RcptTo => "RCPT TO",
            Self::Data => "DATA",
            Self::Text => "the message",
            Self::Quit => "QUIT",
        }
    }
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Send this, then wait for more.
    Send(String),
    /// Wait for more.
    Wait,
    /// It is over, and the mail is the mailer's.
    Done,
}

/// Why a mailer did not take the mail.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("'{reply}' to {}", .step.name())]
    Reply { step: Step, reply: String },
    #[error("no SMTP reply to {}", .0.name())]
    Garbage(Step),
}

/// The dialogue about one mail.
#[derive(Debug)]
pub(super) struct Dialogue<'m> {
    letterhead: &'m Letterhead,
    mail: &'m Mail,
    step: Step,
    /// The line of a reply as far as it is there.
    line: Vec<u8>,
}

impl<'m> Dialogue<'m> {
    pub(super) fn new(letterhead: &'m Letterhead, mail: &'m Mail) -> Self {
        Self { letterhead, mail, step: Step::Greeting, line: Vec::new() }
    }

    /// Where it is.
    pub(super) fn step(&self) -> Step {
        self.step
    }

    /// Takes what the mailer said. A reply of several lines is read to its last one; what it says before it was asked
    /// counts for what it is asked next.
    pub(super) fn receive(&mut self, bytes: &[u8]) -> Result<Next, Refused> {
        let mut send = String::new();
        for byte in bytes {
            if *byte != b'\n' {
                if self.line.len() == LONGEST_REPLY {
                    return Err(Refused::Garbage(self.step));
                }
                self.line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            let Some((code, last)) = code_of(line) else { return Err(Refused::Garbage(self.step)) };
            if !last {
                continue;
            }
            if !self.step.accepts(code) {
                let reply = one_line(&String::from_utf8_lossy(line));
                return Err(Refused::Reply { step: self.step, reply });
            }
            match self.advance() {
                Some(command) => send.push_str(&command),
                None => return Ok(Next::Done),
            }
        }
        Ok(if send.is_empty() { Next::Wait } else { Next::Send(send) })
    }

    /// The next step, and what it says.
    fn advance(&mut self) -> Option<String> {
        let Letterhead { hostname, from, to } = self.letterhead;
        let (step, text) = match self.step {
            Step::Greeting => (Step::Helo, format!("HELO {hostname}\r\n")),
            Step::Helo => (Step::MailFrom, format!("MAIL FROM:<{from}>\r\n")),
            Step::MailFrom => (Step::RcptTo, format!("RCPT TO:<{to}>\r\n")),
            Step::RcptTo => (Step::Data, "DATA\r\n".to_owned()),
            Step::Data => (Step::Text, format!("{}\r\n.\r\n", self.mail.text)),
            Step::Text => (Step::Quit, "QUIT\r\n".to_owned()),
            Step::Quit => return None,
        };
        self.step = step;
        Some(text)
    }
}

/// The code of a line of a reply, and whether it is the last one (RFC 5321, section 4.2).
fn code_of(line: &[u8]) -> Option<(u16, bool)> {
    let digits = line.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match line.get(3) {
        None | Some(b' ') => Some((code, true)),
        Some(b'-') => Some((code, false)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What is said to a mailer that says these, and how it ends.
    fn dialogue(replies: &[&str]) -> (Vec<String>, Result<Next, Refused>) {
        let letterhead = Letterhead { hostname: "h".into(), from: "f@x".into(), to: "t@y".into() };
        let mail = Mail { text: "the mail\r\n".into() };
        let mut dialogue = Dialogue::new(&letterhead, &mail);
        let mut said = Vec::new();
        let mut last = Ok(Next::Wait);
        for reply in replies {
            last = dialogue.receive(reply.as_bytes());
            match &last {
                Ok(Next::Send(text)) => said.push(text.trim_end().to_owned()),
                Ok(Next::Wait) => {}
                _ => break,
            }
        }
        (said, last)
    }

    const ALL: [&str; 6] = ["HELO h", "MAIL FROM:<f@x>", "RCPT TO:<t@y>", "DATA", "the mail\r\n\r\n.", "QUIT"];

    #[test]
    fn a_mail_is_taken() {
        let replies =
            ["220 x\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n", "221 bye\r\n"];
        let (said, end) = dialogue(&replies);
        assert_eq!(said, ALL);
        assert_eq!(end, Ok(Next::Done));
    }

    #[test]
    fn replies_of_several_lines_and_in_pieces() {
        let replies = [
            "220-a\r\n",
            "220 b\r\n",
            "25",
            "0-x\r\n250-y\r\n250",
            " z\r\n",
            "250\r\n",
            "251 on\r\n",
            "354 go\n",
            "250 ok\r\n",
            "500 what?\r\n",
        ];
        let (said, end) = dialogue(&replies);
        assert_eq!(said, ALL);
        assert_eq!(end, Ok(Next::Done));
    }

    #[test]
    fn a_mailer_that_refuses() {
        let full = ["220 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "354 x\r\n", "250 x\r\n"];
        for (at, step) in ["greeting", "HELO", "MAIL FROM", "RCPT TO", "DATA", "the message"].iter().enumerate() {
            let mut replies = full;
            replies[at] = "550 no\u{1}\r\n";
            let (said, end) = dialogue(&replies);
            assert_eq!(said.len(), at);
            assert_eq!(end.unwrap_err().to_string(), format!("'550 no ' to {step}"));
        }
    }

    #[test]
    fn what_is_no_reply() {
        let long = format!("220 {}", "x".repeat(2000));
        for reply in ["hello\r\n", "22\r\n", "2200 x\r\n", "\r\n", long.as_str()] {
            assert_eq!(dialogue(&[reply]).1, Err(Refused::Garbage(Step::Greeting)), "{reply}");
        }
    }

    #[test]
    fn what_comes_early_counts() {
        let (said, end) = dialogue(&["220 x\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n", "221 bye\r\n"]);
        assert_eq!(said.concat().split("\r\n").count(), 8);
        assert_eq!(end, Ok(Next::Done));
    }
}
