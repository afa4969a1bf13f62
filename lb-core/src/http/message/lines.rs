//! Fields as lines of HTTP/1: those that came over HTTP/1 lie in memory as they are written, and are copied together.

use std::ops::Range;

use super::{Field, Head};

/// A field as it lies in the memory of its head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    pub(super) head: &'a Head,
    pub(super) field: Field,
}

impl<'a> Line<'a> {
    /// The name, in lower case.
    pub(crate) fn name(&self) -> &'a [u8] {
        self.head.slice(self.field.name)
    }

    /// The value.
    pub(crate) fn value(&self) -> &'a [u8] {
        self.head.slice(self.field.value)
    }

    /// Where it is a line of HTTP/1 as we would write it, with its end: several that touch each other can be copied at once.
    fn as_written(&self) -> Option<Range<usize>> {
        let (name, value) = (self.field.name.range(), self.field.value.range());
        let end = value.end.checked_add(2)?;
        let arena = &self.head.arena;
        let whole = arena.get(name.end..value.start)? == b": " && arena.get(value.end..end)? == b"\r\n";
        whole.then_some(name.start..end)
    }
}

/// Lines that touch each other, to be copied at once.
#[derive(Debug, Default)]
pub(crate) struct Run(Range<usize>);

impl Run {
    /// Takes a line in, and writes what was gathered before if it does not touch it. False where it has to be written by
    /// itself: all that was before it is written then.
    pub(crate) fn take(&mut self, line: &Line<'_>, out: &mut Vec<u8>) -> bool {
        match line.as_written() {
            Some(range) if range.start == self.0.end => self.0.end = range.end,
            Some(range) => {
                self.write(line.head, out);
                self.0 = range;
            }
            None => {
                self.write(line.head, out);
                return false;
            }
        }
        true
    }

    /// Writes what was gathered.
    pub(crate) fn write(&mut self, head: &Head, out: &mut Vec<u8>) {
        let gathered = std::mem::take(&mut self.0);
        if !gathered.is_empty() {
            out.extend_from_slice(head.arena.get(gathered).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{RawField, RawStart, Version};
    use super::*;

    #[test]
    fn lines_that_touch_are_copied_together_and_others_are_left_to_the_caller() {
        let raw = b"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC:3\r\nD: 4\nE: 5\r\n\r\n";
        let field = |name: &str| {
            let start = raw.windows(2).position(|two| two == format!("{name}:").as_bytes()).unwrap_or_default();
            let value = start + if name == "C" { 2 } else { 3 };
            RawField { name: start..start + 1, value: value..value + 1 }
        };
        let fields = ["A", "B", "C", "D", "E"].map(field);
        let mut head = Head::default();
        head.fill(raw, RawStart::Request { method: 0..3, target: 4..5, version: Version::Http11 }, &fields);
        head.add(b"F", b"6");
        let (mut run, mut out, mut alone) = (Run::default(), Vec::new(), Vec::new());
        for line in head.lines() {
            if !run.take(&line, &mut out) {
                out.push(b'|');
                alone.extend_from_slice(line.name());
            }
        }
        run.write(&head, &mut out);
        assert_eq!(out, b"a: 1\r\nb: 2\r\n||e: 5\r\n|");
        assert_eq!(alone, b"cdf");
    }
}
