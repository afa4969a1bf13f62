//! Actions of the embedding program (`crate::extension`): what they see, and what is done of what they want.

use super::Stream;
use super::local::Answer;
use super::rules::{Judged, Step};
use super::variables::{assign, unset};
use crate::config::{Assignment, RuleList};
use crate::extension::{Call, Effect, Outcome};
use crate::http::reply::ERROR_STATUSES;
use crate::log::{Cause, Stage};
use crate::rules::reply::BuiltReply;
use crate::rules::target;
use crate::sample::Context;

impl Stream<'_> {
    /// Runs an action of the embedding program. One that panics refuses its message.
    pub(super) fn extension(&mut self, call: &Call, at: &Judged<'_, '_>) -> Step {
        let context = Context { last: at.last, ..self.context(at.place, at.from) };
        let ran = call.run(&context, &mut |format| self.format(format, at));
        if !at.last && context.may_change.get() {
            return Step::Undecided;
        }
        let http = matches!(at.list, RuleList::HttpRequest | RuleList::HttpResponse | RuleList::HttpAfterResponse);
        let stage = match at.list {
            RuleList::TcpResponse => Stage::Data,
            RuleList::HttpResponse | RuleList::HttpAfterResponse => Stage::Headers,
            _ => Stage::Request,
        };
        let Some((effects, outcome)) = ran else {
            return if http { self.internal_error(at) } else { Step::Reply(Answer::closing(stage)) };
        };
        for effect in effects {
            if !self.affect(effect, http, at)
                && let refused @ Step::Reply(_) = self.failed_rewrite(at)
            {
                return refused;
            }
        }
        match outcome {
            Outcome::Next => Step::Next,
            Outcome::Stop => Step::End,
            Outcome::Deny(status) if http => {
                let status = if ERROR_STATUSES.contains(&status) { status } else { 403 };
                Step::Reply(Answer::new(self.error_page(status), Cause::Proxy, stage))
            }
            Outcome::Reply(response) if http => {
                let (head, body) = response.into_parts();
                Step::Reply(Answer::new(BuiltReply::Message { status: head.status(), head, body }, Cause::Local, stage))
            }
            Outcome::Deny(_) | Outcome::Reply(_) | Outcome::Close => Step::Reply(Answer::closing(stage)),
        }
    }

    /// Does what an action wants. False where it cannot be done to the message.
    fn affect(&mut self, effect: Effect, http: bool, at: &Judged<'_, '_>) -> bool {
        let of_response = matches!(at.list, RuleList::HttpResponse | RuleList::HttpAfterResponse);
        match effect {
            Effect::Header { name, value, replace } if http => self.put_field(of_response, &name, &value, replace),
            Effect::DelHeader(name) if http => {
                self.head(of_response).remove(&name);
                true
            }
            Effect::Target(part, text) if http && !of_response => {
                self.keep_request_line();
                target::set(&mut self.request, part, &text)
            }
            Effect::Header { .. } | Effect::DelHeader(_) | Effect::Target(..) => true,
            Effect::SetVariable(name, value) => {
                let assignment = Assignment::always(name);
                assign(&assignment, Some(value), self.worker, self.info, self.transaction.as_deref());
                true
            }
            Effect::UnsetVariable(name) => {
                unset(&name, self.worker, self.info, self.transaction.as_deref());
                true
            }
        }
    }
}
