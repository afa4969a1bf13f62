//! What is wrong with a configuration as a whole.

use crate::tls::TlsConfigError;

/// Why a configuration cannot be run although each of its lines is right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// A proxy refers to a backend that does not exist.
    #[error("proxy '{proxy}': unable to find required backend '{backend}'")]
    UnknownBackend {
        /// The proxy that refers to it.
        proxy: String,
        /// The name it used.
        backend: String,
    },
    /// A certificate, key or authority cannot be used.
    #[error("proxy '{proxy}': {source}")]
    Tls {
        /// The proxy.
        proxy: String,
        /// Which file, and what is wrong with it.
        source: TlsConfigError,
    },
    /// A password cannot be checked.
    #[error("userlist '{userlist}': password of user '{user}': {source}")]
    Password {
        /// The userlist.
        userlist: String,
        /// The user.
        user: String,
        /// What is wrong.
        source: crate::userlist::PasswordError,
    },
    /// A log format does not compile.
    #[error("proxy '{proxy}': {message}")]
    LogFormat {
        /// The proxy.
        proxy: String,
        /// What is wrong.
        message: String,
    },
    /// The network namespace of a server cannot be opened.
    #[error("proxy '{proxy}': server '{server}': cannot open namespace '{namespace}': {source}")]
    Namespace {
        /// The proxy.
        proxy: String,
        /// The server.
        server: String,
        /// The namespace.
        namespace: String,
        /// What the system said.
        source: std::io::Error,
    },
}
