//! What a connection is going to send: frames in one buffer, large payloads between them without a copy.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

/// Payloads up to this size are copied: cheaper than a slice of their own.
const COPIED: usize = 2048;
/// Slices of one write.
pub(crate) const SLICES: usize = 64;
/// Buffers kept for reuse per worker, and the largest of them.
const SPARES: usize = 64;
const LARGEST_SPARE: usize = 64 * 1024;
/// Room of a new buffer.
const FIRST: usize = 4096;
/// Sent bytes that are cut off while others still wait.
const COMPACT: usize = 32 * 1024;

thread_local! {
    /// Buffers of this worker that nobody holds.
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// The bytes to send, in order. Holds no memory while there are none.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    /// How many of `bytes` were sent.
    sent: usize,
    /// Payloads; each stands before the byte of `bytes` at its position.
    pieces: VecDeque<(usize, Bytes)>,
    /// Bytes of all pieces.
    in_pieces: usize,
}

impl Output {
    /// Bytes that wait to be sent.
    pub(crate) fn pending(&self) -> usize {
        self.bytes.len() - self.sent + self.in_pieces
    }

    /// Where frames are written to.
    pub(crate) fn frames(&mut self) -> &mut Vec<u8> {
        if self.bytes.capacity() == 0 {
            let spare = SPARE.with_borrow_mut(Vec::pop);
            self.bytes = spare.unwrap_or_else(|| Vec::with_capacity(FIRST));
        }
        &mut self.bytes
    }

    /// Appends the payload of the frame whose header was written last.
    pub(crate) fn payload(&mut self, payload: Bytes) {
        if payload.len() <= COPIED {
            self.frames().extend_from_slice(&payload);
        } else {
            self.in_pieces += payload.len();
            self.pieces.push_back((self.bytes.len(), payload));
        }
    }

    /// Fills `slices` with what is to be sent next and says how many there are.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
        let mut count = 0;
        let mut put = |bytes: &'a [u8]| {
            if !bytes.is_empty()
                && let Some(slice) = slices.get_mut(count)
            {
                *slice = IoSlice::new(bytes);
                count += 1;
            }
        };
        let mut at = self.sent;
        for (position, piece) in self.pieces.iter().take(SLICES) {
            put(self.bytes.get(at..*position).unwrap_or_default());
            put(piece);
            at = *position;
        }
        if self.pieces.len() <= SLICES {
            put(self.bytes.get(at..).unwrap_or_default());
        }
        count
    }

    /// Notes that `count` bytes were sent.
    pub(crate) fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let until = self.pieces.front().map_or(self.bytes.len(), |(position, _)| *position);
            let taken = count.min(until - self.sent);
            self.sent += taken;
            count -= taken;
            let Some((_, piece)) = self.pieces.front_mut().filter(|_| count > 0) else { break };
            let taken = count.min(piece.len());
            piece.advance(taken);
            self.in_pieces -= taken;
            count -= taken;
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
        if self.pending() == 0 {
            self.release();
        } else if self.sent >= COMPACT {
            self.bytes.drain(..self.sent);
            self.pieces.iter_mut().for_each(|(position, _)| *position -= self.sent);
            self.sent = 0;
        }
    }

    /// Gives the memory back.
    fn release(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        self.sent = 0;
        if (1..=LARGEST_SPARE).contains(&bytes.capacity()) {
            bytes.clear();
            SPARE.with_borrow_mut(|spare| {
                if spare.len() < SPARES {
                    spare.push(bytes);
                }
            });
        }
        if self.pieces.capacity() > 64 {
            self.pieces = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_payloads_stay_in_order_however_they_are_sent() {
        for step in [1, 7, 1000, 5000, 1 << 20] {
            let mut output = Output::default();
            let mut expected = Vec::new();
            for at in 0..200_usize {
                output.frames().extend_from_slice(&[at as u8; 9]);
                expected.extend_from_slice(&[at as u8; 9]);
                let payload = vec![at as u8; (at * 331) % 5000];
                expected.extend_from_slice(&payload);
                output.payload(payload.into());
            }
            assert_eq!(output.pending(), expected.len());
            let mut sent = Vec::new();
            while output.pending() > 0 {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let count = output.slices(&mut slices);
                let mut left = step;
                for slice in slices.iter().take(count) {
                    let taken = left.min(slice.len());
                    sent.extend_from_slice(&slice[..taken]);
                    left -= taken;
                }
                assert!(left < step);
                output.advance(step - left);
            }
            assert!(sent == expected, "{step}");
            assert_eq!(output.bytes.capacity(), 0);
        }
    }
}
