//! Why a command was not done: a code for programs, HAProxy's words for people and scripts.

use std::borrow::Cow;

use super::severity::Severity;

/// What kind of failure a [`CommandError`] is. The numbers are stable: they are also those of the C interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[non_exhaustive]
pub enum ErrorCode {
    /// There is no such command.
    UnknownCommand = 1,
    /// A word is missing, too much, or not understood.
    Usage = 2,
    /// The level of the caller is too low.
    Denied = 3,
    /// The command names a proxy, server, session or table that does not exist.
    NotFound = 4,
    /// What is to be made exists already.
    Exists = 5,
    /// The value is not allowed there.
    Invalid = 6,
    /// The object is in a state in which this cannot be done.
    State = 7,
    /// The system refused.
    System = 8,
}

/// Why a command was not done. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct CommandError {
    code: ErrorCode,
    severity: Severity,
    text: Cow<'static, str>,
    blank_line: bool,
}

impl CommandError {
    /// An error with HAProxy's text, without the line end.
    pub fn new(code: ErrorCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, severity: Severity::Error, text: text.into(), blank_line: true }
    }

    /// The same error with another severity.
    #[must_use]
    pub fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// The same error as one that no empty line follows on the stats socket.
    #[must_use]
    pub fn without_blank_line(self) -> Self {
        Self { blank_line: false, ..self }
    }

    /// Whether an empty line follows the text on the stats socket, as it does after most. HAProxy leaves it out after
    /// some, and clients that read up to it know those.
    pub fn has_blank_line(&self) -> bool {
        self.blank_line
    }

    /// The kind of failure.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What `set severity-output` puts before the text.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// HAProxy's words, without the line end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A server's `backend/server` names no backend.
    pub fn no_such_backend() -> Self {
        Self::new(ErrorCode::NotFound, "No such backend.")
    }

    /// A name names no server of its backend.
    pub fn no_such_server() -> Self {
        Self::new(ErrorCode::NotFound, "No such server.")
    }

    /// A name names no frontend.
    pub fn no_such_frontend() -> Self {
        Self::new(ErrorCode::NotFound, "No such frontend.")
    }

    /// A command that needs the name of a frontend got none.
    pub fn frontend_expected() -> Self {
        Self::new(ErrorCode::Usage, "A frontend name is expected.")
    }

    /// The caller's level is too low.
    pub fn denied() -> Self {
        Self::new(ErrorCode::Denied, "Permission denied")
    }
}
