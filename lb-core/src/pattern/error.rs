//! Why patterns are refused, in HAProxy's words.

use crate::regex::RegexError;

/// Why patterns, a file of them or the words of an ACL are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// A pattern of the method `int` or `len` is no integer.
    #[error("'{0}' is not a number")]
    NotANumber(String),
    /// A pattern with a colon is no range of integers.
    #[error("'{0}' is not a valid number range")]
    NotARange(String),
    /// A pattern of `req.ssl_ver` is no number with a dot.
    #[error("'{0}' is not a dotted number")]
    NotDotted(String),
    /// A pattern of `req.ssl_ver` with a colon is no range.
    #[error("'{0}' is not a valid dotted number range")]
    NotADottedRange(String),
    /// Behind an operator of integers.
    #[error("'{0}' is neither a number nor a supported operator")]
    NotAnOperator(String),
    /// A pattern of the method `ip` is neither an address nor a network, nor the name of a host where those are allowed.
    #[error("'{0}' is not a valid IPv4 or IPv6 address")]
    NotAnAddress(String),
    /// A pattern of the method `bin` has an odd number of digits.
    #[error("an even number of hex digit is expected")]
    OddHex,
    /// A pattern of the method `bin` has something else than digits.
    #[error("an hex digit is expected (found '{0}')")]
    NotHex(char),
    /// A regular expression.
    #[error(transparent)]
    Regex(#[from] RegexError),
    /// A value of a map is not of the type that the converter yields.
    #[error("unable to parse '{0}'")]
    Value(String),
    /// An unknown word behind `-m`.
    #[error("unknown matching method '{0}' when parsing ACL expression")]
    UnknownMethod(String),
    /// `-m` behind `-f`.
    #[error("'-m' must only be specified before patterns and files in parsing ACL expression")]
    LateMethod,
    /// The method does not work on samples of that type.
    #[error("matching method '{method}' cannot be used with fetch keyword '{keyword}'")]
    Method {
        /// As it was written.
        method: String,
        /// The fetch.
        keyword: String,
    },
    /// There is no method for samples of that type unless one is given.
    #[error("matching method must be specified first (using '-m') when using a sample fetch of this type ('{0}')")]
    MethodMissing(String),
    /// An unknown option.
    #[error("'{0}' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'")]
    UnknownOption(String),
    /// Behind `-u`.
    #[error("the argument of -u must be an integer")]
    IdNotInteger,
    /// Two ACLs have the same number.
    #[error("the id is already used")]
    IdTaken,
    /// A file cannot be read.
    #[error("failed to open pattern file <{0}>")]
    File(String),
    /// A file was opened and cannot be read.
    #[error("error encountered while reading  <{file}> : {reason}")]
    Read {
        /// As it was written.
        file: String,
        /// The system's words.
        reason: String,
    },
    /// A file is used as a map and has keys only for another use.
    #[error("The file \"{0}\" is already used as one column file and cannot be used by as two column file.")]
    OneColumn(String),
    /// The other way round.
    #[error("The file \"{0}\" is already used as two column file and cannot be used by as one column file.")]
    TwoColumns(String),
    /// The default of a map that yields addresses is none.
    #[error("map: cannot parse default ip <{0}>.")]
    DefaultAddress(String),
    /// What is wrong in a line of a file.
    #[error("{source} at line {line} of file '{file}'")]
    Line {
        /// The fault.
        #[source]
        source: Box<PatternError>,
        /// From 1.
        line: usize,
        /// As it was written.
        file: String,
    },
}
