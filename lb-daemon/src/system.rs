//! What the system offers no safe call for: descriptors handed over by number, fork, a few socket options.
//!
//! The only file of the daemon with unsafe code.
#![allow(unsafe_code)]

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;

use lb_core::config::{Address, Config, LogDestination, ProxyLog};
use lb_core::net::{Inherited, SystemOption, TcpInfo};

/// Sets a socket option for the library, which holds no unsafe code.
///
/// # Errors
/// What the system says.
pub(crate) fn set_option(socket: BorrowedFd<'_>, option: SystemOption) -> io::Result<()> {
    let (name, value): (_, libc::c_int) = match option {
        SystemOption::DeferAccept => (libc::TCP_DEFER_ACCEPT, 1),
        SystemOption::FastOpen(queue) => (libc::TCP_FASTOPEN, libc::c_int::try_from(queue).unwrap_or(libc::c_int::MAX)),
        SystemOption::FastOpenConnect => (libc::TCP_FASTOPEN_CONNECT, 1),
        SystemOption::Repair => (libc::TCP_REPAIR, 1),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    let size = libc::socklen_t::try_from(size_of_val(&value)).unwrap_or_default();
    // SAFETY: the descriptor is borrowed and so open, and `value` outlives the call, which reads `size` bytes of it.
    let result = unsafe {
        libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, name, (&raw const value).cast::<libc::c_void>(), size)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads what the kernel measured of a TCP connection, for the library.
///
/// # Errors
/// What the system says; it is no error if an old kernel knows less than we ask for.
pub(crate) fn tcp_info(socket: RawFd) -> io::Result<TcpInfo> {
    // SAFETY: a structure of numbers, for which zero is a value.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut size = libc::socklen_t::try_from(size_of_val(&info)).unwrap_or_default();
    // SAFETY: `info` outlives the call, which writes `size` bytes of it at most; the number of the descriptor may be any.
    let result = unsafe {
        libc::getsockopt(
            socket,
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast::<libc::c_void>(),
            &raw mut size,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(TcpInfo {
        rtt_us: info.tcpi_rtt,
        rtt_var_us: info.tcpi_rttvar,
        unacked: info.tcpi_unacked,
        sacked: info.tcpi_sacked,
        lost: info.tcpi_lost,
        retransmits: info.tcpi_retrans,
        fackets: info.tcpi_fackets,
        reordering: info.tcpi_reordering,
    })
}

/// Splits the process in two; `None` in the child, the child's pid in the parent.
///
/// # Errors
/// When the system has no room for another process.
pub(crate) fn fork() -> io::Result<Option<u32>> {
    // SAFETY: called before any thread was started, so that the child owns every lock and runs on as the parent would.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some(pid.unsigned_abs())),
    }
}

/// Takes the descriptors that the configuration names and that are open.
///
/// To be called before the process opens anything of its own: a number that is named but was not handed over would
/// otherwise be found open.
pub(crate) fn take(config: &Config) -> Inherited {
    let mut inherited = Inherited::default();
    for number in numbers(config) {
        if Path::new("/proc/self/fd").join(number.to_string()).symlink_metadata().is_err() {
            continue;
        }
        // SAFETY: the descriptor is open, each number is taken once as `numbers` is a set, and nothing else in the
        // process owns it: it was opened by our parent and named to us as ours.
        let fd = unsafe { OwnedFd::from_raw_fd(number) };
        inherited.insert(number, fd);
    }
    inherited
}

/// Why a descriptor cannot be a listener, in HAProxy's words, if it cannot.
pub(crate) fn refused_listener(number: RawFd) -> Option<String> {
    if number < 0 || Path::new("/proc/self/fd").join(number.to_string()).symlink_metadata().is_err() {
        return Some(format!("cannot use file descriptor '{number}' : Bad file descriptor."));
    }
    // SAFETY: the descriptor is open, and nothing closes it while this function runs: there is one thread so far.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    match rustix::net::sockopt::socket_type(fd) {
        Ok(rustix::net::SocketType::STREAM) => None,
        Ok(_) => Some(format!("socket on file descriptor '{number}' is of the wrong type.")),
        Err(error) => {
            let why = crate::report::reason(&error.into());
            Some(format!("cannot use file descriptor '{number}' : {why}."))
        }
    }
}

fn numbers(config: &Config) -> BTreeSet<i32> {
    let stats = &config.global.stats.sockets;
    let binds = config.proxies.iter().flat_map(|proxy| &proxy.binds).chain(stats);
    let listened = binds.flat_map(|bind| &bind.addresses).filter_map(|address| match address {
        Address::Fd(number) => Some(*number),
        _ => None,
    });
    let own = config.proxies.iter().flat_map(|proxy| &proxy.logs).filter_map(|log| match log {
        ProxyLog::Target(target) => Some(target),
        ProxyLog::Global => None,
    });
    let logged = config.global.logs.iter().chain(own).filter_map(|target| match target.destination {
        // The standard descriptors stay where they are: the library knows them.
        LogDestination::Fd(number) if number > 2 => Some(number),
        _ => None,
    });
    listened.chain(logged).filter(|number| *number >= 0).collect()
}
