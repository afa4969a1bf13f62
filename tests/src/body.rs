//! Random bodies that are told by a digest.

use std::hash::{DefaultHasher, Hasher};

/// A small generator of random numbers, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next 64 bits (xorshift64*).
    #[expect(clippy::should_implement_trait, reason = "numbers without end, not an iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// That many bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}

/// A digest of a byte stream, whatever the pieces it comes in.
#[derive(Debug, Default)]
pub struct Digest {
    hasher: DefaultHasher,
    block: Vec<u8>,
    length: u64,
}

/// Bytes are hashed in blocks of this size, so that the pieces they came in do not matter.
const BLOCK: usize = 65536;

impl Digest {
    /// Adds bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            bytes = rest;
            if self.block.len() == BLOCK {
                self.hasher.write(&self.block);
                self.block.clear();
            }
        }
    }

    /// Length and hash as text.
    pub fn finish(mut self) -> String {
        self.hasher.write(&self.block);
        format!("{}-{:016x}", self.length, self.hasher.finish())
    }

    /// The digest of bytes that are all there.
    pub fn of(bytes: &[u8]) -> String {
        let mut digest = Self::default();
        digest.update(bytes);
        digest.finish()
    }
}

/// A body in chunks of random sizes, with trailers.
pub fn chunked(body: &[u8], random: &mut Random, trailers: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 1024);
    let mut left = body;
    while !left.is_empty() {
        let limit = [1, 7, 100, 5000, 20_000, 100_000][random.below(6)];
        let (now, rest) = left.split_at(left.len().min(1 + random.below(limit)));
        out.extend_from_slice(format!("{:x}\r\n", now.len()).as_bytes());
        out.extend_from_slice(now);
        out.extend_from_slice(b"\r\n");
        left = rest;
    }
    out.extend_from_slice(b"0\r\n");
    out.extend_from_slice(trailers.as_bytes());
    out.extend_from_slice(b"\r\n");
    out
}
