//! A client of the stats socket: bytes out, bytes in.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::PATIENCE;

/// Where commands are taken.
#[derive(Clone, Debug)]
pub enum CliAddress {
    /// A UNIX socket.
    Unix(PathBuf),
    /// A TCP socket.
    Tcp(SocketAddr),
}

impl From<&Path> for CliAddress {
    fn from(path: &Path) -> Self {
        Self::Unix(path.to_owned())
    }
}

impl From<SocketAddr> for CliAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

/// One connection to a stats socket.
#[derive(Debug)]
pub enum Cli {
    /// A UNIX socket.
    Unix(UnixStream),
    /// A TCP socket.
    Tcp(TcpStream),
}

impl Cli {
    /// Connects.
    ///
    /// # Panics
    /// When nobody listens.
    #[track_caller]
    pub fn connect(address: &CliAddress) -> Self {
        let cli = match address {
            CliAddress::Unix(path) => Self::Unix(UnixStream::connect(path).expect("a UNIX socket")),
            CliAddress::Tcp(address) => Self::Tcp(TcpStream::connect(address).expect("a TCP socket")),
        };
        match &cli {
            Self::Unix(unix) => unix.set_read_timeout(Some(PATIENCE)),
            Self::Tcp(tcp) => tcp.set_read_timeout(Some(PATIENCE)),
        }
        .expect("a timeout");
        cli
    }

    /// Sends bytes. A connection that is closed already takes none, which is no error here.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let bytes = bytes.as_ref();
        let _ = match self {
            Self::Unix(unix) => unix.write_all(bytes),
            Self::Tcp(tcp) => tcp.write_all(bytes),
        };
        self
    }

    /// Says that nothing more will be sent.
    pub fn finish(&mut self) -> &mut Self {
        let _ = match self {
            Self::Unix(unix) => unix.shutdown(Shutdown::Write),
            Self::Tcp(tcp) => tcp.shutdown(Shutdown::Write),
        };
        self
    }

    fn read_some(&mut self, piece: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Unix(unix) => unix.read(piece),
            Self::Tcp(tcp) => tcp.read(piece),
        }
    }

    /// Everything up to the end; a reset is an end.
    ///
    /// # Panics
    /// When the end does not come.
    #[track_caller]
    pub fn rest(&mut self) -> String {
        self.read(|_| false)
    }

    /// Everything until the text ends so, or up to the end.
    ///
    /// # Panics
    /// When neither comes.
    #[track_caller]
    pub fn until(&mut self, end: &str) -> String {
        self.read(|text| text.ends_with(end.as_bytes()))
    }

    #[track_caller]
    fn read(&mut self, enough: impl Fn(&[u8]) -> bool) -> String {
        let (mut text, mut piece) = (Vec::new(), [0; 16384]);
        while !enough(&text) {
            match self.read_some(&mut piece) {
                Ok(0) => break,
                Ok(count) => text.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
                Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&text)),
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// Sends a command, or several, in a connection of its own and reads the answer to its end.
///
/// # Panics
/// When nobody listens or no end comes.
#[track_caller]
pub fn ask(address: &CliAddress, command: &str) -> String {
    Cli::connect(address).send(format!("{command}\n")).rest()
}
