//! Listening sockets (`bind`): TCP, UNIX, abstract and inherited ones.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{Gid, Mode, Uid};
use socket2::{Domain, SockAddr, Socket, Type};

use super::bind_error::{BindError, BindErrorKind, describe};
use super::inherited::{Inherited, trim};
use super::namespace::{Namespace, stream_socket};
use super::options::set_keepalive;
use super::system_option::{SystemOption, SystemOptions};
use crate::config::model::{Address, BindOptions, KeepAliveParams};

/// Longest name of an abstract socket.
pub(super) const MAX_ABSTRACT: usize = 107;

/// Settings of a listening socket that its connections inherit and that do not stand on the `bind` line.
#[derive(Clone, Debug, Default)]
pub struct SocketTuning {
    /// `tune.sndbuf.client`.
    pub sndbuf: Option<u32>,
    /// `tune.rcvbuf.client`.
    pub rcvbuf: Option<u32>,
    /// `option clitcpka` with its parameters.
    pub keepalive: Option<KeepAliveParams>,
    /// `option nolinger`.
    pub nolinger: bool,
    /// `option tcp-smart-accept`.
    pub smart_accept: bool,
    /// For `defer-accept` and `tfo`.
    pub system: SystemOptions,
}

/// Where a listening socket really is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundAddress {
    /// IPv4 or IPv6, with the port the kernel chose where none was asked for.
    Inet(SocketAddr),
    /// UNIX; the path, `abns@` name or nothing (inherited, unnamed).
    Unix(PathBuf),
}

/// A listening, non-blocking socket. Dropping the last clone closes it and removes its UNIX path.
#[derive(Debug)]
pub struct ListenSocket {
    fd: OwnedFd,
    bound: BoundAddress,
    path: Option<Arc<OwnedPath>>,
    warnings: Vec<String>,
}

impl ListenSocket {
    /// Where it listens.
    pub fn bound(&self) -> &BoundAddress {
        &self.bound
    }

    /// Its address, when it is a TCP socket.
    pub fn inet_addr(&self) -> Option<SocketAddr> {
        match self.bound {
            BoundAddress::Inet(address) => Some(address),
            BoundAddress::Unix(_) => None,
        }
    }

