//! Hashes that are no digests: fast, and of no use against those who choose the input.

use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, Crc, Table};
use twox_hash::{XxHash3_64, XxHash32, XxHash64};

use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Value, argument};

const CRC32: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);
const CRC32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

const fn hash(name: &'static str, run: super::Convert) -> Converter {
    Converter::new(name, SampleType::Bin, SampleType::Sint, run).args(ArgSpec::of(0, &[ArgKind::Sint]))
}

pub(super) const CONVERTERS: &[Converter] = &[
    hash("crc32", |context, value, args| spread(context, &value, args, crc32)),
    hash("crc32c", |context, value, args| spread(context, &value, args, crc32c)),
    hash("djb2", |context, value, args| spread(context, &value, args, djb2)),
    hash("sdbm", |context, value, args| spread(context, &value, args, sdbm)),
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
    let hash = if argument::number(args, 0).unwrap_or(0) == 0 { hash } else { avalanche(hash) };
    Some(Value::Sint(i64::from(hash)))
}

fn crc32(bytes: &[u8]) -> u32 {
    CRC32.checksum(bytes)
}

fn crc32c(bytes: &[u8]) -> u32 {
    CRC32C.checksum(bytes)
}

/// Daniel J. Bernstein's hash: times 33, plus the byte.
fn djb2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5381, |hash: u32, byte| hash.wrapping_mul(33).wrapping_add(u32::from(*byte)))
}

/// The hash of the sdbm library: times 65599, plus the byte.
fn sdbm(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |hash: u32, byte| hash.wrapping_mul(65599).wrapping_add(u32::from(*byte)))
}

/// Bob Jenkins' integer hash with full avalanche, times a prime.
fn avalanche(hash: u32) -> u32 {
    let mut a = hash;
    a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    a = (a ^ 0xc761_c23c) ^ (a >> 19);
    a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    a = (a ^ 0xb55a_4f09) ^ (a >> 16);
    a.wrapping_mul(0xc000_0001)
}
