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
            (Bool | Sint, Bool | Sint | Str) => true,
            (Sint, Addr | Ipv4 | Ipv6 | Bin) | (Addr | Ipv4 | Ipv6, Addr | Ipv4 | Ipv6 | Str | Bin | Sint) => true,
            (Str, Sint | Addr | Ipv4 | Ipv6 | Bin | Bool | Meth) => true,
            (Bin, Str | Sint) => true,
            (Meth, Str | Bin) => true,
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
        if to == SampleType::Any || self.kind() == to {
            return Some(self);
        }
        match to {
            SampleType::Any => Some(self),
            SampleType::Bool => self.as_sint().map(|number| Self::Bool(number != 0)),
            SampleType::Sint => self.as_sint().map(Self::Sint),
            SampleType::Addr => match self {
                Self::Ipv4(_) | Self::Ipv6(_) => Some(self),
                other => other.as_ip().map(Self::ip),
            },
            SampleType::Ipv4 => match self.as_ip()? {
                IpAddr::V4(v4) => Some(Self::Ipv4(v4)),
                IpAddr::V6(v6) => to_v4(v6).map(Self::Ipv4),
            },
            SampleType::Ipv6 => match self.as_ip()? {
                IpAddr::V4(v4) => Some(Self::Ipv6(v4.to_ipv6_mapped())),
                IpAddr::V6(v6) => Some(Self::Ipv6(v6)),
            },
            SampleType::Str => Some(Self::Str(self.into_bytes())),
            SampleType::Bin => Some(Self::Bin(match self {
                Self::Sint(number) => Cow::Owned(number.to_be_bytes().to_vec()),
                Self::Ipv4(v4) => Cow::Owned(v4.octets().to_vec()),
                Self::Ipv6(v6) => Cow::Owned(v6.octets().to_vec()),
                other => other.into_bytes(),
            })),
            SampleType::Meth => Some(Self::Meth(self.into_bytes())),
        }
    }

    /// As text, which is how it appears in a log line or a header.
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
            Self::Ipv6(_) => None,
            Self::Str(bytes) | Self::Bin(bytes) | Self::Meth(bytes) => leading_number(bytes),
        }
    }

    fn as_ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ipv4(v4) => Some(IpAddr::V4(*v4)),
            Self::Ipv6(v6) => Some(IpAddr::V6(*v6)),
            Self::Sint(number) => Some(IpAddr::V4(Ipv4Addr::from(*number as u32))),
            Self::Str(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
            Self::Bool(_) | Self::Bin(_) | Self::Meth(_) => None,
        }
    }
}

/// An IPv4 address from one that carries it: mapped, compatible (`::a.b.c.d`) or 6to4.
fn to_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    v6.to_ipv4_mapped()
}

/// The number at the start of a text, 0 where there is none.
fn leading_number(bytes: &[u8]) -> Option<i64> {
    let (negative, digits) = match bytes {
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
