//! Stage 8 of streams that are ended from outside: by a command, because their server went down, by a hard stop.
//!
//! HAProxy answers where the response is waited for, and elsewhere closes without a word; the second character of its
//! termination state says no more than that. It lets streams in a queue or in a tarpit wait on, which we do not.

use super::Stream;
use super::error::{End, Kind, StreamError};
use super::live::Entry;
use super::side::Side;
use crate::log::{Cause, Stage};
use crate::runtime::SessionStage;
use crate::worker::timer::Timer;

impl Stream<'_> {
    /// Ends the stream, whose work was dropped where it stood. Says whether the client's connection can go on.
    pub(super) async fn end_shut(
        &mut self,
        cause: Cause,
        live: &Entry,
        client: &mut Side<'_>,
        timer: &mut Timer,
    ) -> bool {
        self.recall(live);
        let request_done = live.channels().is_some_and(|(request, _)| request.flow.finished);
        if let (SessionStage::Tunnel, Side::H1(conn), Some((request, response))) =
            (live.phase(), &mut *client, live.channels())
        {
            conn.traffic.received += request.flow.bytes;
            conn.traffic.sent += response.flow.bytes;
        }
        match live.phase() {
            SessionStage::Response if request_done => {
                self.end.terminate(cause, Stage::Headers);
                let error = StreamError::new(End::Server, Stage::Headers, Kind::Closed);
                return self.answer_failure(&error, client, timer).await;
            }
            SessionStage::TurnAround => {
                self.end.terminate(cause, Stage::Connect);
                let error = StreamError::new(End::Server, Stage::Connect, Kind::Closed);
                return self.answer_failure(&error, client, timer).await;
            }
            SessionStage::Data if request_done && !self.end.until_close => self.end.terminate(cause, Stage::Data),
            SessionStage::Queue => self.end.terminate(cause, Stage::Queue),
            SessionStage::Tarpit => self.end.terminate(cause, Stage::Tarpit),
            SessionStage::Reply => self.end.terminate(cause, Stage::Last),
            _ => self.end.terminate(cause, Stage::Finished),
        }
        // An orderly close would say that the body is complete.
        if self.end.until_close {
            client.reset();
        } else {
            client.abort();
        }
        false
    }

    /// The end of a stream in TCP mode.
    pub(super) fn end_tcp_shut(&mut self, cause: Cause, live: &Entry) {
        self.recall(live);
        if let Some((request, response)) = live.channels() {
            self.end.bytes_from_client += request.flow.bytes;
            self.end.bytes_to_client += response.flow.bytes;
        }
        self.end.terminate(
            cause,
            match live.phase() {
                SessionStage::Queue => Stage::Queue,
                SessionStage::Connect | SessionStage::TurnAround => Stage::Connect,
                _ => Stage::Finished,
            },
        );
    }

    /// What the attempts to connect would have said, had they come to their end.
    fn recall(&mut self, live: &Entry) {
        if self.times.connected.is_some() {
            return;
        }
        (self.end.retries, self.end.redispatched) = live.retries();
        self.times.assigned = live.assigned();
        let servers = self.backend.map(|backend| backend.backend.servers());
        self.server =
            servers.and_then(|servers| servers.iter().find(|server| Some(server.id) == live.server()).cloned());
    }
}
