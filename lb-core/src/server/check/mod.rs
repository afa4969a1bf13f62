//! Health checks: what is sent to a server, what it must answer, and what is reported (configuration.txt, `check`).
//!
//! ```text
//!   schedule     when: one task per checked server, on the runtime of the control thread
//!   connection   the socket of a check, and the PROXY protocol header on it
//!   status       what came of it: word, code, description, duration
//! ```
//!
//! So far a check is on layer 4: a connection is opened, perhaps greeted with a header, and reset. What a result means
//! for the server is decided by [`super::health::Health`] and [`Backend::apply_check`].

mod connection;
mod schedule;
mod status;

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Server;
use crate::backend::Backend;

pub(crate) use connection::Failure;
pub use schedule::{CheckOptions, Checked, run_checks};
pub use status::{CheckResult, CheckStatus, Verdict};

/// Makes one check. The connection may take `inter`, or the smaller of `inter` and `timeout connect` where
/// `timeout check` is set (configuration.txt, `timeout check`).
async fn make(backend: &Backend, server: &Server, inter: Duration) -> CheckResult {
    let settings = backend.check_settings();
    let limit = match (settings.timeout_check, settings.timeout_connect) {
        (Some(_), Some(connect)) => connect.min(inter),
        _ => inter,
    };
    let started = Instant::now();
    let attempt = timeout(limit, connection::attempt(backend, server)).await;
    let duration = started.elapsed();
    let (status, info) = match attempt {
        Ok(Ok(())) => (CheckStatus::L4Ok, None),
        Ok(Err(failure)) => failure.explain(),
        Err(_) => (CheckStatus::L4Timeout, None),
    };
    CheckResult { info, ..CheckResult::new(status, duration) }
}
