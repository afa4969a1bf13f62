//! `do-resolve`: the name goes to the control thread, and the stream waits for its address without holding its worker.

use std::net::IpAddr;

use tokio::sync::oneshot::Receiver;

use super::Stream;
use super::actions::assign;
use super::rules::{Flow, Judged, Step};
use crate::config::{AddressFamily, Assignment, AssignmentConditions};
use crate::resolve::HostName;
use crate::runtime::SessionStage;
use crate::sample::Value;
use crate::sample::variable::VariableName;

/// A name that is being resolved for a stream.
pub(super) struct Lookup(Box<Pending>);

struct Pending {
    answer: Receiver<Option<IpAddr>>,
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
        Step::Resolve(Lookup(Box::new(Pending { answer, name: name.clone() })))
    }

    /// Waits for the address and sets the variable, if there is one. How long this takes is for the section to say:
    /// `resolve_retries` times `timeout retry`.
    pub(super) async fn finish_lookup(&mut self, lookup: Lookup) {
        self.live.enter_phase(SessionStage::Rules, None);
        let Pending { answer, name } = *lookup.0;
        if let Ok(Some(ip)) = answer.await {
            let assignment = Assignment { name, conditions: AssignmentConditions::default() };
            let value = Some(Value::ip(ip));
            assign(&assignment, value, self.worker, self.info, self.transaction.as_deref());
        }
    }

    /// Judges the rules of a list from one on, names that they resolve included.
    pub(super) async fn judge_resolving(&mut self, from: usize, judged: &Judged<'_, '_>) -> Flow {
        let mut from = from;
        loop {
            match self.judge_rules(from, judged) {
                Flow::Resolve { next, lookup } => {
                    self.finish_lookup(lookup).await;
                    from = next;
                }
                flow => return flow,
            }
        }
    }
}
