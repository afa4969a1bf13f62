//! The value that `cookie ... dynamic` gives a server that has none of its own: a hash of `dynamic-cookie-key`, its
//! address and its port, so that several load balancers agree.

use twox_hash::XxHash64;

use crate::config::Address;
use crate::config::PortKind;
use crate::server::Endpoint;

/// The cookie of a server at this place; none where it is not reached over IP.
pub(crate) fn value(key: &str, endpoint: &Endpoint) -> Option<String> {
    let Address::Inet(address) = &endpoint.address else { return None };
    let port = match endpoint.port {
        PortKind::Fixed => i32::from(address.port()),
        PortKind::Client => 0,
        PortKind::Offset(by) => by,
    };
    let mut bytes = key.as_bytes().to_vec();
    match address.ip() {
        std::net::IpAddr::V4(ip) => bytes.extend_from_slice(&ip.octets()),
        std::net::IpAddr::V6(ip) => bytes.extend_from_slice(&ip.octets()),
    }
    bytes.extend_from_slice(&port.to_be_bytes());
    Some(format!("{:016x}", XxHash64::oneshot(0, &bytes)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The values of HAProxy 2.6.12, as `show stat` shows them.
    #[test]
    fn values_are_haproxys() {
        let long = "a-longer-key-which-exceeds-thirty-two-bytes-in-length";
        let table = [
            ("k", "192.0.2.1:80", PortKind::Fixed, "f620f7739a57ab00"),
            ("k", "192.0.2.2:8080", PortKind::Fixed, "06afea86dace39e8"),
            ("k", "[2001:db8::1]:443", PortKind::Fixed, "f89dcc7b73e9d147"),
            ("k", "127.0.0.1:0", PortKind::Client, "ef5da77f9a4fd79d"),
            ("k", "127.0.0.1:0", PortKind::Offset(5), "a57ea85a295e009c"),
            ("k", "192.0.2.8:80", PortKind::Fixed, "8ceccd3123d11965"),
            ("k", "192.0.2.9:81", PortKind::Fixed, "b674f840e478c265"),
            ("secret", "192.0.2.1:80", PortKind::Fixed, "10bc166ed718f551"),
            ("secret", "[2001:db8::1]:443", PortKind::Fixed, "840fd81651c5d48b"),
            (long, "192.0.2.1:80", PortKind::Fixed, "ac954a87f081f731"),
            (long, "[2001:db8::1]:443", PortKind::Fixed, "96deb12472dee14d"),
        ];
        for (key, address, port, expected) in table {
            let endpoint = Endpoint::new(Address::Inet(address.parse().unwrap()), port);
            assert_eq!(value(key, &endpoint).as_deref(), Some(expected), "{key} {address}");
        }
    }
}
