//! Configuration: text to one typed model. haproxy.cfg and TOML are two front ends of the same document.

pub mod accounts;
pub mod address;
pub mod diagnostic;
pub mod document;
pub mod error_reply;
pub mod model;
pub mod proxy;
pub mod suggest;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use document::{Document, Line, Place, Section, Word};
pub use model::*;
