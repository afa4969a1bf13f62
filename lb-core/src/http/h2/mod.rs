//! HTTP/2 behind flat header lists, over the h2 crate (RFC 9113).
//!
//! [`server::H2ServerConnection`] accepts streams from a client, [`client::H2Client`] opens them to a server; both
//! speak [`Head`](crate::http::Head) and never show a type of the h2 crate, so that an own codec can take its place.
//! [`coalesce`] gathers what the streams write and sends it once per wake-up. Nothing here is `Send`: a connection
//! and its streams live on one worker.

pub mod body;
pub mod client;
pub mod coalesce;
pub mod convert;
pub mod error;
pub mod server;
pub mod settings;

pub use body::{H2RecvBody, H2SendBody};
pub use client::{H2Client, H2ClientDriver, H2Response};
pub use error::{H2Error, H2ErrorKind, H2Side, H2Stage, Reason};
pub use server::{H2Accepted, H2Request, H2Responder, H2ServerConnection};
pub use settings::H2Settings;

#[cfg(test)]
mod tests;
