//! The server in the cookie of a terminal client: `msts=address.port.0000`, both numbers as they lie in memory of the
//! machine that wrote them (configuration.txt, `persist rdp-cookie`).

use std::net::{Ipv4Addr, SocketAddr};

/// The server that a cookie names.
pub(crate) fn server(value: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(value).ok()?;
    let mut parts = text.split('.');
    let address: u32 = parts.next()?.parse().ok()?;
    let port: u16 = parts.next()?.parse().ok()?;
    // What follows is not looked at, but something has to.
    parts.next()?;
    Some(SocketAddr::from((Ipv4Addr::from(address.to_le_bytes()), port.swap_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_name_servers() {
        assert_eq!(server(b"3640205228.15629.0000"), "172.31.249.216:3389".parse().ok());
        assert_eq!(server(b"3640205228.15629.1.2"), "172.31.249.216:3389".parse().ok());
        for bad in [
            "",
            "1",
            "3640205228.15629",
            "3640205228.15629x",
            "x.1.0000",
            "4294967296.1.0000",
            "1.65536.0000",
            "1.-1.0",
        ] {
            assert_eq!(server(bad.as_bytes()), None, "{bad}");
        }
    }
}
