//! Fields of Protocol buffers, on their own and in messages of gRPC.

use std::sync::Arc;

use super::text::cut;
use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};

const FIELD: ArgSpec = ArgSpec::of(1, &[ArgKind::ProtobufField, ArgKind::Str]);

pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("protobuf", SampleType::Bin, SampleType::Bin, protobuf).args(FIELD).check(check),
    Converter::new("ungrpc", SampleType::Bin, SampleType::Bin, ungrpc).args(FIELD).check(check),
];

/// How a field is read.
#[derive(Clone, Copy)]
enum Kind {
    /// `int32` and others: as the varint says.
    Varint,
    /// `sint32` and `sint64`: the lowest bit is the sign.
    ZigZag,
    Fixed64,
    Double,
    Fixed32,
    Sfixed32,
    Float,
}

fn check(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    if !matches!(args.get(1), Some(Arg::Str(_))) {
        return Ok(());
    }
    let kind = match argument::text(args, 1) {
        b"int32" | b"int64" | b"uint32" | b"uint64" | b"bool" | b"enum" => Kind::Varint,
        b"sint32" | b"sint64" => Kind::ZigZag,
        b"fixed64" | b"sfixed64" => Kind::Fixed64,
        b"double" => Kind::Double,
        b"fixed32" => Kind::Fixed32,
        b"sfixed32" => Kind::Sfixed32,
        b"float" => Kind::Float,
        _ => return Err(format!("Wrong protocol buffer type '{}'", argument::shown(args, 1))),
    };
    argument::replace(args, 1, Arg::Own(Arc::new(kind)));
    Ok(())
}

/// Where the content of a field is, and its wire type.
#[derive(Clone, Copy)]
struct Field {
    wire: u64,
    start: usize,
    end: usize,
}

struct Reader<'m> {
    message: &'m [u8],
    at: usize,
    end: usize,
}

impl Reader<'_> {
    fn varint(&mut self) -> Option<u64> {
        let bytes = self.message.get(self.at..self.end)?;
        let (mut number, mut shift) = (0u64, 0);
        for (index, byte) in bytes.iter().enumerate().take(10) {
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                self.at += index + 1;
                return Some(number);
            }
            shift += 7;
        }
        None
    }

    /// The next field, with its number; groups are not known any more.
    fn next(&mut self) -> Option<(u64, Field)> {
        let key = self.varint()?;
        let wire = key & 7;
        let start = self.at;
        let (start, length) = match wire {
            0 => {
                self.varint()?;
                (start, self.at - start)
            }
            1 => (start, 8),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                (self.at, length)
            }
            5 => (start, 4),
            _ => return None,
        };
        let end = start.checked_add(length).filter(|end| *end <= self.end)?;
        self.at = end;
        Some((key >> 3, Field { wire, start, end }))
    }
}

/// The first field at the end of a path.
fn find(message: &[u8], start: usize, end: usize, path: &[u64]) -> Option<Field> {
    let (step, behind) = path.split_first()?;
    let mut reader = Reader { message, at: start, end };
    while let Some((number, field)) = reader.next() {
        if number != *step {
            continue;
        }
        let found = match (behind, field.wire) {
            ([], _) => Some(field),
            (_, 2) => find(message, field.start, field.end, behind),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn read(value: Value<'_>, field: Field, kind: Option<Kind>) -> Option<Value<'_>> {
    let Some(kind) = kind else {
        return match value {
            Value::Str(bytes) | Value::Bin(bytes) => Some(Value::Bin(cut(bytes, field.start, field.end))),
            _ => None,
        };
    };
    let message = value.raw()?;
    let long = || message.get(field.start..field.end)?.try_into().ok().map(u64::from_le_bytes);
    let short = || message.get(field.start..field.end)?.try_into().ok().map(u32::from_le_bytes);
    let varint = || Reader { message, at: field.start, end: field.end }.varint();
    Some(Value::Sint(match (kind, field.wire) {
        (Kind::Varint, 0) => varint()? as i64,
        (Kind::ZigZag, 0) => {
            let number = varint()?;
            (number >> 1) as i64 ^ -((number & 1) as i64)
        }
        (Kind::Fixed64, 1) => long()? as i64,
        (Kind::Double, 1) => f64::from_bits(long()?) as i64,
        (Kind::Fixed32, 5) => i64::from(short()?),
        (Kind::Sfixed32, 5) => i64::from(short()? as i32),
        (Kind::Float, 5) => f32::from_bits(short()?) as i64,
        _ => return None,
    }))
}

fn asked(args: &[Arg]) -> Option<(&[u64], Option<Kind>)> {
    let path = args.first()?.own::<Vec<u64>>()?;
    Some((path, args.get(1).and_then(|kind| kind.own::<Kind>()).copied()))
}

fn protobuf<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let (path, kind) = asked(args)?;
    let message = value.raw()?;
    let field = find(message, 0, message.len(), path)?;
    read(value, field, kind)
}

/// Looks at each message that has come whole (a byte for its compression, four for its length).
fn ungrpc<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let (path, kind) = asked(args)?;
    let bytes = value.raw()?;
    let mut at = 0;
    let field = loop {
        let length = bytes.get(at + 1..at + 5)?.try_into().ok().map(u32::from_be_bytes)?;
        let start = at + 5;
        at = start.checked_add(length as usize).filter(|end| *end <= bytes.len())?;
        if let Some(field) = find(bytes, start, at, path) {
            break field;
        }
    };
    read(value, field, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HAProxy 2.6.12 finds an empty value here, and 4294967293 in a float of -3.5.
    #[test]
    fn a_field_without_content_is_none() {
        assert!(find(b"\x08", 0, 1, &[1]).is_none());
        let float = Value::Bin([&b"\x45"[..], &(-3.5f32).to_le_bytes()].concat().into());
        let field = find(float.raw().unwrap_or_default(), 0, 5, &[8])
            .map(|field| read(float.clone(), field, Some(Kind::Float)));
        assert_eq!(field, Some(Some(Value::Sint(-3))));
    }
}
