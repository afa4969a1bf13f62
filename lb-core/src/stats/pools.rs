//! The memory that workers keep for later instead of giving it back to the allocator.

use std::fmt::Write;

/// A kind of memory that is kept, over all workers. What is in use is not counted: it belongs to its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolState {
    /// What it is.
    pub name: &'static str,
    /// Bytes of one piece, the least where they differ.
    pub size: usize,
    /// Pieces that are kept.
    pub kept: usize,
    /// Bytes of all of them.
    pub bytes: usize,
}

impl PoolState {
    /// A pool with what was found in it: how many pieces, of how many bytes together.
    pub(crate) fn new(name: &'static str, size: usize, (kept, bytes): (usize, usize)) -> Self {
        Self { name, size, kept, bytes }
    }

    /// What HAProxy writes on SIGQUIT, with the pools that this program has: whole lines.
    pub fn text(pools: &[Self]) -> String {
        let mut text = "Dumping pools usage. Use SIGQUIT to flush them.\n".to_owned();
        // Writing to a string does not fail.
        for Self { name, size, kept, bytes } in pools {
            let _ = writeln!(text, "  - Pool {name} ({size} bytes) : {kept} allocated ({bytes} bytes), 0 used");
        }
        let bytes: usize = pools.iter().map(|pool| pool.bytes).sum();
        let _ = writeln!(text, "Total: {} pools, {bytes} bytes allocated, 0 used.", pools.len());
        text
    }

    /// Adds what another worker keeps.
    pub(crate) fn add(all: &mut Vec<Self>, more: Vec<Self>) {
        for pool in more {
            match all.iter_mut().find(|known| known.name == pool.name) {
                Some(known) => {
                    known.kept += pool.kept;
                    known.bytes += pool.bytes;
                }
                None => all.push(pool),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_summed_and_told() {
        let mut all = Vec::new();
        PoolState::add(
            &mut all,
            vec![PoolState::new("buffer", 16384, (2, 32768)), PoolState::new("head", 96, (1, 300))],
        );
        PoolState::add(&mut all, vec![PoolState::new("buffer", 16384, (1, 16384)), PoolState::new("head", 96, (0, 0))]);
        assert_eq!(
            PoolState::text(&all),
            "Dumping pools usage. Use SIGQUIT to flush them.\n  \
             - Pool buffer (16384 bytes) : 3 allocated (49152 bytes), 0 used\n  \
             - Pool head (96 bytes) : 1 allocated (300 bytes), 0 used\n\
             Total: 2 pools, 49452 bytes allocated, 0 used.\n"
        );
    }
}
