//! Errors and warnings of a configuration: each names its file, line, column, word and the nearest known word.

use super::document::Place;
use std::sync::Arc;

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// `.diag` messages and `-dD` hints: shown only when asked for.
    Diag,
    /// `[NOTICE]`.
    Notice,
    /// `[WARNING]`: the configuration is accepted.
    Warning,
    /// `[ALERT]`: the configuration is refused.
    Alert,
}

/// One message about a configuration.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where; `None` for messages about the whole configuration.
    pub place: Option<Place>,
    /// HAProxy's text, without the `parsing [file:line] : ` prefix.
    pub message: String,
    /// The offending word, when one word is to blame.
    pub word: Option<String>,
    /// The nearest known word.
    pub suggestion: Option<String>,
    /// The source line, for the excerpt with the caret.
    pub source: Option<Arc<str>>,
}
