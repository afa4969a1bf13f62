//! Values of samples, their types, and the casts between them (configuration.txt, section 7.3).

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The type of a sample, as `haproxy -dKsmp` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleType {
    /// Only known when it is there.
    Any,
    /// `bool`.
    Bool,
    /// `sint`: a signed integer of 64 bits.
    Sint,
    /// `addr`: an IPv4 or IPv6 address.
    Addr,
    /// `ipv4`.
    Ipv4,
    /// `ipv6`.
    Ipv6,
    /// `str`.
    Str,
    /// `bin`: bytes that are no text.
    Bin,
    /// `meth`: an HTTP method.
    Meth,
}

impl SampleType {
    /// The word that `haproxy -dKsmp` prints.
    pub fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "bool",
            Self::Sint => "sint",
            Self::Addr => "addr",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Str => "str",
            Self::Bin => "bin",
            Self::Meth => "meth",
        }
    }

    /// Whether a value of this type can become one of type `to`. Whether a given one does is for [`Value::cast`] to
    /// say: not every string is an address.
    pub fn casts_to(self, to: Self) -> bool {
        use SampleType::{Addr, Any, Bin, Bool, Ipv4, Ipv6, Meth, Sint, Str};
        match (self, to) {
            (Any, _) | (_, Any) => true,
            (from, to) if from == to => true,
            (Bool, Sint | Str | Bin) => true,
            (Sint, Bool | Addr | Ipv4 | Ipv6 | Str | Bin) => true,
            (Addr | Ipv4, Addr | Ipv4 | Ipv6 | Sint | Str | Bin) => true,
            (Ipv6, Addr | Ipv4 | Str | Bin) => true,
            (Str, Bool | Sint | Addr | Ipv4 | Ipv6 | Bin | Meth) => true,
            (Bin | Meth, Str | Bin) => true,
            _ => false,
        }
    }
}

