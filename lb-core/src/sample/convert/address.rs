//! Addresses and the values of Host headers.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::text::cut;
use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Value};

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("ipmask", SampleType::Addr, SampleType::Ipv4, ipmask)
        .args(ArgSpec::of(1, &[ArgKind::Ipv4Mask, ArgKind::Ipv6Mask])),
    Converter::new("host_only", SampleType::Str, SampleType::Str, |_, value, _| {
        let Value::Str(text) = value else { return None };
        let end = port_at(&text).unwrap_or(text.len());
        let host = cut(text, 0, end);
        Some(Value::Str(match host.iter().any(u8::is_ascii_uppercase) {
            true => Cow::Owned(host.to_ascii_lowercase()),
            false => host,
        }))
    }),
    Converter::new("port_only", SampleType::Str, SampleType::Sint, |_, value, _| Some(Value::Sint(port(value.raw()?)))),
];

/// Masks an address. One of IPv4 within IPv6 is taken for what it is; IPv6 without a mask for it has no value.
fn ipmask<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let v4 = match value {
        Value::Ipv4(v4) => Some(v4),
        Value::Ipv6(v6) => v6.to_ipv4_mapped(),
        _ => None,
    };
    match (v4, args) {
        (Some(v4), [Arg::Ipv4(mask), ..]) => Some(Value::Ipv4(Ipv4Addr::from_bits(v4.to_bits() & mask.to_bits()))),
        (None, [_, Arg::Ipv6(mask)]) => {
            let Value::Ipv6(v6) = value else { return None };
            Some(Value::Ipv6(Ipv6Addr::from_bits(v6.to_bits() & mask.to_bits())))
        }
        _ => None,
    }
}

/// Where the colon of the port is: the last one, unless it is part of an address in brackets.
fn port_at(host: &[u8]) -> Option<usize> {
    let last = host.iter().rposition(|byte| matches!(byte, b':' | b']'))?;
    (host.get(last) == Some(&b':')).then_some(last)
}

/// The port, 0 where there is none or it is no number.
fn port(host: &[u8]) -> i64 {
    let digits = port_at(host).and_then(|colon| host.get(colon + 1..)).unwrap_or_default();
    let port = digits.iter().try_fold(0u32, |port, byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        port.checked_mul(10)?.checked_add(digit)
    });
    port.map_or(0, i64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HAProxy 2.6.12 computes with characters that are no digits, and makes 5451 of `h:abc`.
    #[test]
    fn what_is_no_port_is_none() {
        for host in ["h:abc", "h:80x", "h:-1", "h:+5", "h: 80", "h:99999999999999999999"] {
            assert_eq!(port(host.as_bytes()), 0, "{host}");
        }
        assert_eq!(port(b"h:0080"), 80);
    }
}
