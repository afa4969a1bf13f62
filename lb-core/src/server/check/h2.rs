//! Requests and responses of `option httpchk` over HTTP/2 (RFC 9113), without sockets.

use crate::instant::Instant;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::http::Answer;
use crate::http::h2::connection::{Connection, Role, SLICES};
use crate::http::h2::{H2Error, H2Settings};
use crate::http::message::Head;

/// A connection of a check. Its streams follow each other: there is one at a time.
#[derive(Debug)]
pub(super) struct Exchange {
    connection: Connection,
    tls: bool,
    stream: Option<u32>,
    /// What is left of the request's body.
    body: Bytes,
    /// The beginning of a frame.
    input: Vec<u8>,
    /// Nothing more comes of the answer.
    failed: bool,
}

impl Exchange {
    /// A connection that was just opened; its preface goes out with the first request.
    pub(super) fn new(settings: &H2Settings, tls: bool) -> Self {
        let connection = Connection::new(Role::Client, settings, Instant::now());
        Self { connection, tls, stream: None, body: Bytes::new(), input: Vec::new(), failed: false }
    }

    /// Begins a request.
    ///
    /// # Errors
    /// When HTTP/2 cannot carry it, or the server takes no more.
    pub(super) fn request(&mut self, head: &Head, body: Vec<u8>) -> Result<(), H2Error> {
        if let Some(last) = self.stream.take() {
            self.connection.drop_handle(last);
        }
        let mut head = head.clone();
        if !body.is_empty() {
            head.add(b"content-length", body.len().to_string().as_bytes());
        }
        let stream = self.connection.open(&head, self.tls, body.is_empty())?;
        self.connection.retain(stream);
        self.stream = Some(stream);
        self.body = body.into();
        self.send_body();
        Ok(())
    }

    /// Sends as much of the body as the server takes now.
    fn send_body(&mut self) {
        let cx = Context::from_waker(Waker::noop());
        while let (Some(stream), false) = (self.stream, self.body.is_empty()) {
            match self.connection.poll_capacity(&cx, stream, self.body.len()) {
                Poll::Ready(Ok(room)) => {
                    let part = self.body.split_to(room.min(self.body.len()));
                    if self.connection.send_data(stream, part, self.body.is_empty()).is_err() {
                        self.body.clear();
                    }
                }
                // The answer tells why.
                Poll::Ready(Err(_)) => self.body.clear(),
                Poll::Pending => return,
            }
        }
    }

    /// What is to be sent now.
    pub(super) fn output(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let output = self.connection.output();
        while output.pending() > 0 {
            let mut slices = [std::io::IoSlice::new(&[]); SLICES];
            let count = output.slices(&mut slices);
            let before = bytes.len();
            slices.iter().take(count).for_each(|slice| bytes.extend_from_slice(slice));
            output.advance(bytes.len() - before);
        }
        self.connection.sent();
        bytes
    }

    /// Whether the answer ended before its end: the server reset it, broke the protocol or speaks another one.
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Takes what came, and gives to `answer` what it says. Its body takes at most `room` bytes.
    pub(super) fn receive(&mut self, bytes: &[u8], answer: &mut Answer, room: usize) {
        self.input.extend_from_slice(bytes);
        let used = self.connection.receive(&self.input, Instant::now());
        self.input.drain(..used.min(self.input.len()));
        self.send_body();
        if let Some(stream) = self.stream {
            self.failed = self.read(stream, answer, room).is_err();
        }
    }

