//! Hashes of HAProxy that fetches, converters and load balancing share.

use crc::{CRC_32_ISO_HDLC, Crc, Table};

/// SDBM over several parts, as if they were one.
pub(crate) fn sdbm<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u32 {
    parts
        .into_iter()
        .flatten()
        .fold(0, |hash: u32, byte| u32::from(*byte).wrapping_add(hash << 6).wrapping_add(hash << 16).wrapping_sub(hash))
}

/// Daniel J. Bernstein's hash: times 33, plus the byte.
pub(crate) fn djb2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5381, |hash: u32, byte| hash.wrapping_mul(33).wrapping_add(u32::from(*byte)))
}

/// CRC32 as in Ethernet, gzip and PNG.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    static CRC32: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);
    CRC32.checksum(bytes)
}

/// Spreads a hash over all its bits: Bob Jenkins' integer hash with full avalanche, times a prime
/// (configuration.txt, `hash-type`, `avalanche`).
pub(crate) fn avalanche(hash: u32) -> u32 {
    let mut a = hash;
    a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    a = (a ^ 0xc761_c23c) ^ (a >> 19);
    a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    a = (a ^ 0xb55a_4f09) ^ (a >> 16);
    a.wrapping_mul(0xc000_0001)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `str(...),sdbm(1)` of haproxy 2.6.12.
    #[test]
    fn spread_hashes_are_those_of_haproxy() {
        for (text, hash) in [("a", 0x6d1e_ff97), ("b", 0xc80b_4e19), ("h", 0x493e_5226), ("hello", 0x7ae0_88a6)] {
            assert_eq!(avalanche(sdbm([text.as_bytes()])), hash, "{text}");
        }
        assert_eq!(sdbm([&b"he"[..], b"llo"]), 0x28d1_9932);
    }
}