    /// What could not be set though the socket works, in HAProxy's words, to be reported as warnings.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Another handle of the same socket, for another worker.
    ///
    /// # Errors
    /// When the process has no free descriptor.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { fd: self.fd.try_clone()?, bound: self.bound.clone(), path: self.path.clone(), warnings: Vec::new() })
    }

    /// Refuses connections until [`ListenSocket::resume`], for every handle of the socket. A UNIX socket cannot: its
    /// clients wait until somebody accepts again.
    pub fn pause(&self) {
        if matches!(self.bound, BoundAddress::Inet(_)) {
            // On Linux this takes it out of the listening state; on a socket that is not in it, it changes nothing.
            let _ = rustix::net::shutdown(&self.fd, rustix::net::Shutdown::Read);
        }
    }

    /// Listens again after [`ListenSocket::pause`].
    ///
    /// # Errors
    /// When somebody else has taken the address meanwhile.
    pub fn resume(&self, backlog: u32) -> io::Result<()> {
        let BoundAddress::Inet(address) = &self.bound else { return Ok(()) };
        // A port that the system chose was given back.
        match rustix::net::bind(&self.fd, address) {
            Ok(()) | Err(rustix::io::Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
        rustix::net::listen(&self.fd, i32::try_from(backlog).unwrap_or(i32::MAX))?;
        Ok(())
    }

    /// Leaves the UNIX path in place when the socket is closed, because another process serves it now.
    pub fn keep_path(&mut self) {
        if let Some(path) = &self.path {
            path.keep.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }

    /// Gives the descriptor away, for example to the next process. The path, if any, stays.
    pub fn into_fd(mut self) -> OwnedFd {
        self.keep_path();
        self.fd
    }
}

impl AsFd for ListenSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl std::os::fd::AsRawFd for ListenSocket {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.fd.as_raw_fd()
    }
}

/// The file of a UNIX socket, removed at the end unless something else has taken its place.
#[derive(Debug)]
struct OwnedPath {
    path: PathBuf,
    identity: Option<(u64, u64)>,
    keep: std::sync::atomic::AtomicBool,
}

impl Drop for OwnedPath {
    fn drop(&mut self) {
        let ours = self.identity.is_some() && identity(&self.path) == self.identity;
        if ours && !self.keep.load(std::sync::atomic::Ordering::Relaxed) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// Makes the listening socket of one address of a `bind` line.
///
/// `backlog` is what listen(2) gets. `reuseport` allows other sockets on the same address: one per worker. An inherited
/// socket keeps its own options and gets only those that can still be changed.
///
/// # Errors
/// [`BindError`], with HAProxy's text. What HAProxy only warns of is in [`ListenSocket::warnings`].
pub fn bind_socket(
    address: &Address,
    options: &BindOptions,
    tuning: &SocketTuning,
    backlog: u32,
    reuseport: bool,
    inherited: &mut Inherited,
) -> Result<ListenSocket, BindError> {
    let fail = |kind| move |source| BindError { kind, address: display(address), source };
    if let Address::Fd(number) = address {
        let fd = inherited.by_number(*number).map_err(fail(BindErrorKind::Inherited))?;
        return adopt(fd, options, tuning, backlog).map_err(fail(BindErrorKind::Inherited));
    }
    // The address of a socket does not say in which namespace it is.
    let offered = if options.namespace.is_none() { inherited.take(address) } else { None };
    if let Some(fd) = offered {
        return adopt(fd, options, tuning, backlog).map_err(fail(BindErrorKind::Inherited));
    }
    match address {
        Address::Inet(wanted) => bind_inet(*wanted, options, tuning, backlog, reuseport)
            .map_err(|(kind, source)| BindError { kind, address: wanted.to_string(), source }),
        Address::Unix(path) => bind_unix(path, options, tuning, backlog).map_err(|(kind, source)| BindError {
            kind,
            address: display(address),
            source,
        }),
        Address::Abstract(name) => bind_abstract(name, tuning, backlog).map_err(|(kind, source)| BindError {
            kind,
            address: display(address),
            source,
        }),
        Address::Fd(_) => Err(fail(BindErrorKind::Inherited)(rustix::io::Errno::BADF.into())),
    }
}

/// An address as HAProxy prints it in messages.
fn display(address: &Address) -> String {
    match address {
        Address::Inet(inet) => inet.to_string(),
        Address::Unix(path) => path.display().to_string(),
        Address::Abstract(name) => format!("abns@{}", String::from_utf8_lossy(trim(name))),
        Address::Fd(number) => number.to_string(),
    }
}

type Step<T> = Result<T, (BindErrorKind, io::Error)>;

/// Names the step of an error.
fn at(kind: BindErrorKind) -> impl FnOnce(io::Error) -> (BindErrorKind, io::Error) {
    move |error| (kind, error)
}

fn bind_inet(
    address: SocketAddr,
    options: &BindOptions,
    tuning: &SocketTuning,
    backlog: u32,
    reuseport: bool,
) -> Step<ListenSocket> {
    let namespace = options.namespace.as_deref().map(Namespace::open).transpose().map_err(at(BindErrorKind::Create))?;
    let socket = stream_socket(Domain::for_address(address), namespace.as_ref()).map_err(at(BindErrorKind::Create))?;
    let _ = socket.set_reuse_address(true);
    if reuseport {
        let _ = socket.set_reuse_port(true);
    }
    let mut warnings = Vec::new();
    let mut warn = |text: String| warnings.push(format!("{text} for [{address}]"));
    if options.defer_accept {
        tuning.system.set(&socket, SystemOption::DeferAccept).map_err(at(BindErrorKind::Unsupported))?;
    }
    if options.tfo {
        tuning.system.set(&socket, SystemOption::FastOpen(backlog)).map_err(at(BindErrorKind::Unsupported))?;
    }
    if options.transparent {
        set_transparent(&socket, address).map_err(at(BindErrorKind::Transparent))?;
    }
    if let SocketAddr::V6(v6) = address {
        if options.v6only {
            socket.set_only_v6(true).map_err(at(BindErrorKind::V6Only))?;
        } else if options.v4v6 && v6.ip().is_unspecified() {
            socket.set_only_v6(false).map_err(at(BindErrorKind::V6Only))?;
        }
    }
    if let Some(interface) = &options.interface
        && let Err(error) = socket.bind_device(Some(interface.as_bytes()))
    {
        warn(format!("cannot bind receiver to device '{interface}' ({})", describe(&error)));
    }
    socket.bind(&address.into()).map_err(at(BindErrorKind::Bind))?;
    set_inherited_options(&socket, options, tuning, &mut warn);
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX)).map_err(at(BindErrorKind::Listen))?;
    let bound = socket.local_addr().ok().and_then(|local| local.as_socket()).unwrap_or(address);
    Ok(ListenSocket { fd: socket.into(), bound: BoundAddress::Inet(bound), path: None, warnings })
}

/// `transparent`: addresses that are not on this host; without the privilege, freebind does for what it can.
fn set_transparent(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    match address.ip() {
        IpAddr::V4(_) => socket.set_ip_transparent_v4(true).or_else(|_| socket.set_freebind_v4(true)),
        IpAddr::V6(_) => socket.set_ip_transparent_v6(true).or_else(|_| socket.set_freebind_v6(true)),
    }
}

/// Options that accepted connections inherit from their listener.
fn set_inherited_options(socket: &Socket, options: &BindOptions, tuning: &SocketTuning, warn: &mut impl FnMut(String)) {
    let _ = socket.set_tcp_nodelay(true);
    if let Some(mss) = options.mss
        && socket.set_tcp_mss(mss.unsigned_abs()).is_err()
    {
        warn(format!("cannot set MSS to {mss}"));
    }
    if let Some(timeout) = options.tcp_user_timeout
        && socket.set_tcp_user_timeout(Some(at_least_a_millisecond(timeout))).is_err()
    {
        warn("cannot set TCP User Timeout".to_owned());
    }
    set_buffers(socket, tuning);
    if let Some(params) = &tuning.keepalive {
        let _ = set_keepalive(socket, params);
    }
    if tuning.nolinger {
        let _ = socket.set_linger(Some(Duration::ZERO));
    }
    if tuning.smart_accept {
        let _ = socket.set_tcp_quickack(false);
    }
}

/// TCP_USER_TIMEOUT counts milliseconds and takes 0 for "the system's default".
pub(super) fn at_least_a_millisecond(timeout: Duration) -> Duration {
    timeout.max(Duration::from_millis(1))
}

fn set_buffers(socket: &Socket, tuning: &SocketTuning) {
    if let Some(size) = tuning.sndbuf {
        let _ = socket.set_send_buffer_size(size as usize);
    }
    if let Some(size) = tuning.rcvbuf {
        let _ = socket.set_recv_buffer_size(size as usize);
    }
}

/// Binds under a temporary name, sets owner and mode, listens, and only then takes the final name: at no moment does a
/// client find the path missing, unprotected or refusing.
fn bind_unix(path: &Path, options: &BindOptions, tuning: &SocketTuning, backlog: u32) -> Step<ListenSocket> {
    let mut temporary = path.as_os_str().to_owned().into_vec();
    temporary.extend_from_slice(format!(".{}.tmp", std::process::id()).as_bytes());
    let temporary = PathBuf::from(std::ffi::OsString::from_vec(temporary));
    let address = SockAddr::unix(&temporary).map_err(at(BindErrorKind::BindUnix))?;
    let socket = stream_socket(Domain::UNIX, None).map_err(at(BindErrorKind::Create))?;
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err((BindErrorKind::BindUnix, error)),
        _ => {}
    }
    set_buffers(&socket, tuning);
    socket.bind(&address).map_err(at(BindErrorKind::BindUnix))?;
    // From here on a failure must not leave the temporary file behind.
    finish_unix(&socket, path, &temporary, options, backlog).inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })?;
    let owned = OwnedPath { path: path.to_owned(), identity: identity(path), keep: false.into() };
    Ok(ListenSocket {
        fd: socket.into(),
        bound: BoundAddress::Unix(path.to_owned()),
        path: Some(Arc::new(owned)),
        warnings: Vec::new(),
    })
}

