//! Which addresses are this host's.

use std::net::{IpAddr, UdpSocket};

/// Whether an address belongs to this host: whether a socket can be bound to it. `None` where the system does not say.
/// Takes some system calls.
pub(crate) fn is_local(address: IpAddr) -> Option<bool> {
    match UdpSocket::bind((address, 0)) {
        Ok(_) => Some(true),
        Err(error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => Some(false),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn loopback_is_local_and_a_documentation_address_is_not() {
        assert_eq!(is_local(Ipv4Addr::LOCALHOST.into()), Some(true));
        assert_eq!(is_local(Ipv4Addr::new(192, 0, 2, 1).into()), Some(false));
    }
}
