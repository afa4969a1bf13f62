//! What a lookup compares with patterns: a sample as the method's type, borrowed where it can be.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::method::Method;
use crate::sample::{SampleType, Value};

/// A sample in the form in which a method looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key<'k> {
    /// The method does not look at patterns; says whether it matches.
    Known(bool),
    /// An integer or a length.
    Int(i64),
    /// An address.
    V4(Ipv4Addr),
    /// An address.
    V6(Ipv6Addr),
    /// Bytes.
    Bytes(&'k [u8]),
}

/// Room for the text of a number or an address.
#[derive(Debug)]
pub(crate) struct Scratch {
    bytes: [u8; 48],
    length: usize,
}

impl Scratch {
    /// Room for one text.
    pub(crate) fn new() -> Self {
        Self { bytes: [0; 48], length: 0 }
    }

    fn print(&mut self, text: std::fmt::Arguments<'_>) -> &[u8] {
        let mut rest = self.bytes.as_mut_slice();
        // The longest, an IPv6 address, has 45 bytes.
        let _ = rest.write_fmt(text);
        self.length = 48 - rest.len();
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl<'k> Key<'k> {
    /// A sample as the type of a method; `None` where it has no such form, and then nothing matches.
    pub(crate) fn new(value: &'k Value<'_>, method: Method, scratch: &'k mut Scratch) -> Option<Self> {
        match method {
            Method::Found => Some(Key::Known(true)),
            Method::Bool => integer(value).map(|number| Key::Known(number != 0)),
            Method::Int | Method::Dotted => integer(value).map(Key::Int),
            Method::Ip => match value {
                Value::Ipv4(v4) => Some(Key::V4(*v4)),
                Value::Ipv6(v6) => Some(Key::V6(*v6)),
                other => match borrow(other).cast(SampleType::Addr)? {
                    Value::Ipv4(v4) => Some(Key::V4(v4)),
                    Value::Ipv6(v6) => Some(Key::V6(v6)),
                    _ => None,
                },
            },
            Method::Bin => match value {
                Value::Str(bytes) | Value::Bin(bytes) | Value::Meth(bytes) => Some(Key::Bytes(bytes)),
                Value::Bool(value) => scratch.keep(&i64::from(*value).to_be_bytes()),
                Value::Sint(number) => scratch.keep(&number.to_be_bytes()),
                Value::Ipv4(v4) => scratch.keep(&v4.octets()),
                Value::Ipv6(v6) => scratch.keep(&v6.octets()),
            },
            Method::Len => text(value, scratch).map(|text| Key::Int(i64::try_from(text.len()).unwrap_or(i64::MAX))),
            _ => text(value, scratch).map(Key::Bytes),
        }
    }
}

impl Scratch {
    fn keep(&mut self, bytes: &[u8]) -> Option<Key<'_>> {
        self.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        self.bytes.get(..bytes.len()).map(Key::Bytes)
    }
}

fn text<'k>(value: &'k Value<'_>, scratch: &'k mut Scratch) -> Option<&'k [u8]> {
    Some(match value {
        Value::Str(bytes) | Value::Bin(bytes) | Value::Meth(bytes) => bytes,
        Value::Bool(value) => {
            if *value {
                b"1"
            } else {
                b"0"
            }
        }
        Value::Sint(number) => scratch.print(format_args!("{number}")),
        Value::Ipv4(v4) => scratch.print(format_args!("{v4}")),
        Value::Ipv6(v6) => scratch.print(format_args!("{v6}")),
    })
}

fn integer(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Sint(number) => Some(*number),
        Value::Bool(value) => Some(i64::from(*value)),
        other => match borrow(other).cast(SampleType::Sint)? {
            Value::Sint(number) => Some(number),
            _ => None,
        },
    }
}

/// The same value without a copy of its bytes.
fn borrow<'v>(value: &'v Value<'_>) -> Value<'v> {
    match value {
        Value::Bool(value) => Value::Bool(*value),
        Value::Sint(number) => Value::Sint(*number),
        Value::Ipv4(v4) => Value::Ipv4(*v4),
        Value::Ipv6(v6) => Value::Ipv6(*v6),
        Value::Str(bytes) => Value::str(&**bytes),
        Value::Bin(bytes) => Value::Bin((&**bytes).into()),
        Value::Meth(bytes) => Value::Meth((&**bytes).into()),
    }
}

/// Whether a sample is true.
pub(super) fn is_true(value: &Value<'_>) -> bool {
    integer(value).is_some_and(|number| number != 0)
}
