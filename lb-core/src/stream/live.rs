//! The streams that are alive on a worker, for whoever asks from outside (`show sess`, `shutdown session`).
//!
//! A stream writes down how far it is in an [`Entry`], a handful of stores into memory that only its worker touches: no
//! lock, and no allocation once the worker has had as many streams at the same time before. Nobody else looks at an
//! entry; other threads ask the worker, which reads them between two turns of its event loop
//! ([`crate::worker::inquiry`]). Shutting a stream is a mark and a wake-up: the stream notices at its next step.

mod entry;
mod snapshot;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub(crate) use entry::{Entry, Flow, Origin};

use crate::log::Cause;

/// The entries of one worker.
#[derive(Debug, Default)]
pub(crate) struct LiveStreams {
    entries: RefCell<Vec<Rc<Entry>>>,
    free: RefCell<Vec<u32>>,
    /// Streams so far; the number of a stream is never given to another one.
    started: Cell<u64>,
}

impl LiveStreams {
    /// Makes an entry for a stream that starts.
    pub(crate) fn enter(&self) -> Live<'_> {
        let number = self.started.get() + 1;
        self.started.set(number);
        let free = self.free.borrow_mut().pop();
        let entry = match free.and_then(|index| self.entries.borrow().get(index as usize).map(Rc::clone)) {
            Some(entry) => entry,
            None => self.add(),
        };
        entry.reset(number);
        Live { streams: self, entry }
    }

    #[cold]
    fn add(&self) -> Rc<Entry> {
        let mut entries = self.entries.borrow_mut();
        let entry = Rc::new(Entry::new(u32::try_from(entries.len()).unwrap_or(u32::MAX)));
        entries.push(Rc::clone(&entry));
        entry
    }

    /// How many streams there were so far.
    pub(crate) fn started(&self) -> u64 {
        self.started.get()
    }

    /// How many entries there are, those in use and those that wait for a stream.
    pub(crate) fn places(&self) -> usize {
        self.entries.borrow().len()
    }

    /// The streams in a range of the entries; for reading them a part at a time.
    pub(crate) fn in_places(&self, from: usize, count: usize) -> Vec<Rc<Entry>> {
        let entries = self.entries.borrow();
        let part = entries.iter().skip(from).take(count);
        part.filter(|entry| entry.number() != 0).cloned().collect()
    }

    /// Ends the streams for which `wanted` says so. Says how many there were.
    pub(crate) fn shut(&self, cause: Cause, wanted: impl Fn(&Entry) -> bool) -> usize {
        // Waking runs code of the runtime: not while the list is borrowed.
        let found: Vec<_> =
            self.entries.borrow().iter().filter(|entry| entry.number() != 0 && wanted(entry)).cloned().collect();
        found.iter().for_each(|entry| entry.shut(cause));
        found.len()
    }
}

/// The entry of a stream, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Live<'a> {
    streams: &'a LiveStreams,
    entry: Rc<Entry>,
}

impl Live<'_> {
    /// A second handle, to look at the entry while the stream is at work.
    pub(crate) fn entry(&self) -> Rc<Entry> {
        Rc::clone(&self.entry)
    }
}

impl std::ops::Deref for Live<'_> {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        &self.entry
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.entry.leave();
        self.streams.free.borrow_mut().push(self.entry.index());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again_and_numbers_are_not() {
        let streams = LiveStreams::default();
        let (first, second) = (streams.enter(), streams.enter());
        assert_eq!((first.number(), second.number()), (1, 2));
        drop(first);
        let third = streams.enter();
        assert_eq!((third.number(), third.index(), streams.places()), (3, 0, 2));
        let numbers: Vec<_> = streams.in_places(0, 9).iter().map(|entry| entry.number()).collect();
        assert_eq!(numbers, [3, 2]);
        drop((second, third));
        assert!(streams.in_places(0, 9).is_empty());
    }

    #[test]
    fn shutting_marks_what_is_alive_and_the_mark_does_not_outlive_it() {
        let streams = LiveStreams::default();
        let (one, two) = (streams.enter(), streams.enter());
        assert_eq!(streams.shut(Cause::Killed, |entry| entry.number() == 2), 1);
        assert_eq!((one.shut_for(), two.shut_for()), (None, Some(Cause::Killed)));
        drop(two);
        assert_eq!(streams.shut(Cause::Killed, |entry| entry.number() == 2), 0);
        assert_eq!(streams.enter().shut_for(), None);
    }
}
