//! Networks (configuration.txt, section 7.1.6).

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::super::entry::Entry;
use super::super::key::Key;
use super::super::pattern::Pattern;
use super::bits::Bits;
use super::chunks::Chunks;
use super::slots::Change;

/// Networks of both families.
#[derive(Clone, Debug, Default)]
pub(super) struct Networks {
    v4: Bits,
    v6: Bits,
    /// IPv4 with masks that are no prefixes.
    holes: Chunks,
}

fn v4_key(address: Ipv4Addr) -> u128 {
    u128::from(u32::from(address)) << 96
}

fn has_holes(mask: u32) -> bool {
    mask.leading_ones() + mask.trailing_zeros() < 32
}

impl Networks {
    /// Where the pattern is a prefix.
    pub(super) fn change_prefixes(&mut self, pattern: &Pattern, change: Change<'_>) {
        match pattern {
            Pattern::V4(network, mask) if !has_holes(*mask) => {
                self.v4.change(v4_key(*network), mask.leading_ones() as u8, change);
            }
            Pattern::V6(network, length) => self.v6.change(u128::from(*network), *length, change),
            _ => {}
        }
    }

    /// Where it is none.
    pub(super) fn change_holes(&mut self, pattern: &Pattern, change: Change<'_>) {
        if matches!(pattern, Pattern::V4(_, mask) if has_holes(*mask)) {
            super::change_list(&mut self.holes, pattern, change);
        }
    }

    /// The longest network of the address's own family, then of the other one, then the oldest with a mask that has holes.
    pub(super) fn find(&self, key: Key<'_>) -> Option<&Arc<Entry>> {
        match key {
            Key::V4(address) => {
                let own = self.v4.longest(v4_key(address));
                own.or_else(|| self.v6.longest(u128::from(address.to_ipv6_mapped())))
                    .or_else(|| self.with_holes(address))
            }
            Key::V6(address) => {
                let own = self.v6.longest(u128::from(address));
                own.or_else(|| {
                    let v4 = embedded_v4(address)?;
                    self.v4.longest(v4_key(v4)).or_else(|| self.with_holes(v4))
                })
            }
            _ => None,
        }
    }

    fn with_holes(&self, address: Ipv4Addr) -> Option<&Arc<Entry>> {
        let matches = |pattern: &Pattern| match pattern {
            Pattern::V4(network, mask) => (u32::from(*network) ^ u32::from(address)) & mask == 0,
            _ => false,
        };
        self.holes.iter().find(|(_, pattern)| matches(pattern)).map(|(entry, _)| entry)
    }
}

/// The IPv4 address in `::ffff:a.b.c.d`, `::a.b.c.d` or `2002:ab:cd::` (configuration.txt, section 7.1.6).
pub(super) fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x2002, high, low, ..] => {
            Some((u32::from(high) << 16 | u32::from(low)).into())
        }
        _ => None,
    }
}
