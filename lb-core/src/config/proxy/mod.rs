//! Keyword tables of the proxy sections.

pub mod log;
