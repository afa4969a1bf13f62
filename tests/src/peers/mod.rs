//! Clients and servers that speak HTTP/1 or HTTP/2, in clear or under TLS, behind one face; asynchronous, over
//! tokio-rustls and the h2 crate.
//!
//! ```text
//! certificates   a certificate authority and what it signs, in files
//! client         one client connection: any protocol, whole exchanges or step by step
//! server         an origin that answers by path, in any protocol
//! http1          HTTP/1 messages on a byte stream
//! body           bodies by seed, told by a digest
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

pub mod body;
pub mod certificates;
pub mod client;
pub mod http1;
pub mod server;

use tokio::io::{AsyncRead, AsyncWrite};

/// A byte stream of any kind.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

pub type Stream = Box<dyn Io>;

/// Fields of a message, names in lower case.
pub type Fields = Vec<(String, String)>;

/// The first value of a field.
pub fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Waits, but not for ever.
pub async fn patiently<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(std::time::Duration::from_secs(30), work).await {
        Ok(done) => done,
        Err(_) => panic!("never came: {what}"),
    }
}
