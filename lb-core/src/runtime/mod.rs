//! Beside the path: runtime commands (management.txt, section 9.3).
//!
//! ```text
//!   text of a socket, of `Proxy::execute`, of C ─▶ words ─▶ registry ─▶ Command ─┐
//!   a typed call of the library ────────────────────────────────▶ Command ─┴▶ run ─▶ Reply ─▶ render
//! ```
//!
//! Text is only a parser before and a renderer after: whatever can be asked in words can be asked with a [`Command`],
//! and is answered with a [`Reply`]. Each command is one entry of the [`registry`] and one file of `commands/` with its
//! three parts: parse, run, render. Commands run on the thread of their caller, never on a worker, and change shared
//! state only through the modules that own it.

mod caller;
mod cli_connections;
mod cli_session;
mod command;
mod commands;
mod error;
mod instance;
mod level;
mod other_sessions;
pub mod registry;
mod reply;
mod server;
mod server_name;
mod session;
mod severity;
mod words;

pub use caller::Caller;
pub use cli_session::{CliSession, Step};
pub use command::Command;
pub use commands::*;
pub(crate) use commands::{find_table, weight_by_percent};
pub use error::{CommandError, ErrorCode};
pub use instance::Instance;
pub use level::Level;
pub(crate) use other_sessions::OtherSessions;
pub use other_sessions::SessionSource;
pub use reply::Reply;
pub(crate) use server::{CliListener, CliShared, serve};
pub use server_name::{Refused, ServerName};
pub use session::{
    Channel, ClientEnd, HttpExchange, HttpMethod, ProxyRef, ServerEnd, ServerRef, SessionId, SessionIdError,
    SessionInfo, SessionProtocol, SessionStage,
};
pub use severity::{Severity, SeverityOutput};
pub use words::Words;
