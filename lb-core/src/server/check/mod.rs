//! Health checks: what is sent to a server, what it must answer, and what is reported (configuration.txt, `check`).
//!
//! ```text
//!   schedule     when: one task per checked server, on the runtime of the control thread
//!   run          the sockets: what the machine wants is done, with its deadlines
//!   connection   where a connection goes, what is said first, how it is closed
//!   machine      a script while it runs, without sockets: bytes in, the next step or the result out
//!   expect       whether an answer is the expected one; http, h2, mysql, ldap: protocols it knows
//!   script       the steps of a backend's checks, also those that an option stands for
//!   environment  what expressions and formats see
//!   process      `option external-check`
//!   status       what came of it: word, code, description, duration
//! ```
//!
//! What a result means for the server is decided by [`super::health::Health`] and
//! [`crate::backend::Backend::apply_check`].

mod connection;
mod environment;
mod expect;
mod h2;
mod http;
mod ldap;
mod machine;
mod mysql;
mod process;
mod run;
mod schedule;
mod script;
mod status;

pub(crate) use connection::Failure;
pub(super) use connection::socket_towards;
pub(crate) use environment::World;
pub(crate) use process::External;
pub(crate) use schedule::run_checks;
pub use schedule::{CheckOptions, Checked};
pub(crate) use script::Script;
pub use status::{CheckResult, CheckStatus, Verdict};
