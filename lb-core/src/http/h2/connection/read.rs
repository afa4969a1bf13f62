//! What streams received and their owners read: bodies, trailers, responses; and the windows that grow with it.

use std::task::{Context, Poll};

use bytes::Bytes;

use super::Connection;
use super::stream::{Half, Stream};
use crate::http::h2::error::{H2Error, H2Stage};
use crate::http::h2::frame;
use crate::http::{BodyLength, Head};

impl Connection {
    fn reading(&mut self, slot: u32, stage: H2Stage) -> Result<&mut Stream, H2Error> {
        self.streams.get(slot).ok_or(H2Error::closed(stage))
    }

    /// The next bytes of a body; `None` at its end.
    pub(crate) fn poll_data(&mut self, cx: &Context<'_>, slot: u32) -> Poll<Option<Result<Bytes, H2Error>>> {
        let stream = match self.reading(slot, H2Stage::Body) {
            Ok(stream) => stream,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        if !stream.data.is_empty() {
            return Poll::Ready(Some(Ok(stream.take_data())));
        }
        if stream.receive == Half::Ended {
            return Poll::Ready(None);
        }
        if let Some(error) = &stream.error {
            return Poll::Ready(Some(Err(H2Error { stage: H2Stage::Body, ..H2Error::clone(error) })));
        }
        stream.reader.register(cx);
        Poll::Pending
    }

    /// The trailers, once the body has ended.
    pub(crate) fn poll_trailers(&mut self, cx: &Context<'_>, slot: u32) -> Poll<Result<Option<Head>, H2Error>> {
        let stream = self.reading(slot, H2Stage::Body)?;
        if stream.receive == Half::Ended {
            return Poll::Ready(Ok(stream.trailers.take().map(|head| *head)));
        }
        if let Some(error) = &stream.error {
            return Poll::Ready(Err(H2Error { stage: H2Stage::Body, ..H2Error::clone(error) }));
        }
        stream.reader.register(cx);
        Poll::Pending
    }

    /// Whether nothing more is to be read: neither data nor trailers.
    pub(crate) fn is_read(&mut self, slot: u32) -> bool {
        self.streams
            .get(slot)
            .is_none_or(|stream| stream.receive == Half::Ended && stream.data.is_empty() && stream.trailers.is_none())
    }

    /// The next interim response; `None` once the final one is next, or an error.
    pub(crate) fn poll_interim(&mut self, cx: &Context<'_>, slot: u32) -> Poll<Option<Head>> {
        let Some(stream) = self.streams.get(slot) else { return Poll::Ready(None) };
        if let Some(head) = stream.interim.pop_front() {
            return Poll::Ready(Some(head));
        }
        if stream.receive != Half::Head || stream.error.is_some() {
            return Poll::Ready(None);
        }
        stream.reader.register(cx);
        Poll::Pending
    }

    /// The final response's head. Interim ones that were not asked for are dropped.
    pub(crate) fn poll_response(&mut self, cx: &Context<'_>, slot: u32) -> Poll<Result<(Head, BodyLength), H2Error>> {
        let stream = self.reading(slot, H2Stage::Head)?;
        stream.interim.clear();
        if let Some(response) = stream.response.take() {
            return Poll::Ready(Ok(*response));
        }
        if let Some(error) = &stream.error {
            return Poll::Ready(Err(H2Error { stage: H2Stage::Head, ..H2Error::clone(error) }));
        }
        if stream.receive != Half::Head {
            return Poll::Ready(Err(H2Error::closed(H2Stage::Head)));
        }
        stream.reader.register(cx);
        Poll::Pending
    }

    /// Notes that bytes of a body reached the other side: the peer may send as many more.
    pub(crate) fn release(&mut self, slot: u32, bytes: usize) {
        let bytes = bytes as u32;
        if let Some(stream) = self.streams.get(slot)
            && stream.receive == Half::Open
            && stream.error.is_none()
        {
            let (id, update) = (stream.id, stream.window.release(bytes));
            self.update_window(id, update);
        }
        self.release_connection(bytes);
    }

    /// Nobody reads the body of this stream any more; `held` bytes of it were read and not released.
    pub(crate) fn stop_reading(&mut self, slot: u32, held: usize) {
        let unread = self.streams.get(slot).map_or(0, |stream| {
            stream.unread = true;
            std::mem::take(&mut stream.data).len()
        });
        self.release_connection((unread + held) as u32);
    }

    pub(super) fn release_connection(&mut self, bytes: u32) {
        let update = self.window.release(bytes);
        self.update_window(0, update);
    }

    pub(super) fn update_window(&mut self, id: u32, update: Option<u32>) {
        if let Some(increment) = update
            && self.failed.is_none()
        {
            frame::write_window_update(self.output.frames(), id, increment);
            self.touch();
        }
    }
}
