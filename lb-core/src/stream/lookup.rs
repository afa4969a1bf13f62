//! `do-resolve`: the name goes to the control thread, and the stream waits for its address without holding its worker.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::Poll;

use tokio::sync::oneshot::Receiver;

use super::Stream;
use super::error::{End, Kind, StreamError};
use super::rules::Step;
use super::side::Side;
use super::variables::assign;
use crate::config::{AddressFamily, Assignment, AssignmentConditions};
use crate::log::Stage;
use crate::resolve::HostName;
use crate::runtime::SessionStage;
use crate::sample::Value;
use crate::sample::variable::VariableName;
use crate::worker::timer::now;

/// What of a client ends the wait for an address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Watch {
    /// It is waited for whatever the client does.
    Nothing,
    /// Its connection breaks.
    Break,
    /// It closes its sending side, too.
    End,
}

/// A name that is being resolved for a stream.
pub(super) struct Lookup(Box<Pending>);

struct Pending {
    answer: Receiver<Option<IpAddr>>,
    /// The answer, where it was taken out already.
    known: Option<Option<IpAddr>>,
    /// What gets the address.
    name: VariableName,
}

impl Stream<'_> {
    /// Asks for the address of a name. Of what is no name nobody is asked, and nothing is set.
    pub(super) fn resolve(
        &self,
        name: &VariableName,
        section: usize,
        family: AddressFamily,
        host: Option<Value<'static>>,
    ) -> Step {
        let text = host.map(Value::into_bytes);
        let host = text.as_deref().and_then(|text| HostName::new(std::str::from_utf8(text).ok()?));
        let resolvers = self.worker.topology().resolvers.get(section);
        let (Some(host), Some(resolvers)) = (host, resolvers) else { return Step::Next };
        let answer = resolvers.ask(host, family);
        Step::Resolve(Lookup(Box::new(Pending { answer, known: None, name: name.clone() })))
    }

    /// Waits for the address and sets the variable, if there is one; the client may leave meanwhile.
    ///
    /// # Errors
    /// The client's connection broke. One that only closed its sending side goes on, with [`Watch::End`] at once and
    /// without an address.
    pub(super) async fn finish_lookup_for(
        &mut self,
        mut lookup: Lookup,
        mut watch: Watch,
        client: &mut Side<'_>,
    ) -> Result<(), StreamError> {
        let pool = &self.worker.buffers;
        let left = poll_fn(|cx| {
            if let Poll::Ready(answer) = Pin::new(&mut lookup.0.answer).poll(cx) {
                lookup.0.known = Some(answer.ok().flatten());
                return Poll::Ready(false);
            }
            if watch == Watch::Nothing || client.poll_closed(cx, pool).is_pending() {
                return Poll::Pending;
            }
            if watch == Watch::Break && client.is_half_closed() {
                watch = Watch::Nothing;
                return Poll::Pending;
            }
            Poll::Ready(true)
        })
        .await;
        self.note_wait();
        if left && !client.is_half_closed() {
            return Err(StreamError::new(End::Client, Stage::Request, Kind::Closed));
        }
        if left {
            lookup.0.known = Some(None);
        }
        self.finish_lookup(lookup).await;
        Ok(())
    }

    /// Sets the variable, if there is an address. How long this takes is for the section to say:
    /// `resolve_retries` times `timeout retry`.
    async fn finish_lookup(&mut self, lookup: Lookup) {
        self.live.enter_phase(SessionStage::Rules, None);
        let Pending { answer, known, name } = *lookup.0;
        let found = match known {
            Some(known) => known,
            None => answer.await.ok().flatten(),
        };
        self.note_wait();
        if let Some(ip) = found {
            let assignment = Assignment { name, conditions: AssignmentConditions::default() };
            let value = Some(Value::ip(ip));
            assign(&assignment, value, self.worker, self.info, self.transaction.as_deref());
        }
    }

    /// A request counts as received once it is known where it goes; a connection waits.
    fn note_wait(&mut self) {
        if let Some(head) = self.times.head.as_mut().filter(|_| self.http) {
            *head = now();
        }
    }
}
