//! The dynamic table of a decoder (RFC 7541, section 2.3.2): all its bytes in one buffer.

use std::collections::VecDeque;

use super::OVERHEAD;

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Where its name begins, counted from the first byte ever added.
    start: u64,
    name: u32,
    value: u32,
}

/// Fields that were seen before, the newest first.
#[derive(Debug)]
pub(super) struct DynamicTable {
    entries: VecDeque<Entry>,
    bytes: Vec<u8>,
    /// The position that the first byte of `bytes` has.
    base: u64,
    size: usize,
    max: usize,
}

impl DynamicTable {
    /// An empty table of at most `max` bytes, as section 4.1 counts them.
    pub(super) fn new(max: usize) -> Self {
        Self { entries: VecDeque::new(), bytes: Vec::new(), base: 0, size: 0, max }
    }

    /// The field at `index`; the newest has 0.
    pub(super) fn get(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let entry = self.entries.get(self.entries.len().checked_sub(index + 1)?)?;
        let start = usize::try_from(entry.start - self.base).ok()?;
        let bytes = self.bytes.get(start..start + (entry.name + entry.value) as usize)?;
        bytes.split_at_checked(entry.name as usize)
    }

    /// Changes the bound; what is too much goes.
    pub(super) fn set_max(&mut self, max: usize) {
        self.max = max;
        self.evict(max);
    }

    /// Adds a field. One that is larger than the table empties it (section 4.4).
    pub(super) fn add(&mut self, name: &[u8], value: &[u8]) {
        let size = name.len() + value.len() + OVERHEAD;
        self.evict(self.max.saturating_sub(size));
        if size > self.max {
            return;
        }
        if self.bytes.len() > 2 * self.max {
            let start = self.entries.front().map_or(self.base + self.bytes.len() as u64, |oldest| oldest.start);
            self.bytes.drain(..usize::try_from(start - self.base).unwrap_or(0).min(self.bytes.len()));
            self.base = start;
        }
        let start = self.base + self.bytes.len() as u64;
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.entries.push_back(Entry { start, name: name.len() as u32, value: value.len() as u32 });
        self.size += size;
    }

    /// Drops the oldest entries until no more than `max` bytes are left.
    fn evict(&mut self, max: usize) {
        while self.size > max {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.size -= (oldest.name + oldest.value) as usize + OVERHEAD;
        }
        if self.entries.is_empty() {
            self.base += self.bytes.len() as u64;
            self.bytes.clear();
        }
    }

    /// Size as section 4.1 counts it.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entries_make_room() {
        let mut table = DynamicTable::new(3 * (OVERHEAD + 4));
        for at in 0..1000_u32 {
            let text = format!("{:02}", at % 100);
            table.add(text.as_bytes(), text.as_bytes());
            assert_eq!(table.get(0), Some((text.as_bytes(), text.as_bytes())));
        }
        assert_eq!(table.get(2), Some((&b"97"[..], &b"97"[..])));
        assert_eq!(table.get(3), None);
        assert!(table.bytes.len() <= 3 * table.max, "{}", table.bytes.len());
        table.set_max(OVERHEAD + 4);
        assert_eq!((table.size(), table.get(1)), (OVERHEAD + 4, None));
        table.add(b"name", b"longer than the table");
        assert_eq!((table.size(), table.get(0)), (0, None));
    }
}
