//! `set-src`, `set-src-port`, `set-dst` and `set-dst-port`.

use std::net::{Ipv4Addr, SocketAddr};

use crate::config::AddressPart;
use crate::sample::{SampleType, Value};

/// The type of the value that a part is set to.
pub(crate) fn value_type(part: AddressPart) -> SampleType {
    match part {
        AddressPart::Source | AddressPart::Destination => SampleType::Addr,
        AddressPart::SourcePort | AddressPart::DestinationPort => SampleType::Sint,
    }
}

/// Whether it is a part of the source.
pub(crate) fn is_source(part: AddressPart) -> bool {
    matches!(part, AddressPart::Source | AddressPart::SourcePort)
}

/// The address with its IP address or its port replaced by `value`; ports beyond 16 bits wrap, as HAProxy's do. What is
/// not known is 0.
pub(crate) fn changed(address: Option<SocketAddr>, value: &Value<'_>) -> SocketAddr {
    let mut address = address.unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, 0).into());
    match value {
        Value::Ipv4(v4) => address.set_ip((*v4).into()),
        Value::Ipv6(v6) => address.set_ip((*v6).into()),
        Value::Sint(port) => address.set_port(*port as u16),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_and_port_change_apart() {
        let client = Some(SocketAddr::from(([127, 0, 0, 1], 77)));
        let to = |address, value: Value<'_>| changed(address, &value).to_string();
        assert_eq!(to(client, Value::Ipv4([1, 2, 3, 4].into())), "1.2.3.4:77");
        assert_eq!(to(client, Value::Ipv6(std::net::Ipv6Addr::LOCALHOST)), "[::1]:77");
        assert_eq!(to(client, Value::Sint(99)), "127.0.0.1:99");
        assert_eq!(to(client, Value::Sint(65537)), "127.0.0.1:1");
        assert_eq!(to(None, Value::Sint(99)), "0.0.0.0:99");
        assert_eq!(to(client, Value::Bool(true)), "127.0.0.1:77");
    }
}
