//! Hashes that are no digests: fast, and of no use against those who choose the input.

use crc::{CRC_32_ISCSI, Crc, Table};
use twox_hash::{XxHash3_64, XxHash32, XxHash64};

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Value, argument};
use crate::sample::hash as shared;

const CRC32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

const fn hash(name: &'static str, run: super::Convert) -> Converter {
    Converter::new(name, SampleType::Bin, SampleType::Sint, run).args(ArgSpec::of(0, &[ArgKind::Sint]))
}

pub(super) const CONVERTERS: &[Converter] = &[
    hash("crc32", |context, value, args| spread(context, &value, args, shared::crc32)),
    hash("crc32c", |context, value, args| spread(context, &value, args, crc32c)),
    hash("djb2", |context, value, args| spread(context, &value, args, shared::djb2)),
    hash("sdbm", |context, value, args| spread(context, &value, args, |bytes| shared::sdbm([bytes]))),
    hash("xxh32", |_, value, args| Some(Value::Sint(i64::from(XxHash32::oneshot(seed(args) as u32, value.raw()?))))),
    hash("xxh64", |_, value, args| Some(Value::Sint(XxHash64::oneshot(seed(args), value.raw()?) as i64))),
    hash("xxh3", |_, value, args| Some(Value::Sint(XxHash3_64::oneshot_with_seed(seed(args), value.raw()?) as i64))),
];

fn seed(args: &[Arg]) -> u64 {
    argument::number(args, 0).unwrap_or(0) as u64
}

/// A hash of 32 bits, spread over all of them where the argument is not 0.
fn spread<'a>(_: &Context<'a>, value: &Value<'a>, args: &[Arg], hash: fn(&[u8]) -> u32) -> Option<Value<'a>> {
    let hash = hash(value.raw()?);
    let hash = if argument::number(args, 0).unwrap_or(0) == 0 { hash } else { shared::avalanche(hash) };
    Some(Value::Sint(i64::from(hash)))
}

fn crc32c(bytes: &[u8]) -> u32 {
    CRC32C.checksum(bytes)
}
