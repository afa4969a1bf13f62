//! Socket options that no safe interface offers. The library holds no unsafe code; the program that embeds it may
//! give it a function that sets them.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
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

/// The function of the embedding program, if it gave one.
#[derive(Clone, Default)]
pub struct SystemOptions(Option<SetSystemOption>);

impl SystemOptions {
    /// With a function that sets options.
    pub fn new(set: SetSystemOption) -> Self {
        Self(Some(set))
    }

    /// Sets an option.
    ///
    /// # Errors
    /// `Unsupported` where the program gave no function, else what the system says.
    pub fn set(&self, socket: &impl AsFd, option: SystemOption) -> io::Result<()> {
        match &self.0 {
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
        f.debug_tuple("SystemOptions").field(&self.0.is_some()).finish()
    }
}
