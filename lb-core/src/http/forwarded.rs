//! `option forwardfor` and `option originalto`: telling the server who the client is and whom it meant to reach.

use std::fmt::Write;
use std::net::IpAddr;

use super::message::Head;
use crate::config::model::{ForwardedHeader, Network};

/// Adds the header of `option forwardfor` (address: the client's) or `option originalto` (address: the one it
/// connected to), as the last field.
///
/// Nothing is added without an address (UNIX sockets), where an `except` of either side holds the address, and where
/// the field exists and every side that has the option says `if-none`. The backend's header name wins.
pub fn add_forwarded(
    head: &mut Head,
    frontend: Option<&ForwardedHeader>,
    backend: Option<&ForwardedHeader>,
    address: Option<IpAddr>,
) {
    let (Some(option), Some(address)) = (backend.or(frontend), address) else { return };
    let mut sides = [frontend, backend].into_iter().flatten();
    if sides.clone().any(|side| side.except.is_some_and(|network| contains(&network, address))) {
        return;
    }
    if sides.all(|side| side.if_none) && head.value(&option.header).is_some() {
        return;
    }
    let mut text = AddressText { bytes: [0; 46], len: 0 };
    // The longest address fits, so this cannot fail.
    if text.put(address).is_ok() {
        head.add(option.header.as_bytes(), text.as_bytes());
    }
}

/// Whether the address lies in the network. Families do not mix, not even IPv4 written as IPv6.
fn contains(network: &Network, address: IpAddr) -> bool {
    match (network.address, address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            let mask = u32::MAX.checked_shl(32u32.saturating_sub(network.prefix.into())).unwrap_or(0);
            (a.to_bits() ^ b.to_bits()) & mask == 0
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let mask = u128::MAX.checked_shl(128u32.saturating_sub(network.prefix.into())).unwrap_or(0);
            (a.to_bits() ^ b.to_bits()) & mask == 0
        }
        _ => false,
    }
}

/// An address as text, on the stack.
struct AddressText {
    bytes: [u8; 46],
    len: usize,
}

impl AddressText {
    fn put(&mut self, address: IpAddr) -> std::fmt::Result {
        let IpAddr::V4(v4) = address else { return write!(self, "{address}") };
        // Written for each request: formatting costs several times as much.
        for (index, octet) in v4.octets().into_iter().enumerate() {
            if index > 0 {
                self.push(b".")?;
            }
            let digits = [b'0' + octet / 100, b'0' + octet / 10 % 10, b'0' + octet % 10];
            let zeros = usize::from(octet < 100) + usize::from(octet < 10);
            self.push(digits.get(zeros..).unwrap_or_default())?;
        }
        Ok(())
    }

    fn push(&mut self, bytes: &[u8]) -> std::fmt::Result {
        let end = self.len + bytes.len();
        self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Write for AddressText {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.push(text.as_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::http::Version;

    fn option(header: &str, except: Option<(&str, u8)>, if_none: bool) -> ForwardedHeader {
        let except = except.map(|(address, prefix)| Network { address: address.parse().unwrap(), prefix });
        ForwardedHeader { header: header.into(), except, if_none }
    }

    fn added(
        frontend: Option<ForwardedHeader>,
        backend: Option<ForwardedHeader>,
        existing: &[(&str, &str)],
        address: Option<&str>,
    ) -> Vec<(String, String)> {
        let mut head = Head::request(b"GET", b"/", Version::Http11);
        for (name, value) in existing {
            head.add(name.as_bytes(), value.as_bytes());
        }
        add_forwarded(&mut head, frontend.as_ref(), backend.as_ref(), address.map(|a| a.parse().unwrap()));
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        head.fields().skip(existing.len()).map(|(name, value)| (text(name), text(value))).collect()
    }

    fn field(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_ascii_lowercase(), value.into())]
    }

    const XFF: &str = "X-Forwarded-For";

    #[test]
    fn either_side_is_enough_and_the_backend_names_the_header() {
        let local = Some("127.0.0.1");
        assert_eq!(added(None, None, &[], local), []);
        assert_eq!(added(Some(option(XFF, None, false)), None, &[], local), field(XFF, "127.0.0.1"));
        assert_eq!(
            added(Some(option("X-Fe", None, false)), Some(option(XFF, None, false)), &[], local),
            field(XFF, "127.0.0.1")
        );
        assert_eq!(added(None, Some(option("X-Be", None, false)), &[("x-be", "9")], local), field("X-Be", "127.0.0.1"));
        assert_eq!(added(Some(option(XFF, None, false)), None, &[], None), []);
    }

    #[test]
    fn except_of_either_side_prevents_it() {
        for (network, address, excepted) in [
            (("127.0.0.0", 8), "127.1.2.3", true),
            (("127.0.0.5", 8), "127.1.2.3", true),
            (("127.0.0.1", 32), "127.0.0.2", false),
            (("0.0.0.0", 0), "9.9.9.9", true),
            (("fe80::", 10), "fe80::1", true),
            (("::", 0), "9.9.9.9", false),
            (("127.0.0.0", 8), "::ffff:127.0.0.1", false),
        ] {
            let expected = if excepted { vec![] } else { field(XFF, address) };
            let option = option(XFF, Some(network), false);
            let other = super::tests::option(XFF, None, false);
            assert_eq!(added(Some(option.clone()), Some(other.clone()), &[], Some(address)), expected);
            assert_eq!(added(Some(other), Some(option), &[], Some(address)), expected);
        }
    }

    #[test]
    fn if_none_must_be_said_by_all() {
        let existing = &[("x-forwarded-for", "9.9.9.9")];
        let (yes, no) = (Some(option(XFF, None, true)), Some(option(XFF, None, false)));
        assert_eq!(added(yes.clone(), None, existing, Some("::1")), []);
        assert_eq!(added(yes.clone(), yes.clone(), existing, Some("::1")), []);
        assert_eq!(added(yes.clone(), no.clone(), existing, Some("::1")), field(XFF, "::1"));
        assert_eq!(added(no, yes.clone(), existing, Some("::1")), field(XFF, "::1"));
        assert_eq!(added(yes, None, &[], Some("::1")), field(XFF, "::1"));
    }
}