fn finish_unix(socket: &Socket, path: &Path, temporary: &Path, options: &BindOptions, backlog: u32) -> Step<()> {
    if options.uid.is_some() || options.gid.is_some() {
        rustix::fs::chown(temporary, options.uid.map(Uid::from_raw), options.gid.map(Gid::from_raw))
            .map_err(|error| (BindErrorKind::Permissions, error.into()))?;
    }
    if let Some(mode) = options.mode {
        rustix::fs::chmod(temporary, Mode::from_raw_mode(mode))
            .map_err(|error| (BindErrorKind::Permissions, error.into()))?;
    }
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX)).map_err(at(BindErrorKind::Listen))?;
    std::fs::rename(temporary, path).map_err(at(BindErrorKind::Rename))
}

fn bind_abstract(name: &[u8], tuning: &SocketTuning, backlog: u32) -> Step<ListenSocket> {
    let address = abstract_address(name).map_err(at(BindErrorKind::BindUnix))?;
    let socket = stream_socket(Domain::UNIX, None).map_err(at(BindErrorKind::Create))?;
    set_buffers(&socket, tuning);
    socket.bind(&address).map_err(at(BindErrorKind::BindUnix))?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX)).map_err(at(BindErrorKind::Listen))?;
    let mut shown = b"abns@".to_vec();
    shown.extend_from_slice(trim(name));
    Ok(ListenSocket {
        fd: socket.into(),
        bound: BoundAddress::Unix(PathBuf::from(std::ffi::OsString::from_vec(shown))),
        path: None,
        warnings: Vec::new(),
    })
}

