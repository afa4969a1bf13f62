//! Configuration: text to one typed model. haproxy.cfg and TOML are two front ends of the same document.

pub mod convert;
pub mod diagnostic;
pub mod document;
pub mod model;
pub mod toml;

pub use diagnostic::{Diagnostic, Severity};
pub use document::{Document, Line, Place, Section, Word};
pub use model::*;
