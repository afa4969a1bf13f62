//! Stage 2: HTTP messages. `message` is the protocol-neutral head; `h1` and `h2` read and write it.

pub mod forwarded;
pub mod h1;
pub mod h2;
pub(crate) mod host;
pub mod message;
pub mod reply;
pub mod status;
pub mod uri;

pub use message::{BodyLength, Head, Version};
