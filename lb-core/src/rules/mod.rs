//! Stage 3: what HTTP rules do to heads, and the answers that they make. Everything here takes heads and bytes;
//! `stream/rules` decides which rule applies.

pub(crate) mod address;
pub mod auth;
pub mod cacheable;
pub mod capture;
pub mod headers;
pub mod redirect;
pub mod reply;
pub mod target;
