//! The text of a mail.

use jiff::Zoned;

/// The longest line that mailers must take, without its end (RFC 5321, section 4.5.3.1.6).
const LONGEST_LINE: usize = 998;

/// What stands in front of a subject.
const SUBJECT: &str = "Subject: [HAProxy Alert] ";

/// Who writes to whom, for all mails of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letterhead {
    /// How mailers are greeted.
    pub(super) hostname: String,
    /// The sender.
    pub(super) from: String,
    /// The recipient.
    pub(super) to: String,
}

/// A mail about one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    /// Head and text, without the line that ends it.
    pub(super) text: String,
}

impl Mail {
    /// A mail that says `line`, the line that logs get.
    pub(super) fn new(letterhead: &Letterhead, line: &str, date: &Zoned) -> Self {
        let Letterhead { from, to, .. } = letterhead;
        let date = date.strftime("%a, %d %b %Y %T %z (%Z)");
        let line = one_line(line.strip_suffix('.').unwrap_or(line));
        let (subject, _) = split(&line, LONGEST_LINE - SUBJECT.len());
        let mut text = format!("From: {from}\r\nTo: {to}\r\nDate: {date}\r\n{SUBJECT}{subject}\r\n\r\n");
        let mut rest = line.as_str();
        while !rest.is_empty() {
            // A dot that begins a line is doubled (RFC 5321, section 4.5.2).
            if rest.starts_with('.') {
                text.push('.');
            }
            let (now, later) = split(rest, LONGEST_LINE - 1);
            text.push_str(now);
            text.push_str("\r\n");
            rest = later;
        }
        Self { text }
    }
}

/// A text without anything that would end a line or a string.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The first bytes of a text, at most so many, and the rest.
fn split(text: &str, most: usize) -> (&str, &str) {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= most).last();
    text.split_at_checked(end.unwrap_or(text.len())).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;

    fn mail(line: &str) -> String {
        let letterhead = Letterhead { hostname: "h".into(), from: "f@x".into(), to: "t@y".into() };
        let date = Timestamp::from_second(1_795_723_954).unwrap().to_zoned(TimeZone::UTC);
        Mail::new(&letterhead, line, &date).text
    }

    /// As HAProxy 2.6.12 was seen to write it.
    #[test]
    fn head_and_text() {
        assert_eq!(
            mail("Server b/s is UP. 0 total in queue."),
            "From: f@x\r\nTo: t@y\r\nDate: Thu, 26 Nov 2026 20:12:34 +0000 (UTC)\r\n\
             Subject: [HAProxy Alert] Server b/s is UP. 0 total in queue\r\n\r\nServer b/s is UP. 0 total in queue\r\n"
        );
    }

    #[test]
    fn no_text_ends_a_line_or_the_mail() {
        let text = mail("a\r\n.\r\nRCPT TO:<x>\0");
        assert!(text.ends_with("\r\n\r\na  .  RCPT TO:<x> \r\n"), "{text}");
        assert!(mail(".x").ends_with("Subject: [HAProxy Alert] .x\r\n\r\n..x\r\n"));
    }

    #[test]
    fn lines_are_no_longer_than_mailers_take() {
        let text = mail(&"é".repeat(1500));
        assert!(text.split("\r\n").all(|line| line.len() <= LONGEST_LINE));
        let body: String = text.split_once("\r\n\r\n").unwrap().1.split("\r\n").collect();
        assert_eq!(body, "é".repeat(1500));
    }
}