/// The value of a sample. What can be borrowed from the stream is; [`Value::into_owned`] makes it independent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `bool`.
    Bool(bool),
    /// `sint`.
    Sint(i64),
    /// `ipv4`.
    Ipv4(Ipv4Addr),
    /// `ipv6`.
    Ipv6(Ipv6Addr),
    /// `str`.
    Str(Cow<'a, [u8]>),
    /// `bin`.
    Bin(Cow<'a, [u8]>),
    /// `meth`.
    Meth(Cow<'a, [u8]>),
}

impl<'a> Value<'a> {
    /// A string.
    pub fn str(text: impl Into<Cow<'a, [u8]>>) -> Self {
        Self::Str(text.into())
    }

    /// A string that is computed.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Str(Cow::Owned(text.into().into_bytes()))
    }

    /// An address.
    pub fn ip(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::Ipv4(v4),
            IpAddr::V6(v6) => Self::Ipv6(v6),
        }
    }

    /// Its type; never [`SampleType::Any`] or [`SampleType::Addr`].
    pub fn kind(&self) -> SampleType {
        match self {
            Self::Bool(_) => SampleType::Bool,
            Self::Sint(_) => SampleType::Sint,
            Self::Ipv4(_) => SampleType::Ipv4,
            Self::Ipv6(_) => SampleType::Ipv6,
            Self::Str(_) => SampleType::Str,
            Self::Bin(_) => SampleType::Bin,
            Self::Meth(_) => SampleType::Meth,
        }
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        let own = |bytes: Cow<'_, [u8]>| Cow::Owned(bytes.into_owned());
        match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Sint(value) => Value::Sint(value),
            Self::Ipv4(value) => Value::Ipv4(value),
            Self::Ipv6(value) => Value::Ipv6(value),
            Self::Str(bytes) => Value::Str(own(bytes)),
            Self::Bin(bytes) => Value::Bin(own(bytes)),
            Self::Meth(bytes) => Value::Meth(own(bytes)),
        }
    }

    /// The value as another type; `None` where it has none (a string that is no number).
    pub fn cast(self, to: SampleType) -> Option<Self> {
        match (to, self) {
            (SampleType::Any, value) => Some(value),
            (to, value) if value.kind() == to => Some(value),
            (SampleType::Bool, value) => {
                value.as_sint().filter(|_| !value.is_ip()).map(|number| Self::Bool(number != 0))
            }
            (SampleType::Sint, value) => value.as_sint().map(Self::Sint),
            (SampleType::Addr, value) => value.as_ip().map(Self::ip),
            (SampleType::Ipv4, value) => match value.as_ip()? {
                IpAddr::V4(v4) => Some(Self::Ipv4(v4)),
                IpAddr::V6(v6) if !value.is_text() => v6.to_ipv4_mapped().map(Self::Ipv4),
                IpAddr::V6(_) => None,
            },
            (SampleType::Ipv6, value) => match value.as_ip()? {
                IpAddr::V4(v4) if !value.is_text() => Some(Self::Ipv6(v4.to_ipv6_mapped())),
                IpAddr::V4(_) => None,
                IpAddr::V6(v6) => Some(Self::Ipv6(v6)),
            },
            // Bytes are text up to the first zero byte.
            (SampleType::Str, Self::Bin(bytes)) => Some(Self::Str(match (memchr::memchr(0, &bytes), bytes) {
                (None, bytes) => bytes,
                (Some(end), Cow::Borrowed(bytes)) => Cow::Borrowed(bytes.get(..end).unwrap_or_default()),
                (Some(end), Cow::Owned(mut bytes)) => {
                    bytes.truncate(end);
                    Cow::Owned(bytes)
                }
            })),
            (SampleType::Str, value) => Some(Self::Str(value.into_bytes())),
            (SampleType::Bin, value) => Some(Self::Bin(match value {
                Self::Bool(value) => Cow::Owned(i64::from(value).to_be_bytes().to_vec()),
                Self::Sint(number) => Cow::Owned(number.to_be_bytes().to_vec()),
                Self::Ipv4(v4) => Cow::Owned(v4.octets().to_vec()),
                Self::Ipv6(v6) => Cow::Owned(v6.octets().to_vec()),
                Self::Str(bytes) | Self::Bin(bytes) | Self::Meth(bytes) => bytes,
            })),
            (SampleType::Meth, Self::Str(bytes)) => Some(Self::Meth(bytes)),
            (SampleType::Meth, _) => None,
        }
    }

    /// The value for a converter that takes a type. As [`Value::cast`], but a string that is taken as bytes is still a
    /// string: what a converter makes of it in place is one, too.
    pub(crate) fn for_converter(self, input: SampleType) -> Option<Self> {
        match (self, input) {
            (Self::Str(bytes) | Self::Meth(bytes), SampleType::Bin) => Some(Self::Str(bytes)),
            (value, input) => value.cast(input),
        }
    }

    /// The bytes of a string, of bytes or of a method.
    pub fn raw(&self) -> Option<&[u8]> {
        match self {
            Self::Str(bytes) | Self::Bin(bytes) | Self::Meth(bytes) => Some(bytes),
            Self::Bool(_) | Self::Sint(_) | Self::Ipv4(_) | Self::Ipv6(_) => None,
        }
    }

    fn is_text(&self) -> bool {
        matches!(self, Self::Str(_))
    }

    fn is_ip(&self) -> bool {
        matches!(self, Self::Ipv4(_) | Self::Ipv6(_))
    }

    /// As text, which is how it appears in a log line or a header; bytes as they are.
    pub fn into_bytes(self) -> Cow<'a, [u8]> {
        let text = |text: String| Cow::Owned(text.into_bytes());
        match self {
            Self::Bool(value) => Cow::Borrowed(if value { b"1" } else { b"0" }),
            Self::Sint(number) => text(number.to_string()),
            Self::Ipv4(v4) => text(v4.to_string()),
            Self::Ipv6(v6) => text(v6.to_string()),
            Self::Str(bytes) | Self::Bin(bytes) | Self::Meth(bytes) => bytes,
        }
    }

    fn as_sint(&self) -> Option<i64> {
        match self {
            Self::Bool(value) => Some(i64::from(*value)),
            Self::Sint(number) => Some(*number),
            Self::Ipv4(v4) => Some(i64::from(u32::from(*v4))),
            Self::Str(bytes) => leading_number(bytes),
            Self::Ipv6(_) | Self::Bin(_) | Self::Meth(_) => None,
        }
    }

    fn as_ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ipv4(v4) => Some(IpAddr::V4(*v4)),
            Self::Ipv6(v6) => Some(IpAddr::V6(*v6)),
            Self::Sint(number) => Some(IpAddr::V4(Ipv4Addr::from(*number as u32))),
            Self::Str(bytes) => leading_v4(bytes)
                .map(IpAddr::V4)
                .or_else(|| std::str::from_utf8(bytes).ok()?.parse().ok().map(IpAddr::V6)),
            Self::Bool(_) | Self::Bin(_) | Self::Meth(_) => None,
        }
    }
}

