//! HTTP/2 behind flat header lists (RFC 9113).
//!
//! `connection` is the protocol itself: a state machine, bytes in and bytes out, over [`frame`], [`hpack`] and
//! [`convert`]. `drive` moves the bytes between it and a socket, once per wake-up. [`server::H2ServerConnection`]
//! accepts streams from a client, [`client::H2Client`] opens them to a server; both speak
//! [`Head`](crate::http::Head). Nothing here is `Send`: a connection and its streams live on one worker.

pub mod body;
pub mod client;
pub(crate) mod connection;
pub mod convert;
mod drive;
pub mod error;
pub mod frame;
pub mod hpack;
pub mod server;
pub mod settings;

pub use body::{H2RecvBody, H2SendBody};
pub use client::{H2Client, H2ClientDriver, H2Response};
pub use connection::H2Counts;
pub use error::{H2Error, H2ErrorKind, H2Side, H2Stage, Reason};
pub use server::{H2Accepted, H2Request, H2Responder, H2ServerConnection};
pub use settings::H2Settings;

#[cfg(test)]
mod tests;
