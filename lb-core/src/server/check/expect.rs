//! Whether an answer is the expected one.

use super::environment::Environment;
use super::machine::{Outcome, Received};
use super::status::CheckStatus;
use super::{ldap, mysql};
use crate::config::model::{CheckExpect, CheckPattern, CheckText, HeaderMatch, HeaderMethod, HeaderPattern};
use crate::http::h1::framing::list;
use crate::http::message::Head;
use crate::sample::value::SampleType;
use crate::sample::variable::Variables;

/// What came of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// More bytes are needed.
    Wait,
    /// It was met.
    Pass(Outcome),
    /// It was not.
    Fail(Outcome),
}

/// An expectation, and what it is held against.
pub(super) struct View<'a> {
    pub(super) expected: &'a CheckExpect,
    pub(super) received: &'a Received,
    pub(super) http: bool,
    /// A 404 means that the server is about to stop.
    pub(super) disable_on_404: bool,
    pub(super) step: usize,
    pub(super) comment: Option<&'a str>,
    pub(super) scopes: (&'a Variables, &'a Variables),
    pub(super) environment: &'a Environment<'a>,
}

/// What is compared with the bytes of an answer.
enum Compared<'a> {
    Bytes(std::borrow::Cow<'a, [u8]>),
    Regex(&'a crate::regex::Regex),
    HexRegex(&'a crate::regex::Regex),
}

impl View<'_> {
    /// Judges what is there. `passed` is what is said of a success where nothing else is.
    pub(super) fn judge(&self, passed: Option<String>) -> Judged {
        if self.http { self.judge_http() } else { self.judge_bytes(passed) }
    }

    fn judge_bytes(&self, passed: Option<String>) -> Judged {
        let (data, last) = (self.received.bytes.as_slice(), self.received.last);
        if data.is_empty() {
            if !last {
                return Judged::Wait;
            }
            return self.fail(format!("TCPCHK got an empty response at step {}", self.step), true, 0);
        }
        match &self.expected.pattern {
            CheckPattern::MysqlGreeting { last: ends } => return mysql::greeting(data, last, *ends),
            CheckPattern::MysqlAnswer => return mysql::answer(data, last),
            CheckPattern::Ldap => return ldap::response(data, last),
            _ => {}
        }
        let compared = match self.compared() {
            Ok(compared) => compared,
            Err(text) => return self.fail(text.to_owned(), false, 0),
        };
        match self.matches(&compared, data, last) {
            None => Judged::Wait,
            Some(matched) if matched != self.expected.negated => self.pass(passed, 0),
            Some(_) => {
                let how = if self.expected.negated { "matched unwanted" } else { "did not match" };
                let what = match &self.expected.pattern {
                    CheckPattern::Text(text) => format!(" '{}'", String::from_utf8_lossy(text)),
                    CheckPattern::Binary(_) => " (binary)".to_owned(),
                    CheckPattern::Regex(_) => " (regex)".to_owned(),
                    CheckPattern::BinaryRegex(_) => " (binary regex)".to_owned(),
                    CheckPattern::TextFormat(_) => " (log-format string)".to_owned(),
                    _ => " (log-format binary)".to_owned(),
                };
                self.fail(format!("TCPCHK {how} content{what} at step {}", self.step), false, 0)
            }
        }
    }

    /// What the pattern is now.
    fn compared(&self) -> Result<Compared<'_>, &'static str> {
        let text = |format| self.environment.text(self.scopes, self.received, format);
        let bytes = |bytes: Vec<u8>| Compared::Bytes(bytes.into());
        match &self.expected.pattern {
            CheckPattern::Text(text) | CheckPattern::Binary(text) => Ok(Compared::Bytes(text.into())),
            CheckPattern::Regex(regex) => Ok(Compared::Regex(regex)),
            CheckPattern::BinaryRegex(regex) => Ok(Compared::HexRegex(regex)),
            CheckPattern::TextFormat(format) => Some(text(format))
                .filter(|text| !text.is_empty())
                .map(bytes)
                .ok_or("log-format string evaluated to an empty string"),
            CheckPattern::BinaryFormat(format) => {
                let text = text(format);
                if text.is_empty() {
                    return Err("log-format string evaluated to an empty string");
                }
                from_hexadecimal(&text)
                    .map(bytes)
                    .ok_or("Failed to parse hexastring resulting of eval of a log-format string")
            }
            // The others are no matter of bytes.
            _ => Ok(bytes(Vec::new())),
        }
    }

    /// Whether the pattern is in `data`; `None` while more may come that decides.
    fn matches(&self, compared: &Compared<'_>, data: &[u8], last: bool) -> Option<bool> {
        let shortest = match compared {
            Compared::Bytes(bytes) => bytes.len(),
            Compared::Regex(_) | Compared::HexRegex(_) => 0,
        };
        let minimum = self.expected.min_recv.map_or(0, |minimum| minimum as usize);
        if !last && data.len() < shortest.max(minimum) {
            return None;
        }
        let matched = match compared {
            Compared::Bytes(bytes) => memchr::memmem::find(data, bytes).is_some(),
            Compared::Regex(regex) => regex.is_match(data),
            Compared::HexRegex(regex) => regex.is_match(&to_hexadecimal(data)),
        };
        if !matched && !last && self.expected.min_recv.is_none() { None } else { Some(matched) }
    }

    fn judge_http(&self) -> Judged {
        let Some(answer) = &self.received.answer else { return Judged::Wait };
        let last = answer.complete || self.received.last;
        let Some(head) = &answer.head else {
            // Neither a code nor a text: there was no response.
            let failed = answer.broken || self.received.last;
            return if failed { Judged::Fail(Outcome::new(CheckStatus::L7InvalidResponse)) } else { Judged::Wait };
        };
        let code = i32::from(head.status());
        if self.disable_on_404 && code == 404 {
            return Judged::Fail(Outcome { code, ..Outcome::new(CheckStatus::L7OkConditional) });
        }
        let of_head = match &self.expected.pattern {
            CheckPattern::Status(ranges) => {
                let status = u32::from(head.status());
                Some(ranges.iter().any(|(low, high)| (*low..=*high).contains(&status)))
            }
            CheckPattern::StatusRegex(regex) => Some(regex.is_match(head.status().to_string().as_bytes())),
            CheckPattern::Header(pattern) => Some(self.has_header(head, pattern)),
            _ => None,
        };
        if let Some(matched) = of_head {
            if matched != self.expected.negated {
                return self.pass(None, code);
            }
            return self.fail(String::from_utf8_lossy(head.reason()).into_owned(), false, code);
        }
        if answer.body.is_empty() {
            if answer.broken {
                return Judged::Fail(Outcome::new(CheckStatus::L7InvalidResponse));
            }
            if !last {
                return Judged::Wait;
            }
            return self.fail("HTTP content check could not find a response body".to_owned(), false, code);
        }
        let compared = match self.compared() {
            Ok(compared) => compared,
            Err(text) => return self.fail(text.to_owned(), false, code),
        };
        match self.matches(&compared, &answer.body, last) {
            None if answer.broken => Judged::Fail(Outcome::new(CheckStatus::L7InvalidResponse)),
            None => Judged::Wait,
            Some(matched) if matched != self.expected.negated => self.pass(None, code),
            Some(true) => self.fail("HTTP check matched unwanted content".to_owned(), false, code),
            Some(false) => self.fail("HTTP content check did not match".to_owned(), false, code),
        }
    }

    fn has_header(&self, head: &Head, pattern: &HeaderPattern) -> bool {
        let text = |text: &CheckText| match text {
            CheckText::Fixed(text) => text.as_bytes().to_vec(),
            CheckText::Format(format) => self.environment.text(self.scopes, self.received, format),
        };
        let wanted = |found: &HeaderMatch, ignore_case: bool| match found {
            HeaderMatch::Regex(_) => Vec::new(),
            HeaderMatch::Text(_, value) if ignore_case => text(value).to_ascii_lowercase(),
            HeaderMatch::Text(_, value) => text(value),
        };
        let name = wanted(&pattern.name, true);
        let value = pattern.value.as_ref().map(|value| (value, wanted(value, false)));
        head.fields().any(|(field, content)| {
            // Names are compared without their case.
            let named = compare(&pattern.name, &field.to_ascii_lowercase(), &name);
            named
                && value.as_ref().is_none_or(|(method, value)| match pattern.full {
                    true => compare(method, content, value),
                    false => list(content).any(|member| compare(method, member, value)),
                })
        })
    }

    fn pass(&self, otherwise: Option<String>, code: i32) -> Judged {
        let expected = self.expected;
        let info = expected.on_success.as_ref().map(|format| self.text(format)).or(otherwise);
        let status = expected.ok_status.unwrap_or(CheckStatus::L7Ok);
        Judged::Pass(Outcome { code: self.code(code), info, ..Outcome::new(status) })
    }

    /// `empty`: there was nothing that `on-error` could look at.
    fn fail(&self, text: String, empty: bool, code: i32) -> Judged {
        let expected = self.expected;
        let own = match &expected.pattern {
            CheckPattern::Status(_) | CheckPattern::StatusRegex(_) | CheckPattern::Header(_) => {
                CheckStatus::L7WrongStatus
            }
            _ => CheckStatus::L7InvalidResponse,
        };
        let mut info = match &expected.on_error {
            Some(format) if !empty => self.text(format),
            _ => text,
        };
        if let Some(comment) = self.comment {
            let comment = if empty { format!(" comment: '{comment}'") } else { format!(" comment: {comment}") };
            info.push_str(&comment);
        }
        let code = if empty { 0 } else { self.code(code) };
        let status = expected.error_status.unwrap_or(own);
        Judged::Fail(Outcome { code, info: Some(info), ..Outcome::new(status) })
    }

    fn text(&self, format: &crate::log::LogFormat) -> String {
        String::from_utf8_lossy(&self.environment.text(self.scopes, self.received, format)).into_owned()
    }

    /// `status-code`, or what the protocol says.
    fn code(&self, otherwise: i32) -> i32 {
        let Some(expression) = &self.expected.status_code else { return otherwise };
        let value = self.environment.with(self.scopes, self.received, |context| {
            // Bytes are a number by way of their text.
            let value = expression.evaluate(context)?.cast(SampleType::Str)?.cast(SampleType::Sint)?;
            match value {
                crate::sample::value::Value::Sint(number) => i32::try_from(number).ok(),
                _ => None,
            }
        });
        value.unwrap_or(otherwise)
    }
}

fn compare(method: &HeaderMatch, found: &[u8], wanted: &[u8]) -> bool {
    match method {
        HeaderMatch::Regex(regex) => regex.is_match(found),
        HeaderMatch::Text(HeaderMethod::Exact, _) => found == wanted,
        HeaderMatch::Text(HeaderMethod::Prefix, _) => found.starts_with(wanted),
        HeaderMatch::Text(HeaderMethod::Suffix, _) => found.ends_with(wanted),
        HeaderMatch::Text(HeaderMethod::Contains, _) => memchr::memmem::find(found, wanted).is_some(),
    }
}

/// Bytes that stand as hexadecimal digits.
pub(super) fn from_hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.chunks(2).map(pair).collect()
}

fn to_hexadecimal(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
