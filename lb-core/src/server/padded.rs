//! A value alone on its cache line, so that counters of different servers never share one.

use std::ops::Deref;

/// Aligns its content to 128 bytes: two lines, because adjacent-line prefetchers fetch pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Padded<T>(pub T);

impl<T> Deref for Padded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