/// The number at the start of a text, 0 where there is none; an empty text is no number.
fn leading_number(bytes: &[u8]) -> Option<i64> {
    let (negative, digits) = match bytes {
        [] => return None,
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut number = 0i64;
    for digit in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let digit = i64::from(digit - b'0');
        number = number.saturating_mul(10);
        number = if negative { number.saturating_sub(digit) } else { number.saturating_add(digit) };
    }
    Some(number)
}

/// The IPv4 address at the start of a text: leading zeros are fine, and so is a port, a mask or anything else behind it
/// but another dot.
pub(crate) fn leading_v4(bytes: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut rest = bytes;
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, behind) = rest.split_at_checked(digits).filter(|_| digits > 0)?;
        *octet = number.iter().try_fold(0u8, |sum, digit| sum.checked_mul(10)?.checked_add(digit - b'0'))?;
        rest = behind;
    }
    (!rest.starts_with(b".")).then(|| Ipv4Addr::from(octets))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn every() -> Vec<Value<'static>> {
        vec![
            Value::Bool(true),
            Value::Sint(258),
            Value::Ipv4([1, 2, 3, 4].into()),
            Value::Ipv6("2001:db8::1".parse().unwrap()),
            Value::str(&b"12ab"[..]),
            Value::Bin(b"a\0b"[..].into()),
            Value::Meth(b"GET"[..].into()),
        ]
    }

    /// Which converters haproxy 2.6.12 lets follow which fetches.
    #[test]
    fn types_meet_as_in_haproxy() {
        use SampleType::{Addr, Any, Bin, Bool, Ipv4, Ipv6, Meth, Sint, Str};
        for (from, to) in [
            (Bool, &[Bool, Sint, Str, Bin, Any][..]),
            (Sint, &[Bool, Sint, Str, Bin, Addr, Any]),
            (Ipv4, &[Sint, Str, Bin, Addr, Any]),
            (Ipv6, &[Str, Bin, Addr, Any]),
            (Str, &[Bool, Sint, Str, Bin, Addr, Any]),
            (Bin, &[Str, Bin, Any]),
            (Meth, &[Str, Bin, Any]),
            (Any, &[Bool, Sint, Str, Bin, Addr, Any]),
            (Addr, &[Sint, Str, Bin, Addr, Any]),
        ] {
            for other in [Bool, Sint, Str, Bin, Addr, Any] {
                assert_eq!(from.casts_to(other), to.contains(&other), "{from:?} to {other:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_cast_by_type_is_not_cast_by_value() {
        use SampleType::{Addr, Bin, Bool, Ipv4, Ipv6, Meth, Sint, Str};
        for value in every() {
            for to in [Bool, Sint, Addr, Ipv4, Ipv6, Str, Bin, Meth] {
                if !value.kind().casts_to(to) {
                    assert_eq!(value.clone().cast(to), None, "{value:?} to {to:?}");
                }
            }
        }
    }

    /// `var(txn.x),add(0)`, `,concat()`, `,hex`, `,ipmask(32,128)`, `,iif(T,F)` of haproxy 2.6.12, and keys of stick tables.
    #[test]
    fn values_are_cast_as_in_haproxy() {
        use SampleType::{Addr, Bin, Bool, Ipv4, Ipv6, Sint, Str};
        let v6 = |text: &str| Value::Ipv6(text.parse().unwrap());
        let v4 = |text: &str| Value::Ipv4(text.parse().unwrap());
        let text = |text: &'static str| Value::str(text.as_bytes());
        for (value, to, wanted) in [
            (Value::Bool(true), Str, Some(text("1"))),
            (Value::Bool(true), Bin, Some(Value::Bin(vec![0, 0, 0, 0, 0, 0, 0, 1].into()))),
            (Value::Sint(-2), Bin, Some(Value::Bin(vec![255, 255, 255, 255, 255, 255, 255, 254].into()))),
            (Value::Sint(-2), Addr, Some(v4("255.255.255.254"))),
            (Value::Sint(4294967297), Addr, Some(v4("0.0.0.1"))),
            (Value::Sint(258), Ipv6, Some(v6("::ffff:0.0.1.2"))),
            (v4("1.2.3.4"), Sint, Some(Value::Sint(16909060))),
            (v4("1.2.3.4"), Bin, Some(Value::Bin(vec![1, 2, 3, 4].into()))),
            (v4("1.2.3.4"), Ipv6, Some(v6("::ffff:1.2.3.4"))),
            (v6("::ffff:1.2.3.4"), Str, Some(text("::ffff:1.2.3.4"))),
            (v6("::ffff:1.2.3.4"), Ipv4, Some(v4("1.2.3.4"))),
            (v6("::1.2.3.4"), Ipv4, None),
            (v6("2002:102:304::1"), Ipv4, None),
            (v6("64:ff9b::102:304"), Ipv4, None),
            (v6("::1"), Sint, None),
            (text("12ab"), Sint, Some(Value::Sint(12))),
            (text("-7"), Sint, Some(Value::Sint(-7))),
            (text("+7"), Sint, Some(Value::Sint(7))),
            (text(" 7"), Sint, Some(Value::Sint(0))),
            (text("true"), Bool, Some(Value::Bool(false))),
            (text("1"), Bool, Some(Value::Bool(true))),
            (text(""), Sint, None),
            (text(""), Bool, None),
            (text("99999999999999999999"), Sint, Some(Value::Sint(i64::MAX))),
            (text("1.2.3.4"), Ipv6, None),
            (text("::ffff:1.2.3.4"), Ipv4, None),
            (text("::1"), Ipv6, Some(v6("::1"))),
            (Value::Bin(b"a\0b"[..].into()), Str, Some(text("a"))),
            (Value::Meth(b"GET"[..].into()), Str, Some(text("GET"))),
        ] {
            assert_eq!(value.clone().cast(to), wanted, "{value:?} to {to:?}");
        }
    }

    /// `str(TEXT),ipmask(32,128)` of haproxy 2.6.12.
    #[test]
    fn addresses_are_read_as_haproxy_reads_them() {
        for (text, wanted) in [
            ("01.2.3.004", Some("1.2.3.4")),
            ("1.2.3.4:80", Some("1.2.3.4")),
            ("1.2.3.4/24", Some("1.2.3.4")),
            ("1.2.3.4a.", Some("1.2.3.4")),
            ("1.2.3.00000004", Some("1.2.3.4")),
            ("1.2.3.4.", None),
            ("1.2.3.4.5", None),
            ("1.2.3", None),
            ("1.2.3.", None),
            ("1..2.3", None),
            ("256.1.1.1", None),
            ("1.2.3.0256", None),
            (" 1.2.3.4", None),
            ("+1.2.3.4", None),
            ("0x1.2.3.4", None),
            ("localhost", None),
            ("", None),
            ("::FFFF", Some("::ffff")),
            ("::00001", None),
            ("::1 ", None),
            ("::1/64", None),
            ("[::1]", None),
            ("fe80::1%eth0", None),
            ("1:2:3:4:5:6:7:8", Some("1:2:3:4:5:6:7:8")),
            ("1:2:3:4:5:6:7:8:9", None),
        ] {
            let value = Value::str(text.as_bytes()).cast(SampleType::Addr);
            assert_eq!(value, wanted.map(|wanted| Value::ip(wanted.parse().unwrap())), "{text}");
        }
    }

    #[test]
    fn a_string_taken_as_bytes_stays_one() {
        let text = Value::str(&b"a\0b"[..]);
        assert_eq!(text.clone().for_converter(SampleType::Bin), Some(text));
        assert_eq!(Value::Meth(b"GET"[..].into()).for_converter(SampleType::Bin), Some(Value::str(&b"GET"[..])));
        let long = Value::Bin(b"abc"[..].into());
        assert_eq!(long.clone().for_converter(SampleType::Bin), Some(long));
    }
}
