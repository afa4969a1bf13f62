//! What happens to a frontend as a whole, and the lines HAProxy writes about it.

use std::sync::Arc;

/// A frontend stopped accepting, or accepts again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontendEvent {
    /// Name of the section.
    pub frontend: Arc<str>,
    /// Whether it is a `listen` section.
    pub listen: bool,
    /// What happened.
    pub kind: FrontendEventKind,
}

/// What happened to a frontend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontendEventKind {
    /// It accepts nothing until it is enabled again.
    Paused,
    /// It accepts again.
    Resumed,
    /// It accepts nothing any more.
    Stopped {
        /// Connections of clients so far.
        connections: u64,
        /// Sessions of the section's backend so far.
        sessions: u64,
    },
}

impl FrontendEvent {
    /// The line for logs and for standard error, where it is a warning.
    pub fn line(&self) -> String {
        let kind = if self.listen { "proxy" } else { "frontend" };
        match self.kind {
            FrontendEventKind::Paused => format!("Paused {kind} {}.", self.frontend),
            FrontendEventKind::Resumed => format!("Resumed {kind} {}.", self.frontend),
            FrontendEventKind::Stopped { connections, sessions } => {
                format!("Proxy {} stopped (cumulated conns: FE: {connections}, BE: {sessions}).", self.frontend)
            }
        }
    }
}
