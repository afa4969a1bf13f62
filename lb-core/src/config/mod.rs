//! Configuration: text to one typed model. haproxy.cfg and TOML are two front ends of the same document.
//!
//! # Layout, in the order of the text's way
//!
//! ```text
//! files        which files, and their bytes
//! lexer        a line to words; environment: the variables in it
//! reader       lines to sections; conditional, predicate: .if and its likes
//! toml         the other language: tables to sections
//! convert      sections to either language
//! document     what was read: sections of lines of words
//! sections     sections to the model by keyword tables: global, proxy, userlist, http_errors, resolvers, mailers
//! model        the typed configuration
//! load         all of the above in one call
//! diagnostic   what is wrong and where; suggest: what was meant; render: as text
//! keyword      the tables as `-dK` prints them
//! ```

pub mod account;
pub mod address;
mod address_variables;
pub mod conditional;
pub mod convert;
mod default_path;
pub mod diagnostic;
pub mod document;
pub mod environment;
pub mod error_reply;
pub mod files;
pub mod global;
pub mod http_errors;
pub mod keyword;
pub mod lexer;
pub mod load;
pub mod mailers;
pub mod model;
pub mod predicate;
pub mod proxy;
pub mod reader;
pub mod render;
pub mod resolvers;
pub mod sections;
pub mod suggest;
mod tls_words;
pub mod toml;
pub mod userlist;

pub use default_path::DefaultPath;
pub(crate) use default_path::Directories;
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use document::{Document, Line, Place, Section, Word};
pub use environment::Environment;
pub use load::{ConfigError, LoadOptions, Loaded};
pub use model::*;
