//! What `hash-type` makes of a key (configuration.txt, section 4.2).

use std::net::IpAddr;

use crate::config::model::{HashFunction, HashType};
pub(super) use crate::sample::hash::avalanche;
use crate::sample::hash::{crc32, djb2, sdbm};

/// The hash of a key.
pub(crate) fn hash_key(kind: HashType, key: &[u8]) -> u32 {
    let hash = match kind.function {
        HashFunction::Sdbm => sdbm([key]),
        HashFunction::Djb2 => djb2(key),
        HashFunction::Crc32 => crc32(key),
    };
    spread(kind, hash)
}

/// The hash of an address: its 32-bit words, combined by exclusive or. HAProxy puts no function over it.
pub(crate) fn hash_address(kind: HashType, address: IpAddr) -> u32 {
    let words = match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            (bits >> 96) as u32 ^ (bits >> 64) as u32 ^ (bits >> 32) as u32 ^ bits as u32
        }
    };
    spread(kind, words)
}

fn spread(kind: HashType, hash: u32) -> u32 {
    if kind.avalanche { avalanche(hash) } else { hash }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn addresses_hash_to_their_words() {
        let hash = |address: &str| hash_address(HashType::default(), address.parse().unwrap());
        assert_eq!(hash("127.0.0.1"), 0x7f00_0001);
        assert_eq!(hash("::1"), 1);
        assert_eq!(hash("2001:db8:1:2:3:4:5:6"), 0x2001_0db8 ^ 0x0001_0002 ^ 0x0003_0004 ^ 0x0005_0006);
    }
}