    fn read(&mut self, stream: u32, answer: &mut Answer, room: usize) -> Result<(), H2Error> {
        let cx = Context::from_waker(Waker::noop());
        if answer.head.is_none() {
            // A 1xx is judged as any other status: nothing is waited for behind it.
            if let Poll::Ready(Some(head)) = self.connection.poll_interim(&cx, stream) {
                answer.head = Some(head);
                answer.complete = true;
                return Ok(());
            }
            match self.connection.poll_response(&cx, stream) {
                Poll::Ready(response) => answer.head = Some(response?.0),
                Poll::Pending => return Ok(()),
            }
        }
        while !answer.complete {
            match self.connection.poll_data(&cx, stream) {
                Poll::Ready(None) => answer.complete = true,
                Poll::Ready(Some(data)) => {
                    let data = data?;
                    let taken = data.len().min(room.saturating_sub(answer.body.len()));
                    answer.body.extend_from_slice(data.get(..taken).unwrap_or_default());
                    self.connection.release(stream, data.len());
                    answer.complete = answer.body.len() >= room;
                }
                Poll::Pending => break,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::http::message::Version;

    const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream];
        frame.extend_from_slice(payload);
        frame
    }

    /// What an answer in these pieces comes to: status, body, whether it is whole, and whether it failed.
    fn answer(pieces: &[Vec<u8>], room: usize) -> (Option<u16>, Vec<u8>, bool, bool) {
        let mut exchange = Exchange::new(&H2Settings::default(), false);
        let mut head = Head::request(b"GET", b"/", Version::Http11);
        head.add(b"host", b"a");
        exchange.request(&head, Vec::new()).unwrap();
        assert!(exchange.output().starts_with(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
        let mut answer = Answer::new(b"GET");
        for piece in pieces {
            exchange.receive(piece, &mut answer, room);
        }
        (answer.head.map(|head| head.status()), answer.body, answer.complete, exchange.has_failed())
    }

    #[test]
    fn responses_are_read_as_they_come() {
        // 0x88: `:status: 200` of the static table.
        let ok = frame(1, 5, 1, b"\x88");
        let begun = frame(1, 4, 1, b"\x88");
        assert_eq!(answer(&[SETTINGS.to_vec(), ok.clone()], 99), (Some(200), vec![], true, false));
        let whole: Vec<u8> = [SETTINGS, &ok].concat();
        let split: Vec<Vec<u8>> = whole.iter().map(|byte| vec![*byte]).collect();
        assert_eq!(answer(&split, 99), (Some(200), vec![], true, false));
        let body = [SETTINGS.to_vec(), begun.clone(), frame(0, 0, 1, b"hel")];
        assert_eq!(answer(&body, 99), (Some(200), b"hel".to_vec(), false, false));
        assert_eq!(answer(&body, 2), (Some(200), b"he".to_vec(), true, false));
        let ended = [SETTINGS.to_vec(), begun.clone(), frame(0, 0, 1, b"hel"), frame(0, 1, 1, b"lo")];
        assert_eq!(answer(&ended, 99), (Some(200), b"hello".to_vec(), true, false));
        // `:status: 103`, by name of the static table.
        let early = [SETTINGS.to_vec(), frame(1, 4, 1, b"\x08\x03103")];
        assert_eq!(answer(&early, 99), (Some(103), vec![], true, false));
    }

    #[test]
    fn what_is_no_answer() {
        let reset = frame(3, 0, 1, &[0, 0, 0, 2]);
        assert_eq!(answer(&[SETTINGS.to_vec(), reset.clone()], 99), (None, vec![], false, true));
        let begun = [SETTINGS.to_vec(), frame(1, 4, 1, b"\x88"), reset];
        assert_eq!(answer(&begun, 99), (Some(200), vec![], false, true));
        let http1 = b"HTTP/1.1 400 Bad request\r\n\r\n".to_vec();
        assert_eq!(answer(&[http1], 99), (None, vec![], false, true));
        // No `:status`.
        assert_eq!(answer(&[SETTINGS.to_vec(), frame(1, 5, 1, b"\0\x01x\x01y")], 99), (None, vec![], false, true));
    }

    #[test]
    fn a_body_waits_for_the_window() {
        let mut exchange = Exchange::new(&H2Settings::default(), true);
        let mut head = Head::request(b"POST", b"/", Version::Http11);
        head.add(b"host", b"a");
        exchange.request(&head, vec![b'x'; 70_000]).unwrap();
        let sent = exchange.output().len();
        assert!((65_535..66_500).contains(&sent), "{sent}");
        let mut answer = Answer::new(b"POST");
        exchange.receive(&[SETTINGS.to_vec(), frame(8, 0, 0, &[0, 1, 0, 0])].concat(), &mut answer, 99);
        assert!(exchange.output().len() < 100);
        exchange.receive(&frame(8, 0, 1, &[0, 1, 0, 0]), &mut answer, 99);
        assert!((70_000 - 65_535..5000).contains(&exchange.output().len()));
    }
}
