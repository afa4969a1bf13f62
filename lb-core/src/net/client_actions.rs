//! What rules do to a client's connection: `set-tos`, `set-mark` and `silent-drop` (configuration.txt, section 4.2,
//! `http-request`).
//!
//! Failures are not reported: as HAProxy, a rule that may not do what it says has no effect, and the connection may be
//! gone already.

use std::os::fd::AsFd;
use std::time::Duration;

use socket2::{Domain, SockRef};

use super::system_option::{SystemOption, SystemOptions};

/// Whether the connection is TCP over IPv6; `None` where it is not TCP.
fn is_v6(socket: &SockRef<'_>) -> Option<bool> {
    match socket.domain() {
        Ok(Domain::IPV4) => Some(false),
        Ok(Domain::IPV6) => Some(true),
        _ => None,
    }
}

/// `set-tos`: the TOS or traffic class of packets to the client, all 8 bits of it.
pub(crate) fn set_tos(socket: &impl AsFd, tos: u8) {
    let socket = SockRef::from(socket);
    let Some(v6) = is_v6(&socket) else { return };
    // A socket of IPv6 may carry IPv4 as well.
    let _ = socket.set_tos_v4(u32::from(tos));
    if v6 {
        let _ = socket.set_tclass_v6(u32::from(tos));
    }
}

/// `set-mark`: the mark of packets to the client. Needs CAP_NET_ADMIN.
pub(crate) fn set_mark(socket: &impl AsFd, mark: u32) {
    let socket = SockRef::from(socket);
    if is_v6(&socket).is_some() {
        let _ = socket.set_mark(mark);
    }
}

/// `silent-drop`: the next close tells the client nothing. Where the system does not let us, the reset that it will send
/// goes no further than the first router.
pub(crate) fn silence(socket: &impl AsFd, system: &SystemOptions) {
    let reference = SockRef::from(socket);
    if let Some(v6) = is_v6(&reference) {
        // An acknowledgement that is still held back would betray that we are there.
        let _ = super::options::set_quickack(socket, true);
        if system.set(socket, SystemOption::Repair).is_err() {
            let _ = reference.set_ttl_v4(1);
            if v6 {
                let _ = reference.set_unicast_hops_v6(1);
            }
        }
    }
    reset_on_close(socket);
}

/// `tcp-request connection reject`: closing resets the connection and leaves nothing behind in the system.
pub(crate) fn reset_on_close(socket: &impl AsFd) {
    let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn pair(address: &str) -> Option<(TcpStream, TcpStream)> {
        let listener = TcpListener::bind(address).ok()?;
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        Some((listener.accept().unwrap().0, client))
    }

    #[test]
    fn tos_of_either_family() {
        let (ours, _client) = pair("127.0.0.1:0").unwrap();
        set_tos(&ours, 0x28);
        assert_eq!(SockRef::from(&ours).tos_v4().unwrap(), 0x28);
        if let Some((ours, _client)) = pair("[::1]:0") {
            set_tos(&ours, 0x48);
            assert_eq!(SockRef::from(&ours).tclass_v6().unwrap(), 0x48);
        }
    }

    #[test]
    fn nothing_happens_to_unix_sockets() {
        let (ours, _theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        set_tos(&ours, 1);
        set_mark(&ours, 1);
        silence(&ours, &SystemOptions::default());
    }

    /// Without a function that sets TCP_REPAIR the reset that follows has a TTL of 1, which reaches the next host.
    #[test]
    fn a_dropped_connection_is_reset_near_by() {
        let (ours, mut client) = pair("127.0.0.1:0").unwrap();
        silence(&ours, &SystemOptions::default());
        assert_eq!(SockRef::from(&ours).ttl_v4().unwrap(), 1);
        drop(ours);
        let error = client.read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }

    /// The function is asked for TCP_REPAIR, and the TTL stays as it was.
    #[test]
    fn the_program_silences_the_socket() {
        let (ours, _client) = pair("127.0.0.1:0").unwrap();
        let before = SockRef::from(&ours).ttl_v4().unwrap();
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let told = std::sync::Arc::clone(&asked);
        let system = SystemOptions::new(std::sync::Arc::new(move |_, option| {
            told.store(option == SystemOption::Repair, std::sync::atomic::Ordering::SeqCst);
            Ok(())
        }));
        silence(&ours, &system);
        assert!(asked.load(std::sync::atomic::Ordering::SeqCst));
        assert_eq!(SockRef::from(&ours).ttl_v4().unwrap(), before);
    }
}
