//! Configuration: text to one typed model. haproxy.cfg and TOML are two front ends of the same document.

pub mod conditional;
pub mod convert;
pub mod diagnostic;
pub mod document;
pub mod environment;
pub mod lexer;
pub mod model;
pub mod predicate;
pub mod suggest;
pub mod toml;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use document::{Document, Line, Place, Section, Word};
pub use model::*;
