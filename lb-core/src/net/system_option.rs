//! Socket options that no safe interface offers. The library holds no unsafe code; the program that embeds it may
//! give it a function that sets them.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::sync::Arc;

/// An option of a TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SystemOption {
    /// `bind ... defer-accept`: TCP_DEFER_ACCEPT, 1 second.
    DeferAccept,
    /// `bind ... tfo`: TCP_FASTOPEN with this queue length.
    FastOpen(u32),
    /// `server ... tfo`: TCP_FASTOPEN_CONNECT.
    FastOpenConnect,
    /// `silent-drop`: TCP_REPAIR, so that closing sends nothing. Needs CAP_NET_ADMIN.
    Repair,
}

impl SystemOption {
    /// The word of the configuration that asks for it.
    fn keyword(self) -> &'static str {
        match self {
            Self::DeferAccept => "defer-accept",
            Self::FastOpen(_) | Self::FastOpenConnect => "tfo",
            Self::Repair => "silent-drop",
        }
    }
}

/// Sets a [`SystemOption`] on a socket.
pub type SetSystemOption = Arc<dyn Fn(BorrowedFd<'_>, SystemOption) -> io::Result<()> + Send + Sync>;

/// What the kernel measured of a TCP connection (tcp(7), TCP_INFO). Counters are in segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    /// Round-trip time in microseconds.
    pub rtt_us: u32,
    /// Its variance in microseconds.
    pub rtt_var_us: u32,
    /// Sent and not acknowledged.
    pub unacked: u32,
    /// Acknowledged selectively.
    pub sacked: u32,
    /// Thought lost.
    pub lost: u32,
    /// Sent again and not acknowledged.
    pub retransmits: u32,
    /// Acknowledged forward.
    pub fackets: u32,
    /// Reordering that is expected.
    pub reordering: u32,
}

/// Reads the [`TcpInfo`] of a socket, which is open while the function runs.
pub type GetTcpInfo = Arc<dyn Fn(RawFd) -> io::Result<TcpInfo> + Send + Sync>;

/// The functions of the embedding program, as far as it gave any.
#[derive(Clone, Default)]
pub struct SystemOptions {
    set: Option<SetSystemOption>,
    tcp_info: Option<GetTcpInfo>,
}

impl SystemOptions {
    /// With a function that sets options.
    pub fn new(set: SetSystemOption) -> Self {
        Self { set: Some(set), tcp_info: None }
    }

    /// With a function that reads what the kernel measured, for `fc_rtt` and its likes.
    pub fn with_tcp_info(self, get: GetTcpInfo) -> Self {
        Self { tcp_info: Some(get), ..self }
    }

    /// What the kernel measured of a connection.
    ///
    /// # Errors
    /// `Unsupported` where the program gave no function, else what the system says.
    pub fn tcp_info(&self, socket: RawFd) -> io::Result<TcpInfo> {
        self.tcp_info.as_ref().ok_or(io::ErrorKind::Unsupported)?(socket)
    }

    /// Sets an option.
    ///
    /// # Errors
    /// `Unsupported` where the program gave no function, else what the system says.
    pub fn set(&self, socket: &impl AsFd, option: SystemOption) -> io::Result<()> {
        match &self.set {
            Some(set) => set(socket.as_fd(), option),
            None => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("'{}' is not supported: the program offers no function to set it", option.keyword()),
            )),
        }
    }
}

impl fmt::Debug for SystemOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemOptions")
            .field("set", &self.set.is_some())
            .field("tcp_info", &self.tcp_info.is_some())
            .finish()
    }
}
