//! Why a listening socket could not be made, in HAProxy's words.

use std::fmt;
use std::io;

/// Why a socket could not be made. Displays as HAProxy's message after `Binding [file:line] for frontend x: `.
#[derive(Debug)]
pub struct BindError {
    /// The step that failed.
    pub kind: BindErrorKind,
    /// The address as in the message.
    pub address: String,
    /// What the system said.
    pub source: io::Error,
}

/// Steps of [`bind_socket`](super::bind_socket) that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindErrorKind {
    /// socket(2).
    Create,
    /// IP_TRANSPARENT or IP_FREEBIND.
    Transparent,
    /// IPV6_V6ONLY.
    V6Only,
    /// bind(2).
    Bind,
    /// bind(2) of a UNIX socket.
    BindUnix,
    /// Permissions of the UNIX socket's file.
    Permissions,
    /// Moving the UNIX socket to its final name.
    Rename,
    /// listen(2).
    Listen,
    /// An inherited descriptor is not there or is not a listening stream socket.
    Inherited,
    /// An option this build cannot set without unsafe code (`defer-accept`, `tfo`).
    Unsupported,
}

impl fmt::Display for BindError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (why, address) = (describe(&self.source), &self.address);
        match self.kind {
            BindErrorKind::Create => write!(out, "cannot create receiving socket ({why}) for [{address}]"),
            BindErrorKind::Transparent => write!(out, "cannot do transparent binding ({why}) for [{address}]"),
            BindErrorKind::V6Only => write!(out, "cannot set IPV6_V6ONLY ({why}) for [{address}]"),
            BindErrorKind::Bind => write!(out, "cannot bind socket ({why}) for [{address}]"),
            BindErrorKind::BindUnix => write!(out, "cannot bind UNIX socket ({why}) [{address}]"),
            BindErrorKind::Permissions => write!(out, "cannot change UNIX socket ownership ({why}) [{address}]"),
            BindErrorKind::Rename => write!(out, "cannot switch final and temporary UNIX sockets ({why}) [{address}]"),
            BindErrorKind::Listen => write!(out, "cannot listen to socket ({why}) for [{address}]"),
            BindErrorKind::Inherited => write!(out, "cannot use file descriptor '{address}' : {why}."),
            BindErrorKind::Unsupported => write!(out, "{why} for [{address}]"),
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The system's words for an error, without Rust's "(os error n)".
pub(super) fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}