/// The address of `abns@name`: HAProxy fills the name up with zeroes to its full length, and so must every peer.
pub(super) fn abstract_address(name: &[u8]) -> io::Result<SockAddr> {
    if name.len() > MAX_ABSTRACT {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "abstract socket name too long"));
    }
    let mut full = [0u8; MAX_ABSTRACT + 1];
    if let Some(place) = full.get_mut(1..=name.len()) {
        place.copy_from_slice(name);
    }
    SockAddr::unix(Path::new(std::ffi::OsStr::from_bytes(&full)))
}

/// Takes over a socket that is already bound, listening or not.
fn adopt(fd: OwnedFd, options: &BindOptions, tuning: &SocketTuning, backlog: u32) -> io::Result<ListenSocket> {
    let socket = Socket::from(fd);
    if socket.r#type()? != Type::STREAM {
        return Err(io::Error::other("not a stream socket"));
    }
    socket.set_nonblocking(true)?;
    socket.set_cloexec(true)?;
    let local = socket.local_addr()?;
    let mut warnings = Vec::new();
    let bound = match local.as_socket() {
        Some(inet) => {
            set_inherited_options(&socket, options, tuning, &mut |text| warnings.push(format!("{text} for [{inet}]")));
            BoundAddress::Inet(inet)
        }
        None => {
            set_buffers(&socket, tuning);
            BoundAddress::Unix(local.as_pathname().map(Path::to_owned).unwrap_or_default())
        }
    };
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(ListenSocket { fd: socket.into(), bound, path: None, warnings })
}
