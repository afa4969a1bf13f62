//! Fields to header blocks (RFC 7541, section 6).
//!
//! Names of the static table whose values tend to repeat are indexed, one value for each name: a field that was sent
//! before is one byte. Everything else is a literal in plain bytes, which costs the least time. What identifies a user
//! is marked never to be indexed (section 7.1.3).

use std::collections::VecDeque;

use super::{OVERHEAD, huffman, integer, static_table};

/// The dynamic table is never larger than this, whatever the peer allows.
const MAX_TABLE: usize = 4096;
/// Values longer than this are not indexed.
const MAX_VALUE: usize = 256;
/// A name whose value changed this often is not indexed any more.
const MAX_CHANGES: u8 = 8;

/// The newest entry of a name.
#[derive(Debug)]
struct Latest {
    /// Of the static table.
    name: u8,
    /// Its number, counted from the first entry ever added; `None` once it was evicted.
    entry: Option<u64>,
    value: Vec<u8>,
    changes: u8,
}

/// The encoder of one connection.
#[derive(Debug)]
pub struct Encoder {
    latest: Vec<Latest>,
    /// Name and size of each entry, the oldest first.
    entries: VecDeque<(u8, u32)>,
    /// Entries added so far.
    added: u64,
    size: usize,
    max: usize,
    /// A size that the peer has to be told of, and the smallest since it was last told (section 4.2).
    update: Option<(usize, usize)>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { latest: Vec::new(), entries: VecDeque::new(), added: 0, size: 0, max: MAX_TABLE, update: None }
    }
}

impl Encoder {
    /// The peer's SETTINGS_HEADER_TABLE_SIZE.
    pub fn set_max(&mut self, announced: usize) {
        let max = announced.min(MAX_TABLE);
        if max == self.max {
            return;
        }
        let smallest = self.update.map_or(max, |(smallest, _)| smallest.min(max));
        self.update = Some((smallest, max));
        self.max = max;
        self.evict(max);
    }

    /// What a block has to begin with.
    pub fn begin(&mut self, out: &mut Vec<u8>) {
        if let Some((smallest, size)) = self.update.take() {
            if smallest < size {
                integer::encode(smallest, 5, 0x20, out);
            }
            integer::encode(size, 5, 0x20, out);
        }
    }

    /// Writes `:status`.
    pub fn status(&mut self, status: u16, out: &mut Vec<u8>) {
        let index = match status {
            200 => 8,
            204 => 9,
            206 => 10,
            304 => 11,
            400 => 12,
            404 => 13,
            500 => 14,
            _ => {
                let digit = |by: u16| b'0' + (status / by % 10) as u8;
                out.extend_from_slice(&[0x08, 3, digit(100), digit(10), digit(1)]);
                return;
            }
        };
        out.push(0x80 | index);
    }

    /// Writes `:method`.
    pub fn method(&mut self, method: &[u8], out: &mut Vec<u8>) {
        match method {
            b"GET" => out.push(0x82),
            b"POST" => out.push(0x83),
            _ => literal(2, method, 0, out),
        }
    }

    /// Writes `:scheme`.
    pub fn scheme(&mut self, scheme: &[u8], out: &mut Vec<u8>) {
        match scheme {
            b"http" => out.push(0x86),
            b"https" => out.push(0x87),
            _ => literal(6, scheme, 0, out),
        }
    }

    /// Writes `:path`.
    pub fn path(&mut self, path: &[u8], out: &mut Vec<u8>) {
        match path {
            b"/" => out.push(0x84),
            _ => literal(4, path, 0, out),
        }
    }

    /// Writes `:authority`.
    pub fn authority(&mut self, authority: &[u8], out: &mut Vec<u8>) {
        self.indexed(1, authority, out);
    }

    /// Writes a regular field; its name is in lower case.
    pub fn field(&mut self, name: &[u8], value: &[u8], out: &mut Vec<u8>) {
        match static_table::index_of(name) {
            Some(index) if repeats(index) => self.indexed(index, value, out),
            Some(index) => literal(index, value, if is_secret(index) { 0x10 } else { 0 }, out),
            None => {
                out.push(0);
                plain(name, out);
                plain(value, out);
            }
        }
    }

    fn indexed(&mut self, name: u8, value: &[u8], out: &mut Vec<u8>) {
        let size = static_table::get(usize::from(name)).map_or(0, |(name, _)| name.len()) + value.len() + OVERHEAD;
        let at = self.latest.iter().position(|latest| latest.name == name);
        let known = at.and_then(|at| self.latest.get_mut(at));
        if let Some(latest) = &known
            && latest.value == value
            && let Some(entry) = latest.entry
        {
            // The newest entry stands right behind the static table.
            let age = usize::try_from(self.added - entry).unwrap_or(usize::MAX);
            return integer::encode(static_table::LEN + age, 7, 0x80, out);
        }
        if value.len() > MAX_VALUE
            || size > self.max
            || known.as_ref().is_some_and(|latest| latest.changes >= MAX_CHANGES)
        {
            return literal(name, value, 0, out);
        }
        let entry = Some(self.added);
        match known {
            Some(latest) => {
                latest.changes += u8::from(latest.entry.is_some());
                latest.entry = entry;
                latest.value.clear();
                latest.value.extend_from_slice(value);
            }
            None => self.latest.push(Latest { name, entry, value: value.to_vec(), changes: 0 }),
        }
        self.evict(self.max - size);
        self.added += 1;
        self.entries.push_back((name, size as u32));
        self.size += size;
        integer::encode(usize::from(name), 6, 0x40, out);
        // Written once, read back often: worth the shorter form.
        coded(value, out);
    }

    fn evict(&mut self, max: usize) {
        while self.size > max {
            let number = self.added - self.entries.len() as u64;
            let Some((name, size)) = self.entries.pop_front() else { return };
            self.size -= size as usize;
            if let Some(latest) =
                self.latest.iter_mut().find(|latest| latest.name == name && latest.entry == Some(number))
            {
                latest.entry = None;
            }
        }
    }
}

/// Names whose values are usually the same for many messages of a connection.
fn repeats(index: u8) -> bool {
    matches!(index, 1 | 15..=20 | 22 | 24 | 26 | 27 | 31 | 53 | 54 | 56 | 58..=60)
}

/// authorization, cookie, proxy-authorization, set-cookie.
fn is_secret(index: u8) -> bool {
    matches!(index, 23 | 32 | 49 | 55)
}

/// A literal with a name of the static table; `kind` is 0 or 0x10 (never indexed).
fn literal(name: u8, value: &[u8], kind: u8, out: &mut Vec<u8>) {
    integer::encode(usize::from(name), 4, kind, out);
    plain(value, out);
}

fn plain(text: &[u8], out: &mut Vec<u8>) {
    integer::encode(text.len(), 7, 0, out);
    out.extend_from_slice(text);
}

fn coded(text: &[u8], out: &mut Vec<u8>) {
    let length = huffman::coded_len(text);
    if length < text.len() {
        integer::encode(length, 7, 0x80, out);
        huffman::encode(text, out);
    } else {
        plain(text, out);
    }
}
